"""Which owner and which scan the views show: two boxes in the sidebar, both in the address."""

from __future__ import annotations

import streamlit as st

from dashboard import data
from dashboard.frames.cells import visible
from dashboard.language import count
from dashboard.parts.page import PROBLEM, SCOPE, moment
from dashboard.scope import Scope

NEWEST = "newest"


def choose_scope() -> None:
    """Draw the boxes and keep the choice for the views; nothing where nothing was scanned."""
    st.session_state[SCOPE] = st.session_state[PROBLEM] = None
    try:
        owners = data.owners()
    except data.Trouble as trouble:
        st.session_state[PROBLEM] = str(trouble)
        return
    if not owners:
        return
    with st.sidebar:
        owner = st.selectbox(
            "Owner", owners, key="owner", bind="query-params", format_func=visible
        )  # fmt: skip
        scans = data.scans(owner)
        labels = {NEWEST: f"newest, {moment(scans[0].started)}"}
        labels |= {str(scan.id): moment(scan.started) for scan in scans[1:]}
        chosen = st.selectbox(
            "As of scan", list(labels), key="scan", bind="query-params",
            format_func=lambda word: labels.get(word, word),
        )  # fmt: skip
        scan = next((s for s in scans if str(s.id) == chosen), scans[0])
        st.caption(
            f"{count(scan.repositories, 'repository', 'repositories')} · evidence tier {scan.tier}"
            + (f" · {scan.not_reached:,} not reached" if scan.not_reached else "")
        )
    st.session_state[SCOPE] = Scope(
        owner=owner, scan=scan.id, at=scan.started, newest=scan is scans[0]
    )
