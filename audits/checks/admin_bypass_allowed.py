"""Administrators may bypass the environment's rules.

## Why it matters
GitHub lets administrators of a repository pass a protected environment unless that is switched
off. The most powerful accounts, which are worth most to a thief, are then the ones that the
gate does not stop.

## How to fix
Switch "Allow administrators to bypass configured protection rules" off in the environment's
settings. An administrator can still change the rules in an emergency, which leaves a trace in
the audit log.

Where the plan of a private repository offers no rules, the check does not apply.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environments import environment_verdicts, is_protected
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


def _settings(reviewers: int, bypass: bool | Unseen, on_plan: bool = True) -> RepositorySettings:
    return RepositorySettings.partial(
        EnvironmentSettings(
            name="pypi", reviewers=reviewers, admins_can_bypass=bypass, on_plan=on_plan
        )
    )


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.LOW,
    needs={Need.SETTINGS},
    links=(GITHUB_ENVIRONMENTS,),
    examples=(
        Example(name="GitHub's default", workflow=_MARKED, settings=_settings(1, True)),
        Example(name="switched off", workflow=PYPI_RELEASE, settings=_settings(1, False)),
        Example(
            name="nothing to bypass",
            workflow=PYPI_RELEASE,
            settings=_settings(0, True),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the plan has no rules",
            workflow=PYPI_RELEASE,
            settings=_settings(0, True, on_plan=False),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the switch was not read",
            workflow=PYPI_RELEASE,
            settings=_settings(1, NOT_READ),
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def admin_bypass_allowed(repo: Repository) -> Iterator[Verdict]:
    """Look at the switch of each protected environment."""
    yield from environment_verdicts(repo, _fault)


def _fault(name: str, settings: EnvironmentSettings) -> str | Unseen | None:
    protected, bypass = is_protected(settings), settings.admins_can_bypass
    if isinstance(protected, Unseen):
        return protected
    if not protected:
        return None
    if isinstance(bypass, Unseen):
        return bypass
    return f"Administrators may bypass the rules of the environment `{name}`" if bypass else ""
