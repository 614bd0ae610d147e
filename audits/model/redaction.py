"""Redacts credentials in lines that are stored or shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from audits.model.remember import remembered
from audits.model.secret_patterns import ANY_TOKEN, TOKEN_HEADS

MASK = "…"

_NAMED = re.compile(
    r"""(?P<key>(?<![\w.-])["']?[\w.-]*(?:passw(?:or)?d|passphrase|token|secret|credentials?|api[-_]?key"""
    r"""|(?:access|private|deploy|signing|ssh)[-_]?key|(?-i:[A-Z0-9]_KEY)|(?:_|\b)(?:auth|pat))["']?"""
    r"""\s*[:=]\s*(?:(?:&[\w-]+|!!\w+)\s+)*)"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,}#]+)""",
    re.IGNORECASE,
)
_KEY_ENDS = re.compile(r"""(?:d|passphrase|token|secret|credentials?|key|auth|pat)["']?\s*[:=]""")
"""How every name that `_NAMED` knows ends before its value, in lower case: it is found ten times
as fast as such a name.
"""
_HINTS = tuple(
    map(
        re.compile,
        (
            *("pass(?:w|phrase)", "token", "secret", "credential", "key", "auth", "login", "gpg"),
            *(r"pat[:= \"']", " -[pku]", "--user", "://", "sig(?:=|nature)", "http-basic"),
        ),
    )
)
"""One of them is in every line in which `_changed` finds a credential's place. Each begins with
letters that are always the same, which are found as fast as a text is read.
"""
_VALUE = r"""("(?:[^"\\]|\\.)*"|'[^']*'|\S+)"""
_OPTION = re.compile(
    rf"(--(?:password|passwd|token|api-key|passphrase|secret|auth)[= ]\s*){_VALUE}"
)
_SHORT = re.compile(rf"(\s-p[= ]?\s*){_VALUE}")
_TAKES_P = re.compile(
    r"\b(?:twine|login|poetry|sshpass|mysql\w*|mariadb\w*|flit|hatch|maturin|pdm|uv\s+publish)\b"
)
"""Programs whose ``-p`` is a password, joined to it or not."""
_TAKES_K = re.compile(r"\b(?:nuget|gem|cargo|choco|dotnet|vsce|ovsx)\b")
_KEY_OPTION = re.compile(rf"(\s(?:-k[= ]?|-pat[= ]|--key[= ]|--pat[= ])\s*){_VALUE}")
_PIPED = re.compile(
    r"(\b(?:echo|printf)\s+(?:-\w+\s+|['\"]?%s(?:\\n)?['\"]?\s+)*)"
    rf"{_VALUE}(?=\s*\|[^|\n]*(?:login|--password-stdin|--with-token|passwd|gpg))"
)
_PAIR = re.compile(r"""(\s(?:-u|--user)[= ]?\s*["']?[^\s:"'$]+:)([^\s"']+)""")
_HEADER = re.compile(r"""(authorization["']?\s*[:=]\s*(?:bearer|basic|token)\s+)([^\s"']+)""", re.I)
_ARGUMENT = re.compile(
    r"((?:cargo\s+login|_authToken|pypi-token\.[\w-]+|http-basic\.[\w-]+\s+\S+)\s+)(?!-)(\S+)"
)
"""Secrets that follow a command or setting without an option's name."""
_BEFORE_ARGUMENT = ("login", "_authToken", "pypi-token.", "http-basic.")
_QUERY = re.compile(r"([?&](?:access_token|token|api_key|sig|signature|key)=)([^\s&#\"']+)", re.I)
_USER = re.compile(r"(https?://[^\s:/@]*:)([^\s/@]+)(?=@)")
_REFERENCE = re.compile(
    r"\$\{\{\s*(?:(?:env|inputs|matrix|(?:steps|needs)\.[\w-]+\.outputs)\.([\w-]+)|(secrets\.[\w-]+))"
    r"|\$env:(\w+)|\$\{?([A-Za-z_]\w*)|\$\(([A-Za-z_]\w*)\)|%([A-Za-z_]\w*)%"
)
"""A variable of a shell or of make, an input, an output, a value of a matrix; a secret is given
by a caller only, and keeps the word before its name.
"""
_ONE_VALUE = r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\$\{\{[^}\n]*\}\}|(?![\[{`]|[A-Za-z_]\w*=[^=\s])[^\s,;}\]&|#]+"""
_GIVEN = re.compile(
    rf"""["']?(?:=|:[ \t]+|[ \t]+=[ \t]+|[ \t]*(?::{{1,3}}|\?)=[ \t]*)"""
    rf"(?:({_ONE_VALUE})|\[([^\[\]\n]*)\]|\{{[^{{}}\n]*?\bdefault:[ ]+({_ONE_VALUE}))"
)
"""What follows a variable's name where it is given a value, in YAML, in a shell, in PowerShell, in
make; a list of values, as in a matrix; or an input's default.
"""
_IN_BLOCK = re.compile(rf"[ \t]*(?:default:|-)[ ]+({_ONE_VALUE})[ \t]*(?:#.*)?")
"""The default of an input, or the items of a list, on lines of their own."""
_BLOCK = re.compile(r":[ \t]*[|>][+-]?[ \t]*\n([ \t]+)(\S[^\n]{0,200})(?=\n|\Z)")
_LONGEST_BLOCK = 20
_ITEM = re.compile(rf"(?:^|,)[ ]*({_ONE_VALUE})")
_MOST_NAMES = 200
"""Names that are followed of one text, and places of each: no real workflow has as many."""
_REACH = 200
_LONGEST_LINE = 20_000
"""Of longer lines the beginning is looked at; real workflows have lines of 13,000 characters."""
_SHORTEST = 4
"""Shorter values are no passwords, and are parts of other words everywhere."""
_HARMLESS = frozenset(
    {"", "read", "write", "none", "true", "false", "inherit", "null", "~"}
    | {"actions", "attestations", "checks", "contents", "deployments", "discussions", "id-token"}
    | {"issues", "models", "packages", "pages", "pull-requests", "security-events", "statuses"}
)
"""Words that say what a token may do, or that there is none."""


def without_tokens(text: str) -> str:
    """The text without the tokens that are known by their look, even as part of a name.

    It is what all output passes: names, paths and addresses are no lines, in which `masked`
    finds a credential by its place.
    """
    return ANY_TOKEN.sub(MASK, text) if any(map(text.__contains__, TOKEN_HEADS)) else text


@lru_cache(maxsize=256)
def masked(line: str) -> str:
    """The line without the credentials that it holds: by their look, and by where they stand.

    References (``${{ … }}``, ``$NAME``) name a credential without showing it, and stay.
    """
    return _changed(without_tokens(line), lambda found: found[1] + _hidden(found[2]))


@lru_cache(maxsize=16)
def named_credentials(text: str) -> tuple[str, ...]:
    """The literal values of variables that stand where a credential does, the longest first:
    of ``FOO: plum`` with ``twine upload -p $FOO``, ``plum``; and those below their key.
    """
    return named_by(placed_credentials(text), text)


def named_by(placed: Placed, text: str) -> tuple[str, ...]:
    """The `named_credentials` of a text of which it is known what is placed in it."""
    waiting, known = set(placed.names), set[str]()
    values = set(placed.below)
    while waiting := waiting - known:
        known |= waiting
        found = [literals(name, text) for name in sorted(waiting)]
        values.update(value for given in found for value in given.values)
        waiting = {name for given in found for name in given.names}
    return longest_first(values)


def longest_first(values: Iterable[str]) -> tuple[str, ...]:
    """The values in the order in which they are hidden: one may be part of another."""
    return tuple(sorted(set(values), key=lambda value: (-len(value), value)))


class Placed(NamedTuple):
    """What stands in a credential's place in a text: literal values, and variables' names;
    ``below`` are the values on the line below their key.
    """

    values: frozenset[str]
    names: frozenset[str]
    below: frozenset[str]


@remembered(256)
def placed_credentials(text: str) -> Placed:
    """What stands in a credential's place in a text."""
    names: set[str] = set()
    values = _placed(_lines_with_hints(text), names)
    below = _placed(_joined_blocks(text), names)
    return Placed(values | below, frozenset(names), below)


def _placed(lines: Iterable[str], names: set[str]) -> frozenset[str]:
    """The literal values in a credential's place in these lines; adds the variables' names."""
    values: set[str] = set()
    for line in lines:
        found = _placed_in(line)
        values.update(found.values)
        names.update(found.names)
        if len(names) > _MOST_NAMES:
            break
    return frozenset(values)


@remembered(1024)
def _placed_in(line: str) -> Given:
    """What stands in a credential's place in a line; most lines are those of other workflows."""
    values, names = set[str](), set[str]()

    def note(found: re.Match[str]) -> str:
        _note(found, names)
        _keep(found[2], values)
        return found[0]

    _changed(line, note)
    return Given(frozenset(values), frozenset(names))


def _lines_with_hints(text: str) -> Iterator[str]:
    """The lines with a word that every credential's place has: most lines have none."""
    lowered = text.lower()
    lowered = lowered if len(lowered) == len(text) else text
    spans: set[tuple[int, int]] = set()
    for hint in _HINTS:
        end = 0
        while found := hint.search(lowered, end):
            start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.start())
            end = len(text) if end < 0 else end
            spans.add((start, end))
    return (text[start : min(end, start + _LONGEST_LINE)] for start, end in sorted(spans))


def _joined_blocks(text: str) -> Iterator[str]:
    """The keys of YAML whose value is a block of a single line, with it on the line of the key."""
    for found in _BLOCK.finditer(text):
        start = max(text.rfind("\n", 0, found.start()) + 1, found.start() - _REACH)
        further = text[found.end() + 1 : found.end() + 1 + len(found[1]) + 1]
        if not further.startswith(found[1]) or not further.strip():
            yield f"{text[start : found.start()]}: '{found[2].strip()}'"


def _keep(value: str, found: set[str]) -> None:
    """Keep a literal value."""
    bare = value.strip("\"'")
    if len(bare) >= _SHORTEST and _hidden(bare) == MASK:
        found.add(bare)


class Given(NamedTuple):
    """What a text gives to a variable: literal values, and other variables' names."""

    values: frozenset[str]
    names: frozenset[str]


def literals(name: str, text: str) -> Given:
    """What a text gives to a variable, an input or an output of this name."""
    values, names = set[str](), set[str]()
    for raw in _values(name, text):
        names.update(_names(raw))
        bare = raw.strip("\"'")
        if len(bare) >= _SHORTEST and _hidden(bare) == MASK:
            values.add(bare)
    return Given(frozenset(values), frozenset(names))


def _values(name: str, text: str) -> Iterator[str]:
    """What stands as the value of a name, as it is written."""
    end = 0
    for _ in range(_MOST_NAMES):
        start = text.find(name, end)
        if start < 0:
            return
        end = start + len(name)
        if start and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
            continue
        if found := _GIVEN.match(text, end):
            one = found[1] or found[3]
            yield from [one] if one else (item[1].strip() for item in _ITEM.finditer(found[2]))
        elif text.startswith((":\n", '":\n', "':\n"), end):
            yield from _block(text, start)


def _block(text: str, start: int) -> Iterator[str]:
    """The default of an input, or the items of a list, below the key at ``start``."""
    indent = start - text.rfind("\n", 0, start) - 1
    at = text.find("\n", start) + 1
    for line in text[at : at + _LONGEST_LINE].split("\n")[:_LONGEST_BLOCK]:
        deep = len(line) - len(line.lstrip())
        if deep < indent or (deep == indent and not line[deep:].startswith("- ")):
            return
        if found := _IN_BLOCK.fullmatch(line):
            yield found[1].strip()


def hide(line: str, values: Iterable[str]) -> str:
    """The line without these values where they stand as whole words."""
    for value in values:
        if value in line:
            line = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", MASK, line)
    return line


def _note(found: re.Match[str], names: set[str]) -> None:
    """Note the variable that stands in a credential's place, if one does."""
    value = found.string[found.start(2) : found.start(2) + _REACH].lstrip("\"'")
    if reference := _REFERENCE.match(value):
        names.add(next(filter(None, reference.groups())))


def _names(text: str) -> Iterator[str]:
    """The variables that a text refers to."""
    return (next(filter(None, found.groups())) for found in _REFERENCE.finditer(text))


def _changed(line: str, change: Callable[[re.Match[str]], str]) -> str:
    """The line with every credential's place (key in group 1, value in 2) changed."""
    if _KEY_ENDS.search(line.casefold()):
        line = _NAMED.sub(change, line)
    patterns = [_OPTION] if "--" in line else []
    patterns += [_SHORT] if "-p" in line and _TAKES_P.search(line) else []
    patterns += [_KEY_OPTION] if ("-k" in line or "-p" in line) and _TAKES_K.search(line) else []
    patterns += [_PIPED] if "|" in line else []
    patterns += [_PAIR] if " -u" in line or "--user" in line else []
    patterns += [_HEADER] if "uthorization" in line else []
    patterns += [_USER, _QUERY] if "://" in line else []
    patterns += [_ARGUMENT] if any(map(line.__contains__, _BEFORE_ARGUMENT)) else []
    for pattern in patterns:
        line = pattern.sub(change, line)
    return line


def _hidden(value: str) -> str:
    bare = value.strip("\"'`).;:")
    open_text = "${{" in value or bare.startswith(("$", "%")) or bare.lower() in _HARMLESS
    return value if open_text else MASK


def clipped(text: str, most: int) -> str:
    """The first ``most`` characters, without the credentials that the whole text holds: cut
    first, a token would no longer look like one.
    """
    shown = masked(text)
    return shown if len(shown) <= most else f"{shown[:most]}…"
