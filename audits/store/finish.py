"""The end of a scan: its sums, what changed about the scan itself, and no more writing."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Row,
    Select,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from audits.model.history import ScanRow
from audits.store import tables
from audits.store.codec import dumps, pack
from audits.store.recording import Recording
from audits.store.tables import OPEN
from audits.store.totals import Totals, totals_of


def close_scan(connection: Connection, recording: Recording, finished: datetime) -> ScanRow:
    """Write a scan's sums and finish it; its row is never written again."""
    scan = tables.scan
    at = {"owner": recording.owner_id, "scan": recording.scan_id}
    row = connection.execute(_ending(), at).one()
    before = None
    if row.before:
        before = connection.execute(select(scan).where(scan.c.id == row.before)).one()
    totals = totals_of(connection, recording.owner_id, recording.scan_id, row.before or 0)
    # The highest tier of evidence that was read of a repository, which only the end knows.
    tier = max(row.tier, row.highest or 0)
    changed = _changed(before, row, tier)
    values = {
        "finished": finished, "repositories": row.reached, "not_reached": row.lost,
        "tier": tier, "changed": "|".join(changed), "totals": pack(dumps(Totals, totals)),
    }  # fmt: skip
    unfinished = (scan.c.id == recording.scan_id) & scan.c.finished.is_(None)
    connection.execute(scan.update().where(unfinished).values(**values))
    connection.execute(_forgotten(), at)
    return ScanRow(
        id=row.id, owner=recording.owner, source=row.source, started=row.started,
        finished=finished, tool_version=row.tool_version, policy=row.policy, tier=tier,
        repositories=row.reached, not_reached=row.lost, changed=tuple(changed),
    )  # fmt: skip


def forget_scan(connection: Connection, recording: Recording) -> None:
    """Take back a scan that recorded nothing, and its owner if nothing else is known of it."""
    scan, owner = tables.scan, tables.owner
    unfinished = (scan.c.id == recording.scan_id) & scan.c.finished.is_(None)
    connection.execute(scan.delete().where(unfinished))
    others = [
        select(table.c.id).where(table.c.owner_id == recording.owner_id)
        for table in (scan, tables.repository)
    ]
    unknown = (owner.c.id == recording.owner_id) & ~or_(*(exists(other) for other in others))
    connection.execute(owner.delete().where(unknown))


@cache
def _ending() -> Select[Any]:
    """The scan, how many repositories it reached and did not, the highest tier of a repository
    and the owner's scan before; built once, as a folder's scan may be of many owners.
    """
    scan, progress, unreached, score = tables.scan, tables.progress, tables.unreached, tables.score
    owner: ColumnElement[int] = bindparam("owner")
    number: ColumnElement[int] = bindparam("scan")
    counted, earlier = select(func.count()), scan.alias()
    mine = (progress.c.scan_id == number) & progress.c.reached
    lost = (unreached.c.owner_id == owner) & (unreached.c.closed == OPEN)
    held = (score.c.owner_id == owner) & (score.c.closed == OPEN)
    done = (
        (earlier.c.owner_id == owner) & earlier.c.finished.is_not(None) & (earlier.c.id < number)
    )  # fmt: skip
    return select(
        scan,
        counted.select_from(progress).where(mine).scalar_subquery().label("reached"),
        counted.select_from(unreached).where(lost).scalar_subquery().label("lost"),
        select(func.max(score.c.tier)).where(held).scalar_subquery().label("highest"),
        select(func.max(earlier.c.id)).where(done).scalar_subquery().label("before"),
    ).where(scan.c.id == number)


@cache
def _forgotten() -> Delete:
    """Progress, and what earlier scans of the owner left behind when they were killed."""
    scan, progress = tables.scan, tables.progress
    dead = select(scan.c.id).where(
        scan.c.owner_id == bindparam("owner"), scan.c.id <= bindparam("scan")
    )
    return progress.delete().where(progress.c.scan_id.in_(dead))


def _changed(before: Row[Any] | None, row: Row[Any], tier: int) -> list[str]:
    """What, about the scan itself, differs from the owner's scan before."""
    if before is None:
        return []
    differs = {"policy": before.policy != row.policy, "token": before.tier != tier}
    return [word for word, changed in differs.items() if changed]
