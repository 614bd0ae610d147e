"""Content of the Waivers view: what is accepted, by whom, until when, and what accepts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

import pandas as pd
from msgspec import Struct

from audits.model.rows import FindingRow
from audits.suppressions.waivers import WARN_BEFORE, Waiver
from dashboard.frames.cells import frame_of, visible
from dashboard.theme import signed

ORDER = (
    "check",
    "severity",
    "repository",
    "file",
    "places",
    "by",
    "responsible",
    "reason",
    "ticket",
    "expires",
)


class Accepted(Struct, frozen=True, kw_only=True):
    """What one waiver or comment accepts in one file; ``places`` are the findings."""

    owner: str
    repository: str
    path: str
    check: str
    severity: str
    by: str
    counts: bool
    responsible: str
    reason: str
    ticket: str
    expires: date | None
    places: int


def accepted(rows: Iterable[FindingRow]) -> list[Accepted]:
    """Accepted findings by what accepts them, those that end first at the top."""
    found: dict[tuple[object, ...], list[FindingRow]] = {}
    for row in rows:
        key = (
            row.owner,
            row.repository,
            row.path,
            row.check,
            row.acceptance,
            row.accepted,
            row.responsible,
            row.acceptance_reason,
            row.ticket,
            row.expires,
        )
        found.setdefault(key, []).append(row)
    made = [_accepted(group[0], len(group)) for group in found.values()]
    return sorted(made, key=lambda a: (a.expires or date.max, a.owner, a.repository, a.check))


def _accepted(row: FindingRow, places: int) -> Accepted:
    return Accepted(
        owner=row.owner,
        repository=row.repository,
        path=row.path,
        check=row.check,
        severity=row.severity,
        by=row.acceptance,
        counts=row.accepted,
        responsible=row.responsible,
        reason=row.acceptance_reason,
        ticket=row.ticket,
        expires=date.fromisoformat(row.expires) if row.expires else None,
        places=places,
    )


def ending(rows: Iterable[Accepted], day: date, within: timedelta = WARN_BEFORE) -> list[Accepted]:
    """Those that end within 30 days of a day."""
    return [row for row in rows if row.expires is not None and row.expires <= day + within]


def table(rows: Sequence[Accepted]) -> pd.DataFrame:
    """One acceptance a line."""
    return frame_of(
        (
            {
                "check": row.check,
                "severity": signed(row.severity),
                "owner": visible(row.owner),
                "repository": visible(row.repository),
                "file": visible(row.path),
                "places": row.places,
                "by": row.by if row.counts else f"{row.by}, not counted",
                "responsible": visible(row.responsible),
                "reason": visible(row.reason),
                "ticket": visible(row.ticket),
                "expires": row.expires.isoformat() if row.expires else "",
            }
            for row in rows
        ),
        ("check", "severity", "owner", *ORDER[2:]),
    )


def without_effect(waivers: Iterable[Waiver], rows: Sequence[Accepted]) -> list[Waiver]:
    """The waivers in force that accept none of these findings."""
    held = [row for row in rows if row.by == "waiver"]
    return [
        waiver
        for waiver in waivers
        if not any(waiver.covers(f"{r.owner}/{r.repository}", r.check, r.path) for r in held)
    ]


def entries(waivers: Iterable[Waiver]) -> pd.DataFrame:
    """Entries of the waiver file, one a line."""
    return frame_of(
        (
            {
                "line": waiver.line,
                "check": visible(waiver.check),
                "repositories": visible(waiver.repository),
                "files": visible(waiver.path) or "every file",
                "responsible": visible(waiver.responsible),
                "reason": visible(waiver.reason),
                "ticket": visible(waiver.ticket),
                "expires": waiver.expires.isoformat(),
            }
            for waiver in waivers
        ),
        ("line", "check", "repositories", "files", "responsible", "reason", "ticket", "expires"),
    )
