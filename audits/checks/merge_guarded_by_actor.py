"""Bot's pull requests are merged without a check of their author.

## Why it matters

A workflow merges pull requests without a person, and asks at most who acted last
(`github.actor == 'dependabot[bot]'`). Anyone can make a bot act on a pull request of their own: a
comment on a fork's is enough. The change is in the default branch then, and in the next release.

## How to fix

Compare the author, whom nobody can choose: `github.event.pull_request.user.login ==
'dependabot[bot]'`. `dependabot/fetch-metadata` in front of the merge refuses pull requests of
others too. Or let a person merge, by a rule of the branch that requires a review.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.exposure.unsafe_steps import is_anyones, job_of, jobs_of_outsiders, links
from audits.analysis.exposure.ways_in import merges
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
    Verdict,
    WayIn,
    check,
)

_MERGE = """\
on: pull_request_target
permissions: {contents: write, pull-requests: write}
jobs:
  merge:
    if: %s
    runs-on: ubuntu-latest
    steps:
      - run: gh pr merge --auto --squash "$URL"%s
"""
_PATH = ".github/workflows/merge.yml"
_AUTHOR = "github.event.pull_request.user.login == 'dependabot[bot]'"


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(
        "https://docs.github.com/en/code-security/tutorials/secure-your-dependencies/automate-dependabot-with-actions",
        GITHUB_SECURE_USE,
        GITHUB_EVENTS,
    ),
    milder_in_other_jobs=False,
    examples=(
        Example(
            name="who acted last",
            workflow=NPM_RELEASE,
            files={_PATH: _MERGE % ("github.actor == 'dependabot[bot]'", "  # !")},
            severity=Severity.HIGH,
        ),
        Example(name="the author", workflow=NPM_RELEASE, files={_PATH: _MERGE % (_AUTHOR, "")}),
        Example(
            name="nothing is merged",
            workflow=NPM_RELEASE,
            files={_PATH: (_MERGE % (_AUTHOR, "")).replace("merge --auto --squash", "view")},
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def merge_guarded_by_actor(repo: Repository) -> Iterator[Verdict]:
    """Judge each merge without a person in a job that outsiders' events reach."""
    reported = set()
    for link in links(
        repo, lambda p: is_anyones(p) and p.way_in is WayIn.MERGE, lambda p: p.entrance
    ):
        reported.add(link.step.at)
        yield Finding(
            message=f"{link.step.what} without a person, and {link.path.steps[0].what} gets there",
            at=link.step.at,
            job=job_of(repo, link),
            anchor="merge",
            severity=None if link.is_sure else Severity.MEDIUM,
            because="" if link.is_sure else "what was not seen decides whether outsiders get there",
            concerns=link.publications,
        )
    for view in jobs_of_outsiders(repo):
        for placed in view.steps:
            merging = merges(view, placed)
            if merging is not None and merging[0] not in reported:
                yield Clean(at=merging[0], job=view.job, concerns=repo.scored_publications)
