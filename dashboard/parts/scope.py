"""Selects owner and scan in the sidebar; both are in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from audits.report.phrases import count
from dashboard import data
from dashboard.frames.cells import visible
from dashboard.parts import address, page
from dashboard.parts.page import PROBLEM, SCOPE, UNKNOWN, moment
from dashboard.scope import ScanScope

NEWEST = "newest"


def choose_scope() -> None:
    """Draw the boxes and keep the choice for the views; nothing where nothing was scanned."""
    st.session_state[SCOPE] = st.session_state[PROBLEM] = st.session_state[UNKNOWN] = None
    try:
        owners = data.owners()
    except data.Trouble as trouble:
        st.session_state[PROBLEM] = str(trouble)
        return
    if not owners:
        return
    with st.sidebar:
        owner = address.choose("Owner", "owner", {name: visible(name) for name in owners})
        if owner is None:
            st.session_state[UNKNOWN] = address.missing("The owner", "owner", owners)
            return
        scans = data.scans(owner)
        labels = {NEWEST: f"newest, {moment(scans[0].started)}"}
        labels |= {str(scan.id): moment(scan.started) for scan in scans[1:]}
        # The newest scan by its number too: a link to it stays right when a newer one comes.
        known = {**labels, str(scans[0].id): labels[NEWEST]}
        chosen = address.choose("As of scan", "scan", _without_double(known))
        if chosen is None:
            st.session_state[UNKNOWN] = address.missing("The scan", "scan", known)
            return
        scan = next((scan for scan in scans if str(scan.id) == chosen), scans[0])
        page.note(
            f"{count(scan.repositories, 'repository', 'repositories')} · evidence tier {scan.tier}"
            + (f" · {scan.not_reached:,} not reached" if scan.not_reached else "")
        )
    st.session_state[SCOPE] = ScanScope(
        owner=owner, scan=scan.id, at=scan.started, newest=chosen == NEWEST
    )


def _without_double(labels: Mapping[str, str]) -> Mapping[str, str]:
    """The choices without the newest scan's number, unless the address names it."""
    number = list(labels)[-1]
    if st.query_params.get("scan") == number:
        return labels
    return {name: label for name, label in labels.items() if name != number}


def menu(sections: Mapping[str, Sequence[StreamlitPage]], home: StreamlitPage | None) -> None:
    """The views, by section; each link carries owner, scan and repository along. ``home`` is the
    page of the bare address where that is shown: its link stands for the Overview's.
    """
    scope = st.session_state.get(SCOPE)
    carried = scope.address if isinstance(scope, ScanScope) else {}
    with st.sidebar:
        for title, pages in sections.items():
            page.note(title)
            for view in pages:
                link = home if home is not None and view.title == home.title else view
                own = address.held("repository") if view.url_path == "repository" else {}
                st.page_link(link, query_params={**carried, **own})
