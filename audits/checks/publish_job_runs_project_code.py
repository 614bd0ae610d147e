"""The publishing job runs the project's own code.

The job that holds the right to publish checks out the repository, installs the project or runs
its scripts.

## Why it matters

Everything that runs in a job can use the job's rights: a `setup.py`, a plugin of a build tool, a
dependency, a script that a pull request changed. The lesson's publishing job holds two steps,
fetch the package and publish it, so that there is nothing to meddle with at the moment when the
identity of the project is in the room.

## How to fix

Do all of it in a job before, hand over the package as an artifact, and leave in the publishing
job the download and the upload. What needs a file of the repository (a changelog, a version)
can take it from the artifact too.

A job that also builds is reported as `build-and-publish-in-one-job` instead. Containers, crates,
GoReleaser and GitHub releases are left out: their tools pack what they upload themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.analysis.build_commands import StepKind, acts, packs_by_itself
from audits.checks.api import (
    GITHUB_SECURE_USE,
    PYPA_PUBLISH_GUIDE,
    STEP_UPLOAD_JOB,
    Area,
    Clean,
    Example,
    Finding,
    Outcome,
    Repository,
    Severity,
    Verdict,
    and_list,
    check,
)

_WORKFLOW = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - %s
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_DOWNLOAD = "uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
_CHECKOUT = "uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    lesson=STEP_UPLOAD_JOB,
    links=(PYPA_PUBLISH_GUIDE, GITHUB_SECURE_USE),
    examples=(
        Example(name="a checkout", workflow=_WORKFLOW % f"{_CHECKOUT}  # !"),
        Example(
            name="a checkout of another repository",
            workflow=_WORKFLOW
            % f"{_CHECKOUT}  # !\n        with: {{repository: orchard-labs/tools}}",
        ),
        Example(name="a script of the project", workflow=_WORKFLOW % "run: ./tools/check  # !"),
        Example(name="an installation", workflow=_WORKFLOW % "run: pip install -e .[docs]  # !"),
        Example(name="an action of the repository", workflow=_WORKFLOW % "uses: ./.github/x  # !"),
        Example(name="a download", workflow=_WORKFLOW % _DOWNLOAD),
        Example(name="an installed tool", workflow=_WORKFLOW % "run: pip install twine==6.2.0"),
        Example(
            name="a build is another check's",
            workflow=_WORKFLOW % f"{_CHECKOUT}\n      - run: python -m build",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def publish_job_runs_project_code(repo: Repository) -> Iterator[Verdict]:
    """Judge each publishing job that does not build."""
    for job in dict.fromkeys(
        p.job for p in repo.publications if not p.is_opaque and not packs_by_itself(p.registry)
    ):
        found = list(acts(repo, job))
        if any(act.deed is StepKind.BUILDS for act in found):
            continue
        if not found:
            yield Clean(at=job.at, job=job)
            continue
        first, *others = found
        deeds = dict.fromkeys(act.deed.value for act in found)
        yield Finding(
            message=f"The publishing job {and_list(deeds)}: `{first.what}`",
            at=first.at,
            job=job,
            # A new version of the same action is the same fault.
            anchor=re.sub(r"@\S+", "", first.what),
            extra_lines=tuple(act.at for act in others),
        )
