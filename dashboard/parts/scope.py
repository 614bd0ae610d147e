"""Which owner and which scan the views show: two boxes in the sidebar, both in the address."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from audits.model.history import ScanRow
from dashboard import data
from dashboard.frames.cells import visible
from dashboard.language import count
from dashboard.parts import page
from dashboard.parts.page import PROBLEM, SCOPE, moment
from dashboard.scope import Scope

NEWEST = "newest"
_BOX = "scan box"


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
        scan = _choose_scan(scans)
        page.note(
            f"{count(scan.repositories, 'repository', 'repositories')} · evidence tier {scan.tier}"
            + (f" · {scan.not_reached:,} not reached" if scan.not_reached else "")
        )
    st.session_state[SCOPE] = Scope(
        owner=owner, scan=scan.id, at=scan.started, newest=scan is scans[0]
    )


def _choose_scan(scans: Sequence[ScanRow]) -> ScanRow:
    """The scan that the box or the address names, the newest otherwise.

    The address holds the scan's number: bound boxes would put the label there, whose time is
    in the viewer's zone and means nothing in another.
    """
    labels = {NEWEST: f"newest, {moment(scans[0].started)}"}
    labels |= {str(scan.id): moment(scan.started) for scan in scans[1:]}
    if _BOX not in st.session_state and st.query_params.get("scan") in labels:
        st.session_state[_BOX] = st.query_params["scan"]
    if st.session_state.get(_BOX) not in labels:
        st.session_state[_BOX] = NEWEST
    chosen = st.selectbox("As of scan", list(labels), key=_BOX, format_func=labels.__getitem__)
    if chosen == NEWEST:
        st.query_params.pop("scan", None)
    else:
        st.query_params["scan"] = chosen
    return next((scan for scan in scans if str(scan.id) == chosen), scans[0])
