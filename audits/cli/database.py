"""``release-audit db``: maintains the store."""

from __future__ import annotations

import typer

from audits.cli.options import DatabaseOption
from audits.cli.output import say

database = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@database.callback()
def care() -> None:
    """Care for the store."""


@database.command()
def upgrade(database: DatabaseOption = None) -> None:
    """Bring the store's schema up to date; a new store is made where there is none."""
    from audits.store.open import upgrade as bring_up_to_date

    say(f"The schema is at revision {bring_up_to_date(database)}.")
