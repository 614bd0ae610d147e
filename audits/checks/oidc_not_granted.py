"""Publishing job may not ask for the identity it needs.

## Why it matters
The uploader has no credential and asks GitHub for an identity, but the job's token lacks
`id-token: write`, in the job itself or because the workflow that calls it does not pass the
right on. The release fails at its last step, and the quickest way out under pressure is to
paste a token.

## How to fix
Grant `id-token: write` to the publishing job, and to the calling job where a workflow calls it:

    permissions:
      contents: read
      id-token: write

A `permissions:` block in a job replaces the workflow's, so the edit copies what the workflow
granted. Where neither says anything, the edit is offered only for jobs that visibly use no
other right.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.trusted_publishers import trusted_publications
from audits.checks.api import (
    GITHUB_OIDC,
    GITHUB_TOKEN,
    STEP_HARDENED,
    Area,
    Auth,
    Clean,
    Example,
    Finding,
    FixKind,
    Outcome,
    Repository,
    Severity,
    Verdict,
    and_list,
    check,
    grant_edits,
    missing_grants,
)

_ACTION = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2"
_OWN = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: # !
      contents: read
    steps:
      - uses: {_ACTION}
"""
_GRANTED = f"""\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
      contents: read
    steps:
      - uses: {_ACTION}
"""
_TOP = f"""\
on: release
permissions:
  contents: write
jobs:
  publish: # !
    runs-on: ubuntu-latest
    steps:
      - uses: {_ACTION}
"""
_TOP_FIXED = f"""\
on: release
permissions:
  contents: write
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      contents: write
      id-token: write
    steps:
      - uses: {_ACTION}
"""
_SILENT = """\
on: release
jobs:
  publish: # !
    runs-on: ubuntu-latest
    steps:
      - run: uv publish
"""
_SILENT_FIXED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions:
      id-token: write
    steps:
      - run: uv publish
"""
_CALLER = """\
on: release
permissions: {}
jobs:
  release: # !
    uses: ./.github/workflows/publish.yml
"""
_CALLER_FIXED = """\
on: release
permissions: {}
jobs:
  release:
    permissions:
      id-token: write
    uses: ./.github/workflows/publish.yml
"""
_CALLED = {".github/workflows/publish.yml": _GRANTED.replace("on: release", "on: workflow_call")}
_TOKEN = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: uv publish
        env:
          UV_PUBLISH_TOKEN: ${{ secrets.INDEX_TOKEN }}
"""


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.MEDIUM,
    fix=FixKind.SAFE,
    lesson=STEP_HARDENED,
    links=(GITHUB_OIDC, GITHUB_TOKEN),
    examples=(
        Example(name="the job leaves it out", workflow=_OWN, fixed=_GRANTED),
        Example(name="the workflow leaves it out", workflow=_TOP, fixed=_TOP_FIXED),
        Example(name="no permissions are declared", workflow=_SILENT, fixed=_SILENT_FIXED),
        Example(
            name="the caller does not pass it on",
            workflow=_CALLER,
            files=_CALLED,
            fixed=_CALLER_FIXED,
        ),
        Example(name="granted", workflow=_GRANTED),
        Example(name="granted by the caller", workflow=_CALLER_FIXED, files=_CALLED),
        Example(name="a token", workflow=_TOKEN, outcome=Outcome.NOT_APPLICABLE),
    ),
)
def oidc_not_granted(repo: Repository) -> Iterator[Verdict]:
    """Look at the token of each job whose uploader asks for an identity."""
    for publication in trusted_publications(repo):
        unsure = publication.auth not in {Auth.OIDC, Auth.NONE}
        if unsure or publication.stored_credentials or not publication.does_oidc:
            continue
        missing = missing_grants(repo, publication)
        if not missing:
            yield Clean(at=publication.at, job=publication.job, publication=publication)
            continue
        at = missing[0].at
        jobs = and_list(f"`{each.job.id}`" for each in missing)
        yield Finding(
            message=f"{publication.subject} needs `id-token: write`, which {jobs} may not "
            "have: the release will fail",
            at=at,
            job=publication.job,
            publication=publication,
            anchor=missing[0].job.id,
            edits=grant_edits(repo, missing),
            extra_lines=(publication.at, *(m.at for m in missing[1:])),
        )
