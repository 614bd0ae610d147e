"""Time to fix, with what is still open counted in, and how findings ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from audits.model.score import Audit
from audits.store.store import Store
from audits.store.survival import Lifetime, median_days
from tests.store.recorded import scan
from tests.store.samples import OWNER, PATH, audit, fault

# Remission of leukemia in weeks under 6-mercaptopurine, with those still in remission marked
# False: Freireich et al. 1963, the textbooks' example, whose median is 23.
FREIREICH = [
    (6, True),
    (6, True),
    (6, True),
    (7, True),
    (10, True),
    (13, True),
    (16, True),
    (22, True),
    (23, True),
    (6, False),
    (9, False),
    (10, False),
    (11, False),
    (17, False),
    (19, False),
    (20, False),
    (25, False),
    (32, False),
    (32, False),
    (34, False),
    (35, False),
]


def test_the_textbooks_example() -> None:
    assert median_days(Lifetime(days, fixed) for days, fixed in FREIREICH) == 23


def test_without_open_ones_it_is_the_median() -> None:
    assert median_days(Lifetime(days, True) for days in (1, 2, 3, 4, 5)) == 3
    assert median_days([Lifetime(2, True, 3), Lifetime(9, True, 2)]) == 2


def test_open_ones_move_it_and_may_leave_none() -> None:
    fixed = [Lifetime(2, True, 3)]
    assert median_days(fixed) == 2
    assert median_days([*fixed, Lifetime(400, False, 4)]) is None
    assert median_days([]) is None
    assert median_days([Lifetime(5, False)]) is None


def test_those_watched_later_count_from_then_on() -> None:
    late = Lifetime(10, True, 4, 8)
    assert median_days([Lifetime(2, True), Lifetime(9, False), late]) == 2
    assert median_days([Lifetime(2, True), Lifetime(9, False), replace(late, since=0.0)]) == 10


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.booleans(), st.integers(1, 5)), min_size=1, max_size=30
    )
)
def test_counts_are_the_same_as_single_ones(rows: list[tuple[int, bool, int]]) -> None:
    together = [Lifetime(days, fixed, count) for days, fixed, count in rows]
    alone = [Lifetime(days, fixed) for days, fixed, count in rows for _ in range(count)]
    assert median_days(together) == median_days(alone)
    found = median_days(together)
    assert found is None or any(each.fixed and each.until == found for each in together)


def ends(store: Store) -> dict[str, int]:
    (found,) = store.fix_times(OWNER)
    return found.how


def test_what_is_open_is_counted_in(store: Store) -> None:
    scan(store, 0, audit("lumen", *(fault(letter) for letter in "abcde")))
    scan(store, 2, audit("lumen", *(fault(letter) for letter in "bcde")))
    scan(store, 10, audit("lumen", *(fault(letter) for letter in "bcde")))
    (times,) = store.fix_times(OWNER)
    assert (times.fixed, times.mean_days) == (1, 2)
    assert times.median_days is None, "a mean over what was fixed says two days"
    assert (times.open, times.oldest_open_days) == (4, 10)
    scan(store, 20, audit("lumen", fault("e"), fault("d")))
    (times,) = store.fix_times(OWNER)
    assert times.median_days == 20
    (period,) = store.fix_times(OWNER, since=store.scans()[1].id)
    assert (period.fixed, period.how) == (2, {"repair": 2})


def archived(found: Audit) -> Audit:
    repository = found.repository
    snapshot = replace(repository.snapshot, archived=True)
    return replace(found, repository=replace(repository, snapshot=snapshot))


@pytest.mark.parametrize(
    ("after", "how"),
    [
        (audit("lumen", text="on: push # repaired\n"), {"repair": 1}),
        (archived(audit("lumen")), {"archive": 1}),
        (audit("lumen", rules="b2"), {"rules": 1}),
        (audit("lumen", rules="b2", text="on: push # repaired\n"), {"repair": 1}),
        (audit("lumen", fault("a", accepted=True)), {"waiver": 1}),
        (audit("lumen", fault("a")), {}),
    ],
)
def test_how_a_finding_ended(store: Store, after: Audit, how: dict[str, int]) -> None:
    scan(store, 0, audit("lumen", fault("a")))
    scan(store, 1, after)
    assert ends(store) == how
    rows = list(store.fixed_findings(owner=OWNER))
    assert [row.fixed_by for row in rows] == [word for word in how if word != "waiver"]


def test_a_removed_file_is_no_repair(store: Store) -> None:
    elsewhere = PATH.replace("release", "old")
    scan(store, 0, audit("lumen", fault("a", path=elsewhere)))
    scan(store, 1, audit("lumen"))
    assert ends(store) == {"removal": 1}


def test_rules_and_waivers_are_no_fixes(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")))
    scan(store, 1, audit("lumen", rules="b2"))
    (times,) = store.fix_times(OWNER)
    assert (times.fixed, times.median_days) == (1, None)
