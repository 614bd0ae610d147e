"""Reads what the loops of a shell script go through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from audits.model.remember import remembered

_LOOP = re.compile(
    r"(?:^|[;&|({]|\b(?:do|then|else))[ \t]*for[ \t]+(\w{1,40})[ \t]+in[ \t]+([^\n;]{1,2000})",
    re.MULTILINE,
)
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
_ITEM = re.compile(r"(?:\$\{\{[^}]*\}\}|\S)+")
_ARRAY = re.compile(r"[\"']?\$\{(\w+)\[[@*]\]\}[\"']?")
_BRACES = re.compile(r"(?<!\$)(?<!\$\{)\{([^{},\s$]{0,80}(?:,[^{},\s$]{0,80}){1,40})\}")
_RUNS = re.compile(r"\$\([^()]*\)|`[^`]*`")
_MOST_LOOPS = 20
_MOST_ITEMS = 60
_MOST_BRACES = 3


class Loop(Struct, frozen=True, kw_only=True):
    """A loop: its variable, what it goes through as it is written, ``*`` for what is computed,
    and the line of the script on which it begins, from 0.
    """

    name: str
    items: tuple[str, ...]
    line: int


@remembered(256)
def loops_in(text: str) -> tuple[Loop, ...]:
    """The loops of a script over words, in their order."""
    if "for" not in text:
        return ()
    plain = _COMMENT.sub(lambda found: " " * len(found[0]), text).replace("\\\n", "  ")
    return tuple(
        Loop(
            name=found[1],
            items=tuple(islice(_items(found[2], plain), _MOST_ITEMS)),
            line=text.count("\n", 0, found.start(1)),
        )
        for found in islice(_LOOP.finditer(plain), _MOST_LOOPS)
    )


def _items(listed: str, text: str) -> Iterator[str]:
    array = _ARRAY.fullmatch(listed.strip())
    given = re.search(rf"\b{array[1]}=\(([^()]{{1,2000}})\)", text) if array else None
    for item in _ITEM.findall(_RUNS.sub("*", given[1] if given else listed)):
        yield from (each.strip("\"'").rstrip("/") for each in braced(item))


def braced(word: str) -> list[str]:
    """The words that a shell makes of ``{a,b}``."""
    words = [word]
    for _ in range(_MOST_BRACES):
        if not any(_BRACES.search(each) for each in words):
            break
        words = [
            each[: found.start()] + item + each[found.end() :] if found else each
            for each in words
            for found in [_BRACES.search(each)]
            for item in (found[1].split(",") if found else [each])
        ][:_MOST_ITEMS]
    return words
