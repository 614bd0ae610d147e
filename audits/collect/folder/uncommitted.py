"""Finds the files of a checkout that differ from HEAD, by reading git's objects."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from audits.collect.disk import ReadFault
from audits.collect.folder.git import GitRepository, git_repository
from audits.model.source import SourceFile


def uncommitted(root: Path, files: Iterable[SourceFile]) -> tuple[tuple[str, str], ...]:
    """The files whose text HEAD does not have, as (path, why); none outside of a checkout.

    Line endings count as git converts them at most: a file with CRLF is as committed where the
    same text with LF is (``core.autocrlf``).
    """
    wanted = tuple(files)
    try:
        with git_repository(root) as repository:
            if repository is None:
                return ()
            return tuple(_changed(repository, wanted))
    except ReadFault as fault:
        return tuple((f.path, f"git's state cannot be read: it {fault.said}") for f in wanted)


def _changed(repository: GitRepository, files: Iterable[SourceFile]) -> list[tuple[str, str]]:
    head = repository.head().commit
    if not head:
        return [(file.path, "nothing was ever committed") for file in files]
    tree = repository.commit(head).tree
    found = []
    for file in files:
        entry = repository.objects.at(tree, file.path)
        if entry is None:
            found.append((file.path, "it is not committed"))
        elif entry.oid not in {file.oid, _with_lf(file).oid}:
            found.append((file.path, "it has changes that are not committed"))
    return found


def _with_lf(file: SourceFile) -> SourceFile:
    return SourceFile.of(file.path, file.text.replace("\r\n", "\n").encode("utf-8"))
