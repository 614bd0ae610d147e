"""Numbers for what repeats: rules, reasons, actions, packed contents and texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Table, bindparam, select, tuple_

from audits.model.settings import Unseen
from audits.store import tables
from audits.store.codec import digest, pack

T = TypeVar("T")

_CHUNK = 500
"""Values in one IN list: well under the 32,766 variables that SQLite takes."""


def chunks(items: Iterable[T], size: int = _CHUNK) -> Iterator[list[T]]:
    """Lists of at most ``size`` items."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those rows that break no uniqueness; another scan may have been first."""
    if not rows:
        return
    connection.execute(_insert_new(table, connection.dialect.name), list(rows))


@cache
def _insert_new(table: Table, dialect: str) -> Executable:
    # Only the dialect that is needed is imported; both together take as long as a scan's start.
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql(table).on_conflict_do_nothing()
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite(table).on_conflict_do_nothing()


class Names:
    """Numbers that were asked for once, kept for the length of a scan."""

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
        """Number rules, given as (title, area, severity) by name; newer words replace older."""
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
                    table.update().where(table.c.id == row.id)
                    .values(title=title, area=area, severity=severity)
                )  # fmt: skip

    def learn_unseen(self, connection: Connection, facts: Iterable[Unseen]) -> None:
        """Number reasons why something was not seen."""
        table = tables.unseen
        keys = {unseen_key(fact) for fact in facts} - self.unseen.keys()
        named = ("need", "reason", "permission")
        insert_new(connection, table, [dict(zip(named, k, strict=True)) for k in sorted(keys)])
        columns = tuple_(table.c.need, table.c.reason, table.c.permission)
        for part in chunks(keys):
            for row in connection.execute(select(table).where(columns.in_(part))):
                self.unseen[(row.need, row.reason, row.permission)] = row.id

    def learn_actions(self, connection: Connection, actions: Iterable[str]) -> None:
        """Number actions and images."""
        table = tables.action
        wanted = set(actions) - self.actions.keys()
        insert_new(connection, table, [{"name": name} for name in sorted(wanted)])
        for part in chunks(wanted):
            for row in connection.execute(select(table).where(table.c.name.in_(part))):
                self.actions[row.name] = row.id

    def content(self, connection: Connection, data: str) -> int:
        """The number of a packed text, stored if it is new."""
        key = digest(data)
        if key not in self.contents:
            table = tables.content
            insert_new(connection, table, [{"hash": key, "data": pack(data)}])
            found = connection.execute(_number_of_content(), {"hash_": key})
            self.contents[key] = int(found.scalar_one())
        return self.contents[key]

    def keep_texts(self, connection: Connection, texts: Mapping[str, str]) -> None:
        """Store the texts of blobs that are not stored yet."""
        new = texts.keys() - self._texts
        table = tables.text
        for part in chunks(sorted(new)):
            known = set(connection.scalars(select(table.c.oid).where(table.c.oid.in_(part))))
            rows = [
                {"oid": oid, "size": len(texts[oid]), "data": pack(texts[oid])}
                for oid in part
                if oid not in known
            ]
            insert_new(connection, table, rows)
        self._texts |= new


@cache
def _number_of_content() -> Executable:
    """Built once: a scan asks it several times for every repository that changed."""
    table = tables.content
    return select(table.c.id).where(table.c.hash == bindparam("hash_"))


def unseen_key(fact: Unseen) -> tuple[str, str, str]:
    """What makes two reasons the same."""
    return (fact.need.value, fact.reason, fact.permission)
