"""What is known of other repositories, once per owner rather than once per use."""

from __future__ import annotations

from audits.model.evidence import ResolvedRef
from audits.model.repository import Repository
from audits.store.base import Connected
from audits.store.codec import dumps
from audits.store.recording import Recording
from audits.store.tables import OPEN, reference
from audits.store.uses import Use, references_of


def keep_references(
    store: Connected, recording: Recording, repository: Repository, uses: list[Use]
) -> bool:
    """Write refs that are new or have changed; returns whether there were any."""
    changed: dict[tuple[str, str], tuple[ResolvedRef, str]] = {}
    for ref in references_of(repository, uses):
        key = (ref.slug, ref.ref)
        if key not in recording.seen_references:
            recording.seen_references.add(key)
            value = dumps(ResolvedRef, ref)
            if recording.references.get(key) != value:
                changed[key] = (ref, value)
    if not changed:
        return False
    table, scan_id = reference, recording.scan_id
    with store.writing() as connection:
        for (slug, ref_name), (ref, value) in changed.items():
            held = (
                (table.c.owner_id == recording.owner_id) & (table.c.closed == OPEN)
                & (table.c.slug == slug) & (table.c.ref == ref_name)
            )  # fmt: skip
            connection.execute(table.delete().where(held, table.c.opened == scan_id))
            connection.execute(table.update().where(held).values(closed=scan_id))
            connection.execute(table.insert().values(
                owner_id=recording.owner_id, slug=slug, ref=ref_name, opened=scan_id,
                closed=OPEN, value=value, newest_release=ref.newest_release,
                archived=ref.archived, exists=ref.exists,
            ))  # fmt: skip
            recording.references[(slug, ref_name)] = value
    return True
