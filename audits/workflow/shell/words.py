"""Splits shell commands into words, without quotes, with ``${{ … }}`` unchanged."""

from __future__ import annotations

import re

from msgspec import Struct, field

_NOT_ASCII = re.compile(r"[^\x01-\x7f]")
_QUOTED = re.compile(r"""'([^']*)'?|"((?:[^"\\]|\\.)*)"?|\\(\n)|\\(.)""", re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\$`\n])')
_NEEDS_WORK = re.compile(r"['\"\\]")


class RawCommand(Struct):
    """A command as it is in a script; offsets in characters."""

    start: int
    end: int
    words: list[str] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)
    redirects: list[str] = field(default_factory=list)
    piped_words: list[str] = field(default_factory=list)
    subshells: tuple[int, ...] = ()


def blank_out(text: str) -> str:
    """The text with every ``${{ … }}`` and every character outside ASCII as letters.

    GitHub puts values in before a shell sees the script, so an expression must not be read
    as syntax. The length stays, so offsets into both texts are the same, in bytes as well.
    """
    plain = text if text.isascii() and "\0" not in text else _NOT_ASCII.sub("x", text)
    if "${{" not in plain:
        return plain
    parts: list[str] = []
    position = 0
    while (start := plain.find("${{", position)) >= 0:
        end = plain.find("}}", start)
        if end < 0:
            break
        parts += [plain[position:start], "E" * (end + 2 - start)]
        position = end + 2
    parts.append(plain[position:])
    return "".join(parts)


def unquote(text: str, plain: str, start: int, end: int) -> str:
    """The word between two offsets as the command gets it: quotes and escapes removed."""
    word = plain[start:end]
    if not _NEEDS_WORK.search(word):
        return text[start:end]
    if len(word) > 1 and word[0] == word[-1] and word[0] in "'\"":
        inside = word[1:-1]
        if word[0] not in inside and "\\" not in inside:
            return text[start + 1 : end - 1]
    parts: list[str] = []
    position = 0
    for match in _QUOTED.finditer(word):
        parts.append(text[start + position : start + match.start()])
        group = match.lastindex or 3
        if group != 3:  # a backslash before a line break joins two lines
            piece = text[start + match.start(group) : start + match.end(group)]
            parts.append(_ESCAPED.sub(r"\1", piece) if group == 2 else piece)
        position = match.end()
    parts.append(text[start + position : end])
    return "".join(parts)
