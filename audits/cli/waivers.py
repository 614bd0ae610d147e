"""Reads the waiver file that a command is given."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from audits.cli.exits import UsageError
from audits.cli.output import say
from audits.cli.text_file import read_text_file
from audits.model.outcome import AcceptanceKind
from audits.report.escape import printable
from audits.report.phrases import count
from audits.suppressions.waivers import Waivers, read_waivers

if TYPE_CHECKING:
    from audits.model.score import Audit, AuditedFinding


def load_waivers(path: Path | None) -> Waivers:
    """The waivers of a file as of today.

    UsageError where it cannot be read, and for a file with mistakes, which it lists all: what
    a mistyped file was meant to accept is anybody's guess.
    """
    today = date.today()
    if path is None:
        return Waivers(today=today)
    text = read_text_file(path, "waiver file")
    # All checks are imported to know their names.
    from audits.suppressions.ineffective import known_checks

    loaded = read_waivers(text, today, known_checks())
    if loaded.problems:
        lines = "".join(f"\n  {printable(problem.detail)}" for problem in loaded.problems)
        mistakes = count(len(loaded.problems), "mistake", "mistakes")
        raise UsageError(
            f"The waivers {path} have {mistakes}:{lines}",
            "Correct them all; until then nothing runs.",
        )
    return loaded


def warn_of(path: Path | None, waivers: Waivers, audit: Audit) -> None:
    """Say which waivers for a repository have expired or accept nothing there.

    Of those for several repositories, that one of them has nothing to accept says nothing.
    """
    name = str(audit.repository.ref)
    every = (*audit.findings, *audit.beyond)
    used = {(f.check, f.finding.at.path) for f in every if _is_waived(f)}
    for waiver in waivers.waivers:
        what = f"{path}, line {waiver.line}: the waiver of {waiver.check} for {waiver.repository}"
        if waiver.expires < waivers.today and waiver.concerns(name, waiver.check):
            say(f"warning: {what} expired on {waiver.expires}", error=True)
        elif waiver.repository.lower() == name.lower() and not any(
            waiver.covers(name, check, at) for check, at in used
        ):
            say(f"warning: {what} matches nothing there; delete it", error=True)


def _is_waived(found: AuditedFinding) -> bool:
    accepted = found.acceptance
    return accepted is not None and accepted.kind is AcceptanceKind.WAIVER
