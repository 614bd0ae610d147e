"""The package is built in the job that publishes it.

The lesson separates the two: one job builds, another one, with the right to publish, uploads.

## Why it matters

A build runs code of many people: build backends, their plugins, dependencies, the project's own
scripts. In the publishing job all of it can ask for the project's identity, or read its token,
and upload something else. In a job of its own it can only write files.

## How to fix

Let one job build and hand over the package with `actions/upload-artifact`; let the publishing
job `needs:` it, fetch the artifact, and do nothing else. The edit makes that of a job whose
steps before the upload can stand for themselves. Read it before you apply it: the folder must
be the one that the build writes.

Containers, crates, GoReleaser and GitHub releases are left out: their tools pack what they
upload themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.analysis.build_commands import StepKind, acts, packs_by_itself
from audits.checks.api import (
    GITHUB_ARTIFACTS,
    PYPA_PUBLISH_GUIDE,
    STEP_UPLOAD_JOB,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Job,
    Outcome,
    Publication,
    Repository,
    Severity,
    Verdict,
    check,
    split_job,
)

_LOOK_AT = "Does the build put all that is uploaded, and nothing else, into that folder?"
_HEAD = "on: {release: {types: [published]}}\njobs:\n"
_CHECKOUT = """\
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
        with: {persist-credentials: false}
"""
_JOB = """\
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
    steps:
"""
_UPLOAD = """\
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_BUILD = "      - run: python -m build%s\n"
_BUILD_JOB = """\
  build:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
"""
_HANDED_OVER = """\
      - uses: actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1
        with:
          name: dist
          path: dist/
          if-no-files-found: error
          retention-days: 7

"""
_FETCHED = """\
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
        with:
          name: dist
          path: dist/
"""
_SPLIT = (
    _HEAD
    + _BUILD_JOB
    + _CHECKOUT
    + _BUILD % ""
    + _HANDED_OVER
    + _JOB.replace("publish:\n", "publish:\n    needs: [build]\n")
    + _FETCHED
    + _UPLOAD
)


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    lesson=STEP_UPLOAD_JOB,
    links=(PYPA_PUBLISH_GUIDE, GITHUB_ARTIFACTS),
    fix=FixKind.REVIEW,
    examples=(
        Example(
            name="one job for everything",
            workflow=_HEAD + _JOB + _CHECKOUT + _BUILD % "  # !" + _UPLOAD,
            fixed=_SPLIT,
        ),
        Example(
            name="an uploader that builds",
            workflow=_HEAD + _JOB + _CHECKOUT + "      - run: flit publish  # !\n",
        ),
        Example(
            name="setup.py",
            workflow=_HEAD + _JOB + "      - run: python setup.py sdist  # !\n" + _UPLOAD,
        ),
        Example(name="two jobs", workflow=_SPLIT),
        Example(
            name="a container is packed as it is pushed",
            workflow=_HEAD + "  push:\n    runs-on: ubuntu-latest\n    steps:\n"
            "      - uses: docker/build-push-action@10e90e3645eae34f1e60eeb005ba3a3d33f178e8 # v6\n"
            "        with: {push: true, tags: orchard-labs/lumen}\n",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def build_and_publish_in_one_job(repo: Repository) -> Iterator[Verdict]:
    """Judge each publishing job."""
    by_job: dict[Job, list[Publication]] = {}
    for publication in repo.publications:
        if not publication.is_opaque and not packs_by_itself(publication.registry):
            by_job.setdefault(publication.job, []).append(publication)
    for job, publications in by_job.items():
        found = [act for act in acts(repo, job) if act.deed is StepKind.BUILDS]
        if not found:
            yield Clean(at=job.at, job=job)
            continue
        edits = _edits(repo, job, publications)
        yield Finding(
            message=f"`{found[0].what}` builds the package in the job that publishes it",
            at=found[0].at,
            job=job,
            # A new version of the same action is the same fault.
            anchor=re.sub(r"@\S+", "", found[0].what),
            extra_lines=tuple(act.at for act in found[1:]),
            edits=edits,
            advice=_LOOK_AT if edits else "",
        )


def _edits(repo: Repository, job: Job, publications: list[Publication]) -> tuple[Edit, ...]:
    upload = publications[0].source_step
    if len(publications) != 1 or upload is None or upload not in job.steps:
        return ()
    builds = {act.at.line for act in acts(repo, job) if act.deed is StepKind.BUILDS}
    if any(line >= upload.at.line for line in builds):
        return ()
    return split_job(publications[0].workflow, job, upload)
