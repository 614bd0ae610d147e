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

from audits.analysis.environments import is_protected, used_environments
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
        Example(name="switched off", workflow=_CLEAN, settings=_settings(1, False)),
        Example(
            name="nothing to bypass",
            workflow=_CLEAN,
            settings=_settings(0, True),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the plan has no rules",
            workflow=_CLEAN,
            settings=_settings(0, True, on_plan=False),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the switch was not read",
            workflow=_CLEAN,
            settings=_settings(1, NOT_READ),
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def admin_bypass_allowed(repo: Repository) -> Iterator[Verdict]:
    """Look at the switch of each protected environment."""
    for used in used_environments(repo):
        settings = used.known
        if settings is None:
            continue
        protected = settings if isinstance(settings, Unseen) else is_protected(settings)
        if isinstance(protected, Unseen):
            yield used.unknown(protected)
        elif isinstance(settings, Unseen) or not protected:
            continue
        elif isinstance(settings.admins_can_bypass, Unseen):
            yield used.unknown(settings.admins_can_bypass)
        elif settings.admins_can_bypass:
            yield used.fault(
                f"Administrators may bypass the rules of the environment `{used.name}`"
            )
        else:
            yield used.clean()
