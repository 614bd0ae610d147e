"""Retention, checks and copies of stores, and the dashboard's role, on both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from shutil import copyfile

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from audits.store.errors import StoreError
from audits.store.maintenance import backup, faults_of, prune_store, role_statements
from audits.store.open import open_store
from audits.store.schema import tables
from audits.store.store import Store
from audits.store.write.prune import Retention
from tests.cli.runner import release_audit
from tests.store.recorded import begin, scan
from tests.store.samples import OWNER, audit, fault

NIGHTS = 30


def fill(store: Store, seed: int = 7) -> None:
    """Thirty nights of three repositories in which something changes every few nights."""
    random = Random(seed)  # noqa: S311 - the same nights each time
    faults = {name: [fault("a"), fault("b")] for name in ("lumen", "moss", "tidepool")}
    points = dict.fromkeys(faults, 60.0)
    for night in range(NIGHTS):
        for name in faults:
            if random.random() < 0.3:
                chosen = random.sample("abcde", random.randint(0, 4))
                faults[name] = [fault(letter) for letter in chosen]
                points[name] = 100.0 - 10 * len(chosen)
        scan(
            store,
            night,
            *(
                audit(name, *found, points=points[name], text=f"on: push # {len(found)}\n")
                for name, found in faults.items()
                if random.random() < 0.9
            ),
        )


@pytest.fixture(scope="module")
def full_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with thirty nights, to be copied."""
    path = tmp_path_factory.mktemp("full") / "history.sqlite"
    with closing(open_store(f"sqlite:///{path}")) as made:
        fill(made)
    return path


@pytest.fixture
def full(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An open store of thirty nights."""
    if kind == "sqlite":
        path = tmp_path / "history.sqlite"
        copyfile(request.getfixturevalue("full_file"), path)
        with closing(open_store(f"sqlite:///{path}")) as opened:
            yield opened
    else:
        made: Store = request.getfixturevalue("store")
        fill(made)
        yield made


def shown(store: Store, number: int) -> list[object]:
    """All that is read as of a scan."""
    return [
        list(store.findings(number, owner=OWNER, order="repository")),
        store.repositories(number, owner=OWNER),
        store.gaps(number, owner=OWNER),
        [store.snapshot(OWNER, row.repository, scan=number) for row in store.repositories(number)],
        store.totals(OWNER, scan=number),
    ]


def rows(store: Store) -> int:
    with store.reading() as connection:
        counted = (select(func.count()).select_from(table) for table in tables.FAMILIES)
        return sum(int(connection.scalar(each) or 0) for each in counted)


KEEP = Retention(daily=3, weekly=3, monthly=12)


def test_what_is_kept_reads_as_before_and_no_cause_is_lost(full: Store) -> None:
    store = full
    every = [row.id for row in store.scans()]
    kept = sorted(KEEP.kept((row.id, row.started) for row in store.scans()))
    before = {number: shown(store, number) for number in kept}
    changes = store.score_changes(OWNER, since=0, limit=10_000)
    fixed = list(store.fixed_findings(owner=OWNER))
    times = store.fix_times(OWNER)
    size = rows(store)
    found = prune_store(store, KEEP)
    assert found.scans == len(every) - len(kept)
    assert [row.id for row in store.scans()] == kept[::-1]
    assert {number: shown(store, number) for number in kept} == before
    assert store.score_changes(OWNER, since=0, limit=10_000) == changes
    assert list(store.fixed_findings(owner=OWNER)) == fixed
    assert store.fix_times(OWNER) == times
    assert rows(store) < size
    assert [row.scan for row in store.trend(OWNER)] == kept
    gone = next(number for number in every if number not in kept)
    with pytest.raises(StoreError, match="no finished scan"):
        store.repositories(gone, owner=OWNER)
    assert list(faults_of(store)) == []
    assert prune_store(store, KEEP).scans == 0, "what was pruned is pruned once"


def test_scans_go_on_after_pruning(full: Store) -> None:
    store = full
    prune_store(store, Retention(monthly=1))
    assert len(store.scans()) == 1
    last = scan(store, NIGHTS, *(audit(name, fault("z")) for name in ("lumen", "moss", "tidepool")))
    assert store.trend(OWNER)[-1].new == 3
    assert store.changes(OWNER, since=store.scans()[1].id).new_count == 3
    assert last.id == store.scans()[0].id


def test_the_oldest_scan_that_is_kept_keeps_what_was_new_and_fixed_in_it(store: Store) -> None:
    scan(store, 1, audit("lumen", fault("a"), fault("b")))
    scan(store, 2, audit("lumen", fault("a"), fault("c"), fault("d")))
    group = store.narrowed([(OWNER, "lumen")])
    assert [(row.new, row.fixed) for row in group.trend(OWNER)] == [(0, 0), (2, 1)]
    prune_store(store, Retention(daily=1))
    for reader in (store, group):
        assert [(row.new, row.fixed) for row in reader.trend(OWNER)] == [(2, 1)]
        totals = reader.totals(OWNER)
        assert (totals.new, totals.fixed) == (2, 1)


def test_a_dry_run_drops_nothing(full: Store) -> None:
    store = full
    size, scans = rows(store), store.scans()
    counted = prune_store(store, KEEP, dry_run=True)
    assert (rows(store), store.scans()) == (size, scans)
    assert prune_store(store, KEEP) == counted


def test_nothing_is_dropped_while_a_scan_runs(full: Store) -> None:
    store = full
    number = begin(store, NIGHTS)
    with pytest.raises(StoreError, match="Another scan"):
        prune_store(store, KEEP)
    assert len(store.scans()) == NIGHTS
    store.pause_scan(number)


def test_which_scans_stay() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    scans = [
        (day * 2 + half, start + timedelta(days=day, hours=12 * half))
        for day in range(100)
        for half in (0, 1)
    ]
    kept = Retention(daily=2, weekly=2, monthly=2).kept(scans)
    # The newest of 10 and 9 April, of this week and the last one, of April and March.
    assert kept == {199, 197, 189, 179}
    assert Retention().kept(scans) == {199}
    assert Retention(daily=1).kept([]) == set()


def test_a_copy_is_the_same_store(full: Store, tmp_path: Path) -> None:
    store = full
    target = tmp_path / "copy.sqlite"
    assert backup(store, target) > 0
    with closing(open_store(str(target), read_only=True)) as copy:
        assert copy.scans() == store.scans()
        for row in store.scans()[:5]:
            assert shown(copy, row.id) == shown(store, row.id)
        assert list(faults_of(copy)) == []
    with closing(open_store(str(target))) as copy:
        scan(copy, NIGHTS, audit("lumen", fault("z")))
    with pytest.raises(StoreError, match="exists already"):
        backup(store, target)


def test_faults_are_named(full: Store) -> None:
    store = full
    assert list(faults_of(store)) == []
    with store.writing() as connection:
        connection.execute(tables.text.update().values(data=b"\x78\x9c"))
        one = select(func.min(tables.content.c.id)).scalar_subquery()
        damaged = tables.content.update().where(tables.content.c.id == one)
        connection.execute(damaged.values(hash=b"x" * 16))
        connection.execute(
            text(
                "UPDATE score SET opened = closed + 1 WHERE id = (SELECT min(id) FROM score WHERE closed < 2147483647)"
            )
        )
    said = "\n".join(faults_of(store))
    assert "is not what was stored" in said
    assert "packed facts" in said
    assert "1 rows of score end before they begin" in said


def test_the_commands(full_file: Path, tmp_path: Path) -> None:
    database = str(tmp_path / "history.sqlite")
    copyfile(full_file, database)
    where = ("--database", database)
    assert release_audit("db", "check", *where).out == "The store is whole.\n"
    assert release_audit("db", "prune", *where).code == 2
    tried = release_audit("db", "prune", "--keep-daily", "3", "--dry-run", *where)
    assert "27 of 30 scans would be dropped" in tried.out
    assert "27 of 30 scans dropped" in release_audit("db", "prune", "--keep-daily", "3", *where).out
    copy = str(tmp_path / "copy.sqlite")
    assert release_audit("db", "backup", copy, *where).code == 0
    assert release_audit("db", "backup", copy, *where).code != 0
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE text SET data = x'00'")
        connection.commit()
    ran = release_audit("db", "check", "--database", copy)
    assert ran.code == 1
    assert "fault: " in ran.out


def test_the_dashboards_role_reads_and_writes_nothing(postgres_filled: str) -> None:
    with closing(open_store(postgres_filled)) as store:
        scan(store, 1, audit("lumen", fault("a")))
    role = 'night "reader'
    with psycopg.connect(postgres_filled, autocommit=True) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        connection.execute(role_statements(role, name).encode())
        try:
            read = postgres_filled.replace("postgres:@", "night%20%22reader:@", 1)
            with closing(open_store(read, read_only=True)) as shown_store:
                assert len(shown_store.repositories()) == 1
                assert shown_store.trend(OWNER)
                with (
                    shown_store.reading() as reading,
                    pytest.raises(ProgrammingError, match="denied"),
                ):
                    reading.execute(text("SELECT * FROM answer"))
            with psycopg.connect(read, autocommit=True) as reader:
                with pytest.raises(psycopg.Error):
                    reader.execute("DELETE FROM scan")
                reader.execute("SET default_transaction_read_only = off")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute("DELETE FROM scan")
        finally:
            quoted = sql.Identifier(role)
            connection.execute(sql.SQL("DROP OWNED BY {}").format(quoted))
            connection.execute(sql.SQL("DROP ROLE {}").format(quoted))
            for table in reversed(tables.metadata.sorted_tables):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))
