"""Scans of several owners that are finished at once: each as if it were finished alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from audits.model.outcome import Outcome, Severity
from audits.model.rows import ScanRow
from audits.model.score import Audit
from audits.model.source import Gap, GapReason
from audits.store.errors import StoreError
from audits.store.schema import tables
from audits.store.store import Store
from audits.store.totals import Totals
from tests.store.recorded import begin, counted, scan
from tests.store.samples import NEEDS_ADMIN, OWNER, PINS, audit, evidence, fault, gap, night, result

HILL = "hill-tools"

NIGHTS: tuple[Mapping[str, tuple[Audit, ...]], ...] = (
    {
        "one": (audit("lumen", fault("a"), fault("b")), audit("quill", points=95.0, tier=2)),
        "two": (audit("tern", fault("a", severity=Severity.LOW), points=None, gaps=(gap(),)),),
        "none": (),
    },
    {
        "one": (audit("lumen", fault("a"), points=71.3), audit("quill", points=96.1, tier=2)),
        "two": (
            audit("tern", fault("c"), points=33.4, index=evidence()),
            audit("rill", results=(result(PINS, outcome=Outcome.UNKNOWN, unseen=(NEEDS_ADMIN,)),)),
        ),
        "none": (),
    },
    {
        "one": (audit("lumen", fault("b"), fault("d"), policy="2"),),
        "two": (audit("tern", fault("a", accepted=True)), audit("rill")),
        "none": (audit("moor", fault("m")),),
    },
)
"""What is seen of three owners, night by night; the third one comes late."""


def opened(
    store: Store, number: int, audits_by_owner: Mapping[str, tuple[Audit, ...]]
) -> list[int]:
    """The n-th night's scans of these owners, recorded and not finished."""
    scans = [begin(store, number, owner=owner) for owner in audits_by_owner]
    for scan_id, audits in zip(scans, audits_by_owner.values(), strict=True):
        for found in audits:
            store.record(scan_id, found)
    return scans


def rows_of(store: Store, table: str) -> int:
    """How many rows a table has."""
    with store.reading() as connection:
        return len(connection.execute(select(tables.metadata.tables[table])).all())


def test_each_owner_has_sums_of_its_own(store: Store) -> None:
    for number, audits_by_owner in enumerate(NIGHTS):
        together = opened(store, number, audits_by_owner)
        finished = store.finish_scans(together, night(number))
        assert [done.scan.id for done in finished] == together
        for (owner, audits), done in zip(audits_by_owner.items(), finished, strict=True):
            alone = scan(store, number, *audits, owner=f"{owner}-alone")
            assert _frame(done.scan) == _frame(alone)
            assert store.totals(owner) == done.totals == store.totals(f"{owner}-alone")
            assert store.scans(owner)[0] == done.scan
            assert done.before == (store.scans(owner)[1].id if number else 0)
    one, two, none = (store.totals(owner) for owner in NIGHTS[0])
    assert (one.new, one.fixed, one.reopened, one.not_rechecked) == (1, 1, 1, 0)
    assert (two.repositories, two.accepted, two.new) == (2, 1, 0)
    assert (none.repositories, none.new, none.open["high"]) == (1, 1, 1)
    first = {owner: store.trend(owner)[0] for owner in NIGHTS[0]}
    assert first["one"].points == 77.5
    assert (first["two"].points, first["two"].repositories) == (None, 1)
    assert rows_of(store, "progress") == rows_of(store, "scan_lock") == 0


def _frame(row: ScanRow) -> ScanRow:
    return replace(row, id=0, owner="")


def test_an_owner_of_which_nothing_is_known(store: Store) -> None:
    done = store.finish_scans(opened(store, 0, {HILL: ()}), night(0))[0]
    assert (done.scan.repositories, done.before) == (0, 0)
    assert done.totals == Totals(
        areas=dict.fromkeys(done.totals.areas),
        known=dict.fromkeys(done.totals.known, 0),
        open=dict.fromkeys(done.totals.open, 0),
    )
    assert len(done.totals.areas) > 1
    assert len(done.totals.open) > 1


def test_where_one_lock_is_lost_nothing_is_finished(store: Store) -> None:
    scans = opened(store, 0, {OWNER: (audit("lumen"),), HILL: (audit("tern"),)})
    with store.writing() as connection:
        lock = tables.scan_lock
        connection.execute(lock.delete().where(lock.c.scan_id == scans[1]))
    with pytest.raises(StoreError, match="took its place"):
        store.finish_scans(scans, night(0))
    assert store.scans() == ()
    assert rows_of(store, "owner_facts") == 0
    assert rows_of(store, "scan_lock") == 1
    for scan_id in scans:
        store.pause_scan(scan_id)
    assert rows_of(store, "scan_lock") == 0
    assert [store.resume_scan(scan_id) for scan_id in scans] == [{"lumen"}, {"tern"}]
    store.finish_scans(scans, night(0))
    assert store.owners() == (HILL, OWNER)


def test_a_scan_that_failed_to_end_goes_on(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")), owner=HILL)
    scans = opened(store, 1, {OWNER: (audit("lumen"),), HILL: ()})
    store.record_unchanged(scans[1], ["lumen"])
    with pytest.raises(StatementError, match="without its zone"):
        store.finish_scans(scans, night(1).replace(tzinfo=None))
    assert [row.owner for row in store.scans()] == [HILL]
    finished = store.finish_scans(scans, night(1))
    assert [(f.scan.repositories, f.scan.not_reached) for f in finished] == [(1, 0), (1, 0)]
    assert [f.before for f in finished] == [0, 1]


def test_what_one_owner_misses_is_not_anothers(store: Store) -> None:
    both = (audit("lumen", fault("a")), audit("quill", fault("b")))
    store.finish_scans(opened(store, 0, {OWNER: both, HILL: both}), night(0))
    finished = store.finish_scans(opened(store, 1, {OWNER: both[:1], HILL: both}), night(1))
    assert [(f.scan.repositories, f.scan.not_reached) for f in finished] == [(1, 1), (2, 0)]
    assert [f.totals.not_rechecked for f in finished] == [1, 0]
    states = {(f.owner, f.repository): f.state for f in store.findings()}
    assert states == {
        (OWNER, "lumen"): "open",
        (OWNER, "quill"): "not-re-checked",
        (HILL, "lumen"): "open",
        (HILL, "quill"): "open",
    }


def test_gaps_of_an_owner_end_with_the_scan_that_does_not_say_them(store: Store) -> None:
    limited = Gap(subject="members", reason=GapReason.RATE_LIMITED, detail="Wait an hour.")
    scans = opened(store, 0, {OWNER: (), HILL: ()})
    store.record_gaps(scans[0], [limited])
    store.record_gaps(scans[1], [])
    store.pause_scan(scans[0])
    store.resume_scan(scans[0])
    finished = store.finish_scans(scans, night(0))
    assert [f.totals.gaps for f in finished] == [1, 0]
    assert [g.subject for g in store.gaps(owner=OWNER)] == ["members"]
    later = opened(store, 1, {OWNER: (), HILL: ()})
    store.record_gaps(later[0], [])
    assert [f.totals.gaps for f in store.finish_scans(later, night(1))] == [0, 0]
    assert not list(store.gaps(owner=OWNER))


def test_statements_do_not_grow_with_owners(store: Store) -> None:
    spent = []
    for number, owners in enumerate((2, 2, 9, 9)):
        audits_by_owner = {
            f"owner-{n}-of-{owners}": (audit("lumen", fault("a")),) for n in range(owners)
        }
        scans = opened(store, number, audits_by_owner)
        for scan_id in scans:
            store.record_gaps(scan_id, [])
        with counted() as statements:
            store.finish_scans(scans, night(number))
        spent.append(len(statements))
    # The first scan of all stores texts that the others have in common.
    assert spent[2] <= spent[0]
    assert spent[3] == spent[1] < 40


def test_a_scan_before_one_that_was_killed_is_not_resumed(store: Store) -> None:
    first = begin(store, 0)
    store.record(first, audit("lumen", fault("a")))
    store.pause_scan(first)
    killed = begin(store, 1)
    store.record(killed, audit("lumen", fault("b")))
    store.pause_scan(killed)
    with pytest.raises(StoreError, match="cannot be resumed"):
        store.resume_scan(first)
    assert store.resume_scan(killed) == {"lumen"}
    assert store.finish_scan(killed, night(1)).repositories == 1
