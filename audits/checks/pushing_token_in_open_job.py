"""Job that outsiders can influence holds a stored token that may push.

## Why it matters

Code, words or a prompt of somebody without write access reach this job, and it holds a personal
token, a deploy key or an app's key. Unlike the job's own token, which starts nothing, what such a
token pushes starts workflows: a tag, and the release is on its way. One maintainer's token in a
check of pull requests was the root of the largest chain of compromises of 2025.

## How to fix

Close the way in first (`release-audit who` names it). Then do without the token: the job's own
token with the few rights it needs, an app's token narrowed by `permission-…` inputs in a job of its
own, or a run on `pull_request`, which gets no secrets.

Which rights the token has is not seen: tokens of other services (coverage, chat, models) are known
by their actions and names, and pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.exposure.sinks import pushing_state
from audits.analysis.exposure.unsafe_steps import is_anyones, job_of, jobs_of_outsiders, links
from audits.checks.api import (
    GITHUB_EVENTS,
    GITHUB_SECURE_USE,
    NPM_RELEASE,
    Area,
    Clean,
    Example,
    Finding,
    Outcome,
    Repository,
    Severity,
    Sink,
    Verdict,
    check,
)

_OTHER = """\
on: issues
permissions: {}
jobs:
  greet:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ github.event.issue.title }}"
        env:
          %s
"""
_PATH = ".github/workflows/greet.yml"


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(GITHUB_SECURE_USE, GITHUB_EVENTS),
    milder_in_other_jobs=False,
    examples=(
        Example(
            name="a personal token",
            workflow=NPM_RELEASE,
            files={_PATH: _OTHER % "GH_TOKEN: ${{ secrets.MAINTAINER_PAT }}  # !"},
            severity=Severity.HIGH,
        ),
        Example(
            name="a token of another service",
            workflow=NPM_RELEASE,
            files={_PATH: _OTHER % "CODECOV_TOKEN: ${{ secrets.CODECOV_TOKEN }}"},
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the words are handed over in a variable",
            workflow=NPM_RELEASE,
            files={
                _PATH: (_OTHER % "GH_TOKEN: ${{ secrets.MAINTAINER_PAT }}").replace(
                    "${{ github.event.issue.title }}", "$TITLE"
                )
            },
            outcome=Outcome.PASS,
        ),
    ),
)
def pushing_token_in_open_job(repo: Repository) -> Iterator[Verdict]:
    """Judge each stored token of a job that people without write access get into."""
    found = False
    for link in links(
        repo, lambda p: is_anyones(p) and p.sink is Sink.STORED_TOKEN, lambda p: p.drain
    ):
        found = True
        yield Finding(
            message=f"`{link.step.job}`: {link.step.what}, and {link.path.entrance.what}",
            at=link.step.at,
            job=job_of(repo, link),
            anchor=f"token {link.path.entrance.what}",
            severity=None if link.is_sure else Severity.MEDIUM,
            because="" if link.is_sure else "what was not seen decides whether outsiders get in",
            concerns=link.publications,
        )
    for view in () if found else jobs_of_outsiders(repo):
        for use in view.secrets:
            if pushing_state(use) is not None:
                yield Clean(at=use.at, job=view.job, concerns=repo.scored_publications)
