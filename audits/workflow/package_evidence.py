"""Which packages are worth asking the indexes about."""

from __future__ import annotations

from audits.model.publication import Registry
from audits.model.publishers import normalized
from audits.model.repository import Repository


def packages_to_ask(repository: Repository) -> tuple[tuple[str, str], ...]:
    """Packages that the repository uploads to production, and those its metadata names (one
    may be released by hand), of registries with trusted publishing; by (registry, name).
    """
    found = [
        (publication.registry.value, package)
        for publication in repository.publications
        if publication.registry.has_trusted_publishing and publication.is_scored
        for package in publication.packages
    ]
    for registry in Registry:
        if registry.has_trusted_publishing:
            names = repository.package_names.get(registry.value, ())
            found += [(registry.value, name) for name in names]
    return tuple(dict.fromkeys((word, normalized(word, name)) for word, name in found))
