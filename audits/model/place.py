"""Places in files: where something stands, in the words of editors and of GitHub links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Location:
    """A place in a file of a repository; lines and columns count from 1.

    ``path`` runs from the repository's root. Line 1 stands for "the file as a whole" where a
    fact has no line of its own (a setting of the repository, an absent file).
    """

    path: str
    line: int = 1
    column: int = 1
    end_line: int | None = None


@dataclass(frozen=True, slots=True)
class Scalar:
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
        folded text: with ``source``, the file's text, the line is told by counting characters
        that are no space, and without it it is the nearest line at or before.
        """
        if self.style == "|" or not source or "\n" not in source[self.start : self.end]:
            breaks = self.value.count("\n", 0, offset)
            return self.line + breaks + (1 if self.style in {"|", ">"} else 0)
        raw = source[self.start : self.end]
        begin = raw.find("\n") if self.style == ">" else len(self.style)
        wanted = sum(not c.isspace() for c in self.value[:offset])
        for position, character in enumerate(raw[begin:], begin):
            if not character.isspace():
                if wanted == 0:
                    return self.line + raw.count("\n", 0, position)
                wanted -= 1
        return self.line


Inputs = Mapping[str, Scalar]
"""Scalar values by key, as in ``with:`` and ``env:``; keys keep the case of the file."""
