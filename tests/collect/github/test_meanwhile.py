"""What happens while a scan runs: an interrupt, a rename between two requests, odd answers."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from audits.collect.collector import Collector, Resolver, SettingsReader
from audits.collect.github.many_owners import ManyOwners
from audits.collect.github.rate_limits import Limits
from audits.model.settings import Unseen
from audits.model.source import GapReason
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import (
    collector_of,
    connect,
    github_with,
    snapshots,
    texts,
    world_of,
)
from tests.collect.github.traffic import Reply
from tests.collect.github.world import Environment, Repo
from tests.patience import PATIENCE

FILES: dict[str, Content] = {".github/workflows/release.yml": "on: push\n"}


def test_they_are_what_a_scan_expects() -> None:
    with github_with(world_of(Repo("lumen", FILES))) as github:
        one, many = (
            collector_of(connect(github)),
            ManyOwners(["orchard-labs/lumen"], connect(github)),
        )
        collectors: tuple[Collector, ...] = (one, many)
        resolvers: tuple[Resolver, ...] = (one, many)
        readers: tuple[SettingsReader, ...] = (one, many)
        for collector, resolver, reader in zip(collectors, resolvers, readers, strict=True):
            (snapshot,) = collector.snapshots()
            assert texts(snapshot) == FILES
            assert reader.with_settings(snapshot, ()).settings is not None
            assert resolver.resolve(()) == {}
            assert "token" not in collector.source


def test_an_interrupt_ends_threads_that_wait_for_an_hour() -> None:
    repos = [Repo(f"lumen-{i}", FILES, environments=[Environment("pypi")]) for i in range(8)]
    with github_with(world_of(*repos)) as github:
        waiting = threading.Event()
        connection = connect(github, on_wait=lambda left, _: waiting.set() if left > 60 else None)
        collector = collector_of(connection)
        found = snapshots(collector)
        github.buckets["core"].limit = 9

        def interrupt() -> None:
            if waiting.wait(PATIENCE):
                os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            collector.prefetch_settings([(s, ("pypi",)) for s in found.values()])
        thread.join()
    assert time.monotonic() - start < PATIENCE  # not the hour that GitHub asks for


def test_a_list_is_read_whole_where_a_rename_redirects_it() -> None:
    environments = [Environment(f"stage-{i}") for i in range(45)]
    repo = Repo("lumen", FILES, environments=environments)
    world = world_of(repo)

    def rename(kind: str, content: str) -> None:
        if content.startswith("/api/v3/repos/orchard-labs/lumen/environments"):
            world.rename(repo, "quince")

    with github_with(world) as github:
        collector = collector_of(connect(github))
        snapshot = snapshots(collector)["lumen"]
        github.faults.before = rename
        found = collector.with_settings(snapshot, ("stage-1",))
        assert any(seen.status == 301 for seen in github.log)
    assert found.settings is not None
    assert not isinstance(found.settings.environments, Unseen)
    assert len(found.settings.environments) == len(environments)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"data": []}',
        b'{"data": {"r0": 7}}',
        b"\xff\xfe",
        b"{",
        b"<p>",
        b'{"data": {"repositoryOwner": {"repositories": {"nodes": [{"id": 7}, 3, null]}}}}',
        b'{"total_count": "x", "environments": [{}]}',
        b'{"errors": [3, {"path": "x"}]}',
    ],
)
def test_answers_of_any_form_lose_no_repository(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything after the list is nonsense; there is no exception, only gaps."""
    repos = [Repo(f"lumen-{i}", FILES, environments=[Environment("pypi")]) for i in range(3)]
    with github_with(world_of(*repos)) as github:
        listed: list[bool] = []
        handler = github._server.RequestHandlerClass
        reply = handler._reply  # type: ignore[attr-defined]

        def nonsense(self: object, *arguments: object) -> object:
            if not listed:
                listed.append(True)
                return reply(self, *arguments)
            return Reply(200, body)

        monkeypatch.setattr(handler, "_reply", nonsense)
        limits = Limits(attempts=2, backoff=0.001)
        collector = collector_of(connect(github, limits=limits))
        found = snapshots(collector)
        done = [collector.with_settings(s, ("pypi",)) for s in found.values()]
    assert len(done) == 3
    assert all(s.gaps for s in done)
    reasons = {gap.reason for s in done for gap in s.gaps}
    assert reasons <= {GapReason.UNAVAILABLE, GapReason.NOT_FOUND, GapReason.FORBIDDEN}
