"""``release-audit export``: writes the newest scan as CSV and JSON Lines."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated, Optional

import typer

from audits.cli.exits import FAULT
from audits.cli.options import DatabaseOption, WaiversOption
from audits.cli.output import say


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the files.")],
    owner: Annotated[Optional[str], typer.Option("--owner", help="Only this owner.")] = None,  # noqa: UP045
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin each CSV file with a byte order mark, for Excel.")
    ] = False,
    with_fixed: Annotated[
        bool, typer.Option("--with-fixed", help="Write fixed findings too, with the day.")
    ] = False,
    waivers: WaiversOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write the newest scan as a Frictionless Data Package.

    With --waivers, waivers.csv has the entries of that file that accept nothing, too.
    """
    from audits.cli.waivers import load_waivers
    from audits.report.export import export as write
    from audits.report.phrases import count
    from audits.store.open import open_store

    loaded = None if waivers is None else load_waivers(waivers)
    with closing(open_store(database, read_only=True)) as store:
        tables = write(store, folder, owner=owner, bom=bom, fixed=with_fixed, waivers=loaded)
    for table in tables:
        say(f"{table.rows:>8} rows  {folder / table.name}.csv")
    failed = [table for table in tables if table.faults]
    for table in failed:
        rows = count(table.faults, "row")
        say(f"error: {rows} of {table.name} could not be written: {table.log}", error=True)
    if failed:
        raise typer.Exit(FAULT)
