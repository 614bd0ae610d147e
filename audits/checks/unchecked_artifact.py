"""Artifact upload succeeds when no file matches.

`actions/upload-artifact` only warns where its `path:` matches no file.

## Why it matters

When the build wrote nothing, or wrote it elsewhere, the job stays green and the next job has
nothing, or something old, to publish. The lesson makes the missing package an error at the
place where it went missing.

## How to fix

Set `if-no-files-found: error` on every `actions/upload-artifact` of the jobs that build or
publish. Other jobs (logs, coverage) are not looked at: nothing of theirs is released.
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
    Scalar,
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
_FIXED = _BUILD % "" + "          if-no-files-found: error\n"
_WARNS = _BUILD + "          if-no-files-found: warn\n"


@check(
    area=Area.INTEGRITY,
    severity=Severity.LOW,
    lesson=STEP_ARTIFACT,
    links=(GITHUB_ARTIFACTS,),
    fix=FixKind.SAFE,
    examples=(
        Example(name="not set", workflow=_BUILD % "  # !" + _PUBLISH, fixed=_FIXED + _PUBLISH),
        Example(
            name="only a warning",
            workflow=_WARNS % "  # !" + _PUBLISH,
            fixed=_WARNS.replace("warn", "error") % "" + _PUBLISH,
        ),
        Example(name="an error", workflow=_FIXED + _PUBLISH),
        Example(
            name="the logs of a test job are not released",
            workflow=_FIXED
            + _BUILD[_BUILD.index("  build") :].replace("build", "test").replace("dist", "logs")
            % ""
            + _PUBLISH,
        ),
        Example(
            name="nothing is uploaded",
            workflow="on: push\njobs: {}\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def unchecked_artifact(repo: Repository) -> Iterator[Verdict]:
    """Judge each upload of an artifact in the release jobs."""
    for site in repo.steps():
        uses = site.step.uses
        if uses is None or uses.action != UPLOAD or not site.is_release_job:
            continue
        at = uses.raw.location(site.path)
        given = site.step.input("if-no-files-found")
        if site.step.inputs_are_dynamic or (given is not None and given.value == "error"):
            yield Clean(at=at, job=site.job)
            continue
        source = repo.file(site.path)
        edits = set_input(source, site.step, "if-no-files-found", "error") if source else ()
        yield Finding(
            message="The upload succeeds even when there is no file to upload",
            at=at,
            job=site.job,
            anchor=_name(site.step.input("name")),
            edits=edits,
        )


def _name(given: Scalar | None) -> str:
    return given.value if given is not None else "artifact"
