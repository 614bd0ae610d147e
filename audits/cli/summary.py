"""What a scan ends with: grades, what is new, fixed and not re-checked, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

import typer

from audits.model.history import FindingRow
from audits.model.source import Gap
from audits.report.escape import printable
from audits.scan import Scanned
from audits.store.store import Store
from audits.waivers import Waivers

_MOST = 8


def print_summary(
    store: Store, finished: tuple[Scanned, ...], gaps: tuple[Gap, ...], waivers: Waivers
) -> None:
    """Print the summary of finished scans."""
    for scanned in finished:
        for line in _owner_lines(store, scanned):
            typer.echo(line)
    for gap in gaps[:_MOST]:
        typer.echo(f"not seen: {printable(gap.detail)}")
    if len(gaps) > _MOST:
        typer.echo(f"not seen: and {len(gaps) - _MOST} more; 'release-audit export' lists them")
    for waiver in waivers.expired():
        typer.echo(f"expired on {waiver.expires}: the waiver of {waiver.check} for {printable(waiver.repository)} (line {waiver.line})")  # fmt: skip
    for waiver in waivers.expiring():
        typer.echo(f"expires on {waiver.expires}: the waiver of {waiver.check} for {printable(waiver.repository)} (line {waiver.line})")  # fmt: skip
    typer.echo("See it with: release-audit dashboard")


def _owner_lines(store: Store, scanned: Scanned) -> Iterator[str]:
    owner = scanned.scan.owner
    totals = store.totals(owner)
    grades = "  ".join(
        f"{grade} {count}" for grade, count in sorted(totals.grades.items()) if count
    )
    publishing = totals.publishing
    yield f"{printable(owner)}: {scanned.repositories} repositories, {publishing} publish  [{grades}]"
    changes = store.changes(owner, limit=_MOST)
    for word, count, rows in (
        ("new", changes.new_count, changes.new),
        ("fixed", changes.fixed_count, changes.fixed),
        ("reopened", changes.reopened_count, changes.reopened),
        ("not re-checked", changes.not_rechecked_count, changes.not_rechecked),
    ):
        if count:
            yield f"  {word}: {count}"
            yield from (f"    {_finding(row)}" for row in rows)


def _finding(row: FindingRow) -> str:
    place = printable(f"{row.repository} {row.path}:{row.line}")
    return f"{row.severity:<8} {row.check}  {place}"
