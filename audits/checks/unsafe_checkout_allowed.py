"""Checkout allows code from a fork in a privileged job.

`allow-unsafe-pr-checkout: true` takes away the guard of `actions/checkout`.

## Why it matters

Since 2026-07-16 every maintained version of `actions/checkout` ends a job that runs with the
repository's rights and wants the code of a fork: under `pull_request_target`, and under a
`workflow_run` that a pull request set off. With this input it fetches that code all the same.
Whatever the job then builds, tests or installs from it runs with the job's token and secrets.

## How to fix

Delete the input. Handle the code of a pull request in a workflow of its own that `pull_request`
starts, which holds no secrets, and hand results on as data. Where a job of
`pull_request_target` only labels or comments, it needs no checkout at all.

It is judged in every workflow of a repository that publishes something, since what runs there
may reach the release by the repository's token, caches and secrets. An input that an
expression fills in is judged like `true`.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.checkout_refusal import is_checkout, opt_out
from audits.checks.api import (
    CHECKOUT_SOURCE,
    GITHUB_EVENTS,
    GITHUB_SECURE_USE,
    PYPI_RELEASE_PUBLISHED,
    UNSAFE_CHECKOUT,
    Area,
    Clean,
    Example,
    Finding,
    Job,
    Repository,
    Severity,
    Step,
    Verdict,
    check,
)

_STRANGERS = frozenset({"pull_request_target", "workflow_run"})
_PREVIEW = """\
on: %s
jobs:
  preview:
    runs-on: ubuntu-latest
    permissions: {contents: read}
    steps:
      - uses: actions/checkout@v7
        with:
          ref: ${{ github.event.pull_request.head.sha }}
          allow-unsafe-pr-checkout: %s
      - run: make preview
"""
_PATH = ".github/workflows/preview.yml"


def _example(name: str, event: str, value: str, severity: Severity | None = None) -> Example:
    files = {_PATH: _PREVIEW % (event, value)}
    return Example(name=name, workflow=PYPI_RELEASE_PUBLISHED, files=files, severity=severity)


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(CHECKOUT_SOURCE, GITHUB_EVENTS, GITHUB_SECURE_USE),
    any_workflow=True,
    milder_in_other_jobs=False,
    examples=(
        _example("for pull requests", "pull_request_target", "true  # !", Severity.HIGH),
        _example("in quotes", "[workflow_run]", "'True'  # !", Severity.HIGH),
        _example("by an expression", "pull_request_target", "${{ vars.UNSAFE }}  # !"),
        _example("where no outsider starts it", "push", "true  # !", Severity.LOW),
        _example("set to false", "pull_request_target", "false"),
        Example(
            name="left out",
            workflow=PYPI_RELEASE_PUBLISHED,
            files={
                _PATH: (_PREVIEW % ("pull_request_target", "x")).replace(
                    "          allow-unsafe-pr-checkout: x\n", ""
                )
            },
        ),
    ),
)
def unsafe_checkout_allowed(repo: Repository) -> Iterator[Verdict]:
    """Judge each checkout of each workflow and composite action of the repository."""
    for workflow in repo.workflows:
        events = {trigger.event for trigger in workflow.triggers}
        strangers = sorted(events & _STRANGERS) or ["a caller"] * ("workflow_call" in events)
        for job in workflow.live_jobs:
            for step in job.live_steps:
                yield from _judged(repo, step, job.path, job, strangers)
    for action in repo.actions:
        for step in action.steps:
            yield from _judged(repo, step, action.path, None, ["a caller"])


def _judged(
    repo: Repository, step: Step, path: str, job: Job | None, strangers: list[str]
) -> Iterator[Verdict]:
    if step.uses is None or not is_checkout(step):
        return
    given = opt_out(step)
    if given is None:
        at = step.uses.raw.location(path)
        yield Clean(at=at, job=job, concerns=repo.publications)
        return
    yield Finding(
        message=f"`{UNSAFE_CHECKOUT}` lets this checkout fetch the code of an outsider's fork",
        at=given.location(path),
        job=job,
        anchor=UNSAFE_CHECKOUT,
        severity=None if strangers else Severity.LOW,
        because="" if strangers else "no event of this workflow is one that the guard is about",
        concerns=repo.publications,
    )
