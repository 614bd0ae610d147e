"""Scans whose clock goes backwards: their order is that of their numbers, and nothing is lost."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest

from audits.report.news import news_of
from audits.store.errors import StoreError
from audits.store.maintenance import faults_of, prune_store
from audits.store.open import open_store
from audits.store.schema import tables
from audits.store.store import Store
from audits.store.write import lock
from audits.store.write.prune import Retention
from audits.suppressions.waivers import Waivers
from tests.cli.runner import release_audit
from tests.store.recorded import begin, scan
from tests.store.samples import OWNER, audit, fault, night

NIGHTS = (40, 3, 4)
"""On the first of them the clock was more than a month ahead of the others."""


@pytest.fixture
def moved(store: Store) -> Store:
    """Three scans: `b` is fixed in the second one, and `c` is new in the third."""
    scan(store, NIGHTS[0], audit("lumen", fault("a"), fault("b")))
    scan(store, NIGHTS[1], audit("lumen", fault("a")))
    scan(store, NIGHTS[2], audit("lumen", fault("a"), fault("c")))
    return store


def test_the_scan_that_was_made_last_is_what_readers_see(moved: Store) -> None:
    assert [s.started for s in moved.scans(OWNER)] == [night(n) for n in reversed(NIGHTS)]
    latest = moved.latest_scan(OWNER)
    assert latest is not None
    assert latest.started == night(NIGHTS[2])
    assert {f.fingerprint for f in moved.findings()} == {"a", "c"}
    assert len(moved.trend(OWNER)) == len(NIGHTS)
    assert list(faults_of(moved)) == []


def test_what_is_new_and_fixed_is_counted_by_the_order_of_scans(moved: Store) -> None:
    changes = moved.changes(OWNER, since=1)
    assert (changes.new_count, changes.fixed_count) == (1, 1)
    found = news_of(moved, OWNER, Waivers(today=night(NIGHTS[2]).date()))
    assert (found.changes.new_count, found.changes.fixed_count) == (1, 0)
    for time in moved.fix_times():
        assert time.mean_days >= 0
        assert time.oldest_open_days >= 0


def test_the_newest_scan_outlives_pruning_whatever_its_date(moved: Store) -> None:
    prune_store(moved, Retention(daily=1))
    assert night(NIGHTS[2]) in {s.started for s in moved.scans(OWNER)}
    assert {f.fingerprint for f in moved.findings()} == {"a", "c"}
    assert list(faults_of(moved)) == []


def test_reports_and_tables_are_written(moved: Store, filled: str, tmp_path: Path) -> None:
    for words in (
        ("report", "--since", "last"),
        ("report", "--since", "1"),
        ("report", "--since", night(NIGHTS[1]).date().isoformat()),
        ("report", "--format", "html"),
        ("export", str(tmp_path / "out")),
    ):
        ran = release_audit(*words, "--database", filled)
        assert (ran.code, ran.err) == (0, ""), words


def test_a_sign_of_life_from_the_future_keeps_the_place(store: Store, filled: str) -> None:
    running = begin(store, 0)
    with store.writing() as connection:
        later = datetime.now(UTC) + timedelta(days=400)
        connection.execute(tables.scan_lock.update().values(beat=later))
    with closing(open_store(filled)) as other:
        with pytest.raises(StoreError, match="is running"):
            begin(other, 1)
        store.finish_scan(running, night(0))
        other.finish_scan(begin(other, 1), night(1))
    assert len(store.scans(OWNER)) == 2


@pytest.mark.parametrize("hours", [-1, 1])
def test_machines_whose_clocks_are_apart_do_not_take_each_others_place(
    postgres_filled: str, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Apart(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(hours=hours)

    with (
        closing(open_store(postgres_filled)) as here,
        closing(open_store(postgres_filled)) as there,
    ):
        running = begin(here, 0)
        monkeypatch.setattr("platform.node", lambda: "another-machine")
        monkeypatch.setattr(lock, "datetime", Apart)
        with pytest.raises(StoreError, match="is running"):
            begin(there, 1)
        monkeypatch.undo()
        here.beat(running)
        here.finish_scan(running, night(0))
        there.finish_scan(begin(there, 1), night(1))
