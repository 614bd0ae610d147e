"""``release-audit who``: says who can publish each package, by which path, and what cuts it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from audits.cli.check import CheckOptions, audit_target, exit_code_of, find_targets
from audits.cli.github import ApiUrlOption, TokenFileOption, connect
from audits.cli.options import (
    AllowGapsOption,
    AsOfOption,
    ConfigOption,
    FailOn,
    Format,
    IndexOption,
    OfflineOption,
    OnlineOption,
    RegistryOption,
    TargetHostOption,
    TargetsArgument,
    WaiversOption,
    day_of,
)

if TYPE_CHECKING:
    from audits.model.score import Audit

_CHECK = "outsider-can-publish"


class WhoFormat(StrEnum):
    """How paths are printed."""

    TEXT = "text"
    JSON = "json"


def who(
    paths: TargetsArgument = None,
    form: Annotated[WhoFormat, typer.Option("--format", help="How to print.")] = WhoFormat.TEXT,
    allow_gaps: AllowGapsOption = False,
    waivers: WaiversOption = None,
    config: ConfigOption = None,
    index_url: IndexOption = "",
    registry: RegistryOption = None,
    online: OnlineOption = False,
    offline: OfflineOption = False,
    as_of: AsOfOption = None,
    token_file: TokenFileOption = None,
    api_url: ApiUrlOption = "",
    host: TargetHostOption = "",
) -> None:
    """Say who can publish each package: anyone, a third party, one writer, or two people.

    Ends with 1 where anyone can and no waiver accepts it.
    """
    from audits.cli.configuration import load_uploaders
    from audits.cli.waivers import load_waivers

    targets = find_targets(paths or ["."], Format.TEXT, online, offline, api_url, host)
    loaded = load_waivers(waivers)
    day, own = day_of(as_of), load_uploaders(config)
    named = tuple(registry or ())
    options = CheckOptions(index_url, named, False, False, online, loaded, day, own)
    audits = [
        audit_target(target, options, lambda: connect(token_file, api_url, host=host))
        for target in targets
    ]
    _print(audits, form)
    raise typer.Exit(exit_code_of(audits, FailOn.INFO, allow_gaps, only=_CHECK))


def _print(audits: Sequence[Audit], form: WhoFormat) -> None:
    from audits.cli.output import say, say_document, styled

    if form is WhoFormat.TEXT:
        from audits.report.exposure import who_lines

        say("\n\n".join("\n".join(who_lines(audit, styled)) for audit in audits))
        return
    from audits import __version__
    from audits.report.json import who_document

    documents = [who_document(audit, __version__) for audit in audits]
    shown = documents[0] if len(documents) == 1 else documents
    say_document(json.dumps(shown, indent=2) + "\n")
