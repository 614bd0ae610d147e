"""Scans as a whole: killed and resumed, one at a time, seen only when finished."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from audits.store.errors import StoreError
from audits.store.open import open_store
from audits.store.schema import tables
from audits.store.store import Store
from audits.store.write import lock
from tests.store.recorded import begin, counted, scan
from tests.store.samples import OWNER, audit, fault, night

ROOT = Path(__file__).parents[2]


def test_an_unfinished_scan_is_not_seen(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), points=60))
    running = begin(store, 1)
    store.record(running, audit("lumen", points=95))
    store.record(running, audit("quill", fault("b")))
    assert [f.fingerprint for f in store.findings()] == ["a"]
    assert [r.repository for r in store.repositories()] == ["lumen"]
    assert [s.id for s in store.scans()] == [1]
    assert store.latest_scan(OWNER) == store.scans()[0]
    assert not store.score_changes(OWNER)
    store.finish_scan(running, night(1))
    assert [f.fingerprint for f in store.findings()] == ["b"]
    assert [c.cause for c in store.score_changes(OWNER)] == ["unknown"]


def test_each_owners_scan_as_of_a_scan_is_one_question(store: Store) -> None:
    assert store.owners_scans() == ()
    for number, owner in enumerate((OWNER, "birch-works", OWNER, "cedar-works")):
        scan(store, number, audit("lumen"), owner=owner)
    begin(store, 4, owner="birch-works")
    with counted() as statements:
        newest = store.owners_scans()
    assert len([each for each in statements if each.startswith("SELECT")]) == 1
    assert [(row.owner, row.id) for row in newest] == [
        ("cedar-works", 4),
        (OWNER, 3),
        ("birch-works", 2),
    ]
    assert newest == tuple(store.scans(row.owner)[0] for row in newest)
    then = {row.owner: row.id for row in store.owners_scans(2)}
    assert then == {OWNER: 1, "birch-works": 2, "cedar-works": 4}, "of a later owner its first"


def test_a_paused_scan_is_resumed(filled: str, store: Store) -> None:
    first = begin(store, 0)
    store.record(first, audit("lumen", fault("a")))
    store.pause_scan(first)
    later = open_store(filled)
    found = later.unfinished_scan(OWNER)
    assert found is not None
    assert found.id == first
    assert later.resume_scan(first) == {"lumen"}
    later.record(first, audit("quill", fault("b")))
    row = later.finish_scan(first, night(0))
    assert (row.repositories, row.not_reached) == (2, 0)
    assert later.count_findings() == 2
    assert later.unfinished_scan(OWNER) is None
    with pytest.raises(StoreError, match="cannot be resumed"):
        later.resume_scan(first)
    later.close()


def test_a_scan_that_recorded_nothing_is_forgotten(store: Store) -> None:
    first = begin(store, 0, owner="orchard-labz")
    store.pause_scan(first)
    scan(store, 0, audit("lumen"))
    second = begin(store, 1)
    store.pause_scan(second)
    with store.reading() as connection:
        assert connection.scalars(select(tables.owner.c.login)).all() == [OWNER]
        assert len(connection.scalars(select(tables.scan.c.id)).all()) == 1
    assert store.unfinished_scan(OWNER) is None
    third = begin(store, 2)
    assert store.finish_scan(third, night(2)).not_reached == 1


def test_a_killed_process_leaves_a_scan_to_resume(filled: str, store: Store) -> None:
    script = (
        "import sys\n"
        "from audits.store.open import open_store\n"
        "from tests.store.recorded import begin\n"
        "from tests.store.samples import audit, fault\n"
        "store = open_store(sys.argv[1])\n"
        "scan = begin(store, 0)\n"
        "store.record(scan, audit('lumen', fault('a')))\n"
        "print(scan, flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, filled]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        scan_id = int(process.stdout.readline())
        with pytest.raises(StoreError, match=f"Another scan of {OWNER} is running"):
            begin(store, 0)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert store.latest_scan(OWNER) is None
    assert store.resume_scan(scan_id) == {"lumen"}
    store.finish_scan(scan_id, night(0))
    assert store.count_findings() == 1


def test_a_scan_after_a_killed_one_repairs(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")), audit("quill", fault("b")))
    dead = begin(store, 1)
    store.record(dead, audit("lumen"))
    store.pause_scan(dead)
    scan(store, 2, audit("lumen", fault("a")), audit("quill", fault("b")))
    assert {f.fingerprint: f.state for f in store.findings()} == {"a": "open", "b": "open"}
    changes = store.changes(OWNER)
    assert (changes.since, changes.new_count, changes.fixed_count) == (1, 0, 0)
    with pytest.raises(StoreError, match="cannot be resumed"):
        store.resume_scan(dead)


def test_one_scan_per_owner_and_others_beside_it(store: Store) -> None:
    begin(store, 0)
    with pytest.raises(StoreError) as raised:
        begin(store, 0)
    assert raised.value.advice
    other = begin(store, 0, owner="hill-tools")
    store.finish_scan(other, night(0))
    assert store.owners() == ("hill-tools",)


def test_a_silent_lock_of_another_machine_is_taken_over(store: Store) -> None:
    held = begin(store, 0)
    _set_lock(store, machine="elsewhere", beat=datetime.now(UTC) - lock.STALE / 2)
    with pytest.raises(StoreError, match="is running"):
        begin(store, 1)
    _set_lock(store, machine="elsewhere", beat=datetime.now(UTC) - lock.STALE * 2)
    taken = begin(store, 1)
    with pytest.raises(StoreError, match="took its place"):
        store.finish_scan(held, night(0))
    store.record(held, audit("lumen"))
    with pytest.raises(StoreError, match="took its place"):
        store.beat(held)
    store.finish_scan(taken, night(1))


def test_waiting_keeps_the_lock(store: Store) -> None:
    held = begin(store, 0)
    _set_lock(store, machine="elsewhere", beat=datetime.now(UTC) - timedelta(hours=1))
    store.beat(held)
    with pytest.raises(StoreError, match="is running"):
        begin(store, 1)


def test_what_is_known_to_be_the_same_needs_no_audit(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")))
    second = begin(store, 1)
    store.record_unchanged(second, ["lumen"])
    with pytest.raises(StoreError, match="not recorded before"):
        store.record_unchanged(second, ["quill"])
    assert store.finish_scan(second, night(1)).not_reached == 0
    assert next(store.findings()).last_seen == night(1)


def test_what_changed_about_the_scan_itself(store: Store) -> None:
    scan(store, 0, audit("lumen"))
    scan(store, 1, audit("lumen", tier=2), tier=2)
    scan(store, 2, audit("lumen", tier=2, policy="2"), tier=2, policy="2")
    assert [s.changed for s in store.scans()] == [("policy",), ("token",), ()]
    assert [t.changed for t in store.trend(OWNER)] == [(), ("token",), ("policy",)]


def test_finished_scans_stay_as_they_were(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")))
    with store.reading() as connection:
        before = connection.execute(select(tables.scan)).all()
    scan(store, 1, audit("lumen"))
    with store.reading() as connection:
        after = connection.execute(select(tables.scan).order_by(tables.scan.c.id)).all()
    assert after[:1] == before


def _set_lock(store: Store, *, machine: str, beat: datetime) -> None:
    with store.writing() as connection:
        connection.execute(tables.scan_lock.update().values(machine=machine, beat=beat))


@pytest.mark.skipif(not lock.start_of(os.getpid()), reason="the system tells no start")
def test_a_number_that_another_process_has_by_now_keeps_no_lock(store: Store) -> None:
    begin(store, 0)
    with store.writing() as connection:
        connection.execute(tables.scan_lock.update().values(process=os.getppid()))
    assert lock.start_of(os.getppid()) != lock.start_of(os.getpid())
    begin(store, 1)
