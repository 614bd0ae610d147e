"""Reviewer of the environment may approve their own release.

## Why it matters
A required reviewer is there so that two people know of a release. Unless "prevent self-review"
is on, the person who started the run may approve it, and one stolen account is enough to
publish.

## How to fix
Switch "Prevent self-review" on in the environment's settings, with at least two reviewers or a
team, so that somebody is left to approve. A project of one person cannot follow this advice:
accept the finding, or use a tag rule in place of reviewers.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environments import used_environments
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    NOT_READ,
    Area,
    EnvironmentSettings,
    Example,
    Need,
    Outcome,
    Repository,
    RepositorySettings,
    Severity,
    Unseen,
    Verdict,
    check,
)

_CLEAN = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_MARKED = _CLEAN.replace("environment: pypi", "environment: pypi # !")


def _settings(reviewers: int | Unseen, prevented: bool | Unseen) -> RepositorySettings:
    return RepositorySettings.partial(
        EnvironmentSettings(name="pypi", reviewers=reviewers, prevent_self_review=prevented)
    )


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.LOW,
    needs={Need.SETTINGS},
    links=(GITHUB_ENVIRONMENTS,),
    examples=(
        Example(name="self-review", workflow=_MARKED, settings=_settings(1, False)),
        Example(name="somebody else", workflow=_CLEAN, settings=_settings(2, True)),
        Example(
            name="no reviewers",
            workflow=_CLEAN,
            settings=_settings(0, False),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the switch was not read",
            workflow=_CLEAN,
            settings=_settings(1, NOT_READ),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the reviewers were not read",
            workflow=_CLEAN,
            settings=_settings(NOT_READ, False),
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def self_approval_allowed(repo: Repository) -> Iterator[Verdict]:
    """Look at the switch of each environment that has reviewers."""
    for used in used_environments(repo):
        settings = used.known
        if settings is None:
            continue
        if isinstance(settings, Unseen):
            yield used.unknown(settings)
        elif isinstance(settings.reviewers, Unseen):
            yield used.unknown(settings.reviewers)
        elif not settings.reviewers:
            continue
        elif isinstance(settings.prevent_self_review, Unseen):
            yield used.unknown(settings.prevent_self_review)
        elif settings.prevent_self_review:
            yield used.clean()
        else:
            yield used.fault(
                f"Who starts a release may also approve it in the environment `{used.name}`"
            )
