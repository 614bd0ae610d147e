"""Checks a store for damage, copies it, and drops old scans."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, func, select

from audits.model.source import blob_id
from audits.store.chunks import chunks
from audits.store.errors import StoreError
from audits.store.open import open_store
from audits.store.schema import tables
from audits.store.schema.tables import OPEN, metadata
from audits.store.serialize import digest, loads, unpack
from audits.store.snapshots import Listing
from audits.store.store import Store
from audits.store.write.bulk_insert import insert_rows
from audits.store.write.prune import Pruned, Retention, prune

_SINGLE = (tables.state, tables.score, tables.facts)
"""Tables in which a repository has one row at most at a time."""
_MOST_FAULTS = 20
_ROWS = 2000
_SHA1_LENGTH = 40


def prune_store(store: Store, retention: Retention, *, dry_run: bool = False) -> Pruned:
    """Drop old scans of all owners; with ``dry_run`` only count what would be dropped.

    StoreError while a scan runs, or where the database fails.
    """
    with store.writing() as connection, connection.begin_nested() as trial:
        found = prune(connection, retention)
        if dry_run:
            trial.rollback()
    if not dry_run:
        store.compact()
    return found


def faults_of(store: Store) -> Iterator[str]:
    """One sentence for each fault of a store; nothing where it is whole."""
    with store.reading() as connection:
        if not store.is_postgres:
            yield from _sqlite_faults(connection)
        yield from _interval_faults(connection)
        yield from _content_faults(connection)
        yield from _text_faults(connection)


def _sqlite_faults(connection: Connection) -> Iterator[str]:
    for (said,) in connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_FAULTS})"):
        if said != "ok":
            yield f"SQLite says: {said}"
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_MOST_FAULTS):
        yield f"a row of {row[0]} names a row of {row[2]} that is not there"


def _interval_faults(connection: Connection) -> Iterator[str]:
    for table in (*tables.FAMILIES, tables.reference):
        turned = select(func.count()).where(table.c.opened > table.c.closed)
        if number := connection.scalar(turned):
            yield f"{number} rows of {table.name} end before they begin"
    for table in _SINGLE:
        many = (
            select(table.c.repository_id)
            .where(table.c.closed == OPEN)
            .group_by(table.c.repository_id)
            .having(func.count() > 1)
        )
        if number := connection.scalar(select(func.count()).select_from(many.subquery())):
            yield f"{number} repositories have more than one {table.name} at a time"


def _content_faults(connection: Connection) -> Iterator[str]:
    content = tables.content
    for row in connection.execute(select(content.c.id, content.c.hash, content.c.data)):
        found = _unpacked(row.data)
        if found is None or digest(found) != row.hash:
            yield f"the packed facts {row.id} are not what was stored"


def _text_faults(connection: Connection) -> Iterator[str]:
    text, facts, content = tables.text, tables.facts, tables.content
    known = set(connection.scalars(select(text.c.oid)))
    listings = select(content.c.data).where(content.c.id.in_(select(facts.c.source_id)))
    missing: set[str] = set()
    for data in connection.scalars(listings):
        listing = loads(Listing, _unpacked(data) or "{}")
        named = {oid for _, oid in (*listing.files, *listing.remote.values())}
        missing |= named - known
    for oid in sorted(missing)[:_MOST_FAULTS]:
        yield f"the text of the file {oid} is not stored"
    for row in connection.execute(select(text.c.oid, text.c.data)):
        found = _unpacked(row.data)
        whole = found is not None and _is_text_of(found, row.oid)
        if not whole:
            yield f"the text of the file {row.oid} is not what was stored"


def _unpacked(data: bytes) -> str | None:
    """A packed text; None where it is damaged."""
    try:
        return unpack(data)
    except (zlib.error, ValueError):
        return None


def _is_text_of(found: str, oid: str) -> bool:
    """Whether git gives a text this id; True for ids by other hashes than SHA-1."""
    content = found.encode("utf-8", "surrogatepass")
    return len(oid) != _SHA1_LENGTH or blob_id(content) == oid


def backup(store: Store, target: Path) -> int:
    """Copy a store into a new SQLite file, as of one moment, also while scans write; returns
    the number of rows.

    StoreError where the file exists already, or cannot be written.
    """
    if target.exists():
        raise StoreError(f"{target} exists already.", "Name a file that does not.")
    made = open_store(str(target.absolute()))
    try:
        with store.reading() as source, made.writing() as copy:
            return sum(_copy(source, copy, table) for table in metadata.sorted_tables)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        made.close()


def _copy(source: Connection, copy: Connection, table: Table) -> int:
    number = 0
    rows = source.execution_options(yield_per=_ROWS).execute(select(table))
    with closing(rows):
        for part in chunks(rows.mappings(), _ROWS):
            insert_rows(copy, table, [dict(row) for row in part])
            number += len(part)
    return number


ROLE = """\
CREATE ROLE {role} LOGIN;
GRANT CONNECT ON DATABASE {database} TO {role};
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT ON {tables} TO {role};
ALTER ROLE {role} SET default_transaction_read_only = on;
"""


def role_statements(role: str, database: str) -> str:
    """SQL that makes a role for the dashboard on PostgreSQL. It may read what the dashboard
    shows, but not the cache of GitHub's answers, and may write nothing.
    """
    shown = [table for table in metadata.sorted_tables if table is not tables.answer]
    names = ", ".join(sorted([*(table.name for table in shown), tables.version.name]))
    return ROLE.format(role=_quoted(role), database=_quoted(database), tables=names)


def _quoted(name: str) -> str:
    """An identifier of SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
