"""Trends view: everything over time, two dates compared down to repositories, time to fix."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from msgspec import Struct
from msgspec.structs import replace

from audits.model.query import Direction
from audits.model.rows import TrendRow
from audits.report.phrases import count
from dashboard import data
from dashboard.charts import trends as charts
from dashboard.charts.trends import Band
from dashboard.frames import comparison, home, trends
from dashboard.frames.exposure import MEANING, signed_level
from dashboard.frames.findings import check_name
from dashboard.parts import address, page
from dashboard.parts.bar_links import COMPARISON, scans_of
from dashboard.parts.tables import download_csv, paged, shown, table
from dashboard.scope import ScanScope
from dashboard.theme import (
    AREA_COLOURS,
    AREAS,
    GRADE_COLOURS,
    GRADES,
    LADDER,
    LADDER_COLOURS,
    LEVEL_COLOURS,
    SEVERITIES,
    SEVERITY_COLOURS,
    plain,
    signed,
)

OVER_TIME, TIME_TO_FIX = "over time", "time to fix"
PAGE, PACKAGES = 100, 200
RULES = {
    "as-seen": "As it was seen, by the rules of each day",
    "rescored": "By one policy: that of the last rescore",
}
MOVED = {"all": None, **{way.value: way for way in Direction}}
POINTS = (
    Band(word="mean", title="mean points", colour="#1f6fb2", counted=False),
    *(
        Band(word=area, title=f"{plain(area)}, points", colour=AREA_COLOURS[area], counted=False)
        for area in AREAS
    ),
    Band(word="coverage", title="coverage, %", colour="#6d7a86", counted=False),
)
OPEN = tuple(Band(word=w, title=signed(w), colour=SEVERITY_COLOURS[w]) for w in SEVERITIES)
RUNGS = tuple(
    Band(word=w, title=signed(w), colour=LADDER_COLOURS[w]) for w in LADDER if w != "none"
)
LEVELS = tuple(Band(word=w, title=signed_level(w), colour=LEVEL_COLOURS[w]) for w in MEANING)
LETTERS = tuple(
    Band(word=w, title=f"grade {w}", colour=GRADE_COLOURS[w]) for w in GRADES if w != "-"
)


class Chart(Struct, frozen=True, kw_only=True):
    """Small multiples: which numbers of a scan, and the series that these are. ``unit`` is what
    one number counts, ``what`` names all of them; ``title`` and ``words`` stand above, "" where
    the view has a heading of its own.
    """

    key: str
    numbers: trends.Numbers
    series: Sequence[Band]
    unit: str
    what: str
    title: str = ""
    words: str = ""


REPOSITORIES = (
    Chart(
        key="points",
        title="Points",
        words="Means of 100, where they apply; each line has a scale of its own.",
        numbers=trends.points,
        series=POINTS,
        unit="of 100",
        what="points",
    ),
    Chart(
        key="grades",
        title="Grades",
        words="Repositories that publish",
        numbers=trends.grades,
        series=LETTERS,
        unit="repositories",
        what="grades",
    ),
)
RELEASES = (
    Chart(
        key="rungs",
        title="Trusted-publisher ladder",
        words="Packages, from proven to token",
        numbers=trends.rungs,
        series=RUNGS,
        unit="packages",
        what="packages",
    ),
    Chart(
        key="levels",
        title="Who can publish",
        words=page.BY_LEVEL,
        numbers=trends.levels,
        series=LEVELS,
        unit="packages",
        what="packages",
    ),
    Chart(
        key="open",
        title="Open findings",
        words="By severity; the aim is an empty chart.",
        numbers=trends.severities,
        series=OPEN,
        unit="findings",
        what="open findings",
    ),
)


def _chosen_rules(seen: Sequence[TrendRow], rescored: Sequence[TrendRow]) -> Sequence[TrendRow]:
    """The scans as they were seen, or by the rules of the last `rescore`."""
    if not rescored:
        return seen
    chosen = address.select("Policy", "rules", list(RULES), format_func=lambda word: RULES[word])
    return rescored if chosen == "rescored" else seen


def _small_multiples(rows: Sequence[TrendRow], past: Sequence[TrendRow], chart: Chart) -> None:
    """Charts of the series that ever had a number, or what is said where none had."""
    frame = trends.over_time(rows, chart.numbers, trends.leads_to(rows))
    before = trends.over_time(past, chart.numbers)
    held = {
        word
        for each in (frame, before)
        for word, most in each.groupby("series")["value"].max().items()
        if most > 0
    }
    kept = [band for band in chart.series if band.word in held or not band.counted]
    kept = [band for band in kept if band.word in set(frame["series"])]
    if not kept:
        page.empty(f"No {chart.what} in these scans.")
        return
    drawing = charts.bands(
        frame,
        page.ink(),
        kept,
        unit=chart.unit,
        span=[row.at for row in (*past, *rows)],
        past=before,
        marks=trends.marks(rows),
    )
    words = "; ".join(f"{band.title} {_numbers(frame, band.word)}" for band in kept)
    scans_of(drawing, key=chart.key, alt=f"{chart.what.capitalize()} over time: {words}")


def _numbers(frame: pd.DataFrame, word: str) -> str:
    return charts.moved(frame[frame["series"] == word]["value"].tolist())


def _facts(scope: ScanScope, rows: Sequence[TrendRow], past: Sequence[TrendRow]) -> None:
    """Since when, and how fast what matters most becomes less."""
    one, many = scope.steps
    shown_rows = f"{count(len(rows), one, many)} shown"
    span = f"{shown_rows}, from {page.day(rows[0].at)} to {page.day(rows[-1].at)}"
    rebuilt = f", and {count(len(past), 'state')} rebuilt from commits before" if past else ""
    paces = (
        trends.pace(
            rows, home.on_tokens, "package is on a stored token", "packages are on stored tokens"
        ),
        trends.pace(
            rows,
            home.open_to_anyone,
            "package is open to anyone",
            "packages are open to anyone",
        ),
    )
    st.text(f"{span}{rebuilt}. {' '.join(paces)}")
    said = f"Click a {one} or a bar to compare it with the one before."
    if any(row.changed for row in rows):
        said += (
            f" A dashed line marks a {one} with other rules, platform facts or token rights than "
            "the one before."
        )
    if past:
        said += (
            " What was rebuilt from commits rests on files alone, without settings: compare it "
            "with itself."
        )
    page.note(said)


def _one_sentence(scope: ScanScope, row: TrendRow) -> None:
    """What one scan, or one day of scans, says in place of charts of one dot."""
    one, _ = scope.steps
    points = "no points" if row.points is None else f"{row.points:.0f} mean points"
    exposed = home.open_to_anyone(row)
    st.text(
        f"One {one} so far, {page.day(row.at)}: {points}, "
        f"{row.open.get('critical', 0):,} critical and {row.open.get('high', 0):,} high findings "
        f"open, {home.on_tokens(row):,} of {sum(row.ladders.values()):,} packages on stored "
        f"tokens, {f'{exposed:,}' if exposed else 'none'} open to anyone."
    )
    past = "" if scope.is_mixed else "; `release-audit history` rebuilds the past from commits"
    page.note(f"The next {one} draws lines{past}.")


def _over_time(scope: ScanScope) -> None:
    seen, past = data.trend(scope), data.past(scope)
    rows = _chosen_rules(seen, data.rescored(scope))
    if len(rows) + len(past) < 2:
        _one_sentence(scope, rows[-1])
        return
    _facts(scope, rows, past)
    left, right = st.columns(2, gap="large")
    with left:
        _sections(REPOSITORIES, rows, past)
        _flow(rows)
    with right:
        _sections(RELEASES, rows, past)
        _one_check(rows, past)


def _sections(listed: Sequence[Chart], rows: Sequence[TrendRow], past: Sequence[TrendRow]) -> None:
    """Charts, each below its heading."""
    for chart in listed:
        page.section(chart.title, chart.words)
        _small_multiples(rows, past, chart)


def _flow(rows: Sequence[TrendRow]) -> None:
    frame = trends.flow(rows)
    if frame.empty:
        return
    word = trends.bin_words(rows)
    page.section(f"New against fixed, by {word}", "Findings of releases")
    if frame["key"].nunique() == 1:
        new, fixed = frame["count"]
        st.text(f"{count(new, 'new finding')}, {fixed:,} fixed, all in one {word}.")
        return
    alt = f"New and fixed findings by {word}"
    scans_of(charts.flow(frame, page.ink()), key="flow", alt=alt)


def _one_check(rows: Sequence[TrendRow], past: Sequence[TrendRow]) -> None:
    checks = trends.failing_checks(rows)
    if not checks:
        return
    page.section("One check", "Repositories that fail it; the most common first.")
    check = address.select("Check", "check", checks, format_func=check_name)
    chart = Chart(
        key="one check",
        numbers=trends.of_check(check),
        series=(Band(word=check, title=check_name(check), colour="#b3262e"),),
        unit="repositories",
        what="failures",
    )
    _small_multiples(rows, past, chart)


def _compare(scope: ScanScope) -> None:
    rows = data.trend(scope)
    if len(rows) < 2:
        one, _ = scope.steps
        page.empty(f"There is one {one} so far; two can be compared after the next one.")
        return
    chosen = _two_scans(scope, rows)
    if chosen is None:
        return
    before, after = chosen
    as_of = replace(scope, scan=after.scan, at=after.at, newest=after is rows[-1] and scope.newest)
    moved = data.count_compared(as_of, before.scan)
    st.text(comparison.sentence(before, after, moved))
    _findings_moved(as_of, before)
    _repositories_moved(as_of, before, moved)
    _packages_moved(as_of, before)
    _side_by_side(as_of, before)
    with st.expander("All sums side by side"):
        table(
            trends.compare(before, after),
            name="two-scans",
            nothing="",
            alt="The sums of the two scans side by side",
        )


def _two_scans(scope: ScanScope, rows: Sequence[TrendRow]) -> tuple[TrendRow, TrendRow] | None:
    """The two scans of the address, the earlier one first; None, with the reason said, where it
    names what is not here.
    """
    by_id = {str(row.scan): row for row in reversed(rows)}
    left, right = st.columns(2)
    names = {number: page.moment(row.at) for number, row in by_id.items()}
    later = dict(list(names.items())[:-1])
    after = address.choose("After", "after", later, where=right)
    if after is None:
        page.not_here(address.missing("The scan", "after", later))
        return None
    # By their order: a clock that was set back gives a later scan an earlier time.
    earlier = dict(list(names.items())[list(names).index(after) + 1 :])
    then = data.then(scope)
    usual = str(then.scan) if then is not None and str(then.scan) in earlier else ""
    before = address.choose("Before", "before", earlier, where=left, default=usual)
    if before is None:
        page.not_here(address.missing("The earlier scan", "before", earlier))
        return None
    return by_id[before], by_id[after]


def _findings_moved(scope: ScanScope, before: TrendRow) -> None:
    """How many findings are new and fixed, with the way to the new ones."""
    counts = data.finding_counts(scope, before.scan)
    with st.container(horizontal=True, gap="medium", vertical_alignment="center"):
        st.text(f"{home.moved_words(counts)}.", width="content")
        if counts.new:
            st.page_link(
                "views/findings.py",
                label="The new findings",
                icon=":material/arrow_forward:",
                query_params={**scope.address, "state": "new", "since": str(before.scan)},
            )


def _repositories_moved(scope: ScanScope, before: TrendRow, moved: dict[Direction, int]) -> None:
    page.section("Repositories that moved", "Those that fell most first, with what changed.")
    address.tell_unknown(moved=MOVED)
    way = MOVED[address.segmented("Which", "moved", list(MOVED))]
    total = sum(moved.values()) if way is None else moved[way]
    start = paged(total, PAGE) if total else 0
    rows = data.compared(scope, before.scan, way, start, PAGE)
    if total:
        page.note(f"{shown(total, start, len(rows), 'repository', 'repositories')}.")
    table(
        comparison.repositories(rows),
        name="compared-repositories",
        alt="Repositories whose score differs, with both grades and the cause",
        nothing="No repository's score is different.",
        height=460,
        order=["repository", "grade", "before", "after", "change", "cause", "checks", "at"],
        config={
            "before": st.column_config.NumberColumn("Before", format="%.1f"),
            "after": st.column_config.NumberColumn("After", format="%.1f"),
            "change": st.column_config.NumberColumn("Change", format="%+.1f"),
            "at": st.column_config.DatetimeColumn("Last change", format="D MMM YYYY"),
            "checks": st.column_config.TextColumn("Checks", width="large"),
        },
        download=False,
        scope=scope,
    )
    if total:
        download_csv(
            lambda: comparison.repositories(data.compared(scope, before.scan, way, 0, None)),
            "compared-repositories",
            f"Download {count(total, 'row')} as CSV",
        )


def _packages_moved(scope: ScanScope, before: TrendRow) -> None:
    page.section("Packages that moved", "Those that are easier to publish, or less proven, first.")
    frame = comparison.packages(data.packages_compared(scope, before.scan))
    if len(frame):
        page.note(f"{shown(len(frame), 0, min(len(frame), PACKAGES), 'package')}.")
    table(
        frame.head(PACKAGES),
        name="compared-packages",
        alt="Packages whose status, or who can publish them, differs",
        nothing="No package changed its trusted-publisher status or who can publish it.",
        height=380,
        download=False,
        scope=scope,
    )
    if len(frame):
        download_csv(
            lambda: frame, "compared-packages", f"Download {count(len(frame), 'row')} as CSV"
        )


def _side_by_side(scope: ScanScope, before: TrendRow) -> None:
    """Owners and groups, with their progress between the two scans."""
    earlier = replace(scope, scan=before.scan, at=before.at, newest=False)
    for what, rows in data.standings(scope, earlier).items():
        page.section(f"{what.capitalize()}s side by side", "The fewest points first.")
        table(
            home.standings(rows, what),
            name=f"{what}s-compared",
            alt=f"{what.capitalize()}s with grade, points and what is open, then and now",
            nothing="",
            height=460,
            config={"change": st.column_config.NumberColumn("Change", format="%+.1f")},
            scope=scope,
        )


def _time_to_fix(scope: ScanScope) -> None:
    page.note(
        "Days from first seen to fixed. By the median age half are fixed, with what is still open "
        "counted in; there is none where fewer ever are."
    )
    table(
        trends.time_to_fix(data.fix_times(scope)),
        name="time-to-fix",
        alt="Days from first seen to fixed, by check",
        nothing="Nothing was found, so nothing was fixed.",
    )


SCOPE = page.opening("Trends")
PARTS = {OVER_TIME: _over_time, COMPARISON: _compare, TIME_TO_FIX: _time_to_fix}
address.tell_unknown(show=PARTS)
PARTS[address.segmented("Show", "show", list(PARTS))](SCOPE)
