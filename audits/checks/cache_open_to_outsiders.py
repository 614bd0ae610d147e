"""Runs that outsiders set off may write the caches of the default branch.

`cache-mode: write` takes GitHub's own guard away.

## Why it matters

Since 2026-06-26 a run on github.com that somebody without write access sets off in the scope of
the default branch (`pull_request_target`, `issue_comment`, `workflow_run` of a fork …) can read
caches and not write them. A workflow or job that declares `cache-mode: write` or `write-only`
gets the right back. What such a run writes, every later build of the default branch restores,
the release's too: nothing in the sources shows it.

## How to fix

Delete the key, or say `cache-mode: read`. Fill caches from a workflow that pushes start.

It is milder where no job of a release restores a cache. A condition that keeps outsiders out,
as in `dangerous-trigger`, passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.cache_modes import lets_save, may_restore
from audits.analysis.caches import Restores, restores_cache
from audits.analysis.conditions import passage
from audits.analysis.outsiders import OUTSIDER_EVENTS
from audits.checks.api import (
    CACHE_MODE,
    GITHUB_CACHE,
    GITHUB_EVENTS,
    Area,
    Clean,
    Example,
    Finding,
    Location,
    Need,
    Outcome,
    Repository,
    Route,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
)

_RELEASE = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
%s      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_RESTORES = """\
      - uses: actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
        with: {path: .venv, key: venv}
"""
_OTHER = """\
on: %s
%s
jobs:
  comment:
    %s
    runs-on: ubuntu-latest
    steps:
      - run: make preview
"""
_PATH = ".github/workflows/comment.yml"
_MEMBERS = "if: github.event.comment.author_association == 'OWNER'"


def _example(
    name: str,
    event: str,
    top: str = "",
    job: str = "name: Comment",
    *,
    restores: bool = True,
    severity: Severity | None = None,
    outcome: Outcome | None = None,
    host: str = "github.com",
) -> Example:
    return Example(
        name=name,
        workflow=_RELEASE % (_RESTORES if restores else ""),
        files={_PATH: _OTHER % (event, top, job)},
        severity=severity,
        outcome=outcome,
        host=host,
    )


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(CACHE_MODE.source, GITHUB_CACHE, GITHUB_EVENTS),
    any_workflow=True,
    milder_in_other_jobs=False,
    examples=(
        _example(
            "the whole workflow",
            "pull_request_target",
            "cache-mode: write  # !",
            severity=Severity.HIGH,
        ),
        _example("one job", "issue_comment", job="cache-mode: write-only  # !"),
        _example(
            "no release restores a cache",
            "issue_comment",
            job="cache-mode: write  # !",
            restores=False,
            severity=Severity.MEDIUM,
        ),
        _example("read", "pull_request_target", "cache-mode: read"),
        _example(
            "the job's own mode", "pull_request_target", "cache-mode: write", "cache-mode: read"
        ),
        _example("only the owner", "issue_comment", "cache-mode: write", _MEMBERS),
        _example(
            "a push may write anyway", "push", "cache-mode: write", outcome=Outcome.NOT_APPLICABLE
        ),
        _example(
            "a host without modes",
            "pull_request_target",
            "cache-mode: write",
            host="github.orchard.example",
        ),
    ),
)
def cache_open_to_outsiders(repo: Repository) -> Iterator[Verdict]:
    """Judge the mode of each job that an outsider's event reaches."""
    if not repo.publications:
        return
    restored = any(_restores(repo))
    reported: set[Location] = set()
    for route in _routes(repo):
        at = lets_save(repo, route)
        if at is None:
            yield Clean(at=route.job.at, job=route.job, concerns=repo.publications)
            continue
        event, runs = _comes_through(repo, route)
        if runs is False:
            yield Clean(at=at, job=route.job, concerns=repo.publications)
        elif runs is None:
            reason = f"whether `{event}` comes through to `{route.job.id}` hangs on an output"
            unseen = Unseen(need=Need.WORKFLOW, reason=reason)
            yield Unknown(at=at, unseen=unseen, job=route.job, concerns=repo.publications)
        elif at not in reported:
            reported.add(at)
            yield Finding(
                message=f"`{event}`: a run that anyone can set off may write the caches that "
                f"{'releases restore' if restored else 'the default branch restores'}",
                at=at,
                job=route.job,
                anchor=f"cache-mode {event}",
                severity=None if restored else Severity.MEDIUM,
                because="" if restored else "no job of a release restores a cache",
                concerns=repo.publications,
            )


# A review's run has the pull request's own cache, not that of the default branch.
_EVENTS = OUTSIDER_EVENTS - {"pull_request_review", "pull_request_review_comment"}


def _routes(repo: Repository) -> Iterator[Route]:
    """The ways from an outsider's event to a job."""
    for workflow in repo.workflows:
        for job in workflow.live_jobs:
            for route in repo.routes(job):
                if any(trigger.event in _EVENTS for trigger in route.triggers):
                    yield route


def _comes_through(repo: Repository, route: Route) -> tuple[str, bool | None]:
    """The event by which an outsider gets to the end of a route, and whether one does."""
    answers = (
        (trigger.event, passage(repo, route, trigger).runs)
        for trigger in route.triggers
        if trigger.event in _EVENTS
    )
    order: dict[bool | None, int] = {True: 0, None: 1, False: 2}
    return min(answers, key=lambda answer: order[answer[1]], default=("", False))


def _restores(repo: Repository) -> Iterator[bool]:
    for site in repo.steps():
        if site.is_release_job and site.job is not None and may_restore(repo, site.job):
            restores, _ = restores_cache(repo, site.step)
            yield restores is not Restores.NO
