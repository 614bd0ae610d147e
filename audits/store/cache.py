"""The collectors' cache in the store: texts of files and answers of servers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, Table, select

from audits.model.source import Snapshot
from audits.store.chunks import chunks
from audits.store.errors import StoreError
from audits.store.schema import tables
from audits.store.serialize import pack, unpack
from audits.store.store import Store
from audits.store.write.ids import insert_into, insert_new


class StoreMemory:
    """An `audits.model.cache.Memory` in a store. Texts are part of the history; answers are not,
    and may be deleted at any time.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def known_blobs(self, oids: Iterable[str]) -> set[str]:
        """Those of these git blob ids whose text is stored."""
        table = tables.text
        known: set[str] = set()
        with self._store.reading() as connection:
            for part in chunks(sorted(set(oids))):
                statement = select(table.c.oid).where(table.c.oid.in_(part))
                known.update(connection.scalars(statement))
        return known

    def text(self, oid: str) -> str | None:
        """The stored text of a blob."""
        table = tables.text
        with self._store.reading() as connection:
            data = connection.scalar(select(table.c.data).where(table.c.oid == oid))
        return None if data is None else _unpacked(data)

    def texts(self, oids: Iterable[str]) -> Mapping[str, str]:
        """The stored texts among these blobs, all at once."""
        table = tables.text
        found: dict[str, str] = {}
        with self._store.reading() as connection:
            for part in chunks(sorted(set(oids))):
                statement = select(table.c.oid, table.c.data).where(table.c.oid.in_(part))
                for row in connection.execute(statement):
                    if (text := _unpacked(row.data)) is not None:
                        found[row.oid] = text
        return found

    def keep_text(self, oid: str, text: str) -> None:
        """Store a blob's text."""
        self.keep_texts({oid: text})

    def keep_texts(self, texts: Mapping[str, str]) -> None:
        """Store texts by blob id, all at once."""
        rows = [{"oid": o, "size": len(t), "data": pack(t)} for o, t in texts.items()]
        with self._store.writing() as connection:
            for part in chunks(rows):
                insert_new(connection, tables.text, part)

    def answer(self, key: str) -> tuple[str, str, datetime] | None:
        """A stored answer: (ETag, body as JSON text, when it was read)."""
        return self.answers((key,)).get(key)

    def answers(self, keys: Iterable[str]) -> Mapping[str, tuple[str, str, datetime]]:
        """The stored answers among these keys, all at once."""
        table = tables.answer
        found: dict[str, tuple[str, str, datetime]] = {}
        with self._store.reading() as connection:
            for part in chunks(sorted(set(keys))):
                for row in connection.execute(select(table).where(table.c.key.in_(part))):
                    if (body := _unpacked(row.body)) is not None:
                        found[row.key] = (row.etag, body, row.at)
        return found

    def keep_answer(self, key: str, etag: str, body: str) -> None:
        """Store an answer under a key that holds no credential."""
        self.keep_answers({key: (etag, body)})

    def keep_answers(self, answers: Mapping[str, tuple[str, str]]) -> None:
        """Store (ETag, body) by key, all at once."""
        now = datetime.now(UTC)
        rows: list[dict[str, object]] = [
            {"key": key, "etag": etag, "body": pack(body), "at": now}
            for key, (etag, body) in answers.items()
        ]
        with self._store.writing() as connection:
            for part in chunks(rows):
                _put(connection, tables.answer, part)

    def snapshot(self, owner: str, name: str) -> Snapshot | None:
        """The snapshot of the last finished scan; None for what was never scanned."""
        try:
            return self._store.snapshot(owner, name)
        except StoreError:
            return None


def _unpacked(data: bytes) -> str | None:
    """A stored text; None where it is damaged, so that it is read anew."""
    try:
        return unpack(data)
    except (zlib.error, UnicodeDecodeError, TypeError):
        return None


def _put(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    """Insert rows, or replace those of the same primary key."""
    statement = insert_into(table, connection.dialect.name)
    keys = list(table.primary_key.columns)
    others = {c.name: statement.excluded[c.name] for c in table.c if c not in set(keys)}
    if rows:
        replacing = statement.on_conflict_do_update(index_elements=keys, set_=others)
        connection.execute(replacing, rows)
