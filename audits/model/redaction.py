"""Redacts credentials in lines that are stored or shown."""

from __future__ import annotations

import re
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
    line = without_tokens(line)
    if _KEY.search(line):
        line = _NAMED.sub(lambda m: m["key"] + _hidden(m["value"]), line)
    patterns = [_OPTION] if "--" in line else []
    patterns += [_SHORT] if _TAKES_P.search(line) else []
    patterns += [_KEY_OPTION] if _TAKES_K.search(line) else []
    patterns += [_PIPED] if "|" in line else []
    patterns += [_PAIR] if " -u" in line or "--user" in line else []
    patterns += [_HEADER] if "uthorization" in line else []
    patterns += [_USER, _QUERY] if "://" in line else []
    for pattern in (*patterns, _ARGUMENT):
        line = pattern.sub(lambda m: m[1] + _hidden(m[2]), line)
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
