"""Opening databases: new, old, newer, foreign, missing, and many readers at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, inspect, text

from audits.store.errors import StoreError
from audits.store.open import HEAD, REVISIONS, default_path, open_store, upgrade
from audits.store.schema.tables import metadata, version
from audits.store.store import Store
from tests.store.postgres_server import database
from tests.store.recorded import begin, scan
from tests.store.samples import OWNER, audit, fault, night


def test_migrations_make_exactly_the_tables(url: str) -> None:
    assert upgrade(url) == HEAD
    store = open_store(url)
    with store.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        migrated = _schema(connection)
    _empty(store)
    made = open_store(url)
    with made.reading() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == HEAD
        assert _schema(connection) == migrated
    made.close()


def _schema(connection: Connection) -> list[object]:
    """All that the database itself tells of its tables."""
    found = inspect(connection)
    return [
        (
            name,
            [(c["name"], str(c["type"]), c["nullable"]) for c in found.get_columns(name)],
            found.get_pk_constraint(name),
            sorted(map(repr, found.get_foreign_keys(name))),
            sorted(map(repr, found.get_unique_constraints(name))),
            sorted(
                (
                    i["name"],
                    i["column_names"],
                    bool(i["unique"]),
                    sorted((k, str(v)) for k, v in i.get("dialect_options", {}).items()),
                )
                for i in found.get_indexes(name)
            ),
        )
        for name in sorted(found.get_table_names())
    ]


def _empty(store: Store) -> None:
    with store.writing() as connection:
        everything = MetaData()
        everything.reflect(connection)
        everything.drop_all(connection)
    store.close()


def test_an_upgrade_is_done_once(url: str) -> None:
    assert upgrade(url) == HEAD
    store = open_store(url)
    scan(store, 0, audit("lumen", fault("a")))
    store.close()
    assert upgrade(url) == HEAD
    again = open_store(url)
    assert again.count_findings() == 1
    again.close()


def test_revisions_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", "audits.store:migrations")
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    assert [revision.revision for revision in script.walk_revisions()][::-1] == list(REVISIONS)
    assert script.get_current_head() == HEAD


@pytest.mark.parametrize("revision", ["0001", "0003", "v999", ""])
def test_an_unknown_schema_is_refused(url: str, revision: str) -> None:
    store = open_store(url)
    with store.writing() as connection:
        connection.execute(version.update().values(version_num=revision))
    for read_only in (False, True):
        with pytest.raises(StoreError, match="does not know") as raised:
            open_store(url, read_only=read_only)
        assert "Scan again into a new database" in raised.value.advice
        assert "--database" in raised.value.advice
    with pytest.raises(StoreError, match="does not know"):
        upgrade(url)
    store.close()


def test_somebody_elses_tables_are_left_alone(url: str) -> None:
    store = open_store(url)
    with store.writing() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    store.close()
    with pytest.raises(StoreError, match="holds other tables"):
        open_store(url)


def test_neither_alembic_nor_the_other_dialect_is_imported_for_a_current_schema(
    filled: str,
) -> None:
    script = (
        "import sys\n"
        "from audits.store.cache import StoreMemory\n"
        "from audits.store.open import open_store\n"
        "store = open_store(sys.argv[1])\n"
        "StoreMemory(store).keep_answer('key', '', '{}')\n"
        "sys.exit(' '.join({'alembic', sys.argv[2]} & sys.modules.keys()) or 0)\n"
    )
    other = "sqlite" if filled.startswith("postgres") else "postgresql"
    command = [sys.executable, "-c", script, filled, f"sqlalchemy.dialects.{other}"]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database") as raised:
        open_store(f"sqlite:///{tmp_path / 'none.sqlite'}", read_only=True)
    assert "scan" in raised.value.advice
    assert not (tmp_path / "none.sqlite").exists()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, and quite a few of them.\n" * 100)
    for read_only in (False, True):
        with pytest.raises(StoreError, match="not a SQLite database"):
            open_store(f"sqlite:///{path}", read_only=read_only)
    assert path.read_text().startswith("These are notes")


def test_an_empty_file_is_an_empty_store(tmp_path: Path) -> None:
    path = tmp_path / "empty.sqlite"
    path.touch()
    with pytest.raises(StoreError, match="is empty"):
        open_store(f"sqlite:///{path}", read_only=True)


@pytest.mark.parametrize(
    "address",
    [
        "nonsense",
        "mysql://host/name",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "oracle+x://a",
        "sqlite://history.sqlite",
        "file:history.sqlite",
        "postgres",
        "://",
        "host=localhost dbname=x",
        "host=/run/x dbname=a.db",
        "a\0b.sqlite",
        "https://host/history.sqlite",
        "postgresql://host:port/x",
        "postgresql:/x",
    ],
)
def test_addresses_that_are_not_understood(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match="not understood"):
        open_store(address)
    assert list(tmp_path.iterdir()) == []


ODD = ["o dd", "a?b", "a#b", "100%", "%3F", "a%20b", "größe & ?#%", "a;b&c=d", "x@y:z", "'\"`$(x)"]


@pytest.mark.parametrize("name", ODD)
def test_a_path_is_that_very_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    path = folder / f"{name}.sqlite"
    relative = f"./{path.name}"
    for address in (str(path), relative, *([] if "?" in name else [f"sqlite:///{path}"])):
        store = open_store(address)
        scan(store, 0, audit("lumen"))
        store.close()
        assert open_store(address, read_only=True).owners() == (OWNER,)
        found = {p.name.removesuffix("-wal").removesuffix("-shm") for p in folder.iterdir()}
        assert found == {path.name}


def test_a_question_mark_in_a_url_is_refused(tmp_path: Path) -> None:
    for name in ("o?dd.sqlite", "h.sqlite?mode=ro"):
        for read_only in (False, True):
            with pytest.raises(StoreError, match="has a '\\?'") as raised:
                open_store(f"sqlite:///{tmp_path}/{name}", read_only=read_only)
            assert "path of the file alone" in raised.value.advice
    assert list(tmp_path.iterdir()) == []


def test_short_forms_of_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for address in ("history.sqlite", "x.db", "sub/store", "~/own.sqlite3", "sqlite:///u.sqlite"):
        open_store(address).close()
    made = {"history.sqlite", "x.db", "sub", "own.sqlite3", "u.sqlite"}
    assert {p.name for p in tmp_path.iterdir() if not p.name.endswith(("-wal", "-shm"))} == made


def test_the_short_form_of_postgresql(postgres: str) -> None:
    with database(postgres) as address:
        open_store(address.replace("postgresql://", "postgres://", 1)).close()
        reader = open_store(address, read_only=True)
        assert reader.owners() == ()
        reader.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be made"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'history.sqlite'}")


def test_an_unreachable_server_keeps_its_password(tmp_path: Path) -> None:
    address = f"postgresql://auditor:s3cret@/history?host={tmp_path}"
    with pytest.raises(StoreError) as raised:
        open_store(address)
    assert "s3cret" not in str(raised.value)
    assert "auditor" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_default_is_in_the_users_data_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = open_store()
    scan(store, 0, audit("lumen"))
    store.close()
    assert default_path().endswith("release-audit/history.sqlite")
    assert open_store(read_only=True).owners() == (OWNER,)


def test_readers_of_a_read_only_store_cannot_write(filled: str, store: Store) -> None:
    scan(store, 0, audit("lumen"))
    reader = open_store(filled, read_only=True)
    with pytest.raises(StoreError, match="to be read"):
        begin(reader, 1)
    with pytest.raises(StoreError, match="failed"), reader.reading() as connection:
        connection.execute(text("DELETE FROM scan"))
    reader.close()


def test_readers_in_many_threads_while_a_scan_writes(filled: str, store: Store) -> None:
    scan(store, 0, *(audit(f"lumen{n}", fault("a"), fault("b")) for n in range(20)))
    reader = open_store(filled, read_only=True)

    def read(_: int) -> tuple[int, int]:
        return len(list(reader.findings())), reader.count_repositories()

    running = begin(store, 1)
    with ThreadPoolExecutor(8) as pool:
        reading = pool.map(read, range(60))
        for n in range(20):
            store.record(running, audit(f"lumen{n}", fault("b")))
        assert set(reading) == {(40, 20)}
    store.finish_scan(running, night(1))
    assert read(0) == (20, 20)
    reader.close()


def test_a_broken_file_is_reported_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    open_store(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE owner")
    reader = open_store(f"sqlite:///{path}", read_only=True)
    with pytest.raises(StoreError, match="no such table: owner"):
        reader.owners()


def test_tables_of_another_version_are_named_with_what_to_do(url: str) -> None:
    store = open_store(url)
    with store.writing() as connection:
        connection.execute(text("ALTER TABLE scan DROP COLUMN pruned"))
    with pytest.raises(StoreError, match="made by another version") as raised:
        store.scans()
    assert "Scan again into a new one" in raised.value.advice
    store.close()
