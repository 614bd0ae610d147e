"""Reads workflow files at the commits of releases from clones on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from audits.collect.disk import ReadFault
from audits.collect.folder.collector import history
from audits.collect.folder.git import GitRepository, lacks
from audits.collect.folder.git_objects import GitTreeEntry, MissingObject
from audits.model.evidence import FileThen, ReleasedFile
from audits.model.source import Gap, GapReason, RepositoryRef


@dataclass(kw_only=True)
class FolderHistory:
    """The history of the repositories that ``places`` gives; it is read from disk alone, so
    that a shallow or partial clone tells less.
    """

    places: Callable[[], Iterable[tuple[RepositoryRef, Path]]]

    def released(self, files: Sequence[ReleasedFile]) -> dict[ReleasedFile, FileThen | Gap]:
        """What each file was, or why that cannot be read; those of repositories without
        history are left out.
        """
        found: dict[ReleasedFile, FileThen | Gap] = {}
        for file in files:
            path = self._paths.get(file.slug.lower())
            try:
                if path is not None:
                    with history(path) as repository:
                        if repository is not None:
                            found[file] = _then(repository, file)
            except ReadFault as fault:
                found[file] = fault.gap(
                    f"The commit {file.commit} of {file.slug}", subject=str(file)
                )
        return found

    @cached_property
    def _paths(self) -> Mapping[str, Path]:
        return {str(ref).lower(): path for ref, path in self.places()}


def _then(repository: GitRepository, file: ReleasedFile) -> FileThen:
    try:
        commit = repository.commit(file.commit.lower())
    except MissingObject:
        return FileThen(commit_known=False)
    entry = repository.objects.at(commit.tree, file.path)
    if entry is None or not entry.is_file:
        return FileThen()
    is_same = entry.oid == file.today
    return FileThen(oid=entry.oid, text=None if is_same else _text(repository, entry))


def _text(repository: GitRepository, entry: GitTreeEntry) -> str | None:
    """The text of a file; None for one that is not here, no text, or too large."""
    try:
        return repository.objects.blob(entry.oid).decode("utf-8")
    except UnicodeDecodeError:
        return None
    except ReadFault as fault:
        if lacks(repository, fault).reason in {GapReason.NOT_FOUND, GapReason.TOO_LARGE}:
            return None
        raise
