"""Pinned action has no version comment.

## Why it matters
A commit id tells people nothing: which release it is, whether it is old, whether an advisory
covers it. Dependabot and Renovate read the version from a comment behind the commit and keep
both up to date; without the comment, the pin stays and grows old in silence.

## How to fix
Put the version behind the commit, on the same line:

    uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1

The forms `# tag=v7.0.1`, `# version: v7.0.1` and `# ratchet:owner/repo@v7.0.1` are understood
as well. A branch's name (`# main`) is no version. The edit adds the comment where the commit's
tags are known (`--online`).

## Deviations
zizmor reports a missing comment to its pedantic users only, and only where some tag points to
the commit.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.action_refs import RemoteUse, remote_uses, spelled, version_today
from audits.analysis.action_versions import version_comment
from audits.checks.api import (
    GITHUB_DEPENDABOT,
    RENOVATE_PINNING,
    STEP_SECURE,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Need,
    Outcome,
    Repository,
    ResolvedRef,
    Severity,
    Verdict,
    check,
    comment_edits,
)

_WORKFLOW = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # !
      - uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # for Node 20 # !
      - uses: actions/cache@v4
      - run: twine upload dist/*
"""
_FIXED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - uses: actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0 # for Node 20
      - uses: actions/cache@v4
      - run: twine upload dist/*
"""
_REFERENCES = (
    ResolvedRef(
        slug="actions/checkout",
        ref="3d3c42e5aac5ba805825da76410c181273ba90b1",
        commit="3d3c42e5aac5ba805825da76410c181273ba90b1",
        tags=("v7", "v7.0.1"),
    ),
    ResolvedRef(
        slug="actions/setup-python",
        ref="5fda3b95a4ea91299a34e894583c3862153e4b97",
        commit="5fda3b95a4ea91299a34e894583c3862153e4b97",
        tags=("v7.0.0",),
    ),
)
_FORMS = """\
on: release
jobs:
  build:
    uses: orchard-labs/shared/.github/workflows/build.yml@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # tag=v2.3.0
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # version: 7.0.1
      - uses: actions/cache@3d3c42e5aac5ba805825da76410c181273ba90b1 # ratchet:actions/cache@v4
      - uses: actions/setup-go@3d3c42e5aac5ba805825da76410c181273ba90b1 # v5.0.0, see the notes
      - run: twine upload dist/*
"""
_UNPINNED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: twine upload dist/*
"""


@check(
    area=Area.PINNING,
    severity=Severity.LOW,
    sharpened_by={Need.REFERENCES},
    lesson=STEP_SECURE,
    links=(GITHUB_DEPENDABOT, RENOVATE_PINNING),
    fix=FixKind.SAFE,
    any_workflow=True,
    counts_places=True,
    zizmor="ref-version-mismatch",
    examples=(
        Example(name="no version", workflow=_WORKFLOW, fixed=_FIXED, references=_REFERENCES),
        Example(name="a branch", workflow=_FIXED.replace("# v7.0.1", "# main # !")),
        Example(name="forms that bots keep", workflow=_FORMS),
        Example(name="nothing pinned", workflow=_UNPINNED, outcome=Outcome.NOT_APPLICABLE),
    ),
)
def missing_version_comment(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each pinned action or workflow without a version behind it."""
    for use in remote_uses(repo):
        if not use.uses.is_pinned:
            continue
        if version_comment(use.uses.comment):
            yield Clean(at=use.at, job=use.job)
        else:
            yield _finding(repo, use)


def _finding(repo: Repository, use: RemoteUse) -> Finding:
    known, source = repo.reference(use.uses), repo.file(use.at.path)
    tag = version_today(known) if isinstance(known, ResolvedRef) else ""
    edits: tuple[Edit, ...] = ()
    message = f"{spelled(use.uses)} has no version comment"
    if tag and source is not None:
        edits = comment_edits(source, use.uses, tag)
        message += f", which is {tag}"
    elif isinstance(known, ResolvedRef) and known.commit and known.tags == ():
        message += ", and no tag of the action is that commit"
    return Finding(message=message, at=use.at, job=use.job, anchor=use.uses.action, edits=edits)
