"""Connections of a store for reading and for writing."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from audits.faults import log_fault
from audits.interrupts import uninterrupted
from audits.model.errors import AuditError
from audits.store.errors import StoreError
from audits.store.schema.types import DamagedCellError

_OTHER_TABLES = re.compile(
    r"no such (?:table|column)|has no column named"
    r"|(?:column|relation) \S+ (?:of relation \S+ )?does not exist"
)
"""What SQLite and PostgreSQL say of a table or column that a database does not have."""


class Connected:
    """Connections that are opened for each call, so that threads may share a store."""

    def __init__(self, *, reader: Engine, writer: Engine | None, name: str) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = threading.RLock()
        self.name = name

    @property
    def is_postgres(self) -> bool:
        """Whether the database is PostgreSQL rather than SQLite."""
        return self._reader.dialect.name == "postgresql"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the database throughout."""
        try:
            with uninterrupted():
                connected = self._reader.connect()
            with connected as connection:
                if self.is_postgres:
                    # SQLite's readers see one state by themselves.
                    connection.execution_options(isolation_level="REPEATABLE READ")
                yield connection
        except DBAPIError as error:
            raise self._failed(error) from error
        except AuditError:
            raise
        except Exception as error:
            raise self._damaged(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: all of it is written or nothing. Threads take turns, so that none waits
        for rows that another one holds. StoreError where the database fails.
        """
        if self._writer is None:
            raise StoreError(f"The database {self.name} was opened to be read.", "Open it again.")
        try:
            with uninterrupted(), self._turn, self._writer.begin() as connection:
                yield connection
        except (DataError, IntegrityError):
            # A value that the database refuses is a fault of this program, not of the database.
            raise
        except DamagedCellError as error:
            raise self._damaged(error) from error
        except DBAPIError as error:
            raise self._failed(error) from error

    def compact(self) -> None:
        """Give the file's free space back, where the database is one file."""
        if self.is_postgres or self._writer is None:
            return
        try:
            raw = self._writer.raw_connection()
            try:
                # Not in a transaction: SQLite refuses it there.
                raw.driver_connection.execute("VACUUM")  # type: ignore[union-attr]
            finally:
                raw.close()
        except sqlite3.Error as error:
            raise StoreError(
                f"The database {self.name} could not be made smaller: {error}.",
                "What was dropped is dropped; try again when nobody uses it.",
            ) from error

    def close(self) -> None:
        """Let go of pooled connections."""
        self._reader.dispose()
        if self._writer is not None:
            self._writer.dispose()

    def _failed(self, error: DBAPIError) -> StoreError:
        reason = str(error.orig).strip().partition("\n")[0]
        if _OTHER_TABLES.search(reason):
            return StoreError(
                f"The database {self.name} was made by another version, with other tables: "
                f"{reason}.",
                "Scan again into a new one, named by --database, or use that version.",
            )
        return StoreError(
            f"The database {self.name} failed: {reason}.",
            "Check that it is reachable, not full, and not in use by something else.",
        )

    def _damaged(self, error: Exception) -> StoreError:
        place = log_fault(error, f"reading the database {self.name}")
        return StoreError(
            f"The database {self.name} holds what cannot be read ({type(error).__name__}); {place}.",
            "It may be damaged: restore a copy, or scan again into a new one, named by --database.",
        )
