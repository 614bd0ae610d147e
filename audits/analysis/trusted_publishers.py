"""Publications that can use trusted publishing, and the evidence for their packages."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release, normalized
from audits.model.publication import Publication
from audits.model.registry import Registry
from audits.model.repository import Repository
from audits.model.settings import Need, Unseen
from audits.model.source import RepositoryRef

PUBLIC_HOST = "github.com"
"""Where publishers of the kind GitHub are; another host's repositories only bear like names."""


def trusted_publications(repo: Repository) -> tuple[Publication, ...]:
    """The publications that the trusted-publisher area is about; none on an Enterprise Server,
    whose OIDC issuer public registries do not trust.
    """
    if repo.ref.is_enterprise_server:
        return ()
    return tuple(p for p in repo.publications if p.is_scored and p.has_trusted_publishing)


def attestations_refused(publication: Publication) -> bool:
    """Whether the index refuses every attestation that the upload could bring: PyPI compares it
    with the workflow that was started, and it names the called one, of the same repository too.

    https://github.com/pypi/warehouse/issues/11096
    """
    if publication.registry is not Registry.PYPI or not publication.routes:
        return False
    return all(route.calls for route in publication.routes)


class ReleasedPackage(Struct, frozen=True, kw_only=True):
    """A package of a publication, and its releases that were not withdrawn, newest first; all,
    where all were. ``is_trusted`` is `PackageEvidence.is_trusted`.
    """

    publication: Publication
    name: str
    releases: tuple[Release, ...] | Unseen
    is_trusted: bool | None = False

    @property
    def newest(self) -> Release | Unseen | None:
        """The newest release; None where there is none."""
        if isinstance(self.releases, Unseen):
            return self.releases
        return self.releases[0] if self.releases else None


def released_packages(repo: Repository) -> Iterator[ReleasedPackage]:
    """Every package that trusted publications upload, once, with its first publication."""
    seen: set[tuple[str, str]] = set()
    for publication in trusted_publications(repo):
        registry = publication.registry.value
        for package in publication.packages:
            key = (registry, normalized(registry, package))
            if key in seen:
                continue
            seen.add(key)
            evidence = repo.evidence(registry, package)
            releases: tuple[Release, ...] | Unseen
            if isinstance(evidence, Unseen):
                releases = evidence
            elif isinstance(evidence.releases, Unseen):
                releases = evidence.releases
            else:
                kept = tuple(r for r in evidence.releases if not r.yanked)
                releases = kept or evidence.releases
            yield ReleasedPackage(
                publication=publication,
                name=package,
                releases=releases,
                is_trusted=None if isinstance(evidence, Unseen) else evidence.is_trusted,
            )


def newest_release(repo: Repository, publication: Publication) -> Release | Unseen | None:
    """The newest release of a publication's package; None where it has no package or release,
    or several packages, whose releases say nothing of one another.
    """
    if len(publication.packages) != 1:
        return None
    evidence = repo.evidence(publication.registry.value, publication.packages[0])
    if isinstance(evidence, Unseen):
        return evidence
    return evidence.releases if isinstance(evidence.releases, Unseen) else evidence.latest


def newest_evidence(repo: Repository, publication: Publication) -> PackageEvidence | None:
    """The evidence that `newest_release` is of; None where there is none or it was not seen."""
    if len(publication.packages) != 1:
        return None
    evidence = repo.evidence(publication.registry.value, publication.packages[0])
    return None if isinstance(evidence, Unseen) else evidence


def is_this_repository(repo: Repository, provenance: Provenance) -> bool:
    """Whether an attestation names this repository; its id outlives renames and transfers.

    Where it is not known whose repository this is, an attestation for the name that its folder
    gives it confirms that.
    """
    if provenance.kind is not PublisherKind.GITHUB or repo.ref.host not in {PUBLIC_HOST, ""}:
        return False
    known = repo.snapshot.database_id
    if known is not None and provenance.repository_id:
        return provenance.repository_id == str(known)
    return provenance.repository.lower() == str(repo.ref).lower()


def whose(ref: RepositoryRef) -> Unseen | None:
    """What is missing where it is not known whose repository this is; None where it is."""
    if ref.is_known:
        return None
    return Unseen(need=Need.REFERENCES, reason="the repository has no remote")


def points_to(url: str, ref: RepositoryRef) -> bool:
    """Whether a project link leads to a repository or to a page below it."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    path = [part for part in parts.path.lower().split("/") if part]
    host = (parts.netloc.rpartition("@")[2]).lower().removeprefix("www.")
    named = [part.removesuffix(".git") for part in path[:2]]
    # The link confirms a name that is only guessed.
    return host == (ref.host.lower() or PUBLIC_HOST) and named == [
        ref.owner.lower(),
        ref.name.lower(),
    ]
