"""The wanted files of a repository on disk: a working tree's, or those of a bare clone's HEAD."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from audits.collect.git import git
from audits.collect.paths import (
    ACTIONS,
    MAX_BYTES,
    PACKAGE_FILE,
    WORKFLOWS,
    action_files,
    local_references,
    may_hold_package,
    wanted,
)
from audits.model.source import Gap, GapReason, SourceFile

_LOCAL_ROUNDS = 5
_NO_HEAD = (
    "git cannot list HEAD of this bare clone: git is missing, or HEAD names no commit, or objects "
    "are broken; install git, or clone the repository again"
)


def read_files(root: Path, *, bare: bool) -> tuple[tuple[SourceFile, ...], tuple[Gap, ...]]:
    """The files of a repository that are wanted, with those that local actions and workflows
    name, and what is amiss with them.
    """
    reader: _FilesReader = _BareReader(root) if bare else _TreeReader(root)
    return reader.read()


class _FilesReader:
    """Reads the wanted files of a repository; `paths` and `content` differ by where it lies.
    ``listed`` are paths that git has for certain.
    """

    listed: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.faults: list[Gap] = []

    def paths(self) -> list[str]:
        raise NotImplementedError

    def content(self, path: str) -> bytes | None:
        raise NotImplementedError

    def read(self) -> tuple[tuple[SourceFile, ...], tuple[Gap, ...]]:
        files: dict[str, SourceFile] = {}
        gaps: list[Gap] = []
        tried: set[str] = set()
        pending = self.paths()
        for _ in range(_LOCAL_ROUNDS):
            for path in pending:
                self._one(path, files, gaps)
            tried.update(pending)
            texts = [
                files[path].text
                for path in pending
                if path in files and (path.startswith(".github/") or "action.y" in path)
            ]
            named = {place for text in texts for place in local_references(text)}
            asked = {p for place in named for p in action_files(place)} | {
                p for p in named if p.endswith((".yml", ".yaml"))
            }
            pending = sorted(asked - tried)
            if not pending:
                break
        return tuple(files[path] for path in sorted(files)), (*self.faults, *gaps)

    def _one(self, path: str, files: dict[str, SourceFile], gaps: list[Gap]) -> None:
        content = self.content(path)
        if content is None:
            if path in self.listed:
                detail = f"{path} is not in this partial clone; clone it without --filter"
                gaps.append(Gap(subject=path, reason=GapReason.NOT_FOUND, detail=detail))
            return
        if len(content) > MAX_BYTES:
            detail = f"{path} is larger than {MAX_BYTES // 1024} KiB and was not read; split it"
            gaps.append(Gap(subject=path, reason=GapReason.TOO_LARGE, detail=detail))
            return
        try:
            files[path] = SourceFile.of(path, content)
        except UnicodeDecodeError:
            detail = f"{path} is not UTF-8 text; save it as UTF-8"
            gaps.append(Gap(subject=path, reason=GapReason.INVALID, detail=detail))


class _TreeReader(_FilesReader):
    """Reads a working tree, or any directory of files.

    Paths are text here: as objects they take most of the time of reading a folder.
    """

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.top = os.path.join(root, "")
        self.real = os.path.join(os.path.realpath(root), "")
        self._inside: dict[str, bool] = {"": True}

    def paths(self) -> list[str]:
        top, github = self._entries(""), self._entries(".github")
        names = [entry.name for entry in top if entry.is_file()]
        names += [f".github/{entry.name}" for entry in github if entry.is_file()]
        below = {f".github/{entry.name}" for entry in github if entry.is_dir()}
        if WORKFLOWS in below:
            found = self._entries(WORKFLOWS)
            names += [f"{WORKFLOWS}/{entry.name}" for entry in found if entry.is_file()]
        if ACTIONS in below:
            for folder, _, inside in os.walk(self.top + ACTIONS):
                place = Path(folder).relative_to(self.top).as_posix()
                names += [f"{place}/{name}" for name in inside]
        names += [
            f"{entry.name}/{PACKAGE_FILE}"
            for entry in top
            if may_hold_package(entry.name) and entry.is_dir()
        ]
        return sorted(name for name in names if wanted(name))

    def _entries(self, path: str) -> list[os.DirEntry[str]]:
        """What a directory holds; a gap where it is there and cannot be listed."""
        try:
            with os.scandir(self.top + path) as found:
                return list(found)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self.faults.append(_unreadable(path or WORKFLOWS, error))
            return []

    def content(self, path: str) -> bytes | None:
        place = self.top + path
        try:
            found = os.lstat(place)
            if stat.S_ISLNK(found.st_mode):
                found = os.stat(place)
            # Whatever else there is may make its reader wait.
            if not stat.S_ISREG(found.st_mode) or not self._is_inside(path):
                return None
            with open(place, "rb", buffering=0) as stream:
                return stream.read(min(found.st_size, MAX_BYTES) + 1)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None  # absent; ValueError: a name with a NUL byte, which no file has
        except OSError as error:
            self.faults.append(_unreadable(path, error))
            return None

    def _is_inside(self, path: str) -> bool:
        """Whether no symbolic link on the way leads out of the repository."""
        if path not in self._inside:
            place = self.top + path
            if ".." in path or os.path.islink(place):
                real = os.path.join(os.path.realpath(place), "")
                self._inside[path] = real.startswith(self.real)
            else:
                self._inside[path] = self._is_inside(path.rpartition("/")[0])
        return self._inside[path]


def _unreadable(path: str, error: OSError) -> Gap:
    reason = GapReason.FORBIDDEN if isinstance(error, PermissionError) else GapReason.UNAVAILABLE
    detail = f"{path} cannot be read ({error.strerror}); give the user who runs this the right"
    return Gap(subject=path, reason=reason, detail=detail)


def entries(folder: str | Path) -> list[os.DirEntry[str]]:
    """What a directory holds, in no order; nothing where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


class _BareReader(_FilesReader):
    """Reads HEAD of a bare clone through git."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root

    def paths(self) -> list[str]:
        listed = git(self.root, "ls-tree", "-r", "-z", "--full-tree", "--name-only", "HEAD")
        if listed is None:
            self.faults.append(
                Gap(subject=WORKFLOWS, reason=GapReason.UNAVAILABLE, detail=_NO_HEAD)
            )
            return []
        names = listed.decode("utf-8", "replace").split("\0")
        self.listed = frozenset(name for name in names if wanted(name))
        return sorted(self.listed)

    def content(self, path: str) -> bytes | None:
        return git(self.root, "cat-file", "blob", f"HEAD:{path}")
