"""Release artifact has no retention period of its own.

The lesson keeps the package for one day: it is only handed from one job to the next.

## Why it matters

Artifacts are kept for 90 days by default. For that time everyone who may read the
repository can fetch a package that was perhaps never released, and every later run with the
right to read artifacts can publish it.

## How to fix

Set `retention-days: 1` on every `actions/upload-artifact` of the jobs that build or publish.
Keep more days if a release waits longer for its approval: an artifact that is gone cannot be
published.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.artifacts import UPLOAD
from audits.checks.api import (
    GITHUB_ARTIFACTS,
    STEP_ARTIFACT,
    Area,
    Clean,
    Example,
    Finding,
    FixKind,
    Outcome,
    Repository,
    Severity,
    Verdict,
    check,
    set_input,
)

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
_FIXED = _BUILD.replace("with:\n", "with:\n          retention-days: 1\n") % ""


@check(
    area=Area.INTEGRITY,
    severity=Severity.INFO,
    lesson=STEP_ARTIFACT,
    links=(GITHUB_ARTIFACTS,),
    fix=FixKind.SAFE,
    examples=(
        Example(name="not set", workflow=_BUILD % "  # !" + _PUBLISH, fixed=_FIXED + _PUBLISH),
        Example(name="one day", workflow=_FIXED + _PUBLISH),
        Example(
            name="nothing is uploaded",
            workflow="on: push\njobs: {}\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def unbounded_artifact(repo: Repository) -> Iterator[Verdict]:
    """Judge each upload of an artifact in the release jobs."""
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
            edits=set_input(source, step, "retention-days", "1") if source else (),
        )
