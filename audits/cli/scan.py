"""``release-audit scan``: an owner or a folder into the store."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Optional

import typer

from audits.cli.exits import UsageError
from audits.cli.options import (
    AllOption,
    DatabaseOption,
    IndexOption,
    NoEngineOption,
    OfflineOption,
    WaiversOption,
)


def scan(
    folder: Annotated[Optional[Path], typer.Option("--folder", metavar="DIR", help="A folder of repositories, or of owners' folders.")] = None,  # noqa: UP045
    org: Annotated[str, typer.Option("--org", metavar="NAME", help="The owner of the folder's repositories; default: its name.")] = "",
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="The web host that links lead to.")] = "github.com",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a scan that was stopped.")] = False,
    database: DatabaseOption = None,
    index_url: IndexOption = "",
    waivers: WaiversOption = None,
    everything: AllOption = False,
    no_engine: NoEngineOption = False,
    offline: OfflineOption = False,
) -> None:  # fmt: skip
    """Scan repositories, score them, and record what changed."""
    from audits.cli.plan import index_facts, load_waivers, make_plan
    from audits.cli.progress import progress
    from audits.cli.summary import print_summary
    from audits.collect.folder import FolderCollector
    from audits.report.escape import printable
    from audits.scan import Scanner
    from audits.store.open import open_store

    if folder is None:
        raise UsageError("There is nothing to scan.", "Give --folder DIR.")
    loaded = load_waivers(waivers, date.today())
    collector = FolderCollector(folder=folder, owner=org, host=host)
    plan = make_plan(
        index_url=index_url,
        waivers=loaded,
        engine=not no_engine,
        everything=everything,
        facts=index_facts(index_url, offline=offline),
    )
    store = open_store(database)
    with progress("reading") as advance:
        finished = Scanner(store, plan, resume=resume).run(
            collector, lambda audit: advance(printable(str(audit.repository.ref)))
        )
    for problem in loaded.problems:
        typer.echo(f"warning: {waivers}, {problem.detail}", err=True)
    print_summary(store, finished, collector.gaps(), loaded)
