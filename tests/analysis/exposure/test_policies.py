"""What Actions policies and a repository's visibility say of a run that outsiders start."""

from __future__ import annotations

from datetime import date

import pytest

from audits.analysis.workflow_policies import event_allowed
from audits.model.exposure import Actor, Holds
from audits.model.settings import NO_ADMINISTRATION, RepositorySettings, Unseen, WorkflowPolicy
from tests.analysis.exposure.repositories import (
    OLD_CHECKOUT,
    OTHER,
    RELEASE,
    exposed,
    job,
    repository,
)

TARGET = "pull_request_target"
OPEN = job(
    TARGET,
    f"- uses: {OLD_CHECKOUT}\n"
    "  with: {ref: '${{ github.event.pull_request.head.sha }}'}\n- run: npm ci",
)


def policy(
    *events: str, include: tuple[str, ...] = ("~ALL",), exclude: tuple[str, ...] = ()
) -> WorkflowPolicy:
    return WorkflowPolicy(name="p", include=include, exclude=exclude, events=events)


@pytest.mark.parametrize(
    ("policies", "allowed"),
    [
        ((), None),
        ((policy("push"),), False),
        ((policy("push", TARGET),), True),
        ((policy("push", TARGET), policy("push")), False),
        ((policy("push", include=(".github/workflows/release.yml",)),), None),
        ((policy("push", include=(".github/workflows/*.yml",)),), False),
        ((policy("push", exclude=(OTHER,)),), None),
        ((WorkflowPolicy(name="people", include=("~ALL",), limits_actors=True),), None),
    ],
)
def test_which_events_policies_allow(
    policies: tuple[WorkflowPolicy, ...], allowed: bool | None
) -> None:
    settings = RepositorySettings.partial(workflow_policies=policies)
    repo = repository({OTHER: OPEN}, settings=settings)
    assert event_allowed(repo, OTHER, TARGET) is allowed


def test_policies_that_were_not_read_are_unseen() -> None:
    settings = RepositorySettings.partial(workflow_policies=NO_ADMINISTRATION)
    for found in (settings, None):
        repo = repository({OTHER: OPEN}, settings=found)
        assert isinstance(event_allowed(repo, OTHER, TARGET), Unseen)


@pytest.mark.parametrize(
    ("policies", "level"),
    [((policy("push"),), False), ((policy(TARGET),), True), ((), True)],
    ids=["blocked", "allowed", "not decided"],
)
def test_a_policy_cuts_what_outsiders_start(
    policies: tuple[WorkflowPolicy, ...], level: bool
) -> None:
    settings = RepositorySettings.partial(workflow_policies=policies, is_public=False)
    found = exposed(OPEN, RELEASE, settings=settings)
    assert (found.level is Actor.ANYONE) is level


def test_a_policy_that_allows_it_leaves_no_doubt_after_the_default_changes() -> None:
    settings = RepositorySettings.partial(workflow_policies=(policy(TARGET),), is_public=True)
    found = exposed(OPEN, RELEASE, settings=settings, as_of=date(2026, 12, 24))
    worst = found.paths[0]
    assert (worst.actor, worst.holds) == (Actor.ANYONE, Holds.NOW)


@pytest.mark.parametrize(("public", "sure"), [(True, False), (False, True)])
def test_the_default_concerns_public_repositories_alone(public: bool, sure: bool) -> None:
    settings = RepositorySettings.partial(workflow_policies=(), is_public=public)
    found = exposed(OPEN, RELEASE, settings=settings, as_of=date(2026, 12, 24))
    assert (found.level is Actor.ANYONE) is sure
    assert (found.may_be is Actor.ANYONE) is sure
