"""Lists, filters and orders; results, gaps, packages, actions and the owner's card."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.model.evidence import ResolvedRef
from audits.model.outcome import Area, Outcome, Severity
from audits.model.query import (
    ActionFilter,
    ActionSummary,
    FindingFilter,
    GapFilter,
    RepositoryFilter,
)
from audits.model.score import Audit, Grade, Ladder
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, GapReason
from audits.store.errors import StoreError
from audits.store.store import Store
from tests.store.recorded import begin, scan
from tests.store.samples import (
    NEEDS_ADMIN,
    OWNER,
    PATH,
    PINS,
    TOKEN,
    audit,
    commit,
    evidence,
    fault,
    gap,
    night,
    result,
)


def names(store: Store, where: RepositoryFilter, order: str = "repository") -> list[str]:
    """Names of the repositories that a filter keeps."""
    found = [r.repository for r in store.repositories(where=where, order=order)]
    assert store.count_repositories(where=where) == len(found)
    return found


@pytest.fixture
def mixed(store: Store) -> Store:
    """A store with three repositories that differ in everything."""
    tern = audit("tern", points=None)
    bare = replace(tern.repository, graph=replace(tern.repository.graph, publications=()))
    snapshot = replace(bare.snapshot, archived=True, topics=("50%_web",))
    scan(
        store,
        0,
        audit("Lumen", fault("a"), fault("b", severity=Severity.LOW, accepted=True), points=60),
        audit("quill", index=replace(evidence(), name="quill"), points=95),
        replace(tern, repository=replace(bare, snapshot=snapshot), statuses=()),
    )
    return store


def test_repositories_are_filtered(mixed: Store) -> None:
    everything = ["Lumen", "quill", "tern"]
    assert list(mixed.repository_names(owner=OWNER)) == everything
    cases: list[tuple[RepositoryFilter, list[str]]] = [
        (RepositoryFilter(), everything),
        (RepositoryFilter(text="LU"), ["Lumen"]),
        (RepositoryFilter(text="%"), []),
        (RepositoryFilter(grades=("A", "-")), ["quill", "tern"]),
        (RepositoryFilter(ladders=("token",)), ["Lumen"]),
        (RepositoryFilter(ladders=("token", "attested")), ["Lumen", "quill"]),
        (RepositoryFilter(registries=("pypi",)), ["Lumen", "quill"]),
        (RepositoryFilter(registries=("pyp",)), []),
        (RepositoryFilter(topics=("science",)), ["Lumen", "quill"]),
        (RepositoryFilter(topics=("50%_web",)), ["tern"]),
        (RepositoryFilter(topics=("50x_web",)), []),
        (RepositoryFilter(below=90), ["Lumen"]),
        (RepositoryFilter(area="pinning", below=96), ["Lumen", "quill"]),
        (RepositoryFilter(coverage_below=0.9), []),
        (RepositoryFilter(coverage_below=0.95), everything),
        (RepositoryFilter(publishing=False), ["tern"]),
        (RepositoryFilter(publishing=True, archived=False), ["Lumen", "quill"]),
        (RepositoryFilter(archived=True), ["tern"]),
        (RepositoryFilter(failing=PINS), ["Lumen"]),
        (RepositoryFilter(failing="no-such-check"), []),
    ]
    for where, expected in cases:
        assert names(mixed, where) == expected, where


def test_repositories_are_ordered_and_paged(mixed: Store) -> None:
    everything = RepositoryFilter()
    assert names(mixed, everything, "points") == ["Lumen", "quill", "tern"]
    assert names(mixed, everything, "-points") == ["quill", "Lumen", "tern"]
    assert names(mixed, everything, "-open") == ["Lumen", "quill", "tern"]
    assert names(mixed, everything, "pinning") == ["Lumen", "quill", "tern"]
    page = mixed.repositories(order="-repository", limit=1, offset=1)
    assert [r.repository for r in page] == ["quill"]


def test_a_repository_as_it_was_scored(mixed: Store) -> None:
    row = mixed.repository(OWNER.upper(), "lumen")
    assert row is not None
    assert (row.repository, row.grade, row.points, row.commit) == ("Lumen", "C", 60, commit(1))
    assert row.areas["trusted-publisher"] == 100
    assert row.open == {"info": 0, "low": 0, "medium": 0, "high": 1, "critical": 0}
    assert (row.accepted, row.registries, row.ladders) == (1, ("pypi",), ("token",))
    assert mixed.repository(OWNER, "none") is None


def test_words_to_filter_by(mixed: Store) -> None:
    assert mixed.repository_words() == {
        "grades": (Grade.NONE, Grade.A, Grade.C),
        "ladders": ("attested", "token"),
        "registries": ("pypi",),
        "topics": ("50%_web", "python", "science"),
    }


def test_findings_are_filtered_and_ordered(store: Store) -> None:
    low = fault("low", severity=Severity.LOW, check=TOKEN, path="b.yml", accepted=True)
    audits = [
        audit(
            "quill",
            results=(
                result(PINS, fault("a"), fault("b", severity=Severity.CRITICAL)),
                result(TOKEN, low, area=Area.TRUSTED_PUBLISHER),
            ),
        ),
        audit("lumen", fault("c")),
    ]
    scan(store, 0, *audits)
    scan(store, 1, *audits, audit("tern", fault("d", severity=Severity.INFO)))

    def found(order: str = "severity", **parts: object) -> list[str]:
        where = FindingFilter(**parts)  # type: ignore[arg-type]
        rows = [f.fingerprint for f in store.findings(where=where, order=order)]
        assert store.count_findings(where=where) == len(rows)
        return rows

    assert found() == ["b", "a", "c", "low", "d"]
    assert found("repository") == ["c", "b", "a", "low", "d"]
    assert found("newest") == ["d", "b", "a", "c", "low"]
    assert found(repository="QUILL") == ["b", "a", "low"]
    assert found(checks=(TOKEN,)) == found(areas=("trusted-publisher",)) == ["low"]
    assert found(severities=("critical", "info", "nonsense")) == ["b", "d"]
    assert found(accepted=True) == found(path="b.yml") == ["low"]
    assert found(accepted=False, seen_since=1) == ["d"]
    assert found(states=("not-re-checked",)) == []
    assert [f.fingerprint for f in store.findings(limit=2, offset=1)] == ["a", "c"]
    assert next(store.findings()).title == "Actions are not pinned"
    with pytest.raises(StoreError, match="No repository"):
        found(repository="nobody")


def test_results_of_every_check(store: Store) -> None:
    unknown = result(
        "leftover-token-secret",
        outcome=Outcome.UNKNOWN,
        unseen=(
            Unseen(need=Need.SECRET_NAMES, reason="no"),
            NEEDS_ADMIN,
        ),
    )
    crashed = replace(result("id-token-too-wide", outcome=Outcome.UNKNOWN), crash="KeyError")
    scan(store, 0, audit("lumen", fault("a")), audit("quill", results=(unknown, crashed)))
    rows = {row.check: row for row in store.results(OWNER, "quill")}
    assert rows[PINS].outcome == "not-applicable"
    assert rows["leftover-token-secret"].permission == "Administration: read"
    assert rows["id-token-too-wide"].reason == "KeyError"
    lumen = {row.check: (row.outcome, row.places) for row in store.results(OWNER, "lumen")}
    assert lumen[PINS] == ("fail", 2)
    assert lumen[TOKEN] == ("pass", 1)
    counts = {c.check: (c.passed, c.failed, c.unknown) for c in store.check_counts(OWNER)}
    assert counts["leftover-token-secret"] == (0, 0, 1)
    assert [(p.permission, p.unknown) for p in store.permission_counts(OWNER)] == [
        ("Administration: read", 1)
    ]


def test_deductions_and_the_lesson(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), points=60))
    lost = store.deductions(OWNER, "lumen")
    assert [(d.check, d.area, d.points) for d in lost] == [(PINS, "pinning", 40)]
    step = store.lesson(OWNER, "lumen")[0]
    assert (step.position, step.state, step.checks) == (1, "done", ("unnamed-workflow",))
    assert store.check_counts(OWNER)[0].points == 40


def test_gaps_of_owner_and_repository(store: Store) -> None:
    running = begin(store, 0)
    limited = Gap(subject="members", reason=GapReason.RATE_LIMITED, detail="Wait an hour.")
    store.record_gaps(running, (limited, limited))
    store.record(running, audit("lumen", gaps=(gap(),)))
    store.finish_scan(running, night(0))
    found = store.gaps()
    assert [(g.repository, g.subject) for g in found] == [("", "members"), ("lumen", PATH)]
    assert store.count_gaps() == 2
    rows, places = store.first_gaps(1)
    assert [(row.repository, row.subject) for row in rows] == [("", found[0].subject)]
    assert places == {OWNER: 2}
    assert store.first_gaps(9)[0] == found
    assert store.first_gaps(9, where=GapFilter(optional=True)) == ((), {})
    assert len(store.gaps(repository="lumen")) == 1


def test_packages_know_their_state_before(store: Store) -> None:
    scan(store, 0, audit("lumen"))
    scan(store, 1, audit("lumen", index=evidence("1.0")))
    package = store.packages()[0]
    assert (package.previous_state, package.state) == (Ladder.TOKEN, Ladder.ATTESTED)
    assert (package.last_release, package.attested, package.release_event) == (
        "1.0",
        "yes",
        "release",
    )
    assert store.packages(1)[0].previous_state == ""
    assert store.packages(1)[0].evidence_at is None


def test_packages_that_are_easiest_to_publish_come_first(store: Store) -> None:
    attested = audit("amber", index=evidence("1.0"))
    scan(store, 0, attested, audit("lumen"), audit("beryl"))
    assert [p.package for p in store.packages()] == ["amber", "beryl", "lumen"]
    worst = store.packages(worst_first=True)
    assert [p.package for p in worst] == ["beryl", "lumen", "amber"]
    assert store.packages(worst_first=True, limit=1, offset=2) == worst[2:]


def test_who_runs_what(store: Store) -> None:
    scan(store, 0, audit("lumen"), audit("quill"))
    summary = store.action_summaries(where=ActionFilter(action="CHECKOUT"))
    assert [(s.action, s.repositories, s.unpinned) for s in summary] == [("actions/checkout", 2, 2)]
    uses = list(store.actions(where=ActionFilter(action="actions/checkout", exact=True)))
    assert [(u.repository, u.ref, u.role) for u in uses] == [
        ("lumen", "v4", "publishing job"),
        ("quill", "v4", "publishing job"),
    ]
    for nothing in (
        ActionFilter(action="check", exact=True),
        ActionFilter(ref="v5"),
        ActionFilter(pinned=True),
        ActionFilter(kinds=("image",)),
        ActionFilter(in_release=False),
    ):
        assert not list(store.actions(where=nothing))
    assert len(list(store.actions(where=ActionFilter(repository="quill")))) == 1


def test_an_action_is_summed_up_with_what_is_known_of_it(store: Store) -> None:
    asked = ResolvedRef(
        slug="actions/checkout", ref="v4", commit=commit(9), newest_release="v5", archived=True
    )
    first, second = (f"GHSA-2222-3333-444{n}" for n in (4, 5))
    faults = [fault(name, advisories=(name,), line=9) for name in (second, first)]
    scan(
        store,
        0,
        audit("lumen", faults[0], references=(asked,)),
        audit("quill", faults[1], references=(asked,)),
        audit("tern", references=(asked,)),
    )
    assert store.action_summaries() == (
        ActionSummary(
            action="actions/checkout",
            kind="action",
            uses=3,
            repositories=3,
            refs=1,
            unpinned=3,
            in_release=3,
            advisories=f"{first}, {second}",
            newest_release="v5",
            archived="yes",
        ),
    )
    mine = store.action_summaries(where=ActionFilter(repository="tern"))
    assert [(s.uses, s.advisories, s.archived) for s in mine] == [(1, "", "yes")]
    assert store.action_summaries(where=ActionFilter(ref="v5")) == ()


def test_publications(mixed: Store) -> None:
    rows = mixed.publications()
    assert [(p.repository, p.package, p.auth) for p in rows] == [
        ("Lumen", "Lumen", "token"),
        ("quill", "quill", "token"),
    ]
    assert len(mixed.publications(repository="quill")) == 1


def test_the_owners_card(store: Store) -> None:
    check = "writable-default-token"
    touching: dict[str, Audit] = {
        name: audit(name, owner_results=(result(check, fault(name, check=check)),))
        for name in ("lumen", "quill")
    }
    running = begin(store, 0)
    owners = result("sha-pinning-not-required", outcome=Outcome.UNKNOWN, unseen=(NEEDS_ADMIN,))
    store.record_owner(running, None, (owners,))
    for found in touching.values():
        store.record(running, found)
    store.finish_scan(running, night(0))
    card = {fact.check: fact for fact in store.owner_card(OWNER)}
    assert (card[check].outcome, card[check].repositories) == ("fail", 2)
    assert card[check].message
    assert card["sha-pinning-not-required"].permission == "Administration: read"
    assert store.count_findings() == 0
    assert check not in {row.check for row in store.results(OWNER, "lumen")}


def test_several_owners(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a")))
    scan(store, 1, audit("lumen", fault("b"), fault("c")), owner="hill-tools")
    running = begin(store, 2)
    store.record(running, audit("lumen", fault("z")))
    assert store.owners() == ("hill-tools", OWNER)
    assert {f.owner: f.fingerprint for f in store.findings()} == {OWNER: "a", "hill-tools": "c"}
    assert store.count_repositories() == 2
    assert store.count_findings(owner=OWNER) == 1
    assert [(t.open["high"], t.repositories) for t in store.trend()] == [(1, 1), (3, 2)]
    assert store.totals().open["high"] == 3
    assert store.repository_names() == (f"{OWNER}/lumen", "hill-tools/lumen")


def test_what_is_not_stored(store: Store) -> None:
    assert not any((store.owners(), store.scans(), store.trend(), store.repositories()))
    assert store.latest_scan() is None
    assert list(store.findings()) == []
    with pytest.raises(StoreError, match="No scan of nobody"):
        store.repositories(owner="nobody")
    scan(store, 0, audit("lumen"))
    with pytest.raises(StoreError, match="No scan of nobody") as raised:
        store.repositories(owner="nobody")
    assert f"There are scans of {OWNER}." in raised.value.advice
    begin(store, 1, owner="unfinished")
    with pytest.raises(StoreError, match="No scan of nobody") as raised:
        store.repositories(owner="nobody")
    assert f"There are scans of {OWNER}." in raised.value.advice
    with pytest.raises(StoreError, match="no finished scan 99"):
        store.repositories(99)
    assert store.changes(OWNER).since == 0
    assert store.stored(OWNER, "none") is None


def test_how_long_fixes_took(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), fault("b")))
    scan(store, 1, audit("lumen", fault("b")))
    scan(store, 4, audit("lumen"))
    times = store.fix_times(OWNER)
    assert [(t.check, t.fixed, t.mean_days, t.longest_days) for t in times] == [(PINS, 2, 2.5, 4)]
    assert [t.fixed for t in store.fix_times(OWNER, scan=2)] == [1]
    assert [t.fixed for t in store.fix_times(OWNER, since=2)] == [1]
