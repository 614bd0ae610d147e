"""The file of waivers that a command is given."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from audits.cli.exits import UsageError
from audits.model.outcome import AcceptanceKind
from audits.waivers import Waivers, read_waivers

if TYPE_CHECKING:
    from audits.model.score import Audit, AuditedFinding

_MOST_BYTES = 1024 * 1024


def load_waivers(path: Path | None) -> Waivers:
    """The waivers of a file as of today, once it is said what is wrong with them; UsageError
    where it cannot be read at all.
    """
    today = date.today()
    if path is None:
        return Waivers(today=today)
    try:
        text = path.read_bytes()[:_MOST_BYTES].decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} cannot be read as a file of waivers.", "Give a TOML file in UTF-8."
        ) from error
    # All checks are imported to know their names.
    from audits.unheeded import known_checks

    loaded = read_waivers(text, today, known_checks())
    for problem in loaded.problems:
        typer.echo(f"warning: {path}, {problem.detail}", err=True)
    return loaded


def warn_of(path: Path | None, waivers: Waivers, audit: Audit) -> None:
    """Say which waivers for a repository have expired or accept nothing there.

    Of those for several repositories, that one of them has nothing to accept says nothing.
    """
    name = str(audit.repository.ref)
    used = {f.check for f in (*audit.findings, *audit.beyond) if _is_waived(f)}
    for waiver in waivers.waivers:
        what = f"{path}, line {waiver.line}: the waiver of {waiver.check} for {waiver.repository}"
        if waiver.expires < waivers.today and waiver.covers(name, waiver.check):
            typer.echo(f"warning: {what} expired on {waiver.expires}", err=True)
        elif waiver.repository.lower() == name.lower() and waiver.check not in used:
            typer.echo(f"warning: {what} matches nothing there; delete it", err=True)


def _is_waived(found: AuditedFinding) -> bool:
    accepted = found.acceptance
    return accepted is not None and accepted.kind is AcceptanceKind.WAIVER
