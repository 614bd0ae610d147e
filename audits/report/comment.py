"""Cuts Markdown to what a comment on GitHub takes, and counts what is left out."""

from __future__ import annotations

MOST = 65_536
"""Characters of a comment, an issue or a pull request; GitHub answers "body is too long (maximum
is 65536 characters)" to more."""

_LAST_WORDS = 200
_RULE = "|---"


def fitted(document: str, most: int = MOST) -> str:
    """The document, or as many of its first lines as fit, with the number of entries of tables
    and lists that are left out.
    """
    if len(document) <= most:
        return document
    lines = document.splitlines()
    kept, size = 0, _LAST_WORDS
    while kept < len(lines) and size + len(lines[kept]) + 1 <= most:
        size += len(lines[kept]) + 1
        kept += 1
    entries, left = _entries(lines), _entries(lines[kept:])
    said = f"\n*{left} of {entries} entries are left out: a comment on GitHub takes {most:,} characters.*\n"
    return "\n".join(lines[:kept]) + "\n" + said


def _entries(lines: list[str]) -> int:
    """Rows of tables, without their heads, and items of lists."""
    heads = sum(line.startswith(_RULE) for line in lines)
    rows = sum(line.startswith("| ") for line in lines) - heads
    return max(rows, 0) + sum(line.startswith("- ") for line in lines)
