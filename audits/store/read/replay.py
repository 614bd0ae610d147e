"""Reads what each of an owner's scans changed, for `rescore`."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection, select

from audits.store.base import Connected
from audits.store.read.as_of import scope_of
from audits.store.schema import tables


class Replay(Struct, frozen=True, kw_only=True):
    """What changed in each scan, by its id: the repositories in which something else was read or
    accepted, and the scans in which the owner's settings or the advisories changed.
    """

    repositories: Mapping[int, frozenset[str]]
    owner: frozenset[int]

    def between(self, before: int, scan: int) -> frozenset[str]:
        """The repositories that changed after a scan, up to another one."""
        found = [names for at, names in self.repositories.items() if before < at <= scan]
        return frozenset().union(*found)

    def owner_between(self, before: int, scan: int) -> bool:
        """Whether the owner's settings or the advisories changed."""
        return any(before < at <= scan for at in self.owner)


class Present(Struct, frozen=True, kw_only=True):
    """The repositories of an owner as of a scan: those it knew, and those it did not reach."""

    known: frozenset[str]
    unreached: frozenset[str]


class ReadReplay(Connected):
    """What scans changed, in the order of scans."""

    def replay(self, owner: str) -> Replay:
        """What changed in each of an owner's scans; StoreError where there are none."""
        with self.reading() as connection:
            scope = scope_of(connection, owner, None)
            (number,) = scope.scans
            names = _names(connection, number)
            found: dict[int, set[str]] = {}
            for at, repository in (*_moved(connection, number), *_referred(connection, number)):
                found.setdefault(at, set()).add(names.get(repository, ""))
            facts = tables.owner_facts
            changed = select(facts.c.opened).where(facts.c.owner_id == number)
            return Replay(
                repositories={at: frozenset(some - {""}) for at, some in found.items()},
                owner=frozenset(connection.scalars(changed)),
            )

    def present(self, owner: str, scan: int) -> Present:
        """The repositories as of a scan."""
        state, unreached, repository = tables.state, tables.unreached, tables.repository
        with self.reading() as connection:
            scope = scope_of(connection, owner, scan)
            known, lost = (
                frozenset(
                    connection.scalars(
                        select(repository.c.name).join(table).where(scope.valid(table))
                    )
                )
                for table in (state, unreached)
            )
            return Present(known=known, unreached=lost & known)


def _names(connection: Connection, owner: int) -> dict[int, str]:
    table = tables.repository
    rows = connection.execute(select(table.c.id, table.c.name).where(table.c.owner_id == owner))
    return {row.id: row.name for row in rows}


def _moved(connection: Connection, owner: int) -> list[tuple[int, int]]:
    """(scan, repository) where files, settings, evidence or acceptances changed."""
    finding = tables.finding
    found: list[tuple[int, int]] = []
    for table in (tables.facts, tables.state, tables.unreached):
        rows = select(table.c.opened, table.c.repository_id).where(table.c.owner_id == owner)
        found += [(row[0], row[1]) for row in connection.execute(rows)]
    for column in (finding.c.opened, finding.c.closed):
        rows = select(column, finding.c.repository_id).distinct()
        rows = rows.where(finding.c.owner_id == owner, finding.c.accepted)
        found += [(row[0], row[1]) for row in connection.execute(rows)]
    lost = tables.unreached
    back = select(lost.c.closed, lost.c.repository_id).where(lost.c.owner_id == owner)
    return found + [(row[0], row[1]) for row in connection.execute(back)]


def _referred(connection: Connection, owner: int) -> list[tuple[int, int]]:
    """(scan, repository) where a reference changed that the repository used then."""
    reference, use = tables.reference, tables.action_use
    rows = (
        select(reference.c.opened, use.c.repository_id)
        .distinct()
        .join(use, (use.c.slug == reference.c.slug) & (use.c.owner_id == reference.c.owner_id))
        .where(
            reference.c.owner_id == owner,
            use.c.opened <= reference.c.opened,
            use.c.closed > reference.c.opened,
        )
    )
    return [(row[0], row[1]) for row in connection.execute(rows)]
