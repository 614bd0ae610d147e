"""Job uses a runner image that GitHub has removed.

Jobs on a removed image wait for a runner that never comes, and then fail.

## Why it matters

The release cannot be made, and it is found out on the day of the release, in a hurry, which is
when people work around safeguards. A label that GitHub no longer serves can also be given to a
self-hosted runner by whoever may register one, who then runs the job.

## How to fix

Take an image of today: `ubuntu-24.04`, `macos-15` (`macos-15-intel` for Intel) or
`windows-2025`. The edit proposes the nearest one; build and test with it before the release.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.runners import labels_of
from audits.checks.api import (
    GITHUB_IMAGES,
    GITHUB_RUNNERS,
    Area,
    Clean,
    Example,
    Finding,
    FixKind,
    Repository,
    Scalar,
    Severity,
    Verdict,
    check,
    replace_scalar,
    retired_image,
)

_WORKFLOW = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: %s
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_MATRIX = """\
on: {release: {types: [published]}}
jobs:
  publish:
    strategy:
      matrix:
        os:
          - ubuntu-24.04
          - %s
    runs-on: ${{ matrix.os }}
    steps:
      - uses: PyO3/maturin-action@04ac600d27cdf7a9a280dadf7147097c42b757ad # v1.50.1
        with: {command: publish}
"""


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    links=(GITHUB_IMAGES, GITHUB_RUNNERS),
    fix=FixKind.REVIEW,
    any_workflow=True,
    examples=(
        Example(
            name="an old Ubuntu",
            workflow=_WORKFLOW % "ubuntu-20.04  # !",
            fixed=_WORKFLOW % "ubuntu-24.04",
        ),
        Example(
            name="one system of a matrix",
            workflow=_MATRIX % "macos-13  # !",
            fixed=_MATRIX % "macos-15-intel",
        ),
        Example(name="the latest", workflow=_WORKFLOW % "ubuntu-latest"),
        Example(
            name="an old name as the label of somebody's own runner",
            workflow=_WORKFLOW % "[self-hosted, ubuntu-20.04]",
        ),
    ),
)
def retired_runner_image(repo: Repository) -> Iterator[Verdict]:
    """Judge the labels that each job asks for."""
    for site in repo.jobs():
        job = site.job
        labels = list(labels_of(job))
        if not labels or any(label.text.lower() == "self-hosted" for label in labels):
            if job.runs_on:
                yield Clean(at=job.at, job=job)
            continue
        for label in labels:
            at = label.scalar.location(job.path)
            image = retired_image(label.text, repo.as_of)
            if image is None or repo.ref.is_enterprise_server:
                yield Clean(at=at, job=job)
                continue
            source = repo.file(job.path)
            whole = label.scalar.value == label.text
            yield Finding(
                message=f"GitHub removed the image `{label.text}` on {image.since.isoformat()}",
                at=at,
                job=job,
                anchor=label.text,
                edits=(replace_scalar(source, label.scalar, _like(label.scalar, image.newer)),)
                if source is not None and whole
                else (),
            )


def _like(old: Scalar, new: str) -> str:
    """The new label in the quotes of the old one."""
    return f"{old.style}{new}{old.style}" if old.style in {"'", '"'} else new
