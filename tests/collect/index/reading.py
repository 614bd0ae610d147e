"""Reading one package of a loopback index, with limits that suit a test."""

from __future__ import annotations

from pathlib import Path

from audits.collect.index.reader import IndexReader
from audits.collect.index.session import IndexLimits
from audits.model.evidence import PackageEvidence, Release
from audits.model.settings import Unseen
from audits.model.source import Gap
from tests.collect.index.server import PackageIndexServer

LIMITS = IndexLimits(fresh_seconds=0, backoff_seconds=0.01, longest_wait=1.5)


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
