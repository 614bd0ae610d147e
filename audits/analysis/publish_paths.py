"""The publications through which one package reaches its registry."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from audits.analysis.trusted_publishers import trusted_publications
from audits.model.evidence import normalized
from audits.model.publication import Auth, Publication
from audits.model.repository import Repository


class PackagePaths(Struct, frozen=True, kw_only=True):
    """A package and its publications; ``trusted`` are those that need no stored credential."""

    registry: str
    name: str
    trusted: tuple[Publication, ...]
    stored: tuple[Publication, ...]


def package_paths(repo: Repository) -> Iterator[PackagePaths]:
    """Each package's paths. A publication whose package was not found counts for the one
    package that the repository has for that registry, if there is only one.
    """
    found: dict[tuple[str, str], list[Publication]] = {}
    for publication in trusted_publications(repo):
        registry = publication.registry.value
        declared = repo.package_names.get(registry, ())
        names = publication.packages or (declared if len(declared) == 1 else ())
        for name in {normalized(registry, name): name for name in names}:
            found.setdefault((registry, name), []).append(publication)
    for (registry, name), publications in found.items():
        yield PackagePaths(
            registry=registry,
            name=name,
            trusted=tuple(p for p in publications if p.auth is Auth.OIDC),
            stored=tuple(p for p in publications if p.stored_credentials),
        )
