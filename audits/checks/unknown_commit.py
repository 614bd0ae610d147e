"""Pinned commit is not part of the action's repository.

## Why it matters
GitHub keeps the commits of a repository and of all its forks in one place. `owner/action@<id>`
also runs a commit that only an outsider's fork has: the pin looks like the well-known action and
is somebody else's code. Such a commit is called an impostor.

A commit that does not exist any more stops the release instead.

## How to fix
Pin a commit that a tag of the action names, with that tag as its comment. If you did not choose
the commit yourself, find out who did, and treat past releases as suspect.

Whether a commit is reachable from the default branch cannot be asked with every token; it is
then unknown, never passed.

## Deviations
zizmor's `impostor-commit` is left out without a network; here the answer is then unknown. It
also takes commits for good that only a branch other than the default one holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.action_refs import remote_uses, spelled
from audits.checks.api import (
    GITHUB_SECURE_USE,
    STEP_SECURE,
    Area,
    Clean,
    Example,
    Finding,
    Need,
    Outcome,
    Repository,
    ResolvedRef,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
)

_COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"
_WORKFLOW = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@{_COMMIT} # v7.0.1
      - run: twine upload dist/*
"""
_MARKED = _WORKFLOW.replace("# v7.0.1", "# v7.0.1 # !")


def _resolved(*, reachable: bool | Unseen, commit: str | None = _COMMIT) -> tuple[ResolvedRef, ...]:
    return (ResolvedRef(slug="actions/checkout", ref=_COMMIT, commit=commit, reachable=reachable),)


_REFUSED = Unseen(need=Need.REFERENCES, reason="the comparison was refused")


@check(
    area=Area.PINNING,
    severity=Severity.HIGH,
    needs={Need.REFERENCES},
    lesson=STEP_SECURE,
    links=(GITHUB_SECURE_USE,),
    zizmor="impostor-commit",
    any_workflow=True,
    examples=(
        Example(name="a commit of a fork", workflow=_MARKED, references=_resolved(reachable=False)),
        Example(
            name="no such commit",
            workflow=_MARKED,
            references=_resolved(reachable=False, commit=None),
        ),
        Example(
            name="a commit of the action", workflow=_WORKFLOW, references=_resolved(reachable=True)
        ),
        Example(
            name="reachability cannot be asked",
            workflow=_WORKFLOW,
            references=_resolved(reachable=_REFUSED),
            outcome=Outcome.UNKNOWN,
        ),
        Example(name="offline", workflow=_WORKFLOW, outcome=Outcome.UNKNOWN),
    ),
)
def unknown_commit(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each pinned commit that the action's repository does not have."""
    for use in remote_uses(repo):
        if not use.uses.is_pinned:
            continue
        known = repo.reference(use.uses)
        if isinstance(known, Unseen):
            yield Unknown(at=use.at, unseen=known, job=use.job)
        elif known.commit is None:
            message = f"{spelled(use.uses)}: the repository has no such commit"
            yield Finding(message=message, at=use.at, job=use.job, anchor=use.uses.action)
        elif isinstance(known.reachable, Unseen):
            yield Unknown(at=use.at, unseen=known.reachable, job=use.job)
        elif known.reachable:
            yield Clean(at=use.at, job=use.job)
        else:
            message = (
                f"{spelled(use.uses)} is on no tag and not on the default branch of "
                f"{use.uses.slug}: it may be a fork's commit"
            )
            yield Finding(message=message, at=use.at, job=use.job, anchor=use.uses.action)
