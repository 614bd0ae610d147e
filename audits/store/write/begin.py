"""Begins a scan: its owner, its row, and its lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from audits.model.timeline import Timeline
from audits.store.chunks import chunks
from audits.store.schema import tables
from audits.store.write import lock
from audits.store.write.ids import insert_returning


class Begun(Struct, frozen=True, kw_only=True):
    """A scan that has begun; ``was_known``: earlier scans may have stored rows of the owner."""

    owner: str
    owner_id: int
    scan_id: int
    was_known: bool


def begin(
    connection: Connection,
    owners: Sequence[str],
    values: Mapping[str, Any],
    timeline: Timeline = Timeline.SCAN,
) -> list[Begun]:
    """Begin a scan of each owner on a timeline, whose rows hold ``values``.

    StoreError while another scan of one of them runs.
    """
    table, scan = tables.owner, tables.scan
    # Sorted, so that two scans of the same owners cannot block each other. An owner is new only
    # where this statement inserts it: another scan may insert it at the same time.
    ordered = sorted(owners, key=str.lower)
    rows = [{"login": o, "key": o.lower(), "timeline": timeline} for o in ordered]
    new = {row.key for row in insert_returning(connection, table, rows, table.c.key)}
    ids: dict[str, int] = {}
    for part in chunks([row["key"] for row in rows]):
        found = select(table.c.key, table.c.id).where(table.c.key.in_(part))
        found = found.where(table.c.timeline == timeline)
        ids |= {row.key: row.id for row in connection.execute(found)}
    for owner in ordered:
        if owner.lower() not in new:
            lock.clear(connection, ids[owner.lower()], owner)
    made = connection.execute(
        scan.insert().returning(scan.c.owner_id, scan.c.id),
        [{**values, "owner_id": ids[owner.lower()]} for owner in owners],
    )
    scans = {row.owner_id: row.id for row in made}
    lock.take(connection, scans, owners)
    return [
        Begun(
            owner=owner,
            owner_id=ids[owner.lower()],
            scan_id=scans[ids[owner.lower()]],
            was_known=owner.lower() not in new,
        )
        for owner in owners
    ]
