"""What a registry's evidence can prove, and what an absent attestation leaves open."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from audits.model.evidence import FileThen, PackageEvidence, PublisherKind
from audits.model.publication import Auth
from audits.model.registry import Registry
from audits.model.score import Ladder
from audits.model.source import SourceFile
from tests.workflow.publisher_status.parts import (
    COMMIT,
    HOME,
    OURS,
    PATH,
    SILENT,
    evidence,
    publication,
    release,
    repository,
    status,
)

SAME = {(COMMIT, PATH): FileThen(oid=SourceFile.of(PATH, b"name: x\n").oid)}
CRATES = replace(OURS, workflow="", environment="", repository_id="", event="", ref="")


def npm(auth: Auth, trusted: bool | None) -> tuple[Ladder, str]:
    seen = evidence(release(provenance=(OURS,)), registry=Registry.NPM, trusted=trusted)
    subject = repository(publication(auth, registry=Registry.NPM), seen=(seen,))
    found = status(replace(subject, released=SAME))
    return found.state, found.why.partition("ccccccc")[2]


@pytest.mark.parametrize(
    ("auth", "trusted", "state", "words"),
    [
        (Auth.OIDC, True, Ladder.ATTESTED, "."),
        (Auth.OIDC, None, Ladder.ATTESTED, "."),
        (
            Auth.OIDC,
            False,
            Ladder.ATTESTED,
            "; the registry names an account for that upload, and no trusted publisher.",
        ),
        (Auth.TOKEN, True, Ladder.MIXED, ", so that a trusted path exists beside the token."),
        (Auth.TOKEN, None, Ladder.TOKEN, "; provenance comes with tokens too."),
        (
            Auth.TOKEN,
            False,
            Ladder.TOKEN,
            "; the registry names an account for that upload, and no trusted publisher.",
        ),
        (Auth.MIXED, None, Ladder.MIXED, "; provenance comes with tokens too."),
        (Auth.UNKNOWN, True, Ladder.ATTESTED, "."),
        (Auth.UNKNOWN, None, Ladder.UNKNOWN, "; provenance comes with tokens too."),
    ],
)
def test_provenance_of_npm_comes_with_tokens_too(
    auth: Auth, trusted: bool | None, state: Ladder, words: str
) -> None:
    assert npm(auth, trusted) == (state, words)


def crate(*provenance: object, auth: Auth = Auth.OIDC) -> tuple[Ladder, str]:
    latest = release(provenance=tuple(provenance), attested=len(provenance))  # type: ignore[arg-type]  # of the class
    seen = evidence(latest, registry=Registry.CRATES, trusted=bool(provenance))
    found = status(repository(publication(auth, registry=Registry.CRATES), seen=(seen,)))
    return found.state, found.why.partition("; ")[2]


def test_crates_say_who_published() -> None:
    assert crate(CRATES) == (
        Ladder.ATTESTED,
        "release 1.2.0 came from a trusted publisher of this repository.",
    )
    assert crate(replace(CRATES, repository="stranger/lumen"))[1].startswith(
        "release 1.2.0 came from a trusted publisher of stranger/lumen on github.com, not for "
    )
    assert crate() == (
        Ladder.OIDC,
        "the registry says that release 1.2.0 did not come from a trusted publisher.",
    )
    assert crate(auth=Auth.TOKEN)[0] is Ladder.TOKEN


@pytest.mark.parametrize(
    ("auths", "attests", "words"),
    [
        ((Auth.OIDC,), None, "its upload."),
        ((Auth.OIDC,), False, "its upload."),
        (
            (Auth.OIDC,),
            True,
            "its upload: the present workflow makes attestations, so the release came before it "
            "did so, or by a token or another tool.",
        ),
        ((Auth.TOKEN,), None, "its upload."),
        (
            (Auth.OIDC, Auth.TOKEN),
            True,
            "its upload: the token and the trusted publisher are both possible.",
        ),
        ((Auth.MIXED,), None, "its upload: the token and the trusted publisher are both possible."),
    ],
)
def test_what_an_absent_attestation_leaves_open(
    auths: tuple[Auth, ...], attests: bool | None, words: str
) -> None:
    publications = [replace(publication(auth), attests=attests) for auth in auths]
    found = status(repository(*publications, seen=(evidence(release()),)))
    stem = "release 1.2.0 is not attested, which proves nothing about "
    assert found.why.partition("; ")[2] == stem + words


def test_an_attestation_that_was_not_read_is_one() -> None:
    seen = evidence(release(provenance=SILENT, attested=1))
    found = status(repository(publication(), seen=(seen,)))
    assert (found.state, found.missing) == (Ladder.OIDC, SILENT.reason)
    assert "release 1.2.0 is attested, for whom was not seen: the index does not say" in found.why


def test_a_withdrawn_release_is_the_latest_only_where_all_are() -> None:
    found = status(repository(publication(), seen=(evidence(release("2.0", yanked=True)),)))
    assert "release 2.0 (withdrawn, like all others) is not attested" in found.why


def test_a_release_candidate_counts_like_any_upload() -> None:
    seen = evidence(release("2.0rc1"), release("1.2.0", (OURS,)))
    found = status(repository(publication(), seen=(seen,)))
    assert "release 2.0rc1 is not attested, though 1.2.0 was" in found.why


def test_a_reason_that_is_a_sentence_ends_the_sentence_once() -> None:
    reason = replace(SILENT, reason="the index answered 503: ask again later.")
    found = status(repository(publication(), seen=(evidence(release(provenance=reason)),)))
    assert found.why.endswith("was not seen: the index answered 503: ask again later.")
    why = unpublished(replace(evidence(), releases=reason))[1]
    assert why.endswith("to production (the index answered 503: ask again later).")


def unpublished(seen: PackageEvidence) -> tuple[Ladder, str, str]:
    found = status(repository(seen=(seen,), names=("lumen",)))
    return found.state, found.why, found.missing


def test_links_that_were_not_seen_are_not_reported_as_leading_elsewhere() -> None:
    state, why, missing = unpublished(evidence(release()))
    assert (state, missing) == (Ladder.NONE, "the links of the index's package")
    assert why.endswith("no links of the index's package of this name were seen.")
    state, why, missing = unpublished(replace(evidence(), releases=SILENT))
    assert (state, missing) == (Ladder.NONE, SILENT.reason)
    assert why == f"No workflow publishes it to production ({SILENT.reason})."
    assert unpublished(evidence(release(), links=(HOME,)))[0] is Ladder.MANUAL


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": PublisherKind.OTHER}, "for a publisher of a kind that is not known here"),
        (
            {"repository": "", "repository_id": ""},
            "for a publisher that names no repository",
        ),
    ],
)
def test_a_publisher_that_cannot_be_determined(changes: dict[str, object], words: str) -> None:
    made = replace(OURS, **changes)
    found = status(repository(publication(), seen=(evidence(release(provenance=(made,))),)))
    assert (found.state, words in found.why) == (Ladder.UNKNOWN, True)
