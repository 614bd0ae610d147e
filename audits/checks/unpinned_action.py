"""Action is not pinned to a commit.

## Why it matters
A tag such as `v4` and a branch such as `release/v1` belong to the action's maintainers, who
can point them at other code at any time. Whoever takes over one maintainer's account does so
too: in March 2025 every tag of a popular action was moved to code that printed secrets, and
all workflows that used a tag ran it with their next start. Only a full commit id (40
hexadecimal digits) names the same code forever. A release job is the worst place to find out:
it holds the right to upload your package.

A branch that is advertised for use (`pypa/gh-action-pypi-publish@release/v1`) is a branch all
the same. Where other repositories could be asked, the finding says what it is today and which
release is the newest.

## How to fix
Write the commit of the release you use, and its version in a comment, which Dependabot and
Renovate keep up to date:

    uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1

The edit writes the commit that the reference is today, and is offered where that is known
(`--online`). Short commit ids and longer hashes are no full commit ids. A workflow that
GitHub's lock file (`.github/workflows/actions.lock`) binds to commits is pinned as well.

## Deviations
zizmor's `unpinned-uses` takes all steps of a workflow for pinned once the lock file knows the
workflow. Here the lock file pins an action only if it lists that action at that reference.
Owners of actions are compared without case. In jobs that take no part in a release the
severity is low; a reference without `@` is refused by GitHub and is no matter of pinning.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.action_refs import moving, remote_actions
from audits.checks.api import (
    GITHUB_SECURE_USE,
    SCORECARD_PINNING,
    STEP_SECURE,
    Area,
    Clean,
    Example,
    Finding,
    FixKind,
    Need,
    Repository,
    ResolvedRef,
    Severity,
    Verdict,
    check,
    pin_of,
)

_WORKFLOW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@v8 # !
      - name: Publish
        uses: "pypa/gh-action-pypi-publish@release/v1" # !
"""
_FIXED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - name: Publish
        uses: "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33" # v1.14.2
"""
_REFERENCES = (
    ResolvedRef(
        slug="actions/download-artifact",
        ref="v8",
        commit="3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
        is_tag=True,
        tags=("v8", "v8.0.1"),
    ),
    ResolvedRef(
        slug="pypa/gh-action-pypi-publish",
        ref="release/v1",
        commit="dc37677b2e1c63e2034f94d8a5b11f265b73ba33",
        is_branch=True,
        tags=("v1.14.2",),
        newest_release="v1.14.2",
    ),
)
_NOT_COMMITS = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e # !
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1f # !
      - uses: actions/checkout@${{ inputs.ref }} # !
      - uses: ./.github/actions/build
      - uses: docker://alpine:3
      - if: false
        uses: actions/cache@v4
      - run: twine upload dist/*
"""
_COMMENT_IN_QUOTES = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1%s # v7.0.1%s
      - run: twine upload dist/*
"""
_COMPOSITE = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: ./.github/actions/build
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_ACTION = """\
name: Build
runs:
  using: composite
  steps:
    - uses: juniper-ci/build-wheel@v2 # !
"""
_LOCKED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: Actions/checkout@v7
      - uses: actions/setup-python@v7 # !
      - run: twine upload dist/*
"""
_LOCK = """\
version: 'v0.0.3'
workflows:
  '.github/workflows/release.yml':
    - 'actions/checkout@v7'
dependencies:
  'actions/checkout@v7':
    commit: 'sha1-3d3c42e5aac5ba805825da76410c181273ba90b1'
"""
_PINNED = _FIXED.replace("3e5f45b2", "3E5F45B2")


@check(
    area=Area.PINNING,
    severity=Severity.HIGH,
    sharpened_by={Need.REFERENCES},
    lesson=STEP_SECURE,
    links=(GITHUB_SECURE_USE, SCORECARD_PINNING),
    fix=FixKind.SAFE,
    zizmor="unpinned-uses",
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(
            name="a tag and a branch, resolved",
            workflow=_WORKFLOW,
            fixed=_FIXED,
            references=_REFERENCES,
            severity=Severity.HIGH,
        ),
        Example(name="a tag and a branch, offline", workflow=_WORKFLOW),
        Example(name="no full commit ids", workflow=_NOT_COMMITS),
        Example(
            name="a comment within the quotes",
            workflow=_COMMENT_IN_QUOTES % ("", '" # !'),
            fixed=_COMMENT_IN_QUOTES % ('"', ""),
        ),
        Example(
            name="in a composite action on the way",
            workflow=_COMPOSITE,
            files={".github/actions/build/action.yml": _ACTION},
        ),
        Example(
            name="bound by the lock file, one by one",
            workflow=_LOCKED,
            files={".github/workflows/actions.lock": _LOCK},
        ),
        Example(name="pinned, in capitals too", workflow=_PINNED),
    ),
)
def unpinned_action(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each action of another repository that is not at a full commit id."""
    for use in remote_actions(repo):
        if use.uses.is_pinned or use.locked:
            yield Clean(at=use.at, job=use.job)
            continue
        known = repo.reference(use.uses)
        pin = pin_of(repo.file(use.at.path), use.uses, known)
        yield Finding(
            message=moving(use.uses, known),
            at=use.at,
            job=use.job,
            anchor=use.uses.action,
            edits=pin.edits,
            fix=pin.fix,
            advice=pin.advice,
        )
