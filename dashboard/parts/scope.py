"""Selects owner and scan in the sidebar; both are in the address."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from audits.report.words import count
from dashboard import data
from dashboard.frames.cells import visible
from dashboard.parts import page
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
        owner = _box("Owner", "owner", {name: visible(name) for name in owners})
        scans = data.scans(owner)
        labels = {NEWEST: f"newest, {moment(scans[0].started)}"}
        labels |= {str(scan.id): moment(scan.started) for scan in scans[1:]}
        chosen = _box("As of scan", "scan", labels)
        scan = next((scan for scan in scans if str(scan.id) == chosen), scans[0])
        page.note(
            f"{count(scan.repositories, 'repository', 'repositories')} · evidence tier {scan.tier}"
            + (f" · {scan.not_reached:,} not reached" if scan.not_reached else "")
        )
    st.session_state[SCOPE] = Scope(
        owner=owner, scan=scan.id, at=scan.started, newest=scan is scans[0]
    )


def _box(label: str, name: str, labels: Mapping[str, str]) -> str:
    """A box whose choice is in the address and outlives a change of view; the first by default.

    Bound boxes would put the label into the address, where a time in the viewer's zone means
    nothing to another, and forget the choice when a view opens another.
    """
    first = next(iter(labels))
    box, held = f"{name} box", f"{name} held"
    if st.session_state.get(box) not in labels:
        wanted = st.session_state.get(held) or st.query_params.get(name)
        st.session_state[box] = wanted if wanted in labels else first
    chosen = str(st.selectbox(label, list(labels), key=box, format_func=labels.__getitem__))
    st.session_state[held] = chosen
    if chosen == first:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen
    return chosen
