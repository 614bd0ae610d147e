"""Pull requests of forks run on a machine that releases use.

## Why it matters

A machine of your own keeps what ran on it: a process, a changed tool, a file in a cache. When
pull requests of forks run there, anyone whose first change was merged runs code on it without an
approval, and the next release is built by what they left. That is how a framework's releases could
have been replaced in 2023.

## How to fix

Run pull requests on GitHub's machines, or on machines that are thrown away after each job and that
no release shares: the labels tell them apart, and a runner group can keep forks out.

Only the label `self-hosted` says for sure whose machine it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.exposure.jobs import views
from audits.analysis.exposure.unsafe_steps import is_anyones, job_of, links
from audits.analysis.exposure.ways_in import own_labels
from audits.checks.api import (
    GITHUB_EVENTS,
    GITHUB_SECURE_USE,
    Area,
    Clean,
    Example,
    Finding,
    Outcome,
    Repository,
    Role,
    Severity,
    Sink,
    Verdict,
    check,
)

_RELEASE = """\
on: {push: {tags: ["v*"]}}
permissions: {}
jobs:
  publish:
    runs-on: %s
    environment: npm
    permissions: {id-token: write}
    steps:
      - run: npm publish
"""
_TEST = """\
on: pull_request
permissions: {contents: read}
jobs:
  test:
    runs-on: %s
    steps:
      - run: make test
"""
_PATH = ".github/workflows/test.yml"
_OWN = "[self-hosted, linux]"


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(
        "https://docs.github.com/en/actions/reference/security/secure-use#hardening-for-self-hosted-runners",
        GITHUB_SECURE_USE,
        GITHUB_EVENTS,
    ),
    milder_in_other_jobs=False,
    examples=(
        Example(
            name="tests and release on the same machines",
            workflow=_RELEASE % _OWN,
            files={_PATH: _TEST % f"{_OWN}  # !"},
            severity=Severity.HIGH,
        ),
        Example(
            name="tests on GitHub's machines",
            workflow=_RELEASE % _OWN,
            files={_PATH: _TEST % "ubuntu-latest"},
        ),
        Example(
            name="the release on GitHub's machines",
            workflow=_RELEASE % "ubuntu-latest",
            files={_PATH: _TEST % _OWN},
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def runner_shared_with_outsiders(repo: Repository) -> Iterator[Verdict]:
    """Judge each machine of the repository's own on which a release is made."""
    found = False
    for link in links(
        repo, lambda p: is_anyones(p) and p.sink is Sink.RUNNER, lambda p: p.entrance
    ):
        found = True
        yield Finding(
            message=f"{link.step.what}, and {link.path.drain.what} that a release uses",
            at=link.step.at,
            job=job_of(repo, link),
            anchor="runner",
            severity=None if link.is_sure else Severity.MEDIUM,
            because="" if link.is_sure else "what was not seen decides whether outsiders get there",
            concerns=link.publications,
        )
    for view in () if found or not repo.publications else views(repo):
        if repo.graph.roles.get(view.job, Role.OTHER) is not Role.OTHER and own_labels(view):
            yield Clean(at=view.job.at, job=view.job)
