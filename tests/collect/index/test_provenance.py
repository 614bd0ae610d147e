"""Provenance objects of the published shape, made here, read to the last claim, or refused."""

from __future__ import annotations

import base64
import copy
from hashlib import sha256, sha512
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from audits.collect.index.provenance import read_provenance, read_sigstore_bundles
from audits.model.evidence import Provenance, PublisherKind
from tests.collect.index.objects import (
    PUBLISH,
    SLSA,
    Run,
    attestation,
    bundle,
    certificate,
    npm_attestations,
    provenance_object,
)

RUN = Run(called="https://github.com/orchard-labs/ci/.github/workflows/publish.yml@refs/tags/v3")


def one(data: object) -> Provenance:
    read = read_provenance(data)
    assert read.problems == ()
    (found,) = read.provenance
    return found


def test_a_github_release_is_read_to_the_last_claim() -> None:
    assert one(provenance_object(RUN, predicates=(PUBLISH, SLSA, PUBLISH))) == Provenance(
        kind=PublisherKind.GITHUB,
        repository="orchard-labs/lumen",
        workflow="release.yml",
        environment="pypi",
        ref="refs/tags/v1.2.0",
        event="release",
        runner="github-hosted",
        run_url="https://github.com/orchard-labs/lumen/actions/runs/4711/attempts/1",
        commit=RUN.commit,
        repository_id="1001",
        owner_id="77",
        build_signer=RUN.called,
        build_config=(
            "https://github.com/orchard-labs/lumen/.github/workflows/release.yml@refs/tags/v1.2.0"
        ),
        predicate_types=(PUBLISH, SLSA),
    )


@pytest.mark.parametrize("environment", [None, "", 7])
def test_no_environment_in_all_its_spellings(environment: object) -> None:
    publisher = {**Run().publisher(), "environment": environment}
    assert one(provenance_object(publisher=publisher)).environment == ""
    del publisher["environment"]
    assert one(provenance_object(publisher=publisher)).environment == ""


@pytest.mark.parametrize(
    ("publisher", "kind", "repository", "workflow"),
    [
        (
            {
                "kind": "GitLab",
                "repository": "orchard/lumen",
                "workflow_filepath": ".gitlab-ci.yml",
            },
            PublisherKind.GITLAB,
            "orchard/lumen",
            ".gitlab-ci.yml",
        ),
        (
            {"kind": "Google", "email": "release@orchard.example"},
            PublisherKind.GOOGLE,
            "release@orchard.example",
            "",
        ),
        ({"kind": "CircleCI", "project_id": "x"}, PublisherKind.OTHER, "", ""),
        (
            {"kind": "Tomorrow", "repository": "orchard/lumen"},
            PublisherKind.OTHER,
            "orchard/lumen",
            "",
        ),
        ({"kind": None}, PublisherKind.OTHER, "", ""),
        ({}, PublisherKind.OTHER, "", ""),
        ({"kind": "GitHub"}, PublisherKind.GITHUB, "", ""),
        (
            {"kind": "GitHub", "repository": ["x"], "workflow": {}, "tier": "gold"},
            PublisherKind.GITHUB,
            "",
            "",
        ),
    ],
)
def test_kinds_of_publisher(
    publisher: dict[str, object], kind: PublisherKind, repository: str, workflow: str
) -> None:
    data = provenance_object(publisher=publisher or {"unknown": True}, claims={"event": "push"})
    found = one(data)
    assert (found.kind, found.repository, found.workflow) == (kind, repository, workflow)
    assert found.event == "push"


def test_a_certificate_without_claims_and_one_with_more() -> None:
    assert one(provenance_object(claims={})).ref == ""
    found = one(provenance_object(claims={"ref": "refs/heads/ö", "99": "later", "1": b"\x00"}))
    assert found.ref == "refs/heads/ö"
    long = one(provenance_object(claims={"ref": "x" * 5000}))
    assert len(long.ref) == 500


def test_extra_keys_are_tolerated() -> None:
    data: Any = provenance_object()
    plain = one(copy.deepcopy(data))
    data["signed_by"] = "x"
    data["attestation_bundles"][0]["more"] = 1
    signed = data["attestation_bundles"][0]["attestations"][0]
    signed["verification_material"]["timestamps"] = []
    assert one(data) == plain


def test_several_publishers_stand_apart() -> None:
    other = replace(RUN, repository="orchard-labs/other")
    data: Any = provenance_object(RUN)
    data["attestation_bundles"].append(bundle(other.publisher(), [attestation(other.claims())]))
    found = read_provenance(data).provenance
    assert [p.repository for p in found] == ["orchard-labs/lumen", "orchard-labs/other"]


def test_two_runs_in_one_bundle_are_reported() -> None:
    signed = [attestation(RUN.claims()), attestation(replace(RUN, run=1).claims(), predicate=SLSA)]
    data = {"version": 1, "attestation_bundles": [bundle(RUN.publisher(), signed)]}
    read = read_provenance(data)
    assert read.problems == ("its attestations were signed in different runs",)
    assert [p.run_url.split("/")[-3] for p in read.provenance] == ["4711"]


def test_an_attestation_is_for_its_file() -> None:
    data = provenance_object(content=b"archive")
    digest = sha256(b"archive").hexdigest()
    assert read_provenance(data, sha256=digest).provenance
    read = read_provenance(data, sha256=digest[::-1])
    assert (read.provenance, read.problems) == ((), ("an attestation is for another file",))


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        7,
        {},
        {"version": 1},
        {"version": 1, "attestation_bundles": {}},
        {"version": 2, "attestation_bundles": []},
        {"attestation_bundles": []},
        {"version": 1, "attestation_bundles": []},
        {"version": 1, "attestation_bundles": [None]},
        {"version": 1, "attestation_bundles": [{"publisher": "x"}]},
        {"version": 1, "attestation_bundles": [{"publisher": {}}]},
        {"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": []}]},
        {"version": 1, "attestation_bundles": [{"publisher": {}, "attestations": [{}]}]},
    ],
)
def test_what_is_no_provenance_says_so(data: object) -> None:
    read = read_provenance(data)
    assert read.provenance == ()
    assert len(read.problems) == 1
    assert read_sigstore_bundles(data).provenance == ()


def spoiled(change: str) -> object:
    data: Any = provenance_object()
    signed = data["attestation_bundles"][0]["attestations"][0]
    match change:
        case "certificate":
            signed["verification_material"]["certificate"] = "bm8gY2VydGlmaWNhdGU="
        case "base64":
            signed["verification_material"]["certificate"] = "?"
        case "claim":
            return provenance_object(claims={"ref": b"\xff\x00no DER"})
        case "number":
            return provenance_object(claims={"ref": b"\x02\x01\x05"})
        case "statement":
            signed["envelope"]["statement"] = "bm8gSlNPTg=="
        case "list":
            signed["envelope"]["statement"] = "W10="
        case "version":
            signed["version"] = 2
    return data


@pytest.mark.parametrize(
    "change", ["certificate", "base64", "claim", "number", "statement", "list", "version"]
)
def test_a_spoiled_attestation_is_reported(change: str) -> None:
    read = read_provenance(spoiled(change))
    assert read.provenance == ()
    assert len(read.problems) == 1
    assert "attestation" in read.problems[0]


def test_a_spoiled_attestation_beside_a_good_one_costs_only_itself() -> None:
    data: Any = spoiled("certificate")
    data["attestation_bundles"][0]["attestations"].append(attestation(RUN.claims()))
    read = read_provenance(data)
    assert [p.ref for p in read.provenance] == ["refs/tags/v1.2.0"]
    assert len(read.problems) == 1


Anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["version", "attestation_bundles", "publisher", "attestations", "kind"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60)
@given(Anything)
def test_any_json_is_read_or_reported(data: object) -> None:
    read = read_provenance({"version": 1, "attestation_bundles": data})
    assert not read.provenance
    assert read.problems
    assert not read_sigstore_bundles({"attestations": data}).provenance


@settings(deadline=None, max_examples=40)
@given(st.binary(max_size=40))
def test_any_bytes_as_a_claim_are_read_or_reported(der: bytes) -> None:
    read = read_provenance(provenance_object(claims={"event": "push", "ref": der}))
    assert len(read.provenance) + len(read.problems) == 1


def test_bundles_of_npm() -> None:
    (found,) = read_sigstore_bundles(npm_attestations(RUN)).provenance
    assert (found.kind, found.repository, found.workflow, found.environment) == (
        PublisherKind.GITHUB,
        "orchard-labs/lumen",
        "release.yml",
        "",
    )
    assert (found.event, found.repository_id, found.predicate_types) == (
        "release",
        "1001",
        (SLSA,),
    )


@pytest.mark.parametrize("chain", [True, False])
def test_a_bundle_of_npm_is_for_its_file(chain: bool) -> None:
    data: Any = npm_attestations(RUN, b"tarball", chain=chain)
    digest = sha512(b"tarball").hexdigest()
    assert len(read_sigstore_bundles(data, sha512=digest).provenance) == 1
    read = read_sigstore_bundles(data, sha512=digest[::-1])
    assert (read.provenance, read.problems) == ((), ("an attestation is for another file",))
    for payload in ("?", "bm8gSlNPTg==", "W10=", 7):
        data["attestations"][1]["bundle"]["dsseEnvelope"]["payload"] = payload
        assert not read_sigstore_bundles(data, sha512=digest).provenance


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("https://gitlab.com/orchard/lumen", PublisherKind.GITLAB),
        ("https://forge.example/orchard/lumen", PublisherKind.OTHER),
        ("https://[/", PublisherKind.OTHER),
    ],
)
def test_bundles_of_other_forges(source: str, kind: PublisherKind) -> None:
    raw = base64.b64encode(certificate({"source": source})).decode()
    material = {"certificate": {"rawBytes": raw}}
    data = {"attestations": [{"bundle": {"verificationMaterial": material}}]}
    (found,) = read_sigstore_bundles(data).provenance
    assert found.kind is kind


@pytest.mark.parametrize("raw", ["?", "eA", "eA==", 7])
def test_spoiled_bundles_are_reported(raw: object) -> None:
    material = {"x509CertificateChain": {"certificates": [{"rawBytes": raw}]}}
    read = read_sigstore_bundles({"attestations": [{"bundle": {"verificationMaterial": material}}]})
    assert (read.provenance, len(read.problems)) == ((), 1)


@pytest.mark.parametrize("bundle", [None, {}, {"verificationMaterial": []}])
def test_bundles_without_material_are_reported(bundle: object) -> None:
    read = read_sigstore_bundles({"attestations": [{"bundle": bundle}]})
    assert read.problems == ("it holds no attestation with a certificate",)
