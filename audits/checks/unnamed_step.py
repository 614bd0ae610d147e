"""A script of the release has no name.

The lesson asks for names on the steps of the release, so that its log can be read.

## Why it matters

A step without a name appears in the log under the first line of its script. In a release that
went wrong, or that somebody meddled with, people read logs in a hurry: names say what each
step was meant to do.

## How to fix

Give every step with `run:` in the building and publishing jobs a `name:` that says what it
does. Steps with `uses:` are named after their action and may stay as they are, as in the
lesson.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.checks.api import (
    GITHUB_WORKFLOW_SYNTAX,
    STEP_SECURE,
    Area,
    Clean,
    Example,
    Finding,
    Outcome,
    Repository,
    Severity,
    Verdict,
    check,
    clipped,
)

_HEAD = """\
name: Release
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
"""
_UPLOAD = """\
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""

_LONGEST = 60


@check(
    area=Area.INTEGRITY,
    severity=Severity.INFO,
    lesson=STEP_SECURE,
    links=(GITHUB_WORKFLOW_SYNTAX,),
    counts_places=True,
    examples=(
        Example(name="a bare script", workflow=f"{_HEAD}      - run: ls dist  # !\n{_UPLOAD}"),
        Example(
            name="a named script",
            workflow=f"{_HEAD}      - name: Show what was built\n        run: ls dist\n{_UPLOAD}",
        ),
        Example(
            name="a script that begins with a comment",
            workflow=f"{_HEAD}      - run: |  # !\n          # what was built\n          ls\n{_UPLOAD}",
        ),
        Example(name="only actions", workflow=_HEAD + _UPLOAD, outcome=Outcome.NOT_APPLICABLE),
    ),
)
def unnamed_step(repo: Repository) -> Iterator[Verdict]:
    """Judge each script of the release jobs."""
    for site in repo.steps():
        step = site.step
        if step.run is None or site.action is not None or not site.is_release_job:
            continue
        if step.name is None or not step.name.value.strip():
            line = _first_command(step.run.value)
            yield Finding(
                message=f"The step that runs `{clipped(line, _LONGEST)}` has no `name:`",
                at=step.at,
                job=site.job,
                anchor=line[:_LONGEST],
            )
        else:
            yield Clean(at=step.at, job=site.job)


def _first_command(script: str) -> str:
    """The first line of a script that is no comment, else its first line."""
    lines = [line.strip() for line in script.strip().split("\n")]
    return next((line for line in lines if line and not line.startswith("#")), lines[0])
