"""What opens, changes and closes from scan to scan, read back as of each of them."""

from __future__ import annotations

from sqlalchemy import func, select

from audits.model.outcome import Outcome, Severity
from audits.model.query import FindingFilter
from audits.model.repository import Breadth
from audits.model.score import Audit
from audits.model.source import GapReason
from audits.store.schema import tables
from audits.store.store import Store
from tests.store.recorded import scan
from tests.store.samples import (
    NEEDS_ADMIN,
    OWNER,
    PINS,
    audit,
    commit,
    fault,
    gap,
    night,
    result,
)


def rows_of(store: Store) -> int:
    """How many rows all tables hold together."""
    with store.reading() as connection:
        counts = [
            connection.scalar(select(func.count()).select_from(table))
            for table in tables.metadata.tables.values()
        ]
    return sum(count or 0 for count in counts)


def open_now(store: Store, at: int | None = None) -> dict[str, str]:
    """States by fingerprint as of a scan."""
    everything = FindingFilter(in_release=None)
    return {f.fingerprint: f.state for f in store.findings(at, owner=OWNER, where=everything)}


def test_an_unchanged_night_adds_less_than_fifty_rows(store: Store) -> None:
    audits = [audit(f"lumen{n}", fault("a"), fault("b")) for n in range(60)]
    scan(store, 0, *audits)
    before = rows_of(store)
    scan(store, 1, *audits)
    assert rows_of(store) - before == 1
    assert len(store.scans(OWNER)) == 2
    assert store.count_findings(owner=OWNER) == 120


def test_findings_open_and_close(store: Store) -> None:
    first = scan(store, 0, audit("lumen", fault("a"), fault("b"), points=20))
    second = scan(store, 1, audit("lumen", fault("b"), points=60))
    assert open_now(store, first.id) == {"a": "open", "b": "open"}
    assert open_now(store, second.id) == {"b": "open"}
    changes = store.changes(OWNER)
    assert [f.fingerprint for f in changes.fixed] == ["a"]
    assert changes.fixed[0].state == "fixed"
    assert changes.fixed[0].closed == night(1)
    assert changes.fixed[0].last_seen == night(0)
    assert changes.fixed[0].message == "a is not pinned"
    assert (changes.new_count, changes.fixed_count, changes.reopened_count) == (0, 1, 0)
    assert store.trend(OWNER)[-1].fixed == 1


def test_a_fault_that_comes_back_is_reopened(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")))
    scan(store, 1, audit("lumen"))
    scan(store, 2, audit("lumen", fault("a"), fault("b")))
    changes = store.changes(OWNER)
    assert [f.fingerprint for f in changes.reopened] == ["a"]
    assert [f.fingerprint for f in changes.new] == ["b"]
    assert changes.reopened[0].first_seen == night(0)
    over_both = store.changes(OWNER, since=1)
    assert not over_both.reopened
    assert [f.fingerprint for f in over_both.new] == ["b"]


def test_shifted_lines_keep_a_finding_and_its_row(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a", line=7), line=9))
    kept = "finding", "action_use"
    before = {name: _count(store, name) for name in kept}
    second = scan(store, 1, audit("lumen", fault("a", line=12), line=14, text="on: push\n"))
    found = next(store.findings(second.id, owner=OWNER))
    assert (found.line, found.first_seen, found.last_seen) == (12, night(0), night(1))
    assert next(store.findings(1, owner=OWNER)).line == 7
    assert next(store.actions(owner=OWNER)).line == 14
    assert {name: _count(store, name) for name in kept} == before


def test_a_push_without_effect_adds_one_row_for_the_commit(store: Store) -> None:
    def at(number: int) -> Audit:
        return audit("lumen", fault("a", sha=commit(number)), sha=commit(number))

    scan(store, 0, at(1))
    before = rows_of(store)
    scan(store, 1, at(2))
    assert rows_of(store) - before == 2
    newest, earlier = next(store.findings(owner=OWNER)), next(store.findings(1, owner=OWNER))
    assert commit(2) in newest.links[0].url
    assert commit(1) in earlier.links[0].url


def test_a_hidden_setting_closes_nothing(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), points=60))
    hidden = result(PINS, outcome=Outcome.UNKNOWN, unseen=(NEEDS_ADMIN,))
    second = scan(store, 1, audit("lumen", results=(hidden,), points=60))
    assert open_now(store) == {"a": "not-re-checked"}
    found = next(store.findings(owner=OWNER))
    assert (found.message, found.last_seen) == ("a is not pinned", night(0))
    assert store.changes(OWNER).not_rechecked_count == 1
    row = store.repository(OWNER, "lumen")
    assert row is not None
    assert row.open["high"] == 1
    scan(store, 2, audit("lumen"))
    assert open_now(store) == {}
    assert open_now(store, second.id) == {"a": "not-re-checked"}
    assert store.changes(OWNER).fixed_count == 1


def test_an_unreadable_file_closes_nothing_of_itself(store: Store) -> None:
    other = ".github/workflows/nightly.yml"
    scan(store, 0, audit("lumen", fault("a"), fault("b", path=other)))
    scan(store, 1, audit("lumen", gaps=(gap(other),)))
    assert open_now(store) == {"b": "not-re-checked"}


def test_a_missing_result_closes_nothing(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), results=(result(PINS, fault("a")),)))
    scan(store, 1, audit("lumen", results=()))
    assert open_now(store) == {"a": "not-re-checked"}


def test_another_analyser_that_ran_closes_its_findings(store: Store) -> None:
    engine, other = "zizmor/github-env", "zizmor/obfuscation"
    scan(store, 0, audit("lumen", results=(result(engine, fault("a", check=engine)),)))
    scan(store, 1, audit("lumen", results=(result(PINS),)))
    assert open_now(store) == {"a": "not-re-checked"}
    scan(store, 2, audit("lumen", results=(result(other),)))
    assert open_now(store) == {}


def test_a_change_of_severity_keeps_when_it_was_first_seen(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")))
    scan(store, 1, audit("lumen", fault("a", severity=Severity.LOW, accepted=True)))
    found = next(store.findings(owner=OWNER))
    assert (found.severity, found.acceptance, found.first_seen) == ("low", "waiver", night(0))
    assert (found.responsible, found.ticket) == ("release team", "R-7")
    assert next(store.findings(1, owner=OWNER)).severity == "high"
    changes = store.changes(OWNER)
    assert (changes.new_count, changes.fixed_count) == (0, 0)


def test_what_only_all_looks_at_waits_for_all(store: Store) -> None:
    beyond = fault("x", path=".github/workflows/docs.yml", in_release=False)
    wide = audit("lumen", breadth=Breadth.ALL, beyond=(beyond,))
    scan(store, 0, wide)
    scan(store, 1, audit("lumen"))
    assert open_now(store) == {"x": "not-re-checked"}
    scan(store, 2, audit("lumen", breadth=Breadth.ALL))
    assert open_now(store) == {}


def test_repositories_that_were_not_reached(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")), audit("quill", fault("b")))
    row = scan(store, 1, audit("lumen", fault("a")))
    assert (row.repositories, row.not_reached) == (1, 1)
    quill = store.repository(OWNER, "quill")
    assert quill is not None
    assert quill.last_seen == night(0)
    assert [f.state for f in store.findings(owner=OWNER)] == ["open", "not-re-checked"]
    before = rows_of(store)
    scan(store, 2, audit("lumen", fault("a")))
    assert rows_of(store) - before == 1
    scan(store, 3, audit("lumen", fault("a")), audit("quill", fault("b")))
    again = store.repository(OWNER, "quill")
    assert again is not None
    assert again.last_seen == night(3)
    assert {f.state for f in store.findings(owner=OWNER)} == {"open"}


def test_a_repository_of_which_nothing_was_read_keeps_what_is_known(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), points=60))
    refused = audit("lumen", gaps=(gap("lumen", GapReason.FORBIDDEN),))
    scan(store, 1, without_files(refused))
    row = store.repository(OWNER, "lumen")
    assert row is not None
    assert (row.points, row.last_seen) == (60, night(0))
    assert [g.reason for g in store.gaps(owner=OWNER)] == ["forbidden"]
    assert open_now(store) == {"a": "not-re-checked"}


def test_what_is_gone_is_closed(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")), audit("quill", fault("b")))
    scan(store, 1, audit("lumen", fault("a")), gone=("quill",))
    assert [r.repository for r in store.repositories(owner=OWNER)] == ["lumen"]
    assert open_now(store) == {"a": "open"}
    scan(store, 2, audit("lumen", fault("a")), audit("quill", fault("b")))
    assert open_now(store) == {"a": "open", "b": "open"}


def test_a_renamed_repository_keeps_its_history(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), github_id=7))
    row = scan(store, 1, audit("lantern", fault("a"), github_id=7))
    assert row.not_reached == 0
    assert [r.repository for r in store.repositories(owner=OWNER)] == ["lantern"]
    assert next(store.findings(owner=OWNER)).first_seen == night(0)


def _count(store: Store, name: str) -> int:
    table = tables.metadata.tables[name]
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def without_files(found: Audit) -> Audit:
    """The audit of a repository that could not be read at all."""
    from msgspec.structs import replace

    snapshot = replace(found.repository.snapshot, files=(), commit="")
    return replace(found, repository=replace(found.repository, snapshot=snapshot))
