"""Lists the packages to ask indexes about, and the files that their evidence needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from audits.analysis.release_provenance import entry_path, publisher_path
from audits.analysis.trusted_publishers import is_this_repository
from audits.model.evidence import FileThen, ReleasedFile, normalized
from audits.model.registry import Registry
from audits.model.repository import Repository
from audits.model.settings import Unseen
from audits.model.source import Gap

Ask = Callable[[Sequence[ReleasedFile]], Mapping[ReleasedFile, FileThen | Gap]]
"""Reads files at commits; what could not be read is left out."""

_COMMIT = re.compile(r"[0-9a-fA-F]{40}")
_PATH = re.compile(r"\.github/workflows/[^/:\x00-\x1f]{1,200}\.ya?ml")
_MOST = 8
"""Files of one repository: what an index claims must not set how much is read."""


def packages_to_ask(repository: Repository) -> tuple[tuple[str, str], ...]:
    """Packages that the repository uploads to production, and those its metadata names (one
    may be released by hand), of registries with trusted publishing; by (registry, name).
    """
    found = [
        (publication.registry.value, package)
        for publication in repository.publications
        if publication.has_trusted_publishing and publication.is_scored
        for package in publication.packages
    ]
    for registry in Registry:
        if registry.has_trusted_publishing:
            names = repository.package_names.get(registry.value, ())
            found += [(registry.value, name) for name in names]
    return tuple(dict.fromkeys((word, normalized(word, name)) for word, name in found))


def released_files(repository: Repository) -> tuple[ReleasedFile, ...]:
    """The workflow files that newest releases were attested for, and those that started their
    runs, at the commits of their certificates.
    """
    found: dict[ReleasedFile, None] = {}
    for registry, name in packages_to_ask(repository):
        evidence = repository.evidence(registry, name)
        latest = None if isinstance(evidence, Unseen) else evidence.latest
        if latest is None or isinstance(latest.provenance, Unseen):
            continue
        for provenance in latest.provenance:
            if not is_this_repository(repository, provenance):
                continue
            for path in (publisher_path(provenance), entry_path(provenance)):
                if _COMMIT.fullmatch(provenance.commit) and _PATH.fullmatch(path):
                    found[_released_file(repository, provenance.commit, path)] = None
    return tuple(islice(found, _MOST))


def _released_file(repository: Repository, commit: str, path: str) -> ReleasedFile:
    today = repository.file(path)
    return ReleasedFile(
        slug=str(repository.ref), commit=commit, path=path, today=today.oid if today else ""
    )


def with_released(repositories: tuple[Repository, ...], ask: Ask) -> tuple[Repository, ...]:
    """The repositories with the workflow files of their newest releases, asked together. A gap
    is the snapshot's too, so that the next scan finds it changed and asks again.
    """
    wanted = [released_files(repository) for repository in repositories]
    asked = tuple(dict.fromkeys(file for files in wanted for file in files))
    found = ask(asked) if asked else {}
    return tuple(
        _with_files(repository, {file: found[file] for file in files if file in found})
        for repository, files in zip(repositories, wanted, strict=True)
    )


def _with_files(repository: Repository, found: Mapping[ReleasedFile, FileThen | Gap]) -> Repository:
    gaps = tuple(gap for gap in found.values() if isinstance(gap, Gap))
    files = {(f.commit, f.path): then for f, then in found.items() if isinstance(then, FileThen)}
    snapshot = repository.snapshot
    if gaps:
        snapshot = replace(snapshot, gaps=(*snapshot.gaps, *gaps))
    return replace(repository, snapshot=snapshot, gaps=(*repository.gaps, *gaps), released=files)
