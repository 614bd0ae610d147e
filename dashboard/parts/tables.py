"""Shows tables with text for screen readers and safe downloads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import pandas as pd
import streamlit as st

from audits.report.phrases import count
from dashboard import data
from dashboard.frames.cells import csv_text
from dashboard.frames.html_table import FOLDER, MOST, NOT_KNOWN, CellStyle, Sheet, html_table
from dashboard.frames.tables import AREA_COLUMNS
from dashboard.frames.view_links import linked
from dashboard.parts import address
from dashboard.parts.page import SCOPE, day, empty, zone
from dashboard.scope import ScanScope

_WIDE = {"message", "detail", "why", "why unknown", "mechanism", "permissions", "holds"}

_POINTS = {"points", *AREA_COLUMNS}


def table(
    frame: pd.DataFrame,
    *,
    name: str,
    alt: str,
    nothing: str,
    order: Sequence[str] | None = None,
    config: Mapping[str, Any] | None = None,
    height: int | None = None,
    styled: CellStyle | None = None,
    download: bool = True,
    scope: ScanScope | None = None,
    total: int | None = None,
) -> None:
    """A table that only shows. ``name`` names its download; ``nothing`` is said about no rows.
    A table of the export has the export's own columns to download: see `download_rows`.
    ``height`` is the most, in pixels; ``scope`` is what names lead to, if not the view's.
    ``total`` counts all rows where the frame has only the first ones.
    """
    if frame.empty:
        empty(nothing)
        return
    made, names = _addresses(frame.head(MOST), scope)
    sheet = Sheet(
        label=alt,
        day=day,
        configured=columns(frame, config),
        addresses={each: list(map(str, made[each])) for each in names},
        style=styled,
    )
    st.html(html_table(frame, _order(frame, order), sheet, height=height, total=total))
    if download:
        download_csv(lambda: frame, name)


def choose(
    frame: pd.DataFrame,
    *,
    key: str,
    alt: str,
    mode: str = "single-row",
    order: Sequence[str] | None = None,
    config: Mapping[str, Any] | None = None,
    height: int | None = None,
    tall: bool = False,
) -> list[int]:
    """A grid whose rows can be chosen; the positions of the chosen ones. With ``tall`` rows a
    sentence has two lines. A click on a name opens the view about it.
    """
    made, names = _addresses(frame)
    state = st.dataframe(
        _with_short_paths(frame),
        hide_index=True,
        column_order=_order(frame, order),
        column_config=columns(frame, {**_name_buttons(names, key), **(config or {})}),
        height=_height(len(frame), height),
        on_select="rerun",
        selection_mode="single-row" if mode == "single-row" else "multi-row",
        key=key,
        alt=alt,
        placeholder=NOT_KNOWN,
        row_height=66 if tall else None,
    )
    sheet = Sheet(label=alt, day=day, configured=columns(frame, config))
    printed = frame.drop(columns="link", errors="ignore")
    st.html(html_table(printed, _order(frame, order), sheet, kind="on-paper"))
    for name in names:
        clicked = st.session_state.get(f"{key} {name}")
        # A scan may have made the list shorter since it was shown.
        if clicked and clicked["row"] < len(frame):
            _open(str(made[name].iloc[clicked["row"]]))
    rows = state["selection"]["rows"]
    return [row for row in rows if row < len(frame)]


def _with_short_paths(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows, with paths of workflows without their folder, as in HTML tables."""
    if "path" not in frame:
        return frame
    return frame.assign(path=frame["path"].str.removeprefix(FOLDER))


def _name_buttons(names: Sequence[str], key: str) -> dict[str, Any]:
    """Buttons for the columns of names: of a link's cell, a screen reader and a copy would get the
    address.
    """
    return {
        name: st.column_config.ButtonColumn(
            name[:1].upper() + name[1:],
            type="tertiary",
            alignment="left",
            pinned=name == names[0],
            key=f"{key} {name}",
        )
        for name in names
    }


def _open(address: str) -> None:
    """Go to the view that an address names."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    st.switch_page(f"views/{parts.path}.py", query_params=query)


def _addresses(
    frame: pd.DataFrame, scope: ScanScope | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """The rows with addresses in place of names that another view is about, and the columns
    that have such names.
    """
    whole = scope or st.session_state.get(SCOPE)
    if not isinstance(whole, ScanScope):
        return frame, []
    return linked(frame, whole, lambda owner: data.of_owner(whole, owner))


def _order(frame: pd.DataFrame, order: Sequence[str] | None) -> list[str]:
    """The columns to show: with the owner before the repository where there are several. A table
    without repositories keeps its own column of owners.
    """
    names = list(order or map(str, frame.columns))
    if "repository" not in names:
        return names
    names = [name for name in names if name != "owner"]
    scope = st.session_state.get(SCOPE)
    several = isinstance(scope, ScanScope) and scope.owner is None
    if several and "owner" in frame.columns:
        names.insert(names.index("repository"), "owner")
    return names


def _height(rows: int, most: int | None) -> int | Literal["auto"]:
    """As tall as its rows, up to ``most`` pixels, and then it scrolls."""
    return "auto" if most is None else min(38 + 66 * rows, most)


def columns(frame: pd.DataFrame, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """How columns are shown: our own headings, dates in the viewer's zone, no raw Markdown."""
    made: dict[str, Any] = {}
    for name in map(str, frame.columns):
        label = name[:1].upper() + name[1:]
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            made[name] = st.column_config.DatetimeColumn(
                label, format="D MMM YYYY", timezone=zone()
            )
        elif name == "link":
            made[name] = st.column_config.LinkColumn(
                "On GitHub", display_text=":material/open_in_new:"
            )
        elif pd.api.types.is_bool_dtype(frame[name].dtype):
            made[name] = st.column_config.CheckboxColumn(label)
        elif pd.api.types.is_numeric_dtype(frame[name].dtype):
            form = "%.0f" if name in _POINTS else "%.4g"
            made[name] = st.column_config.NumberColumn(label, format=form)
        else:
            made[name] = st.column_config.TextColumn(
                label, width="large" if name in _WIDE else None
            )
    return {**made, **(config or {})}


def paged(total: int, size: int, *, key: str = "page") -> int:
    """The first row of the chosen page, from 0; with several pages, the box to choose one."""
    return (address.pages(-(-total // size), key) - 1) * size


def shown(total: int, start: int, rows: int, one: str, many: str = "") -> str:
    """``301 packages``, or which of them are shown: ``301 packages, 101 to 200 shown``."""
    words = count(total, one, many or f"{one}s")
    return words if rows == total else f"{words}, {start + 1:,} to {start + rows:,} shown"


def download_rows(
    scope: ScanScope,
    name: str,
    where: data.Filter | None,
    total: int,
    repository: str = "",
) -> None:
    """Offer all rows that match as the export's own table, made when it is asked for; of one
    repository where one is named.
    """
    st.download_button(
        f"Download {'this row' if total == 1 else f'all {total:,} rows'} as CSV",
        data=partial(data.report, scope, name, where, repository),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"download all {name}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def download_csv(
    frame: Callable[[], pd.DataFrame], name: str, label: str = "Download as CSV"
) -> None:
    """Offer a frame as CSV, made when it is asked for."""
    st.download_button(
        label,
        data=lambda: csv_text(frame()).encode("utf-8"),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"download {name}",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )
