"""Stores on SQLite and on PostgreSQL; every test that takes one runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import psycopg
import pytest
from psycopg import sql

from audits.store.open import open_store
from audits.store.schema.tables import metadata
from audits.store.store import Store
from tests.store.postgres_server import database, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of this session's own."""
    with postgres_server() as address:
        yield address


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
