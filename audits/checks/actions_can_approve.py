"""Workflows of the organization may approve pull requests.

## Why it matters
A required review is meant to be made by a second person. Where GitHub Actions may approve pull
requests, a workflow can give that approval, and a change to a release workflow can be merged
without anybody having looked at it.

## How to fix
In the organization's settings for Actions switch "Allow GitHub Actions to create and approve pull
requests" off. Bots that open pull requests should do so as a GitHub App, which cannot approve
its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.owner_settings import of_actions, owner_verdict
from audits.checks.api import (
    GITHUB_ORGANIZATION_ACTIONS,
    NO_ADMINISTRATION,
    PYPI_UPLOAD,
    ActionsPolicy,
    Area,
    Clean,
    Example,
    Finding,
    Location,
    Need,
    Outcome,
    OwnerSettings,
    Repository,
    SettingsPage,
    Severity,
    Unseen,
    Verdict,
    check,
    marked,
)

_MARKED = marked(PYPI_UPLOAD, "name: Release")


def _owner(may_approve: bool | Unseen) -> OwnerSettings:
    policy = ActionsPolicy(
        default_token_write=False,
        can_approve_pull_requests=may_approve,
        sha_pinning_required=True,
    )
    return OwnerSettings(
        login="orchard-labs", actions=policy, immutable_releases="all", secret_names=()
    )


@check(
    area=Area.PERMISSIONS,
    severity=Severity.MEDIUM,
    needs={Need.ADMINISTRATION},
    scored=False,
    on_owner=True,
    links=(GITHUB_ORGANIZATION_ACTIONS,),
    examples=(
        Example(name="switched on", workflow=_MARKED, owner_settings=_owner(True)),
        Example(name="switched off", workflow=PYPI_UPLOAD, owner_settings=_owner(False)),
        Example(
            name="the right is missing",
            workflow=PYPI_UPLOAD,
            owner_settings=_owner(NO_ADMINISTRATION),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="offline", workflow=PYPI_UPLOAD, outcome=Outcome.UNKNOWN),
        Example(
            name="nothing is published",
            workflow="on: push\njobs: {}\n",
            owner_settings=_owner(True),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def actions_can_approve(repo: Repository) -> Iterator[Verdict]:
    """Look at the organization's policy for repositories that publish."""
    yield from owner_verdict(repo, of_actions(lambda p: p.can_approve_pull_requests), _judge)


def _judge(may_approve: bool, at: Location) -> Verdict:
    if not may_approve:
        return Clean(at=at)
    return Finding(
        message="GitHub Actions may create and approve pull requests in every repository of the organization",
        at=at,
        anchor="approve pull requests",
        settings_page=SettingsPage.ACTIONS,
    )
