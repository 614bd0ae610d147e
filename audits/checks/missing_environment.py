"""Named environment does not exist.

## Why it matters
GitHub creates an environment the first time a job names one it does not have, without any
rule. Until then nobody can have protected it, and the first release runs unguarded. A spelling
mistake in the workflow has the same effect: the rules sit on another name.

## How to fix
Create the environment in the repository's settings under exactly this name, with a required
reviewer or a tag rule, before the next release. Names are compared without case.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environments import used_environments
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    NOT_READ,
    STEP_UPLOAD_JOB,
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

_WORKFLOW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: PyPI{mark}
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_CHOSEN = _WORKFLOW.replace("PyPI{mark}", "${{{{ vars.TARGET }}}}")
_REFUSED = RepositorySettings(
    environments=NOT_READ,
    tag_rulesets=NOT_READ,
    latest_release_immutable=NOT_READ,
    actions=NOT_READ,
    secret_names=NOT_READ,
    organization_secret_names=NOT_READ,
)


def _settings(*names: str) -> RepositorySettings:
    return RepositorySettings.partial(*(EnvironmentSettings(name=name) for name in names))


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.MEDIUM,
    needs={Need.SETTINGS},
    lesson=STEP_UPLOAD_JOB,
    links=(GITHUB_ENVIRONMENTS,),
    examples=(
        Example(
            name="GitHub has another name",
            workflow=_WORKFLOW.format(mark=" # !"),
            settings=_settings("pypi-release"),
        ),
        Example(
            name="names are compared without case",
            workflow=_WORKFLOW.format(mark=""),
            settings=_settings("pypi"),
        ),
        Example(
            name="settings were not read",
            workflow=_WORKFLOW.format(mark=""),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the right is missing",
            workflow=_WORKFLOW.format(mark=""),
            settings=_REFUSED,
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the run decides on the name",
            workflow=_CHOSEN.format(),
            settings=_settings("pypi"),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="no environment at all",
            workflow=_WORKFLOW.format(mark="").replace("environment: PyPI", "timeout-minutes: 5"),
            settings=_settings(),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def missing_environment(repo: Repository) -> Iterator[Verdict]:
    """Look each named environment up."""
    for used in used_environments(repo):
        if isinstance(used.settings, Unseen):
            yield used.unknown(used.settings)
        elif used.settings is None:
            yield used.fault(
                f"The environment `{used.name}` does not exist: GitHub would create it unprotected"
            )
        else:
            yield used.clean()
