"""The list of an owner's repositories: paging, what GitHub cannot serve, and what changes meanwhile."""

from __future__ import annotations

import pytest

from audits.collect.errors import CollectError
from audits.collect.github.batches import BatchSize
from audits.collect.github.many_owners import ManyOwners
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
from tests.collect.github.world import Owner, Repo, World

FILES: dict[str, Content] = {".github/workflows/release.yml": "on: push\n"}


def many(number: int) -> list[Repo]:
    return [Repo(f"lumen-{i:03d}", {**FILES, "setup.py": f"# {i}\n"}) for i in range(number)]


def test_more_than_a_page() -> None:
    with github_with(world_of(*many(230))) as github:
        collector = collector_of(connect(github))
        found = snapshots(collector)
        assert github.by_kind()["Repositories"] == 3
    assert len(found) == 230
    assert collector.total == 230
    assert not any(s.gaps for s in found.values())


def test_the_page_halves_where_github_runs_out_of_time_and_stays_so() -> None:
    with github_with(world_of(*many(120))) as github:
        github.faults.too_heavy = lambda _, variables: int(str(variables.get("first", 1))) > 30
        found = snapshots(collector_of(connect(github)))
        sizes = [s.status for s in github.log if s.query == "Repositories"]
    assert len(found) == 120
    assert not any(s.gaps for s in found.values())
    # 100 and 50 fail, 25 works, 50 is tried once more after four pages, and not again
    assert sizes == [502, 502, 200, 200, 200, 200, 502, 200]


def test_a_batch_remembers_what_worked() -> None:
    size = BatchSize(100)
    assert size.failed(100)
    assert size.size == 50
    for _ in range(4):
        size.worked()
    assert size.size == 100
    assert size.failed(100)
    for _ in range(12):
        size.worked()
    assert size.size == 50


def test_a_repository_that_cannot_be_served_is_a_gap() -> None:
    repos = many(9)

    def heavy(query: str, variables: dict[str, object]) -> bool:
        # the fifth repository is too much, however few are asked for at once
        start = int(str(variables.get("after") or "name:lumen--01")[-3:]) + 1
        return "workflows:" in query and start <= 4 < start + int(str(variables.get("first", 0)))

    with github_with(world_of(*repos)) as github:
        github.faults.too_heavy = heavy
        found = snapshots(collector_of(connect(github)))
    assert len(found) == 9
    gaps = {name: s.gaps for name, s in found.items() if s.gaps}
    assert list(gaps) == ["lumen-004"]
    assert gaps["lumen-004"][0].reason is GapReason.UNAVAILABLE


def test_texts_too_heavy_together_are_read_in_smaller_batches() -> None:
    with github_with(world_of(*many(40))) as github:
        github.faults.too_heavy = lambda query, _: query.count("t0: object(oid") > 6
        found = snapshots(collector_of(connect(github)))
    assert all(len(texts(s)) == 2 and not s.gaps for s in found.values())


def test_single_sign_on_is_a_gap_with_its_link() -> None:
    repos = [*many(3), Repo("secret", FILES)]
    with github_with(world_of(*repos)) as github:
        repos[3].saml = True
        names = [f"orchard-labs/{repo.name}" for repo in repos]
        found = snapshots(collector_of(connect(github), names=names))
    assert [name for name, s in found.items() if s.gaps] == ["secret"]
    gap = found["secret"].gaps[0]
    assert gap.reason is GapReason.FORBIDDEN
    assert "https://github.example/orgs/x/sso" in gap.detail


def test_a_rename_while_the_list_is_read_brings_no_repository_twice() -> None:
    repos = many(150)
    world = world_of(*repos)

    def rename(kind: str, content: str) -> None:
        if "name:" in content and repos[0].name == "lumen-000":
            world.rename(repos[0], "zest")

    with github_with(world) as github:
        github.faults.before = rename
        found = list(collector_of(connect(github)).snapshots())
    assert sorted(str(s.database_id) for s in found) == sorted(str(r.number) for r in repos)


@pytest.mark.parametrize("moment", ["query Texts", "query Callees"])
def test_deleted_meanwhile_is_a_named_gap(moment: str) -> None:
    repos = many(4)
    repos[1].commit({**FILES, "setup.py": "uses: orchard-labs/lumen-003/x@main\n"}, "x")
    repos[2].commit(
        {".github/workflows/a.yml": "uses: orchard-labs/lumen-001/tool@main\n", "setup.py": "2"},
        "x",
    )
    world = world_of(*repos)

    def delete(kind: str, content: str) -> None:
        if moment in content and repos[1] in world.owners[0].repos:
            world.delete(repos[1])

    with github_with(world) as github:
        github.faults.before = delete
        found = snapshots(collector_of(connect(github)))
    assert set(found) == {f"lumen-{i:03d}" for i in range(4)}
    named = [s for s in found.values() if any(g.reason is GapReason.NOT_FOUND for g in s.gaps)]
    assert named


def test_renamed_meanwhile_keeps_its_files_and_says_so() -> None:
    repo = Repo("lumen", FILES)
    world = world_of(repo)

    def rename(kind: str, content: str) -> None:
        if "query Texts" in content and repo.name == "lumen":
            world.rename(repo, "quince")

    with github_with(world) as github:
        github.faults.before = rename
        found = snapshots(collector_of(connect(github)))["lumen"]
    assert texts(found) == FILES
    assert "renamed to orchard-labs/quince" in found.gaps[0].detail


def test_an_unknown_owner_is_one_sentence() -> None:
    with github_with(World([])) as github, pytest.raises(CollectError) as caught:
        snapshots(collector_of(connect(github)))
    assert "'orchard-labs'" in caught.value.message
    assert caught.value.advice


def test_a_list_of_many_owners() -> None:
    world = world_of(*many(3))
    world.owners.append(Owner("wick", "User", [Repo("ember", FILES), Repo("old", FILES)]))
    world.rename(world.owners[1].repos[1], "new")
    names = ["orchard-labs/lumen-001", "wick/ember", "wick/old", "wick/new", "wick/gone", "no/such"]
    with github_with(world) as github:
        many_owners = ManyOwners(names, connect(github))
        found = {str(s.ref): s for s in many_owners.snapshots()}
        assert many_owners.usage.graphql_requests == github.count("graphql")
    assert list(found) == [
        "orchard-labs/lumen-001",
        "wick/ember",
        "wick/new",
        "wick/gone",
        "no/such",
    ]
    assert [n for n, s in found.items() if s.gaps] == ["wick/gone", "no/such"]
    assert texts(found["wick/new"]) == FILES
