"""Inserts many rows with one statement of the database driver."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from operator import itemgetter
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnDefault, Connection, Dialect, Table

Processor = Callable[[Any], Any]


class _Statement(Struct, frozen=True, kw_only=True):
    """A compiled INSERT: its columns in the order of their places, the values of those that
    rows leave out, and what turns a value into the driver's.
    """

    text: str
    names: tuple[str, ...]
    positional: bool
    defaults: dict[str, Any]
    processors: dict[str, Processor]


def insert_rows(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    unless_there: bool = False,
) -> None:
    """Insert rows that all name the same columns; with ``unless_there`` only those that break no
    unique constraint.

    SQLAlchemy's work for each row of such a statement takes longer than SQLite takes to write
    it, and a scan writes some eighty rows for each repository.
    """
    if not rows:
        return
    statement = _statement(table, connection.dialect, tuple(rows[0]))
    # The same words in SQLite and PostgreSQL.
    text = f"{statement.text} ON CONFLICT DO NOTHING" if unless_there else statement.text
    values = list(zip(*(_column(statement, name, rows) for name in statement.names), strict=True))
    if statement.positional:
        connection.exec_driver_sql(text, values)
    else:
        names = statement.names
        connection.exec_driver_sql(text, [dict(zip(names, row, strict=True)) for row in values])


def _column(
    statement: _Statement, name: str, rows: Sequence[Mapping[str, Any]]
) -> Iterable[object]:
    """The driver's values of one column, in the order of the rows."""
    if name in statement.defaults:
        values: Iterable[object] = repeat(statement.defaults[name], len(rows))
    else:
        values = map(itemgetter(name), rows)
    process = statement.processors.get(name)
    return values if process is None else map(process, values)


@lru_cache(maxsize=64)
def _statement(table: Table, dialect: Dialect, given: tuple[str, ...]) -> _Statement:
    defaults = {
        column.name: column.default.arg
        for column in table.columns
        if column.name not in given and isinstance(column.default, ColumnDefault)
    }
    names = [column.name for column in table.columns if column.name in {*given, *defaults}]
    compiled = table.insert().inline().compile(dialect=dialect, column_keys=names)
    processors = {
        name: process for name in names if (process := _processor(table, name, dialect)) is not None
    }
    return _Statement(
        text=str(compiled),
        names=tuple(compiled.positiontup or names),
        defaults=defaults,
        positional=bool(compiled.positional),
        processors=processors,
    )


def _processor(table: Table, name: str, dialect: Dialect) -> Processor | None:
    kind = table.c[name].type.dialect_impl(dialect)
    return kind.bind_processor(dialect)
