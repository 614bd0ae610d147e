"""Assigns ids to repeated values: rules, reasons, actions, packed facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Connection, Insert, Table, select, tuple_
from sqlalchemy import Row as Read

from audits.store.chunks import chunks
from audits.store.schema import tables
from audits.store.serialize import Packed, packed
from audits.store.write.bulk_insert import insert_rows
from audits.store.write.record import Reason, StoredText
from audits.store.write.result_rows import Row

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgreSQLInsert
    from sqlalchemy.dialects.sqlite import Insert as SQLiteInsert


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows that break no unique constraint; another scan may have inserted others."""
    insert_rows(connection, table, rows, unless_there=True)


def insert_returning(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], *columns: Column[Any]
) -> list[Read[Any]]:
    """Insert the rows that break no unique constraint; returns these columns of them."""
    statement = _insert_new(table, connection.dialect.name).returning(*columns)
    return list(connection.execute(statement, list(rows)))


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    return insert_into(table, dialect).on_conflict_do_nothing()


def insert_into(table: Table, dialect: str) -> SQLiteInsert | PostgreSQLInsert:
    """An INSERT that can say what happens to rows that are there already."""
    # Importing both dialects takes as long as a scan takes to start.
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql(table)
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite(table)


MOST = 10_000
"""Contents, texts or actions that are remembered: a large owner has many more, most of them in
one repository only.
"""


class Ids:
    """Ids that were read from the database or assigned, for the length of a scan; of contents,
    texts and actions no more than about `MOST`, see `trim`.
    """

    def __init__(self) -> None:
        self.rules: dict[str, int] = {}
        self.unseen: dict[tuple[str, str, str], int] = {}
        self.actions: dict[str, int] = {}
        self.contents: dict[bytes, int] = {}
        self._words: dict[str, tuple[str, str, int]] = {}
        self._texts: set[str] = set()

    def learn_rules(
        self, connection: Connection, rules: Mapping[str, tuple[str, str, int]], scan_id: int
    ) -> None:
        """Give ids to rules, given as (title, area, severity) by name; newer values are stored."""
        table = tables.rule
        if rules.items() <= self._words.items():
            return
        rows = [
            {"name": name, "title": title, "area": area, "severity": severity, "since": scan_id}
            for name, (title, area, severity) in rules.items()
        ]
        insert_new(connection, table, rows)
        for row in connection.execute(select(table)).all():
            self.rules[row.name] = row.id
            self._words[row.name] = rules.get(row.name, (row.title, row.area, row.severity))
            if row.name in rules and rules[row.name] != (row.title, row.area, row.severity):
                title, area, severity = rules[row.name]
                connection.execute(
                    table.update()
                    .where(table.c.id == row.id)
                    .values(title=title, area=area, severity=severity)
                )

    def learn_unseen(self, connection: Connection, reasons: Iterable[Reason]) -> None:
        """Give ids to reasons why something was not seen."""
        table = tables.unseen
        keys = set(reasons) - self.unseen.keys()
        named = ("need", "reason", "permission")
        insert_new(connection, table, [dict(zip(named, k, strict=True)) for k in sorted(keys)])
        columns = tuple_(table.c.need, table.c.reason, table.c.permission)
        for part in chunks(keys):
            for row in connection.execute(select(table).where(columns.in_(part))):
                self.unseen[(row.need, row.reason, row.permission)] = row.id

    def learn_actions(self, connection: Connection, actions: Iterable[str]) -> None:
        """Give ids to actions and images."""
        table = tables.action
        wanted = set(actions) - self.actions.keys()
        insert_new(connection, table, [{"name": name} for name in sorted(wanted)])
        for part in chunks(wanted):
            for row in connection.execute(select(table).where(table.c.name.in_(part))):
                self.actions[row.name] = row.id

    def numbered(self, rows: Iterable[Row]) -> list[Row]:
        """The rows with ids in place of words; KeyError for a word that was not learned."""
        return [row | found if (found := self._numbers(row)) else row for row in rows]

    def _numbers(self, row: Row) -> Row:
        found: Row = {}
        if "rule_id" in row:
            found["rule_id"] = self.rules[row["rule_id"]]
        if "action_id" in row:
            found["action_id"] = self.actions[row["action_id"]]
        if row.get("unseen_id") is not None:
            found["unseen_id"] = self.unseen[row["unseen_id"]]
        return found

    def content(self, connection: Connection, data: str) -> int:
        """The number of a text, stored packed if it is new."""
        part = packed(data)
        self.keep_contents(connection, [part])
        return self.contents[part.hash]

    def keep_contents(self, connection: Connection, parts: Iterable[Packed]) -> None:
        """Store packed texts that are new, and give ids to all."""
        table = tables.content
        new = {part.hash: part.data for part in parts if part.hash not in self.contents}
        # Sorted, so that two scans that write the same cannot block each other.
        insert_new(connection, table, [{"hash": key, "data": new[key]} for key in sorted(new)])
        for some in chunks(new):
            statement = select(table.c.hash, table.c.id).where(table.c.hash.in_(some))
            for row in connection.execute(statement):
                self.contents[row.hash] = row.id

    def keep_texts(self, connection: Connection, texts: Mapping[str, StoredText]) -> None:
        """Store the texts of blobs that are not stored yet."""
        new = texts.keys() - self._texts
        table = tables.text
        for part in chunks(sorted(new)):
            known = set(connection.scalars(select(table.c.oid).where(table.c.oid.in_(part))))
            rows = [
                {"oid": oid, "size": texts[oid].size, "data": texts[oid].data}
                for oid in part
                if oid not in known
            ]
            insert_new(connection, table, rows)
        self._texts |= new

    def trim(self) -> None:
        """Drop the ids of contents, texts or actions where there are too many, between two
        batches; those that are needed are read anew.
        """
        for held in (self.contents, self.actions, self._texts):
            if len(held) > MOST:
                held.clear()

    def forget(self) -> None:
        """Drop all ids, after a rollback that may have deleted their rows."""
        for held in (self.rules, self.unseen, self.actions, self.contents, self._words):
            held.clear()
        self._texts.clear()
