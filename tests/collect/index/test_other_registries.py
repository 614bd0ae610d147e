"""npm and crates registries on the loopback: what each tells of trusted publishing."""

from __future__ import annotations

import pytest

from audits.collect.index.reader import IndexReader
from audits.model.evidence import PackageEvidence, Provenance, PublisherKind
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason
from tests.collect.index.objects import Json, Run, npm_attestations, npm_integrity
from tests.collect.index.reading import LIMITS, releases
from tests.collect.index.server import PackageIndexServer

TRUSTED: Json = {
    "name": "GitHub Actions",
    "trustedPublisher": {"id": "github", "oidcConfigId": "oidc:00000000"},
}
CRATE = {"repository": "https://github.com/orchard-labs/lumen", "homepage": None}


def read(
    index: PackageIndexServer, registry: str, name: str = "lumen"
) -> tuple[PackageEvidence, tuple[Gap, ...]]:
    addresses = {"npm": f"{index.base}/", "crates": index.base}
    with IndexReader(index.simple, registries=addresses, limits=LIMITS) as reader:
        found, gaps = reader.evidence([(registry, name)])
    return found[registry, name], gaps


def manifest(index: PackageIndexServer, version: str, run: Run | None, **extra: object) -> Json:
    dist: Json = {"tarball": "x", "integrity": npm_integrity()}
    if run is not None:
        path = f"/-/npm/v1/attestations/lumen@{version}"
        index.put(path, npm_attestations(run))
        dist["attestations"] = {
            "url": index.base + path,
            "provenance": {"predicateType": "https://slsa.dev/provenance/v1"},
        }
    return {"version": version, "dist": dist, "_npmUser": {"name": "someone"}, **extra}


def packument(index: PackageIndexServer, *manifests: Json, name: str = "lumen") -> None:
    versions = {str(m["version"]): m for m in manifests}
    times = {v: f"2026-05-{day:02d}T10:00:00.000Z" for day, v in enumerate(versions, start=1)}
    repository = {"type": "git", "url": "git+https://github.com/orchard-labs/lumen.git"}
    index.put(
        f"/{name}",
        {
            "name": name,
            "versions": versions,
            "time": {"created": "x", **times},
            "repository": repository,
            "homepage": "https://lumen.example",
        },
    )


def test_npm_provenance_and_trusted_publishing_are_two_things(index: PackageIndexServer) -> None:
    packument(
        index,
        manifest(index, "1.0.0", None),
        manifest(index, "1.1.0", None, _npmUser=TRUSTED),
        manifest(index, "1.2.0", Run()),
    )
    evidence, gaps = read(index, "npm")
    assert not gaps
    assert [(r.version, r.is_attested) for r in releases(evidence)] == [
        ("1.2.0", True),
        ("1.1.0", False),
        ("1.0.0", False),
    ]
    assert evidence.trusted_publisher is False
    provenance = releases(evidence)[0].provenance
    assert not isinstance(provenance, Unseen)
    assert [(p.repository, p.workflow) for p in provenance] == [
        ("orchard-labs/lumen", "release.yml")
    ]
    assert evidence.repository_urls == (
        "https://github.com/orchard-labs/lumen.git",
        "https://lumen.example",
    )


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (TRUSTED, True),
        ({"name": "someone"}, False),
        ({"name": "someone", "approver": {"name": "x"}}, None),
        ({**TRUSTED, "approver": {"name": "x"}}, True),
        (None, None),
        ("text", None),
    ],
)
def test_npm_trusted_publisher(
    index: PackageIndexServer, user: object, expected: bool | None
) -> None:
    packument(index, manifest(index, "1.0.0", None, _npmUser=user))
    assert read(index, "npm")[0].trusted_publisher is expected


def test_npm_fields_may_be_missing(index: PackageIndexServer) -> None:
    index.put("/lumen", {"versions": {"1.0.0": {}, "2.0.0": None}, "repository": "x:y"})
    evidence, gaps = read(index, "npm")
    assert [gap.subject for gap in gaps] == ["npm:lumen"]
    assert evidence.repository_urls == ()
    for release in releases(evidence):
        assert (release.uploaded, release.is_attested) == (None, None)


def test_npm_mirrors_that_leave_out_who_published_tell_nothing(index: PackageIndexServer) -> None:
    bare = manifest(index, "1.0.0", None)
    del bare["_npmUser"]
    packument(index, bare)
    evidence, gaps = read(index, "npm")
    (release,) = releases(evidence)
    assert (release.is_attested, evidence.trusted_publisher) == (None, None)
    assert [(gap.subject, gap.detail) for gap in gaps] == [
        (
            "npm:lumen",
            "provenance of lumen was not seen: the registry leaves out who published its "
            "releases: give the address of the registry itself.",
        ),
    ]


def test_npm_names_with_a_scope(index: PackageIndexServer) -> None:
    packument(index, manifest(index, "1.0.0", None), name="@orchard%2Flumen")
    assert read(index, "npm", "@orchard/lumen")[0].exists


def test_npm_trouble_is_a_gap(index: PackageIndexServer) -> None:
    assert read(index, "npm")[0].exists is False
    index.put("/lumen", [])
    evidence, gaps = read(index, "npm")
    assert isinstance(evidence.releases, Unseen)
    assert [gap.reason for gap in gaps] == [GapReason.UNSUPPORTED]
    elsewhere = manifest(index, "1.0.0", Run())
    elsewhere["dist"] = {"attestations": {"url": "http://127.0.0.1:9/", "provenance": {"x": 1}}}
    broken = manifest(index, "1.1.0", Run())
    index.put("/-/npm/v1/attestations/lumen@1.1.0", {"attestations": []})
    packument(index, elsewhere, broken)
    evidence, gaps = read(index, "npm")
    assert [gap.reason for gap in gaps] == [GapReason.INVALID, GapReason.UNSUPPORTED]
    assert all(isinstance(r.provenance, Unseen) for r in releases(evidence))


def test_npm_reads_only_the_newest_provenance(index: PackageIndexServer) -> None:
    packument(index, *(manifest(index, f"1.{n}.0", Run()) for n in range(14)))
    evidence, _ = read(index, "npm")
    assert len(releases(evidence)) == 10
    assert len([path for path in index.paths() if path.startswith("/-/")]) == 4
    assert all(release.is_attested for release in releases(evidence))


def test_npm_provenance_of_another_file_is_none(index: PackageIndexServer) -> None:
    stolen = manifest(index, "1.0.0", Run())
    stolen["dist"]["integrity"] = npm_integrity(b"another tarball")  # type: ignore[index]  # see above
    packument(index, stolen)
    evidence, gaps = read(index, "npm")
    assert isinstance(releases(evidence)[0].provenance, Unseen)
    assert ["another file" in gap.detail for gap in gaps] == [True]


@pytest.mark.parametrize("integrity", ["sha1-AAAA", "sha512-?", "", 7, None])
def test_npm_without_a_digest_is_read_all_the_same(
    index: PackageIndexServer, integrity: object
) -> None:
    old = manifest(index, "1.0.0", Run())
    old["dist"]["integrity"] = integrity  # type: ignore[index]  # see above
    packument(index, old)
    assert releases(read(index, "npm")[0])[0].provenance


def test_npm_keeps_the_newest_attested_release_however_old(index: PackageIndexServer) -> None:
    old = [manifest(index, f"0.{n}.0", Run()) for n in range(2)]
    packument(index, *old, *(manifest(index, f"1.{n}.0", None) for n in range(14)))
    evidence, _ = read(index, "npm")
    assert [r.version for r in releases(evidence)][9:] == ["1.4.0", "0.1.0"]
    assert releases(evidence)[-1].is_attested


def test_npm_trust_is_that_of_the_latest_release(index: PackageIndexServer) -> None:
    withdrawn = manifest(index, "1.1.0", None, deprecated="broken")
    packument(index, manifest(index, "1.0.0", Run(), _npmUser=TRUSTED), withdrawn)
    evidence, _ = read(index, "npm")
    assert evidence.latest == releases(evidence)[1]
    assert evidence.trusted_publisher is True
    assert isinstance(releases(evidence)[1].provenance, tuple)


def test_npm_reads_provenance_of_releases_that_count(index: PackageIndexServer) -> None:
    withdrawn = [manifest(index, f"2.{n}.0", None, deprecated="no") for n in range(6)]
    packument(index, manifest(index, "1.0.0", Run()), *withdrawn)
    latest = read(index, "npm")[0].latest
    assert latest is not None
    assert (latest.version, isinstance(latest.provenance, tuple)) == ("1.0.0", True)


def crate(index: PackageIndexServer, *versions: Json) -> None:
    index.put("/api/v1/crates/lumen", {"crate": CRATE, "versions": list(versions)})


def version(number: str, day: int, **extra: object) -> Json:
    return {"num": number, "created_at": f"2026-05-{day:02d}T10:00:00Z", "yanked": False, **extra}


def test_crates_tell_who_published(index: PackageIndexServer) -> None:
    github = {
        "provider": "github",
        "repository": "orchard-labs/lumen",
        "run_id": "99",
        "sha": "abc",
    }
    gitlab = {"provider": "gitlab", "project_path": "orchard/lumen", "job_id": "1", "sha": "d"}
    crate(
        index,
        version("1.0.0", 1, trustpub_data=None),
        version("1.1.0", 2, trustpub_data=gitlab),
        version("1.2.0", 3, trustpub_data=github),
        version("1.3.0", 4, trustpub_data={"provider": "new"}, yanked=True),
        version("1.4.0", 5),
    )
    evidence, gaps = read(index, "crates")
    assert not gaps
    found = {r.version: r for r in releases(evidence)}
    assert releases(evidence)[0].version == "1.4.0"
    assert found["1.0.0"].provenance == ()
    assert found["1.2.0"].provenance == (
        Provenance(
            kind=PublisherKind.GITHUB,
            repository="orchard-labs/lumen",
            commit="abc",
            run_url="https://github.com/orchard-labs/lumen/actions/runs/99",
        ),
    )
    assert found["1.1.0"].provenance == (
        Provenance(kind=PublisherKind.GITLAB, repository="orchard/lumen", commit="d"),
    )
    assert found["1.3.0"].provenance == (Provenance(kind=PublisherKind.OTHER),)
    assert isinstance(found["1.4.0"].provenance, Unseen)
    assert evidence.trusted_publisher is None
    assert evidence.repository_urls == ("https://github.com/orchard-labs/lumen",)


def test_crates_keep_the_newest_trusted_release_however_old(index: PackageIndexServer) -> None:
    trusted = {"provider": "github", "repository": "orchard-labs/lumen", "run_id": "9", "sha": "a"}
    crate(
        index,
        version("0.1.0", 1, trustpub_data=trusted),
        *(version(f"1.{n}.0", n + 2, trustpub_data=None) for n in range(12)),
        version("2.0.0", 20, trustpub_data=trusted, yanked=True),
    )
    evidence, _ = read(index, "crates")
    assert releases(evidence)[-1].version == "0.1.0"
    assert evidence.trusted_publisher is False, "the withdrawn one does not count"


def test_crates_trusted_publisher_follows_the_newest(index: PackageIndexServer) -> None:
    crate(index, version("1.0.0", 1, trustpub_data={"provider": "github", "run_id": 5}))
    assert read(index, "crates")[0].trusted_publisher is True
    crate(index, version("1.0.0", 1, trustpub_data=None))
    assert read(index, "crates")[0].trusted_publisher is False


@pytest.mark.parametrize("data", [[], {}, {"versions": {}}, {"crate": 1, "versions": None}])
def test_crates_trouble_is_a_gap(index: PackageIndexServer, data: object) -> None:
    index.put("/api/v1/crates/lumen", data)
    evidence, gaps = read(index, "crates")
    assert isinstance(evidence.releases, Unseen)
    assert [gap.reason for gap in gaps] == [GapReason.UNSUPPORTED]


def test_crates_fields_may_be_missing(index: PackageIndexServer) -> None:
    crate(index, {"num": "1.0.0", "created_at": "yesterday"}, {}, {"num": 7})
    evidence, gaps = read(index, "crates")
    assert [gap.subject for gap in gaps] == ["crates:lumen"]
    (release,) = releases(evidence)
    assert (release.version, release.uploaded, release.is_attested) == ("1.0.0", None, None)
    assert read(index, "crates", "gone")[0].exists is False
