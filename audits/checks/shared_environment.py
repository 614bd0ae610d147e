"""Environment of the release is shared with other work.

## Why it matters
Whatever may enter an environment gets what it holds: its secrets, and the identity that the
trusted publisher accepts. An environment that also serves uploads to a test index, or a job
that publishes nothing, is entered far more often, its reviewers get used to approving, and its
rules must stay loose enough for all of them.

## How to fix
Give the production upload an environment of its own, and change the trusted publisher on the
index to it if the name changes. The edit renames the environment of the job that uploads to
another index (`pypi` becomes `test-pypi`); review it, because that index's trusted publisher
must name the new one too. For a job that publishes nothing, remove `environment:` or choose
another name.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environment_names import environment_names
from audits.analysis.environments import judged_publications
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    PYPA_PUBLISH_GUIDE,
    Area,
    Channel,
    Clean,
    Edit,
    Environment,
    Example,
    Finding,
    FixKind,
    Job,
    Outcome,
    Publication,
    Repository,
    Severity,
    Verdict,
    check,
    replace_scalar,
)

_WORKFLOW = """\
on: push
jobs:
  try-out:
    runs-on: ubuntu-latest
    environment:{mark}
      name: {name}
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        with:
          repository-url: https://test.pypi.example/legacy/
  publish:
    runs-on: ubuntu-latest
    environment: PyPI
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_ONE_JOB = """\
on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: {name}
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        if: github.ref_type == 'branch'
        with:
          repository-url: https://test.pypi.example/legacy/
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        if: github.ref_type == 'tag'
"""
_DOCS = """\
on: push
jobs:
  pages:
    runs-on: ubuntu-latest
    environment: pypi # !
    steps:
      - run: make html
"""
_COLLECTION = """\
  collection:
    runs-on: ubuntu-latest
    environment: pypi
    steps:
      - run: ansible-galaxy collection publish lumen.tar.gz
"""
_FAILING = _WORKFLOW.format(name="pypi", mark=" # !")
_APART = _WORKFLOW.format(name="test-pypi", mark="")
_BY_REF = "${{ github.ref_type == 'tag' && 'pypi' || 'test-pypi' }}"


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.MEDIUM,
    fix=FixKind.REVIEW,
    links=(GITHUB_ENVIRONMENTS, PYPA_PUBLISH_GUIDE),
    examples=(
        Example(name="with the test index", workflow=_FAILING, fixed=_APART),
        Example(name="each its own", workflow=_APART),
        Example(name="one job for both", workflow=_ONE_JOB.format(name="pypi # !")),
        Example(name="the name follows the ref", workflow=_ONE_JOB.format(name=_BY_REF)),
        Example(
            name="with a job that publishes nothing",
            workflow=_APART,
            files={".github/workflows/docs.yml": _DOCS},
        ),
        Example(
            name="with a job that publishes something else",
            workflow=_APART + _COLLECTION,
        ),
        Example(
            name="no environment",
            workflow=_ONE_JOB.format(name="''"),
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def shared_environment(repo: Repository) -> Iterator[Verdict]:
    """Compare the environments of production uploads with those of all other jobs."""
    production: dict[str, Publication] = {}
    for publication in judged_publications(repo):
        for name in _names(publication):
            production.setdefault(name, publication)
    shared: set[str] = set()
    for name, declared, job, channel in _others(repo):
        if name not in production:
            continue
        shared.add(name)
        publication = production[name]
        what = f"uploads to a {channel.value} index" if channel else "publishes nothing"
        whom = "the same job" if job is publication.job else f"the job `{job.id}`"
        yield Finding(
            message=f"The environment `{name}` of the release also serves {whom}, which {what}",
            at=declared.at,
            publication=publication,
            anchor=f"{name} {job.path} {job.id}",
            edits=_edits(repo, name, declared, job, channel, publication),
            advice="Make the new environment, and name it in the publisher of that index.",
        )
    for publication in judged_publications(repo):
        if publication.environment and not shared.intersection(_names(publication)):
            at = publication.environment.at
            yield Clean(at=at, job=publication.job, publication=publication)


def _names(publication: Publication) -> tuple[str, ...]:
    return tuple(name.lower() for name in environment_names(publication).values)


def _others(repo: Repository) -> Iterator[tuple[str, Environment, Job, Channel | None]]:
    """Names in use by other channels, and by jobs that publish nothing (channel None)."""
    for publication in repo.publications:
        if publication.is_scored or publication.environment is None:
            continue
        for name in _names(publication):
            yield name, publication.environment, publication.job, publication.channel
    publishing = {publication.job for publication in repo.publications}
    publishing |= {found.job for found in repo.graph.unrecognized}
    for workflow in repo.workflows:
        for job in workflow.live_jobs:
            declared = job.environment
            if declared is None or declared.dynamic or job in publishing:
                continue
            if not _may_publish(repo, job):
                yield declared.name.value.lower(), declared, job, None


def _may_publish(repo: Repository, job: Job) -> bool:
    """Whether a job runs a command that publishes something of a kind that is not known here."""
    commands = (command for step in job.live_steps for command in repo.commands(step))
    return any(command.has("publish", "upload") for command in commands)


def _edits(
    repo: Repository,
    name: str,
    declared: Environment,
    job: Job,
    channel: Channel | None,
    publication: Publication,
) -> tuple[Edit, ...]:
    """Rename the environment of a job that uploads to another channel only."""
    source = repo.file(declared.at.path)
    if channel is None or declared.dynamic or job is publication.job or source is None:
        return ()
    return (replace_scalar(source, declared.name, f"{channel.value}-{name}"),)
