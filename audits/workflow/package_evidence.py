"""Which packages are a repository's, and what the index tells of them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from audits.model.evidence import PackageEvidence
from audits.model.publication import Registry
from audits.model.repository import Repository
from audits.model.settings import Unseen
from audits.model.source import RepositoryRef


def compared_name(registry: str, package: str) -> str:
    """A name as its registry compares it."""
    if registry != Registry.PYPI:
        return package
    return re.sub(r"[-_.]+", "-", package).lower()


def evidence_of(repository: Repository, registry: str, package: str) -> PackageEvidence | Unseen:
    """Evidence under the name as written or as the registry compares it."""
    found = repository.evidence(registry, package)
    if isinstance(found, Unseen):
        compared = repository.evidence(registry, compared_name(registry, package))
        return found if isinstance(compared, Unseen) else compared
    return found


def points_to(url: str, ref: RepositoryRef) -> bool:
    """Whether a link of a package's metadata leads to the repository or into it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    segments = parts.path.strip("/").lower().split("/")[:2]
    wanted = [ref.owner.lower(), ref.name.lower()]
    host = (parts.netloc.lower().rpartition("@")[2]).removeprefix("www.")
    return host == ref.host.lower() and [s.removesuffix(".git") for s in segments] == wanted


def packages_to_ask(repository: Repository) -> tuple[tuple[str, str], ...]:
    """Packages to ask the indexes about: those it uploads to production, and those its
    metadata names, of registries with trusted publishing; by (registry, compared name).
    """
    found = [
        (publication.registry, package)
        for publication in repository.publications
        if publication.registry.has_trusted_publishing and publication.is_scored
        for package in publication.packages
    ]
    for registry in Registry:
        if registry.has_trusted_publishing:
            found += [(registry, name) for name in repository.package_names.get(registry, ())]
    return tuple(dict.fromkeys((r.value, compared_name(r, name)) for r, name in found))
