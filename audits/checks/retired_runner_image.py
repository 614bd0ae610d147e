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

import re
from collections.abc import Iterator

from audits.analysis.runners import labels_of
from audits.checks.api import (
    GITHUB_IMAGES,
    GITHUB_RUNNERS,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Job,
    Repository,
    Scalar,
    Severity,
    SourceFile,
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
                edits=_edits(source, job, label.scalar, image.newer) if source and whole else (),
                advice="Conditions or excluded combinations name the image too: change them together."
                if source and _elsewhere(source, job, label.scalar)
                else f"Does everything that the job uses run on `{image.newer}`?",
            )


def _edits(source: SourceFile, job: Job, label: Scalar, newer: str) -> tuple[Edit, ...]:
    """Replace the label, wherever the job's matrix names it; () where something else does."""
    if _elsewhere(source, job, label):
        return ()
    scalars = {value.start: value for value in (label, *_in_matrix(job, label.value))}
    return tuple(replace_scalar(source, each, _like(each, newer)) for each in scalars.values())


def _elsewhere(source: SourceFile, job: Job, label: Scalar) -> bool:
    """Whether the job names the label where the edit does not reach: in a condition, say."""
    word = re.compile(rf"(?<![\w.-]){re.escape(label.value)}(?![\w.-])")
    reached = {value.line for value in (label, *_in_matrix(job, label.value))}
    first = job.at.line - 1
    lines = source.text[slice(*job.span)].split("\n")
    named = {first + n for n, line in enumerate(lines, 1) if word.search(line.partition(" #")[0])}
    return bool(named - reached)


def _in_matrix(job: Job, value: str) -> Iterator[Scalar]:
    """The scalars of the job's strategy that are this text."""
    pending = [job.keys[name] for name in ("strategy",) if name in job.keys]
    while pending:
        node = pending.pop()
        if node.scalar is not None and node.scalar.value == value:
            yield node.scalar
        pending += [*node.items, *node.keys.values()]


def _like(old: Scalar, new: str) -> str:
    """The new label in the quotes of the old one."""
    return f"{old.style}{new}{old.style}" if old.style in {"'", '"'} else new
