"""Reads the waiver file that a command is given."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from audits.cli.exits import UsageError
from audits.cli.output import say
from audits.model.outcome import AcceptanceKind
from audits.report.escape import printable
from audits.report.words import count
from audits.suppressions.waivers import Waivers, read_waivers

if TYPE_CHECKING:
    from audits.model.score import Audit, AuditedFinding

_MOST_BYTES = 1024 * 1024


def load_waivers(path: Path | None) -> Waivers:
    """The waivers of a file as of today.

    UsageError where it cannot be read, and for a file with mistakes, which it lists all: what
    a mistyped file was meant to accept is anybody's guess.
    """
    today = date.today()
    if path is None:
        return Waivers(today=today)
    try:
        text = _content(path).decode("utf-8")
    except OSError as error:
        raise UsageError(
            f"The waivers {path} cannot be read ({error.strerror}).", "Give a TOML file in UTF-8."
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"The waivers {path} are not UTF-8 (line {line}).", "Save the file in UTF-8."
        ) from error
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
    used = {f.check for f in (*audit.findings, *audit.beyond) if _is_waived(f)}
    for waiver in waivers.waivers:
        what = f"{path}, line {waiver.line}: the waiver of {waiver.check} for {waiver.repository}"
        if waiver.expires < waivers.today and waiver.covers(name, waiver.check):
            say(f"warning: {what} expired on {waiver.expires}", error=True)
        elif waiver.repository.lower() == name.lower() and waiver.check not in used:
            say(f"warning: {what} matches nothing there; delete it", error=True)


def _is_waived(found: AuditedFinding) -> bool:
    accepted = found.acceptance
    return accepted is not None and accepted.kind is AcceptanceKind.WAIVER


def _content(path: Path) -> bytes:
    """The file's bytes; UsageError for what is no usual file, or a huge one."""
    if not path.is_file() and path.exists():
        raise UsageError(f"The waivers {path} are no file.", "Give a TOML file in UTF-8.")
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise UsageError(
            f"The waivers {path} are larger than {_MOST_BYTES // 1024} KiB.", "Split the file."
        )
    return content
