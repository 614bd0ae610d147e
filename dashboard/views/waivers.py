"""Waivers view: who accepted what, why and until when; what expires soon, what accepts nothing."""

from __future__ import annotations

import streamlit as st

from audits.model.rows import WaiverRow
from audits.report.acceptances import acceptances, without_effect
from dashboard import data
from dashboard.frames import waivers
from dashboard.parts import page
from dashboard.parts.tables import table
from dashboard.scope import ScanScope

HINT = (
    "Name the waiver file to see this: `release-audit dashboard --waivers FILE`, or the variable "
    "`RELEASE_AUDIT_WAIVERS`."
)


def _numbers(rows: list[WaiverRow], soon: list[WaiverRow]) -> None:
    with st.container(key="numbers", horizontal=True, gap="large"):
        st.metric("Accepted places", f"{sum(row.findings for row in rows):,}", width="content")
        grave = sum(row.findings for row in rows if row.severity in ("critical", "high"))
        st.metric("Of them critical or high", f"{grave:,}", width="content")
        st.metric("Expiring within 30 days", f"{len(soon):,}", width="content")
        uncounted = sum(row.findings for row in rows if not row.counts)
        st.metric(
            "Not counted",
            f"{uncounted:,}",
            width="content",
            help="Accepted by a comment where the policy does not let a comment accept it.",
        )


def _soon(soon: list[WaiverRow]) -> None:
    page.section("Expiring within 30 days", "Their findings count again the day after.")
    table(
        waivers.table(soon),
        name="expiring",
        alt="Acceptances that expire within 30 days",
        nothing="Nothing expires within 30 days of this scan.",
        order=waivers.ORDER,
    )


def _file(scope: ScanScope, rows: list[WaiverRow]) -> None:
    """What only the waiver file itself says."""
    page.section("Entries of the waiver file that accept nothing", "Delete them, or correct them.")
    read = data.waiver_file(scope.at.date())
    if read is None:
        page.note(HINT)
        return
    for problem in read.problems:
        st.text(problem.detail)
    whole = rows
    if scope.owner is not None or scope.is_narrowed:
        every = data.every_scope(scope)
        whole = acceptances(data.findings(every, data.ACCEPTED))
    table(
        waivers.entries(without_effect(read.active(), whole)),
        name="without-effect",
        alt="Entries of the waiver file that accept no finding",
        nothing="Every entry in force accepts something.",
        download=False,
    )
    if expired := read.expired():
        page.section("Expired entries", "They accept nothing any more: fix, or decide anew.")
        table(waivers.entries(expired), name="expired", alt="Expired entries", nothing="")


def _all(rows: list[WaiverRow]) -> None:
    page.section("All that is accepted", "Those that end first at the top.")
    table(
        waivers.table(rows),
        name="accepted",
        alt="Accepted findings with who accepted them, why and until when",
        nothing="Nothing is accepted in this scope.",
        order=waivers.ORDER,
        height=460,
    )


SCOPE = page.opening(
    "Waivers", "What was accepted, by whom, why and until when; as of the scan that is chosen."
)
ROWS = acceptances(data.findings(SCOPE, data.ACCEPTED))
SOON = waivers.ending(ROWS, SCOPE.at.date())
_numbers(ROWS, SOON)
_soon(SOON)
_all(ROWS)
_file(SCOPE, ROWS)
