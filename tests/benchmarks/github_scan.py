"""Scans a generated organization on a loopback GitHub, twice, and prints what it took.

``python -m tests.benchmarks.github_scan --repos 1000 --latency 0.1 --tier 1``. The server runs
in a process of its own, so that CPU time and memory are the client's.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from audits.collect.github.auth import find_credential
from audits.collect.github.collector import Connection, GitHubCollector, Request
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.rate_limits import Limits
from audits.model.cache import Memory
from audits.model.location import Scalar
from audits.model.source import Snapshot
from audits.model.uses import Uses, UsesKind
from audits.store.cache import StoreMemory
from audits.store.open import open_store
from tests.collect.github.generate import OWNER, organization
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Token, World

_USES = re.compile(r"uses: ([\w.-]+)/([\w.-]+)@([^\s#]+)(?: # (\S+))?")
_ENVIRONMENT = re.compile(r"environment:\s+name: (\S+)")
_BATCH = 100


@dataclass(frozen=True)
class Served:
    """What the server counted."""

    by_kind: dict[str, int]
    graphql: int
    rest: int
    points: int
    size: int
    owner_again: int
    of_repositories: int


def serve(pipe: Pipe, repos: int, latency: float, tier: int, token: str) -> None:
    """The other process: a loopback GitHub that tells its counts when asked."""
    world = World([*organization(repos)])
    installation = token.startswith("ghs_")
    with LoopbackGitHub(
        world, Token(token, tier=tier, role=None if installation else "ADMIN")
    ) as github:
        github.faults.latency = latency
        for bucket in github.buckets.values():
            bucket.limit = 1_000_000
        pipe.send(github.url)
        while pipe.recv() == "counts":
            pipe.send(
                Served(
                    dict(github.by_kind()),
                    github.count("graphql"),
                    github.count("rest"),
                    github.points,
                    sum(seen.size for seen in github.log),
                    owner_asked_again(seen.path for seen in github.log),
                    sum(seen.path.startswith("/repos/") for seen in github.log),
                )
            )
            github.forget()


def owner_asked_again(paths: Iterable[str]) -> int:
    """How many requests ask for what is the owner's, and was asked before."""
    counted = Counter(path for path in paths if path.startswith("/orgs/"))
    return counted.total() - len(counted)


def uses_of(snapshot: Snapshot) -> Iterator[Uses]:
    """The remote actions of the release workflow, found by a pattern."""
    for file in snapshot.files:
        if file.path.endswith("release.yml"):
            for owner, repo, ref, comment in _USES.findall(file.text):
                yield Uses(
                    kind=UsesKind.REMOTE,
                    raw=Scalar(f"{owner}/{repo}@{ref}", 1, 1, 0, 0),
                    owner=owner,
                    repo=repo,
                    ref=ref,
                    comment=comment,
                )


def complete(collector: GitHubCollector, batch: list[Snapshot]) -> tuple[int, int]:
    """Settings and references of a batch, as a scan asks for them."""
    publishing = []
    uses: list[Uses] = []
    for snapshot in batch:
        for file in snapshot.files:
            if file.path.endswith("release.yml"):
                found = _ENVIRONMENT.search(file.text)
                publishing.append((snapshot, (found.group(1),) if found else ()))
        uses.extend(uses_of(snapshot))
    collector.prefetch_settings(publishing)
    for snapshot, environments in publishing:
        collector.with_settings(snapshot, environments)
    return len(publishing), len(collector.resolve(tuple(uses)))


@dataclass(frozen=True)
class Cost:
    """What one scan took."""

    repositories: int
    publishing: int
    cpu: float
    served: Served
    not_modified: int


def scan(title: str, url: str, token: str, memory: Memory, pipe: Pipe) -> Cost:
    """One scan; its numbers are printed and returned."""
    limits = Limits(rest_per_minute=10**6, graphql_per_minute=10**6)
    credential = find_credential({"GITHUB_TOKEN": token})
    connection = Connection(credential=credential, api_url=url, limits=limits)
    collector = GitHubCollector(Request(owner=OWNER), connection, memory)
    wall, cpu = time.perf_counter(), time.process_time()
    repositories = files = publishing = refs = 0
    batch: list[Snapshot] = []
    for snapshot in collector.snapshots():
        repositories += 1
        files += len(snapshot.files)
        batch.append(snapshot)
        if len(batch) == _BATCH:
            counts = complete(collector, batch)
            publishing, refs = publishing + counts[0], refs + counts[1]
            batch = []
    counts = complete(collector, batch)
    publishing, refs = publishing + counts[0], refs + counts[1]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    pipe.send("counts")
    served: Served = pipe.recv()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{title}: {repositories} repositories, {publishing} publishing, {files} files, {refs} refs"
    )
    print(
        f"  GraphQL {served.graphql} requests, {served.points} points; REST {served.rest}"
        f" ({served.rest / max(publishing, 1):.2f} a publishing repository), of which"
        f" {collector.usage.not_modified} not modified"
    )
    print(
        f"  {served.size / 1e6:.1f} MB, {wall:.1f} s, CPU {cpu:.1f} s"
        f" ({1000 * cpu / max(repositories, 1):.1f} ms a repository), peak {peak:.0f} MB"
    )
    print("  " + ", ".join(f"{name} {count}" for name, count in sorted(served.by_kind.items())))
    print(f"  gaps that concern no repository: {len(collector.gaps())}")
    return Cost(repositories, publishing, cpu, served, collector.usage.not_modified)


def two_scans(repos: int, tier: int, database: str = "", *, app: bool = False) -> tuple[Cost, Cost]:
    """The first scan of a generated organization, with a person's token or an App's, and the next
    one.
    """
    token = "ghs_benchmarkonly" if app else "github_pat_benchmarkonly"
    here, there = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(there, repos, 0.0, tier, token), daemon=True
    )
    server.start()
    url = here.recv()
    memory: Memory = StoreMemory(open_store(database)) if database else TransientMemory()
    try:
        first = scan(f"first scan, tier {tier}", url, token, memory, here)
        return first, scan(f"second scan, tier {tier}", url, token, memory, here)
    finally:
        here.send("stop")
        server.join()


def main() -> None:
    """Run two scans with the options given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repos", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--tier", type=int, default=1)
    parser.add_argument("--app", action="store_true", help="an installation's token")
    parser.add_argument(
        "--database", default="", help="remember in a store, such as sqlite:///x.db"
    )
    options = parser.parse_args()
    token = "ghs_benchmarkonly" if options.app else "github_pat_benchmarkonly"
    here, there = multiprocessing.get_context("spawn").Pipe()
    arguments = (there, options.repos, options.latency, options.tier, token)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=arguments, daemon=True)
    server.start()
    url = here.recv()
    print(f"latency {options.latency * 1000:.0f} ms, tier {options.tier}, App: {options.app}")
    memory: Memory = TransientMemory()
    if options.database:
        memory = StoreMemory(open_store(options.database))
    scan("first scan", url, token, memory, here)
    scan("second scan", url, token, memory, here)
    here.send("stop")
    server.join()


if __name__ == "__main__":
    main()
