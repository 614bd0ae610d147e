"""Trouble with an index: each ends as a gap in one sentence, bounded in time and in requests."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.collect.index.reader import IndexReader, default_cache
from audits.collect.index.session import IndexLimits
from audits.collect.index.transport import user_agent
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason
from tests.collect.index.objects import Run
from tests.collect.index.reading import LIMITS, read, releases
from tests.collect.index.server import SIMPLE, PackageIndexServer, Reply

PAGE = "/simple/lumen/"


def serve(index: PackageIndexServer) -> None:
    index.project("lumen", [index.release("lumen", "1.0", 1)])
    index.metadata("lumen", "1.0", {})


def only(gaps: tuple[Gap, ...]) -> Gap:
    (gap,) = gaps
    assert gap.detail.endswith((".", "cached."))
    assert "\n" not in gap.detail
    assert "Traceback" not in gap.detail
    return gap


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=401), GapReason.FORBIDDEN),
        (Reply(status=403), GapReason.FORBIDDEN),
        (Reply(status=406), GapReason.UNSUPPORTED),
        (Reply(status=418), GapReason.UNAVAILABLE),
        (Reply(status=500), GapReason.UNAVAILABLE),
        (Reply(status=503), GapReason.UNAVAILABLE),
        (Reply(body=b"<html>", content_type="text/html"), GapReason.INVALID),
        (Reply(body=b"", content_type=SIMPLE), GapReason.INVALID),
        (Reply(body=b'{"files": [', content_type=SIMPLE), GapReason.INVALID),
        (Reply(body=b"\xff\xfe", content_type=SIMPLE), GapReason.INVALID),
        (Reply(body=b"[" * 100_000, content_type=SIMPLE), GapReason.INVALID),
        (Reply(body=b"[]", content_type=SIMPLE), GapReason.UNSUPPORTED),
        (Reply(body=b'{"files": 1}', content_type=SIMPLE), GapReason.UNSUPPORTED),
        (Reply(body=b'{"files": [], "meta": {"api-version": "2.0"}}'), GapReason.UNSUPPORTED),
        (Reply(body=b"{}" * 50, cut=True), GapReason.UNAVAILABLE),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}), GapReason.UNSUPPORTED),
        (Reply(status=302, headers={"Location": "http://[/"}), GapReason.UNSUPPORTED),
        (Reply(body=b"no archive", headers={"Content-Encoding": "gzip"}), GapReason.UNAVAILABLE),
    ],
)
def test_a_bad_answer_is_a_gap(
    index: PackageIndexServer, reply: Reply, reason: GapReason, tmp_path: Path
) -> None:
    index.replies[PAGE] = reply
    evidence, gaps = read(index, cache=tmp_path)
    assert isinstance(evidence.releases, Unseen)
    assert evidence.exists
    assert only(gaps).reason is reason
    assert evidence.releases.reason in only(gaps).detail
    # What was bad is not kept: the next run sees the page.
    serve(index)
    evidence, gaps = read(index, cache=tmp_path)
    assert [r.version for r in releases(evidence)] == ["1.0"]
    assert not gaps


@pytest.mark.parametrize("meta", [None, [], {}, {"api-version": 1}, {"api-version": "1.x"}])
def test_a_missing_api_version_counts_as_the_first(index: PackageIndexServer, meta: object) -> None:
    index.put(PAGE, {"files": [index.release("lumen", "1.0", 1)], "meta": meta})
    (release,) = releases(read(index)[0])
    assert isinstance(release.provenance, Unseen)
    assert "Simple API 1.0" in release.provenance.reason


def test_a_redirect_on_the_host_is_followed(index: PackageIndexServer) -> None:
    serve(index)
    moved = Reply(status=301, headers={"Location": "/simple/lumen/"})
    index.replies["/simple/lumen-old/"] = moved
    evidence, gaps = read(index, "lumen-old")
    assert not gaps
    assert len(releases(evidence)) == 1


def test_a_loop_of_redirects_ends(index: PackageIndexServer) -> None:
    index.replies[PAGE] = Reply(status=302, headers={"Location": PAGE})
    assert only(read(index)[1]).reason is GapReason.UNAVAILABLE
    assert len(index.asked) < 10


def test_errors_that_pass_are_retried(index: PackageIndexServer) -> None:
    serve(index)
    index.fail_first[PAGE] = [Reply(status=503), Reply(status=502)]
    evidence, gaps = read(index)
    assert not gaps
    assert len(releases(evidence)) == 1
    assert [a.status for a in index.asked if a.path == PAGE] == [503, 502, 200]


def test_a_wait_that_is_asked_for_is_kept(index: PackageIndexServer) -> None:
    serve(index)
    index.fail_first[PAGE] = [Reply(status=429, headers={"Retry-After": "1"})]
    started = time.monotonic()
    _, gaps = read(index)
    assert not gaps
    assert time.monotonic() - started >= 1
    assert [a.status for a in index.asked if a.path == PAGE] == [429, 200]


@pytest.mark.parametrize("wait", ["3600", "never", "Wed, 21 Oct 2065 07:28:00 GMT"])
def test_a_host_that_wants_to_be_left_alone_is(index: PackageIndexServer, wait: str) -> None:
    index.replies[PAGE] = Reply(status=429, headers={"Retry-After": wait})
    limits = replace(LIMITS, longest_wait=0.0)
    with IndexReader(index.simple, limits=limits) as reader:
        found, gaps = reader.evidence([("pypi", "lumen"), ("pypi", "lumen-b"), ("pypi", "z")])
    assert {gap.reason for gap in gaps} == {GapReason.RATE_LIMITED}
    assert len(gaps) == len(found) == 3
    assert index.paths() == [PAGE]


def test_a_host_that_keeps_failing_is_left_alone(index: PackageIndexServer) -> None:
    names = [f"lumen-{number}" for number in range(6)]
    for name in names:
        index.replies[f"/simple/{name}/"] = Reply(body=b"{}" * 9, cut=True)
    with IndexReader(index.simple, limits=LIMITS) as reader:
        found, gaps = reader.evidence([("pypi", name) for name in names])
    assert all(isinstance(evidence.releases, Unseen) for evidence in found.values())
    assert len(gaps) == 6
    assert len(index.asked) == 3


def test_failures_count_only_in_a_row(index: PackageIndexServer) -> None:
    names = [f"lumen-{number}" for number in range(6)]
    for number, name in enumerate(names):
        if number % 3:
            index.replies[f"/simple/{name}/"] = Reply(body=b"{}" * 9, cut=True)
        else:
            index.project(name, [])
    with IndexReader(index.simple, limits=LIMITS) as reader:
        _, gaps = reader.evidence([("pypi", name) for name in names])
    assert (len(gaps), len(index.asked)) == (4, 6)


def test_a_body_that_trickles_is_given_up(index: PackageIndexServer) -> None:
    index.replies[PAGE] = Reply(body=b"x" * 400, trickle=True)
    gap = only(read(index, limits=replace(LIMITS, answer_seconds=0.3))[1])
    assert (gap.reason, "took over" in gap.detail) == (GapReason.UNAVAILABLE, True)


def test_a_huge_body_is_not_read(index: PackageIndexServer, tmp_path: Path) -> None:
    index.replies[PAGE] = Reply(body=b"x" * 300_000)
    gap = only(read(index, cache=tmp_path, limits=replace(LIMITS, page_bytes=100_000))[1])
    assert (gap.reason, "100000 bytes" in gap.detail) == (GapReason.TOO_LARGE, True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_huge_provenance_object_costs_only_itself(index: PackageIndexServer) -> None:
    file = index.release("lumen", "1.0", 1, Run())
    index.project("lumen", [file])
    evidence, gaps = read(index, limits=replace(LIMITS, object_bytes=100))
    assert only(gaps).reason is GapReason.TOO_LARGE
    assert isinstance(releases(evidence)[0].provenance, Unseen)


def test_nobody_there() -> None:
    with IndexReader("http://127.0.0.1:9/simple/", limits=LIMITS) as reader:
        found, gaps = reader.evidence([("pypi", "lumen")])
    assert isinstance(found["pypi", "lumen"].releases, Unseen)
    assert "--offline" in only(gaps).detail


def test_the_run_as_a_whole_is_bounded(index: PackageIndexServer) -> None:
    names = [f"lumen-{number}" for number in range(4)]
    with IndexReader(index.simple, limits=replace(LIMITS, total_seconds=0.0)) as reader:
        found, gaps = reader.evidence([("pypi", name) for name in names])
    assert len(index.asked) == 1
    assert [isinstance(found["pypi", name].releases, Unseen) for name in names] == [
        False,
        True,
        True,
        True,
    ]
    assert all("used up" in gap.detail for gap in gaps)


def test_offline_asks_nothing(index: PackageIndexServer) -> None:
    serve(index)
    with IndexReader(index.simple, offline=True) as reader:
        assert reader.evidence([("pypi", "lumen")]) == ({}, ())
    assert not index.asked


def test_an_address_that_is_none_is_reported() -> None:
    with pytest.raises(ValueError, match="is no address of a package index"):
        IndexReader("lumen")


def test_a_registry_without_address_is_reported_once(index: PackageIndexServer) -> None:
    with IndexReader(index.simple, limits=LIMITS) as reader:
        asked = [("npm", "a"), ("npm", "b"), ("rubygems", "c"), ("nuget", "d")]
        found, gaps = reader.evidence(asked)
    reasons = [e.releases.reason for e in found.values() if isinstance(e.releases, Unseen)]
    assert reasons == [
        "no address of this registry is configured",
        "no address of this registry is configured",
        "packages of nuget cannot be read by this program",
        "packages of rubygems cannot be read by this program",
    ]
    assert [gap.detail for gap in gaps] == [
        "packages of npm were not looked up, as no address of this registry is configured: name it "
        "by --registry npm=URL to see them.",
        "packages of nuget cannot be read by this program: see their releases on the registry's "
        "own pages.",
        "packages of rubygems cannot be read by this program: see their releases on the registry's "
        "own pages.",
    ]


def test_a_cache_that_cannot_be_written_is_no_cache(
    index: PackageIndexServer, tmp_path: Path
) -> None:
    serve(index)
    blocked = tmp_path / "file"
    blocked.write_text("not a directory", "utf-8")
    for _ in range(2):
        evidence, gaps = read(index, cache=blocked)
        assert len(releases(evidence)) == 1
        assert not gaps


def test_a_damaged_cache_is_read_anew(index: PackageIndexServer, tmp_path: Path) -> None:
    serve(index)
    read(index, cache=tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    evidence, gaps = read(index, cache=tmp_path)
    assert len(releases(evidence)) == 1
    assert not gaps


def test_a_cache_that_cannot_be_read_is_no_cache(index: PackageIndexServer, tmp_path: Path) -> None:
    serve(index)
    read(index, cache=tmp_path)
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        path.unlink()
        path.mkdir()
    evidence, gaps = read(index, cache=tmp_path)
    assert len(releases(evidence)) == 1
    assert not gaps


def test_a_cached_body_is_bounded_too(index: PackageIndexServer, tmp_path: Path) -> None:
    serve(index)
    read(index, cache=tmp_path)
    gap = only(read(index, cache=tmp_path, limits=replace(LIMITS, page_bytes=10))[1])
    assert gap.reason is GapReason.TOO_LARGE


def test_old_answers_are_deleted(index: PackageIndexServer, tmp_path: Path) -> None:
    serve(index)
    read(index, cache=tmp_path)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    with IndexReader(index.simple, cache=tmp_path, limits=IndexLimits(kept_days=-1)):
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_cached_answers_hold_no_credential(index: PackageIndexServer, tmp_path: Path) -> None:
    serve(index)
    address = index.simple.replace("http://", "http://reader:swordfish@")
    with IndexReader(address, cache=tmp_path, limits=LIMITS) as reader:
        reader.evidence([("pypi", "lumen")])
    texts = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert any(json.dumps("lumen").encode() in text for text in texts)
    assert not any(b"swordfish" in text or b"Basic" in text for text in texts)


def test_who_asks_and_where_answers_are_kept() -> None:
    assert user_agent("mail@orchard.example").endswith(" (mail@orchard.example)")
    assert user_agent().startswith("release-audit/")
    # A distribution that names its addresses is found by them; one that is not installed is not.
    assert user_agent(distribution="pypi-simple").endswith("pypi-simple)")
    assert "(" not in user_agent(distribution="not-installed-anywhere")
    assert default_cache().parts[-2:] == ("release-audit", "index")
