"""``release-audit demo``: the sample organization, scanned day by day, in the dashboard."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from audits.cli.dashboard import HostOption, PortOption, serve
from audits.cli.exits import UsageError
from audits.cli.options import DatabaseOption, NoEngineOption


def demo(
    database: DatabaseOption = None,
    port: PortOption = 8501,
    host: HostOption = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Serve the dashboard, or only scan.")] = True,
    no_engine: NoEngineOption = False,
) -> None:  # fmt: skip
    """Scan the bundled sample organization as it stood on several days, then show it.

    Ctrl-C stops the dashboard. The sample has a database of its own, made anew each time; no
    scan is recorded beside real ones.
    """
    from audits.cli.progress import progress
    from audits.cli.summary import print_summary
    from audits.sample.demo import sample_database, scan_sample
    from audits.sample.organization import INDEX_URL
    from audits.store.open import open_store
    from audits.waivers import Waivers

    url = database or sample_database()
    with closing(open_store(url)) as store:
        if store.owners():
            raise UsageError(
                f"The database {store.name} holds scans already, and the sample's are invented.",
                "Name a new one with --database, or leave it out.",
            )
        with progress("the sample organization") as advance:
            finished = scan_sample(store, advance, engine=not no_engine)
        print_summary(store, finished[-1:], (), Waivers(today=finished[-1].scan.started.date()))
    if browser:
        raise typer.Exit(serve(url, port=port, host=host, browser=True, index_url=INDEX_URL))
    typer.echo(f"Its dashboard: release-audit dashboard --database {url}")
