"""Release artifact has no retention period of its own.

The lesson keeps the package for one day: it is only handed from one job to the next.

## Why it matters

Artifacts are kept for 90 days by default. For that time everyone who may read the
repository can fetch a package that was perhaps never released, and every later run with the
right to read artifacts can publish it.

## How to fix

Set `retention-days: 1` on every `actions/upload-artifact` of the jobs that build or publish.
Keep more days if a release waits longer for its approval: an artifact that is gone cannot be
published. The edit keeps it for one day where no environment holds the release back, for its
timer and a day more, for 30 days where somebody has to approve, since GitHub waits no longer,
and for 7 where the environment's rules were not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from audits.analysis.artifacts import UPLOAD
from audits.analysis.environments import DECIDED_LATER, settings_of
from audits.checks.api import (
    GITHUB_ARTIFACTS,
    STEP_ARTIFACT,
    Area,
    Clean,
    EnvironmentSettings,
    Example,
    Finding,
    FixKind,
    Need,
    Outcome,
    Repository,
    RepositorySettings,
    Severity,
    Unseen,
    Verdict,
    check,
    set_input,
)

# https://docs.github.com/en/actions/reference/limits: a job waits 30 days for its approval.
_MOST_DAYS = 30
_UNSEEN_DAYS = 7
_BUILD = """\
name: Release
on: {release: {types: [published]}}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1%s
        with:
          name: dist
          path: dist/
"""
_PUBLISH = """\
  publish:
    needs: [build]
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
        with: {name: dist, path: dist/}
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_FIXED = _BUILD % "" + "          retention-days: %s\n"


def _protected(reviewers: int = 0, wait_minutes: int = 0) -> RepositorySettings:
    unseen = Unseen(need=Need.ADMINISTRATION, reason="not part of the example")
    rules = EnvironmentSettings(name="pypi", reviewers=reviewers, wait_minutes=wait_minutes)
    return RepositorySettings(
        environments={"pypi": rules},
        tag_rulesets=unseen,
        latest_release_immutable=unseen,
        actions=unseen,
        secret_names=unseen,
        organization_secret_names=unseen,
    )


@check(
    area=Area.INTEGRITY,
    severity=Severity.INFO,
    lesson=STEP_ARTIFACT,
    links=(GITHUB_ARTIFACTS,),
    fix=FixKind.SAFE,
    examples=(
        Example(
            name="not set, and the environment's rules are not known",
            workflow=_BUILD % "  # !" + _PUBLISH,
            fixed=_FIXED % 7 + _PUBLISH,
        ),
        Example(
            name="not set, and nobody has to approve",
            workflow=_BUILD % "  # !" + _PUBLISH,
            settings=_protected(),
            fixed=_FIXED % 1 + _PUBLISH,
        ),
        Example(
            name="not set, and somebody has to approve",
            workflow=_BUILD % "  # !" + _PUBLISH,
            settings=_protected(reviewers=1),
            fixed=_FIXED % 30 + _PUBLISH,
        ),
        Example(
            name="not set, behind a timer of three days",
            workflow=_BUILD % "  # !" + _PUBLISH,
            settings=_protected(wait_minutes=3 * 24 * 60),
            fixed=_FIXED % 4 + _PUBLISH,
        ),
        Example(name="one day", workflow=_FIXED % 1 + _PUBLISH),
        Example(
            name="nothing is uploaded",
            workflow="on: push\njobs: {}\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def unbounded_artifact(repo: Repository) -> Iterator[Verdict]:
    """Judge each upload of an artifact in the release jobs."""
    days = _days_needed(repo)
    for site in repo.steps():
        step, uses = site.step, site.step.uses
        if uses is None or uses.action != UPLOAD or not site.is_release_job:
            continue
        at = uses.raw.location(site.path)
        if step.inputs_are_dynamic or step.input("retention-days") is not None:
            yield Clean(at=at, job=site.job)
            continue
        source, name = repo.file(site.path), step.input("name")
        yield Finding(
            message="The artifact is kept for as long as the repository keeps logs",
            at=at,
            job=site.job,
            anchor=name.value if name else "artifact",
            edits=set_input(source, step, "retention-days", str(days)) if source else (),
        )


def _days_needed(repo: Repository) -> int:
    """How many days an artifact has to be there at least: until whoever guards the
    environments of the release has let it through.
    """
    days = 1
    for site in repo.jobs():
        declared = site.job.environment
        if declared is not None:
            unseen = DECIDED_LATER if declared.dynamic else None
            days = max(days, _wait(unseen or settings_of(repo, declared.name.value)))
    return days


def _wait(settings: EnvironmentSettings | Unseen | None) -> int:
    """The days that an environment can hold a run back; 1 where it does not exist yet."""
    if settings is None:
        return 1
    if isinstance(settings, Unseen):
        return _UNSEEN_DAYS
    facts = (settings.reviewers, settings.wait_minutes, settings.custom_rules)
    if any(isinstance(fact, Unseen) for fact in facts):
        return _UNSEEN_DAYS
    if settings.reviewers or settings.custom_rules:
        return _MOST_DAYS
    minutes = settings.wait_minutes
    return 1 if isinstance(minutes, Unseen) else 1 + ceil(minutes / (24 * 60))
