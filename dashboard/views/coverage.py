"""Coverage view: what could not be seen, and which permission would show it."""

from __future__ import annotations

import streamlit as st

from audits.model.query import GapFilter
from audits.model.source import GapReason
from audits.report.phrases import count
from dashboard import data
from dashboard.frames import tables
from dashboard.parts import address, page
from dashboard.parts.tables import download_rows, paged, shown, table

SCOPE = page.opening(
    "Coverage",
    "What could not be seen. Nothing here counts as safe: it lowers coverage and waits for an "
    "answer.",
)
TREND = data.trend(SCOPE)[-1]
UNRECOGNIZED = data.gaps(SCOPE, "", GapFilter(reasons=(GapReason.UNRECOGNIZED,)))
PAGE = 200
MISSING = data.permission_counts(SCOPE)

with st.container(key="numbers", horizontal=True, gap="large"):
    st.metric("Coverage", f"{TREND.coverage * 100:.0f} %", width="content")
    st.metric(
        "Evidence tier",
        f"{TREND.tier} of 3",
        width="content",
        help="0 public files, 1 settings, 2 administration, 3 names of secrets.",
    )
    st.metric(
        "Unknown for want of a permission",
        f"{sum(row.unknown for row in MISSING):,}",
        width="content",
    )
    st.metric("Gaps", f"{data.count_gaps(SCOPE):,}", width="content")

page.section(
    "What a permission would answer",
    "Each permission, given to your token, turns this many unknown results into answers. "
    "`release-audit doctor OWNER` shows what a token can see. Never give it write access.",
)
table(
    tables.missing_permissions(MISSING),
    name="missing-permissions",
    download=False,
    alt="Missing permissions and how many unknown results each would answer",
    nothing="No unknown result waits for a permission.",
    config={"unknowns": st.column_config.NumberColumn("Unknown results")},
)

if UNRECOGNIZED:
    page.section(
        count(len(UNRECOGNIZED), "release-like job is", "release-like jobs are")
        + " not understood",
        "Each has what it takes to publish and looks like a release, by a way that is not known. "
        "Name what uploads in the configuration, and it is judged.",
    )
    table(
        tables.gaps(UNRECOGNIZED),
        name="unrecognized",
        alt="Jobs that look like a release and are not understood",
        nothing="",
        order=["repository", "subject", "line", "job", "detail"],
        config={"line": st.column_config.NumberColumn("Line", width="small")},
    )

page.section("Gaps", "Files, settings and packages that could not be read, and why.")
REASONS = data.gap_reasons(SCOPE)
address.tell_unknown(reason=REASONS)
CHOSEN = address.select_many("Reason", "reason", REASONS) if REASONS else ()
FOUND = GapFilter(reasons=CHOSEN)
TOTAL = data.count_gaps(SCOPE, FOUND)
START = paged(TOTAL, PAGE)
ROWS = data.gaps(SCOPE, "", FOUND, START, PAGE)
page.note(f"{shown(TOTAL, START, len(ROWS), 'gap')}.")
table(
    tables.gaps(ROWS),
    name="gaps",
    download=False,
    alt="Gaps: what could not be seen, and why",
    height=560,
    nothing="There is no gap: every file, setting and package that was asked for was read.",
    order=["repository", "reason", "detail", "subject", "line", "job", "permission"],
    config={"line": st.column_config.NumberColumn("Line", width="small")},
)
if TOTAL:
    download_rows(SCOPE, "gaps", FOUND, TOTAL)

SCAN = next((scan for scan in data.scans(SCOPE.owner) if scan.id == SCOPE.scan), None)
if SCOPE.owner and SCAN is not None and SCAN.not_reached:
    page.section("Not reached")
    st.markdown(
        f"{count(SCAN.not_reached, 'repository', 'repositories')} known from earlier scans "
        "could not be reached by this one; what is shown of them is from before, and their "
        "findings stay open as not re-checked."
    )
