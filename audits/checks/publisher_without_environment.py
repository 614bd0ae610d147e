"""Trusted publisher is not tied to an environment.

## Why it matters
A trusted publisher that names no environment accepts the upload from every job of the workflow
file, whatever environment the job names or leaves out. The reviewers and the rules of the
environment then guard a door beside an open window: a changed workflow on any branch can publish
without them.

## How to fix
Open the package's publishing settings on the index and edit the publisher, or add one with the
environment of the publishing job and remove the old one. The finding links the form, filled in.

The attestation carries the environment that the publisher had when the newest release was
uploaded. A publisher that was changed since is seen at the next release.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.release_provenance import publisher_files, publisher_path
from audits.analysis.trusted_publishers import (
    ReleasedPackage,
    is_this_repository,
    released_packages,
    whose,
)
from audits.checks.api import (
    PEP_740,
    PYPI_RELEASE,
    STEP_PUBLISHER,
    Area,
    Clean,
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
    SettingsPage,
    Severity,
    Unknown,
    Unseen,
    Verdict,
    check,
    marked,
)

_MARKED = marked(PYPI_RELEASE, "uses: pypa/gh-action-pypi-publish")
_METADATA = {"pyproject.toml": '[project]\nname = "lumen"\n'}
_HIDDEN = Unseen(need=Need.INDEX, reason="the index answered 503")


def _evidence(
    environment: str, owner: str = "orchard-labs", provenance: Unseen | None = None
) -> tuple[PackageEvidence, ...]:
    named = Provenance(
        kind=PublisherKind.GITHUB, repository=f"{owner}/lumen", environment=environment
    )
    release = Release(version="2.0", uploaded=None, files=2, provenance=provenance or (named,))
    return (PackageEvidence(registry="pypi", name="lumen", releases=(release,)),)


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.MEDIUM,
    needs={Need.INDEX},
    lesson=STEP_PUBLISHER,
    links=(PEP_740,),
    examples=(
        Example(name="any environment", workflow=_MARKED, files=_METADATA, evidence=_evidence("")),
        Example(
            name="the job's environment",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence("pypi"),
        ),
        Example(
            name="another repository's publisher",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence("", owner="stranger"),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the index did not say",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence("", provenance=_HIDDEN),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="the index was not asked",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            outcome=Outcome.UNKNOWN,
        ),
    ),
)
def publisher_without_environment(repo: Repository) -> Iterator[Verdict]:
    """Look at the publisher that the newest release of each package was attested for."""
    for package in released_packages(repo):
        release, publication = package.newest, package.publication
        at, job = publication.at, publication.job
        if release is None or publication.registry is not Registry.PYPI:
            continue
        provenance = release if isinstance(release, Unseen) else release.provenance
        if isinstance(provenance, Unseen):
            yield Unknown(at=at, unseen=provenance, job=job, publication=publication)
            continue
        own = [p for p in provenance if is_this_repository(repo, p)]
        if provenance and not own and (unseen := whose(repo.ref)) is not None:
            yield Unknown(at=at, unseen=unseen, job=job, publication=publication)
        elif own and all(p.environment for p in own):
            yield Clean(at=at, job=job, publication=publication)
        elif own:
            yield Finding(
                message=_message(repo, package, next(p for p in own if not p.environment)),
                at=at,
                job=job,
                publication=publication,
                anchor=package.name,
                environment=_environment(publication),
                settings_page=SettingsPage.PUBLISHER,
            )


def _message(repo: Repository, package: ReleasedPackage, made: Provenance) -> str:
    """What may publish; a file that is not here any more may be added again by whoever can."""
    text = f"The trusted publisher of `{package.name}` names no environment"
    if not made.workflow:
        return f"{text}: every job of its workflow file may publish"
    text += f": every job of `{made.workflow}` may publish"
    if repo.file(publisher_path(made)) is None and not repo.snapshot.alone:
        return f"{text}, which is not here today and can be added on any branch"
    environment = _environment(package.publication)
    within = made.workflow in publisher_files(package.publication)
    return f"{text}, in `{environment}` or not" if environment and within else text


def _environment(publication: Publication) -> str:
    declared = publication.environment
    return "" if declared is None or declared.dynamic else declared.name.value
