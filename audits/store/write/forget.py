"""Deletes a rebuilt or rescored timeline, which can be made again."""

from __future__ import annotations

from sqlalchemy import Connection, select

from audits.model.timeline import Timeline
from audits.store.schema import tables
from audits.store.write import lock


def forget_owner(connection: Connection, owner: str, timeline: Timeline) -> None:
    """Delete an owner's timeline; texts and packed facts stay, as scans may share them.

    StoreError while the timeline is being written.
    """
    own, scan = tables.owner, tables.scan
    mine = select(own.c.id).where(own.c.key == owner.lower(), own.c.timeline == timeline)
    number = connection.scalar(mine)
    if number is None:
        return
    lock.clear(connection, number, owner)
    scans = select(scan.c.id).where(scan.c.owner_id == number)
    connection.execute(tables.progress.delete().where(tables.progress.c.scan_id.in_(scans)))
    for table in (*tables.FAMILIES, tables.reference, tables.score_change):
        connection.execute(table.delete().where(table.c.owner_id == number))
    for table in (scan, tables.repository):
        connection.execute(table.delete().where(table.c.owner_id == number))
    connection.execute(own.delete().where(own.c.id == number))
