"""Groups accepted findings by the waiver or comment that accepts them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from audits.model.outcome import AcceptanceKind
from audits.model.rows import FindingRow, WaiverRow
from audits.suppressions.waivers import Waiver, Waivers

STATES = ("accepts", "accepts-nothing", "expired")


def acceptances(rows: Iterable[FindingRow]) -> list[WaiverRow]:
    """Accepted findings by what accepts them and by file, those that end first at the top."""
    found: dict[tuple[object, ...], list[FindingRow]] = {}
    for row in rows:
        key = (
            row.owner,
            row.repository,
            row.path,
            row.check,
            row.severity,
            row.acceptance,
            row.accepted,
            row.responsible,
            row.acceptance_reason,
            row.ticket,
            row.expires,
        )
        found.setdefault(key, []).append(row)
    made = [_acceptance(group[0], len(group)) for group in found.values()]
    return sorted(made, key=_order)


def _order(row: WaiverRow) -> tuple[str, ...]:
    return (row.expires or "9", row.owner.lower(), row.repository.lower(), row.check, row.path)


def _acceptance(row: FindingRow, findings: int) -> WaiverRow:
    return WaiverRow(
        owner=row.owner,
        repository=row.repository,
        path=row.path,
        check=row.check,
        severity=row.severity,
        acceptance=row.acceptance,
        counts=row.accepted,
        responsible=row.responsible,
        reason=row.acceptance_reason,
        ticket=row.ticket,
        expires=row.expires,
        findings=findings,
    )


def without_effect(waivers: Iterable[Waiver], rows: Sequence[WaiverRow]) -> list[Waiver]:
    """The waivers in force that accept none of these findings."""
    held = [row for row in rows if row.acceptance == AcceptanceKind.WAIVER]
    return [
        waiver
        for waiver in waivers
        if not any(waiver.covers(f"{r.owner}/{r.repository}", r.check, r.path) for r in held)
    ]


def idle_entries(waivers: Waivers, rows: Sequence[WaiverRow]) -> Iterator[WaiverRow]:
    """The entries of a waiver file that accept none of these findings, or have expired."""
    for waiver in without_effect(waivers.active(), rows):
        yield _entry(waiver, "accepts-nothing")
    for waiver in waivers.expired():
        yield _entry(waiver, "expired")


def _entry(waiver: Waiver, state: str) -> WaiverRow:
    owner, _, name = waiver.repository.partition("/")
    return WaiverRow(
        owner=owner,
        repository=name or "*",
        path=waiver.path,
        check=waiver.check,
        severity="",
        acceptance=AcceptanceKind.WAIVER.value,
        responsible=waiver.responsible,
        reason=waiver.reason,
        ticket=waiver.ticket,
        expires=waiver.expires.isoformat(),
        findings=0,
        state=state,
    )
