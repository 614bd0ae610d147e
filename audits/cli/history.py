"""``release-audit history``: rebuilds earlier states of repositories from their commits."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from msgspec import Struct

from audits.cli.exits import UsageError, end_code
from audits.cli.github import ApiUrlOption, MaxPointsOption, TokenFileOption
from audits.cli.options import (
    AllowGapsOption,
    ConfigOption,
    DatabaseOption,
    IndexOption,
    NoEngineOption,
    OfflineOption,
    database_words,
)
from audits.cli.output import say
from audits.cli.scan import OrgOption, check_source, folder_collector, folder_of
from audits.collect.errors import WrongFolderError
from audits.interrupts import exit_status
from audits.model.errors import AuditError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from audits.collect.folder.collector import FolderCollector
    from audits.collect.past import PastCollector
    from audits.model.rows import ScoreChange
    from audits.model.source import Gap
    from audits.pipeline.past import Rebuilt
    from audits.pipeline.run import Plan
    from audits.store.store import Store

_MOST_CHANGES = 40


class Every(StrEnum):
    """How far apart the rebuilt states are."""

    WEEK = "week"
    MONTH = "month"


PastFolderOption = Annotated[
    Optional[list[Path]],  # noqa: UP045 - Typer reads the annotation at run time
    typer.Option(
        "--folder",
        parser=folder_of,
        metavar="DIR",
        help="A folder of clones, or of owners' folders; repeat it for more.",
    ),
]
SinceOption = Annotated[
    Optional[datetime],  # noqa: UP045
    typer.Option(
        "--since", metavar="DATE", formats=["%Y-%m-%d"], help="The first day, as in 2024-01-01."
    ),
]
EveryOption = Annotated[
    Every, typer.Option("--every", help="Rebuild each Monday, or each first day of a month.")
]


OwnersArgument = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Argument(metavar="[OWNER]...", help="Accounts on GitHub."),
]


def history(
    owners: OwnersArgument = None,
    folder: PastFolderOption = None,
    since: SinceOption = None,
    every: EveryOption = Every.MONTH,
    org: OrgOption = "",
    token_file: TokenFileOption = None,
    api_url: ApiUrlOption = "",
    max_points: MaxPointsOption = None,
    database: DatabaseOption = None,
    index_url: IndexOption = "",
    config: ConfigOption = None,
    allow_gaps: AllowGapsOption = False,
    no_engine: NoEngineOption = False,
    offline: OfflineOption = False,
) -> None:
    """Rebuild the past from commits, as scans of earlier days that trends show.

    Only files count in them: settings and package indexes of earlier days cannot be read, and
    waivers are left out. Run it again to continue: a past of the same days and rules goes on.
    """
    from audits.cli.configuration import load_uploaders
    from audits.cli.plan import make_plan

    names = tuple(dict.fromkeys(owners or ()))
    check_source(folder, None, list(names), offline)
    days = _days(since, every)
    plan = make_plan(index_url=index_url, engine=not no_engine, uploaders=load_uploaders(config))
    collector = folder_collector(folder, org, "")
    reach = _PastReach(token_file, api_url, max_points)
    asked = _PastAsked(collector, names, reach, plan, days, database, allow_gaps)
    raise typer.Exit(_rebuild(asked))


def _days(since: datetime | None, every: Every) -> tuple[date, ...]:
    """The days that are asked for; UsageError where there is none."""
    from audits.pipeline.past import days_between

    if since is None:
        raise UsageError("The first day is missing.", "Give it as --since 2024-01-01.")
    days = days_between(since.date(), datetime.now(UTC).date(), every)
    if not days:
        raise UsageError(
            f"No {every} begins between {since.date()} and today.", "Give an earlier --since."
        )
    return days


class _PastReach(Struct, frozen=True):
    """How GitHub is reached."""

    token_file: list[Path] | None
    api_url: str
    max_points: int | None


class _PastAsked(Struct, frozen=True):
    """What was asked for on the command line: a folder, or owners on GitHub."""

    folder: FolderCollector | None
    owners: tuple[str, ...]
    reach: _PastReach
    plan: Plan
    days: tuple[date, ...]
    database: str | None
    allow_gaps: bool


def _rebuild(asked: _PastAsked) -> int:
    """Rebuild the past, print what came of it, and return the exit code."""
    from audits.report.escape import printable
    from audits.store.open import open_store

    missed: list[Gap] = []
    rebuilt: list[Rebuilt] = []
    failures: list[AuditError] = []
    with closing(open_store(asked.database)) as store:
        try:
            for collector in _collectors(asked, store):
                try:
                    made, gaps = _one(store, asked, collector())
                except WrongFolderError:
                    raise
                except AuditError as error:
                    failures.append(error)
                    continue
                rebuilt += made
                missed += gaps
                for line in _lines(store, made, gaps):
                    say(line)
        except KeyboardInterrupt as stopped:
            say("Stopped; what was rebuilt is kept. Run the same command to continue.", error=True)
            return exit_status(stopped)
    for failure in failures:
        said = f"error: {printable(failure.message)}\nadvice: {failure.advice}"
        say(said, error=True)
    if rebuilt:
        say(f"Its dashboard: release-audit dashboard{database_words(asked.database)}")
    crashed = any(each.crashed for each in rebuilt) or any(g.reason == "crashed" for g in missed)
    unread = any(each.asked for each in rebuilt) or any(not gap.optional for gap in missed)
    return end_code(
        crashed=crashed or any(failure.is_fault for failure in failures),
        unread=bool(failures) or (unread and not asked.allow_gaps),
    )


def _collectors(asked: _PastAsked, store: Store) -> Iterator[Callable[[], PastCollector]]:
    """What makes the folder's, or that of each owner: CollectError for one costs no other."""
    if asked.folder is not None:
        from audits.collect.folder.past import FolderPast

        yield partial(FolderPast, collector=asked.folder)
        return
    from audits.cli.github import connect
    from audits.collect.github.several_pasts import past_of
    from audits.store.cache import StoreMemory

    reach = asked.reach
    connection = connect(reach.token_file, reach.api_url, max_points=reach.max_points)
    for owner in asked.owners:
        yield partial(past_of, owner, connection, StoreMemory(store))


def _one(
    store: Store, asked: _PastAsked, collector: PastCollector
) -> tuple[tuple[Rebuilt, ...], tuple[Gap, ...]]:
    """What became of one collector's repositories, and what of them is not known."""
    from audits.cli.progress import progress
    from audits.pipeline.past import PastScan
    from audits.report.escape import printable

    with progress("reading commits") as advance:
        scan = PastScan(
            store=store,
            plan=asked.plan,
            collector=collector,
            days=asked.days,
            seen=lambda day, ref: advance(f"{day} {printable(str(ref))}"),
        )
        rebuilt = scan.run()
    return rebuilt, (*collector.gaps(), *scan.unseen, *scan.faults)


def _lines(store: Store, rebuilt: Sequence[Rebuilt], gaps: Sequence[Gap]) -> Iterator[str]:
    """What was rebuilt, which scores changed when, and what could not be read."""
    from audits.model.timeline import Timeline
    from audits.report.escape import printable
    from audits.report.news import about
    from audits.report.phrases import count

    for each in rebuilt:
        name = printable(each.owner)
        if not each.days:
            yield f"{name}: nothing is known of these days"
            continue
        if each.started_anew:
            yield f"{name}: rebuilt from the beginning, as the days or the rules are others"
        kept = f", {each.earlier} of them before" if each.earlier else ""
        yield (
            f"{name}: {count(len(each.days), 'day')} from {each.days[0]} to {each.days[-1]} "
            f"rebuilt{kept}; {count(each.repositories, 'repository', 'repositories')}, "
            f"{count(each.audited, 'audit')}, {each.same} times nothing differed"
        )
        if store.latest_scan(each.owner) is None:
            yield f"{name}: no scan yet; the dashboard shows the past beside scans, so scan it too"
        changes = store.score_changes(each.owner, since=0, timeline=Timeline.REBUILT)
        yield from _changes(changes)
    for gap in gaps:
        yield f"not seen: {printable(about(gap.subject, gap.detail))}"


def _changes(changes: Sequence[ScoreChange]) -> Iterator[str]:
    """Which scores changed and when, the oldest first."""
    from audits.report.escape import printable

    if len(changes) > _MOST_CHANGES:
        yield f"  the newest {_MOST_CHANGES} of {len(changes)} changes of scores:"
    for row in reversed(changes[:_MOST_CHANGES]):
        checks = f"  {', '.join(row.checks)}" if row.checks else ""
        yield (
            f"  {row.at.date()}  {printable(row.repository)}  {_score(row.grade_before, row.before)}"
            f" → {_score(row.grade_after, row.after)}{checks}"
        )


def _score(grade: str, points: float | None) -> str:
    return grade or "-" if points is None else f"{grade} {points:g}"
