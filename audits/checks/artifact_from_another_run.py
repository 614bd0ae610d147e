"""Published artifact was built by another workflow run.

The publishing job fetches an artifact of another workflow run, or of another repository.

## Why it matters

Artifacts of pull requests have the same names as those of releases. A publication that takes
"the latest artifact of the tests" can be handed one that an outsider built, and even a right one
was made under other conditions than the release: other triggers, other permissions, caches, no
approval. Nothing in the run of the release says what went into the package.

## How to fix

Build in the same run: a job that builds and uploads the artifact, and a publishing job that
`needs:` it. If the build is long, call one reusable workflow from both the tests and the
release.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.artifacts import Download, downloads
from audits.checks.api import (
    GITHUB_ARTIFACTS,
    GITHUB_SECURE_USE,
    STEP_UPLOAD_JOB,
    Area,
    Clean,
    Example,
    Finding,
    Outcome,
    Repository,
    Role,
    Severity,
    Verdict,
    check,
)
from audits.expressions.syntax import Context, contexts, parse_expression

_WORKFLOW = """\
on: {workflow_dispatch: {inputs: {run: {type: string}}}}
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write, actions: read}
    steps:
      - %s
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_DOWNLOAD = "uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1"
_OTHER = f"{_DOWNLOAD}  # !\n        with: {{name: dist, run-id: '${{{{ inputs.run }}}}'}}"
_FETCH = (
    "uses: dawidd6/action-download-artifact@8305c0f1062bb0d184d09ef4493ecb9288447732 # v20  # !"
    "\n        with: {workflow: tests.yml, name: dist}"
)


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    lesson=STEP_UPLOAD_JOB,
    links=(GITHUB_ARTIFACTS, GITHUB_SECURE_USE),
    examples=(
        Example(name="by the number of a run", workflow=_WORKFLOW % _OTHER),
        Example(name="by an action for it", workflow=_WORKFLOW % _FETCH),
        Example(
            name="by command", workflow=_WORKFLOW % "run: gh run download ${{ inputs.run }}  # !"
        ),
        Example(
            name="of another repository",
            workflow=_WORKFLOW
            % f"{_DOWNLOAD}  # !\n        with: {{repository: orchard-labs/pear}}",
        ),
        Example(
            name="of the run itself",
            workflow=_WORKFLOW
            % f"{_DOWNLOAD}\n        with: {{run-id: '${{{{ github.run_id }}}}'}}",
        ),
        Example(
            name="of this run", workflow=_WORKFLOW % f"{_DOWNLOAD}\n        with: {{name: dist}}"
        ),
        Example(
            name="nothing is downloaded",
            workflow=_WORKFLOW % "run: ls dist",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def artifact_from_another_run(repo: Repository) -> Iterator[Verdict]:
    """Judge each download of the publishing jobs."""
    for site in repo.jobs():
        if site.role is not Role.PUBLISHING:
            continue
        for download in downloads(repo, site.job):
            if _is_own(repo, download):
                yield Clean(at=download.at, job=site.job)
                continue
            yield Finding(
                message=f"`{download.action}` fetches what another run built",
                at=download.at,
                job=site.job,
                anchor=download.name or download.action,
            )


def _is_own(repo: Repository, download: Download) -> bool:
    """Whether the artifact is one of this run, of this repository."""
    own_run = download.run is None or _is_context(download.run, "github.run_id")
    named = download.repository
    own = named is None or _is_context(named, "github.repository")
    return own_run and (own or (named or "").lower() == str(repo.ref).lower())


def _is_context(text: str, name: str) -> bool:
    """Whether a text is exactly one fence with one context."""
    bare = text.strip().removeprefix("${{").removesuffix("}}")
    expression = parse_expression(bare)
    return any(contexts(text)) and isinstance(expression, Context) and expression.name == name
