"""Parses ignore comments, this program's and zizmor's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from audits.model.source import SourceFile

# zizmor's own form, to the space: https://docs.zizmor.sh/usage/#with-comments
_ZIZMOR = "# zizmor: ignore["
_ZIZMOR_END = re.compile(r"\](?=\s|$)")
# Neither the names nor the reason hold the sign that may begin the next comment.
_OURS = re.compile(r"#[ \t]*release-audit:[ \t]*ignore(?![\w-])(?:\[([^\]#]*)\])?[ \t]*([^#]*)")
_BLOCK = re.compile(r"(?:^|[ \t])[|>][+\-0-9]*$")
_LONGEST_REASON = 300


class IgnoreComment(Struct, frozen=True, kw_only=True):
    """One comment: at which line, whose words it is in, what it accepts and why.

    ``alone`` says that nothing but the comment stands on the line. One in our words without
    ``names`` or ``reason`` accepts nothing.
    """

    line: int
    names: frozenset[str]
    reason: str
    is_zizmor: bool
    alone: bool


@lru_cache(maxsize=256)
def marks_of(file: SourceFile) -> tuple[IgnoreComment, ...]:
    """The comments of a file that accept findings or are meant to, in its order."""
    if "ignore[" not in file.text and "release-audit:" not in file.text:
        return ()
    return tuple(_marks(file.text))


def _marks(text: str) -> Iterator[IgnoreComment]:
    for number, line, in_block in _lines(text):
        start = comment_start(line) if "ignore" in line else -1
        if start < 0:
            continue
        comment, alone = line[start:].rstrip(), not line[:start].strip()
        for names, reason in _OURS.findall(comment):
            yield IgnoreComment(
                line=number,
                names=_names(names),
                is_zizmor=False,
                alone=alone,
                reason=reason.strip()[:_LONGEST_REASON],
            )
        # For zizmor what is in a script is no comment.
        if not in_block and (found := _zizmor(comment)) is not None:
            names, reason = found
            short = reason.strip()[:_LONGEST_REASON]
            yield IgnoreComment(
                line=number, names=_names(names), is_zizmor=True, alone=alone, reason=short
            )


def _zizmor(comment: str) -> tuple[str, str] | None:
    """The names and the reason of a comment in zizmor's form: from its first beginning to the
    last bracket that ends a word.
    """
    start = comment.find(_ZIZMOR) + len(_ZIZMOR)
    if start < len(_ZIZMOR):
        return None
    ends = [match.start() for match in _ZIZMOR_END.finditer(comment, start + 1)]
    return (comment[start : ends[-1]], comment[ends[-1] + 1 :]) if ends else None


def _names(text: str) -> frozenset[str]:
    return frozenset(filter(None, (name.strip() for name in text.split(","))))


def _lines(text: str) -> Iterator[tuple[int, str, bool]]:
    """The lines, each with whether it is content of a block scalar: there ``#`` starts no
    comment of YAML, but one of the script, which is as near to what it runs.
    """
    inside: int | None = None
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        indent = len(line) - len(line.lstrip(" "))
        if inside is not None and (not stripped or indent > inside):
            yield number, line.rstrip("\r"), True
            continue
        inside = None
        yield number, line.rstrip("\r"), False
        comment = comment_start(line) if "#" in line else -1
        if _BLOCK.search((line if comment < 0 else line[:comment]).rstrip()):
            inside = _parent_indent(line, indent)


def _parent_indent(line: str, indent: int) -> int:
    """How far the key, or else the list item, before a block scalar is indented."""
    lead = re.match(r"(?:-[ \t]+)*", line[indent:])
    return indent + (len(lead[0]) if lead and ":" in line[indent:] else 0)


def comment_start(line: str) -> int:
    """Where the comment of a line of YAML, or of a script, starts; -1 where it has none.

    A ``#`` starts one after a space or at the start, outside of quotes.
    """
    quote = ""
    before = " "
    for position, character in enumerate(line):
        if quote:
            quote = "" if character == quote and before != "\\" else quote
        elif character in "'\"" and before in " \t[{,(":
            quote = character
        elif character == "#" and before in " \t":
            return position
        before = character
    return -1
