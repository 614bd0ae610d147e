"""Shows bar charts whose bars lead to what they count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard.charts import Drawing
from dashboard.charts.bars import CHOSEN
from dashboard.scope import ScanScope

COMPARISON = "two dates compared"
"""The part of Trends that compares two scans, as its address has it."""


def bars_to(
    view: str, parameter: str, drawing: Drawing, *, key: str, alt: str, scope: ScanScope
) -> None:
    """A bar chart of another view: a click on a bar opens ``view`` filtered by the bar's word."""
    state = st.altair_chart(drawing, key=key, alt=alt, on_select="rerun", selection_mode=CHOSEN)
    if words := _chosen(state):
        st.switch_page(f"views/{view}.py", query_params={**scope.address, parameter: words[0]})


def bars_of(parameter: str, drawing: Drawing, *, key: str, alt: str) -> None:
    """A bar chart of this view: a click on a bar filters the view by the bar's word."""

    def filter_by() -> None:
        # On a change alone: the filter can be taken away while the bar stays marked.
        st.query_params[parameter] = _chosen(st.session_state[key])

    st.altair_chart(drawing, key=key, alt=alt, on_select=filter_by, selection_mode=CHOSEN)


def scans_of(drawing: Drawing, *, key: str, alt: str) -> None:
    """A chart over scans: a click on a scan, or a bar, compares the two that it stands between."""

    def compare() -> None:
        before, _, after = "".join(_chosen(st.session_state[key])[:1]).partition("-")
        if before and after:
            st.query_params.update({"show": COMPARISON, "before": before, "after": after})

    st.altair_chart(drawing, key=key, alt=alt, on_select=compare, selection_mode=CHOSEN)


def _chosen(state: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The words of the bars that are marked; a selection that is empty is a mapping."""
    bars = state["selection"].get(CHOSEN)
    return [str(bar["key"]) for bar in bars] if isinstance(bars, list) else []
