"""A damaged database: one sentence that names it, whichever of its cells is no longer right."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import Float, Integer, LargeBinary, String

from audits.store.cache import StoreMemory
from audits.store.open import open_store
from audits.store.schema import tables
from audits.store.schema.types import Moment
from tests.cli.conftest import TOKEN, write
from tests.cli.runner import release_audit

INDEX = ("--offline", "--no-engine", "--allow-gaps")
GARBAGE = (b"\x00\xff\x93", "{[\ud83d garbage".encode("utf-8", "replace").decode(), -7)
SENTENCES = ("holds what cannot be read", "failed:", "cannot be used")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with two scans of an owner."""
    root = tmp_path_factory.mktemp("damage")
    for text in (TOKEN, TOKEN.replace("@v4", "@v3")):
        write(root / "orchard-labs" / "lumen", {".github/workflows/release.yml": text})
        scanned(root, root / "sound.sqlite")
    return root / "sound.sqlite"


def scanned(root: Path, database: Path) -> None:
    words = ("--folder", str(root / "orchard-labs"), "--database", str(database))
    ran = release_audit("scan", *words, *INDEX)
    assert ran.code == 0, ran.err


def columns() -> list[tuple[str, str]]:
    """Those that hold more than a word or a number: packed texts, JSON and times."""
    packed = [
        (table.name, column.name)
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary | Moment) and "hash" not in column.name
    ]
    return [*packed, ("reference", "value")]


def plain_columns() -> list[tuple[str, str, object]]:
    """Some of the columns of words and numbers, with a value of another type."""
    found: list[tuple[str, str, object]] = []
    for table in tables.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, String):
                found.append((table.name, column.name, b"\x00\xff"))
            elif isinstance(column.type, Integer | Float):
                found.append((table.name, column.name, "{[ garbage"))
    return random.Random(7).sample(found, 20)  # noqa: S311 - the same in each run


def damage(database: Path, table: str, column: str, value: object) -> None:
    """Have every row of a table hold this value, whatever the schema says."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("PRAGMA writable_schema = ON")
        with suppress(sqlite3.IntegrityError):  # a row's own number can only be a number
            connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?', (value,))  # noqa: S608
        connection.commit()


@pytest.mark.parametrize("value", GARBAGE, ids=["bytes", "text", "number"])
def test_a_damaged_cell_is_a_sentence(sound: Path, tmp_path: Path, value: object) -> None:
    damaged, said = tmp_path / "damaged.sqlite", 0
    for table, column in columns():
        for suffix in ("-wal", "-shm"):
            Path(f"{damaged}{suffix}").unlink(missing_ok=True)
        copyfile(sound, damaged)
        damage(damaged, table, column, value)
        for words in (("report", "--since", "1"), ("export", str(tmp_path / "out"))):
            ran = release_audit(*words, "--database", str(damaged))
            assert "Traceback" not in ran.err
            assert ran.code in {0, 3}, (table, column, words, ran.err)
            if ran.code:
                assert "error: " in ran.err
                assert "advice: " in ran.err
            if any(sentence in ran.err for sentence in SENTENCES):
                assert "damaged.sqlite" in ran.err
                said += 1
    assert said > 2


def test_a_word_or_number_of_another_type_is_a_sentence(sound: Path, tmp_path: Path) -> None:
    damaged, said = tmp_path / "damaged.sqlite", 0
    for table, column, value in plain_columns():
        for suffix in ("-wal", "-shm"):
            Path(f"{damaged}{suffix}").unlink(missing_ok=True)
        copyfile(sound, damaged)
        damage(damaged, table, column, value)
        ran = release_audit("export", str(tmp_path / "out"), "--database", str(damaged))
        assert ran.code in {0, 3}, (table, column, ran.err)
        if "holds what cannot be read" in ran.err:
            assert "damaged.sqlite" in ran.err
            said += 1
    assert said > 5


@pytest.mark.parametrize(
    ("table", "column", "value"), [("repository", "name", b"\x00\xff"), ("score", "tier", "{[ x")]
)
def test_a_cell_of_another_type_ends_a_scan_in_a_sentence(
    sound: Path, tmp_path: Path, table: str, column: str, value: object
) -> None:
    damaged = tmp_path / "damaged.sqlite"
    copyfile(sound, damaged)
    damage(damaged, table, column, value)
    words = ("--folder", str(sound.parent / "orchard-labs"), "--database", str(damaged))
    ran = release_audit("scan", *words, *INDEX)
    assert (ran.code, "damaged.sqlite holds what cannot be read" in ran.err) == (3, True)


def test_a_damaged_answer_is_none(tmp_path: Path) -> None:
    database = tmp_path / "history.sqlite"
    with closing(open_store(str(database))) as store:
        memory = StoreMemory(store)
        memory.keep_answers({"a": ("etag", "body"), "b": ("etag", "body")})
        memory.keep_texts({"1": "text", "2": "text"})
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("UPDATE answer SET body = x'00ff' WHERE key = 'a'")
            connection.execute("UPDATE text SET data = x'00ff' WHERE oid = '1'")
            connection.commit()
        assert set(memory.answers(("a", "b"))) == {"b"}
        assert memory.answer("a") is None
        assert memory.texts(("1", "2")) == {"2": "text"}
        assert memory.text("1") is None
