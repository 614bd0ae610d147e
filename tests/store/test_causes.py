"""Why scores change: one word each, found from what differs between two states."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from audits.model.causes import Cause, cause_clause, cause_words
from audits.model.evidence import Advisory, AdvisoryList, ResolvedRef
from audits.model.outcome import Outcome
from audits.model.score import Audit
from audits.model.settings import EnvironmentSettings, Need, RepositorySettings, Unseen
from audits.store.store import Store
from tests.store.recorded import scan
from tests.store.samples import (
    NEEDS_ADMIN,
    OWNER,
    PINS,
    TOKEN,
    audit,
    commit,
    evidence,
    fault,
    gap,
    result,
)

HIDDEN = Unseen(need=Need.SETTINGS, reason="hidden", permission="Actions: read")


def settings(*, reviewers: int | Unseen = 0) -> RepositorySettings:
    """Settings with one environment."""
    return RepositorySettings(
        environments={"pypi": EnvironmentSettings(name="pypi", reviewers=reviewers)},
        tag_rulesets=(),
        latest_release_immutable=None,
        actions=HIDDEN,
        secret_names=HIDDEN,
        organization_secret_names=HIDDEN,
    )


def reference(commit_id: str) -> ResolvedRef:
    """What ``actions/checkout@v4`` is."""
    return ResolvedRef(slug="actions/checkout", ref="v4", commit=commit_id)


def advisories(name: str, package: str = "actions/checkout") -> AdvisoryList:
    """A list with one advisory."""
    found = Advisory(id=name, package=package, ranges=("<5",))
    return AdvisoryList(taken=date(2026, 1, 1), advisories=(found,))


def unread(audited: Audit) -> Audit:
    """The audit of a repository whose files could not be read."""
    snapshot = replace(audited.repository.snapshot, files=(), gaps=(gap(),))
    return replace(audited, repository=replace(audited.repository, snapshot=snapshot))


UNKNOWN = (result(PINS, outcome=Outcome.UNKNOWN, unseen=(NEEDS_ADMIN,)), result(TOKEN))

CASES: dict[str, tuple[Audit, Audit]] = {
    "repository": (audit(points=60), audit(points=95, text="on: push\n", sha=commit(2))),
    "setting": (
        audit(points=60, settings=settings()),
        audit(points=95, settings=settings(reviewers=2)),
    ),
    "index": (
        audit(points=60, index=evidence("1.0")),
        audit(points=95, index=evidence("2.0", attested=False)),
    ),
    "rules": (audit(points=60), audit(points=95, rules="b2")),
    "repository; rules": (audit(points=60), audit(points=95, rules="b2", text="on: push\n")),
    "platform": (audit(points=60, rules="a1-01"), audit(points=95, rules="a1-02")),
    "repository; platform": (
        audit(points=60, rules="a1-01"),
        audit(points=95, rules="a1-02", text="on: push\n"),
    ),
    "unread": (audit("lumen", fault("a"), points=60), unread(audit(points=95))),
    "advisories": (
        audit(points=60, advisories=advisories("GHSA-1")),
        audit(points=95, advisories=advisories("GHSA-2")),
    ),
    "unknown": (audit(points=60), audit(points=95)),
    "token": (
        audit(points=60, settings=settings(reviewers=HIDDEN)),
        audit(points=95, settings=settings(reviewers=1)),
    ),
    "acceptance": (
        audit("lumen", fault("a"), points=60),
        audit("lumen", fault("a", accepted=True), points=95),
    ),
    "references": (
        audit(points=60, references=(reference(commit(7)),)),
        audit(points=95, references=(reference(commit(8)),)),
    ),
}


@pytest.mark.parametrize("cause", CASES)
def test_each_cause(store: Store, cause: str) -> None:
    before, after = CASES[cause]
    scan(store, 0, before)
    scan(store, 1, after)
    change = store.score_changes(OWNER)[0]
    assert (change.cause, change.before, change.after) == (cause, 60, 95)
    assert (change.grade_before, change.grade_after) == ("C", "A")
    assert change.checks == (PINS,)


NOT_THE_CAUSE: dict[str, tuple[Audit, Audit, str]] = {
    "references that were read once": (
        audit(points=60),
        audit(points=95, references=(reference(commit(8)),)),
        "unknown",
    ),
    "a reference of which less was seen": (
        audit(points=60, references=(reference(commit(7)),)),
        audit(points=95, references=(replace(reference(commit(7)), reachable=HIDDEN),)),
        "unread",
    ),
    "an index that was read once": (audit(points=60, index=evidence()), audit(points=95), "unread"),
    "an advisory for another action": (
        audit(points=60, advisories=advisories("GHSA-1")),
        audit(points=95, advisories=advisories("GHSA-2", "other/action")),
        "advisories",
    ),
    "advisories for other actions alone": (
        audit(points=60, advisories=advisories("GHSA-1", "other/action")),
        audit(points=95, advisories=advisories("GHSA-2", "other/action")),
        "unknown",
    ),
    "the acceptance of what cost nothing": (
        audit("lumen", fault("a"), fault("t", check=TOKEN), points=60),
        audit("lumen", fault("a"), fault("t", check=TOKEN, accepted=True), points=95),
        "unknown",
    ),
    "a check that crashed": (
        audit("lumen", fault("a"), points=60),
        audit(
            "lumen",
            results=(replace(UNKNOWN[0], unseen=(), crash="ValueError"),),
            points=95,
            text="on: push\n",
        ),
        "unread",
    ),
    "a commit that changed no file that is read": (
        audit(points=60),
        audit(points=95, sha=commit(9)),
        "unknown",
    ),
}


@pytest.mark.parametrize("case", NOT_THE_CAUSE)
def test_only_what_differs_in_both_scans_is_a_cause(store: Store, case: str) -> None:
    before, after, cause = NOT_THE_CAUSE[case]
    scan(store, 0, before)
    scan(store, 1, after)
    assert store.score_changes(OWNER)[0].cause == cause


def test_another_version_of_the_program_is_the_cause_where_nothing_else_is(store: Store) -> None:
    scan(store, 0, audit(points=60), version="1.0")
    scan(store, 1, audit(points=95), version="1.1")
    scan(store, 2, audit(points=60, text="on: push\n"), version="1.2")
    assert [c.cause for c in store.score_changes(OWNER, since=0)] == ["repository", "rules"]


def test_a_repository_is_compared_with_when_it_was_reached_last(store: Store) -> None:
    old, new = reference(commit(7)), reference(commit(8))
    scan(store, 0, audit(points=60, references=(old,)), audit("quill", references=(old,)))
    scan(store, 1, audit("quill", references=(new,)))
    scan(store, 2, audit(points=95, references=(new,)), audit("quill", references=(new,)))
    assert [c.cause for c in store.score_changes(OWNER)] == ["references"]


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_has_words(cause: Cause) -> None:
    assert cause_words(cause) != cause.value
    assert cause_clause(cause).endswith(cause_words(cause))
    assert cause_clause("unknown") == "; the cause is not known"


def test_a_lesser_token_is_the_cause_even_if_files_changed(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), points=60, tier=2))
    scan(store, 1, audit("lumen", results=UNKNOWN, points=95, tier=1, text="on: push\n"))
    assert store.score_changes(OWNER)[0].cause == "token"


def test_a_file_that_could_not_be_read_is_no_change_of_the_repository(store: Store) -> None:
    scan(store, 0, audit("lumen", fault("a"), points=60))
    hidden = audit("lumen", points=95, gaps=(gap(),))
    snapshot = replace(hidden.repository.snapshot, files=())
    without = replace(hidden, repository=replace(hidden.repository, snapshot=snapshot))
    scan(store, 1, without)
    assert store.score_changes(OWNER)[0].cause != "repository"
    assert [f.state for f in store.findings()] == ["not-re-checked"]


def test_the_same_score_is_no_change(store: Store) -> None:
    scan(store, 0, audit(points=60))
    scan(store, 1, audit(points=60, text="on: push\n", sha=commit(2)))
    assert store.score_changes(OWNER) == ()


def test_changes_of_one_repository_and_since(store: Store) -> None:
    for number, points in enumerate((60, 95, 60)):
        scan(store, number, audit(points=points, text=f"# {points}\n"), audit("quill"))
    assert [c.scan for c in store.score_changes(OWNER)] == [3]
    assert [c.scan for c in store.score_changes(OWNER, since=1)] == [3, 2]
    assert [c.scan for c in store.score_changes(OWNER, repository="lumen")] == [3, 2]
    assert store.score_changes(OWNER, scan=2, repository="lumen")[0].after == 95
    assert store.score_changes(OWNER, repository="quill") == ()
