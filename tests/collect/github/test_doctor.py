"""What the doctor says of a token."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from audits.cli.doctor import doctor_lines
from audits.collect.errors import CollectError
from audits.model.settings import Need
from tests.collect.github.git_objects import Content
from tests.collect.github.scanning import (
    TOKEN,
    collector_of,
    connect,
    connect_app,
    github_with,
    snapshots,
    world_of,
)
from tests.collect.github.world import Environment, Release, Repo, Token, World

FILES: dict[str, Content] = {".github/workflows/release.yml": "on: push\n"}


@pytest.fixture
def world() -> World:
    return world_of(*(Repo(f"lumen-{i:03d}", dict(FILES), private=i % 2 == 0) for i in range(130)))


@pytest.mark.parametrize(
    ("tier", "unknown"),
    [
        (1, {Need.ADMINISTRATION, Need.SECRET_NAMES}),
        (2, {Need.SECRET_NAMES}),
        (3, set()),
    ],
)
def test_tiers(world: World, tier: int, unknown: set[Need]) -> None:
    with github_with(world, tier=tier) as github:
        token = github.tokens[TOKEN]
        token.expires, token.scopes = "2026-12-24 10:00:00 UTC", "repo, read:org"
        report = collector_of(connect(github)).doctor()
    assert report.tier == tier
    assert report.unknown == unknown
    lacking = {right.permission for right in report.rights if right.granted is False}
    expected = {
        1: {
            "Administration: read",
            "Secrets: read",
            "Organization administration: read",
            "Organization secrets: read",
            "Organization self hosted runners: read",
        },
        2: {"Secrets: read", "Organization secrets: read"},
        3: set(),
    }[tier]
    assert lacking == expected
    assert report.expires_at == datetime(2026, 12, 24, 10, tzinfo=UTC)
    assert report.scopes == ("repo", "read:org")
    assert report.credential == "fine-grained token from RELEASE_AUDIT_TOKEN"
    assert report.private_seen
    assert (report.owner, report.owner_kind) == ("orchard-labs", "Organization")


def test_cost(world: World) -> None:
    with github_with(world, tier=3) as github:
        report = collector_of(connect(github)).doctor()
        spent = github.points
    cost = report.cost
    assert cost.repositories == 130
    assert cost.points_left == 5000 - spent
    assert (cost.workflows, cost.environments) == (130, 0)
    assert cost.rest_requests == 8 * 130 + 200 + 20
    assert 5 <= cost.graphql_requests <= 30
    assert 5 <= cost.points <= 40


def test_an_apps_token_ends_within_the_hour(world: World, tmp_path: Path) -> None:
    with github_with(world) as github:
        github.apps.installations["orchard-labs"] = 42
        report = collector_of(connect_app(github, tmp_path)).doctor()
    assert report.expires_at is not None
    assert 0 < (report.expires_at - datetime.now(UTC)).total_seconds() < 3601
    assert report.credential.startswith("GitHub App from RELEASE_AUDIT_APP_ID")


def test_a_token_without_contents_knows_no_workflow(world: World) -> None:
    with github_with(world) as github:
        github.tokens[TOKEN].refused = frozenset({"contents"})
        report = collector_of(connect(github)).doctor()
    assert Need.WORKFLOW in report.unknown
    assert report.tier == 0


def test_an_empty_owner_has_nothing_to_try() -> None:
    with github_with(world_of()) as github:
        report = collector_of(connect(github)).doctor()
    assert {right.granted for right in report.rights[:3]} == {None}
    assert report.cost.repositories == 0


def test_an_unknown_owner() -> None:
    with github_with(World([])) as github, pytest.raises(CollectError, match="shows no account"):
        collector_of(connect(github)).doctor()


def two_environments(count: int) -> World:
    """Repositories that each name two environments without rules, which cost most to read."""
    names = [Environment("pypi"), Environment("testpypi")]
    return world_of(
        *(
            Repo(
                f"lumen-{i:02d}",
                {**FILES, "setup.py": f"{i}"},
                environments=list(names),
                release=Release("v1"),
            )
            for i in range(count)
        )
    )


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_the_bound_of_requests_holds(tier: int) -> None:
    used = ("pypi", "testpypi")
    with github_with(two_environments(20), tier=tier) as github:
        bound = collector_of(connect(github)).doctor().cost
        github.forget()
        collector = collector_of(connect(github))
        found = list(snapshots(collector).values())
        collector.prefetch_settings([(s, used) for s in found])
        for snapshot in found:
            collector.with_settings(snapshot, used)
        asked, points = github.count("rest"), github.points
    assert bound.environments == 40
    assert asked <= bound.rest_requests
    assert points <= bound.points


def test_a_right_that_holds_for_public_repositories_alone_is_none() -> None:
    world = world_of(Repo("a-public", dict(FILES)), Repo("b-private", dict(FILES), private=True))
    with github_with(world, tier=1) as github:
        github.tokens[TOKEN].refused = frozenset({"actions"})
        report = collector_of(connect(github)).doctor()
    (right,) = [r for r in report.rights if r.permission.startswith("Actions")]
    assert right.granted is False
    assert "not for the private orchard-labs/b-private: " in right.detail
    assert report.tried_on == ("orchard-labs/a-public", "orchard-labs/b-private")
    assert report.tier == 0


@pytest.mark.parametrize(
    ("token", "role", "why"),
    [
        ("github_pat_planted0one", "ADMIN", "settings/personal-access-tokens"),
        ("ghp_planted0two", "WRITE", "has the role write there; it takes admin"),
        ("ghp_planted0three", "ADMIN", "lacks a scope"),
        ("ghs_planted0four", None, "the App does not ask for it"),
    ],
)
def test_why_a_right_is_missing(token: str, role: str | None, why: str) -> None:
    with github_with(world_of(Repo("lumen", dict(FILES)))) as github:
        github.tokens = {token: Token(token, tier=1, role=role)}
        report = collector_of(connect(github, token=token)).doctor()
    (right,) = [r for r in report.rights if r.permission == "Administration: read"]
    assert right.granted is False
    assert why in right.detail


def test_single_sign_on_is_named_with_its_address() -> None:
    address = "https://github.example/orgs/x/sso?token=1"
    with github_with(world_of(Repo("lumen", dict(FILES), saml=True))) as github:
        report = collector_of(connect(github)).doctor()
    lines = "\n".join(doctor_lines(report, datetime.now(UTC)))
    assert "SAML single sign-on" in lines
    assert address in lines
