"""``release-audit rescore``: judges stored scans by today's rules."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from audits.cli.exits import UsageError, end_code
from audits.cli.options import ConfigOption, DatabaseOption, IndexOption, NoEngineOption
from audits.cli.output import say
from audits.interrupts import exit_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audits.pipeline.rescore import Rescored
    from audits.store.store import Store

_MOST_ROWS = 24


def rescore(
    owner: Annotated[
        Optional[str],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option("--owner", help="Only this owner."),
    ] = None,
    database: DatabaseOption = None,
    index_url: IndexOption = "",
    config: ConfigOption = None,
    no_engine: NoEngineOption = False,
) -> None:
    """Judge what scans stored by today's rules, so that a trend can be drawn under one policy.

    The scans keep the numbers that they had; the new ones stand beside them. No request is
    made: files, settings and evidence are those of each scan, and so is what was accepted.
    """
    from audits.cli.configuration import load_uploaders
    from audits.cli.plan import make_plan
    from audits.cli.progress import progress
    from audits.pipeline.rescore import Rescore
    from audits.report.escape import printable
    from audits.store.open import open_store

    plan = make_plan(index_url=index_url, engine=not no_engine, uploaders=load_uploaders(config))
    with closing(open_store(database)) as store:
        owners = _owners(store, owner)
        try:
            with progress("judging") as advance:
                running = Rescore(
                    store=store, plan=plan, seen=lambda _, ref: advance(printable(str(ref)))
                )
                made = running.run(owners)
        except KeyboardInterrupt as stopped:
            say("Stopped; what was judged is kept. Run the same command to continue.", error=True)
            raise typer.Exit(exit_status(stopped)) from None
        for each in made:
            for line in _lines(store, each):
                say(line)
    crashed = bool(running.faults) or any(each.crashed for each in made)
    raise typer.Exit(end_code(crashed=crashed, unread=False))


def _owners(store: Store, owner: str | None) -> tuple[str, ...]:
    """Whose scans are judged; UsageError where there are none."""
    known = store.owners()
    if owner is None:
        return known
    found = tuple(login for login in known if login.lower() == owner.lower())
    if not found:
        raise UsageError(f"No scan of {owner} is stored.", "Choose one of those that were scanned.")
    return found


def _lines(store: Store, made: Rescored) -> Iterator[str]:
    """What was judged, and the newest scans' mean points as they were and by today's rules."""
    from audits.model.timeline import Timeline
    from audits.report.escape import printable
    from audits.report.phrases import count

    kept = f", {made.earlier} of them before" if made.earlier else ""
    audits = count(made.audited, "audit")
    yield f"{printable(made.owner)}: {count(made.scans, 'scan')} judged{kept}, {audits}"
    seen = store.trend(made.owner, limit=_MOST_ROWS)
    judged = {row.at: row for row in store.trend(made.owner, timeline=Timeline.RESCORED)}
    for row in seen:
        now = judged.get(row.at)
        after = "not judged" if now is None else _points(now.points)
        yield f"  {row.at:%Y-%m-%d %H:%M}  {_points(row.points)} by {row.policy} → {after}"


def _points(points: float | None) -> str:
    return "no score" if points is None else f"{points:.1f}"
