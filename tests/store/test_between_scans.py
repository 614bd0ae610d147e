"""Two scans are compared down to repositories, whole and narrowed, in the database."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from audits.model.exposure import Actor, Exposure
from audits.model.query import Direction, ExposureMove, PackageFilter
from audits.model.score import Audit
from audits.store.store import Store
from tests.store.recorded import scan
from tests.store.samples import OWNER, audit


def test_repositories_are_compared_filtered_and_counted(store: Store) -> None:
    first = scan(
        store,
        0,
        audit("falls", points=90.0),
        audit("rises", points=40.0),
        audit("stays", points=70.0),
        audit("swings", points=50.0),
    ).id
    scan(store, 1, audit("falls", points=60.0), audit("swings", points=80.0))
    last = scan(
        store,
        2,
        audit("falls", points=55.0),
        audit("rises", points=41.0),
        audit("swings", points=50.0),
        audit("fresh", points=99.0),
    ).id
    moved = store.compared(first, last, owner=OWNER)
    assert [row.repository for row in moved] == ["falls", "fresh", "rises"]
    assert [(row.before, row.after) for row in moved] == [(90, 55), (None, 99), (40, 41)]
    assert store.count_compared(first, last, owner=OWNER) == {
        Direction.FELL: 1,
        Direction.ROSE: 1,
        Direction.OTHER: 1,
    }
    (rose,) = store.compared(first, last, direction=Direction.ROSE)
    assert (rose.repository, rose.scan) == ("rises", last)
    assert [row.repository for row in store.compared(first, last, limit=1, offset=1)] == ["fresh"]
    few = store.narrowed([(OWNER, "rises"), (OWNER, "stays")])
    assert [row.repository for row in few.compared(first, last)] == ["rises"]
    assert few.count_compared(first, last)[Direction.FELL] == 0
    assert {row.repository for row in few.points(last)} == {"rises", "stays"}
    assert store.compared(last, last) == ()


def exposed(name: str, level: Actor, package: str = "") -> Audit:
    """An audit of a repository whose package these can publish."""
    found = audit(name)
    (published,) = found.publications
    status = replace(found.statuses[0], package=package or name)
    exposure = Exposure(
        publication=published,
        package=status.package,
        level=level,
        may_be=level,
        as_of=date(2026, 1, 1),
    )
    return replace(found, statuses=(status,), exposure=(exposure,))


def test_packages_that_opened_or_closed_to_anyone_are_filtered_and_counted(store: Store) -> None:
    then, now = Actor.ANYONE, Actor.THIRD_PARTY
    before = {"closed": then, "gone": then, "opened": now, "stays": then, "unseen": then}
    after = {"closed": now, "fresh": then, "opened": then, "stays": then}
    after |= {"unseen": Actor.UNKNOWN, "other": Actor.TWO_PEOPLE}
    moved = exposed("old", then, "moved"), exposed("new", then, "moved")
    first = scan(store, 0, *(exposed(*each) for each in before.items()), moved[0]).id
    gone = ("gone", "old")
    last = scan(store, 1, *(exposed(*each) for each in after.items()), moved[1], gone=gone).id
    for owner in (OWNER, None):
        found = {}
        for way in ExposureMove:
            where = PackageFilter(moved=way, since=first)
            rows = store.packages(last, owner=owner, where=where)
            assert store.count_packages(last, owner=owner, where=where) == len(rows)
            found[way] = sorted(row.package for row in rows)
        assert found == {"opened": ["fresh", "opened"], "closed": ["closed"]}
    none = PackageFilter(moved=ExposureMove.OPENED, since=last)
    assert store.count_packages(last, where=none) == 0
