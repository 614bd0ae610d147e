"""Lock file lacks an action that a workflow uses.

GitHub does not start a workflow whose lock file is incomplete.

## Why it matters

Since 2026-10-28 `.github/workflows/actions.lock` binds the actions of the workflows that it lists
to commits. If one of these workflows uses an action without an entry, the run ends before its
first job. For a release that is found out on the day of the release.

## How to fix

Run `gh actions-lock`, and commit the file together with the change of the workflow. Actions by
a full commit id need no entry, and neither do called workflows, which the lock file does not
bind. An Enterprise Server does not know the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.checks.api import (
    LOCK_FILE,
    Area,
    Clean,
    Example,
    Finding,
    Need,
    Outcome,
    Repository,
    Severity,
    Unknown,
    Unseen,
    UsesKind,
    Verdict,
    check,
)

_LOCK = ".github/workflows/actions.lock"
_NOT_READ = Unseen(need=Need.WORKFLOW, reason=f"{_LOCK} was not read")
_COMMIT = "3d3c42e5aac5ba805825da76410c181273ba90b1"
_WORKFLOW = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: actions/checkout@v7
      - uses: pypa/gh-action-pypi-publish@%s
"""
_TEXT = f"""\
version: 'v0.0.2'
workflows:
  .github/workflows/release.yml:
    - actions/checkout@v7
dependencies:
  actions/checkout@v7:
    ref: v7
    commit: sha1-{_COMMIT}
"""


@check(
    area=Area.INTEGRITY,
    severity=Severity.MEDIUM,
    links=(LOCK_FILE.source,),
    any_workflow=True,
    examples=(
        Example(
            name="an action without an entry",
            workflow=_WORKFLOW % "v1.14.2  # !",
            files={_LOCK: _TEXT},
        ),
        Example(
            name="an action by its commit",
            workflow=_WORKFLOW % "dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2",
            files={_LOCK: _TEXT},
        ),
        Example(
            name="a workflow that is not listed",
            workflow=_WORKFLOW % "v1.14.2",
            files={_LOCK: _TEXT.replace("release.yml", "other.yml")},
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="a host that does not know the file",
            workflow=_WORKFLOW % "v1.14.2",
            files={_LOCK: _TEXT},
            host="github.orchard.example",
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="no lock file", workflow=_WORKFLOW % "v1.14.2", outcome=Outcome.NOT_APPLICABLE
        ),
    ),
)
def incomplete_lock_file(repo: Repository) -> Iterator[Verdict]:
    """Look for an entry of each action of the workflows that the lock file lists."""
    if not repo.holds(LOCK_FILE):
        return
    for site in repo.steps():
        uses = site.step.uses
        if uses is None or uses.kind is not UsesKind.REMOTE or site.action is not None:
            continue
        at = uses.raw.location(site.path)
        if repo.snapshot.alone and not uses.is_pinned:
            yield Unknown(at=at, unseen=_NOT_READ, job=site.job)
        if site.path not in repo.lock_onboarded:
            continue
        if uses.is_pinned or repo.locked_commit(site.path, uses):
            yield Clean(at=at, job=site.job)
            continue
        yield Finding(
            message=f"GitHub does not start this workflow: {_LOCK} lists it and has no entry for "
            f"`{uses.slug}@{uses.ref}`",
            at=at,
            job=site.job,
            anchor=uses.slug,
        )
