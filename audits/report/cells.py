r"""Cells of CSV files that no spreadsheet executes; the rule can be undone.

A text that a spreadsheet would take for a formula, or that begins with an apostrophe, gets
one apostrophe in front: take one leading apostrophe away to have the text back. Line breaks
and tabs become a space, so that a record is a line, and characters that control a terminal or
reorder text are written as escapes such as ``\x1b``; the JSON Lines beside hold all unaltered.
Tokens are left out of both.
Lists are joined by `LIST`; yes and no are ``true`` and ``false``; what is not known or does not
apply is an empty cell. That holds in every table.
Source: https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from audits.report.escape import without_controls

_DANGER = re.compile(r"^[\s\x00]*[=+\-@＝＋－＠'＇]|^[\t\r\n\x00]")  # noqa: RUF001 - the full-width forms are meant
_BREAKS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")

LIST = "; "
"""Between the items of a list; no name of a package, event or registry holds it."""

Value = str | int | float | bool | datetime | date | None | tuple[str, ...] | Mapping[str, object]


def cell(value: Value) -> str:
    """A value as the text of a cell; numbers stay numbers, None is an empty cell.

    Times are ISO 8601 in UTC with ``Z``; the items of a list are joined by `LIST`.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(round(value, 4))
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    text = _text(value)
    safe = without_controls(_BREAKS.sub(" ", text).replace("\t", " "))
    return f"'{safe}" if _DANGER.match(text) or _DANGER.match(safe) else safe


def _text(value: str | tuple[str, ...] | Mapping[str, object]) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return LIST.join(f"{key}={item}" for key, item in value.items())
    return LIST.join(value)


def plain(text: str) -> str:
    """The text of a cell, with what `cell` put in front taken away."""
    return text.removeprefix("'")


def listed(joined: str) -> tuple[str, ...]:
    """The items of a list that the store keeps with commas between."""
    return tuple(joined.split(", ")) if joined else ()


def flag(word: str) -> bool | None:
    """Yes or no as the store words it; None for what is not known."""
    return {"yes": True, "no": False}.get(word)
