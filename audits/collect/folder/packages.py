"""Reads the package metadata of a checkout, down to its packages' own folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from audits.collect.disk import ReadFault, read_regular
from audits.collect.folder.files import printable_path
from audits.collect.paths import MAX_BYTES, NEVER_PACKAGES
from audits.model.source import Gap, GapReason, SourceFile

_DEPTH = 2
"""``crates/core/Cargo.toml`` and ``src/Core/Core.csproj`` lie so deep."""

_MOST_FOLDERS = 400
_METADATA = frozenset(
    {"pyproject.toml", "setup.cfg", "setup.py", "package.json", "Cargo.toml", "meson.build"}
)
_ENDINGS = (".gemspec", ".csproj", ".fsproj", ".vbproj")
_NEVER = NEVER_PACKAGES | {"node_modules", "target", "dist", "build", "vendor", "venv", "site"}


class PackageFiles(Struct, frozen=True, kw_only=True):
    """The metadata of a checkout's packages; ``names`` are the paths of all files seen on the
    way, and ``gaps`` what could not be read or was not looked at.
    """

    files: tuple[SourceFile, ...] = ()
    names: frozenset[str] = frozenset()
    gaps: tuple[Gap, ...] = ()


def read_package_files(root: Path, folder: str = "") -> PackageFiles:
    """The metadata at the root and two folders down, and that of ``folder``, wherever it lies.
    Symbolic links are not followed: what they lead to is no package of its own.
    """
    files: list[SourceFile] = []
    gaps: list[Gap] = []
    names: set[str] = set()
    for path in _paths(root, folder, gaps):
        names.add(path)
        name = path.rpartition("/")[2]
        if name in _METADATA or name.endswith(_ENDINGS):
            try:
                content = read_regular(str(root / path), MAX_BYTES)
                if content is not None:
                    files.append(SourceFile.of(path, content))
            except UnicodeDecodeError:
                fault = ReadFault(GapReason.INVALID, "is not UTF-8 text", "save it as UTF-8")
                gaps.append(fault.gap(path))
            except ReadFault as fault:
                gaps.append(fault.gap(path))
    return PackageFiles(files=tuple(files), names=frozenset(names), gaps=tuple(gaps))


def _paths(root: Path, wanted: str, gaps: list[Gap]) -> Iterator[str]:
    """The plain files of the folders that may hold a package, in order."""
    folders = list(dict.fromkeys(("", wanted)))
    for folder in folders:
        if len(folders) > _MOST_FOLDERS:
            fault = ReadFault(GapReason.TOO_LARGE, "has more folders than are read", "name one")
            gaps.append(fault.gap("The repository", optional=True))
            return
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError as error:
            gaps.append(ReadFault.of(error).gap(folder or "The repository"))
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if printable_path(path) != path or entry.is_symlink():
                continue
            if entry.is_file(follow_symlinks=False):
                yield path
            elif path != wanted and path.count("/") < _DEPTH and _may_hold_package(entry.name):
                folders.append(path)


def _may_hold_package(name: str) -> bool:
    return not name.startswith((".", "_")) and name.lower() not in _NEVER
