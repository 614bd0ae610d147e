"""Trends view: points, areas, checks, new and fixed findings, two scans compared."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from audits.model.rows import TrendRow
from audits.report.phrases import count
from dashboard import data
from dashboard.charts import trends as charts
from dashboard.frames import trends
from dashboard.frames.findings import check_name
from dashboard.parts import address, page
from dashboard.parts.tables import table
from dashboard.scope import ScanScope

_RULES = {"as-seen": "Of each scan's day", "rescored": "One policy: of the last rescore"}
_PAST = "Thin lines with hollow points are rebuilt from commits: compare them with each other, as settings count in scans alone."


def _score(rows: Sequence[TrendRow], past: Sequence[TrendRow]) -> None:
    said = "A dashed line marks a scan with other rules or token rights than the one before; point at it for what changed."
    page.section("Mean points and coverage", f"{said} {_PAST}" if past else said)
    frame = trends.points(rows)
    long, before = trends.points_and_coverage(rows), trends.points_and_coverage(past)
    if long.empty:
        page.empty("No repository had a score in these scans.")
        return
    st.altair_chart(
        charts.lines(
            long,
            page.ink(),
            unit="points, per cent",
            top=100,
            colours={"points": "#1f6fb2", "coverage": "#d9772b"},
            marks=frame[frame["changed"] != ""],
            past=before,
        ),
        alt=f"Mean points and coverage over {count(len(rows), 'scan')}{_and(past)}",
    )


def _chosen_rules(seen: Sequence[TrendRow], rescored: Sequence[TrendRow]) -> Sequence[TrendRow]:
    """The scans as they were seen, or by the rules of the last `rescore`."""
    if not rescored:
        return seen
    chosen = address.select(
        "Rules", "rules", ["as-seen", "rescored"], format_func=lambda word: _RULES[word]
    )
    return rescored if chosen == "rescored" else seen


def _areas(rows: Sequence[TrendRow], past: Sequence[TrendRow]) -> None:
    page.section("Areas")
    frame = trends.areas(rows)
    if frame.empty:
        page.empty("No area applied in these scans.")
        return
    st.altair_chart(
        charts.lines(
            frame,
            page.ink(),
            unit="mean points of 100",
            top=100,
            colours=charts.AREA_SERIES,
            past=trends.areas(past),
        ),
        alt=f"Mean points of each area{_and(past)}",
    )


def _and(past: Sequence[TrendRow]) -> str:
    return f", and {count(len(past), 'state')} rebuilt from commits" if past else ""


def _burn_down(rows: Sequence[TrendRow]) -> None:
    page.section("Open findings", "By severity; the aim is an empty chart.")
    st.altair_chart(
        charts.stacked(trends.open_by_severity(rows), page.ink(), unit="open findings"),
        alt="Open findings by severity",
    )


def _flow(rows: Sequence[TrendRow]) -> None:
    page.section("New against fixed")
    frame = trends.flow(rows)
    if frame.empty:
        page.empty("One scan so far: the next one shows what is new and what was fixed.")
        return
    st.altair_chart(charts.flow(frame, page.ink()), alt="New and fixed findings by scan")


def _one_check(rows: Sequence[TrendRow]) -> None:
    page.section("One check", "Its open findings over time.")
    checks = sorted({check for row in rows for check, number in row.checks.items() if number})
    if not checks:
        page.empty("No check ever failed in these scans.")
        return
    check = address.select("Check", "check", checks, format_func=check_name)
    st.altair_chart(
        charts.lines(
            trends.open_of_check(rows, check),
            page.ink(),
            unit="open findings",
            colours={check: "#b3262e"},
        ),
        alt="Open findings of the chosen check",
    )


def _compare(rows: Sequence[TrendRow]) -> None:
    page.section("Two scans compared")
    if len(rows) < 2:
        page.empty("There is one scan so far; two can be compared after the next one.")
        return
    by_id = {str(row.scan): row for row in rows}
    names = list(by_id)
    left, right = st.columns(2)
    before, after = (
        address.select(
            label,
            name,
            names,
            where=where,
            default=names[place],
            format_func=lambda n: page.moment(by_id[n].at),
        )
        for label, name, where, place in (
            ("Before", "before", left, -2),
            ("After", "after", right, -1),
        )
    )
    table(
        trends.compare(by_id[before], by_id[after]),
        name="two-scans",
        nothing="",
        alt="The two scans side by side",
        height=560,
    )


def _changes(scope: ScanScope) -> None:
    page.section(
        "Why scores changed",
        "What provably differs between the two scans, or that the cause is not known.",
    )
    table(
        trends.score_changes(data.score_changes(scope, since=0)),
        name="score-changes",
        height=340,
        alt="Changes of scores and their causes",
        nothing="No score has changed so far.",
        order=["at", "repository", "grade", "before", "after", "change", "cause", "checks"],
        config={"change": st.column_config.NumberColumn("Change", format="%+.1f")},
    )


SCOPE = page.opening("Trends", "How the organization's scores developed.")
SEEN = data.trend(SCOPE)
ROWS = _chosen_rules(SEEN, data.rescored(SCOPE))
PAST = data.past(SCOPE)
if len(ROWS) == 1:
    page.note("One scan so far, shown as points; the next one draws lines.")
ONE, TWO = st.columns(2, gap="large")
with ONE:
    _score(ROWS, PAST)
    _burn_down(ROWS)
    _one_check(ROWS)
with TWO:
    _areas(ROWS, PAST)
    _flow(ROWS)
    page.section(
        "Time to fix",
        "Days from first seen to fixed. By the median age half are fixed, with what is still open "
        "counted in; there is none where fewer ever are.",
    )
    table(
        trends.time_to_fix(data.fix_times(SCOPE)),
        name="time-to-fix",
        alt="Days from first seen to fixed, by check",
        nothing="Nothing was found, so nothing was fixed.",
        download=False,
    )
_compare(ROWS)
_changes(SCOPE)
