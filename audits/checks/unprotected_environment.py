"""Environment has no protection rule.

## Why it matters
An environment without rules is a name only: every job of every workflow, on every branch, that
names it may deploy to it and gets its secrets and its identity. Anyone who can push a branch
can then publish. A required reviewer, or a rule that lets in only the release tags, makes the
environment a gate.

GitHub creates environments without rules, so this is what a project has that followed the
lesson and went no further.

## How to fix
Open the environment in the repository's settings and add one of: required reviewers (best,
with "prevent self-review"), deployment branches and tags limited to the release tags, a wait
timer, or an app that approves. A policy that lets in all branches or all tags (`*`, `**`,
`**/*`) keeps nobody out, as a branch or tag can be pushed under any name. Where the plan of a private repository offers no rules, the
check does not apply.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environments import all_refs, environment_verdicts, is_protected
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    NOT_READ,
    PYPI_RELEASE,
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
    and_list,
    check,
    marked,
)

_MARKED = marked(PYPI_RELEASE, "environment: pypi")


_BARE = EnvironmentSettings(name="pypi")
_REVIEWED = EnvironmentSettings(name="pypi", reviewers=2)
_TAGS_ONLY = EnvironmentSettings(name="pypi", ref_patterns=("tag:v*",))
_ANY_BRANCH = EnvironmentSettings(name="pypi", ref_patterns=("branch:*",))
_ANY_REF = EnvironmentSettings(name="pypi", ref_patterns=("branch:**/*", "tag:*"))
_ANY_TAG = EnvironmentSettings(name="pypi", ref_patterns=("branch:main", "tag:**"))
_ONE_BRANCH = EnvironmentSettings(name="pypi", ref_patterns=("branch:release/*", "tag:v*"))
_TIMED = EnvironmentSettings(name="pypi", wait_minutes=30)
_BY_APP = EnvironmentSettings(name="pypi", custom_rules=("release-gate",))
_PARTLY_SEEN = EnvironmentSettings(name="pypi", ref_patterns=NOT_READ)
_FREE_PLAN = EnvironmentSettings(name="pypi", on_plan=False)


def _settings(environment: EnvironmentSettings) -> RepositorySettings:
    return RepositorySettings.partial(environment)


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.MEDIUM,
    needs={Need.SETTINGS},
    lesson=STEP_UPLOAD_JOB,
    links=(GITHUB_ENVIRONMENTS,),
    examples=(
        Example(name="GitHub's default", workflow=_MARKED, settings=_settings(_BARE)),
        Example(name="reviewers", workflow=PYPI_RELEASE, settings=_settings(_REVIEWED)),
        Example(name="only release tags", workflow=PYPI_RELEASE, settings=_settings(_TAGS_ONLY)),
        Example(name="all branches", workflow=_MARKED, settings=_settings(_ANY_BRANCH)),
        Example(name="all branches and tags", workflow=_MARKED, settings=_settings(_ANY_REF)),
        Example(name="main and all tags", workflow=_MARKED, settings=_settings(_ANY_TAG)),
        Example(name="chosen names", workflow=PYPI_RELEASE, settings=_settings(_ONE_BRANCH)),
        Example(name="a wait timer", workflow=PYPI_RELEASE, settings=_settings(_TIMED)),
        Example(name="an app approves", workflow=PYPI_RELEASE, settings=_settings(_BY_APP)),
        Example(
            name="a rule may be hidden",
            workflow=PYPI_RELEASE,
            settings=_settings(_PARTLY_SEEN),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the plan has no rules",
            workflow=PYPI_RELEASE,
            settings=_settings(_FREE_PLAN),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the environment does not exist",
            workflow=PYPI_RELEASE,
            settings=RepositorySettings.partial(),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(name="settings were not read", workflow=PYPI_RELEASE, outcome=Outcome.UNKNOWN),
    ),
)
def unprotected_environment(repo: Repository) -> Iterator[Verdict]:
    """Look for one rule on each environment that a publishing job names."""
    yield from environment_verdicts(repo, _fault)


def _fault(name: str, settings: EnvironmentSettings) -> str | Unseen | None:
    protected = is_protected(settings)
    if isinstance(protected, Unseen):
        return protected
    return "" if protected else _message(name, settings)


def _message(name: str, settings: EnvironmentSettings) -> str:
    """What is wrong with an environment that nothing protects."""
    patterns = settings.ref_patterns
    if isinstance(patterns, Unseen) or not patterns:
        return (
            f"The environment `{name}` has no protection rule: "
            "every branch and every job may deploy to it"
        )
    kinds = all_refs(patterns)
    let_in = and_list(f"every {kind}" for kind in kinds)
    message = f"The environment `{name}` has no rule but a policy that lets {let_in} in"
    if any(pattern.startswith("tag:") for pattern in patterns):
        return message
    return f"{message}; no tag is among them, so that a release by tag is refused"
