"""Which packages are worth asking the indexes about, and which files their evidence leads to."""

from __future__ import annotations

import re

from audits.model.evidence import ReleasedFile
from audits.model.publication import Registry
from audits.model.publishers import evidence_of, is_this_repository, normalized
from audits.model.repository import Repository
from audits.model.settings import Unseen

_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_FILE_NAME = re.compile(r"[^/:]+\.ya?ml")


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


def released_files(repository: Repository) -> tuple[ReleasedFile, ...]:
    """The workflow files that newest releases were attested for, at the commits of their
    certificates, as far as this repository still has a file of that name to compare with.
    """
    found: dict[ReleasedFile, None] = {}
    for registry, name in packages_to_ask(repository):
        evidence = evidence_of(repository, registry, name)
        latest = None if isinstance(evidence, Unseen) else evidence.latest
        if latest is None or isinstance(latest.provenance, Unseen):
            continue
        for provenance in latest.provenance:
            path = f".github/workflows/{provenance.workflow}"
            named = _COMMIT.fullmatch(provenance.commit) and _FILE_NAME.fullmatch(
                provenance.workflow
            )
            if named and is_this_repository(repository, provenance) and repository.file(path):
                slug = str(repository.ref)
                found[ReleasedFile(slug=slug, commit=provenance.commit, path=path)] = None
    return tuple(found)
