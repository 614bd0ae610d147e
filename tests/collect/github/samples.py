"""Documents as the collector writes them for a batch, caught on their way to the loopback."""

from __future__ import annotations

import json
from datetime import date
from functools import cache

from audits.collect.github.auth import find_credential
from audits.collect.github.collector import Connection, GitHubCollector, Request
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.past import GitHubPast
from audits.model.evidence import ReleasedFile
from audits.model.location import Scalar
from audits.model.uses import Uses, UsesKind
from tests.collect.github.generate import organization
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Token, World

_TOKEN = "ghs_loopbackonly"


def remote(owner: str, repo: str, ref: str, comment: str = "") -> Uses:
    """A remote ``uses:`` that stands nowhere in a file."""
    raw = Scalar(f"{owner}/{repo}@{ref}", 1, 1, 0, 0)
    return Uses(kind=UsesKind.REMOTE, raw=raw, owner=owner, repo=repo, ref=ref, comment=comment)


@cache
def written_queries() -> dict[str, str]:
    """One document of each name that a scan of a small organization sends."""
    caught: dict[str, str] = {}

    def catch(kind: str, content: str) -> None:
        if kind == "graphql":
            query = str(json.loads(content)["query"])
            caught[f"written {query.partition('query ')[2].split(' ')[0].split('(')[0]}"] = query

    world = World([*organization(12, seed=3)])
    with LoopbackGitHub(world, Token(_TOKEN, role=None)) as github:
        github.faults.before = catch
        credential = find_credential({"GITHUB_TOKEN": _TOKEN})
        connection = Connection(credential=credential, api_url=github.url)
        collector = GitHubCollector(Request(owner="orchard-labs"), connection)
        for snapshot in collector.snapshots():
            collector.with_settings(snapshot, ("pypi", 'odd "name"'))
        names = Request(owner="orchard-labs", names=("orchard-labs/lumen-0000",))
        list(GitHubCollector(names, connection).snapshots())
        collector.resolve(
            (
                remote("lanterns", "setup-lumen-000", "v4"),
                remote("lanterns", "setup-wick-001", "a" * 40, "v1"),
            )
        )
        past = GitHubPast("orchard-labs", connection, TransientMemory())
        days = (date(2026, 6, 1),)
        pasts = list(past.pasts(days))
        list(past.snapshots([(each.ref, each.commits[days[0]].commit) for each in pasts]))
        path = ".github/workflows/release.yml"
        collector.released(
            [ReleasedFile(slug="orchard-labs/lumen-0000", commit="c" * 40, path=path)]
        )
    return caught
