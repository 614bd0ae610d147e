"""Collects the repositories of a folder: checkouts, bare clones, or plain directories."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from audits.collect.disk import ReadFault, dangling, is_within, leads_out
from audits.collect.errors import CollectError, WrongFolderError
from audits.collect.folder.files import REPOSITORY, printable_path, read_commit, read_tree
from audits.collect.folder.git import GitHead, GitRepository, git_repository, lacks
from audits.collect.folder.origin import remote_of
from audits.faults import crash_gap
from audits.model.errors import AuditError
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot

_PACKAGE_FILES = {
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "package.json",
    "Cargo.toml",
    "action.yml",
    "action.yaml",
}
_BARE = {"HEAD", "objects", "refs"}
_NO_LINKS = (
    "repositories of {}/* without a remote that confirms this owner and name get no links to "
    "their pages; name the owner by --org"
)
# Of a checkout nothing but links and dates is lost with these: its files are read all the same.
_ONLY_UNKNOWN = {GapReason.UNSUPPORTED, GapReason.NOT_FOUND}


def is_repository(path: Path) -> bool:
    """Whether a directory is a repository: ``.git``, ``.github``, root metadata, or bare.

    Raises ReadFault where it cannot be listed.
    """
    found = _names(path)
    return ".git" in found or found >= _BARE or _has_files(path, found)


def is_bare(path: Path) -> bool:
    """Whether a directory is a bare clone: it has git's own files, and none of a checkout's.

    A checkout may hold files of such names too; its own are read then.
    """
    try:
        found = _names(path)
    except ReadFault:
        return False
    return found >= _BARE and ".git" not in found and not _has_files(path, found)


def history(path: Path) -> AbstractContextManager[GitRepository | None]:
    """The git repository of a checkout or bare clone; None where there is none. Raises
    ReadFault where that is unknown.
    """
    return git_repository(path, bare=is_bare(path))


def _has_files(path: Path, found: set[str]) -> bool:
    """Whether there is ``.github``, or metadata at the root; what cannot be looked at counts."""
    if ".github" in found and not _is_plain_file(path / ".github"):
        return True
    return any(
        (name in _PACKAGE_FILES or name.endswith(".gemspec")) and not _is_folder(path / name)
        for name in found
    )


def _names(path: Path) -> set[str]:
    try:
        return set(os.listdir(path))  # noqa: PTH208 - names, and errors before the first of them
    except OSError as error:
        raise ReadFault.of(error) from error


def _is_plain_file(path: Path) -> bool:
    return stat.S_ISREG(_mode(path))


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(_mode(path))


def _mode(path: Path) -> int:
    """The mode of what is there, links followed; 0 where that is unknown."""
    try:
        return path.stat().st_mode
    except OSError:
        return 0


class Place(Struct, frozen=True):
    """A repository, and its directory: ``name`` in ``parent``. A folder may hold very many, and
    a `Path` of each takes more memory than all else that is known of it before it is read.
    """

    ref: RepositoryRef
    parent: Path
    name: str

    @property
    def path(self) -> Path:
        """The directory."""
        return self.parent / self.name


class _Children(Struct, frozen=True):
    """Directories of one parent, in the order of names, and the owner that they belong to."""

    parent: Path
    owner: str
    names: Sequence[str]


@dataclass(kw_only=True)
class FolderCollector:
    """Reads the repositories below a folder, one level down or, if only grandchildren are
    repositories, two (``owner/repository``).

    ``owner`` names the account they belong to; without it the folder's name does, or with two
    levels each parent's, and a repository has a ``host``, the web host for links, only where
    its own remote says the same. ``more`` are further such folders: of repositories with one
    name and owner the first counts, and a gap names the others. Symbolic links that lead out
    of the folder or of a repository are not followed. ``total`` is how many there are, once
    they were looked for.
    """

    folder: Path
    more: tuple[Path, ...] = ()
    owner: str = ""
    host: str = "github.com"
    total: int | None = field(default=None, init=False)
    _gaps: list[Gap] = field(default_factory=list, init=False)
    _found: list[Place] = field(default_factory=list, init=False)
    _gone: dict[str, Gap] = field(default_factory=dict, init=False)

    @property
    def source(self) -> str:
        """The folder's name, without where it lies on this machine."""
        names = [printable_path(f.resolve().name) for f in (self.folder, *self.more)]
        return f"folder{'s' if self.more else ''} {', '.join(names)}"

    def gaps(self) -> tuple[Gap, ...]:
        """Directories that were passed over or could not be read, and checkouts that are gone."""
        return (*self._gaps, *self._gone.values())

    @property
    def place(self) -> str:
        """What stands for the folders where it must not be written how they are called."""
        paths = sorted(str(folder.resolve()) for folder in (self.folder, *self.more))
        return sha256("\0".join(paths).encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def names(self) -> dict[str, list[str]]:
        """The names of the repositories that were found last, by their owner in lower case."""
        found: dict[str, list[str]] = {}
        for place in self._found:
            found.setdefault(place.ref.owner.lower(), []).append(place.ref.name)
        return found

    def look_for_gone(self, owner: str, before: Iterable[str]) -> None:
        """Find the repositories of an owner that an earlier listing of the same folders had and
        the last one has not, for `gone`. None is where a part of the folders was not read: what
        cannot be listed may be there.
        """
        if any(not gap.optional for gap in self._gaps):
            return
        there = {name.lower() for name in self.names().get(owner.lower(), [])}
        there |= {Path(gap.subject).name.lower() for gap in self._gaps}  # there, and passed over
        for name in before:
            if name.lower() not in there:
                slug = f"{owner}/{name}"
                self._gone[slug.lower()] = Gap(
                    subject=slug,
                    reason=GapReason.NOT_FOUND,
                    detail=f"{slug} is gone from the folder: it does not count any more.",
                    optional=True,
                )

    def gone(self, owner: str) -> tuple[str, ...]:
        """The names of an owner's repositories that are gone since an earlier scan."""
        return tuple(
            gap.subject.partition("/")[2]
            for slug, gap in self._gone.items()
            if slug.partition("/")[0] == owner.lower()
        )

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository once, in the order of names, as they were listed last.

        Raises CollectError where the folder cannot be read or holds no repository.
        """
        for place in self._found or self.repositories():
            yield read_apart(place.path, place.ref)

    def repositories(self) -> list[Place]:
        """The repositories with their directories, each name once."""
        self._gaps.clear()
        found: dict[str, Place] = {}
        for folder in (self.folder, *self.more):
            for place in self._inside(folder):
                first = found.setdefault(str(place.ref).lower(), place)
                if first is not place and first.path != place.path:
                    detail = (
                        f"{place.path} was not read: {first.path} is {place.ref} already; "
                        "rename one of them"
                    )
                    gap = Gap(subject=place.name, reason=GapReason.UNSUPPORTED, detail=detail)
                    self._gaps.append(gap)
        self._without_links(found.values())
        self.total = len(found)
        self._found = list(found.values())
        return self._found

    def clones(self) -> Iterator[tuple[RepositoryRef, Path]]:
        """The repositories that `repositories` finds, each with the path of its directory."""
        return ((place.ref, place.path) for place in self.repositories())

    def _inside(self, folder: Path) -> list[Place]:
        """The repositories below one folder."""
        if not folder.is_dir():
            raise WrongFolderError(
                f"{folder} is not a folder.", "Give the folder that holds the repositories."
            )
        try:
            children = self._directories(folder, folder)
        except ReadFault as fault:
            raise CollectError(f"{folder} {fault.said}.", f"{fault.advice.capitalize()}.") from None
        owner = self.owner or printable_path(folder.resolve().name)
        found = self._repositories(folder, [_Children(folder, owner, children)])
        if found:
            return found
        parents: list[_Children] = []
        for name in children:
            path = folder / name
            try:
                inner = self._directories(folder, path)
            except ReadFault as fault:
                self._gaps.append(fault.gap(_name(folder, path)))
            else:
                parents.append(_Children(path, self.owner or printable_path(name), inner))
        found = self._repositories(folder, parents)
        if found:
            return found
        unread = any(not gap.optional for gap in self._gaps)
        if not unread and _may_be_repository(folder):
            raise WrongFolderError(
                f"{folder} is a repository itself, and holds no others.",
                "Give the folder that it lies in; 'release-audit check PATH' audits it alone.",
            )
        raise (CollectError if unread else WrongFolderError)(
            f"{folder} holds no repository{' that can be read' if unread else ''}.",
            "A repository is a directory with .git, .github or package metadata; "
            "for a single one, use 'release-audit check PATH'.",
        )

    def _repositories(self, folder: Path, parents: Sequence[_Children]) -> list[Place]:
        """Those that are repositories, with those that may be and cannot be listed; nothing
        where none is one.
        """
        ignored: list[Path] = []
        found: list[tuple[_Children, str]] = []
        is_any = False
        for children in parents:
            for name in children.names:
                kind = _may_be_repository(children.parent / name)
                is_any = is_any or kind is True
                if kind is False:
                    ignored.append(children.parent / name)
                else:
                    found.append((children, name))
        if not is_any:
            return []
        self._ignored(folder, ignored)
        return [self._place(children, name) for children, name in found]

    def _directories(self, folder: Path, path: Path) -> list[str]:
        """The names of directories in ``path``, in their order; a gap for each link that cannot
        be followed, or leads out of ``folder``.
        """
        found = []
        # As the store orders owners, so that their numbers do not hang on how fast a scan is.
        for name in sorted(_names(path), key=lambda name: (name.lower(), name)):
            place = path / name
            if name[0] in "._":
                continue
            try:
                if stat.S_ISDIR(place.stat().st_mode):
                    if place.is_symlink() and not is_within(str(place), str(folder)):
                        raise leads_out("the folder")
                    found.append(name)
            except ReadFault as fault:
                self._gaps.append(fault.gap(_name(folder, place)))
            except FileNotFoundError:
                self._gaps.append(dangling().gap(_name(folder, place)))
            except OSError as error:
                self._gaps.append(ReadFault.of(error).gap(_name(folder, place)))
        return found

    def _place(self, children: _Children, name: str) -> Place:
        path = children.parent / name
        return Place(self._ref(children.owner, path), children.parent, name)

    def _ref(self, owner: str, path: Path) -> RepositoryRef:
        """The repository's name; its host is known where the owner is given or its own remote
        agrees.
        """
        name = printable_path(path.name).removesuffix(".git")
        ref = RepositoryRef(owner=owner, name=name, host=self.host if self.owner else "")
        remote = None if self.owner else remote_of(path, bare=is_bare(path))
        if remote is not None and str(remote).lower() == str(ref).lower():
            return remote
        return ref

    def _ignored(self, folder: Path, paths: Iterable[Path]) -> None:
        for path in paths:
            name = _name(folder, path)
            detail = f"{name} was passed over: it has no .git, .github or package metadata"
            self._gaps.append(
                Gap(subject=name, reason=GapReason.UNSUPPORTED, detail=detail, optional=True)
            )

    def _without_links(self, places: Iterable[Place]) -> None:
        """Say once of each owner that it is only guessed for some of its repositories."""
        for owner in dict.fromkeys(place.ref.owner for place in places if not place.ref.host):
            gap = Gap(
                subject=f"{owner}/*",
                reason=GapReason.NOT_FOUND,
                detail=_NO_LINKS.format(owner),
                optional=True,
            )
            self._gaps.append(gap)


def _name(folder: Path, path: Path) -> str:
    return printable_path(path.relative_to(folder).as_posix())


def _may_be_repository(path: Path) -> bool | None:
    """Whether a directory is a repository; None where that is unknown."""
    try:
        return is_repository(path)
    except ReadFault:
        return None


def read_apart(path: Path, ref: RepositoryRef) -> Snapshot:
    """`read_folder`; where this program fails on the repository, a snapshot that says so."""
    try:
        return read_folder(path, ref)
    except AuditError as error:
        gap = Gap(subject=REPOSITORY, reason=GapReason.UNAVAILABLE, detail=str(error))
        return Snapshot(ref=ref, gaps=(gap,))
    except Exception as error:
        return Snapshot(ref=ref, gaps=(crash_gap(error, f"reading {ref}"),))


def read_folder(path: Path, ref: RepositoryRef) -> Snapshot:
    """The snapshot of one repository on disk: its working tree, or HEAD of a bare clone.

    ``branch`` is "" where HEAD is on none, or that is unknown.
    """
    return _read_bare(path, ref) if is_bare(path) else _read_tree(path, ref)


def _read_tree(path: Path, ref: RepositoryRef) -> Snapshot:
    """A working tree's files, and what HEAD is."""
    head, when = GitHead(), None
    files, gaps, unread = read_tree(path)
    try:
        with git_repository(path) as repository:
            if repository is not None:
                head = repository.head()
                when = repository.commit(head.commit).committed_at if head.commit else None
    except ReadFault as fault:
        optional = fault.reason in _ONLY_UNKNOWN
        gaps = (*gaps, fault.gap(".git", optional=optional))
    return Snapshot(
        ref=ref,
        commit=head.commit,
        branch=head.branch,
        committed_at=when,
        files=files,
        gaps=gaps,
        unread=unread,
    )


def _read_bare(path: Path, ref: RepositoryRef) -> Snapshot:
    """The files of a bare clone's HEAD; a gap on all of it where that cannot be read."""
    try:
        with git_repository(path, bare=True) as repository:
            return _read_head(repository, ref) if repository else Snapshot(ref=ref)
    except ReadFault as fault:
        name = printable_path(path.resolve().name)
        return Snapshot(ref=ref, branch="", gaps=(fault.gap(name, subject=REPOSITORY),))


def _read_head(repository: GitRepository, ref: RepositoryRef) -> Snapshot:
    head = repository.head()
    if not head.commit:
        if repository.is_unborn():
            return Snapshot(ref=ref, branch=head.branch)
        said = "has a HEAD that names a branch without a commit"
        advice = "name one that has: git symbolic-ref HEAD refs/heads/NAME"
        raise ReadFault(GapReason.INVALID, said, advice)
    try:
        commit = repository.commit(head.commit)
        files, gaps, unread = read_commit(repository, commit.tree)
    except ReadFault as fault:
        raise lacks(repository, fault) from fault
    return Snapshot(
        ref=ref,
        commit=head.commit,
        branch=head.branch,
        committed_at=commit.committed_at,
        files=files,
        gaps=gaps,
        unread=unread,
    )
