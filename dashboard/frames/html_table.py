"""Writes a table as HTML: on the screen and on paper alike.

By hand, as Streamlit's grid is a picture to a screen reader and a printer: it cuts sentences,
prints what is in view, and opens each link in a new tab; so do links in `st.table`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
from markupsafe import Markup
from msgspec import Struct

from audits.report.escape import element
from dashboard.frames.cells import safe_url

MOST = 200
"""Rows of one table: as many as one page of a list has; the CSV has all of them."""
NOT_KNOWN = "–"
"""What an empty cell shows: the value does not apply or is not known."""
HIDDEN = {"fingerprint", "key"}
FOLDER = ".github/workflows/"
"""Where every workflow is: a table leaves it out."""
_COUNTS = re.compile(r"\d[\d,]*( → \d[\d,]*)?")
"""A count in words: a number, or what it was and is."""
_SHORT, _TEXT, _LONG = 30, 44, 132
"""Characters of a column's longest text, by which its width is chosen: up to the first it is not
wrapped."""

CellStyle = Callable[[str, object], str]
"""The style of a cell by column and value, "" for none."""
Day = Callable[[datetime], str]


class Sheet(Struct, frozen=True, kw_only=True):
    """How the cells of a table are shown. ``addresses`` are where those of a column lead, by
    row; ``configured`` has headings and formats as Streamlit's columns have them.
    """

    label: str
    day: Day
    configured: Mapping[str, Any] = {}
    addresses: Mapping[str, Sequence[str]] = {}
    style: CellStyle | None = None

    def heading(self, name: str) -> str:
        """What stands over a column."""
        return str((self.configured.get(name) or {}).get("label") or name)

    def inside(self, name: str, value: object, place: int) -> Markup | str:
        """What a cell holds: a link to a view or to GitHub, or words."""
        if name == "link":
            url = safe_url(str(value)) if isinstance(value, str) else ""
            words = "line ↗" if url else NOT_KNOWN
            away = {"target": "_blank", "rel": "noopener noreferrer"}
            return element("a", words, href=url, **away) if url else words
        words = words_of(value, (self.configured.get(name) or {}).get("type_config"), self.day)
        if name not in self.addresses or words == NOT_KNOWN:
            return words
        return element("a", words, href=self.addresses[name][place], target="_self")

    def look(self, name: str, value: object) -> str:
        """The style of a cell."""
        return self.style(name, value) if self.style is not None else ""


def html_table(
    frame: pd.DataFrame,
    order: Sequence[str],
    sheet: Sheet,
    *,
    height: int | None = None,
    kind: str = "rows",
    total: int | None = None,
) -> str:
    """The first rows of a table, and how many there are: ``total``, where the frame has not all
    of them. Over ``height`` pixels it scrolls.
    """
    wanted = [name for name in order if name in frame.columns and name not in HIDDEN]
    names = _without_empty(wanted, frame)
    shown = frame.loc[:, names].head(MOST)
    of = {name: _class(name, shown[name], names=name in sheet.addresses) for name in names}
    heads = (_head(sheet.heading(name), of[name]) for name in names)
    rows = (
        element(
            "tr",
            *(
                element("td", sheet.inside(n, v, at), class_=of[n], style=sheet.look(n, v))
                for n, v in zip(names, row, strict=True)
            ),
        )
        for at, row in enumerate(shown.itertuples(index=False))
    )
    table = element(
        "table",
        element("thead", element("tr", *heads)),
        element("tbody", *rows),
        aria_label=sheet.label,
    )
    limit = {"style": f"max-height: {height}px"} if height else {}
    named = {"role": "region", "aria_label": f"{sheet.label}, scrolls", "tabindex": "0"}
    scroll = element("div", table, class_="scroll", **named, **limit)
    every = len(frame) if total is None else total
    cut = f"{len(shown):,} of {every:,} rows" if len(shown) < every else ""
    return str(element("div", scroll, element("p", cut) if cut else "", class_=kind))


def _head(words: str, kind: str) -> Markup:
    """A heading; one of several words takes two lines, and not one for each."""
    half = {"style": f"min-width: {len(words) // 2 + 5}ch"} if " " in words else {}
    return element("th", words, scope="col", class_=kind, **half)


def _without_empty(names: Sequence[str], frame: pd.DataFrame) -> list[str]:
    """The columns with a value in any row; all of them where none has one."""
    rows = frame.head(MOST)
    kept = [name for name in names if not all(map(_is_empty, rows[name]))]
    return kept or list(names)


def _class(name: str, column: pd.Series[Any], *, names: bool) -> str:
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    if numeric and not pd.api.types.is_bool_dtype(column.dtype):
        return "number"
    if name == "link" or isinstance(column.dtype, pd.DatetimeTZDtype):
        return "short"
    if all(isinstance(value, str) and _COUNTS.fullmatch(value) for value in column):
        return "number"
    texts = (str(value).removeprefix(FOLDER) for value in column if value is not None)
    longest = max(map(len, texts), default=0)
    if longest <= _SHORT:
        return "short"
    if longest <= _TEXT or names:
        return "text"
    return "long" if longest <= _LONG else "prose"


def _is_empty(value: object) -> bool:
    return value is None or value is pd.NaT or value == "" or value != value  # noqa: PLR0124 - NaN


def words_of(value: object, shape: Mapping[str, Any] | None, day: Day) -> str:
    """A cell in words; a dash where nothing is known."""
    if _is_empty(value):
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return day(value.to_pydatetime())
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (int, float)):
        form = str((shape or {}).get("format") or "")
        if "%" in form and form not in {"%.4g", "%d"}:
            words = form % value
            return "0" if words in {"+0.0", "-0.0"} else words
        return f"{value:,.1f}".removesuffix(".0")
    return str(value).removeprefix(FOLDER)
