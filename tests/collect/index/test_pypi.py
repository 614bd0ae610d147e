"""The PyPI reader against a real server: what it says, what it asks, and what it cannot see."""

from __future__ import annotations

from pathlib import Path

from audits.collect.index.reader import IndexReader
from audits.collect.index.session import IndexLimits
from audits.model.settings import Unseen
from tests.collect.index.objects import Run
from tests.collect.index.reading import LIMITS, read, releases
from tests.collect.index.server import PackageIndexServer


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
        ("1.2.0", 2, True),
        ("1.1.0", 1, False),
        ("1.0.0", 1, True),
    ]
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
