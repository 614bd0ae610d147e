"""Findings view: filters, and findings as issue text, waiver or CSV."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from audits.model.query import FindingFilter
from audits.report.words import count
from dashboard import data
from dashboard.frames import tables
from dashboard.frames.cells import visible
from dashboard.frames.findings import check_name, issue_text, waiver_text
from dashboard.parts import page
from dashboard.parts.finding import one_finding
from dashboard.parts.tables import choose, download_csv
from dashboard.scope import Scope
from dashboard.theme import AREAS, SEVERITIES, signed

PAGE = 200
STATES = ("open", "new", "not-re-checked", "accepted", "outside releases")
ORDERS = {
    "worst first": "severity",
    "newest first": "newest",
    "oldest first": "oldest",
    "by repository": "repository",
    "by check": "check",
}
ANY = "any"


def _filters(scope: Scope) -> tuple[FindingFilter, str]:
    """The boxes above the table, each a parameter of the address; and the order."""
    first, second, third = st.columns(3)
    failing = [row.check for row in data.check_counts(scope) if row.failed or row.places]
    checks = first.multiselect(
        "Check", failing, key="check", bind="query-params", format_func=check_name
    )
    severities = second.multiselect("Severity", SEVERITIES, key="severity", bind="query-params")
    state = third.selectbox("State", STATES, key="state", bind="query-params")
    areas = first.multiselect("Area", AREAS, key="area", bind="query-params")
    name = second.selectbox(
        "Repository",
        [ANY, *data.repository_names(scope)],
        key="repository",
        bind="query-params",
        format_func=visible,
    )
    order = third.selectbox("Order", list(ORDERS), key="order", bind="query-params")
    found = FindingFilter(
        checks=tuple(checks),
        severities=tuple(severities),
        areas=tuple(areas),
        repository="" if name == ANY else name,
        accepted=state == "accepted",
        states=("not-re-checked",) if state == "not-re-checked" else (),
        in_release=state != "outside releases",
        seen_since=_before(scope) if state == "new" else None,
    )
    return found, ORDERS[order]


def _before(scope: Scope) -> int:
    """The scan before the scope's; 0 where there is none, and then everything is new."""
    rows = data.trend(scope)
    return rows[-2].scan if len(rows) > 1 else 0


def _list(scope: Scope, filters: FindingFilter, order: str) -> None:
    total = data.count_findings(scope, filters)
    if not total:
        page.empty("No finding matches these filters.")
        return
    pages = -(-total // PAGE)
    number = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    rows = data.findings(scope, filters, order, (number - 1) * PAGE, PAGE)
    frame = tables.findings(rows)
    page.note(f"{count(total, 'finding')}. Choose lines to read them or to pass them on.")
    chosen = choose(
        frame, key="findings", mode="multi-row", alt="Findings with severity, check and place",
        height=460,
        order=["severity", "check", "repository", "message", "path", "line", "state", "accepted",
               "first seen", "link"],
    )  # fmt: skip
    download_csv(frame, "findings", "Download this page as CSV")
    picked = [rows[index] for index in chosen]
    if not picked:
        return
    page.section(f"{count(len(picked), 'finding')} chosen")
    reading, issue, waiver = st.tabs(["Read", "As an issue", "As waivers"])
    with reading:
        for row in picked[:10]:
            with st.container(border=True):
                st.text(
                    f"{signed(row.severity)} · {check_name(row.check)} · {visible(row.repository)}"
                )
                one_finding(row, data.reading(scope, row.repository))
    with issue:
        page.note("Copy this into an issue; names stand in code spans, so nobody is notified.")
        st.code(issue_text(picked), language=None, wrap_lines=True)
    with waiver:
        page.note(
            "Paste into the waiver file, fill in who and why, and have it reviewed. This page "
            "changes nothing."
        )
        expires = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
        st.code(waiver_text(picked, expires), language="toml")


SCOPE = page.opening("Findings", "Every fault that is open, and what was accepted.")
_list(SCOPE, *_filters(SCOPE))
