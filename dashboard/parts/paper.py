"""Puts tables on paper: on the screen a table is a canvas, which prints as much as is in view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from audits.report.escape import element
from dashboard.parts.page import day

MOST = 200
"""Rows of one table on paper: about eight sheets; the CSV has all of them."""
NOT_ON_PAPER = {"link", "fingerprint"}

# Our own text, no data in it. Streamlit leaves 5 rem on either side; tables need the room.
STYLE = """<style>
[data-testid=stMainBlockContainer] {padding-inline: clamp(1rem, 3vw, 3rem); padding-top: 2.75rem}
@media screen {[data-testid=stElementContainer]:has(.on-paper) {display: none}}
@media print {
  @page {size: A4 landscape; margin: 12mm}
  [data-testid=stSidebar], [data-testid=stHeader], [data-testid=stElementToolbar],
  [data-testid=stElementContainer]:has([data-testid=stDataFrame]),
  [data-testid=stElementContainer]:has([data-testid=stDownloadButton]),
  [data-testid=stElementContainer]:has([data-testid=stPopover]) {display: none !important}
  [data-testid=stApp], [data-testid=stMain], [data-testid=stAppViewContainer],
  [data-testid=stMainBlockContainer]
    {position: static !important; height: auto !important; overflow: visible !important}
  [data-testid=stMainBlockContainer] {padding: 0 !important; max-width: none !important}
  html {font-size: 11px !important}
  [data-testid=stVegaLiteChart], [data-testid=stMetric], .on-paper tr {break-inside: avoid}
  [data-testid=stColumn]:has([data-testid=stVegaLiteChart]) {break-inside: avoid}
  h2 {break-after: avoid}
  .on-paper table {border-collapse: collapse; width: 100%; font-size: 10px; line-height: 1.25}
  .on-paper th, .on-paper td
    {border-bottom: 1px solid #c3ced8; padding: 2pt 4pt; text-align: left; vertical-align: top}
  .on-paper td {overflow-wrap: anywhere}
  .on-paper thead {display: table-header-group}
}
</style>"""


def on_paper(frame: pd.DataFrame, order: Sequence[str], configured: Mapping[str, Any]) -> None:
    """The first rows of a table as HTML that only a print shows, and how many there are."""
    names = [name for name in order if name in frame.columns and name not in NOT_ON_PAPER]
    shown = frame.loc[:, names].head(MOST)
    heads = (str((configured.get(name) or {}).get("label") or name) for name in names)
    rows = (
        element("tr", *(element("td", _words(value)) for value in row))
        for row in shown.itertuples(index=False)
    )
    table = element(
        "table",
        element("thead", element("tr", *(element("th", head) for head in heads))),
        element("tbody", *rows),
    )
    cut = f"{len(shown):,} of {len(frame):,} rows" if len(shown) < len(frame) else ""
    st.html(str(element("div", table, element("p", cut), class_="on-paper")))


def _words(value: object) -> str:
    """A cell in words; a dash where nothing is known."""
    if value is None or value is pd.NaT or value == "" or value != value:  # noqa: PLR0124 - NaN
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.1f}".removesuffix(".0")
    if isinstance(value, pd.Timestamp):
        return day(value.to_pydatetime())
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value)
