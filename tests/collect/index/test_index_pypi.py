"""The PyPI reader against a real server: what it says, what it asks, and what it cannot see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.collect.index import IndexReader
from audits.collect.index_session import IndexLimits
from audits.model.evidence import PackageEvidence, Release
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason
from tests.collect.index.objects import Json, Run, provenance_object
from tests.collect.index.server import PackageIndexServer, Reply, serving

LIMITS = IndexLimits(
    fresh_seconds=0, backoff_seconds=0.01, read_seconds=0.5, answer_seconds=0.6, longest_wait=1.5
)


@pytest.fixture
def index() -> Iterator[PackageIndexServer]:
    with serving() as server:
        yield server


def read(
    index: PackageIndexServer,
    name: str = "lumen",
    cache: Path | None = None,
    limits: IndexLimits = LIMITS,
) -> tuple[PackageEvidence, tuple[Gap, ...]]:
    with IndexReader(index.simple, cache=cache, limits=limits) as reader:
        found, gaps = reader.evidence([("pypi", name)])
    return found["pypi", name], gaps


def releases(evidence: PackageEvidence) -> tuple[Release, ...]:
    assert not isinstance(evidence.releases, Unseen)
    return evidence.releases


def lumen(index: PackageIndexServer) -> None:
    index.project(
        "lumen",
        [
            index.release("lumen", "1.0.0", 1, Run()),
            index.release("lumen", "1.1.0", 2),
            index.release("lumen", "1.2.0", 3, Run(), wheel=True),
            index.release("lumen", "1.2.0", 4, Run()),
        ],
    )
    index.metadata("lumen", "1.2.0", {"Source": "https://github.com/orchard-labs/lumen"})


def test_a_package_is_read(index: PackageIndexServer) -> None:
    lumen(index)
    evidence, gaps = read(index)
    assert not gaps
    assert [(r.version, r.files, r.is_attested) for r in releases(evidence)] == [
        ("1.2.0", 2, True), ("1.1.0", 1, False), ("1.0.0", 1, True),
    ]  # fmt: skip
    latest = evidence.latest
    assert latest is not None
    assert latest.uploaded is not None
    assert latest.uploaded.isoformat() == "2026-05-03T10:00:00.123456+00:00"
    assert latest.provenance == releases(evidence)[2].provenance
    assert evidence.repository_urls == ("https://github.com/orchard-labs/lumen",)
    assert evidence.trusted_publisher is True
    assert evidence.exists
    assert evidence.index_url == index.base
    assert evidence.seen_at is not None


def test_names_are_compared_as_indexes_do(index: PackageIndexServer) -> None:
    index.project("lumen-core", [index.release("lumen_core", "1.0", 1)])
    with IndexReader(index.simple, limits=LIMITS) as reader:
        found, _ = reader.evidence([("pypi", "Lumen_Core"), ("pypi", "lumen.core")])
    assert {key[1] for key in found} == {"Lumen_Core", "lumen.core", "lumen-core"}
    assert len({id(evidence) for evidence in found.values()}) == 1
    assert index.paths().count("/simple/lumen-core/") == 1


def test_an_unchanged_package_costs_one_conditional_request(
    index: PackageIndexServer, tmp_path: Path
) -> None:
    lumen(index)
    first, _ = read(index, cache=tmp_path)
    assert len(index.asked) == 5
    index.asked.clear()
    again, gaps = read(index, cache=tmp_path)
    assert not gaps
    assert [(asked.path, asked.status) for asked in index.asked] == [("/simple/lumen/", 304)]
    assert again.releases == first.releases
    assert again.repository_urls == first.repository_urls


def test_five_hundred_packages_cost_five_hundred_requests(
    index: PackageIndexServer, tmp_path: Path
) -> None:
    names = [f"lumen-{number}" for number in range(500)]
    for name in names:
        index.project(name, [index.release(name, "1.0", 1, Run() if name.endswith("7") else None)])
        index.metadata(name, "1.0", {})
    packages = [("pypi", name) for name in names]
    for expected in (500 + 50 + 500, 500):
        index.asked.clear()
        with IndexReader(index.simple, cache=tmp_path, limits=LIMITS) as reader:
            found, gaps = reader.evidence(packages)
        assert (len(found), gaps) == (500, ())
        assert len(index.asked) == expected
    assert {asked.status for asked in index.asked} == {304}


def test_a_new_release_is_seen_and_nothing_else_is_asked_again(
    index: PackageIndexServer, tmp_path: Path
) -> None:
    lumen(index)
    read(index, cache=tmp_path)
    index.asked.clear()
    page = [index.release("lumen", "1.2.0", 3, Run()), index.release("lumen", "1.3.0", 9, Run())]
    index.project("lumen", page)
    index.metadata("lumen", "1.3.0", {"Source": "https://github.com/orchard-labs/other"})
    evidence, _ = read(index, cache=tmp_path)
    assert releases(evidence)[0].version == "1.3.0"
    assert evidence.repository_urls == ("https://github.com/orchard-labs/other",)
    assert index.paths() == [
        "/simple/lumen/",
        "/integrity/lumen/1.3.0/lumen-1.3.0.tar.gz/provenance",
        "/pypi/lumen/1.3.0/json",
    ]


def test_within_ten_minutes_nothing_is_asked(index: PackageIndexServer, tmp_path: Path) -> None:
    lumen(index)
    read(index, cache=tmp_path)
    index.asked.clear()
    evidence, _ = read(index, cache=tmp_path, limits=IndexLimits())
    assert len(releases(evidence)) == 3
    assert not index.asked


def test_requests_say_who_asks_and_want_json(index: PackageIndexServer) -> None:
    lumen(index)
    read(index)
    page, integrity, *_ = index.asked
    assert page.headers["user-agent"].startswith("release-audit/")
    assert page.headers["accept"] == "application/vnd.pypi.simple.v1+json"
    assert integrity.headers["accept"] == "application/vnd.pypi.integrity.v1+json"
    assert "authorization" not in page.headers


def test_credentials_of_the_address_go_to_its_host_and_nowhere_else(
    index: PackageIndexServer,
) -> None:
    lumen(index)
    address = index.simple.replace("http://", "http://reader:s%40cret@")
    with IndexReader(address, limits=LIMITS) as reader:
        found, gaps = reader.evidence([("pypi", "lumen"), ("pypi", "gone")])
    assert {asked.headers["authorization"] for asked in index.asked} == {
        "Basic cmVhZGVyOnNAY3JldA=="
    }
    assert "s%40cret" not in repr((found, gaps))
    assert "s@cret" not in repr((found, gaps))


def test_a_yanked_release_is_not_the_latest(index: PackageIndexServer) -> None:
    files = [index.release("lumen", "1.0", 1, Run()), index.release("lumen", "1.1", 2, yanked="no")]
    index.project("lumen", files)
    evidence, _ = read(index)
    assert [r.yanked for r in releases(evidence)] == [True, False]
    assert evidence.latest is not None
    assert (evidence.latest.version, evidence.trusted_publisher) == ("1.0", True)


def test_a_long_history_is_cut_but_its_newest_attestation_kept(index: PackageIndexServer) -> None:
    run = Run()
    files = [index.release("lumen", f"1.{n}", n, run if n < 3 else None) for n in range(1, 20)]
    index.project("lumen", files)
    evidence, _ = read(index)
    versions = [r.version for r in releases(evidence)]
    assert versions == [*(f"1.{n}" for n in range(19, 9, -1)), "1.2"]
    assert releases(evidence)[-1].provenance
    assert evidence.trusted_publisher is None
    assert len([path for path in index.paths() if path.startswith("/integrity/")]) == 1


def test_earlier_attested_releases_that_are_not_read_say_so(index: PackageIndexServer) -> None:
    index.project("lumen", [index.release("lumen", f"1.{n}", n, Run()) for n in range(1, 8)])
    evidence, gaps = read(index)
    assert not gaps
    unread = releases(evidence)[5]
    assert isinstance(unread.provenance, Unseen)
    assert unread.is_attested is True
    assert len([path for path in index.paths() if path.startswith("/integrity/")]) == 4


def entry(index: PackageIndexServer, **changes: object) -> Json:
    file = {**index.release("lumen", "1.0", 1), **changes}
    return {key: value for key, value in file.items() if value != "absent"}


@pytest.mark.parametrize("api", ["1.0", "1.1", "1.2"])
def test_an_older_api_tells_releases_but_not_provenance(
    index: PackageIndexServer, api: str
) -> None:
    index.project("lumen", [entry(index, provenance="absent")], api=api)
    evidence, gaps = read(index)
    (release,) = releases(evidence)
    assert isinstance(release.provenance, Unseen)
    assert release.is_attested is None
    assert api in release.provenance.reason
    assert [(gap.subject, gap.reason) for gap in gaps] == [("pypi:lumen", GapReason.UNSUPPORTED)]


def test_only_null_means_none(index: PackageIndexServer) -> None:
    index.project("lumen", [entry(index, provenance="absent")])
    (release,) = releases(read(index)[0])
    assert isinstance(release.provenance, Unseen)
    assert "no provenance key" in release.provenance.reason
    index.project("lumen", [entry(index, provenance=None)])
    (release,) = releases(read(index)[0])
    assert release.provenance == ()
    index.project("lumen", [entry(index, provenance=None)], api="1.2")
    (release,) = releases(read(index)[0])
    assert isinstance(release.provenance, Unseen)


def test_a_broken_address_of_provenance_hides_nothing(index: PackageIndexServer) -> None:
    index.project("lumen", [entry(index, provenance="not an address")])
    evidence, gaps = read(index)
    (release,) = releases(evidence)
    assert isinstance(release.provenance, Unseen)
    assert len(gaps) == 1


def test_broken_and_ancient_entries_cost_only_themselves(index: PackageIndexServer) -> None:
    odd: list[Json] = [
        {"filename": "lumen-2.0.tar.gz"},
        entry(index, filename="lumen-0.1.exe"),
        entry(index, filename="lumen-1.0.tar.gz", **{"upload-time": None}),
        entry(index, filename="lumen-3.0.tar.gz", **{"upload-time": "2026-05-09T10:00:00"}),
    ]
    index.project("lumen", odd)
    evidence, gaps = read(index)
    assert [r.version for r in releases(evidence)] == ["3.0", "1.0"]
    assert [gap.reason for gap in gaps] == [GapReason.INVALID]


def test_a_missing_package_and_an_empty_one(index: PackageIndexServer) -> None:
    evidence, gaps = read(index)
    assert (evidence.exists, evidence.releases, gaps) == (False, (), ())
    index.project("lumen", [])
    evidence, gaps = read(index)
    assert (evidence.exists, evidence.releases, gaps) == (True, (), ())


def test_provenance_that_is_listed_but_bad_is_a_gap(index: PackageIndexServer) -> None:
    cases: dict[str, tuple[object, GapReason]] = {
        "1.0": (Reply(status=404), GapReason.NOT_FOUND),
        "1.1": ({"version": 1, "attestation_bundles": []}, GapReason.INVALID),
        "1.2": ([], GapReason.INVALID),
        "1.3": (provenance_object(content=b"another file"), GapReason.INVALID),
    }
    for day, (version, (served, reason)) in enumerate(cases.items(), start=1):
        file = index.release("lumen", version, day, Run(), provenance=None)
        path = f"/integrity/lumen/{version}/{file['filename']}/provenance"
        if isinstance(served, Reply):
            index.replies[path] = served
        else:
            index.put(path, served)
        index.project("lumen", [file])
        evidence, gaps = read(index)
        (release,) = releases(evidence)
        assert isinstance(release.provenance, Unseen), version
        assert release.is_attested is True
        assert [gap.reason for gap in gaps] == [reason], version


def test_a_bad_object_is_asked_again_next_time(index: PackageIndexServer, tmp_path: Path) -> None:
    index.project("lumen", [index.release("lumen", "1.0", 1, Run(), provenance=[])])
    assert read(index, cache=tmp_path)[1]
    index.project("lumen", [index.release("lumen", "1.0", 1, Run())])
    evidence, gaps = read(index, cache=tmp_path)
    assert not gaps
    assert releases(evidence)[0].provenance


def test_provenance_on_another_host_is_not_asked(index: PackageIndexServer) -> None:
    file = index.release("lumen", "1.0", 1, Run())
    file["provenance"] = "http://127.0.0.1:9/internal"
    index.project("lumen", [file])
    evidence, gaps = read(index)
    assert isinstance(releases(evidence)[0].provenance, Unseen)
    assert [gap.reason for gap in gaps] == [GapReason.UNSUPPORTED]


def test_one_readable_file_is_enough(index: PackageIndexServer) -> None:
    wheel = index.release("lumen", "1.0", 1, Run(), wheel=True, provenance="broken")
    index.project("lumen", [index.release("lumen", "1.0", 1, Run()), wheel])
    evidence, gaps = read(index)
    assert len(releases(evidence)[0].provenance) == 1  # type: ignore[arg-type]  # a tuple here
    assert len(gaps) == 1


def test_metadata_is_looked_for_in_both_places(index: PackageIndexServer) -> None:
    info = {
        "project_urls": {"Docs": "ftp://x", "Source": " https://github.com/o/briar ", "n": 1},
        "home_page": "https://briar.example/",
    }
    index.project("briar", [index.release("briar", "1.0", 1)])
    index.put("/pypi/briar/json", {"info": info})
    evidence, gaps = read(index, "briar")
    assert not gaps
    assert evidence.repository_urls == ("https://github.com/o/briar", "https://briar.example/")


def test_an_index_without_metadata_is_not_asked_for_it_time_and_again(
    index: PackageIndexServer,
) -> None:
    names = [f"lumen-{number}" for number in range(8)]
    for name in names:
        index.project(name, [index.release(name, "1.0", 1)])
    with IndexReader(index.simple, limits=LIMITS) as reader:
        found, gaps = reader.evidence([("pypi", name) for name in names])
    assert (len(found), gaps) == (8, ())
    assert len([path for path in index.paths() if path.startswith("/pypi/")]) == 6


@pytest.mark.parametrize("data", [[], {"info": None}, {"info": {"project_urls": [1]}}, {}])
def test_odd_metadata_has_no_links(index: PackageIndexServer, data: object) -> None:
    index.project("lumen", [index.release("lumen", "1.0", 1)])
    index.put("/pypi/lumen/1.0/json", data)
    evidence, gaps = read(index)
    assert (evidence.repository_urls, gaps) == ((), ())


def test_failing_metadata_is_a_gap(index: PackageIndexServer) -> None:
    index.project("lumen", [index.release("lumen", "1.0", 1)])
    index.put("/pypi/lumen/1.0/json", {}, status=403)
    evidence, gaps = read(index)
    assert len(releases(evidence)) == 1
    assert [gap.reason for gap in gaps] == [GapReason.FORBIDDEN]
