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

from audits.analysis.environments import environment_verdicts
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    NOT_READ,
    PYPI_RELEASE,
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
    marked,
)

_MARKED = marked(PYPI_RELEASE, "environment: pypi")


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
        Example(name="somebody else", workflow=PYPI_RELEASE, settings=_settings(2, True)),
        Example(
            name="no reviewers",
            workflow=PYPI_RELEASE,
            settings=_settings(0, False),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the switch was not read",
            workflow=PYPI_RELEASE,
            settings=_settings(1, NOT_READ),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the reviewers were not read",
            workflow=PYPI_RELEASE,
            settings=_settings(NOT_READ, False),
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def self_approval_allowed(repo: Repository) -> Iterator[Verdict]:
    """Look at the switch of each environment that has reviewers."""
    yield from environment_verdicts(repo, _fault)


def _fault(name: str, settings: EnvironmentSettings) -> str | Unseen | None:
    reviewers, prevented = settings.reviewers, settings.prevent_self_review
    if isinstance(reviewers, Unseen):
        return reviewers
    if not reviewers:
        return None
    if isinstance(prevented, Unseen):
        return prevented
    return (
        "" if prevented else f"Who starts a release may also approve it in the environment `{name}`"
    )
