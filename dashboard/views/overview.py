"""Overview: the organization's score, what is new, what to do first."""

from __future__ import annotations

import streamlit as st

from audits.model.query import GapFilter, RepositoryFilter
from audits.model.source import GapReason
from audits.report.phrases import count
from dashboard import data
from dashboard.charts import bars, trends
from dashboard.frames import overview, tables
from dashboard.frames import trends as trend_frames
from dashboard.frames.exposure import level_sentence
from dashboard.frames.findings import check_name
from dashboard.parts import page
from dashboard.parts.tables import choose, table
from dashboard.scope import ScanScope
from dashboard.theme import LADDER_MEANING, percent


def _headline(scope: ScanScope) -> None:
    rows = data.trend(scope)
    head = overview.headline(rows)
    now = rows[-1]
    grave = now.open.get("critical", 0) + now.open.get("high", 0)
    with st.container(border=True):
        st.markdown(head.sentence)
        grid = st.container(horizontal=True, gap="large")
        grid.metric(
            "Grade",
            head.grade,
            width="content",
            help="Mean points of publishing repositories: A from 90, B 75, C 60, D 40.",
        )
        grid.metric(
            "Mean points",
            "not known" if head.points is None else f"{head.points:.0f}",
            head.delta or None,
            width="content",
        )
        grid.metric(
            "Coverage",
            percent(now.coverage),
            width="content",
            help="How much of what applies was seen. Not seen is never counted as safe.",
        )
        grid.metric("Open, high or worse", f"{grave:,}", width="content")
        grid.metric(
            "Anyone can publish",
            f"{now.levels.get('anyone', 0):,}",
            width="content",
            help=level_sentence(now.levels) + ". Of packages; see each repository's paths.",
        )
        if len(rows) > 1:
            grid.metric("New", f"{now.new:,}", width="content", help="Since the scan before.")
            grid.metric("Fixed", f"{now.fixed:,}", width="content", help="Since the scan before.")


def _unrecognized(scope: ScanScope) -> None:
    """How many release-like jobs are not understood, with the way to the list."""
    number = data.count_gaps(scope, GapFilter(reasons=(GapReason.UNRECOGNIZED,)))
    if number:
        said = count(number, "release-like job is", "release-like jobs are")
        st.page_link(
            "views/coverage.py",
            label=f"{said} not understood: which?",
            icon=":material/help:",
            query_params={**scope.address, "reason": GapReason.UNRECOGNIZED.value},
        )


def _standing(scope: ScanScope) -> None:
    now = data.trend(scope)[-1]
    left, middle, right = st.columns(3, gap="large")
    with left:
        page.section("Grades", "Repositories that publish")
        if any(now.grades.get(grade) for grade in "ABCDF"):
            st.altair_chart(bars.grades(now.grades, page.ink()), alt=_words(now.grades, "grade"))
        else:
            page.empty("No repository here publishes a package, so there is nothing to grade.")
    with middle:
        page.section("Trusted-publisher ladder", "Packages, from proven to token")
        counts = now.ladders
        if any(counts.values()):
            st.altair_chart(bars.ladder(counts, page.ink()), alt=_words(counts, "packages"))
            with st.expander("Glossary"):
                st.markdown("\n".join(f"- **{w}**: {m}" for w, m in LADDER_MEANING.items()))
        else:
            page.empty("No package was found.")
    with right:
        page.section("Areas", "Mean points where the area applies")
        st.altair_chart(
            bars.areas(now.areas, page.ink()),
            alt=_words(
                {area: round(value) for area, value in now.areas.items() if value is not None},
                "area",
            ),
        )


def _words(counts: dict[str, int], what: str) -> str:
    return f"By {what}: " + ", ".join(f"{word} {number}" for word, number in counts.items())


def _first_things(scope: ScanScope) -> None:
    page.section(
        "What to do first",
        "How many points the mean score gains if one check is fixed everywhere.",
    )
    rows = data.first_things(scope)
    frame = overview.improvement_table(rows)
    table(
        frame,
        name="what-to-do-first",
        download=False,
        alt="The checks whose fixes raise the mean score the most",
        nothing="Nothing is deducted anywhere: there is nothing to fix.",
        order=["check", "severity", "repositories", "mean gain"],
        config={
            "mean gain": st.column_config.NumberColumn("Gain", format="+%.1f"),
            "repositories": st.column_config.NumberColumn("Repositories", format="%d"),
        },
    )
    with st.container(horizontal=True):
        for row in rows[:3]:
            st.page_link(
                "views/findings.py",
                label=check_name(row.check),
                icon=":material/flag:",
                query_params={**scope.address, "check": row.check},
            )


def _worst(scope: ScanScope) -> None:
    page.section(
        "Worst first", "What could not be read comes first. Choose a line to open the repository."
    )
    unread = data.repositories(scope, RepositoryFilter(grades=("?",)), "-open", 0, WORST)
    graded = RepositoryFilter(grades=tuple("ABCDF"))
    rows = overview.worst(
        unread,
        data.repositories(scope, graded, "-open", 0, WORST),
        data.repositories(scope, graded, "points", 0, WORST),
        limit=WORST,
    )
    if not rows:
        page.empty("No repository here has a score: none publishes, or none could be read.")
        return
    frame = tables.repositories(rows).assign(why=[overview.attention(row) for row in rows])
    chosen = choose(
        frame,
        key="worst",
        alt="The repositories with the fewest points",
        order=["repository", "grade", "points", "why"],
    )
    if chosen:
        page.open_repository(scope, rows[chosen[0]].repository)


def _over_time(scope: ScanScope) -> None:
    page.section("Areas over time", "A dashed line marks a change of policy or token rights.")
    rows = data.trend(scope)
    frame = trend_frames.areas(rows)
    if frame.empty:
        page.empty("No area applied in any scan so far.")
        return
    points = trend_frames.points(rows)
    chart = trends.lines(
        frame,
        page.ink(),
        unit="mean points of 100",
        colours=trends.AREA_SERIES,
        marks=points[points["changed"] != ""],
        top=100,
    )
    st.altair_chart(chart, alt=f"Mean points of each area over {count(len(rows), 'scan')}")
    if len(rows) == 1:
        page.note("One scan so far: the next one draws the first line.")


def _movers(scope: ScanScope) -> None:
    page.section("Movers since the last scan")
    rows = overview.movers(data.score_changes(scope))
    table(
        trend_frames.score_changes(rows),
        name="movers",
        download=False,
        order=["repository", "grade", "change", "cause", "checks"],
        alt="Repositories whose points changed the most since the last scan, and why",
        nothing="No score changed between the last two scans."
        if len(data.trend(scope)) > 1
        else "One scan so far: the next one shows what changed.",
        config={"change": st.column_config.NumberColumn("Change", format="%+.1f points")},
    )


def _owner_card(scope: ScanScope) -> None:
    page.section("The owner's settings", "Set once for all; never part of a repository's score.")
    rows = [row for row in data.owner_card(scope) if row.outcome != "not-applicable"]
    if not rows:
        page.empty("No owner settings were read: they need a token.")
        return
    table(
        overview.owner_table(rows),
        name="owner",
        download=False,
        nothing="",
        alt="Settings of the owner, and how many repositories each touches",
        order=["outcome", "check", "repositories", "what", "permission"],
    )


WORST = 8
SCOPE = page.opening("Overview", "The organization's score, and what to do first.")
_headline(SCOPE)
_unrecognized(SCOPE)
_standing(SCOPE)
first, second = st.columns(2, gap="large")
with first:
    _first_things(SCOPE)
with second:
    _worst(SCOPE)
third, fourth = st.columns(2, gap="large")
with third:
    _over_time(SCOPE)
with fourth:
    _movers(SCOPE)
    _owner_card(SCOPE)
