"""Release is uploaded with a stored token or password.

## Why it matters
A token works for whoever holds it, from anywhere, until somebody revokes it. It leaks from logs,
from compromised actions and from laptops, and an upload with it looks like any other. A trusted
publisher has nothing to steal: the registry accepts a short-lived identity that GitHub gives to
one workflow of one repository, in one environment.

This holds whether or not the job also has `id-token: write`: uploaders use a token where they
are given one. A variable of the repository counts as a stored token, too.

## How to fix
Register the trusted publisher on the registry (the finding links the form, filled in), give the
publishing job `id-token: write`, remove the token from the workflow, publish once, and then
revoke the token and delete the secret.

The edit removes token and user name from the step and grants the identity. Review it: the next
release works only once the trusted publisher is registered.

It is medium where the registry's trusted way is not open to every account (Docker Hub) or not yet
offered to all (VS Code Marketplace), and where `npm stage publish` leaves the release to a person's
approval. Before a registry took identities the check does not apply.

Where the index shows that the newest release came from a trusted publisher of this repository, the
finding says so: the token can go. A release without attestation proves nothing about its upload
and is never taken for a token; where a trusted path is visible all the same, the finding says
that the index leaves open which of the two was used.

## Deviations
zizmor's `use-trusted-publishing` reports commands whether or not a credential is visible, and
uploads to test indexes. It is silent about commands in jobs with `id-token: write` and about
uploaders that it does not know, such as `flit publish` and scripts. It points at the upload,
where this check points at the credential first.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.release_provenance import attested_here
from audits.analysis.trusted_publishers import newest_evidence, trusted_publications
from audits.checks.api import (
    GITHUB_OIDC,
    OPENSSF_TRUSTED_PUBLISHERS,
    STEP_PUBLISHER,
    Area,
    Auth,
    Clean,
    Credential,
    Edit,
    Example,
    Finding,
    FixKind,
    Need,
    Outcome,
    PackageEvidence,
    Publication,
    Release,
    Repository,
    SecretsPassed,
    SettingsPage,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
    grant_edits,
    missing_grants,
    without_credentials,
)

_ACTION = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2"
_HEAD = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
"""
_PASSWORD = f"""\
{_HEAD}      contents: read
    steps:
      - uses: {_ACTION}
        with:
          user: __token__
          password: ${{{{ secrets.INDEX_TOKEN }}}} # !
          skip-existing: true
"""
_PASSWORD_FIXED = f"""\
{_HEAD}      id-token: write
      contents: read
    steps:
      - uses: {_ACTION}
        with:
          skip-existing: true
"""
_ENV = f"""\
{_HEAD}      id-token: write
    steps:
      - run: uv publish
        env:
          UV_PUBLISH_TOKEN: ${{{{ secrets.INDEX_TOKEN }}}} # !
"""
_ENV_FIXED = f"""\
{_HEAD}      id-token: write
    steps:
      - run: uv publish
"""
_TRUSTED = f"""\
{_HEAD}      id-token: write
    steps:
      - uses: {_ACTION}
"""
_HANDED = """\
on: release
jobs:
  call:
    uses: other-labs/shared/.github/workflows/release.yml@v1
    secrets:
      token: ${{ secrets.LUMEN_PYPI_TOKEN }} # !
"""
_TOP = """\
on: release
env:
  TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }} # !
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: python -m twine upload dist/*
"""
_TEST = _PASSWORD.replace(" # !", "").replace(
    "skip-existing: true", "repository-url: https://test.pypi.example/legacy/"
)
_DOCKER = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/login-action@dbcb813823bdd20940b903addbd779551569679f # v4.6.0
        with: {username: lumen, password: '${{ secrets.DOCKERHUB_TOKEN }}'} # !
      - run: docker push orchard/lumen:1
"""
_STAGED = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: npm stage publish
        env:
          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }} # !
"""
_UNREAD = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    env:
      NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
    steps:
      - run: ./notify
        env:
          TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
_INHERITED = """\
on: release
jobs:
  publish:
    uses: OpenAstronomy/github-actions-workflows/.github/workflows/publish_pure_python.yml@v1
    secrets: inherit
"""
_METADATA = {"pyproject.toml": '[project]\nname = "lumen"\n'}
_UNATTESTED = PackageEvidence(
    registry="pypi", name="lumen", releases=(Release(version="1.2", uploaded=None, files=2),)
)


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.HIGH,
    sharpened_by={Need.INDEX},
    fix=FixKind.REVIEW,
    lesson=STEP_PUBLISHER,
    links=(OPENSSF_TRUSTED_PUBLISHERS, GITHUB_OIDC),
    zizmor="use-trusted-publishing",
    examples=(
        Example(name="a token in an input", workflow=_PASSWORD, fixed=_PASSWORD_FIXED),
        Example(name="a token beside id-token", workflow=_ENV, fixed=_ENV_FIXED),
        Example(name="handed to a workflow of elsewhere", workflow=_HANDED),
        Example(name="a token for the whole workflow", workflow=_TOP),
        Example(name="a trusted publisher", workflow=_TRUSTED),
        Example(
            name="a trusted publisher, and a release without attestation",
            workflow=_TRUSTED,
            files=_METADATA,
            evidence=(_UNATTESTED,),
        ),
        Example(
            name="a token of Docker Hub, whose trusted way takes a paid plan",
            workflow=_DOCKER,
            severity=Severity.MEDIUM,
        ),
        Example(
            name="the job's own token for GitHub's registry",
            workflow=_DOCKER.replace("username: lumen", "registry: ghcr.io, username: lumen")
            .replace("secrets.DOCKERHUB_TOKEN", "secrets.GITHUB_TOKEN")
            .replace("orchard/lumen", "ghcr.io/orchard/lumen")
            .replace(" # !", ""),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="a token that only stages a release",
            workflow=_STAGED,
            severity=Severity.MEDIUM,
        ),
        Example(name="a token that no upload reads", workflow=_UNREAD),
        Example(name="a token for a test index", workflow=_TEST, outcome=Outcome.NOT_APPLICABLE),
        Example(
            name="all secrets for another workflow", workflow=_INHERITED, outcome=Outcome.UNKNOWN
        ),
        Example(
            name="Enterprise Server",
            workflow=_PASSWORD.replace(" # !", ""),
            host="github.orchard.example",
            outcome=Outcome.NOT_APPLICABLE,
        ),
    ),
)
def long_lived_token(repo: Repository) -> Iterator[Verdict]:
    """Look at how each production upload proves who it is."""
    for publication in trusted_publications(repo):
        job, stored = publication.job, publication.stored_credentials
        trusted = publication.info.trusted
        if trusted is not None and not trusted.was_there(repo.as_of):
            continue
        if stored:
            because = _milder(publication)
            yield Finding(
                message=_message(repo, publication, stored[0]),
                severity=Severity.MEDIUM if because else None,
                because=because,
                at=stored[0].at,
                job=job,
                publication=publication,
                anchor=stored[0].secret or stored[0].name,
                edits=_edits(repo, publication),
                advice="Register the trusted publisher with the registry first: without it the "
                "next release is refused.",
                extra_lines=(publication.at, *(c.at for c in stored[1:])),
                settings_page=SettingsPage.PUBLISHER,
            )
        elif publication.auth is Auth.OIDC or _lacks_the_right(publication):
            yield Clean(at=publication.at, job=job, publication=publication)
        else:
            unseen = _unseen(publication)
            yield Unknown(at=publication.at, unseen=unseen, job=job, publication=publication)


def _milder(publication: Publication) -> str:
    """Why a stored token is the milder fault: the trusted way is not open to everybody, or a
    person approves in the registry what the token brings.
    """
    trusted = publication.info.trusted
    if trusted is not None and not trusted.open_to_all:
        return trusted.limit
    staged = "stage" in publication.mechanism.split()
    return "a person approves each release in the registry" if staged else ""


def _lacks_the_right(publication: Publication) -> bool:
    """Whether the upload asks for an identity that its job may not have: no token, whatever
    else is wrong.
    """
    return publication.auth is Auth.NONE and publication.does_oidc


def _message(repo: Repository, publication: Publication, credential: Credential) -> str:
    held = f"`secrets.{credential.secret}`" if credential.secret else f"`{credential.name}`"
    text = f"{publication.subject} uploads to {publication.info.label} with the stored "
    text += f"credential {held}"
    if publication.id_token:
        text += ", although the job may request an OIDC identity (`id-token: write`)"
    return text + _end(repo, publication) + _evidence(repo, publication)


def _end(repo: Repository, publication: Publication) -> str:
    """What the registry announced of such tokens, while that is in the future; a sentence to add."""
    end = publication.info.token_end
    if end is None or repo.as_of >= end.on or "stage" in publication.mechanism.split():
        return ""
    when = f"About {end.on:%Y-%m}" if end.approximate else f"On {end.on.isoformat()}"
    return f". {when} {end.what}"


def _evidence(repo: Repository, publication: Publication) -> str:
    """What the index knows of a trusted publisher beside the token; a sentence to add."""
    evidence = newest_evidence(repo, publication)
    latest = evidence.latest if evidence else None
    if evidence is None or latest is None or isinstance(latest.provenance, Unseen):
        return ""
    released = f"The newest release, {latest.version},"
    if latest.provenance and not attested_here(repo, latest):
        return ""
    if evidence.is_trusted:
        return f". {released} came from a trusted publisher: one exists, and the token can go"
    if evidence.trusted_publisher is False:
        return f". {released} did not come from a trusted publisher, as far as the registry says"
    if latest.provenance:
        return ""
    earlier = next((r.version for r in evidence.earlier if attested_here(repo, r)), "")
    if not earlier and not publication.id_token:
        return ""
    before = f", though {earlier} was" if earlier else ""
    return f". {released} is not attested{before}: the index leaves open how it was uploaded"


def _unseen(publication: Publication) -> Unseen:
    called = publication.called
    if called is not None and publication.job.secrets_passed is SecretsPassed.INHERITED:
        reason = f"{called.action} is given all secrets and may upload with one of them"
        return Unseen(need=Need.REFERENCES, reason=reason)
    reason = f"with which credential {publication.mechanism} uploads is not in the workflow"
    return Unseen(need=Need.WORKFLOW, reason=reason)


def _edits(repo: Repository, publication: Publication) -> tuple[Edit, ...]:
    """Take the token out and grant the identity: both, or nothing."""
    source = repo.file(publication.step_path)
    if source is None or not publication.does_oidc:
        return ()
    removed = without_credentials(source, publication)
    missing = missing_grants(repo, publication)
    granted = grant_edits(repo, missing)
    return (*removed, *granted) if removed and (granted or not missing) else ()
