"""Scans that remember in the store's database, also where their process was killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.collect.github.memory_cache import TransientMemory
from audits.model.cache import Memory
from audits.model.source import Snapshot
from audits.store.cache import StoreMemory
from audits.store.open import open_store
from tests.collect.github.generate import organization
from tests.collect.github.samples import remote
from tests.collect.github.scanning import collector_of, connect, github_with, snapshots, texts
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import World

_CHILD = """
import sys
from audits.collect.github.collector import Connection, GitHubCollector, Request
from audits.collect.github.auth import find_credential
from audits.store.cache import StoreMemory
from audits.store.open import open_store
url, database = sys.argv[1:]
connection = Connection(credential=find_credential({"GH_TOKEN": "github_pat_planted0secret"}), api_url=url)
collector = GitHubCollector(Request(owner="orchard-labs"), connection, StoreMemory(open_store(database)))
print("ready", flush=True)
found = list(collector.snapshots())
collector.prefetch_settings([(s, ("pypi",)) for s in found])
"""


@pytest.fixture
def github() -> Iterator[LoopbackGitHub]:
    with github_with(World([*organization(24, seed=4)])) as found:
        yield found


def scan(github: LoopbackGitHub, memory: Memory) -> dict[str, Snapshot]:
    collector = collector_of(connect(github), memory)
    found = snapshots(collector)
    publishing = [s for s in found.values() if ".github/workflows/release.yml" in texts(s)]
    collector.prefetch_settings([(s, ("pypi", "release/pypi")) for s in publishing])
    found |= {s.ref.name: collector.with_settings(s, ("pypi", "release/pypi")) for s in publishing}
    collector.resolve((remote("lanterns", "setup-lumen-000", "v4"),))
    return found


def test_the_store_remembers_as_the_process_does(github: LoopbackGitHub, tmp_path: Path) -> None:
    expected = scan(github, TransientMemory())
    memory = StoreMemory(open_store(f"sqlite:///{tmp_path}/audits.db"))
    assert scan(github, memory) == expected
    github.forget()
    assert scan(github, memory) == expected
    assert not {"Texts", "References", "Rules"} & set(github.by_kind())
    assert {seen.status for seen in github.log if seen.kind == "rest"} == {304}


def test_a_killed_scan_leaves_a_memory_that_works(github: LoopbackGitHub, tmp_path: Path) -> None:
    expected = scan(github, TransientMemory())
    chance = random.Random(3)  # noqa: S311
    database = f"sqlite:///{tmp_path}/audits.db"
    open_store(database)
    github.faults.latency = 0.01
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, github.url, database], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0.02, 0.6))
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
    github.faults.latency = 0
    assert scan(github, StoreMemory(open_store(database))) == expected
