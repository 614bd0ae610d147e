"""Home: where the organization stands, what got worse, what to do next; then the distributions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Literal, TypedDict

import streamlit as st

from audits.model.query import (
    Direction,
    ExposureMove,
    FindingCounts,
    GapFilter,
    PackageFilter,
    RepositoryFilter,
)
from audits.model.rows import PackageRow, RepositoryRow, ScoreChange, TrendRow
from audits.model.source import GapReason
from audits.report.acceptances import acceptances
from audits.report.phrases import count
from audits.scoring.score import grade_of
from dashboard import data
from dashboard.charts import bars
from dashboard.frames import home, waivers
from dashboard.frames.cells import commit_url, label_text
from dashboard.frames.exposure import without_level
from dashboard.frames.trends import cause_of
from dashboard.parts import page
from dashboard.parts.bar_links import COMPARISON, bars_to
from dashboard.parts.tables import table
from dashboard.scope import ScanScope
from dashboard.theme import LADDER_MEANING, signed

SHOWN, FEW = 5, 3
LEFT_TO_GAIN = 500
"""So many repositories with the fewest points are looked through for what to do next."""
ON_TOKENS = ("token", "mixed")


class MetricChange(TypedDict):
    """What a metric says of a change."""

    delta: float | str | None
    delta_color: Literal["normal", "inverse", "off"]
    delta_arrow: Literal["auto", "off"]


def _grave(row: TrendRow) -> int:
    return row.open.get("critical", 0) + row.open.get("high", 0)


def _unread(row: TrendRow) -> int:
    return row.grades.get("?", 0)


def _change(rows: Sequence[TrendRow], number: Callable[[TrendRow], int]) -> MetricChange:
    """How a number, of which less is better, changed in the period."""
    moved = number(rows[-1]) - number(rows[0]) if len(rows) > 1 else None
    return {**_delta(moved), "delta_color": "inverse" if moved else "off"}


def _delta(moved: float | None) -> MetricChange:
    """The change beside a number; nothing where nothing is known from before."""
    if moved:
        return {"delta": moved, "delta_color": "normal", "delta_arrow": "auto"}
    words = None if moved is None else "unchanged"
    return {"delta": words, "delta_color": "off", "delta_arrow": "off"}


def _headline(scope: ScanScope) -> None:
    """Where the scope stands, in one sentence with its name, and what moved."""
    rows = data.period(scope)
    several = scope.owner is None and not scope.is_narrowed and len(data.owners()) > 1
    head = home.headline(rows, page.day(rows[0].at), _moved(scope), several=several)
    with st.container(key="headline", gap="xxsmall"):
        st.markdown(f"**{label_text(page.scope_name(scope))}** {head.standing}")
        st.text(" ".join(filter(None, (head.publish, head.moved, head.seen))))


def _moved(scope: ScanScope) -> FindingCounts | None:
    """The findings that came and went in the period, as Trends compares its two ends."""
    earlier = data.then(scope)
    return None if earlier is None else data.finding_counts(scope, earlier.scan)


def _numbers(scope: ScanScope) -> None:
    rows = data.period(scope)
    points, delta = rows[-1].points, home.rise(rows)
    line = st.container(horizontal=True, horizontal_alignment="distribute", gap="small")
    with line.container(width=165, gap="xsmall", key="grade"):
        shown = grade_of(points).value + ("" if points is None else f" {points:.0f}")
        st.metric("Grade", shown, **_delta(delta), help=_GRADE_HELP)
        _link("trends", "Trend", scope)
    reach, grave, unread, stored = (line.container(width=165, gap="xsmall") for _ in range(4))
    with reach:
        _reach(scope, rows)
    with grave:
        now = rows[-1].open
        words = f"{now.get('critical', 0):,} · {now.get('high', 0):,}"
        st.metric("⬢ Critical · ▲ high", words, **_change(rows, _grave), help=_GRAVE_HELP)
        _link("findings", "Findings", scope, severity=["critical", "high"])
    with unread:
        number = f"{_unread(rows[-1]):,}"
        st.metric("No grade", number, **_change(rows, _unread), help=_UNREAD_HELP)
        _link("repositories", "Repositories", scope, grade="?")
    with stored:
        number = f"{home.on_tokens(rows[-1]):,}"
        st.metric("Packages on tokens", number, **_change(rows, home.on_tokens), help=_TOKENS_HELP)
        _link("packages", "Packages", scope, ladder=list(ON_TOKENS))


def _reach(scope: ScanScope, rows: Sequence[TrendRow]) -> None:
    """How many packages anyone, and a third party, can get released."""
    now = rows[-1].levels
    st.metric(
        "Anyone · third party",
        f"{now.get('anyone', 0):,} · {now.get('third-party', 0):,}",
        **_change(rows, home.open_to_anyone),
        help=_REACH_HELP,
    )
    _link("packages", "Packages", scope, exposure=["anyone", "third-party"])


_REACH_HELP = (
    "Who can publish: packages that any account can get released, and those that whoever "
    "controls a name that the pipeline fetches can. The change is that of the first."
)
_GRAVE_HELP = "Open findings of critical and of high severity. The change is that of both together."
_UNREAD_HELP = (
    "Repositories without a grade, as a workflow could not be read or was not understood."
)
_TOKENS_HELP = "Uploaded with a stored token or password, alone or beside a trusted path."
_GRADE_HELP = "Mean points of publishing repositories: A from 90, B 75, C 60, D 40."


def _link(view: str, label: str, scope: ScanScope, **query: str | list[str]) -> None:
    st.page_link(
        f"views/{view}.py",
        label=label,
        icon=":material/arrow_forward:",
        query_params={**scope.address, **query},
    )


def _repository_link(scope: ScanScope, owner: str, name: str, words: str, icon: str) -> None:
    whole = name if scope.owner else f"{owner}/{name}"
    st.page_link(
        "views/repository.py",
        label=f"**{label_text(whole)}** {words}",
        icon=icon,
        query_params=page.repository_address(scope, owner, name),
    )


def _got_worse(scope: ScanScope) -> None:
    page.section("Got worse")
    earlier = data.then(scope)
    if earlier is None:
        one, _ = scope.steps
        page.empty(f"One {one} so far: the next one shows what changed.")
        return
    opened = PackageFilter(moved=ExposureMove.OPENED, since=earlier.scan)
    fell = data.count_compared(scope, earlier.scan)[Direction.FELL]
    more = data.count_packages(scope, opened)
    if not fell and not more:
        page.note(f"{signed('pass')} · No score fell, and nothing opened to anyone.")
    with st.container(gap="xsmall", key="lines worse"):
        for row in data.packages(scope, "", opened, 0, SHOWN):
            words = f"Anyone can publish {_package(row)} now"
            _repository_link(scope, row.owner, row.repository, words, ":material/lock_open:")
        if more > SHOWN:
            words = f"and {more - SHOWN:,} more that anyone can publish now"
            _link("packages", words, scope, became=ExposureMove.OPENED)
        for change in data.compared(scope, earlier.scan, Direction.FELL, 0, SHOWN):
            _fall(scope, change)
        if fell > SHOWN:
            _moved_link(scope, earlier, Direction.FELL, f"and {fell - SHOWN:,} more that fell")
        if (moved := _moved(scope)) and moved.new:
            _link("findings", count(moved.new, "new finding"), scope, state="new")


def _moved_link(scope: ScanScope, earlier: ScanScope, way: Direction, words: str) -> None:
    """The way to all repositories that moved so in the period."""
    ends = {"before": str(earlier.scan), "after": str(data.trend(scope)[-1].scan)}
    _link("trends", words, scope, show=COMPARISON, moved=way, **ends)


def _package(row: PackageRow) -> str:
    return label_text(row.package) or "a package whose name was not found"


def _fall(scope: ScanScope, change: ScoreChange) -> None:
    with st.container(gap=None):
        words = f"{home.graded(change)}: {home.why_fell(change)}"
        _repository_link(scope, change.owner, change.repository, words, ":material/trending_down:")
        own = data.of_owner(scope, change.owner)
        row = data.repository(own, change.repository)
        url = commit_url(row) if row is not None else ""
        commit = f" · [commit {row.commit[:7]}]({url})" if row is not None and url else ""
        ask = _ask(scope, change.owner, change.repository, row.ask if row is not None else ())
        page.note(f"{page.day(change.at)} · {cause_of(change)}{commit}{ask}")


def _got_better(scope: ScanScope) -> None:
    """What was closed and what rose in the period, in a few lines."""
    earlier = data.then(scope)
    if earlier is None:
        return
    closed = PackageFilter(moved=ExposureMove.CLOSED, since=earlier.scan)
    shown = data.packages(scope, "", closed, 0, SHOWN)
    rose = data.count_compared(scope, earlier.scan)[Direction.ROSE]
    if not shown and not rose:
        return
    with st.container(gap="xsmall", key="lines better"):
        page.section("Got better")
        for row in shown:
            words = f"Anyone could publish {_package(row)} until {page.day(scope.at)}"
            _repository_link(scope, row.owner, row.repository, words, ":material/lock:")
        if (more := data.count_packages(scope, closed) - len(shown)) > 0:
            words = f"and {more:,} more that are closed"
            _link("packages", words, scope, became=ExposureMove.CLOSED)
        _rises(scope, earlier, rose, {(row.owner, row.repository) for row in shown})


def _rises(
    scope: ScanScope, earlier: ScanScope, rose: int, known: Collection[tuple[str, str]]
) -> None:
    """The repositories that rose most of those that were not named yet, and how many more did."""
    rows = data.compared(scope, earlier.scan, Direction.ROSE, 0, FEW + len(known))
    rest = [row for row in rows if (row.owner, row.repository) not in known]
    for change in rest[:FEW]:
        words = home.graded(change)
        _repository_link(scope, change.owner, change.repository, words, ":material/trending_up:")
    named = len(rows) - len(rest) + min(len(rest), FEW)
    if rose > named:
        _moved_link(scope, earlier, Direction.ROSE, f"and {rose - named:,} more that rose")


def _do_next(scope: ScanScope) -> None:
    page.section("Do next")
    rows = _candidates(scope)
    steps = home.next_steps(rows, SHOWN)
    if not steps:
        page.note(home.nothing_to_do(rows))
    with st.container(gap="xsmall", key="lines next"):
        for step in steps:
            _step(scope, step)
        shown = sum(not step.check for step in steps)
        if (left := _unread(data.trend(scope)[-1]) - shown) > 0:
            words = count(left, "more has no grade", "more have no grade")
            _link("repositories", f"{words}: which?", scope, grade="?")
        _deadlines(scope)


def _step(scope: ScanScope, step: home.NextStep) -> None:
    own = data.of_owner(scope, step.owner)
    ask = _ask(scope, step.owner, step.repository, step.ask)
    with st.container(gap=None):
        words = label_text(step.words)
        _repository_link(scope, step.owner, step.repository, words, ":material/build:")
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            page.note(step.leads_to + ask)
            if step.check:
                _link("findings", "Fix", own, check=step.check, repository=step.repository)


def _ask(scope: ScanScope, owner: str, name: str, owners: Sequence[str]) -> str:
    """Whom to ask, by the file of groups, else by CODEOWNERS."""
    words = data.contact_of(scope, owner, name) or ", ".join(owners[:FEW])
    return f" · ask {label_text(words)}" if words else ""


def _deadlines(scope: ScanScope) -> None:
    """What ends soon, and what is not understood, each with the way to the list."""
    accepted = acceptances(data.findings(scope, data.ACCEPTED))
    if soon := waivers.ending(accepted, scope.at.date()):
        last = date.fromisoformat(min(row.expires for row in soon if row.expires))
        number = sum(row.findings for row in soon)
        words = count(number, "accepted finding counts", "accepted findings count")
        _link("waivers", f"{words} again within 30 days, the first on {last.day} {last:%b}", scope)
    _unrecognized(scope)


def _candidates(scope: ScanScope) -> list[RepositoryRow]:
    unread = data.repositories(scope, RepositoryFilter(grades=("?",)), "-open", 0, SHOWN)
    graded = RepositoryFilter(grades=tuple("ABCDF"))
    return [*unread, *data.repositories(scope, graded, "points", 0, LEFT_TO_GAIN)]


def _unrecognized(scope: ScanScope) -> None:
    """How many release-like jobs are not understood, with the way to the list."""
    number = data.count_gaps(scope, GapFilter(reasons=(GapReason.UNRECOGNIZED,)))
    if number:
        words = count(number, "release-like job is", "release-like jobs are")
        _link(
            "coverage",
            f"{words} not understood: which?",
            scope,
            reason=GapReason.UNRECOGNIZED.value,
        )


def _distributions(scope: ScanScope) -> None:
    now = data.trend(scope)[-1]
    left, middle, right = st.columns(3, gap="large")
    with left:
        page.section("Grades", "Repositories that publish")
        if any(now.grades.get(grade) for grade in "ABCDF"):
            bars_to(
                "repositories",
                "grade",
                bars.grades(now.grades, page.ink()),
                key="grades",
                alt=_words(now.grades, "grade"),
                scope=scope,
            )
        else:
            page.empty("No repository here publishes a package, so there is nothing to grade.")
    with middle:
        page.section("Trusted-publisher ladder", "Packages, from proven to token")
        counts = now.ladders
        if any(counts.values()):
            bars_to(
                "packages",
                "ladder",
                bars.ladder(counts, page.ink()),
                key="rungs",
                alt=_words(counts, "packages"),
                scope=scope,
            )
            with st.expander("Glossary"):
                st.markdown("\n".join(f"- **{w}**: {m}" for w, m in LADDER_MEANING.items()))
        else:
            page.empty("No package was found.")
    with right:
        _levels(scope, now)


def _levels(scope: ScanScope, now: TrendRow) -> None:
    page.section("Who can publish", page.BY_LEVEL)
    if not any(now.levels.values()):
        page.empty("No package was found.")
        return
    bars_to(
        "packages",
        "exposure",
        bars.levels(now.levels, page.ink()),
        key="levels",
        alt=_words(now.levels, "level"),
        scope=scope,
    )
    if beside := without_level(now):
        page.note(beside)


def _words(counts: Mapping[str, int], what: str) -> str:
    return f"By {what}: " + ", ".join(f"{word} {number}" for word, number in counts.items())


def _everywhere(scope: ScanScope) -> None:
    page.section(
        "Checks that cost the most",
        "How many points the mean score gains if one check is fixed everywhere.",
    )
    table(
        home.improvement_table(data.first_things(scope)),
        name="what-to-do-first",
        download=False,
        alt="The checks whose fixes raise the mean score the most",
        nothing="No check costs the mean score a tenth of a point.",
        order=["check", "severity", "repositories", "mean gain"],
        config={
            "mean gain": st.column_config.NumberColumn("Gain", format="+%.1f"),
            "repositories": st.column_config.NumberColumn("Repositories", format="%d"),
        },
    )


def _areas(scope: ScanScope) -> None:
    page.section("Areas", "Mean points where the area applies")
    points = data.trend(scope)[-1].areas
    known = {area: round(value) for area, value in points.items() if value is not None}
    bars_to(
        "repositories",
        "area",
        bars.areas(points, page.ink()),
        key="areas",
        alt=_words(known, "area"),
        scope=scope,
    )


def _standings(scope: ScanScope) -> None:
    """Owners and groups side by side, with their change in the period."""
    for what, rows in data.standings(scope, data.then(scope)).items():
        page.section(f"{what.capitalize()}s side by side", "The fewest points first.")
        table(
            home.standings(rows, what),
            name=f"{what}s",
            height=440,
            alt=f"{what.capitalize()}s with grade, points, change and what is open",
            nothing="",
            config={"change": st.column_config.NumberColumn("Change", format="%+.1f")},
        )


def _owner_card(scope: ScanScope) -> None:
    whose = "The owners' settings" if scope.owner is None else "The owner's settings"
    page.section(whose, "Set once for all repositories; never part of a repository's score.")
    rows = [row for row in data.owner_card(scope) if row.outcome != "not-applicable"]
    if not rows:
        page.empty("No owner settings were read: they need a token.")
        return
    known = home.owner_table(rows)
    if len(known):
        table(
            known,
            name="owner",
            height=360,
            download=False,
            nothing="",
            alt="Settings of the owner, and how many repositories each touches",
            order=["owner", "outcome", "check", "repositories", "what"],
        )
    for sentence in home.unread_settings(rows, several=scope.owner is None):
        st.text(sentence)


SCOPE = page.opening("Home")
_headline(SCOPE)
_numbers(SCOPE)
first, second = st.container(key="first-screen").columns(2, gap="medium")
with first:
    _got_worse(SCOPE)
    _got_better(SCOPE)
with second:
    _do_next(SCOPE)
_distributions(SCOPE)
_standings(SCOPE)
third, fourth = st.columns(2, gap="large")
with third:
    _everywhere(SCOPE)
with fourth:
    _areas(SCOPE)
if not SCOPE.is_narrowed:
    _owner_card(SCOPE)
