"""Redacts credentials in lines that are stored or shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from audits.model.secret_patterns import ANY_TOKEN, TOKEN_HEADS

MASK = "…"

_NAMED = re.compile(
    r"""(?P<key>(?<![\w.-])["']?[\w.-]*(?:passw(?:or)?d|passphrase|token|secret|credentials?|api[-_]?key"""
    r"""|access[-_]?key|private[-_]?key|(?-i:[A-Z0-9]_KEY)|(?:_|\b)auth)["']?\s*[:=]\s*)"""
    r"""(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,}#]+)""",
    re.IGNORECASE,
)
_KEY = re.compile(r"passw|passphrase|token|secret|credential|key|auth", re.IGNORECASE)
"""In every name that `_NAMED` knows; to look for it first is ten times as fast."""
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
_QUERY = re.compile(r"([?&](?:access_token|token|api_key|sig|signature|key)=)([^\s&#\"']+)", re.I)
_USER = re.compile(r"(https?://[^\s:/@]*:)([^\s/@]+)(?=@)")
_REFERENCE = re.compile(r"\$\{\{\s*env\.(\w+)|\$env:(\w+)|\$\{?([A-Za-z_]\w*)|%([A-Za-z_]\w*)%")
_ASSIGNED = re.compile(
    r"""(?<![\w.$-])(?:\$(?:env:)?|["'])?([A-Za-z_]\w*)["']?(?:=|:[ \t]+|[ \t]+=[ \t]+)"""
    r"""("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\$\{\{[^}\n]*\}\}|(?![\[{`])[^\s,;}&|#]+)"""
)
"""A variable that is given a value: in YAML, in a shell, in PowerShell."""
_REACH = 200
_SHORTEST = 4
"""Shorter values are no passwords, and are parts of other words everywhere."""
_HARMLESS = frozenset({"", "read", "write", "none", "true", "false", "inherit", "null", "~"})


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


def masked_in(line: str, text: str) -> str:
    """A line of a text, or quoted from it, without credentials: also without the values that
    the text gives to variables which it then uses as credentials, whatever their names.
    """
    shown = masked(line)
    for value in named_credentials(text):
        shown = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", MASK, shown)
    return shown


@lru_cache(maxsize=16)
def named_credentials(text: str) -> tuple[str, ...]:
    """The literal values of variables that stand where a credential does, the longest first:
    of ``FOO: plum`` with ``twine upload -p $FOO``, ``plum``.
    """
    named = set(_names(text))
    given: dict[str, set[str]] = {}
    for found in _ASSIGNED.finditer(text) if named else ():
        if found[1] in named:
            given.setdefault(found[1], set()).add(found[2].strip())
    if not given:
        return ()
    wanted: set[str] = set()
    for line in text.splitlines():
        if any(name in line for name in given):
            _changed(line, lambda found: found[0] + _note(found, wanted))
    known: set[str] = set()
    values: set[str] = set()
    while waiting := wanted - known:
        known |= waiting
        for value in (value for name in waiting for value in given.get(name, ())):
            wanted.update(_names(value))
            bare = value.strip("\"'")
            if len(bare) >= _SHORTEST and _hidden(bare) == MASK:
                values.add(bare)
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def _note(found: re.Match[str], names: set[str]) -> str:
    """Note the variable that stands in a credential's place, if one does; adds no text."""
    value = found.string[found.start(2) : found.start(2) + _REACH].lstrip("\"'")
    if reference := _REFERENCE.match(value):
        names.add(next(filter(None, reference.groups())))
    return ""


def _names(text: str) -> Iterator[str]:
    """The variables that a text refers to."""
    return (next(filter(None, found.groups())) for found in _REFERENCE.finditer(text))


def _changed(line: str, change: Callable[[re.Match[str]], str]) -> str:
    """The line with every credential's place (key in group 1, value in 2) changed."""
    if _KEY.search(line):
        line = _NAMED.sub(change, line)
    patterns = [_OPTION] if "--" in line else []
    patterns += [_SHORT] if _TAKES_P.search(line) else []
    patterns += [_KEY_OPTION] if _TAKES_K.search(line) else []
    patterns += [_PIPED] if "|" in line else []
    patterns += [_PAIR] if " -u" in line or "--user" in line else []
    patterns += [_HEADER] if "uthorization" in line else []
    patterns += [_USER, _QUERY] if "://" in line else []
    for pattern in (*patterns, _ARGUMENT):
        line = pattern.sub(change, line)
    return line


def _hidden(value: str) -> str:
    bare = value.strip("\"'`).;")
    open_text = "${{" in value or bare.startswith(("$", "%")) or bare.lower() in _HARMLESS
    return value if open_text else MASK


def clipped(text: str, most: int) -> str:
    """The first ``most`` characters, without the credentials that the whole text holds: cut
    first, a token would no longer look like one.
    """
    shown = masked(text)
    return shown if len(shown) <= most else f"{shown[:most]}…"
