"""Publish credential is read in a job without environment.

## Why it matters
A secret of the repository or of the organization is open to every job of every workflow, on any
branch that someone can push. The same secret kept in an environment is handed out only to jobs
that name the environment, after its rules are met.

## How to fix
Better than moving the token is to replace it by a trusted publisher. Until then: create an
environment, store the token there, delete it from the repository's or organization's secrets,
and add `environment:` to the job.

## Deviations
zizmor's `secrets-outside-env` reports every secret; this check reports those that publish. It
also differs in that `environment: ''` is no environment, that a token in the workflow's own
`env:` and one handed to a called workflow count, and that workflows with `workflow_call` are
judged like all others: a called job that names an environment gets its secrets. User names are
no credentials. A secret in text over several lines is reported where the text starts.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.environments import judged_publications
from audits.checks.api import (
    GITHUB_ENVIRONMENTS,
    GITHUB_SECRETS,
    Area,
    Clean,
    Credential,
    CredentialSource,
    Example,
    Finding,
    Outcome,
    Publication,
    Repository,
    SettingsPage,
    Severity,
    Verdict,
    check,
)

_STEP = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: {name}
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        with:
          password: ${{{{ secrets.INDEX_TOKEN }}}}{mark}
"""
_TOP = """\
on: release
env:
  TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }} # !
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
"""
_CALL = """\
on: release
jobs:
  publish:
    uses: OpenAstronomy/github-actions-workflows/.github/workflows/publish_pure_python.yml@v1
    secrets:
      pypi_token: ${{ secrets.INDEX_TOKEN }} # !
"""
_TRUSTED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""


@check(
    area=Area.ENVIRONMENT,
    severity=Severity.MEDIUM,
    zizmor="secrets-outside-env",
    links=(GITHUB_SECRETS, GITHUB_ENVIRONMENTS),
    examples=(
        Example(name="a secret of the repository", workflow=_STEP.format(name="''", mark=" # !")),
        Example(name="the workflow's env", workflow=_TOP),
        Example(name="handed to a called workflow", workflow=_CALL),
        Example(name="in an environment", workflow=_STEP.format(name="pypi", mark="")),
        Example(name="no secret at all", workflow=_TRUSTED, outcome=Outcome.NOT_APPLICABLE),
    ),
)
def secrets_outside_environment(repo: Repository) -> Iterator[Verdict]:
    """Look at each secret that a production upload reads."""
    reported = set()
    for publication in judged_publications(repo):
        for credential in publication.stored_credentials:
            if not credential.secret or credential.secret.upper() == "GITHUB_TOKEN":
                continue
            if _is_inside(publication, credential):
                yield Clean(at=credential.at, job=publication.job, publication=publication)
            elif (credential.at, credential.secret) not in reported:
                reported.add((credential.at, credential.secret))
                yield Finding(
                    message=f"The job `{publication.job.id}` reads `secrets.{credential.secret}` "
                    "without an environment: every other job can read it too",
                    at=credential.at,
                    job=publication.job,
                    publication=publication,
                    anchor=credential.secret,
                    settings_page=SettingsPage.SECRETS,
                )


def _is_inside(publication: Publication, credential: Credential) -> bool:
    """Whether an environment can hold the secret. A job that calls a workflow names none, so
    what it hands over is a secret of the repository or of the organization.
    """
    handed_over = credential.source is CredentialSource.CALL_SECRET and publication.called
    return publication.environment is not None and not handed_over
