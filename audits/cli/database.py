"""``release-audit db``: maintains the store, and the list of advisories for actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from audits.cli.github import ApiUrlOption, TokenFileOption
from audits.cli.options import DatabaseOption
from audits.cli.output import say

if TYPE_CHECKING:
    from pathlib import Path

    from audits.model.evidence import AdvisoryList

database = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@database.callback()
def care() -> None:
    """Care for the store."""


@database.command()
def upgrade(database: DatabaseOption = None) -> None:
    """Bring the store's schema up to date; a new store is made where there is none."""
    from audits.store.open import upgrade as bring_up_to_date

    say(f"The schema is at revision {bring_up_to_date(database)}.")


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


def _asked(token_file: Path | None, api_url: str) -> AdvisoryList:
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
