"""``release-audit db``: maintains the store, and the list of advisories for actions."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audits.cli.exits import FINDINGS, UsageError
from audits.cli.github import ApiUrlOption, TokenFileOption
from audits.cli.options import DatabaseOption
from audits.cli.output import say, say_document

if TYPE_CHECKING:
    from audits.model.evidence import AdvisoryList

_MOST_FAULTS = 50

database = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@database.callback()
def maintain() -> None:
    """Maintain the store: check, upgrade, copy and prune it."""


@database.command()
def upgrade(database: DatabaseOption = None) -> None:
    """Bring the store's schema up to date; a new store is made where there is none."""
    from audits.store.open import upgrade as bring_up_to_date

    say(f"The schema is at revision {bring_up_to_date(database)}.")


@database.command()
def check(database: DatabaseOption = None) -> None:
    """Say whether the store is whole: its file, its intervals, and every stored text."""
    from audits.store.maintenance import faults_of
    from audits.store.open import open_store

    with closing(open_store(database, read_only=True)) as store:
        faults = list(islice(faults_of(store), _MOST_FAULTS))
    for fault in faults:
        say(f"fault: {fault}")
    if faults:
        say("advice: restore a backup, or scan again into a new store", error=True)
        raise typer.Exit(FINDINGS)
    say("The store is whole.")


@database.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A new SQLite file.")],
    database: DatabaseOption = None,
) -> None:
    """Copy the store into a new SQLite file, as of one moment, also while a scan runs.

    The copy of a PostgreSQL store is an SQLite file too, which every command can open.
    """
    from audits.store.maintenance import backup as copy
    from audits.store.open import open_store

    with closing(open_store(database, read_only=True)) as store:
        rows = copy(store, target)
    say(f"{rows:,} rows copied to {target}.")


@database.command()
def prune(
    daily: Annotated[
        int, typer.Option("--keep-daily", min=0, metavar="N", help="Of the last N days.")
    ] = 0,
    weekly: Annotated[
        int, typer.Option("--keep-weekly", min=0, metavar="N", help="Of the last N weeks.")
    ] = 0,
    monthly: Annotated[
        int, typer.Option("--keep-monthly", min=0, metavar="N", help="Of the last N months.")
    ] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Keep the newest scan of each of the last days, weeks and months that have any, and of
    each owner the newest; drop the others with what no scan that is left shows.

    Changes of scores with their causes stay, and so do fixed findings with their days.
    """
    from audits.store.maintenance import prune_store
    from audits.store.open import open_store
    from audits.store.write.prune import Retention

    if not daily + weekly + monthly:
        raise UsageError(
            "Nothing says what to keep.", "Give --keep-daily, --keep-weekly or --keep-monthly."
        )
    retention = Retention(daily=daily, weekly=weekly, monthly=monthly)
    with closing(open_store(database)) as store:
        found = prune_store(store, retention, dry_run=dry_run)
    done = "would be dropped" if dry_run else "dropped"
    say(f"{found.scans:,} of {found.of:,} scans {done}, with {found.rows:,} rows.")


@database.command()
def role(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The role to make.")],
    database_name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="The database on the server.")
    ] = "release_audit",
) -> None:
    """Print SQL that makes a PostgreSQL role for the dashboard: it can read, and nothing else."""
    from audits.store.maintenance import role_statements

    say_document(role_statements(name, database_name))


@database.command()
def advisories(
    update: Annotated[
        bool, typer.Option("--update", help="Ask GitHub for the list of today, and keep it.")
    ] = False,
    token_file: TokenFileOption = None,
    api_url: ApiUrlOption = "",
) -> None:
    """Say which list of advisories for actions audits use that ask nobody, or refresh it."""
    from audits.collect.advisories import bundled, keep, newest, with_commits

    known = newest()
    if update:
        known = with_commits(_asked(token_file, api_url), bundled())
        keep(known)
    whole = "complete on that day" if known.complete else "incomplete"
    say(f"{len(known.advisories)} advisories as of {known.taken.isoformat()}, {whole}.")
    say(f"Source: {known.source}")
    if not known.complete:
        say("What the list does not name counts as unknown. Refresh it with --update.")


def _asked(token_file: list[Path] | None, api_url: str) -> AdvisoryList:
    """GitHub's list of today; CollectError where GitHub does not give it."""
    from audits.cli.github import connect
    from audits.collect.errors import CollectError
    from audits.collect.github.advisories import read_advisories
    from audits.collect.github.memory_cache import TransientMemory
    from audits.model.settings import Unseen

    found = read_advisories(connect(token_file, api_url).client(""), TransientMemory())
    if isinstance(found, Unseen):
        raise CollectError(
            f"GitHub did not give its list of advisories: {found.reason}",
            "Try again later, or give a token by --token-file.",
        )
    return found
