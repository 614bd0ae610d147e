"""Writing rows as they open, change and close, and asking for those that hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, bindparam, select

from audits.store.tables import OPEN

_BOOKKEEPING = frozenset({"id", "owner_id", "repository_id", "opened", "closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Of which repository a scan is writing."""

    scan_id: int
    owner_id: int
    repository_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The rows that a scan closed, as they were, and the values it opened."""

    closed: tuple[Row[Any], ...] = ()
    opened: tuple[Mapping[str, Any], ...] = ()


@cache
def value_columns(table: Table) -> list[str]:
    """The columns that say something, rather than of whom and when."""
    return [column.name for column in table.columns if column.name not in _BOOKKEEPING]


def current(connection: Connection, table: Table, repository_id: int) -> Sequence[Row[Any]]:
    """A repository's rows that still hold, in the order they were written."""
    return connection.execute(_current(table), {"repository": repository_id}).all()


@cache
def _current(table: Table) -> Select[Any]:
    """Built once: a scan asks it of every table for every repository that changed."""
    mine = table.c.repository_id == bindparam("repository")
    return select(table).where(mine, table.c.closed == OPEN).order_by(table.c.id)


def open_rows(
    connection: Connection, table: Table, place: Place, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows that hold from this scan on."""
    if rows:
        frame = {
            "owner_id": place.owner_id, "repository_id": place.repository_id,
            "opened": place.scan_id, "closed": OPEN,
        }  # fmt: skip
        connection.execute(table.insert(), [{**frame, **row} for row in rows])


def close_rows(
    connection: Connection,
    table: Table,
    place: Place,
    rows: Sequence[Row[Any]],
    **values: int,
) -> None:
    """Close rows; those that this very scan opened never held and are taken back."""
    fresh = [row.id for row in rows if row.opened == place.scan_id]
    if fresh:
        connection.execute(table.delete().where(table.c.id.in_(fresh)))
    held = [row.id for row in rows if row.opened != place.scan_id]
    if held:
        connection.execute(
            table.update().where(table.c.id.in_(held)).values(closed=place.scan_id, **values)
        )


def sync(
    connection: Connection,
    table: Table,
    place: Place,
    rows: Sequence[Mapping[str, Any]],
    *,
    new: bool = False,
) -> Change:
    """Make the rows that hold equal to these; what stays the same is left alone. Of a ``new``
    repository nothing holds yet.
    """
    if new:
        open_rows(connection, table, place, rows)
        return Change(opened=tuple(rows))
    columns = value_columns(table)
    wanted: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        wanted.setdefault(tuple(row[name] for name in columns), []).append(row)
    outdated = []
    for held in current(connection, table, place.repository_id):
        same = wanted.get(tuple(getattr(held, name) for name in columns))
        if same:
            same.pop()
        else:
            outdated.append(held)
    opened = tuple(row for left in wanted.values() for row in left)
    close_rows(connection, table, place, outdated)
    open_rows(connection, table, place, opened)
    return Change(closed=tuple(outdated), opened=opened)


def holds(table: Table, scan_id: int) -> ColumnElement[bool]:
    """Whether a row holds as of a scan."""
    return and_(table.c.opened <= scan_id, table.c.closed > scan_id)
