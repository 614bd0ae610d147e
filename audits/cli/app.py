"""The commands, gathered; each command's module imports what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from audits import __version__
from audits.cli.check import check
from audits.cli.dashboard import dashboard
from audits.cli.database import database
from audits.cli.demo import demo
from audits.cli.doctor import doctor
from audits.cli.explain import explain
from audits.cli.export import export
from audits.cli.report import report
from audits.cli.scan import scan

app = typer.Typer(
    name="release-audit",
    help="How safely does each repository of a GitHub organization ship its packages?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"release-audit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:  # fmt: skip
    """Audit how repositories release."""


for command in (demo, scan, check, report, export, explain, doctor, dashboard):
    app.command()(command)
app.add_typer(database, name="db", help="Care for the store.")
