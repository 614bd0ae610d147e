"""Every state of the ladder, and every step between them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.analysis.trusted_publishers import points_to
from audits.model.evidence import PackageEvidence, Release
from audits.model.publication import Auth, Channel
from audits.model.registry import Registry
from audits.model.repository import NO_INDEX
from audits.model.score import Ladder, PackageStatus
from audits.model.source import Gap, GapReason
from audits.workflow.publisher_status.questions import packages_to_ask
from audits.workflow.publisher_status.status import state_in_text, statuses
from tests.workflow.publisher_status.parts import (
    HOME,
    OURS,
    REF,
    SILENT,
    evidence,
    publication,
    release,
    repository,
    state,
    status,
)


@pytest.mark.parametrize(
    ("auths", "expected"),
    [
        ((Auth.TOKEN,), Ladder.TOKEN),
        ((Auth.TOKEN, Auth.UNKNOWN), Ladder.TOKEN),
        ((Auth.TOKEN, Auth.NONE), Ladder.TOKEN),
        ((Auth.MIXED,), Ladder.MIXED),
        ((Auth.TOKEN, Auth.OIDC), Ladder.MIXED),
        ((Auth.MIXED, Auth.UNKNOWN), Ladder.MIXED),
        ((Auth.OIDC,), Ladder.OIDC),
        ((Auth.OIDC, Auth.NONE), Ladder.OIDC),
        ((Auth.OIDC, Auth.UNKNOWN), Ladder.UNKNOWN),
        ((Auth.UNKNOWN,), Ladder.UNKNOWN),
        ((Auth.NONE,), Ladder.UNKNOWN),
    ],
)
def test_what_the_text_says(auths: tuple[Auth, ...], expected: Ladder) -> None:
    publications = tuple(publication(auth) for auth in auths)
    assert state_in_text(publications) is expected
    found = status(repository(*publications))
    assert (found.state, found.missing) == (expected, NO_INDEX.reason)
    assert found.publications == tuple(p.key for p in publications)


@pytest.mark.parametrize("text", [Auth.TOKEN, Auth.MIXED, Auth.OIDC, Auth.UNKNOWN])
@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (None, "was not asked"),
        (replace(evidence(), exists=False), "knows no package"),
        (replace(evidence(), releases=SILENT), "does not say"),
        (evidence(), "has no release"),
        (evidence(release(provenance=SILENT)), "was not seen"),
        (evidence(release()), "is not attested, which proves nothing"),
        (evidence(release(), release("1.1.0", (OURS,))), "though 1.1.0 was"),
    ],
)
def test_evidence_that_proves_nothing_leaves_the_text(
    text: Auth, seen: PackageEvidence | None, words: str
) -> None:
    subject = publication(text)
    found = status(repository(subject, seen=None if seen is None else (seen,)))
    assert found.state is state_in_text((subject,))
    assert words in found.why


def test_an_absent_attestation_is_not_a_token() -> None:
    found = status(repository(publication(), seen=(evidence(release()),)))
    assert (found.state, found.missing) == (Ladder.OIDC, "how the latest release was uploaded")


def test_a_trusted_publisher_without_attestation_is_reported() -> None:
    seen = evidence(release(), registry=Registry.NPM, trusted=True)
    found = status(repository(publication(registry=Registry.NPM), seen=(seen,)))
    assert (found.state, found.missing) == (Ladder.OIDC, "")
    assert "came from a trusted publisher" in found.why


def test_the_steps_up_the_ladder() -> None:
    attested = evidence(release("1.3.0", (OURS,)), release())
    not_yet = evidence(release())
    assert state(publication(Auth.TOKEN), seen=not_yet) is Ladder.TOKEN
    assert state(publication(Auth.TOKEN), publication(), seen=not_yet) is Ladder.MIXED
    assert state(publication(), seen=not_yet) is Ladder.OIDC
    assert state(publication(), seen=attested) is Ladder.ATTESTED
    # and down again: a token beside an attested release is two paths
    assert state(publication(Auth.TOKEN), seen=attested) is Ladder.MIXED
    assert state(publication(Auth.MIXED), seen=attested) is Ladder.MIXED
    assert state(publication(Auth.NONE), seen=attested) is Ladder.ATTESTED
    assert state(publication(Auth.UNKNOWN), seen=attested) is Ladder.ATTESTED
    regressed = evidence(release("1.4.0"), release("1.3.0", (OURS,)))
    assert state(publication(), seen=regressed) is Ladder.OIDC


def test_a_yanked_release_does_not_count() -> None:
    seen = evidence(release("2.0", yanked=True), release("1.2.0", (OURS,)))
    found = status(repository(publication(), seen=(seen,)))
    assert found.state is Ladder.ATTESTED
    assert found.why == (
        "The workflow uploads with a trusted publisher; release 1.2.0 is attested for release.yml; "
        "whether that file has changed since was not seen."
    )


def test_packages_stand_apart_and_names_are_compared() -> None:
    both = publication(Auth.OIDC, "Lumen_Core", "lumen-extra")
    token = publication(Auth.TOKEN, "lumen.core")
    found = statuses(repository(both, token, seen=(evidence(release(), name="lumen-core"),)))
    assert [(s.package, s.state) for s in found] == [
        ("Lumen_Core", Ladder.MIXED),
        ("lumen-extra", Ladder.OIDC),
    ]
    assert found[0].publications == (both.key, token.key)
    assert "release 1.2.0" in found[0].why
    assert "the index was not asked about" in found[1].why


def test_what_is_not_on_the_ladder() -> None:
    assert statuses(repository(publication(registry=Registry.CONTAINER))) == ()
    assert statuses(repository(publication(channel=Channel.TEST))) == ()
    assert statuses(repository(publication(channel=Channel.PRIVATE))) == ()
    assert statuses(repository()) == ()
    names = {"container": ("lumen",), "no-registry": ("lumen",)}
    assert statuses(replace(repository(), package_names=names)) == ()


def test_a_publication_without_a_name() -> None:
    nameless = replace(publication(), packages=())
    found = status(repository(nameless, seen=()))
    assert (found.package, found.state) == ("", Ladder.OIDC)
    assert found.missing == "the package's name"
    linked = evidence(release(), links=(HOME,))
    subject = repository(nameless, seen=(linked,), names=("lumen",))
    states = {s.package: s.state for s in statuses(subject)}
    assert states == {"": Ladder.OIDC, "lumen": Ladder.UNKNOWN}


def linked(*releases: Release, **changes: object) -> PackageStatus:
    seen = evidence(*releases, links=("https://lumen.example/", HOME))
    return status(repository(seen=(seen,), names=("lumen",), **changes))  # type: ignore[arg-type]  # see there


def test_released_by_hand() -> None:
    found = linked(release())
    assert (found.state, found.package, found.publications) == (Ladder.MANUAL, "lumen", ())
    assert linked(release(provenance=SILENT)).state is Ladder.MANUAL
    assert linked(release(provenance=SILENT)).missing == SILENT.reason
    assert linked(release(provenance=SILENT, attested=1)).state is Ladder.UNKNOWN
    assert linked().state is Ladder.NONE
    unseen = replace(evidence(links=(HOME,)), releases=SILENT)
    assert status(repository(seen=(unseen,), names=("lumen",))).state is Ladder.MANUAL


def test_released_by_a_workflow_that_was_not_recognised() -> None:
    assert linked(release(provenance=(OURS,))).state is Ladder.ATTESTED
    assert linked(release(provenance=(OURS,)), workflows=()).state is Ladder.UNKNOWN
    elsewhere = replace(OURS, repository="orchard-labs/tools")
    found = linked(release(provenance=(elsewhere,)))
    assert (found.state, "orchard-labs/tools" in found.why) == (Ladder.NONE, True)


def test_a_workflow_that_was_not_read_may_publish() -> None:
    gap = Gap(subject=".github/workflows/x.yml", reason=GapReason.INVALID, detail="x")
    found = linked(release(), gaps=(gap,))
    missing = ".github/workflows/x.yml could not be read"
    assert (found.state, found.missing) == (Ladder.UNKNOWN, missing)


def test_nothing_publishes() -> None:
    assert status(repository(names=("lumen",))).state is Ladder.NONE
    absent = replace(evidence(), exists=False)
    assert "does not know it" in status(repository(names=("lumen",), seen=(absent,))).why
    foreign = evidence(release(), links=("https://github.com/orchard-labs/lumen-two",))
    found = status(repository(names=("lumen",), seen=(foreign,)))
    assert (found.state, "links elsewhere" in found.why) == (Ladder.NONE, True)
    assert statuses(repository(seen=(foreign,))) == ()
    # A package by its own publication is not listed a second time by its metadata or links.
    seen = evidence(release(), links=(HOME,))
    assert len(statuses(repository(publication(), names=("Lumen",), seen=(seen,)))) == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (HOME, True),
        ("https://www.github.com/orchard-labs/lumen/tree/main/python", True),
        ("http://github.com/orchard-labs/lumen#readme", True),
        ("https://github.com/orchard-labs", False),
        ("https://github.com/orchard-labs/lumen-two", False),
        ("https://github.com.evil.example/orchard-labs/lumen", False),
        ("https://gitlab.example/orchard-labs/lumen", False),
        ("https://[x", False),
    ],
)
def test_links_that_point_here(url: str, expected: bool) -> None:
    assert points_to(url, REF) is expected


def test_which_packages_to_ask_about() -> None:
    subject = repository(
        publication(Auth.OIDC, "Lumen.Core", "lumen"),
        publication(channel=Channel.TEST),
        publication(Auth.OIDC, "@Orchard/lumen", registry=Registry.NPM),
        publication(Auth.OIDC, "image", registry=Registry.CONTAINER),
        names=("lumen", "lumen-extra"),
    )
    assert packages_to_ask(subject) == (
        ("pypi", "lumen-core"),
        ("pypi", "lumen"),
        ("npm", "@Orchard/lumen"),
        ("pypi", "lumen-extra"),
    )


def test_packages_of_other_repositories_are_not_reported_here() -> None:
    sibling = evidence(release(), name="lumen-extra", links=(HOME,))
    assert statuses(repository(seen=(sibling,))) == ()
