"""Hostile indexes: answers of any size, depth and form cost a gap of one package, in bounds."""

from __future__ import annotations

import base64
import gzip

import pytest

from audits.collect.index.crates import CratesReader
from audits.collect.index.npm import NpmReader
from audits.collect.index.pypi import PyPIReader
from audits.collect.index.reader import IndexReader
from audits.collect.index.releases import MOST_FILES, newest_entries
from audits.model.evidence import PackageEvidence
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason
from tests.collect.index.objects import Run, attestation, npm_integrity, provenance_object
from tests.collect.index.reading import LIMITS, read, releases
from tests.collect.index.server import SIMPLE, PackageIndexServer, Reply

VALUES: dict[str, object] = {
    "number": 10**30,
    "infinite": float("inf"),
    "not a number": float("nan"),
    "list": [[]],
    "object": {"a": {}},
    "lone surrogate": "\ud800",
    "first year": "0001-01-01T00:00:00+14:00",
    "last year": "9999-12-31T23:59:59-14:00",
    "no address": "http://[",
    "true": True,
    "null": None,
}
KEYS = ["filename", "url", "hashes", "upload-time", "yanked", "provenance", "size"]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("key", KEYS)
def test_one_odd_entry_costs_no_other(index: PackageIndexServer, key: str, value: object) -> None:
    index.metadata("lumen", "2.0", {})
    odd = {**index.release("lumen", "1.0", 1), key: value}
    index.project("lumen", [odd, index.release("lumen", "2.0", 2)])
    evidence, gaps = read(index)
    assert "2.0" in [release.version for release in releases(evidence)]
    assert not any(gap.reason is GapReason.CRASHED for gap in gaps)


@pytest.mark.parametrize("value", [v for v in VALUES.values() if v is not True])
@pytest.mark.parametrize("key", ["version", "attestation_bundles"])
def test_odd_provenance_is_a_gap(index: PackageIndexServer, key: str, value: object) -> None:
    index.metadata("lumen", "1.0", {})
    entry = index.release("lumen", "1.0", 1, Run())
    data = provenance_object(Run(), filename="lumen-1.0.tar.gz", content=b"lumen-1.0.tar.gz")
    index.put("/integrity/lumen/1.0/lumen-1.0.tar.gz/provenance", {**data, key: value})
    index.project("lumen", [entry])
    evidence, gaps = read(index)
    assert isinstance(releases(evidence)[0].provenance, Unseen)
    assert [gap.reason for gap in gaps] == [GapReason.INVALID]


def with_statement(statement: bytes) -> object:
    signed = attestation(Run().claims(), filename="lumen-1.0.tar.gz", content=b"lumen-1.0.tar.gz")
    envelope = {"statement": base64.b64encode(statement).decode(), "signature": "AA=="}
    signed["envelope"] = envelope
    publisher = Run().publisher()
    return {
        "version": 1,
        "attestation_bundles": [{"publisher": publisher, "attestations": [signed]}],
    }


@pytest.mark.parametrize(
    "statement",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 10_000,
        b'{"subject": NaN}',
        b"\xff",
        b"",
        b'{"predicateType": 1e400, "subject": 7}',
    ],
    ids=["deep list", "deep object", "digits", "nan", "not utf-8", "nothing", "odd"],
)
def test_a_hostile_statement_is_a_gap(index: PackageIndexServer, statement: bytes) -> None:
    index.metadata("lumen", "1.0", {})
    entry = index.release("lumen", "1.0", 1, Run())
    index.put("/integrity/lumen/1.0/lumen-1.0.tar.gz/provenance", with_statement(statement))
    index.project("lumen", [entry])
    evidence, gaps = read(index)
    assert isinstance(releases(evidence)[0].provenance, Unseen)
    assert [gap.reason for gap in gaps] == [GapReason.INVALID]


@pytest.mark.parametrize("count", [51, 3_000])
def test_bundles_without_number_are_a_gap(index: PackageIndexServer, count: int) -> None:
    index.metadata("lumen", "1.0", {})
    entry = index.release("lumen", "1.0", 1, Run())
    data = {"version": 1, "attestation_bundles": [{}] * count}
    index.put("/integrity/lumen/1.0/lumen-1.0.tar.gz/provenance", data)
    index.project("lumen", [entry])
    _, gaps = read(index)
    assert [gap.reason for gap in gaps] == [GapReason.INVALID]
    assert "too many bundles" in gaps[0].detail


def test_a_page_of_thousands_of_files_is_read_as_far_as_it_counts() -> None:
    entries: list[object] = [
        {"filename": f"{i}", "upload-time": f"2026-01-01T00:00:00.{i:06d}Z", "provenance": None}
        for i in range(MOST_FILES + 500)
    ]
    entries[100] = {**dict(entries[100]), "provenance": "x"}  # type: ignore[call-overload]
    chosen = newest_entries(entries)
    assert chosen == [entries[100], *entries[500:]]
    assert newest_entries(entries[:10]) == entries[:10]
    assert newest_entries("files") == []


@pytest.mark.parametrize(
    "body",
    [b"[" + b"0," * 1_100_000 + b"0]", b"[" * 100_000, b'{"a":' * 200 + b"1" + b"}" * 200],
    ids=["values", "deep", "deep and closed"],
)
@pytest.mark.parametrize("registry", ["pypi", "npm", "crates"])
def test_no_registry_may_send_more(index: PackageIndexServer, registry: str, body: bytes) -> None:
    index.replies["/simple/lumen/"] = Reply(body=body, content_type=SIMPLE)
    index.replies["/lumen"] = index.replies["/api/v1/crates/lumen"] = Reply(body=body)
    evidence, gaps = other(index, registry)
    assert isinstance(evidence.releases, Unseen)
    assert [gap.reason for gap in gaps] == [GapReason.INVALID]


def other(index: PackageIndexServer, registry: str) -> tuple[PackageEvidence, tuple[Gap, ...]]:
    others = {"npm": index.base, "crates": index.base}
    reader = IndexReader(index.simple, registries=others, limits=LIMITS)
    with reader:
        found, gaps = reader.evidence([(registry, "lumen")])
    return found[registry, "lumen"], gaps


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("key", ["dist", "_npmUser", "deprecated", "version"])
def test_one_odd_manifest_costs_no_other(
    index: PackageIndexServer, key: str, value: object
) -> None:
    dist = {"integrity": npm_integrity(), "attestations": {"url": value, "provenance": {"a": 1}}}
    manifest = {"version": "1.0.0", "_npmUser": {"name": "x"}, "dist": dist, key: value}
    good = {"version": "2.0.0", "_npmUser": {"name": "x"}, "dist": {}}
    times = {"1.0.0": value, "2.0.0": "2026-05-02T00:00:00Z"}
    index.put("/lumen", {"versions": {"1.0.0": manifest, "2.0.0": good}, "time": times})
    evidence, gaps = other(index, "npm")
    assert "2.0.0" in [release.version for release in releases(evidence)]
    assert not any(gap.reason is GapReason.CRASHED for gap in gaps)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
@pytest.mark.parametrize("key", ["created_at", "trustpub_data", "yanked"])
def test_one_odd_version_of_a_crate_costs_no_other(
    index: PackageIndexServer, key: str, value: object
) -> None:
    good = {"num": "2.0.0", "created_at": "2026-05-02T00:00:00Z", "trustpub_data": None}
    index.put(
        "/api/v1/crates/lumen",
        {"crate": value, "versions": [{**good, "num": "1.0.0", key: value}, value, good]},
    )
    evidence, gaps = other(index, "crates")
    assert "2.0.0" in [release.version for release in releases(evidence)]
    assert not any(gap.reason is GapReason.CRASHED for gap in gaps)


@pytest.mark.parametrize(
    "coding", ["gzip, gzip", "gzip, gzip, gzip, gzip", "br", "deflate", "zstd"]
)
def test_encodings_that_nobody_asked_for_are_not_read(
    index: PackageIndexServer, coding: str
) -> None:
    body = b" " * 5_000_000
    for _ in coding.split(","):
        body = gzip.compress(body)
    index.replies["/simple/lumen/"] = Reply(body=body, headers={"Content-Encoding": coding})
    evidence, gaps = read(index)
    assert isinstance(evidence.releases, Unseen)
    assert [gap.reason for gap in gaps] == [GapReason.UNAVAILABLE]


@pytest.mark.parametrize("text", ["9" * 5_000, "Fri, 31 Dec 99999 23:59:59 GMT", "-1", "soon", ""])
def test_a_pause_that_is_none(index: PackageIndexServer, text: str) -> None:
    index.fail_first["/simple/lumen/"] = [Reply(status=429, headers={"Retry-After": text})]
    index.project("lumen", [index.release("lumen", "1.0", 1)])
    index.metadata("lumen", "1.0", {})
    _, gaps = read(index)
    assert all(gap.reason is GapReason.RATE_LIMITED for gap in gaps)


@pytest.mark.parametrize("registry", ["pypi", "npm", "crates"])
def test_a_fault_of_ours_costs_one_package(
    index: PackageIndexServer, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: object, name: str) -> object:
        raise ZeroDivisionError

    for reader in (PyPIReader, NpmReader, CratesReader):
        monkeypatch.setattr(reader, "read", fail)
    evidence, gaps = other(index, registry)
    assert isinstance(evidence.releases, Unseen)
    assert [(gap.subject, gap.reason) for gap in gaps] == [(f"{registry}:lumen", GapReason.CRASHED)]
