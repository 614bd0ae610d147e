"""Two scans are compared down to repositories, whole and narrowed, in the database."""

from __future__ import annotations

from audits.model.query import Direction
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
