"""Findings view: filters, and findings as issue text, waiver or CSV."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from audits.model.query import FindingFilter
from audits.model.rows import FindingRow
from audits.report.phrases import count
from dashboard import data
from dashboard.frames import tables
from dashboard.frames.cells import as_named, label_text, visible
from dashboard.frames.findings import check_name, issue_text, title_of, waiver_text
from dashboard.parts import address, page
from dashboard.parts.finding import one_finding
from dashboard.parts.tables import choose, download_rows, paged, shown
from dashboard.scope import ScanScope
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
ANY, PERIOD = "*", "period"
COLUMNS = (
    "severity",
    "message",
    "repository",
    "check",
    "path",
    "line",
    "state",
    "accepted",
    "first seen",
    "link",
)


def _filters(scope: ScanScope) -> tuple[FindingFilter, str]:
    """The boxes above the table, each a parameter of the address; and the order."""
    failing = data.finding_checks(scope)
    names = data.repository_names(scope)
    address.tell_unknown(
        check=failing,
        severity=SEVERITIES,
        state=STATES,
        area=AREAS,
        repository=(ANY, *names, *map(visible, names)),
        order=ORDERS,
    )
    first, second, third = page.filters()
    checks = address.select_many("Check", "check", failing, where=first, format_func=check_name)
    severities = address.select_many("Severity", "severity", SEVERITIES, where=second)
    state = address.select("State", "state", STATES, where=third)
    areas = address.select_many("Area", "area", AREAS, where=first)
    name = address.select(
        "Repository",
        "repository",
        [ANY, *names],
        where=second,
        format_func=lambda each: "any" if each == ANY else visible(each),
    )
    order = address.select("Order", "order", list(ORDERS), where=third)
    since = _since(scope) if state == "new" else None
    found = FindingFilter(
        checks=checks,
        severities=severities,
        areas=areas,
        repository="" if name == ANY else name,
        accepted=state == "accepted",
        states=("not-re-checked",) if state == "not-re-checked" else (),
        in_release=state != "outside releases",
        seen_since=since,
    )
    return found, ORDERS[order]


def _since(scope: ScanScope) -> int | datetime:
    """After what a finding counts as new: the begin of the period, or one of the scans before."""
    scans = {str(row.scan): page.moment(row.at) for row in reversed(data.trend(scope)[:-1])}
    names = {PERIOD: "the period", **scans}
    chosen = address.select("New since", "since", list(names), format_func=names.__getitem__)
    return scope.since if chosen == PERIOD else int(chosen)


def _list(scope: ScanScope, filters: FindingFilter, order: str) -> None:
    total = data.count_findings(scope, filters)
    if not total:
        page.empty("No finding matches these filters.")
        return
    start = paged(total, PAGE)
    rows = data.findings(scope, filters, order, start, PAGE)
    page.note(
        f"{shown(total, start, len(rows), 'finding')}. Choose rows to read them or to pass "
        "them on; a click on a check or a repository opens it."
    )
    chosen = choose(
        tables.findings(rows),
        key="findings",
        mode="multi-row",
        alt="Findings with severity, check and place",
        height=568,
        order=COLUMNS,
        tall=True,
    )
    download_rows(scope, "findings", filters, total)
    if picked := [rows[index] for index in chosen]:
        _picked(scope, picked, f"{count(len(picked), 'finding')} chosen")


def _picked(scope: ScanScope, picked: list[FindingRow], title: str) -> None:
    """The chosen findings: to read, as the text of an issue, and as waivers."""
    page.section(title)
    reading, issue, waiver = st.tabs(["Read", "As an issue", "As waivers"])
    with reading:
        for row in picked[:10]:
            with st.container(border=True):
                st.markdown(
                    f"**{signed(row.severity)} · {title_of(row.check)}** · "
                    f"{label_text(f'{row.owner}/{row.repository}')} "
                    f":small[:gray[{check_name(row.check)}]]"
                )
                one_finding(row, data.reading(data.of_owner(scope, row.owner), row.repository))
    with issue:
        page.note("Copy this into an issue; names stand in code spans, so nobody is notified.")
        st.code(issue_text(picked), language=None, wrap_lines=True)
    with waiver:
        page.note(
            "Paste into the waiver file, fill in who and why, and have it reviewed. Each entry "
            "accepts its check in the whole file, not only in the chosen lines. This page "
            "changes nothing."
        )
        expires = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()
        st.code(waiver_text(picked, expires), language="toml", wrap_lines=True)


def _one(scope: ScanScope, fingerprint: str) -> None:
    """The finding that the address names, in every place that has it; then the way to all."""
    name = st.query_params.get("repository", "")
    known = as_named(name, data.repository_names(scope))
    own, plain = data.one_repository(scope, known) if known else (scope, "")
    where = FindingFilter(repository=plain, fingerprint=fingerprint, in_release=None)
    rows = list(data.findings(own, where)) if plain else []
    if rows:
        _picked(own, rows, f"{signed(rows[0].severity)} · {title_of(rows[0].check)}")
    else:
        page.section("This finding is not open")
        st.text(
            f"{visible(name) or 'No repository'} has no open finding {visible(fingerprint)!r} as "
            "of this scan: it was fixed, or the address is not whole."
        )
    with st.container(horizontal=True):
        all_of_it = {**own.address, "repository": name} if plain else own.address
        st.page_link(
            "views/findings.py",
            label="All findings of this repository" if plain else "All findings",
            icon=":material/flag:",
            query_params=all_of_it,
        )
        if rows:
            st.page_link(
                "views/repository.py",
                label="The repository",
                icon=":material/folder_open:",
                query_params=page.repository_address(scope, rows[0].owner, rows[0].repository),
            )


SCOPE = page.opening("Findings", "Every fault that is open, and what was accepted.")
if FINGERPRINT := st.query_params.get("finding", ""):
    _one(SCOPE, FINGERPRINT)
else:
    _list(SCOPE, *_filters(SCOPE))
