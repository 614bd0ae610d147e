"""Latest release was attested for another repository.

## Why it matters
The attestation of the newest release names the repository whose workflow uploaded it. If that is
not this one, either the package moved and its trusted publisher was left behind, so that whoever
controls the old place can still publish; or somebody registered a publisher of their own.

## How to fix
Open the package's publishing settings on the index. Remove publishers that you do not know, check
who added them, and register the workflow of this repository. A release by another repository of
the same owner is milder: usually a move that was not finished. A project on another forge is
foreign whatever its name, because names there belong to others.

Renamed and transferred repositories are recognized by their id, which outlives names; where one
of the ids is not known, as in a checkout, the finding says that names alone were compared.

Another workflow file or environment of this repository is no mismatch: it may have been renamed
since. The package's sentence on the ladder says what the workflow at the certificate's commit
shows, and whether the next release needs another publisher.

The index verified the attestation when the file was uploaded; it is read here as served.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from audits.analysis.release_provenance import only_names
from audits.analysis.trusted_publishers import (
    PUBLIC_HOST,
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
    PublisherKind,
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
_METADATA = {"pyproject.toml": '[project]\nname = "Lumen.Core"\n'}
_HIDDEN = Unseen(need=Need.INDEX, reason="the index answered 403")


def _provenance(
    repository: str, number: str = "", kind: PublisherKind = PublisherKind.GITHUB
) -> Provenance:
    return Provenance(kind=kind, repository=repository, repository_id=number)


def _evidence(*provenance: Provenance, hidden: bool = False) -> tuple[PackageEvidence, ...]:
    withdrawn = Release(version="3.0", uploaded=None, files=1, yanked=True)
    seen = _HIDDEN if hidden else provenance
    newest = Release(version="2.0", uploaded=None, files=2, provenance=seen)
    return (PackageEvidence(registry="pypi", name="lumen-core", releases=(withdrawn, newest)),)


@check(
    area=Area.TRUSTED_PUBLISHER,
    severity=Severity.HIGH,
    needs={Need.INDEX},
    lesson=STEP_PUBLISHER,
    links=(PEP_740,),
    examples=(
        Example(
            name="a foreign owner",
            workflow=_MARKED,
            files=_METADATA,
            evidence=_evidence(_provenance("stranger/lumen", "99")),
            severity=Severity.HIGH,
        ),
        Example(
            name="one file of two",
            workflow=_MARKED,
            files=_METADATA,
            evidence=_evidence(_provenance("orchard-labs/lumen"), _provenance("stranger/lumen")),
        ),
        Example(
            name="another repository of the owner",
            workflow=_MARKED,
            files=_METADATA,
            evidence=_evidence(_provenance("Orchard-Labs/lumen-legacy", "99")),
            severity=Severity.MEDIUM,
        ),
        Example(
            name="a project on another forge",
            workflow=_MARKED,
            files=_METADATA,
            evidence=_evidence(_provenance("orchard-labs/lumen", kind=PublisherKind.GITLAB)),
            severity=Severity.HIGH,
        ),
        Example(
            name="this repository",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence(_provenance("Orchard-Labs/Lumen")),
        ),
        Example(
            name="renamed since",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence(_provenance("old-name/candle", "4242")),
        ),
        Example(
            name="the name was given to another repository",
            workflow=_MARKED,
            files=_METADATA,
            evidence=_evidence(_provenance("orchard-labs/lumen", "99")),
            severity=Severity.MEDIUM,
        ),
        Example(
            name="another workflow of this repository",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence(
                replace(_provenance("orchard-labs/lumen"), workflow="old.yml", environment="old")
            ),
        ),
        Example(
            name="a publisher of an unknown kind",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence(_provenance("", kind=PublisherKind.OTHER)),
            outcome=Outcome.UNKNOWN,
        ),
        Example(
            name="nothing attested",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence(),
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(
            name="the index did not say",
            workflow=PYPI_RELEASE,
            files=_METADATA,
            evidence=_evidence(hidden=True),
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
def publisher_mismatch(repo: Repository) -> Iterator[Verdict]:
    """Compare the newest release of each package with this repository."""
    for package in released_packages(repo):
        release, publication = package.newest, package.publication
        at, job = publication.at, publication.job
        if release is None:
            continue
        provenance = release if isinstance(release, Unseen) else release.provenance
        if isinstance(provenance, Unseen):
            yield Unknown(at=at, unseen=provenance, job=job, publication=publication)
            continue
        others = [p for p in provenance if not is_this_repository(repo, p)]
        known = [p for p in others if _is_known(p)]
        if known and (unseen := whose(repo.ref)) is not None:
            yield Unknown(at=at, unseen=unseen, job=job, publication=publication)
        elif known:
            yield _finding(repo, package, known)
        elif others:
            reason = f"{package.name} was attested for a publisher of an unknown kind"
            unseen = Unseen(need=Need.INDEX, reason=reason)
            yield Unknown(at=at, unseen=unseen, job=job, publication=publication)
        elif provenance:
            yield Clean(at=at, job=job, publication=publication)


def _is_known(provenance: Provenance) -> bool:
    if provenance.kind is PublisherKind.GITHUB:
        return bool(provenance.repository)
    return provenance.kind is not PublisherKind.OTHER


def _is_foreign(repo: Repository, provenance: Provenance) -> bool:
    """Whether the publisher belongs to somebody else; names on other forges say nothing."""
    owner = provenance.repository.partition("/")[0].lower()
    elsewhere = provenance.kind is not PublisherKind.GITHUB or repo.ref.host != PUBLIC_HOST
    return elsewhere or owner != repo.ref.owner.lower()


def _finding(repo: Repository, package: ReleasedPackage, others: list[Provenance]) -> Finding:
    """The worst of the other publishers: one of a foreign owner, if there is one."""
    foreign = [p for p in others if _is_foreign(repo, p)]
    named = (foreign or others)[0]
    where = named.repository or "an account without a repository"
    forge = "" if named.kind is PublisherKind.GITHUB else f" on {named.kind.value}"
    if where.lower() == str(repo.ref).lower() and not forge:
        forge = f" (repository {named.repository_id or 'of that name'} on {PUBLIC_HOST})"
    version = package.newest.version if isinstance(package.newest, Release) else ""
    publication = package.publication
    return Finding(
        message=f"The newest release of `{package.name}`, {version}, was attested for "
        f"`{where}`{forge}, not for this repository{only_names(repo, named)}",
        at=publication.at,
        job=publication.job,
        publication=publication,
        anchor=package.name,
        severity=None if foreign else Severity.MEDIUM,
        because="" if foreign else "the owner is the same",
        settings_page=SettingsPage.PUBLISHER,
    )
