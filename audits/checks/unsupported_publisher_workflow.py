"""Publication is in a called workflow the registry cannot match.

## Why it matters
PyPI compares the workflow file that runs the upload with the file name in the trusted publisher,
and looks for it in the publishing repository. Where the upload happens in a called workflow of
another repository, even of the same owner, nothing can be registered that fits: the upload is
refused. In a called workflow of the same repository the identity fits, and the attestations
do not: PyPI compares those with the workflow that was started, and refuses the upload with them.
npm and the crates registry look at the calling workflow instead, and RubyGems has a field for
the repository of the workflow, so they are not concerned.

## How to fix
Keep building in the called workflow, and upload from a job of your own: download what it built
as an artifact, and publish that with the publishing action. Where the called workflow must
upload, `attestations: false` lets the upload in, and its releases are then not attested.

An upload with a token is not judged here: `long-lived-token` reports it.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.trusted_publishers import trusted_publications
from audits.checks.api import (
    GITHUB_REUSE,
    PYPA_PUBLISH_ACTION,
    STEP_UPLOAD_JOB,
    Area,
    Auth,
    Clean,
    Example,
    Finding,
    Location,
    Need,
    Outcome,
    Publication,
    PublisherRule,
    Registry,
    Repository,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
)

_CALL = """\
on: release
jobs:
  publish:
    permissions:
      id-token: write
    uses: OpenAstronomy/github-actions-workflows/.github/workflows/publish_pure_python.yml@v1{mark}
"""
_SECRET = "    secrets:\n      pypi_token: ${{ secrets.INDEX_TOKEN }}\n"
_OWN = """\
on: release
jobs:
  publish:
    permissions:
      id-token: write
    uses: ./.github/workflows/upload.yml
"""
_UPLOAD = """\
on: workflow_call
jobs:
  upload:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.HIGH,
    lesson=STEP_UPLOAD_JOB,
    links=(PYPA_PUBLISH_ACTION, GITHUB_REUSE),
    examples=(
        Example(name="a workflow of another repository", workflow=_CALL.format(mark=" # !")),
        Example(
            name="a called workflow of this repository",
            workflow=_OWN,
            files={".github/workflows/upload.yml": _UPLOAD.replace("v1.14.2\n", "v1.14.2 # !\n")},
            severity=Severity.HIGH,
        ),
        Example(
            name="a called workflow of this repository, without attestations",
            workflow=_OWN,
            files={
                ".github/workflows/upload.yml": _UPLOAD + "        with: {attestations: false}\n"
            },
        ),
        Example(
            name="a workflow that is started and called",
            workflow=_OWN,
            files={
                ".github/workflows/upload.yml": _UPLOAD.replace(
                    "on: workflow_call", "on: [push, workflow_call]\npermissions: {id-token: write}"
                ).replace("v1.14.2\n", "v1.14.2 # !\n")
            },
        ),
        Example(
            name="a token",
            workflow=_CALL.format(mark="") + _SECRET,
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="all secrets",
            workflow=_CALL.format(mark="") + "    secrets: inherit\n",
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def unsupported_publisher_workflow(repo: Repository) -> Iterator[Verdict]:
    """Look at where each upload by identity runs."""
    for publication in trusted_publications(repo):
        if publication.stored_credentials:
            continue
        job, called = publication.job, publication.called
        foreign = called is not None and called.slug != str(repo.ref).lower()
        trusted = publication.info.trusted
        if (
            called is None
            or not foreign
            or trusted is None
            or PublisherRule.CALLEE_ELSEWHERE in trusted.rules
        ):
            yield _own(publication)
        elif publication.auth is Auth.UNKNOWN:
            reason = f"whether {called.action} uploads with a token or an identity was not read"
            unseen = Unseen(need=Need.REFERENCES, reason=reason)
            yield Unknown(at=publication.at, unseen=unseen, job=job, publication=publication)
        else:
            place = called.raw
            calls = (call for route in publication.routes for call in route.calls)
            job = next((call for call in calls if call.uses is called), job)
            yield Finding(
                message=f"`{called.action}` uploads from another repository's workflow, which no "
                "trusted publisher of this package can name",
                at=Location(path=job.path, line=place.line, column=place.column),
                job=job,
                publication=publication,
                anchor=called.action,
                severity=Severity.MEDIUM,
                because="nothing is uploaded: the registry refuses it",
            )


def _own(publication: Publication) -> Verdict:
    """What is said about an upload by a workflow that the registry can find."""
    at, job = publication.at, publication.job
    is_called = any(route.calls for route in publication.routes)
    if publication.registry is not Registry.PYPI or not is_called or publication.attests is False:
        return Clean(at=at, job=job, publication=publication)
    if publication.attests is None:
        reason = f"whether {publication.mechanism} makes attestations is not known"
        unseen = Unseen(need=Need.REFERENCES, reason=reason)
        return Unknown(at=at, unseen=unseen, job=job, publication=publication)
    return Finding(
        message="PyPI refuses this upload: its attestations name the called workflow, and PyPI "
        "looks for the calling one; upload from a job of the calling workflow, or leave the "
        "attestations out with `attestations: false`",
        at=at,
        job=job,
        publication=publication,
        anchor="called workflow",
    )
