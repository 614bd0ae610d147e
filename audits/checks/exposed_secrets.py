"""Workflow exposes all its secrets, or one chosen at run time.

`toJSON(secrets)` and `secrets[...]` with a computed name reach every secret there is.

## Why it matters

The runner gets all secrets of the repository, the organization and the environment, instead of
the one that the step needs. Any code in the job can read them from memory, and GitHub masks
values it knows, not the JSON text around them. With a computed name, whoever controls
the name chooses the secret.

## How to fix

Name each secret: `${{ secrets.DOCS_TOKEN }}`. To choose between a few, write the choice out:
`${{ matrix.kind == 'docs' && secrets.DOCS_TOKEN || secrets.TEST_TOKEN }}`.

## Deviations
zizmor's `overprovisioned-secrets` is of medium severity and does not know `secrets.*`.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.checks.api import (
    GITHUB_SECRETS,
    GITHUB_SECURE_USE,
    Area,
    Clean,
    Example,
    Finding,
    Job,
    Location,
    Repository,
    Scalar,
    Severity,
    SourceFile,
    StepSite,
    Verdict,
    check,
)
from audits.expressions.syntax import Context, fences, walk

_WORKFLOW = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: ./upload
        env:
          SETTINGS: ${{ %s }}%s
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(GITHUB_SECRETS, GITHUB_SECURE_USE),
    any_workflow=True,
    zizmor="overprovisioned-secrets",
    examples=(
        Example(name="all secrets", workflow=_WORKFLOW % ("toJSON(secrets)", "  # !")),
        Example(
            name="a computed name",
            workflow=_WORKFLOW % ("secrets[format('{0}_TOKEN', matrix.kind)]", "  # !"),
        ),
        Example(name="one secret", workflow=_WORKFLOW % ("secrets.DOCS_TOKEN", "")),
        Example(name="one secret in brackets", workflow=_WORKFLOW % ("secrets['DOCS']", "")),
    ),
)
def exposed_secrets(repo: Repository) -> Iterator[Verdict]:
    """Judge every expression of the jobs and steps."""
    for workflow in repo.release_workflows():
        for text in workflow.env.values():
            for found in _exposed(text, workflow.source):
                yield Finding(message=found[0], at=found[1], anchor="secrets")
    for site in repo.jobs():
        findings = [
            found for text in _job_texts(site.job) for found in _exposed(text, site.workflow.source)
        ]
        for message, at in findings:
            yield Finding(message=message, at=at, job=site.job, anchor="secrets")
        if not findings:
            yield Clean(at=site.job.at, job=site.job)
    for step_site in repo.steps():
        source = repo.file(step_site.path)
        if source is None:
            continue
        for text in _step_texts(step_site):
            for message, at in _exposed(text, source):
                yield Finding(message=message, at=at, job=step_site.job, anchor="secrets")


def _exposed(text: Scalar, source: SourceFile) -> Iterator[tuple[str, Location]]:
    if "secrets" not in text.value.lower():
        return
    for fence in fences(text.value):
        expression = fence.expression
        for part in walk(expression) if expression is not None else ():
            if not isinstance(part, Context) or part.parts[0] != "secrets":
                continue
            at = Location(path=source.path, line=text.line_at(fence.start, source.text))
            if part.parts == ("secrets",) or part.parts[1] == "*":
                yield "All secrets at once are handed over", at
            elif part.parts[1] == "[]":
                yield "The name of the secret is worked out at run time", at


def _job_texts(job: Job) -> Iterator[Scalar]:
    for mapping in (job.env, job.outputs, job.inputs, job.secrets):
        yield from mapping.values()
    yield from job.runs_on
    if job.environment is not None:
        yield job.environment.name


def _step_texts(site: StepSite) -> Iterator[Scalar]:
    step = site.step
    yield from (*step.env.values(), *step.inputs.values())
    if step.run is not None:
        yield step.run
    if step.condition is not None:
        yield step.condition.text
