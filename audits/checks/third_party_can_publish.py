"""Mutable reference in another workflow leads to a release.

## Why it matters

The release itself may be pinned to the last line: an action by tag, an image without a digest or a
script from a server in *another* workflow does as well, where that job may push, dispatch, or reads
the credential that releases publish with. Whoever controls the name then controls the release.

## How to fix

Pin the action to a commit, the image to a digest, compare the script with a checksum, or take the
right away that the job does not need: that is often one line. `release-audit who` names it.

Inside the release the checks of pinning say so. Actions of GitHub itself, and what must be called
by a tag, pass. It is low where only a cache leads there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from audits.analysis.exposure.jobs import views
from audits.analysis.exposure.unsafe_steps import job_of, links
from audits.checks.api import (
    GITHUB_EVENTS,
    GITHUB_SECURE_USE,
    NPM_RELEASE,
    Actor,
    Area,
    Clean,
    Example,
    ExposurePath,
    Finding,
    Outcome,
    Repository,
    Severity,
    Sink,
    Verdict,
    WayIn,
    check,
)

_OTHER = """\
on: push
permissions: {contents: %s}
jobs:
  tidy:
    runs-on: ubuntu-latest
    steps:
      - uses: %s
"""
_PATH = ".github/workflows/publish.yml"
_PINNED = "acme/tidy@0123456789012345678901234567890123456789 # v1.2.0"
_PUSHING = frozenset({Sink.STORED_TOKEN, Sink.JOB_TOKEN, Sink.SECRET, Sink.IDENTITY})


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(GITHUB_SECURE_USE, GITHUB_EVENTS),
    milder_in_other_jobs=False,
    examples=(
        Example(
            name="beside a token that writes",
            workflow=_OTHER % ("write", "acme/tidy@v1  # !"),
            files={_PATH: NPM_RELEASE},
            severity=Severity.HIGH,
        ),
        Example(name="pinned", workflow=_OTHER % ("write", _PINNED), files={_PATH: NPM_RELEASE}),
        Example(
            name="beside a token that reads",
            workflow=_OTHER % ("read", "acme/tidy@v1"),
            files={_PATH: NPM_RELEASE},
        ),
        Example(
            name="nothing but the release", workflow=NPM_RELEASE, outcome=Outcome.NOT_APPLICABLE
        ),
    ),
)
def third_party_can_publish(repo: Repository) -> Iterator[Verdict]:
    """Judge each name that can move in jobs outside the release."""
    release = repo.graph.release_jobs
    found = set()
    for link in links(repo, lambda p: _is_wanted(repo, p), lambda p: p.entrance):
        job = job_of(repo, link)
        if job is None or job in release:
            continue
        found.add(job)
        low = link.path.sink is Sink.CACHE
        sure = link.is_sure
        yield Finding(
            message=f"`{job.id}`: {link.step.what}; {link.path.drain.what}",
            at=link.step.at,
            job=job,
            anchor=re.sub(r"@[^`\s]+", "", link.step.what.split(" is ")[0]),
            severity=Severity.LOW if low else None if sure else Severity.MEDIUM,
            because="only a cache leads to the release"
            if low
            else ""
            if sure
            else "what was not seen decides",
            concerns=link.publications,
        )
    for view in views(repo) if repo.publications else ():
        if view.job not in release and view.job not in found and view.steps:
            yield Clean(at=view.job.at, job=view.job, concerns=repo.scored_publications)


def _is_wanted(repo: Repository, path: ExposurePath) -> bool:
    if path.way_in is not WayIn.MOVABLE or path.actor is not Actor.THIRD_PARTY:
        return False
    return path.sink in _PUSHING or path.sink is Sink.CACHE
