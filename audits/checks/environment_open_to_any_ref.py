"""Protected environment is open to every branch and tag.

## Why it matters
Reviewers see a request to deploy, and rarely which branch it came from. Where the environment
accepts only the release tags, a run of a forgotten or freshly pushed branch is refused before
anybody is asked. A policy that names `*` among its branches refuses no branch that somebody
could push; where it names no tag, it refuses every release that a tag starts.

## How to fix
In the environment's settings choose "Selected branches and tags" and add the pattern of your
release tags, such as `v*`. Combine it with a ruleset that says who may create such tags.

An environment without any rule is reported by `unprotected-environment` instead.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environments import all_refs, environment_verdicts, is_protected
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
    and_list,
    check,
)

_CLEAN = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    environment:
      name: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_MARKED = _CLEAN.replace("environment:", "environment: # !")


def _settings(
    reviewers: int, refs: tuple[str, ...] | Unseen = (), on_plan: bool = True
) -> RepositorySettings:
    return RepositorySettings.partial(
        EnvironmentSettings(name="pypi", reviewers=reviewers, ref_patterns=refs, on_plan=on_plan)
    )


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.LOW,
    needs={Need.SETTINGS},
    lesson=STEP_UPLOAD_JOB,
    links=(GITHUB_ENVIRONMENTS,),
    examples=(
        Example(name="reviewers only", workflow=_MARKED, settings=_settings(1)),
        Example(name="every branch", workflow=_MARKED, settings=_settings(1, ("branch:*",))),
        Example(
            name="every branch and tag",
            workflow=_MARKED,
            settings=_settings(1, ("branch:**/*", "tag:*")),
        ),
        Example(
            name="release tags and every branch",
            workflow=_MARKED,
            settings=_settings(1, ("branch:**", "tag:v*")),
        ),
        Example(name="every tag", workflow=_MARKED, settings=_settings(1, ("tag:**/*",))),
        Example(
            name="every branch, and nothing else protects it",
            workflow=_CLEAN,
            settings=_settings(0, ("branch:*",)),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(name="release tags", workflow=_CLEAN, settings=_settings(1, ("tag:v*",))),
        Example(
            name="protected branches",
            workflow=_CLEAN,
            settings=_settings(0, ("protected branches",)),
        ),
        Example(
            name="no rule at all",
            workflow=_CLEAN,
            settings=_settings(0),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the policy was not read",
            workflow=_CLEAN,
            settings=_settings(1, NOT_READ),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the plan has no rules",
            workflow=_CLEAN,
            settings=_settings(0, on_plan=False),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def environment_open_to_any_ref(repo: Repository) -> Iterator[Verdict]:
    """Look at the branches and tags that each protected environment lets in."""
    yield from environment_verdicts(repo, _fault)


def _fault(name: str, settings: EnvironmentSettings) -> str | Unseen | None:
    patterns, protected = settings.ref_patterns, is_protected(settings)
    if isinstance(patterns, Unseen):
        return patterns
    if isinstance(protected, Unseen):
        return protected
    if not protected:
        return None
    let_in = _let_in(patterns)
    return f"The environment `{name}` lets {let_in}" if let_in else ""


def _let_in(patterns: tuple[str, ...]) -> str:
    """What a policy lets in of all branches and tags; "" where it names those it lets in."""
    kinds = all_refs(patterns)
    if not patterns or {"branch", "tag"} <= set(kinds):
        return "every branch and tag in"
    if "branch" in kinds and not any(pattern.startswith("tag:") for pattern in patterns):
        return "every branch in and no tag, so that a release by tag is refused"
    return and_list(f"every {kind} in" for kind in kinds)
