"""Publishing job names no environment.

## Why it matters
An environment is the place where GitHub keeps the rules of a release: who approves it, which
tags may start it, which secrets it may read. A job that publishes without one runs as soon as
its trigger fires, and a trusted publisher that names no environment accepts every job of the
workflow file. The lesson's publishing job has `environment: pypi`.

An empty name (`environment: ''`) is no environment, nor is an input that no run is given.

## How to fix
Add `environment:` to the publishing job, create the environment of that name in the
repository's settings, and give the same name to the trusted publisher on the index:

    publish:
      environment:
        name: pypi

The edit adds the name only. It is to be reviewed, since the registry's trusted publisher, if
it names another environment, must be changed with it.

A publication inside a called workflow of another repository is unknown unless that workflow
could be read: a job that calls a workflow cannot name an environment itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environment_names import named_environment
from audits.analysis.environments import judged_publications, subject
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    PYPA_PUBLISH_GUIDE,
    STEP_UPLOAD_JOB,
    Area,
    Clean,
    Edit,
    Example,
    Finding,
    FixKind,
    Job,
    Need,
    Outcome,
    Publication,
    Repository,
    SettingsPage,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    add_to_job,
    check,
)

_FAILING = """\
name: Release
on:
  release:
    types: [published]
jobs:
  publish: # !
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_FIXED = """\
name: Release
on:
  release:
    types: [published]
jobs:
  publish:
    runs-on: ubuntu-latest
    environment:
      name: pypi
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_EMPTY = """\
on: release
jobs:
  publish: # !
    runs-on: ubuntu-latest
    environment: ''
    steps:
      - run: uvx twine upload dist/*
        env:
          TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}
"""
_NEVER_GIVEN = """\
on: push
jobs:
  publish: # !
    runs-on: ubuntu-latest
    environment: ${{ inputs.env }}
    steps:
      - run: uvx twine upload dist/*
        env:
          TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}
"""
_TEST_INDEX = """\
on: push
jobs:
  try-out:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        with:
          repository-url: https://test.pypi.example/legacy/
"""
_IMAGE = """\
on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - run: docker push registry.example/orchard/lumen:1
"""
_CALLED = """\
on: release
jobs:
  publish:
    uses: OpenAstronomy/github-actions-workflows/.github/workflows/publish_pure_python.yml@v1
    secrets:
      pypi_token: ${{ secrets.INDEX_TOKEN }}
"""


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.HIGH,
    fix=FixKind.REVIEW,
    lesson=STEP_UPLOAD_JOB,
    links=(GITHUB_ENVIRONMENTS, PYPA_PUBLISH_GUIDE),
    examples=(
        Example(name="no environment", workflow=_FAILING, fixed=_FIXED),
        Example(name="an empty name is none", workflow=_EMPTY),
        Example(name="an input that nobody gives is empty", workflow=_NEVER_GIVEN),
        Example(name="the lesson's environment", workflow=_FIXED),
        Example(name="only a test index", workflow=_TEST_INDEX, outcome=Outcome.NOT_APPLICABLE),
        Example(name="an image", workflow=_IMAGE, outcome=Outcome.NOT_APPLICABLE),
        Example(name="a called workflow", workflow=_CALLED, outcome=Outcome.UNKNOWN),
    ),
)
def publish_without_environment(repo: Repository) -> Iterator[Verdict]:
    """Look at each job that publishes to production, once."""
    jobs: dict[Job, list[Publication]] = {}
    for publication in judged_publications(repo):
        jobs.setdefault(publication.job, []).append(publication)
    for job, publications in jobs.items():
        first = publications[0]
        _, only = subject(publications)
        declared = next((e for p in publications if (e := named_environment(p))), None)
        if declared is not None:
            yield Clean(at=declared.at, job=job, publication=only)
        elif first.called is not None and first.is_opaque:
            unseen = Unseen(
                need=Need.REFERENCES,
                reason=f"{first.called.action} decides on the environment and was not read",
            )
            yield Unknown(at=job.at, unseen=unseen, job=job, publication=only)
        else:
            name = _usual_name(first)
            yield Finding(
                message=f"The job `{job.id}` publishes to {first.info.label} "
                "without an environment",
                at=job.at,
                job=job,
                publication=only,
                anchor=job.id,
                environment=name,
                edits=_edits(first, name),
                advice=f"Make the environment `{name}` with its rules first, and name it in the "
                "registry's trusted publisher: one without it is refused from then on.",
                settings_page=SettingsPage.ENVIRONMENTS,
            )


def _usual_name(publication: Publication) -> str:
    return publication.info.environment or publication.registry.value


def _edits(publication: Publication, name: str) -> tuple[Edit, ...]:
    """Name the environment; not where the job already has an empty name to be filled in."""
    source, job = publication.workflow.source, publication.job
    if "environment:" in source.text[slice(*job.span)]:
        return ()
    return add_to_job(source, job, ("environment:", f"  name: {name}"))
