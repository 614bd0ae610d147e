"""``release-audit history``: rebuilds earlier states of repositories from their commits."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer
from msgspec import Struct

from audits.cli.exits import UsageError, end_code
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
from audits.cli.scan import OrgOption
from audits.interrupts import exit_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audits.collect.past import PastCollector
    from audits.model.rows import ScoreChange
    from audits.model.source import Gap, RepositoryRef
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


def history(
    folder: PastFolderOption = None,
    since: SinceOption = None,
    every: EveryOption = Every.MONTH,
    org: OrgOption = "",
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
    from audits.cli.scan import folder_collector

    days = _days(since, every)
    collector = folder_collector(folder, org, "")
    if collector is None:
        raise UsageError("There is nothing to rebuild.", "Name a folder of clones by --folder.")
    from audits.cli.plan import make_plan
    from audits.collect.folder.past import FolderPast

    plan = make_plan(index_url=index_url, engine=not no_engine, uploaders=load_uploaders(config))
    asked = _PastAsked(FolderPast(collector=collector), plan, days, database, allow_gaps)
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


class _PastAsked(Struct, frozen=True):
    """What was asked for on the command line."""

    collector: PastCollector
    plan: Plan
    days: tuple[date, ...]
    database: str | None
    allow_gaps: bool


def _rebuild(asked: _PastAsked) -> int:
    """Rebuild the past, print what came of it, and return the exit code."""
    from audits.cli.progress import progress
    from audits.pipeline.past import PastScan
    from audits.report.escape import printable
    from audits.store.open import open_store

    def note(day: date, ref: RepositoryRef) -> None:
        advance(f"{day} {printable(str(ref))}")

    with closing(open_store(asked.database)) as store:
        try:
            with progress("reading commits") as advance:
                scan = PastScan(
                    store=store,
                    plan=asked.plan,
                    collector=asked.collector,
                    days=asked.days,
                    seen=note,
                )
                rebuilt = scan.run()
        except KeyboardInterrupt as stopped:
            say("Stopped; what was rebuilt is kept. Run the same command to continue.", error=True)
            return exit_status(stopped)
        gaps = (*asked.collector.gaps(), *scan.unseen, *scan.faults)
        for line in _lines(store, rebuilt, gaps):
            say(line)
        say(f"Its dashboard: release-audit dashboard{database_words(asked.database)}")
    unread = any(each.asked for each in rebuilt) or any(not gap.optional for gap in gaps)
    return end_code(
        crashed=any(each.crashed for each in rebuilt) or any(g.reason == "crashed" for g in gaps),
        unread=unread and not asked.allow_gaps,
    )


def _lines(store: Store, rebuilt: Sequence[Rebuilt], gaps: Sequence[Gap]) -> Iterator[str]:
    """What was rebuilt, which scores changed when, and what could not be read."""
    from audits.model.timeline import Timeline
    from audits.report.escape import printable
    from audits.report.news import about
    from audits.report.words import count

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
