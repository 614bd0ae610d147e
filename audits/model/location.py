"""Locations in files, in the lines and columns of editors and GitHub links."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct


class Location(Struct, frozen=True, kw_only=True, order=True):
    """A place in a file of a repository; lines and columns count from 1.

    ``path`` runs from the repository's root. Line 1 stands for "the file as a whole" where a
    fact has no line of its own (a setting of the repository, an absent file).
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int | None = None


class Scalar(Struct, frozen=True):
    """A YAML scalar with its place: ``value`` as YAML reads it, offsets in characters.

    ``start``/``end`` delimit the scalar in the text, quotes included, so that an edit can
    replace exactly it. ``style`` is one of ``''`` (plain), ``'`` ``"`` ``|`` ``>``.
    """

    value: str
    line: int
    column: int
    start: int
    end: int
    style: str = ""

    @property
    def quoted(self) -> bool:
        """Whether YAML cannot read the scalar as a boolean, a number or null."""
        return bool(self.style)

    @property
    def is_null(self) -> bool:
        """Whether YAML reads it as null: empty, ``~`` or a spelling of ``null``, unquoted."""
        return not self.style and self.value in {"", "~", "null", "Null", "NULL"}

    @property
    def is_true(self) -> bool:
        """Whether YAML 1.2 reads it as the boolean true."""
        return not self.style and self.value in {"true", "True", "TRUE"}

    @property
    def is_false(self) -> bool:
        """Whether YAML 1.2 reads it as the boolean false."""
        return not self.style and self.value in {"false", "False", "FALSE"}

    def location(self, path: str) -> Location:
        """Where the scalar starts in the file of this path."""
        return Location(path=path, line=self.line, column=self.column)

    def line_at(self, offset: int, source: str = "") -> int:
        """The file's line of the character at ``offset`` of ``value``.

        Exact for literal blocks (``|``) and one-line scalars. YAML removes the line breaks of
        folded text: with ``source``, the file's text, the line is found by counting characters
        that are no space, and without it it is the nearest line at or before.
        """
        if self.style == "|" or not source or source.find("\n", self.start, self.end) < 0:
            breaks = bisect_left(_breaks(self.value), offset) if offset else 0
            return self.line + breaks + (1 if self.style in {"|", ">"} else 0)
        folded = self.style == ">"
        begin = source.find("\n", self.start) if folded else self.start + len(self.style)
        lines = _lines_of_letters(source, begin, self.end)
        wanted = bisect_left(_letters(self.value), offset)
        return self.line + (lines[wanted] if wanted < len(lines) else 0)


_BREAK = re.compile("\n")


@lru_cache(maxsize=4)
def _breaks(text: str) -> tuple[int, ...]:
    """The offsets of a text's line breaks; kept, since a script is asked for many lines."""
    return tuple(found.start() for found in _BREAK.finditer(text))


@lru_cache(maxsize=4)
def _letters(text: str) -> tuple[int, ...]:
    """The offsets of a text's characters that are no space."""
    return tuple(at for at, character in enumerate(text) if not character.isspace())


@lru_cache(maxsize=4)
def _lines_of_letters(text: str, start: int, end: int) -> tuple[int, ...]:
    """How many lines below ``start`` each character stands that is no space."""
    found: list[int] = []
    for below, line in enumerate(text[start:end].split("\n")):
        found += [below] * sum(not character.isspace() for character in line)
    return tuple(found)


Inputs = Mapping[str, Scalar]
"""Scalar values by key, as in ``with:`` and ``env:``; keys keep the case of the file."""
