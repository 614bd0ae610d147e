"""Publish token is still stored though releases are attested.

## Why it matters
The newest release came through a trusted publisher, so nothing needs the token any more. As long
as it exists, every workflow that can read it can publish, and nobody would miss it if it leaked.

## How to fix
Check that no workflow reads the secret, revoke the token on the registry, and delete the secret
from the repository, the environment or the organization. Only names of secrets are read, never
values; a name tells its purpose, not whether the token still works.

Secrets for test indexes, and those that an upload to another index reads, are left out. Provenance
that came with a token, as npm takes it, and a release that was attested for another repository say
nothing against a token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import replace

from audits.analysis.release_provenance import attested_here
from audits.analysis.trusted_publishers import released_packages
from audits.checks.api import (
    GITHUB_SECRETS,
    NO_SECRET_NAMES,
    OPENSSF_TRUSTED_PUBLISHERS,
    PYPI_RELEASE,
    Area,
    Clean,
    EnvironmentSettings,
    Example,
    Finding,
    Need,
    Outcome,
    PackageEvidence,
    Provenance,
    Publication,
    PublisherKind,
    Registry,
    Release,
    Repository,
    RepositorySettings,
    SettingsPage,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
    marked,
)

_PURPOSE = re.compile(r"TOKEN|PASSW|SECRET|KEY|AUTH|CRED|PYPI$", re.IGNORECASE)
_HARMLESS = re.compile(r"TEST|USER(NAME)?$|URL$|READ", re.IGNORECASE)

_LEFT_OPEN = Unseen(
    need=Need.INDEX, reason="the registry leaves open whether a trusted publisher released it"
)

_TEST_UPLOAD = """\
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
        with:
          repository-url: https://packages.orchard.example/legacy/
          password: ${{ secrets.PYPI_MIRROR_TOKEN }}
"""
_MARKED = marked(PYPI_RELEASE, "uses: pypa/gh-action-pypi-publish")
_METADATA = {"pyproject.toml": '[project]\nname = "lumen"\n'}
_BY_WORKFLOW = Provenance(kind=PublisherKind.GITHUB, repository="orchard-labs/lumen")


def _evidence(attested: bool, owner: str) -> tuple[PackageEvidence, ...]:
    made = replace(_BY_WORKFLOW, repository=f"{owner}/lumen")
    provenance = (made,) if attested else ()
    release = Release(version="2.0", uploaded=None, files=2, provenance=provenance)
    return (PackageEvidence(registry="pypi", name="lumen", releases=(release,)),)


def _example(
    name: str,
    *secrets: str,
    outcome: Outcome,
    attested: bool = True,
    owner: str = "orchard-labs",
    kept: tuple[str, ...] = (),
    organization: tuple[str, ...] | Unseen = (),
    workflow: str = "",
) -> Example:
    environment = EnvironmentSettings(name="pypi", secret_names=kept)
    return Example(
        name=name,
        workflow=workflow or (_MARKED if outcome is Outcome.FAIL else PYPI_RELEASE),
        files=_METADATA,
        evidence=_evidence(attested, owner),
        settings=RepositorySettings.partial(
            environment, secret_names=secrets, organization_secret_names=organization
        ),
        outcome=outcome,
    )


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.MEDIUM,
    needs={Need.SECRET_NAMES, Need.INDEX},
    links=(OPENSSF_TRUSTED_PUBLISHERS, GITHUB_SECRETS),
    examples=(
        _example("in the repository", "PYPI_API_TOKEN", outcome=Outcome.FAIL),
        _example("in the environment", kept=("TWINE_PASSWORD",), outcome=Outcome.FAIL),
        _example("in the organization", organization=("ORG_PYPI",), outcome=Outcome.FAIL),
        _example(
            "seen in part, and found",
            "PYPI_TOKEN",
            organization=NO_SECRET_NAMES,
            outcome=Outcome.FAIL,
        ),
        _example("others only", "CODECOV_TOKEN", "TEST_PYPI_TOKEN", outcome=Outcome.PASS),
        _example(
            "in use for another index",
            "PYPI_MIRROR_TOKEN",
            workflow=PYPI_RELEASE + _TEST_UPLOAD,
            outcome=Outcome.PASS,
        ),
        _example(
            "seen in part, and not found", organization=NO_SECRET_NAMES, outcome=Outcome.UNKNOWN
        ),
        _example("not attested", "PYPI_TOKEN", attested=False, outcome=Outcome.NOT_APPLICABLE),
        _example(
            "attested for another", "PYPI_TOKEN", owner="stranger", outcome=Outcome.NOT_APPLICABLE
        ),
        Example(name="offline", workflow=PYPI_RELEASE, files=_METADATA, outcome=Outcome.UNKNOWN),
    ),
)
def leftover_token_secret(repo: Repository) -> Iterator[Verdict]:
    """Look through the names of secrets for each package that releases without a token."""
    judged: set[Registry] = set()
    for package in released_packages(repo):
        publication, release = package.publication, package.newest
        at, job = publication.at, publication.job
        if publication.registry in judged or release is None:
            continue
        provenance = release if isinstance(release, Unseen) else release.provenance
        if isinstance(provenance, Unseen) and not package.is_trusted:
            yield Unknown(at=at, unseen=provenance, job=job, publication=publication)
        elif package.is_trusted is None:
            yield Unknown(at=at, unseen=_LEFT_OPEN, job=job, publication=publication)
        others = isinstance(release, Release) and attested_here(repo, release) is False
        if not package.is_trusted or (provenance and others):
            continue
        judged.add(publication.registry)
        yield from _judged(repo, publication)


def _judged(repo: Repository, publication: Publication) -> Iterator[Verdict]:
    at, job = publication.at, publication.job
    places = tuple(_stored(repo))
    elsewhere = {
        credential.secret.upper()
        for other in repo.publications
        if not other.is_scored or other.registry is not publication.registry
        for credential in other.stored_credentials
    }
    pattern = re.compile(publication.info.credential_names or "(?!)", re.IGNORECASE)
    found = False
    for place, names in places:
        for name in () if isinstance(names, Unseen) else names:
            purpose = pattern.search(name) and _PURPOSE.search(name)
            if purpose and not _HARMLESS.search(name) and name.upper() not in elsewhere:
                found = True
                yield Finding(
                    message=f"The secret `{name}` is still stored in {place}, though the newest "
                    "release came from a trusted publisher",
                    at=at,
                    job=job,
                    publication=publication,
                    anchor=name,
                    settings_page=SettingsPage.SECRETS,
                )
    unseen = next((names for _, names in places if isinstance(names, Unseen)), None)
    if unseen is not None:
        yield Unknown(at=at, unseen=unseen, job=job, publication=publication)
    elif not found:
        yield Clean(at=at, job=job, publication=publication)


def _stored(repo: Repository) -> Iterator[tuple[str, tuple[str, ...] | Unseen]]:
    """The names of secrets by the place that keeps them."""
    settings = repo.settings
    if isinstance(settings, Unseen):
        yield "the repository", settings
        return
    yield "the repository", settings.secret_names
    if isinstance(settings.environments, Unseen):
        yield "an environment", settings.environments
    else:
        for environment in settings.environments.values():
            yield f"the environment `{environment.name}`", environment.secret_names
    yield "the organization", settings.organization_secret_names
