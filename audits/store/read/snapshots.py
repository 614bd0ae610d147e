"""Reads stored texts, snapshots and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from audits.model.evidence import AdvisoryList, PackageEvidence, ResolvedRef
from audits.model.settings import OwnerSettings, RepositorySettings, Unseen
from audits.model.source import RepositoryRef, Snapshot
from audits.store.chunks import chunks
from audits.store.read.as_of import AsOf, Scoped
from audits.store.schema import tables
from audits.store.schema.codes import unbarred
from audits.store.serialize import loads, unpack
from audits.store.snapshots import (
    Advisories,
    Index,
    Listing,
    OwnersSettings,
    Settings,
    dated,
    rebuilt,
)


class Stored(Struct, frozen=True, kw_only=True):
    """What a recorded audit of a repository was made from."""

    snapshot: Snapshot
    index: Mapping[tuple[str, str], PackageEvidence] | Unseen
    advisories: AdvisoryList | None


class ReadSnapshots(Scoped):
    """Snapshots of earlier scans."""

    def stored(self, owner: str, name: str, *, scan: int | None = None) -> Stored | None:
        """A repository as of a scan; None where it was not recorded by then."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            row = _state(connection, scope, name)
            return None if row is None else _stored(connection, scope, row)

    def snapshot(self, owner: str, name: str, *, scan: int | None = None) -> Snapshot | None:
        """The snapshot of a repository as of a scan."""
        found = self.stored(owner, name, scan=scan)
        return found.snapshot if found else None

    def owner_settings(
        self, owner: str, *, scan: int | None = None
    ) -> OwnerSettings | Unseen | None:
        """The owner's settings as of a scan; None where none were asked."""
        with self.reading() as connection:
            return _owner(connection, self.scope(connection, owner, scan))[0]

    def settings(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> Iterator[tuple[str, str, RepositorySettings | None]]:
        """(owner, repository, settings) as of a scan; the settings are None where they were not
        asked for.
        """
        state, facts, repository = tables.state, tables.facts, tables.repository
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            rows = connection.execute(
                select(repository.c.owner_id, repository.c.name, facts.c.settings_id)
                .join(state, state.c.repository_id == repository.c.id)
                .join(facts, facts.c.repository_id == repository.c.id)
                .where(scope.valid(state), scope.valid(facts))
                .order_by(repository.c.owner_id, repository.c.key)
            ).all()
            for part in chunks(rows):
                contents = _contents(connection, {row.settings_id for row in part})
                known = {n: loads(Settings, text).value for n, text in contents.items()}
                for row in part:
                    yield scope.logins[row.owner_id], row.name, known[row.settings_id]

    def advisories(self, owner: str, *, scan: int | None = None) -> AdvisoryList | None:
        """The advisories that a scan of an owner knew; None where that is not stored."""
        with self.reading() as connection:
            return _owner(connection, self.scope(connection, owner, scan))[1]

    def references(
        self, owner: str, *, scan: int | None = None
    ) -> dict[tuple[str, str], ResolvedRef]:
        """What refs of other repositories were as of a scan, by (slug, ref)."""
        table = tables.reference
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = select(table.c.slug, table.c.ref, table.c.value)
            rows = connection.execute(statement.where(scope.valid(table)))
            return {(row.slug, row.ref): loads(ResolvedRef, row.value) for row in rows}


def _state(connection: Connection, scope: AsOf, name: str) -> Row[Any] | None:
    state, facts, repository = tables.state, tables.facts, tables.repository
    statement = (
        select(state, repository.c.name, facts.c.source_id, facts.c.settings_id, facts.c.index_id)
        .join(repository, repository.c.id == state.c.repository_id)
        .join(facts, facts.c.repository_id == state.c.repository_id)
        .where(repository.c.key == name.lower(), scope.valid(state), scope.valid(facts))
    )
    return connection.execute(statement).first()


def _stored(connection: Connection, scope: AsOf, row: Row[Any]) -> Stored:
    contents = _contents(connection, (row.source_id, row.settings_id, row.index_id))
    listing = loads(Listing, contents[row.source_id])
    settings = loads(Settings, contents[row.settings_id]).value
    owner_settings, advisories = _owner(connection, scope)
    oids = [oid for _, oid in (*listing.files, *listing.remote.values())]
    ref = RepositoryRef(owner=scope.logins[row.owner_id], name=row.name, host=row.host)
    frame = Snapshot(
        ref=ref,
        commit=row.head,
        committed_at=row.committed_at,
        branch=row.branch,
        archived=row.archived,
        topics=unbarred(row.topics),
        database_id=row.database_id,
        settings=settings,
        gaps=listing.gaps,
        owner_settings=owner_settings if isinstance(owner_settings, OwnerSettings) else None,
    )
    return Stored(
        snapshot=rebuilt(frame, listing, read_texts(connection, oids)),
        advisories=advisories,
        index=loads(Index, contents[row.index_id]).value,
    )


def _owner(
    connection: Connection, scope: AsOf
) -> tuple[OwnerSettings | Unseen | None, AdvisoryList | None]:
    table = tables.owner_facts
    row = connection.execute(select(table).where(scope.valid(table))).first()
    if row is None:
        return None, None
    contents = _contents(connection, (row.settings_id, row.advisories_id))
    advisories = loads(Advisories, contents[row.advisories_id]).value
    day = scope.at(row.owner_id).date()
    return loads(OwnersSettings, contents[row.settings_id]).value, dated(advisories, day)


def _contents(connection: Connection, numbers: Iterable[int]) -> dict[int, str]:
    table = tables.content
    statement = select(table.c.id, table.c.data).where(table.c.id.in_(set(numbers)))
    return {number: unpack(data) for number, data in connection.execute(statement)}


def read_texts(connection: Connection, oids: Iterable[str]) -> dict[str, str]:
    """The stored texts of these blobs."""
    table = tables.text
    found: dict[str, str] = {}
    for part in chunks(sorted(set(oids))):
        statement = select(table.c.oid, table.c.data).where(table.c.oid.in_(part))
        found.update({oid: unpack(data) for oid, data in connection.execute(statement)})
    return found
