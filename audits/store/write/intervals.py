"""Opens, updates and closes rows that are valid for an interval of scans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, Table, bindparam, select

from audits.store.chunks import chunks
from audits.store.schema.tables import OPEN
from audits.store.write.bulk_insert import insert_rows

_BOOKKEEPING = frozenset({"id", "owner_id", "repository_id", "opened", "closed"})


class RepositoryKey(Struct, frozen=True, kw_only=True):
    """The repository whose rows a scan is writing."""

    scan_id: int
    owner_id: int
    repository_id: int


class Change(Struct, frozen=True, kw_only=True):
    """The rows that a scan closed, as they were, and the values it opened."""

    closed: tuple[Row[Any], ...] = ()
    opened: tuple[Mapping[str, Any], ...] = ()


@cache
def value_columns(table: Table) -> list[str]:
    """The columns of values: all but ids, owner, repository and interval."""
    return [column.name for column in table.columns if column.name not in _BOOKKEEPING]


@cache
def _current(table: Table) -> Select[Any]:
    """The rows of some repositories that are not closed; built once."""
    mine = table.c.repository_id.in_(bindparam("repositories", expanding=True))
    return select(table).where(mine, table.c.closed == OPEN).order_by(table.c.id)


class Batch:
    """The changes of one transaction to some repositories, read and written table by table, so
    that fifty repositories take as many statements as one.

    ``known`` are repositories of which rows may be stored. Nothing is written before `write`.
    """

    def __init__(self, connection: Connection, known: Iterable[int]) -> None:
        self.connection = connection
        self.known = frozenset(known)
        self._held: dict[Table, dict[int, list[Row[Any]]]] = {}
        self._opened: dict[Table, list[dict[str, Any]]] = {}
        self._closed: dict[tuple[Table, int, int], list[int]] = {}
        self._undone: dict[Table, list[int]] = {}

    def held(self, table: Table, repository_id: int) -> Sequence[Row[Any]]:
        """A repository's rows that are not closed as the transaction begins, oldest first."""
        if repository_id not in self.known:
            return ()
        if table not in self._held:
            by_repository: dict[int, list[Row[Any]]] = {}
            for part in chunks(sorted(self.known)):
                for row in self.connection.execute(_current(table), {"repositories": part}):
                    by_repository.setdefault(row.repository_id, []).append(row)
            self._held[table] = by_repository
        return self._held[table].get(repository_id, ())

    def open(self, table: Table, place: RepositoryKey, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add rows that hold from this scan on."""
        frame = {
            "owner_id": place.owner_id,
            "repository_id": place.repository_id,
            "opened": place.scan_id,
            "closed": OPEN,
        }
        self._opened.setdefault(table, []).extend({**frame, **row} for row in rows)

    def close(
        self, table: Table, place: RepositoryKey, rows: Iterable[Row[Any]], ended: int = 0
    ) -> None:
        """Close rows; those that this same scan opened never held and are deleted.

        ``ended`` is why a finding's row ends, a code of `audits.store.schema.codes`.
        """
        for row in rows:
            if row.opened == place.scan_id:
                self._undone.setdefault(table, []).append(row.id)
            else:
                self._closed.setdefault((table, place.scan_id, ended), []).append(row.id)

    def write(self) -> None:
        """Write all changes."""
        for table, undone in self._undone.items():
            for part in chunks(undone):
                self.connection.execute(table.delete().where(table.c.id.in_(part)))
        for (table, scan_id, ended), closed in self._closed.items():
            values = {"closed": scan_id} | ({"ended": ended} if ended else {})
            for part in chunks(closed):
                mine = table.c.id.in_(part)
                self.connection.execute(table.update().where(mine).values(**values))
        for table, rows in self._opened.items():
            if rows:
                insert_rows(self.connection, table, rows)
        self._undone.clear()
        self._closed.clear()
        self._opened.clear()


def sync(
    batch: Batch, table: Table, place: RepositoryKey, rows: Sequence[Mapping[str, Any]]
) -> Change:
    """Make a repository's rows equal to these; equal rows are left alone."""
    before = batch.held(table, place.repository_id)
    if not before:
        batch.open(table, place, rows)
        return Change(opened=tuple(rows))
    columns = value_columns(table)
    wanted: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        wanted.setdefault(tuple(row[name] for name in columns), []).append(row)
    outdated = []
    for held in before:
        same = wanted.get(tuple(getattr(held, name) for name in columns))
        if same:
            same.pop()
        else:
            outdated.append(held)
    opened = tuple(row for left in wanted.values() for row in left)
    batch.close(table, place, outdated)
    batch.open(table, place, opened)
    return Change(closed=tuple(outdated), opened=opened)
