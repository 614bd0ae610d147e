"""Reads the wanted files of a repository on disk, from its tree or a bare clone's HEAD.

What is not there is no gap; whatever is there and could not be read is one, and costs no
other file.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple, Protocol

from audits.collect.disk import (
    ReadFault,
    dangling,
    is_within,
    leads_out,
    no_file,
    read_regular,
    too_large,
)
from audits.collect.folder.git import GitRepository, lacks
from audits.collect.folder.git_objects import FOLDER, SUBMODULE, GitTreeEntry
from audits.collect.further_files import MOST_BYTES, Further, Leads
from audits.collect.paths import (
    ACTIONS,
    MAX_BYTES,
    PACKAGE_FILE,
    WORKFLOWS,
    action_files,
    is_code_owners,
    local_references,
    may_hold_package,
    most_bytes,
    wanted,
)
from audits.model.code_owners import PLACES
from audits.model.source import Gap, GapReason, SourceFile
from audits.model.storable import storable

REPOSITORY = "repository"
"""The subject of a gap on all that a repository holds."""

_LOCAL_ROUNDS = 5
_DEEPEST_ACTION, _MOST_ACTION_FOLDERS = 20, 1000
_CONTROL = frozenset(map(chr, (*range(32), 127)))


class FilesRead(NamedTuple):
    """What was read, what is amiss, and as `Snapshot.unread` what workflows may lead to."""

    files: tuple[SourceFile, ...]
    gaps: tuple[Gap, ...]
    unread: tuple[Gap, ...]


class _Kind(Enum):
    """What a name in a folder stands for."""

    FOLDER = auto()
    LINK = auto()
    OTHER = auto()


class _FileSource(Protocol):
    """Where files lie; every method raises ReadFault for what is there and cannot be read."""

    def names(self, folder: str) -> Mapping[str, _Kind]:
        """What a folder holds ("" is the root); nothing where there is no such folder."""

    def content(self, path: str) -> bytes | None:
        """A file's content; None where there is no such file."""


def read_tree(root: str | os.PathLike[str]) -> FilesRead:
    """The files of a working tree, or of any directory of files, that are wanted, with those
    that local actions and workflows name, and what is amiss with them.
    """
    return _FolderReading(_Tree(os.fspath(root))).read()


def read_commit(repository: GitRepository, tree: str) -> FilesRead:
    """The same files of a commit, whose folder is the object ``tree``."""
    return _FolderReading(_Commit(repository, tree)).read()


@dataclass
class _FolderReading:
    """One reading of a repository: the files that were read, and what was not."""

    place: _FileSource
    files: dict[str, SourceFile] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)
    behind_links: set[str] = field(default_factory=set)
    """Paths in folders that are links, which few packages are: nobody asked for these."""
    leads: Leads = field(default_factory=Leads)
    unread: dict[str, Gap] = field(default_factory=dict)

    def read(self) -> FilesRead:
        tried: set[str] = set()
        pending = sorted(filter(wanted, self._paths()))
        further: tuple[str, ...] = ()
        for _ in range(_LOCAL_ROUNDS):
            for path in pending:
                self._one(path)
            tried.update(pending)
            further = self._further((*pending, *further))
            tried.update(further)
            pending = sorted(self._named(pending) - tried)
            if not pending and not further:
                break
        files = tuple(self.files[path] for path in sorted(self.files))
        return FilesRead(files, tuple(self.gaps.values()), tuple(self.unread.values()))

    def _further(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Read what these files lead to; what cannot be read may matter to nobody."""
        for path in paths:
            if (shown := printable_path(path)) in self.files:
                self.leads.take(path, self.files[shown].text)
        found = self.leads.further()
        while found.folders:
            for folder in found.folders:
                self.leads.listed(folder, self._listing(folder))
            more = self.leads.further()
            found = Further(files=(*found.files, *more.files), folders=more.folders)
        for path in found.files:
            if printable_path(path) not in self.files:
                self._one(path, MOST_BYTES)
        return found.files

    def _listing(self, folder: str) -> Mapping[str, bool]:
        try:
            found = self.place.names(folder)
        except ReadFault:
            return {}
        return {name: kind is _Kind.FOLDER for name, kind in found.items()}

    def _paths(self) -> Iterator[str]:
        """What may be wanted by where it lies."""
        top = self._names("")
        self.leads.listed("", {name: kind is _Kind.FOLDER for name, kind in top.items()})
        yield from top
        inside: list[str] = []
        if ".github" in top or "" in self.gaps:
            inside = [f".github/{name}" for name in self._names(".github")]
            yield from inside
            yield from (f"{WORKFLOWS}/{name}" for name in self._names(WORKFLOWS))
            yield from self._actions()
        is_folder = top.get("docs") is _Kind.FOLDER
        if is_folder and PLACES[0] not in inside and PLACES[1] not in top:
            yield PLACES[2]
        for name, kind in top.items():
            if kind is not _Kind.OTHER and may_hold_package(name):
                path = f"{name}/{PACKAGE_FILE}"
                if kind is _Kind.LINK:
                    self.behind_links.add(path)
                yield path

    def _actions(self) -> Iterator[str]:
        """All paths below the folder of actions; links to folders are followed where a
        workflow names them.
        """
        pending = [ACTIONS]
        for folder in pending:
            if len(pending) > _MOST_ACTION_FOLDERS or folder.count("/") > _DEEPEST_ACTION:
                said = "holds more folders than are read"
                self._fault(ACTIONS, ReadFault(GapReason.TOO_LARGE, said, "keep fewer there"))
                return
            for name, kind in self._names(folder).items():
                path = f"{folder}/{name}"
                if kind is _Kind.FOLDER:
                    pending.append(path)
                else:
                    yield path

    def _names(self, folder: str) -> Mapping[str, _Kind]:
        try:
            return self.place.names(folder)
        except ReadFault as fault:
            self._fault(folder, fault)
            return {}

    def _named(self, paths: Sequence[str]) -> set[str]:
        """The files that local ``uses:`` of these name."""
        texts = [
            self.files[shown].text
            for path, shown in zip(paths, map(printable_path, paths), strict=True)
            if shown in self.files and (path.startswith(".github/") or "action.y" in path)
        ]
        named = {place for text in texts for place in local_references(text)}
        return {p for place in named for p in action_files(place)} | {
            p for p in named if p.endswith((".yml", ".yaml"))
        }

    def _one(self, path: str, limit: int = MAX_BYTES) -> None:
        """Read a file; with a smaller ``limit`` it is one that may matter to nobody."""
        fault: ReadFault | None = None
        try:
            content = self.place.content(path)
            most = min(limit, most_bytes(path))
            if content is not None and len(content) > most:
                raise too_large(most)
            if content is not None:
                self._keep(path, content)
        except UnicodeDecodeError:
            said, advice = "is not UTF-8 text", "save it as UTF-8"
            fault = ReadFault(GapReason.INVALID, said, advice)
        except ReadFault as error:
            fault = error
        if fault is not None and limit < MAX_BYTES:
            shown = printable_path(path)
            self.unread.setdefault(path, fault.gap(shown, subject=shown))
        elif fault is not None:
            self._fault(path, fault)

    def _keep(self, path: str, content: bytes) -> None:
        shown = printable_path(path)
        if shown in self.files:
            said = "has a name like another file's, so that it was not read"
            raise ReadFault(GapReason.INVALID, said, "rename it")
        self.files[shown] = SourceFile.of(shown, content)
        if shown != path:
            said = "has a name with characters that links and outputs cannot hold as they are"
            fault = ReadFault(GapReason.INVALID, said, "rename it")
            self.gaps.setdefault(path, fault.gap(shown, optional=True))

    def _fault(self, path: str, fault: ReadFault) -> None:
        """A gap for a path, unless a folder above it is one for the same reason."""
        above = path
        while above:
            above = above.rpartition("/")[0]
            if above in self.gaps and self.gaps[above].reason is fault.reason:
                return
        shown = printable_path(path)
        gap = fault.gap(
            shown or "The repository's folder",
            subject=shown or REPOSITORY,
            optional=path in self.behind_links or is_code_owners(path),
        )
        self.gaps.setdefault(path, gap)


def printable_path(path: str) -> str:
    r"""A path as text that every output can hold: bytes that are not UTF-8 and control
    characters are written out, as ``\udcff`` and ``\x0a``.
    """
    if path.isascii() and path.isprintable():
        return path
    return "".join(f"\\x{ord(c):02x}" if c in _CONTROL else c for c in storable(path))


class _Tree:
    """A working tree, or any directory of files. Links within it are followed.

    Paths are text here: as objects they take most of the time of reading a folder.
    """

    def __init__(self, root: str) -> None:
        self.top = os.path.join(root, "")
        self.real = os.path.join(os.path.realpath(root), "")
        self._inside: dict[str, bool] = {"": True}

    def names(self, folder: str) -> Mapping[str, _Kind]:
        place = self.top + folder
        if not self._is_inside(folder):
            raise leads_out()
        try:
            with os.scandir(place) as found:
                return {entry.name: _kind(entry) for entry in found}
        except FileNotFoundError as error:
            if os.path.islink(place):
                raise dangling() from error
        except NotADirectoryError as error:
            mode = _mode(place)
            if mode is not None and not stat.S_ISREG(mode):
                raise no_file(mode) from error
        except OSError as error:
            raise ReadFault.of(error) from error
        return {}

    def content(self, path: str) -> bytes | None:
        place = self.top + path
        if "\0" in path:
            return None
        if not self._is_inside(path):
            if os.path.lexists(place):
                raise leads_out()
            return None
        content = read_regular(place, MAX_BYTES)
        if content is None and os.path.islink(place) and not os.path.exists(place):
            raise dangling()
        return content

    def _is_inside(self, path: str) -> bool:
        """Whether no symbolic link on the way leads out of the repository."""
        if path not in self._inside:
            place = self.top + path
            if ".." in path or os.path.islink(place):
                self._inside[path] = is_within(place, self.real)
            else:
                self._inside[path] = self._is_inside(path.rpartition("/")[0])
        return self._inside[path]


def _mode(place: str) -> int | None:
    """What kind of file lies there; None where nothing can, for a file stands above it."""
    try:
        return os.stat(place).st_mode
    except NotADirectoryError:
        return None


def _kind(entry: os.DirEntry[str]) -> _Kind:
    if entry.is_symlink():
        return _Kind.LINK
    return _Kind.FOLDER if entry.is_dir(follow_symlinks=False) else _Kind.OTHER


@dataclass
class _Commit:
    """A commit of a bare clone. Links and submodules are not followed, as by GitHub's API."""

    repository: GitRepository
    tree: str

    def names(self, folder: str) -> Mapping[str, _Kind]:
        try:
            found = self._at(folder)
            if found is None or not _is_followed(found) or not found.is_folder:
                return {}
            inside = self.repository.objects.tree(found.oid)
        except ReadFault as fault:
            raise lacks(self.repository, fault) from fault
        return {
            name: _Kind.FOLDER if entry.is_folder else _Kind.OTHER for name, entry in inside.items()
        }

    def content(self, path: str) -> bytes | None:
        path = posixpath.normpath(path)
        try:
            found = self._at(path)
            if found is None or not _is_followed(found) or found.is_folder:
                return None
            return self.repository.objects.blob(found.oid)
        except ReadFault as fault:
            raise lacks(self.repository, fault) from fault

    def _at(self, path: str) -> GitTreeEntry | None:
        root = GitTreeEntry(FOLDER, self.tree)
        return self.repository.objects.at(self.tree, path) if path else root


def _is_followed(entry: GitTreeEntry) -> bool:
    """True; ReadFault for a link or a submodule."""
    if entry.is_file or entry.is_folder:
        return True
    what = "a submodule" if entry.mode == SUBMODULE else "a symbolic link"
    said = f"is {what}, which is not followed"
    raise ReadFault(GapReason.UNSUPPORTED, said, "put the file itself there")
