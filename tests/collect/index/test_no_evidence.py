"""What an index does not say, or says badly, is a gap and never an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from audits.collect.index.reader import IndexReader
from audits.model.settings import Unseen
from audits.model.source import GapReason
from tests.collect.index.objects import Json, Run, provenance_object
from tests.collect.index.reading import LIMITS, read, releases
from tests.collect.index.server import PackageIndexServer, Reply


def entry(index: PackageIndexServer, **changes: object) -> Json:
    file = {**index.release("lumen", "1.0", 1), **changes}
    return {key: value for key, value in file.items() if value != "absent"}


@pytest.mark.parametrize("api", ["1.0", "1.1", "1.2"])
def test_an_older_api_lists_releases_but_no_provenance(index: PackageIndexServer, api: str) -> None:
    index.project("lumen", [entry(index, provenance="absent")], api=api)
    evidence, gaps = read(index)
    (release,) = releases(evidence)
    assert isinstance(release.provenance, Unseen)
    assert release.is_attested is None
    assert api in release.provenance.reason
    assert [(gap.subject, gap.reason) for gap in gaps] == [("pypi:*", GapReason.UNSUPPORTED)]


def test_an_older_api_is_reported_once(index: PackageIndexServer) -> None:
    for name in ("aster", "briar"):
        index.project(name, [index.release(name, "1.0", 1)], api="1.1")
    with IndexReader(index.simple, limits=LIMITS) as reader:
        _, gaps = reader.evidence([("pypi", "aster"), ("pypi", "briar")])
    assert len(gaps) == 1


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


def test_provenance_read_in_part_is_evidence_and_a_gap(index: PackageIndexServer) -> None:
    file = index.release("lumen", "1.0", 1, Run(), provenance=None)
    filename = str(file["filename"])
    data = provenance_object(filename=filename, content=filename.encode())
    data["attestation_bundles"] = [*as_list(data["attestation_bundles"]), {"publisher": None}]
    index.put(f"/integrity/lumen/1.0/{filename}/provenance", data)
    index.project("lumen", [file])
    evidence, gaps = read(index)
    assert releases(evidence)[0].provenance
    assert [gap.reason for gap in gaps] == [GapReason.INVALID]


def as_list(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def test_a_version_that_is_none_still_counts(index: PackageIndexServer) -> None:
    files = [entry(index, filename=f"lumen-{name}.tar.gz") for name in ("1.0-final", "1.0_x.y")]
    index.project("lumen", [*files, index.release("lumen", "2.0", 5)])
    evidence, gaps = read(index)
    assert not gaps
    assert [r.version for r in releases(evidence)][:1] == ["2.0"]
    assert len(releases(evidence)) == 3


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


def test_metadata_of_the_project_is_asked_only_when_its_page_changed(
    index: PackageIndexServer, tmp_path: Path
) -> None:
    index.project("briar", [index.release("briar", "1.0", 1)])
    index.put("/pypi/briar/json", {"info": {"home_page": "https://briar.example/"}})
    read(index, "briar", cache=tmp_path)
    index.asked.clear()
    evidence, _ = read(index, "briar", cache=tmp_path)
    assert evidence.repository_urls == ("https://briar.example/",)
    assert index.paths() == ["/simple/briar/", "/pypi/briar/1.0/json"]
    index.project("briar", [index.release("briar", "1.1", 2)])
    index.asked.clear()
    read(index, "briar", cache=tmp_path)
    assert index.paths(304) == ["/pypi/briar/json"]


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
