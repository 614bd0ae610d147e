"""Registers the commands; each command's module imports what it needs when it runs."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from typing import Annotated, Optional

import typer

from audits import __version__
from audits.cli.output import say, show_log

COMMANDS = {
    "demo": "Scan and show a bundled sample organization.",
    "scan": "Scan and score repositories, and record what changed.",
    "check": "Print the score, findings and next steps of a repository.",
    "who": "Say who can publish each package, and by which path.",
    "fix": "Show the edits that close findings, and write them.",
    "init": "Write a release workflow where there is none.",
    "report": "Print what is new, fixed, reopened and not re-checked.",
    "export": "Write the newest scan as CSV and JSON Lines.",
    "history": "Rebuild the past from commits.",
    "rescore": "Judge earlier scans by the rules of today.",
    "explain": "Explain a check, or list all of them.",
    "doctor": "Say what a token sees, and what a scan would cost.",
    "dashboard": "Open the dashboard in a browser.",
}
"""What each does, in the order of the help; each is a function of the module of its name."""


def application(first: str = "") -> typer.Typer:
    """The command line. Where its first word names a command, that one alone is imported and
    made: for all of them it takes 0.02 s more.
    """
    app = typer.Typer(
        name="release-audit",
        help="How safely does each repository of a GitHub organization ship its packages?",
        no_args_is_help=True,
        suggest_commands=False,  # Click does it too
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(options)
    for name in (first,) if first in COMMANDS else COMMANDS:
        app.command(short_help=COMMANDS[name])(getattr(import_module(f"audits.cli.{name}"), name))
    if first not in COMMANDS:
        from audits.cli.database import database

        app.add_typer(database, name="db", help="Check, upgrade, copy and prune the store.")
    return app


class LogLevel(StrEnum):
    """The least level of log records that are printed."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def _version(wanted: bool) -> None:
    if wanted:
        say(f"release-audit {__version__}")
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    log_level: Annotated[
        Optional[LogLevel],  # noqa: UP045 - Typer reads the annotation at run time
        typer.Option(
            "--log-level",
            metavar="LEVEL",
            help="Print log records from this level on to standard error: debug (each request), info, warning or error.",
            envvar="RELEASE_AUDIT_LOG_LEVEL",
            show_envvar=True,
        ),
    ] = None,
) -> None:
    """Audit how repositories release."""
    if log_level is not None:
        show_log(log_level.upper())
