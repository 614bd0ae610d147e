"""What the latest release's provenance does to a package's state: whose, which file, how."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.model.evidence import Provenance, PublisherKind
from audits.model.publication import Auth, Publication
from audits.model.score import Ladder, PackageStatus
from audits.model.source import RepositoryRef
from audits.workflow.publisher_status.provenance import Kinship, LatestRelease, kinship
from tests.workflow.publisher_status.parts import (
    OURS,
    PATH,
    REF,
    SILENT,
    evidence,
    publication,
    release,
    repository,
    status,
)

HOST = "https://github.com"


def with_provenance(
    *provenance: Provenance, subject: Publication | None = None, identity: int | None = None
) -> PackageStatus:
    seen = (evidence(release(provenance=provenance)),)
    return status(repository(subject or publication(), seen=seen, identity=identity))


@pytest.mark.parametrize(
    ("changes", "identity", "expected", "words"),
    [
        ({}, 1001, Ladder.ATTESTED, "attested for release.yml"),
        ({"repository": "Orchard-Labs/LUMEN"}, None, Ladder.ATTESTED, "release.yml"),
        ({"repository": "old-owner/lamp"}, 1001, Ladder.ATTESTED, "was called then"),
        ({"repository": "old-owner/lamp", "repository_id": ""}, 1001, Ladder.MISMATCH, "old-owner"),
        ({"repository_id": "5"}, 1001, Ladder.MISMATCH, "is another one"),
        ({"repository_id": "5"}, None, Ladder.ATTESTED, "release.yml"),
        (
            {"repository": "orchard-labs/tools", "repository_id": "9"},
            1001,
            Ladder.MISMATCH,
            "another repository of this owner",
        ),
        ({"repository": "stranger/lumen"}, None, Ladder.MISMATCH, "stranger/lumen on github.com"),
        ({"kind": PublisherKind.GITLAB}, None, Ladder.MISMATCH, "GitLab publisher"),
        (
            {"kind": PublisherKind.GOOGLE, "repository": "a@b.example"},
            None,
            Ladder.MISMATCH,
            "Google publisher a@b.example",
        ),
        ({"kind": PublisherKind.OTHER}, None, Ladder.UNKNOWN, "not known here"),
        ({"repository": ""}, None, Ladder.UNKNOWN, "names no repository"),
    ],
)
def test_whose_release_it_was(
    changes: dict[str, object], identity: int | None, expected: Ladder, words: str
) -> None:
    provenance = replace(OURS, **changes)
    found = with_provenance(provenance, identity=identity)
    assert found.state is expected
    assert words in found.why


def test_kinship_distinguishes_owners() -> None:
    ours = repository()
    assert kinship(ours, OURS) is Kinship.SAME
    assert kinship(ours, replace(OURS, repository="orchard-labs/x")) is Kinship.SAME_OWNER
    assert kinship(ours, replace(OURS, repository="x/lumen")) is Kinship.FOREIGN
    server = repository(ref=RepositoryRef(owner=REF.owner, name=REF.name, host="git.example"))
    assert kinship(server, OURS) is Kinship.FOREIGN


def test_an_unknown_publisher_does_not_hide_a_token() -> None:
    other = replace(OURS, kind=PublisherKind.OTHER)
    assert with_provenance(other, subject=publication(Auth.TOKEN)).state is Ladder.TOKEN
    foreign = replace(OURS, repository="stranger/lumen")
    assert with_provenance(foreign, subject=publication(Auth.TOKEN)).state is Ladder.MISMATCH


def test_the_worst_of_several_attestations_counts() -> None:
    foreign = replace(OURS, repository="stranger/lumen")
    assert with_provenance(OURS, foreign).state is Ladder.MISMATCH
    assert with_provenance(OURS, replace(OURS, kind=PublisherKind.OTHER)).state is Ladder.UNKNOWN
    found = with_provenance(OURS, replace(OURS, workflow="nightly.yml"))
    assert (found.state, "nightly.yml" in found.why) == (Ladder.OIDC, True)
    assert with_provenance(OURS, replace(OURS, predicate_types=("x",))).state is Ladder.ATTESTED


def test_another_workflow_of_this_repository() -> None:
    old = replace(OURS, workflow="old.yml")
    found = with_provenance(old)
    assert found.state is Ladder.OIDC
    assert "the workflow that publishes today is release.yml" in found.why
    assert with_provenance(old, subject=publication(Auth.TOKEN)).state is Ladder.TOKEN
    assert with_provenance(old, subject=publication(Auth.UNKNOWN)).state is Ladder.UNKNOWN
    called = publication(publisher=(".github/workflows/old.yml",))
    assert with_provenance(old, subject=called).state is Ladder.ATTESTED


def test_an_unknown_publisher_may_be_any_workflow() -> None:
    open_ended = publication(publisher=())
    assert with_provenance(OURS, subject=open_ended).state is Ladder.ATTESTED
    gone = replace(OURS, workflow="old.yml")
    assert with_provenance(gone, subject=open_ended).state is Ladder.OIDC
    nameless = with_provenance(replace(OURS, workflow=""), subject=open_ended)
    assert (nameless.state, nameless.missing) == (
        Ladder.ATTESTED,
        "the workflow that released it",
    )


@pytest.mark.parametrize(
    ("registered", "today", "dynamic", "expected"),
    [
        ("PyPI", "pypi", False, Ladder.ATTESTED),
        ("", "pypi", False, Ladder.ATTESTED),
        ("", "", False, Ladder.ATTESTED),
        ("pypi", "release", False, Ladder.OIDC),
        ("pypi", "", False, Ladder.OIDC),
        ("pypi", "${{ inputs.where }}", True, Ladder.ATTESTED),
    ],
)
def test_environments_are_compared_without_case(
    registered: str, today: str, dynamic: bool, expected: Ladder
) -> None:
    subject = publication(environment=today, dynamic=dynamic)
    found = with_provenance(replace(OURS, environment=registered), subject=subject)
    assert found.state is expected


def test_one_of_several_publications_may_fit() -> None:
    other = publication(environment="release")
    seen = (evidence(release(provenance=(OURS,))),)
    assert status(repository(other, publication(), seen=seen)).state is Ladder.ATTESTED


@pytest.mark.parametrize(
    ("changes", "events", "words"),
    [
        ({"ref": "refs/heads/main"}, (), "(released from the branch main)"),
        ({"event": "schedule"}, (), "by the event schedule, which is not expected"),
        (
            {"event": "push"},
            ("release",),
            "by the event push, which that workflow does not name today",
        ),
        ({"ref": "refs/pull/12/merge"}, (), "(released from the pull request 12)"),
        (
            {"ref": "refs/heads/main", "event": "schedule", "runner": "self-hosted"},
            (),
            "release.yml (released from the branch main, by the event schedule, which is not "
            "expected, on a self-hosted runner); whether",
        ),
        (
            {
                "build_config": f"{HOST}/orchard-labs/lumen/{PATH}@x",
                "build_signer": f"{HOST}/orchard-labs/ci/{PATH}@refs/tags/v3",
            },
            (),
            f"(released through orchard-labs/ci/{PATH}@refs/tags/v3)",
        ),
        ({"runner": "self-hosted"}, (), "on a self-hosted runner"),
        ({"event": ""}, ("release",), "release.yml;"),
        ({"event": "push"}, ("push",), "release.yml;"),
    ],
)
def test_how_it_was_released_is_stated(
    changes: dict[str, str], events: tuple[str, ...], words: str
) -> None:
    provenance = replace(OURS, **changes)
    found = with_provenance(provenance, subject=publication(events=events))
    assert found.state is Ladder.ATTESTED
    assert words in found.why


def test_the_release_that_provenance_is_read_of() -> None:
    assert LatestRelease.of(evidence()) == LatestRelease(version="", provenance=())
    assert LatestRelease.of(evidence(release(provenance=SILENT))).version == "1.2.0"
