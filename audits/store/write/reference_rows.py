"""Writes what refs of other repositories are, once for each owner."""

from __future__ import annotations

from sqlalchemy import Connection

from audits.store.schema.tables import OPEN, reference
from audits.store.write.recording import Recording
from audits.store.write.references import Reference


def new_references(recording: Recording, references: tuple[Reference, ...]) -> list[Reference]:
    """Those that are new or have changed since the last scan, each once in a scan."""
    found = []
    for one in references:
        key = (one.slug, one.ref)
        if key not in recording.seen_references:
            recording.seen_references.add(key)
            if recording.references.get(key) != one.value:
                found.append(one)
    return found


def keep_references(
    connection: Connection, recording: Recording, references: list[Reference]
) -> None:
    """Write refs that are new or have changed."""
    table = reference
    for new in references:
        held = (
            (table.c.owner_id == recording.owner_id)
            & (table.c.closed == OPEN)
            & (table.c.slug == new.slug)
            & (table.c.ref == new.ref)
        )
        if (new.slug, new.ref) in recording.references:
            mine = table.c.opened == recording.scan_id
            connection.execute(table.delete().where(held, mine))
            connection.execute(table.update().where(held).values(closed=recording.scan_id))
        recording.references[(new.slug, new.ref)] = new.value
    if references:
        connection.execute(
            table.insert(),
            [
                {
                    "owner_id": recording.owner_id,
                    "slug": new.slug,
                    "ref": new.ref,
                    "opened": recording.scan_id,
                    "closed": OPEN,
                    "value": new.value,
                    "newest_release": new.newest_release,
                    "archived": new.archived,
                }
                for new in references
            ],
        )
