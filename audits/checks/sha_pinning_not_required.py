"""Organization does not require actions to be pinned.

## Why it matters
Pins that people put into workflows go missing one by one. GitHub can refuse every run that uses
an action by tag or branch: the policy keeps what the pins have reached.

## How to fix
First pin all actions, also inside composite actions that the workflows use: with the policy on,
a run that meets one unpinned action fails. The owner's card says how many repositories would
break and because of which actions, `actions.csv` names every place, and `fix --online` lists
those of one repository, down to the project to ask. Then switch "Require actions to be pinned to
a full-length commit SHA" on in the organization's settings for Actions. Called workflows may
still be named by tag.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.owner_settings import of_actions, owner_verdict
from audits.checks.api import (
    GITHUB_ORGANIZATION_ACTIONS,
    GITHUB_SECURE_USE,
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


def _owner(required: bool | Unseen) -> OwnerSettings:
    policy = ActionsPolicy(
        default_token_write=False,
        can_approve_pull_requests=False,
        sha_pinning_required=required,
    )
    return OwnerSettings(
        login="orchard-labs", actions=policy, immutable_releases="all", secret_names=()
    )


@check(
    area=Area.PINNING,
    severity=Severity.LOW,
    needs={Need.ADMINISTRATION},
    scored=False,
    on_owner=True,
    links=(
        GITHUB_ORGANIZATION_ACTIONS,
        GITHUB_SECURE_USE,
    ),
    examples=(
        Example(
            name="not required",
            workflow=_MARKED,
            owner_settings=_owner(False),
        ),
        Example(name="required", workflow=PYPI_UPLOAD, owner_settings=_owner(True)),
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
            owner_settings=_owner(False),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def sha_pinning_not_required(repo: Repository) -> Iterator[Verdict]:
    """Look at the organization's policy for repositories that publish."""
    yield from owner_verdict(repo, of_actions(lambda p: p.sha_pinning_required), _judge)


def _judge(required: bool, at: Location) -> Verdict:
    if required:
        return Clean(at=at)
    return Finding(
        message="The organization does not require actions to be pinned to a full commit",
        at=at,
        anchor="pinning policy",
        settings_page=SettingsPage.ACTIONS,
    )
