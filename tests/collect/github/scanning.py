"""Scans of the loopback GitHub, as short to write as the tests need them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from audits.collect.github.auth import find_credential
from audits.collect.github.collector import Choice, Connection, GitHubCollector, Request
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.rate_limits import Limits
from audits.model.cache import Memory
from audits.model.source import Snapshot
from tests.collect.github.apps import app_key
from tests.collect.github.generate import OWNER
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Owner, Repo, Token, World

TOKEN = "github_pat_planted0secret"
FAST = Limits(backoff=0.001, secondary_wait=0.01)


class AgingMemory(TransientMemory):
    """A memory in which time can pass."""

    def age(self, by: timedelta) -> None:
        """Let everything be this much older, as if the process had lasted so long."""
        self._answers = {k: (etag, body, at - by) for k, (etag, body, at) in self._answers.items()}


def world_of(*repos: Repo, **settings: object) -> World:
    """A world with one organization of these repositories."""
    owner = Owner(OWNER, repos=list(repos))
    for name, value in settings.items():
        setattr(owner, name, value)
    return World([owner])


def github_with(world: World, *, tier: int = 3, role: str | None = "ADMIN") -> LoopbackGitHub:
    """A loopback GitHub that knows the one token of the tests."""
    return LoopbackGitHub(world, Token(TOKEN, tier=tier, role=role))


def connect(
    github: LoopbackGitHub,
    *,
    token: str = TOKEN,
    limits: Limits = FAST,
    on_wait: Callable[[float, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Connection:
    """How a test reaches its loopback GitHub."""
    return Connection(
        credential=find_credential({"RELEASE_AUDIT_TOKEN": token}),
        api_url=github.url,
        host="github.com",
        limits=limits,
        on_wait=on_wait,
        cancelled=cancelled,
    )


def connect_app(github: LoopbackGitHub, folder: Path) -> Connection:
    """The same with an App, whose key lies in this folder."""
    key = folder / "app.pem"
    key.write_text(app_key()[0], encoding="utf-8")
    environment = {"RELEASE_AUDIT_APP_ID": "7", "RELEASE_AUDIT_APP_KEY_FILE": str(key)}
    credential = find_credential(environment)
    return Connection(credential=credential, api_url=github.url, host="github.com", limits=FAST)


def collector_of(
    connection: Connection,
    memory: Memory | None = None,
    *,
    choice: Choice | None = None,
    names: Iterable[str] = (),
    done: Iterable[str] = (),
) -> GitHubCollector:
    """A collector of the tests' organization."""
    request = Request(
        owner=OWNER, names=tuple(names), choice=choice or Choice(), done=frozenset(done)
    )
    return GitHubCollector(request, connection, memory)


def snapshots(collector: GitHubCollector) -> dict[str, Snapshot]:
    """Every snapshot by its repository's name; none may come twice."""
    found: dict[str, Snapshot] = {}
    for snapshot in collector.snapshots():
        assert snapshot.ref.name not in found
        found[snapshot.ref.name] = snapshot
    return found


def texts(snapshot: Snapshot) -> dict[str, str]:
    """A snapshot's texts by path."""
    return {file.path: file.text for file in snapshot.files}
