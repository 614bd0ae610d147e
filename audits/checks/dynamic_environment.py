"""Environment's name is an expression that may be empty.

## Why it matters
A job whose `environment:` comes out empty has none: the rules, the reviewers and the tie to the
trusted publisher fall away in silence, for that run only. It takes one input left blank, one
unset variable, or an event for which the expression was not written.

## How to fix
Write the name down. Where one job serves two indexes, give each its own job with its own
environment; where an expression must stay, end it in a name: `${{ inputs.target || 'pypi' }}`.

The check follows inputs of called workflows to their callers, choices to their options and
matrices to their values, and leaves out runs that a condition of the job or step excludes. A
name that cannot be empty passes.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environment_names import environment_names
from audits.analysis.environments import judged_publications
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    GITHUB_EXPRESSIONS,
    Area,
    Clean,
    Example,
    Finding,
    Outcome,
    Repository,
    Severity,
    Verdict,
    check,
)

_WORKFLOW = """\
on:
  workflow_dispatch:
    inputs:
      target:
        type: {kind}
        options: [pypi, backup]
  release:
    types: [published]
jobs:
  publish:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        target: [pypi, backup]
    environment: {name}
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        if: {condition}
"""


def _workflow(name: str, condition: str = "true", kind: str = "choice") -> str:
    return _WORKFLOW.format(name=name, condition=condition, kind=kind)


_CALLED = """\
on:
  workflow_call:
    inputs:
      target:
        type: string
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: ${{ inputs.target }}{mark}
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_CALLER = """\
on: release
jobs:
  publish:
    uses: ./.github/workflows/publish.yml
    permissions:
      id-token: write
    with:
      {given}: pypi
"""


def _called(given: str, mark: str = "") -> dict[str, str]:
    return {
        ".github/workflows/publish.yml": _CALLED.replace("{mark}", mark),
        ".github/workflows/release.yml": _CALLER.replace("{given}", given),
    }


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.LOW,
    links=(GITHUB_ENVIRONMENTS, GITHUB_EXPRESSIONS),
    examples=(
        Example(name="an input of one trigger", workflow=_workflow("${{ inputs.target }} # !")),
        Example(name="a variable", workflow=_workflow("${{ vars.TARGET }} # !")),
        Example(
            name="empty but for releases",
            workflow=_workflow("${{ github.event_name == 'release' && 'pypi' || '' }} # !"),
        ),
        Example(
            name="the step runs for releases only",
            workflow=_workflow(
                "${{ github.event_name == 'release' && 'pypi' || '' }}",
                "github.event_name == 'release'",
            ),
        ),
        Example(name="a fallback", workflow=_workflow("${{ inputs.target || 'pypi' }}")),
        Example(
            name="a choice",
            workflow=_workflow("${{ inputs.target }}", "github.event_name == 'workflow_dispatch'"),
        ),
        Example(
            name="free text",
            workflow=_workflow(
                "${{ inputs.target }} # !", "github.event_name != 'release'", kind="string"
            ),
        ),
        Example(name="a matrix", workflow=_workflow("${{ matrix.target }}")),
        Example(name="a text around", workflow=_workflow("release-${{ vars.TARGET }}")),
        Example(name="the caller gives a name", files=_called("target")),
        Example(name="the caller gives none", files=_called("other", " # !")),
        Example(name="a name", workflow=_workflow("pypi")),
        Example(name="no environment", workflow=_workflow("''"), outcome=Outcome.NOT_APPLICABLE),
    ),
)
def dynamic_environment(repo: Repository) -> Iterator[Verdict]:
    """Work out what each publication's environment can be called."""
    for publication in judged_publications(repo):
        declared = publication.environment
        if declared is None:
            continue
        names = environment_names(publication)
        if not names.may_be_empty:
            yield Clean(at=declared.at, job=publication.job, publication=publication)
            continue
        yield Finding(
            message=f"The environment's name `{declared.name.value.strip()}` may be empty; "
            "the job would then have no environment",
            at=declared.at,
            job=publication.job,
            publication=publication,
            anchor=declared.name.value,
        )
