"""Settings: what each tier of token sees, what is inherited, and what is missing by name."""

from __future__ import annotations

import pytest
from msgspec.structs import fields

from audits.collect.github.environments import EnvironmentReader
from audits.model.settings import (
    COLLABORATORS,
    ActionsPolicy,
    EnvironmentSettings,
    OwnerSettings,
    RepositorySettings,
    TagRuleset,
    Unseen,
)
from audits.model.source import Snapshot
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import (
    TOKEN,
    collector_of,
    connect,
    github_with,
    snapshots,
    world_of,
)
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import (
    Environment,
    Owner,
    Policy,
    Release,
    Repo,
    Ruleset,
    Secret,
    World,
)

FILES: dict[str, Content] = {".github/workflows/release.yml": "on: push\n"}


def lumen(**changes: object) -> Repo:
    repo = Repo("lumen", dict(FILES))
    for name, value in changes.items():
        setattr(repo, name, value)
    return repo


def read(github: LoopbackGitHub, *environments: str) -> Snapshot:
    collector = collector_of(connect(github))
    return collector.with_settings(snapshots(collector)["lumen"], environments)


def settings_of(snapshot: Snapshot) -> RepositorySettings:
    assert snapshot.settings is not None
    return snapshot.settings


def environment_of(repo: Repo, name: str, *, tier: int = 3) -> EnvironmentSettings:
    with github_with(world_of(repo), tier=tier) as github:
        found = settings_of(read(github, name)).environments
    assert not isinstance(found, Unseen)
    return found[name.lower()]


def policy_of(snapshot: Snapshot) -> ActionsPolicy:
    found = settings_of(snapshot).actions
    assert isinstance(found, ActionsPolicy)
    return found


def test_everything_of_an_environment() -> None:
    name = "Release/PyPI ü"
    described = Environment(
        name,
        reviewers=3,
        wait_minutes=15,
        prevent_self_review=True,
        admins_can_bypass=False,
        policy="custom",
        patterns=("tag:v*", "branch:main"),
        secrets=("B", "A"),
    )
    found = environment_of(lumen(environments=[described]), name.upper())
    assert found == EnvironmentSettings(
        name=name,
        database_id=described.number,
        reviewers=3,
        wait_minutes=15,
        prevent_self_review=True,
        admins_can_bypass=False,
        ref_patterns=("tag:v*", "branch:main"),
        secret_names=("A", "B"),
    )


@pytest.mark.parametrize(
    ("described", "patterns", "rules"),
    [
        (Environment("pypi", policy="protected"), ("protected branches",), ()),
        (Environment("pypi", policy="custom"), ("no branch or tag",), ()),
        (Environment("pypi", custom_rules=("gatekeeper",)), (), ("gatekeeper",)),
        (Environment("pypi"), (), ()),
    ],
)
def test_policies_and_rules(
    described: Environment, patterns: tuple[str, ...], rules: tuple[str, ...]
) -> None:
    found = environment_of(lumen(environments=[described]), "pypi")
    assert (found.ref_patterns, found.custom_rules) == (patterns, rules)


def test_more_environments_than_a_page() -> None:
    described = [Environment(f"stage-{i}", reviewers=i % 3) for i in range(130)]
    with github_with(world_of(lumen(environments=described))) as github:
        found = settings_of(read(github, "stage-129")).environments
    assert not isinstance(found, Unseen)
    assert [e.reviewers for e in found.values()] == [e.reviewers for e in described]
    assert isinstance(found["stage-1"].secret_names, Unseen)
    assert found["stage-129"].secret_names == ()


def test_a_missing_environment_is_known_to_be_missing() -> None:
    with github_with(world_of(lumen())) as github:
        assert settings_of(read(github, "pypi")).environments == {}


def test_a_plan_without_protection() -> None:
    repo = lumen(environments=[Environment("pypi")], private=True)
    with github_with(world_of(repo, plan="team")) as github:
        found = settings_of(read(github, "pypi")).environments
    assert not isinstance(found, Unseen)
    assert not found["pypi"].on_plan


def test_rulesets_on_tags_with_those_of_the_organization() -> None:
    repo = lumen(
        rulesets=[
            Ruleset("tags", include=("refs/tags/v*",), exclude=("refs/tags/v0*",)),
            Ruleset("off", enforcement="DISABLED"),
            Ruleset("trial", enforcement="EVALUATE"),
            Ruleset("branches", target="BRANCH"),
        ]
    )
    parent = Ruleset("all", include=("~ALL",), rules=("CREATION", "DELETION"))
    with github_with(world_of(repo, rulesets=[parent])) as github:
        found = settings_of(read(github)).tag_rulesets
        assert github.by_kind()["Rules"] == 1
    assert found == (
        TagRuleset(
            name="tags",
            include=("refs/tags/v*",),
            exclude=("refs/tags/v0*",),
            rules=("creation", "deletion", "update"),
            source="orchard-labs/lumen",
        ),
        TagRuleset(
            name="all", include=("~ALL",), rules=("creation", "deletion"), source="orchard-labs"
        ),
    )


@pytest.mark.parametrize("immutable", [True, False, None])
def test_the_newest_release(immutable: bool | None) -> None:
    with github_with(world_of(lumen(release=Release("v1", immutable=immutable)))) as github:
        found = settings_of(read(github)).latest_release_immutable
    assert isinstance(found, Unseen) if immutable is None else found is immutable


def test_no_release_is_no_gap() -> None:
    with github_with(world_of(lumen())) as github:
        found = read(github)
        assert "latest" not in github.by_kind()
    assert settings_of(found).latest_release_immutable is None
    assert found.gaps == ()


def test_what_the_organization_leaves_open_is_the_repositorys() -> None:
    repo = lumen(policy=Policy(default_write=False, sha_pinning=True, allowed="selected"))
    with github_with(world_of(repo, policy=Policy(default_write=True))) as github:
        found = read(github)
    assert policy_of(found) == ActionsPolicy(
        default_token_write=False,
        can_approve_pull_requests=False,
        sha_pinning_required=True,
        allowed_actions="selected",
        set_by="repository",
    )
    assert found.owner_settings is not None
    assert isinstance(found.owner_settings.actions, ActionsPolicy)
    assert found.owner_settings.actions.default_token_write is True


def test_what_the_organization_imposes_is_not_asked_again() -> None:
    strict = Policy(default_write=False, can_approve=False, sha_pinning=True, allowed="selected")
    with github_with(world_of(lumen(), policy=strict)) as github:
        found = read(github)
        asked = [seen.path for seen in github.log]
    assert policy_of(found).set_by == "owner"
    assert policy_of(found).sha_pinning_required is True
    imposed = ("/actions/permissions", "/actions/permissions/workflow")
    assert not any(p.startswith("/repos/") and p.endswith(imposed) for p in asked)


def test_an_older_server_does_not_report_pinning() -> None:
    old = Policy(sha_pinning=None)
    with github_with(world_of(lumen(policy=old), policy=old)) as github:
        found = read(github)
    assert isinstance(policy_of(found).sha_pinning_required, Unseen)
    assert policy_of(found).default_token_write is True


def test_secrets_of_repository_and_organization() -> None:
    repo = lumen(secrets=("B", "A"), private=True)
    secrets = (
        Secret("ALL"),
        Secret("PRIVATE", "private"),
        Secret("OURS", "selected", ("orchard-labs/lumen",)),
        Secret("THEIRS", "selected", ("orchard-labs/wick",)),
    )
    with github_with(world_of(repo, secrets=secrets)) as github:
        found = settings_of(read(github))
    assert found.secret_names == ("A", "B")
    assert found.organization_secret_names == ("ALL", "OURS", "PRIVATE")


EXPECTED = {
    1: {
        "allowed actions": "Administration: read",
        "default token permission": "Administration: read",
        "Actions policies": "Administration: read",
        "self-hosted runners": "Administration: read",
        "self-hosted runners of the owner": "Organization self hosted runners: read",
        "secrets' names": "Secrets: read",
        "organization secrets' names": "Secrets: read",
        "environment pypi: secrets' names": "Environments: read",
    },
    2: {
        "secrets' names": "Secrets: read",
        "organization secrets' names": "Secrets: read",
        "environment pypi: secrets' names": "Environments: read",
    },
    3: {},
}


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_each_tier_has_the_right_unknowns(tier: int) -> None:
    repo = lumen(
        environments=[Environment("pypi", reviewers=1)], release=Release("v1"), private=True
    )
    repo.change(".github/workflows/test.yml", "jobs: {a: {runs-on: self-hosted}}\n")
    with github_with(world_of(repo), tier=tier) as github:
        found = read(github, "pypi")
    assert {gap.subject: gap.permission for gap in found.gaps} == EXPECTED[tier]
    settings = settings_of(found)
    unseen = {f.name for f in fields(settings) if isinstance(getattr(settings, f.name), Unseen)}
    assert (
        unseen
        == {
            1: {
                "actions",
                "secret_names",
                "organization_secret_names",
                "workflow_policies",
                "runners",
                "owner_runners",
            },
            2: {"secret_names", "organization_secret_names"},
            3: set(),
        }[tier]
    )
    owner = found.owner_settings
    assert isinstance(owner, OwnerSettings)
    assert isinstance(owner.immutable_releases, Unseen) == (tier < 2)


def test_without_actions_the_environments_are_unknown_and_not_missing() -> None:
    repo = lumen(environments=[Environment("pypi")], private=True)
    with github_with(world_of(repo)) as github:
        github.tokens[next(iter(github.tokens))].refused = frozenset({"actions"})
        found = read(github, "pypi")
    environments = settings_of(found).environments
    assert isinstance(environments, Unseen)
    assert environments.permission == "Actions: read"


def test_a_reader_is_not_asked_what_only_administrators_see() -> None:
    with github_with(world_of(lumen()), role="READ") as github:
        found = read(github)
        asked = [seen.path for seen in github.log if seen.path.startswith("/repos/")]
    assert not any("permissions" in path or "secrets" in path for path in asked)
    assert {g.permission for g in found.gaps} == {
        "Administration: read",
        "Secrets: read",
        COLLABORATORS,
    }


@pytest.mark.parametrize(("private", "most"), [(True, 3), (False, 10)])
def test_a_refusal_is_learned(private: bool, most: int) -> None:
    repos = [Repo(f"lumen-{i:02d}", {**FILES}, private=private) for i in range(40)]
    with github_with(world_of(*repos), tier=1) as github:
        collector = collector_of(connect(github))
        found = snapshots(collector)
        collector.prefetch_settings([(s, ()) for s in found.values()])
        read_all = [collector.with_settings(s, ()) for s in found.values()]
        refused = [seen for seen in github.log if seen.status == 403]
    assert all(len(s.gaps) == (5 if private else 6) for s in read_all)
    # four threads may each have one on its way when the third refusal arrives
    assert len(refused) <= 4 + 2 * (most + 4)


@pytest.mark.parametrize("first", ["private", "public"])
def test_rights_in_private_repositories_say_nothing_of_public_ones(first: str) -> None:
    """An App without Actions: read sees environments of public repositories all the same."""
    names = ("a", "z") if first == "private" else ("z", "a")
    repos = [
        Repo(
            f"{name}-{i}",
            {**FILES},
            private=private,
            environments=[Environment("pypi", policy="custom", patterns=("tag:v*",))],
        )
        for name, private in zip(names, (True, False), strict=True)
        for i in range(6)
    ]
    with github_with(world_of(*repos), role=None) as github:
        github.tokens[TOKEN].refused = frozenset({"actions", "administration"})
        collector = collector_of(connect(github))
        found = list(snapshots(collector).values())
        collector.prefetch_settings([(s, ("pypi",)) for s in found])
        read_all = [settings_of(collector.with_settings(s, ("pypi",))) for s in found]
    seen = {
        s.ref.name: not isinstance(settings.environments, Unseen)
        for s, settings in zip(found, read_all, strict=True)
    }
    assert seen == {repo.name: not repo.private for repo in repos}


def test_a_fault_of_ours_costs_the_settings_of_one_repository(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repos = [Repo(f"lumen-{i}", {**FILES}, environments=[Environment("pypi")]) for i in range(4)]
    honest = EnvironmentReader.read

    def failing(self: EnvironmentReader) -> object:
        if self.slug.endswith("lumen-2"):
            raise ZeroDivisionError
        return honest(self)

    monkeypatch.setattr(EnvironmentReader, "read", failing)
    with github_with(world_of(*repos)) as github:
        collector = collector_of(connect(github))
        found = list(snapshots(collector).values())
        collector.prefetch_settings([(s, ("pypi",)) for s in found])
        read_all = [collector.with_settings(s, ("pypi",)) for s in found]
    crashed = [s.ref.name for s in read_all if any(g.reason == "crashed" for g in s.gaps)]
    assert crashed == ["lumen-2"]


def test_a_personal_account_has_no_settings_of_its_own() -> None:
    world = World([Owner("orchard-labs", "User", [lumen(secrets=("A",))])])
    with github_with(world) as github:
        collector = collector_of(connect(github))
        found = collector.with_settings(snapshots(collector)["lumen"], ())
        assert isinstance(collector.owner_settings("orchard-labs"), Unseen)
    assert found.gaps == ()
    assert found.owner_settings is None
    assert settings_of(found).organization_secret_names == ()
    assert policy_of(found).set_by == "repository"


@pytest.mark.parametrize("kind", ["delete", "rename"])
def test_deleted_or_renamed_before_its_settings_are_read(kind: str) -> None:
    repo = lumen(environments=[Environment("pypi", reviewers=2)])
    world = world_of(repo)
    with github_with(world) as github:
        collector = collector_of(connect(github))
        snapshot = snapshots(collector)["lumen"]
        if kind == "delete":
            world.delete(repo)
        else:
            world.rename(repo, "quince")
        found = collector.with_settings(snapshot, ("pypi",))
    assert len(found.gaps) == 1
    environments = settings_of(found).environments
    if kind == "delete":
        assert isinstance(environments, Unseen)
        assert "deleted" in found.gaps[0].detail
    else:
        assert not isinstance(environments, Unseen)
        assert environments["pypi"].reviewers == 2
        assert "orchard-labs/quince" in found.gaps[0].detail
