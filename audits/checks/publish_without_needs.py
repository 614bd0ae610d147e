"""Publishing job does not wait for the job that builds its package.

It downloads an artifact of another job of the same run that is not among its `needs:`.

## Why it matters

Without `needs:` both jobs start at once. Whether the package is there when it is fetched is a
matter of luck, and in a run that is repeated it can be the one of the attempt before. A failed
build, or failed tests, do not keep the publication back either.

## How to fix

Name the job that uploads the artifact: `needs: [build]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.artifacts import Download, Makers, downloads
from audits.analysis.job_dependencies import needs_of
from audits.checks.api import (
    GITHUB_ARTIFACTS,
    GITHUB_WORKFLOW_SYNTAX,
    STEP_UPLOAD_JOB,
    Area,
    Clean,
    Example,
    Finding,
    Job,
    Outcome,
    Repository,
    Role,
    Severity,
    Verdict,
    Workflow,
    check,
)

_WORKFLOW = """\
on: {release: {types: [published]}}
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with: {name: dist, path: dist/}
  check:
    needs: build
    runs-on: ubuntu-latest
    steps: [{run: ./check}]
  publish:
    %s
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1%s
        with: {name: %s, path: dist/}
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""


@check(
    area=Area.INTEGRITY,
    severity=Severity.LOW,
    lesson=STEP_UPLOAD_JOB,
    links=(GITHUB_ARTIFACTS, GITHUB_WORKFLOW_SYNTAX),
    examples=(
        Example(name="no needs", workflow=_WORKFLOW % ("name: Publish", "  # !", "dist")),
        Example(name="needs it", workflow=_WORKFLOW % ("needs: [build]", "", "dist")),
        Example(
            name="needs a job that needs it", workflow=_WORKFLOW % ("needs: check", "", "dist")
        ),
        Example(
            name="what is uploaded cannot have the name that is fetched",
            workflow=(_WORKFLOW % ("name: Publish", "", "dist")).replace(
                "name: dist", "name: 'logs-${{ matrix.os }}'", 1
            ),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="no job here uploads it",
            workflow=_WORKFLOW % ("name: Publish", "", "wheels"),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def publish_without_needs(repo: Repository) -> Iterator[Verdict]:
    """Judge each download of the publishing jobs."""
    known: dict[Workflow, Makers] = {}
    for site in repo.jobs():
        if site.role is not Role.PUBLISHING:
            continue
        above = {site.job, *needs_of(site.workflow).above(site.job)}
        for download in downloads(repo, site.job):
            if site.workflow not in known:
                known[site.workflow] = Makers(repo, site.workflow)
            makers = _makers(known[site.workflow], download)
            if not makers:
                continue
            if above & set(makers):
                yield Clean(at=download.at, job=site.job)
                continue
            names = " or ".join(f"`{job.id}`" for job in makers[:3])
            yield Finding(
                message=f"The package comes from {names}, which this job does not wait for",
                at=download.at,
                job=site.job,
                anchor=download.name or download.action,
            )


def _makers(makers: Makers, download: Download) -> list[Job]:
    """The jobs of the run that upload what is downloaded; none for another run's artifact."""
    if download.run not in {None, "${{ github.run_id }}"} or download.repository is not None:
        return []
    return makers.of(download)
