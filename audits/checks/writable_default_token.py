"""Default token of the organization may write.

## Why it matters
A job that says nothing of `permissions` gets the organization's default. Where that is "read and
write", each such job, and every action in it, may push code, move tags and change releases. The
organization's card names this once, with the number of repositories whose release jobs rely on
the default.

## How to fix
In the organization's settings for Actions choose "Read repository contents and packages
permissions". Workflows that need more say so in `permissions:`. Adding `permissions:` to the
release workflows first makes the change harmless.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.owner_settings import of_actions, owner_verdict
from audits.checks.api import (
    GITHUB_ORGANIZATION_ACTIONS,
    GITHUB_TOKEN,
    NO_ADMINISTRATION,
    ActionsPolicy,
    Area,
    Clean,
    Example,
    Finding,
    JobSite,
    Location,
    Need,
    Outcome,
    OwnerSettings,
    Repository,
    RepositorySettings,
    SettingsPage,
    Severity,
    Unseen,
    Verdict,
    check,
)

_WORKFLOW = """\
on: release
jobs:
  publish:{mark}
    runs-on: ubuntu-latest
{permissions}    steps:
      - run: twine upload dist/*
"""
_SILENT = _WORKFLOW.format(mark=" # !", permissions="")
_CLEAN = _WORKFLOW.format(mark="", permissions="")
_SAYS = _WORKFLOW.format(mark="", permissions="    permissions: {}\n")


def _policy(write: bool | Unseen, set_by: str = "owner") -> ActionsPolicy:
    return ActionsPolicy(
        default_token_write=write,
        can_approve_pull_requests=False,
        sha_pinning_required=True,
        set_by=set_by,
    )


def _owner(write: bool | Unseen) -> OwnerSettings:
    return OwnerSettings(
        login="orchard-labs", actions=_policy(write), immutable_releases="all", secret_names=()
    )


_STRICTER = RepositorySettings.partial(actions=_policy(False, set_by="repository"))


@check(
    area=Area.PERMISSIONS,
    severity=Severity.MEDIUM,
    needs={Need.ADMINISTRATION},
    scored=False,
    on_owner=True,
    links=(GITHUB_TOKEN, GITHUB_ORGANIZATION_ACTIONS),
    examples=(
        Example(name="a release job relies on it", workflow=_SILENT, owner_settings=_owner(True)),
        Example(name="read only", workflow=_CLEAN, owner_settings=_owner(False)),
        Example(
            name="the repository is stricter",
            workflow=_CLEAN,
            owner_settings=_owner(True),
            settings=_STRICTER,
        ),
        Example(
            name="every job says what it needs",
            workflow=_SAYS,
            owner_settings=_owner(True),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the right is missing",
            workflow=_CLEAN,
            owner_settings=_owner(NO_ADMINISTRATION),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="offline", workflow=_CLEAN, outcome=Outcome.UNKNOWN),
        Example(
            name="an account of a user",
            workflow=_CLEAN,
            settings=RepositorySettings.partial(),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def writable_default_token(repo: Repository) -> Iterator[Verdict]:
    """Look at the organization's default where a release job relies on it."""
    relying = _relying(repo)
    if relying is None:
        return

    def judge(write: bool, at: Location) -> Verdict:
        if not write or _is_stricter(repo):
            return Clean(at=at)
        return Finding(
            message=f"The organization's default token may write, and the release job "
            f"`{relying.job.id}` declares no permissions",
            at=relying.job.at,
            job=relying.job,
            anchor="default token",
            settings_page=SettingsPage.ACTIONS,
        )

    yield from owner_verdict(repo, of_actions(lambda p: p.default_token_write), judge)


def _relying(repo: Repository) -> JobSite | None:
    """The first release job that gets the default token."""
    for site in repo.jobs():
        silent = any(route.grant.levels is None for route in repo.routes(site.job))
        if site.is_release_job and silent:
            return site
    return None


def _is_stricter(repo: Repository) -> bool:
    """Whether the repository itself has the read-only default."""
    settings = repo.settings
    policy = settings if isinstance(settings, Unseen) else settings.actions
    return isinstance(policy, ActionsPolicy) and policy.default_token_write is False
