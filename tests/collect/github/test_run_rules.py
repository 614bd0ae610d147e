"""Rules on who may start runs and change branches: Actions policies, forks' approval, rulesets."""

from __future__ import annotations

import json

import pytest

from audits.model.settings import (
    BranchRuleset,
    BypassActor,
    RepositorySettings,
    Runner,
    Unseen,
    WorkflowPolicy,
)
from audits.model.source import Gap
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import (
    AgingMemory,
    collector_of,
    connect,
    github_with,
    snapshots,
    world_of,
)
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.traffic import Reply
from tests.collect.github.world import EventPolicy, Machine, Repo, Ruleset, RunnerGroup

FILES: dict[str, Content] = {".github/workflows/release.yml": "on: push\n"}


def lumen(name: str = "lumen", **settings: object) -> Repo:
    repo = Repo(name, dict(FILES))
    for key, value in settings.items():
        setattr(repo, key, value)
    return repo


def read(github: LoopbackGitHub, name: str = "lumen") -> tuple[RepositorySettings, tuple[Gap, ...]]:
    collector = collector_of(connect(github))
    found = collector.with_settings(snapshots(collector)[name], ())
    assert found.settings is not None
    return found.settings, found.gaps


def test_policies_of_repository_and_owner() -> None:
    own = EventPolicy("ours", ("push", "release"), include=(".github/workflows/release.yml",))
    above = EventPolicy("all", None, exclude=(".github/workflows/docs.yml",), actors=True)
    tried = EventPolicy("tried", ("push",), enforcement="evaluate")
    repo = lumen(event_policies=(own, tried))
    with github_with(world_of(repo, event_policies=(above,))) as github:
        settings, gaps = read(github)
    assert settings.workflow_policies == (
        WorkflowPolicy(
            name="ours",
            include=(".github/workflows/release.yml",),
            events=("push", "release"),
            source="orchard-labs/lumen",
        ),
        WorkflowPolicy(
            name="all",
            include=("~ALL",),
            exclude=(".github/workflows/docs.yml",),
            limits_actors=True,
            source="orchard-labs",
        ),
    )
    assert not gaps


def test_a_policy_of_the_owner_is_read_once_for_all_its_repositories() -> None:
    repos = [lumen(f"lumen-{i}") for i in range(12)]
    for number, repo in enumerate(repos):
        repo.change("setup.py", f"# {number}\n")
    above = (EventPolicy("all"),)
    with github_with(world_of(*repos, event_policies=above)) as github:
        collector = collector_of(connect(github))
        found = list(snapshots(collector).values())
        collector.prefetch_settings([(s, ()) for s in found])
        details = [s for s in github.log if s.path.endswith(f"/policies/{above[0].number}")]
    # each of the four threads may ask before the first has its answer
    assert 1 <= len(details) <= 4


def test_without_a_policy_there_is_none() -> None:
    with github_with(world_of(lumen())) as github:
        settings, _ = read(github)
    assert settings.workflow_policies == ()
    assert settings.branch_rulesets == ()
    assert settings.is_public is True


@pytest.mark.parametrize(
    "approval",
    [
        "first_time_contributors_new_to_github",
        "first_time_contributors",
        "all_external_contributors",
    ],
)
def test_which_forks_wait_for_an_approval(approval: str) -> None:
    with github_with(world_of(lumen(fork_approval=approval))) as github:
        settings, _ = read(github)
    assert settings.fork_approval == approval


def test_a_private_repository_is_not_asked_for_forks() -> None:
    with github_with(world_of(lumen(private=True))) as github:
        settings, gaps = read(github)
        asked = [seen.path for seen in github.log if "fork-pr" in seen.path]
    assert (settings.fork_approval, settings.is_public) == ("", False)
    assert not asked
    assert not gaps


def test_rulesets_on_branches() -> None:
    review = Ruleset(
        "main",
        include=("~DEFAULT_BRANCH",),
        rules=("PULL_REQUEST", "NON_FAST_FORWARD", "UPDATE"),
        target="BRANCH",
        approvals=2,
        code_owners=True,
        bypass=({"organizationAdmin": True},),
    )
    tags = Ruleset("tags")
    off = Ruleset("off", target="BRANCH", enforcement="DISABLED")
    with github_with(world_of(lumen(rulesets=[review, tags, off]))) as github:
        settings, _ = read(github)
    assert settings.branch_rulesets == (
        BranchRuleset(
            name="main",
            include=("~DEFAULT_BRANCH",),
            rules=("non_fast_forward", "pull_request", "update"),
            approvals=2,
            code_owners=True,
            source="orchard-labs/lumen",
            bypass=(BypassActor(kind="administrators"),),
        ),
    )
    assert not isinstance(settings.tag_rulesets, Unseen)
    assert [ruleset.name for ruleset in settings.tag_rulesets] == ["tags"]


@pytest.mark.parametrize("tier", [1, 2])
def test_policies_need_administration(tier: int) -> None:
    with github_with(world_of(lumen(event_policies=(EventPolicy("ours"),))), tier=tier) as github:
        settings, gaps = read(github)
    named = {gap.subject: gap for gap in gaps if gap.permission == "Administration: read"}
    assert isinstance(settings.workflow_policies, Unseen) == (tier == 1)
    assert isinstance(settings.fork_approval, Unseen) == (tier == 1)
    assert ("Actions policies" in named) == (tier == 1)
    assert all(gap.optional for gap in gaps)


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"name": "x", "enforcement": "active", "rules": "all"},
        {"name": "x", "enforcement": "active", "rules": [{"type": 7}]},
        {
            "name": "x",
            "enforcement": "active",
            "rules": [{"type": "restrict_action_events", "parameters": {"allowed_events": "push"}}],
        },
    ],
)
def test_a_policy_of_another_form_is_a_gap_of_its_repository(body: object) -> None:
    policy = EventPolicy("ours")
    world = world_of(lumen(event_policies=(policy,)), lumen("wick"))

    def change(kind: str, what: str, reply: Reply) -> Reply:
        odd = what.endswith(f"/policies/{policy.number}")
        return Reply(200, json.dumps(body).encode()) if odd else reply

    with github_with(world) as github:
        github.faults.change = change
        settings, gaps = read(github)
        others, quiet = read(github, "wick")
    assert isinstance(settings.workflow_policies, Unseen)
    assert [gap.subject for gap in gaps if not gap.optional] == ["Actions policies"]
    assert others.workflow_policies == ()
    assert not quiet


def test_nothing_is_fetched_again_where_nothing_changed() -> None:
    world = world_of(lumen(event_policies=(EventPolicy("ours"),)))
    memory = AgingMemory()
    with github_with(world) as github:
        for _ in range(2):
            github.forget()
            collector = collector_of(connect(github), memory)
            collector.with_settings(snapshots(collector)["lumen"], ())
        statuses = {seen.status for seen in github.log if "/actions/p" in seen.path}
    assert statuses == {304}


OWN_MACHINES: dict[str, Content] = {
    ".github/workflows/release.yml": "on: push\njobs: {a: {runs-on: [self-hosted, linux]}}\n"
}
KEPT = Machine("kept-1", ("self-hosted", "Linux"))
THROWN_AWAY = Machine("once-1", ephemeral=True)
OLD = Machine("old-1", ephemeral=None)


def on_own_machines(*machines: Machine, **settings: object) -> Repo:
    repo = Repo("lumen", dict(OWN_MACHINES), machines=machines)
    for key, value in settings.items():
        setattr(repo, key, value)
    return repo


def test_runners_of_repository_and_owner() -> None:
    groups = (
        RunnerGroup("all", (THROWN_AWAY,)),
        RunnerGroup(
            "releases", (OLD,), workflows=("orchard-labs/lumen/.github/workflows/a.yml@x",)
        ),
        RunnerGroup("others", (KEPT,), repositories=("wick",)),
        RunnerGroup("private", (KEPT,), public=False),
    )
    with github_with(world_of(on_own_machines(KEPT), runner_groups=groups)) as github:
        settings, gaps = read(github)
    assert settings.runners == (
        Runner(
            name="kept-1",
            labels=("self-hosted", "linux"),
            is_ephemeral=False,
            source="orchard-labs/lumen",
        ),
    )
    assert settings.owner_runners == (
        Runner(
            name="once-1",
            labels=("self-hosted", "linux"),
            is_ephemeral=True,
            source="orchard-labs: all",
        ),
        Runner(
            name="old-1",
            labels=("self-hosted", "linux"),
            workflows=("orchard-labs/lumen/.github/workflows/a.yml@x",),
            source="orchard-labs: releases",
        ),
    )
    assert not gaps


def test_runners_are_asked_for_where_a_workflow_names_one() -> None:
    with github_with(world_of(lumen(machines=(KEPT,)))) as github:
        settings, gaps = read(github)
        asked = [seen.path for seen in github.log if "runner" in seen.path]
    assert isinstance(settings.runners, Unseen)
    assert isinstance(settings.owner_runners, Unseen)
    assert not asked
    assert not gaps


def test_runners_that_are_refused_are_gaps() -> None:
    with github_with(world_of(on_own_machines(KEPT)), tier=1) as github:
        settings, gaps = read(github)
    assert isinstance(settings.runners, Unseen)
    assert isinstance(settings.owner_runners, Unseen)
    named = {gap.subject: gap.permission for gap in gaps if "runner" in gap.subject}
    assert set(named) == {"self-hosted runners", "self-hosted runners of the owner"}
    assert named["self-hosted runners"] == "Administration: read"
    assert all(gap.optional for gap in gaps)


def test_the_runners_of_a_group_are_read_once_for_all_repositories() -> None:
    repos = [Repo(f"lumen-{i}", {**OWN_MACHINES, "setup.py": f"# {i}\n"}) for i in range(12)]
    group = RunnerGroup("all", (KEPT,))
    with github_with(world_of(*repos, runner_groups=(group,))) as github:
        collector = collector_of(connect(github))
        collector.prefetch_settings([(s, ()) for s in snapshots(collector).values()])
        asked = [s for s in github.log if s.path.endswith(f"/{group.number}/runners")]
    # each of the four threads may ask before the first has its answer
    assert 1 <= len(asked) <= 4
