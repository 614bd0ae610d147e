"""Databases that fail while a scan writes: nothing is lost, nothing is half visible.

Each fault is one of the database itself, on SQLite and PostgreSQL: it is full, somebody holds
what the scan needs, the connection is lost. The scan ends in a sentence, readers see the scan
before it, whole, and the next one ends as if nothing had happened.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from msgspec import Struct
from sqlalchemy import Engine, event

from audits.pipeline import scan as scanning
from audits.store import open as opening
from audits.store.errors import StoreError
from audits.store.maintenance import faults_of
from audits.store.open import open_store
from audits.store.store import Store
from tests.cli.github_world import OWNER
from tests.cli.runner import Ran, release_audit
from tests.patience import PATIENCE
from tests.store.recorded import begin
from tests.store.samples import audit, fault, night
from tests.store.test_kills import (
    NAMES,
    Folder,
    Rows,
    check_finished,
    scan,
    seen_in,
    start,
    words_of,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


class Nights(Struct):
    """A folder whose first night is recorded, and whose second one differs everywhere."""

    folder: Folder
    url: str
    rows: Rows
    seen: dict[str, dict[str, object]]
    calm: dict[str, dict[str, object]]
    growth: int

    def scan(self, *words: str) -> Ran:
        """A scan that may fail."""
        return release_audit(*words_of(self.folder, self.url), *words)

    def check_nothing_happened(self, ran: Ran, reason: str) -> None:
        """The scan ended in a sentence, and readers see the first night."""
        assert ran.code == 3, ran.err
        assert reason in ran.err
        assert "advice: " in ran.err
        assert "Traceback" not in ran.out + ran.err
        assert seen_in(self.url) == self.seen
        self.check_whole()

    def check_whole(self) -> None:
        """What is stored agrees with itself."""
        with closing(open_store(self.url, read_only=True)) as store:
            assert list(faults_of(store)) == []

    def check_next(self, *words: str) -> None:
        """The next scan ends as one that nothing happened to."""
        scan(self.folder, self.url, *words)
        check_finished(self.url, self.rows, 2)
        assert seen_in(self.url) == self.calm
        self.check_whole()


class Calm(Struct):
    """What both nights end with where no database fails, and by how many pages of SQLite the
    second one makes the file grow.
    """

    seen: dict[str, dict[str, object]]
    growth: int


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Calm:
    place = tmp_path_factory.mktemp("calm")
    url = f"sqlite:///{place / 'calm.sqlite'}"
    folder = Folder(place)
    sizes = []
    for day in range(2):
        folder.write(day)
        scan(folder, url)
        with closing(sqlite3.connect(place / "calm.sqlite")) as connection:
            sizes += connection.execute("PRAGMA page_count").fetchone()
    return Calm(seen_in(url), sizes[1] - sizes[0])


@pytest.fixture
def nights(url: str, tmp_path: Path, calm: Calm) -> Iterator[Nights]:
    folder = Folder(tmp_path)
    scan(folder, url)
    rows = Rows(url)
    seen = seen_in(url)
    folder.write(1)
    yield Nights(folder, url, rows, seen, calm.seen, calm.growth)
    rows.close()


def run_sql(url: str, *statements: str) -> None:
    """Run statements as somebody else, on PostgreSQL."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def pages(limit: int) -> Iterator[None]:
    """Have SQLite take a disk for full where a file grows by more than so many pages."""

    def on_connect(connection: sqlite3.Connection, *_: object) -> None:
        (known,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {known + limit}")

    event.listen(Engine, "connect", on_connect)
    try:
        yield
    finally:
        event.remove(Engine, "connect", on_connect)


Moment = Literal["first", "midway", "end"]
"""When the database fails: as the scan writes first, in its second half, as it ends."""
MOMENTS: tuple[Moment, ...] = ("first", "midway", "end")


@contextmanager
def fails_at(url: str, moment: Moment, action: str) -> Iterator[None]:
    """Have PostgreSQL fail by itself at some moment of a scan."""
    table = "scan" if moment == "end" else "repository"
    after = len(NAMES) // 2 + 5 if moment == "midway" else 0
    run_sql(
        url,
        "CREATE SEQUENCE planted",
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF nextval('planted') > {after} THEN {action}; END IF; RETURN NULL; END $$",
        f"CREATE TRIGGER planted AFTER UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION planted()",
    )
    try:
        yield
    finally:
        run_sql(url, "DROP FUNCTION planted CASCADE", "DROP SEQUENCE planted")


FULL = "RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'could not extend file'"
LOST = "PERFORM pg_terminate_backend(pg_backend_pid())"


@contextmanager
def full_at_the_end(nights: Nights) -> Iterator[None]:
    """Have SQLite need more room than there is as a scan ends, however much the scan itself took:
    that depends on what it happened to write together.
    """
    room = 4 * nights.growth + 100
    with closing(sqlite3.connect(nights.url.removeprefix("sqlite:///"))) as connection:
        connection.executescript(
            f"CREATE TABLE planted (at, filler BLOB DEFAULT (zeroblob({room} * 65536)));"  # noqa: S608 - a number
            "CREATE TRIGGER planted_end AFTER UPDATE ON scan BEGIN "
            "INSERT INTO planted (at) VALUES (new.id); END"
        )
        with pages(room):
            yield
        connection.executescript("DROP TRIGGER planted_end; DROP TABLE planted")


@contextmanager
def full(nights: Nights, moment: Moment) -> Iterator[str]:
    """A disk that is full from a moment on; what the database says then."""
    if nights.url.startswith("sqlite") and moment == "end":
        with full_at_the_end(nights):
            yield "database or disk is full"
    elif nights.url.startswith("sqlite"):
        with pages({"first": 0, "midway": nights.growth // 2}[moment]):
            yield "database or disk is full"
    else:
        with fails_at(nights.url, moment, FULL):
            yield "could not extend file"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_full_disk_costs_nothing_that_was_stored(nights: Nights, moment: Moment) -> None:
    with full(nights, moment) as reason:
        nights.check_nothing_happened(nights.scan(), reason)
    nights.check_next(*(["--resume"] if nights.rows.recorded() else []))


def test_a_scan_that_cannot_write_even_what_it_has_left_frees_its_owner(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is flushed while the scan goes on fails first, and what was audited by then after it."""
    monkeypatch.setattr(scanning, "_FLUSH_SECONDS", 0.02)
    monkeypatch.setattr(scanning, "_WAIT_SECONDS", 3600.0)
    monkeypatch.setattr(scanning, "_TOGETHER", 1000)
    with full(nights, "first") as reason:
        nights.check_nothing_happened(nights.scan(), reason)
    monkeypatch.undo()
    nights.check_next("--resume")  # where some of it was recorded; else this begins anew


def test_a_disk_that_is_full_from_the_first_byte(url: str, tmp_path: Path, kind: str) -> None:
    if kind == "postgresql":
        pytest.skip("a server with a full disk makes no database")
    with pages(3):
        ran = release_audit(*words_of(Folder(tmp_path), url))
    assert (ran.code, "database or disk is full" in ran.err) == (3, True)
    assert "Traceback" not in ran.err
    scan(Folder(tmp_path), url)
    assert set(seen_in(url)) == set(NAMES)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_lost_connection_costs_nothing_that_was_stored(
    nights: Nights, moment: Moment, kind: str
) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite has no connection to lose")
    with fails_at(nights.url, moment, LOST):
        nights.check_nothing_happened(nights.scan(), "connection")
    nights.check_next(*(["--resume"] if nights.rows.recorded() else []))


def test_a_connection_that_is_lost_between_two_transactions_is_made_again(
    filled: str, store: Store, kind: str
) -> None:
    if kind == "sqlite":
        pytest.skip("SQLite has no connection to lose")
    running = begin(store, 0)
    for name in ("lumen", "quill"):
        store.record(running, audit(name, fault(name)))
        run_sql(
            filled,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        time.sleep(0.2)
    store.finish_scan(running, night(0))
    assert {f.fingerprint for f in store.findings()} == {"lumen", "quill"}


@contextmanager
def held(url: str, seconds: float | None) -> Iterator[None]:
    """Have somebody else hold what a scan writes, for so long or until this ends."""
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        if url.startswith("sqlite"):
            with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
                other.execute("BEGIN IMMEDIATE")
                ready.set()
                done.wait(seconds)
                other.rollback()
            return
        with psycopg.connect(url) as server:
            server.execute("LOCK TABLE finding IN EXCLUSIVE MODE")
            ready.set()
            done.wait(seconds)
            server.rollback()

    thread = threading.Thread(target=hold, name="holder")
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield
    finally:
        done.set()
        thread.join(PATIENCE)


def test_what_somebody_holds_for_a_moment_is_waited_for(nights: Nights) -> None:
    with held(nights.url, 1):
        nights.check_next()


def test_what_somebody_holds_for_long_ends_the_scan_in_a_sentence(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_BUSY_SECONDS", 1)
    with held(nights.url, None):
        nights.check_nothing_happened(nights.scan(), "lock")
    monkeypatch.undo()
    nights.check_next(*(["--resume"] if nights.rows.recorded() else []))


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """How a scan ended, and what it said of errors."""
    _, said = process.communicate(timeout=PATIENCE)
    return process.returncode, said


def test_a_scan_beside_another_of_the_same_owner_ends_in_a_sentence(nights: Nights) -> None:
    with closing(open_store(nights.url)) as store:
        running = begin(store, 1, owner=OWNER)
        ran = release_audit(*words_of(nights.folder, nights.url))
        assert (ran.code, f"Another scan of {OWNER} is running" in ran.err) == (3, True)
        assert "advice: Wait until it has finished" in ran.err
        store.pause_scan(running)
    assert seen_in(nights.url) == nights.seen
    nights.check_next()


def test_two_scans_of_one_owner_at_once_record_it_once(nights: Nights) -> None:
    both = [start(nights.folder, nights.url) for _ in range(2)]
    ends = sorted(ended(process) for process in both)
    codes = [code for code, _ in ends]
    assert codes in ([0, 3], [0, 0]), ends
    assert all(f"Another scan of {OWNER} " in said for code, said in ends if code)
    check_finished(nights.url, nights.rows, 1 + codes.count(0))
    assert seen_in(nights.url) == nights.calm
    nights.check_whole()


def test_scans_of_several_owners_at_once_record_each_of_them_whole(
    nights: Nights, tmp_path: Path
) -> None:
    """As where each owner has a token of its own, and with it limits of its own."""
    other = Folder(tmp_path / "others")
    other.root = other.root.rename(other.root.with_name("harbor-works"))
    at_once = [start(folder, nights.url) for folder in (nights.folder, other)]
    ends = [ended(process) for process in at_once]
    assert [code for code, _ in ends] == [0, 0], ends
    check_finished(nights.url, nights.rows, 2)
    assert seen_in(nights.url) == nights.calm
    with closing(open_store(nights.url, read_only=True)) as store:
        assert sorted(store.owners()) == ["harbor-works", OWNER]
        found = [row.repository for row in store.repositories(owner="harbor-works")]
        assert sorted(found) == sorted(NAMES)
    nights.check_whole()


def test_of_many_that_begin_at_once_one_scans(filled: str, store: Store, kind: str) -> None:
    together = threading.Barrier(4)
    begun: list[int] = []
    refused: list[str] = []

    def try_to_begin() -> None:
        with closing(open_store(filled)) as other:
            together.wait(PATIENCE)
            try:
                begun.append(begin(other, 0))
            except StoreError as error:
                refused.append(error.message)

    threads = [threading.Thread(target=try_to_begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (len(begun), len(refused)) == (1, 3)
    assert all(f"Another scan of {OWNER} " in each for each in refused)
