"""Workflow files at the commits of releases, from the history of clones on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from audits.collect.folder import has_history
from audits.collect.git import git
from audits.collect.paths import MAX_BYTES
from audits.model.evidence import FileThen, ReleasedFile
from audits.model.source import RepositoryRef


@dataclass(kw_only=True)
class FolderHistory:
    """The history of the repositories that ``places`` gives; it is read from disk alone, so
    that a shallow or partial clone tells less.
    """

    places: Callable[[], Iterable[tuple[RepositoryRef, Path]]]

    def released(self, files: Sequence[ReleasedFile]) -> dict[ReleasedFile, FileThen]:
        """What each file was; those of repositories without history are left out."""
        found = {}
        for file in files:
            path = self._paths.get(file.slug.lower())
            if path is not None and has_history(path):
                found[file] = _then(path, file)
        return found

    @cached_property
    def _paths(self) -> Mapping[str, Path]:
        return {str(ref).lower(): path for ref, path in self.places()}


def _then(path: Path, file: ReleasedFile) -> FileThen:
    listed = git(path, "ls-tree", "-z", "--full-tree", file.commit, file.path)
    if listed is None:
        return FileThen(commit_known=False)
    mode, _, rest = listed.decode("utf-8", "replace").partition(" ")
    kind, _, named = rest.partition(" ")
    if kind != "blob" or mode == "120000":
        return FileThen()
    oid = named.partition("\t")[0]
    return FileThen(oid=oid, text=None if oid == file.today else _text(path, oid))


def _text(path: Path, oid: str) -> str | None:
    """The text of a blob; None for one that is not here, no text, or too large."""
    size = git(path, "cat-file", "-s", oid)
    if size is None or int(size) > MAX_BYTES:
        return None
    content = git(path, "cat-file", "blob", oid)
    try:
        return None if content is None else content.decode("utf-8")
    except UnicodeDecodeError:
        return None
