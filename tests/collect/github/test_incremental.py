"""The second scan: only what changed is read, settings by 304 or by GraphQL's word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from audits.collect.github.collector import Connection
from audits.model.settings import Unseen
from audits.model.source import Snapshot
from tests.collect.github.generate import OWNER, organization
from tests.collect.github.git_objects import Content
from tests.collect.github.samples import remote
from tests.collect.github.scanning import (
    AgingMemory,
    collector_of,
    connect,
    connect_app,
    github_with,
    snapshots,
    texts,
)
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Environment, Repo, World

ENVIRONMENTS = ("pypi", "Release/PyPI")
USES = tuple(remote("lanterns", f"setup-lumen-{i:03d}", "v4") for i in (0, 12))


@pytest.fixture
def world() -> World:
    return World([*organization(40, seed=5)])


def scan(connection: Connection, memory: AgingMemory) -> dict[str, Snapshot]:
    """Files, settings of those with a release workflow, and references."""
    collector = collector_of(connection, memory)
    found = snapshots(collector)
    publishing = [s for s in found.values() if ".github/workflows/release.yml" in texts(s)]
    collector.prefetch_settings([(s, ENVIRONMENTS) for s in publishing])
    found |= {s.ref.name: collector.with_settings(s, ENVIRONMENTS) for s in publishing}
    collector.resolve(USES)
    return found


def twice(
    github: LoopbackGitHub, connection: Connection, between: Callable[[AgingMemory], None]
) -> tuple[dict[str, Snapshot], dict[str, Snapshot]]:
    memory = AgingMemory()
    first = scan(connection, memory)
    between(memory)
    github.forget()
    return first, scan(connection, memory)


def nothing(_memory: AgingMemory) -> None:
    """Nothing happens between the scans."""


def test_nothing_changed_nothing_fetched(world: World) -> None:
    with github_with(world) as github:
        first, second = twice(github, connect(github), nothing)
        kinds = github.by_kind()
        rest = [seen for seen in github.log if seen.kind == "rest"]
    assert second == first
    assert set(kinds) & {"Texts", "References", "Rules", "Tags", "latest"} == set()
    assert github.count("graphql") <= 4
    # a right that is missing is refused again; everything else is unchanged
    assert {seen.status for seen in rest} <= {304}


def test_an_app_reads_no_setting_again(world: World, tmp_path: Path) -> None:
    with github_with(world) as github:
        github.apps.installations[OWNER] = 42
        github.apps.tier = 3

        def hour(_memory: AgingMemory) -> None:
            # another hour, another token: no ETag holds
            github.apps.expire()

        first, second = twice(github, connect_app(github, tmp_path), hour)
        rest = [seen.path for seen in github.log if seen.path.startswith("/repos/")]
    assert second == first
    assert rest == []


def test_an_app_reads_settings_again_where_graphql_shows_a_change(
    world: World, tmp_path: Path
) -> None:
    changed = next(r for r in world.owners[0].repos if r.environments and not r.archived)

    def change(_memory: AgingMemory) -> None:
        changed.environments[0].reviewers += 1

    with github_with(world) as github:
        github.apps.installations[OWNER] = 42
        github.apps.tier = 3
        first, second = twice(github, connect_app(github, tmp_path), change)
        rest = {seen.path.split("/")[3] for seen in github.log if seen.path.startswith("/repos/")}
    assert rest == {changed.name}
    before, after = (s[changed.name].settings for s in (first, second))
    assert before is not None
    assert after is not None
    assert not isinstance(before.environments, Unseen)
    assert not isinstance(after.environments, Unseen)
    name = changed.environments[0].name.lower()
    assert after.environments[name].reviewers == changed.environments[0].reviewers
    assert before.environments[name].reviewers != after.environments[name].reviewers


def test_an_app_reads_settings_again_after_a_week(world: World, tmp_path: Path) -> None:
    with github_with(world) as github:
        github.apps.installations[OWNER] = 42
        twice(github, connect_app(github, tmp_path), lambda m: m.age(timedelta(days=8)))
        rest = [seen.path for seen in github.log if seen.path.endswith("/environments")]
    assert rest


def test_a_changed_file_alone_is_fetched(world: World) -> None:
    # What a step leads to is looked up again in a changed tree: this repository runs no script.
    repo = next(
        r
        for r in world.owners[0].repos
        if ".github/workflows/release.yml" in r.files and "scripts/release.sh" not in r.files
    )
    asked: list[str] = []
    new: Content = "on: push  # changed\n"
    with github_with(world) as github:

        def change(_memory: AgingMemory) -> None:
            repo.change(".github/workflows/release.yml", new)
            github.faults.before = lambda _, content: asked.append(content)

        first, second = twice(github, connect(github), change)
        assert github.by_kind()["Texts"] == 1
    (query,) = [content for content in asked if "query Texts" in content]
    assert query.count("object(oid:") == 1
    assert texts(second[repo.name])[".github/workflows/release.yml"] == new
    same = {name for name in first if first[name].commit == second[name].commit}
    assert same == set(first) - {repo.name}


def test_settings_that_changed_are_seen_with_a_personal_token(world: World) -> None:
    repo = next(r for r in world.owners[0].repos if r.environments and not r.archived)

    def change(_memory: AgingMemory) -> None:
        repo.environments.append(Environment("later", reviewers=4))

    with github_with(world) as github:
        _, second = twice(github, connect(github), change)
        read = [seen for seen in github.log if seen.status == 200 and seen.kind == "rest"]
    assert [seen.path for seen in read] == [f"/repos/{OWNER}/{repo.name}/environments"]
    settings = second[repo.name].settings
    assert settings is not None
    assert not isinstance(settings.environments, Unseen)
    assert settings.environments["later"].reviewers == 4


def test_a_moved_callee_is_read_again_and_a_pinned_one_not_even_asked() -> None:
    called = Repo("pipelines", {".github/workflows/a.yml": "v: 1\n"})
    assert called.head is not None
    pin = f"orchard-labs/pipelines/.github/workflows/a.yml@{called.head.oid}"
    moving = "orchard-labs/pipelines/.github/workflows/a.yml@main"
    callers = [
        Repo("lumen", {".github/workflows/r.yml": f"uses: {pin}\n"}),
        Repo("quince", {".github/workflows/r.yml": f"uses: {moving}\n"}),
    ]
    from tests.collect.github.scanning import world_of

    asked: list[str] = []
    memory = AgingMemory()
    with github_with(world_of(called, *callers)) as github:
        snapshots(collector_of(connect(github), memory))
        called.change(".github/workflows/a.yml", "v: 2\n")
        github.faults.before = lambda _, content: asked.append(content)
        found = snapshots(collector_of(connect(github), memory))
    assert found["lumen"].remote_files[pin].text == "v: 1\n"
    assert found["quince"].remote_files[moving].text == "v: 2\n"
    callees = [content for content in asked if "query Callees" in content]
    assert len(callees) == 1
    assert called.head.oid not in callees[0]
