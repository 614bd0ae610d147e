"""``release-audit demo``: scans the sample organization and opens the dashboard."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from audits.cli.dashboard import HostOption, PortOption, Serving, check_serving, serve
from audits.cli.exits import UsageError
from audits.cli.options import DatabaseOption, NoEngineOption

DemoBrowserOption = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Serve the dashboard, or only scan.")
]


def demo(
    database: DatabaseOption = None,
    port: PortOption = 8501,
    host: HostOption = "127.0.0.1",
    browser: DemoBrowserOption = True,
    no_engine: NoEngineOption = False,
) -> None:
    """Scan the bundled sample organization as it stood on several days, then show it.

    Ctrl-C stops the dashboard. The sample has a database of its own, recreated each time; no
    scan is recorded beside real ones.
    """
    from audits.sample.demo import sample_database
    from audits.sample.organization import INDEX_URL
    from audits.store.open import absolute_address

    if browser:  # what is refused is refused before the scan
        check_serving(Serving(port=port, host=host))
    url = absolute_address(database) if database else sample_database()
    _scan(url, engine=not no_engine)
    if browser:
        serve(Serving(database=url, port=port, host=host, index_url=INDEX_URL))


def _scan(url: str, *, engine: bool) -> None:
    from audits.cli.output import say
    from audits.cli.progress import progress
    from audits.cli.summary import print_summary
    from audits.sample.demo import scan_sample
    from audits.sample.organization import INCIDENT, INDEX_URL
    from audits.store.open import open_store
    from audits.suppressions.waivers import Waivers

    with closing(open_store(url)) as store:
        if store.owners():
            raise UsageError(
                f"The database {store.name} holds scans already, and the sample's are invented.",
                "Name a new one with --database, or leave it out.",
            )
        with progress("the sample organization") as advance:
            finished = scan_sample(store, advance, engine=engine)
        today = finished[-1].scan.started.date()
        print_summary(
            store, finished[-1:], (), Waivers(today=today), database=url, index_url=INDEX_URL
        )
        say(f"An incident to look for, in the dashboard's Incident: the action {INCIDENT}")
