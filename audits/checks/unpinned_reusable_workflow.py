"""Called workflow is not pinned to a commit.

## Why it matters
A job that calls a workflow of another repository (`uses: owner/repo/.github/workflows/x.yml@ref`)
hands it the whole job: its runner, the permissions of the call, and often secrets. With a tag
or a branch as its reference, whoever can push to that repository decides what your release
runs, without a change in yours.

## How to fix
ActionPin the call to a full commit id and keep the version in a comment:

    uses: orchard-labs/shared/.github/workflows/build.yml@<40 hexadecimal digits> # v2.3.0

The edit writes the commit that the reference is today, where that is known (`--online`).

The SLSA generator is a documented exception: it verifies its own builder by the tag through
which it was called and refuses to run at a commit. A full version tag of it passes; a branch or
a partial version does not.

## Deviations
zizmor reports the SLSA generator's tags as well. In jobs that take no part in a release the
severity is low.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.action_refs import moving, remote_workflows
from audits.analysis.action_versions import parse_version
from audits.checks.api import (
    GITHUB_REUSE,
    GITHUB_SECURE_USE,
    SLSA_GENERATOR,
    STEP_SECURE,
    ActionPin,
    Area,
    Clean,
    Example,
    Finding,
    FixKind,
    Need,
    Repository,
    ResolvedRef,
    Severity,
    Uses,
    Verdict,
    check,
    pin_of,
)

_CALLED = """\
on: release
jobs:
  build:
    uses: orchard-labs/shared/.github/workflows/build.yml@main # !
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_FIXED = """\
on: release
jobs:
  build:
    uses: orchard-labs/shared/.github/workflows/build.yml@7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3 # v2.3.0
  publish:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_RESOLVED = ResolvedRef(
    slug="orchard-labs/shared",
    ref="main",
    commit="7c1f0d5e3a9b48620f1d2c3b4a59687f60e1d2c3",
    is_branch=True,
    tags=("v2.3.0",),
)
_SLSA = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
  provenance:
    needs: publish
    uses: slsa-framework/slsa-github-generator/.github/workflows/generator_generic_slsa3.yml@v2.1.0
  local:
    uses: ./.github/workflows/notes.yml
"""


@check(
    area=Area.PINNING,
    severity=Severity.HIGH,
    sharpened_by={Need.REFERENCES},
    lesson=STEP_SECURE,
    links=(GITHUB_SECURE_USE, GITHUB_REUSE, SLSA_GENERATOR),
    fix=FixKind.SAFE,
    zizmor="unpinned-uses",
    any_workflow=True,
    counts_places=True,
    examples=(
        Example(name="a branch", workflow=_CALLED, fixed=_FIXED, references=(_RESOLVED,)),
        Example(name="pinned", workflow=_FIXED),
        Example(name="the SLSA generator at a version", workflow=_SLSA),
        Example(
            name="the SLSA generator at a partial version",
            workflow=_SLSA.replace("@v2.1.0", "@v2 # !"),
        ),
    ),
)
def unpinned_reusable_workflow(repo: Repository) -> Iterator[Verdict]:
    """Yield a finding for each call of another repository's workflow that is not pinned."""
    for use in remote_workflows(repo):
        if use.uses.is_pinned or _must_be_a_tag(use.uses):
            yield Clean(at=use.at, job=use.job)
            continue
        known = repo.reference(use.uses)
        pin = pin_of(repo.file(use.at.path), use.uses, known)
        if _is_slsa(use.uses):
            pin = ActionPin(
                advice="Call it by the tag of a full version: it verifies itself by that."
            )
        yield Finding(
            message=moving(use.uses, known),
            at=use.at,
            job=use.job,
            anchor=use.uses.action,
            edits=pin.edits,
            fix=pin.fix,
            advice=pin.advice,
        )


def _is_slsa(uses: Uses) -> bool:
    return uses.slug == "slsa-framework/slsa-github-generator"


def _must_be_a_tag(uses: Uses) -> bool:
    """The SLSA generator's documented way: a tag of a full version."""
    version = parse_version(uses.ref)
    return _is_slsa(uses) and version is not None and not version.is_partial
