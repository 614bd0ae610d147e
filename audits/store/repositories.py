"""Repositories that a scan could not read or did not reach, and those that are gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, update

from audits.model.source import Gap
from audits.store import tables
from audits.store.findings import lose_sight
from audits.store.intervals import Batch, Place, sync
from audits.store.names import chunks
from audits.store.recording import Recording
from audits.store.rows import gap_row
from audits.store.said import Said
from audits.store.tables import OPEN, unreached
from audits.store.words import GONE


def record_unread(connection: Connection, recording: Recording, place: Place, said: Said) -> None:
    """Record that nothing of a known repository could be read: its findings stay open."""
    batch = Batch(connection, [place.repository_id])
    sync(batch, tables.gap, place, said.families["gap"])
    batch.write()
    mark_unreached(connection, recording, [place.repository_id])
    recording.note(place.repository_id, reached=False)


def mark_unreached(connection: Connection, recording: Recording, numbers: Sequence[int]) -> None:
    """List repositories as not reached; nothing that is known of them is closed."""
    for part in chunks(numbers):
        listed = select(unreached.c.repository_id).where(
            unreached.c.repository_id.in_(part), unreached.c.closed == OPEN
        )
        known = set(connection.scalars(listed))
        rows = [
            {
                "owner_id": recording.owner_id, "repository_id": number,
                "opened": recording.scan_id, "closed": OPEN,
            }
            for number in part if number not in known
        ]  # fmt: skip
        if rows:
            connection.execute(unreached.insert(), rows)
        table = tables.repository
        forget = update(table).where(table.c.id.in_(part), table.c.digest.is_not(None))
        connection.execute(forget.values(digest=None))
        recording.digests.update(dict.fromkeys(part))
    lose_sight(connection, recording.scan_id, numbers)


def lose_repositories(connection: Connection, recording: Recording, gone: Iterable[str]) -> None:
    """At the end of a scan: close what is gone, list what was not reached."""
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
    state = tables.state
    alive = select(state.c.repository_id).where(
        state.c.owner_id == recording.owner_id, state.c.closed == OPEN
    )
    missing = set(connection.scalars(alive)) - recording.done
    if missing:
        mark_unreached(connection, recording, sorted(missing))


def record_gaps(
    connection: Connection, recording: Recording, name: str, gaps: Sequence[Gap]
) -> None:
    """Write the gaps of a repository, or of the owner under the name ""."""
    number = recording.number(connection, name)
    place = Place(scan_id=recording.scan_id, owner_id=recording.owner_id, repository_id=number)
    batch = Batch(connection, [number])
    sync(batch, tables.gap, place, [gap_row(gap) for gap in dict.fromkeys(gaps)])
    batch.write()
