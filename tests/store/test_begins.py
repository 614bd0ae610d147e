"""Scans of several owners, begun together: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from audits.store.errors import StoreError
from audits.store.schema import tables
from audits.store.store import Store
from tests.store.recorded import begin, counted, scan
from tests.store.samples import OWNER, POLICY, audit, fault, night


def _begin(store: Store, owners: Sequence[str], number: int = 1) -> list[int]:
    return store.begin_scans(
        owners, source="folder", started=night(number), tier=0, policy=POLICY, tool_version="1.0"
    )


def test_each_owner_has_its_own(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")))
    known, fresh, other = _begin(store, [OWNER.upper(), "birch-works", "cedar-works"])
    assert not store.record(known, audit("lumen", fault("a")))
    assert store.record(fresh, audit("lumen", fault("a")))
    rows = [done.scan for done in store.finish_scans([known, fresh, other], night(1))]
    assert [row.repositories for row in rows] == [1, 1, 0]
    assert [len(store.scans(owner)) for owner in (OWNER, "birch-works", "cedar-works")] == [2, 1, 1]
    assert {row.source for row in rows} == {"folder"}


def test_one_that_is_being_scanned_stops_all(store: Store) -> None:
    running = begin(store, 0)
    with pytest.raises(StoreError, match=f"Another scan of {OWNER} is running"):
        _begin(store, ["birch-works", OWNER, "cedar-works"])
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.scan_lock)) == 1
        assert connection.scalars(select(tables.owner.c.login)).all() == [OWNER]
    store.record(running, audit("lumen"))
    assert store.finish_scan(running, night(0)).repositories == 1
    assert len(_begin(store, ["birch-works", OWNER])) == 2


def test_statements_do_not_grow_with_owners(store: Store) -> None:
    with counted() as few:
        first = _begin(store, ["a-works"])
    with counted() as many:
        _begin(store, [f"b-works-{number}" for number in range(40)])
    assert len(many) <= len(few) + 1
    store.pause_scan(first[0])


def test_no_owner_is_no_scan(store: Store) -> None:
    assert _begin(store, []) == []
