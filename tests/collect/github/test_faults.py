"""Trouble: every repository ends scanned or as a named gap, none twice, and a rescan repairs."""

from __future__ import annotations

import random

import pytest

from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.rate_limits import Limits
from audits.model.source import GapReason, Snapshot
from tests.collect.github.faults import KINDS
from tests.collect.github.generate import organization
from tests.collect.github.samples import remote
from tests.collect.github.scanning import collector_of, connect, github_with, snapshots, texts
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import World

FAST = Limits(backoff=0.001, secondary_wait=0.002)
TROUBLE = {GapReason.UNAVAILABLE, GapReason.RATE_LIMITED}


@pytest.fixture(scope="module")
def world() -> World:
    return World([*organization(16, seed=9)])


@pytest.fixture(scope="module")
def expected(world: World) -> dict[str, Snapshot]:
    """What an undisturbed scan reads."""
    with github_with(world) as github:
        return scan(github, TransientMemory())


def scan(github: LoopbackGitHub, memory: TransientMemory) -> dict[str, Snapshot]:
    collector = collector_of(connect(github, limits=FAST), memory)
    found = snapshots(collector)
    publishing = [s for s in found.values() if ".github/workflows/release.yml" in texts(s)]
    collector.prefetch_settings([(s, ("pypi", "release/pypi")) for s in publishing])
    found |= {s.ref.name: collector.with_settings(s, ("pypi", "release/pypi")) for s in publishing}
    collector.resolve((remote("lanterns", "setup-lumen-000", "v4"),))
    return found


def check(found: dict[str, Snapshot], expected: dict[str, Snapshot]) -> None:
    """Each repository is as it should be, or says that something failed."""
    assert set(found) == set(expected)
    for name, snapshot in found.items():
        failed = [gap for gap in snapshot.gaps if gap.reason in TROUBLE]
        assert snapshot == expected[name] or failed, name
        assert set(texts(snapshot).items()) <= set(texts(expected[name]).items())


@pytest.mark.parametrize("fault", KINDS)
def test_each_fault_alone_now_and_then(
    world: World, expected: dict[str, Snapshot], fault: str
) -> None:
    memory = TransientMemory()
    with github_with(world) as github:
        github.faults.rate, github.faults.kinds = 0.1, (fault,)
        found = scan(github, memory)
        assert github.faults.happened
        github.faults.rate = 0
        check(found, expected)
        assert scan(github, memory) == expected


@pytest.mark.parametrize("fault", ["500", "502", "reset", "truncated"])
def test_one_fault_costs_nothing(world: World, expected: dict[str, Snapshot], fault: str) -> None:
    with github_with(world) as github:
        github.faults.script.extend(("", "", fault, "", fault))
        assert scan(github, TransientMemory()) == expected


@pytest.mark.parametrize("seed", range(2))
def test_all_faults_together(world: World, expected: dict[str, Snapshot], seed: int) -> None:
    memory = TransientMemory()
    with github_with(world) as github:
        github.faults.random = random.Random(seed)  # noqa: S311
        github.faults.rate, github.faults.kinds = 0.15, KINDS
        github.buckets["core"].limit, github.buckets["core"].window = 60, 0.5
        check(scan(github, memory), expected)
        github.faults.rate, github.buckets["core"].limit = 0, 5000
        assert scan(github, memory) == expected


@pytest.mark.parametrize("fault", ["500", "reset"])
def test_a_service_that_stays_down_leaves_named_gaps(world: World, fault: str) -> None:
    with github_with(world) as github:

        def down(kind: str, content: str) -> None:
            if "query Repositories" not in content:
                github.faults.script.append(fault)

        github.faults.before = down
        found = snapshots(collector_of(connect(github, limits=Limits(attempts=2, backoff=0.001))))
    assert len(found) > 12
    assert all(s.gaps for s in found.values() if s.commit and s.ref.name != "grove-0008")


@pytest.mark.parametrize("stop_after", [1, 9])
def test_a_scan_that_was_stopped_goes_on(
    world: World, expected: dict[str, Snapshot], stop_after: int
) -> None:
    memory = TransientMemory()
    with github_with(world) as github:
        stream = collector_of(connect(github), memory).snapshots()
        kept = [next(stream) for _ in range(stop_after)]
        del stream
        done = [str(s.ref).lower() for s in kept]
        rest = snapshots(collector_of(connect(github), memory, done=done))
    assert {s.ref.name for s in kept} | set(rest) == set(expected)
    assert not {s.ref.name for s in kept} & set(rest)
