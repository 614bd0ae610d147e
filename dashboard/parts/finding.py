"""Shows the findings of one check: lines, explanation, edit, links."""

from __future__ import annotations

import streamlit as st

from audits.checks import all_checks
from audits.model.query import FindingFilter
from audits.model.rows import FindingRow, RepositoryRow
from audits.report.phrases import count
from dashboard import data
from dashboard.frames import findings
from dashboard.frames.cells import prose, safe_url, visible
from dashboard.frames.method import without_title
from dashboard.parts import page
from dashboard.reaudit import Reaudit
from dashboard.scope import ScanScope
from dashboard.theme import LINK_LABELS, signed

_SHOWN = 6


def finding_groups(scope: ScanScope, row: RepositoryRow) -> None:
    """The open findings, worst first, then those that are accepted."""
    rows = data.findings(scope, FindingFilter(repository=row.repository))
    if not rows:
        page.empty(
            "No finding is open here."
            if row.publications or not row.gaps
            else "No finding: what was read has no fault, but see the gaps."
        )
        return
    reading = data.reading(scope, row.repository)
    still = [f for f in rows if not f.accepted]
    for number, (check, group) in enumerate(findings.by_check(still)):
        with st.expander(findings.label(check, group), expanded=number == 0):
            _group(scope, check, group, reading)
    if accepted := [f for f in rows if f.accepted]:
        page.section("Accepted", "Shown with their reasons; they come back when they expire.")
        for check, group in findings.by_check(accepted):
            with st.expander(findings.label(check, group)):
                _group(scope, check, group, reading)


def _group(scope: ScanScope, check: str, group: list[FindingRow], reading: Reaudit) -> None:
    known = next((c for c in all_checks() if c.id == check), None)
    if known is not None:
        page.note(f"Check `{findings.check_name(check)}`")
        # In place: a link to another view would take Back to come home from.
        with st.popover("Why it matters and how to fix it", icon=":material/menu_book:"):
            st.markdown(without_title(known.text, known.title))
    for row in group[:_SHOWN]:
        with st.container(border=True):
            one_finding(row, reading)
            st.page_link(
                "views/findings.py",
                label="This finding's own page",
                icon=":material/link:",
                query_params=finding_address(scope, row),
            )
    if len(group) > _SHOWN:
        st.page_link(
            "views/findings.py",
            label=f"All {count(len(group), 'place')}",
            icon=":material/flag:",
            query_params={**scope.address, "check": check, "repository": group[0].repository},
        )


def finding_address(scope: ScanScope, row: FindingRow) -> dict[str, str]:
    """The parameters that lead to the page of one finding."""
    return {
        **scope.address,
        "repository": row.repository,
        "finding": row.fingerprint,
        "check": row.check,
    }


def one_finding(row: FindingRow, reading: Reaudit) -> None:
    """One finding; everything that comes from the repository is shown as text or code."""
    st.text(prose(row.message))
    st.text(findings.place(row))
    if shown := findings.lines_of(row, reading.text(row.path)):
        st.code(shown, language=None, wrap_lines=True)
    if row.because:
        st.text(f"{signed(row.severity)}, because {prose(row.because)}")
    if row.state != "open":
        st.text(f"{signed(row.state)}; last seen {page.moment(row.last_seen)}")
    if row.acceptance:
        st.text(_acceptance(row))
    if change := reading.edits.get(row.fingerprint):
        safe = "can be applied as it is" if row.fix == "safe" else "needs review"
        look = f" {prose(row.advice)}" if row.advice else ""
        page.note(f"An edit that {safe}:{look}")
        st.code(change, language="diff", wrap_lines=True)
    elif row.advice:
        page.note(prose(row.advice))
    with st.container(horizontal=True):
        for number, link in enumerate(row.links):
            url = safe_url(link.url)
            if url and link.kind in LINK_LABELS:
                st.link_button(
                    findings.link_label(link.kind, url),
                    url,
                    type="tertiary",
                    key=f"{row.fingerprint} {row.line} {number}",
                )


def _acceptance(row: FindingRow) -> str:
    word = "Accepted" if row.accepted else "Not counted as accepted"
    parts = [f"{word} ({row.acceptance}): {visible(row.acceptance_reason)}"]
    if row.responsible:
        parts.append(f"by {visible(row.responsible)}")
    if row.ticket:
        parts.append(f"ticket {visible(row.ticket)}")
    if row.expires:
        parts.append(f"until {row.expires}")
    return ", ".join(parts)
