"""The end of a scan: its sums, what changed about the scan itself, and no more writing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from audits.model.history import ScanRow
from audits.store import tables
from audits.store.codec import dumps, pack
from audits.store.recording import Recording
from audits.store.tables import OPEN
from audits.store.totals import Totals, totals_of


def close_scan(connection: Connection, recording: Recording, finished: datetime) -> ScanRow:
    """Write a scan's sums and finish it; its row is never written again."""
    scan, progress, unreached = tables.scan, tables.progress, tables.unreached
    row = connection.execute(select(scan).where(scan.c.id == recording.scan_id)).one()
    before = connection.execute(
        select(scan)
        .where(
            scan.c.owner_id == recording.owner_id, scan.c.finished.is_not(None),
            scan.c.id < recording.scan_id,
        )
        .order_by(scan.c.id.desc()).limit(1)
    ).first()  # fmt: skip
    mine = progress.c.scan_id == recording.scan_id
    counted = select(func.count())
    reached = connection.scalar(counted.select_from(progress).where(mine, progress.c.reached))
    lost = connection.scalar(
        counted.select_from(unreached)
        .where(unreached.c.owner_id == recording.owner_id, unreached.c.closed == OPEN)
    )  # fmt: skip
    totals = totals_of(
        connection, recording.owner_id, recording.scan_id, before.id if before else 0
    )
    tier = max(row.tier, _tier(connection, recording.owner_id))
    changed = _changed(before, row, tier)
    values = {
        "finished": finished, "repositories": int(reached or 0), "not_reached": int(lost or 0),
        "tier": tier, "changed": "|".join(changed), "totals": pack(dumps(Totals, totals)),
    }  # fmt: skip
    unfinished = (scan.c.id == recording.scan_id) & scan.c.finished.is_(None)
    connection.execute(scan.update().where(unfinished).values(**values))
    # What earlier scans of the owner left behind when they were killed goes too.
    dead = select(scan.c.id).where(
        scan.c.owner_id == recording.owner_id, scan.c.id <= recording.scan_id
    )
    connection.execute(progress.delete().where(progress.c.scan_id.in_(dead)))
    return ScanRow(
        id=row.id, owner=recording.owner, source=row.source, started=row.started,
        finished=finished, tool_version=row.tool_version, policy=row.policy, tier=tier,
        repositories=int(reached or 0), not_reached=int(lost or 0), changed=tuple(changed),
    )  # fmt: skip


def _tier(connection: Connection, owner_id: int) -> int:
    """The highest tier of evidence that was read of a repository, which only its end knows."""
    score = tables.score
    mine = (score.c.owner_id == owner_id) & (score.c.closed == OPEN)
    return int(connection.scalar(select(func.max(score.c.tier)).where(mine)) or 0)


def _changed(before: Row[Any] | None, row: Row[Any], tier: int) -> list[str]:
    """What, about the scan itself, differs from the owner's scan before."""
    if before is None:
        return []
    differs = {"policy": before.policy != row.policy, "token": before.tier != tier}
    return [word for word, changed in differs.items() if changed]
