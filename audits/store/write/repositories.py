"""Writes repositories that a scan could not read, did not reach, or found deleted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, update

from audits.store.chunks import chunks
from audits.store.schema import tables
from audits.store.schema.codes import GONE
from audits.store.schema.tables import OPEN, unreached
from audits.store.write.findings import mark_not_rechecked
from audits.store.write.intervals import Batch, RepositoryKey, sync
from audits.store.write.record import AuditRecord
from audits.store.write.recording import Recording


def record_unread(
    connection: Connection, recording: Recording, place: RepositoryKey, record: AuditRecord
) -> None:
    """Record that nothing of a known repository could be read; its findings stay open."""
    batch = Batch(connection, [place.repository_id])
    sync(batch, tables.gap, place, record.families["gap"])
    batch.write()
    mark_unreached(connection, recording, [place.repository_id])
    recording.note(place.repository_id, reached=False)


def mark_unreached(connection: Connection, recording: Recording, numbers: Sequence[int]) -> None:
    """List repositories as not reached; their rows stay, findings as not re-checked."""
    for part in chunks(numbers):
        listed = select(unreached.c.repository_id).where(
            unreached.c.repository_id.in_(part), unreached.c.closed == OPEN
        )
        known = set(connection.scalars(listed))
        rows = [
            {
                "owner_id": recording.owner_id,
                "repository_id": number,
                "opened": recording.scan_id,
                "closed": OPEN,
            }
            for number in part
            if number not in known
        ]
        if rows:
            connection.execute(unreached.insert(), rows)
        table = tables.repository
        forget = update(table).where(table.c.id.in_(part), table.c.digest.is_not(None))
        connection.execute(forget.values(digest=None))
        recording.digests.update(dict.fromkeys(part))
    mark_not_rechecked(connection, recording.scan_id, numbers)


def close_gone(connection: Connection, recording: Recording, gone: Iterable[str]) -> None:
    """Close all rows of repositories that are deleted or out of scope."""
    left = [n for name in gone if (n := recording.repositories.get(name.lower())) is not None]
    for table in tables.FAMILIES:
        values = {"closed": recording.scan_id}
        if table is tables.finding:
            values["ended"] = GONE
        for part in chunks(left):
            mine = table.c.repository_id.in_(part) & (table.c.closed == OPEN)
            connection.execute(table.update().where(mine).values(**values))
    for part in chunks(left):
        table = tables.repository
        connection.execute(table.update().where(table.c.id.in_(part)).values(digest=None))


def lose_repositories(connection: Connection, recordings: Sequence[Recording]) -> None:
    """List the known repositories that these scans, which end, did not reach."""
    state = tables.state
    alive: dict[int, set[int]] = {}
    for part in chunks(recording.owner_id for recording in recordings):
        held = state.c.owner_id.in_(part) & (state.c.closed == OPEN)
        for row in connection.execute(select(state.c.owner_id, state.c.repository_id).where(held)):
            alive.setdefault(row.owner_id, set()).add(row.repository_id)
    for recording in recordings:
        missing = alive.get(recording.owner_id, set()) - recording.done
        if missing:
            mark_unreached(connection, recording, sorted(missing))
