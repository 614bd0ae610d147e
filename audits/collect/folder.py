"""Repositories in a folder: checkouts, bare clones, or plain directories of their files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from audits.collect.errors import CollectError
from audits.collect.folder_files import entries, read_files
from audits.collect.git import git
from audits.faults import crash_gap
from audits.model.errors import AuditError
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot

_PACKAGE_FILES = {
    "pyproject.toml", "setup.py", "setup.cfg", "package.json", "Cargo.toml",
    "action.yml", "action.yaml",
}  # fmt: skip
_COMMITTER = re.compile(rb"^committer .*> (?P<seconds>\d{1,12}) (?P<zone>[+-]\d{4})$", re.MULTILINE)
_BARE = {"HEAD", "objects", "refs"}


def is_repository(path: Path) -> bool:
    """Whether a directory is a repository: ``.git``, ``.github``, root metadata, or bare."""
    found = {entry.name: entry for entry in entries(path)}
    if ".git" in found or found.keys() >= _BARE:
        return True
    if ".github" in found and found[".github"].is_dir():
        return True
    return any(
        entry.is_file()
        for name, entry in found.items()
        if name in _PACKAGE_FILES or name.endswith(".gemspec")
    )


def has_history(path: Path) -> bool:
    """Whether git can be asked about the repository: a checkout or a bare clone."""
    return (path / ".git").exists() or _is_bare(path)


def _is_bare(path: Path) -> bool:
    return all((path / part).exists() for part in sorted(_BARE))


def _directories(path: Path) -> list[Path]:
    inside = (entry for entry in entries(path) if entry.name[0] not in "._" and entry.is_dir())
    return [path / name for name in sorted(entry.name for entry in inside)]


@dataclass(kw_only=True)
class FolderCollector:
    """Reads the repositories below a folder, one level down or, if only grandchildren are
    repositories, two (``owner/repository``).

    ``owner`` names the account they belong to; without it the folder's name does, or with two
    levels each parent's. ``more`` are further such folders: of repositories with one name and
    owner the first counts, and a gap names the others. ``host`` is the web host for links. Symbolic links that lead out of a
    repository are not followed.
    """

    folder: Path
    more: tuple[Path, ...] = ()
    owner: str = ""
    host: str = "github.com"
    _gaps: list[Gap] = field(default_factory=list, init=False)

    @property
    def source(self) -> str:
        """The folder's name, without where it lies on this machine."""
        names = [folder.resolve().name for folder in (self.folder, *self.more)]
        return f"folder{'s' if self.more else ''} {', '.join(names)}"

    def gaps(self) -> tuple[Gap, ...]:
        """Directories that were passed over."""
        return tuple(self._gaps)

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository once, in the order of names.

        Raises CollectError where the folder cannot be read or holds no repository.
        """
        found = self.repositories()
        for ref, path in found:
            yield read_apart(path, ref)

    def repositories(self) -> list[tuple[RepositoryRef, Path]]:
        """The repositories with their directories, each name once."""
        self._gaps.clear()
        found: dict[str, tuple[RepositoryRef, Path]] = {}
        for folder in (self.folder, *self.more):
            for ref, path in self._inside(folder):
                first = found.setdefault(str(ref).lower(), (ref, path))
                if first[1] != path:
                    detail = f"{path} was not read: {first[1]} is {ref} already; rename one of them"
                    gap = Gap(subject=path.name, reason=GapReason.UNSUPPORTED, detail=detail)
                    self._gaps.append(gap)
        return list(found.values())

    def _inside(self, folder: Path) -> list[tuple[RepositoryRef, Path]]:
        """The repositories below one folder."""
        if not folder.is_dir():
            raise CollectError(
                f"{folder} is not a folder.", "Give the folder that holds the repositories."
            )
        children = _directories(folder)
        direct = [path for path in children if is_repository(path)]
        if direct:
            owner = self.owner or folder.resolve().name
            self._ignored(folder, [path for path in children if path not in direct])
            return [(self._ref(owner, path), path) for path in direct]
        nested = [inner for path in children for inner in _directories(path)]
        found = [
            (self._ref(self.owner or path.parent.name, path), path)
            for path in nested
            if is_repository(path)
        ]
        if not found:
            raise CollectError(
                f"{folder} holds no repository.",
                "A repository is a directory with .git, .github or package metadata; "
                "for a single one, use 'release-audit check PATH'.",
            )
        read = {path for _, path in found}
        self._ignored(folder, [path for path in nested if path not in read])
        return found

    def _ref(self, owner: str, path: Path) -> RepositoryRef:
        return RepositoryRef(owner=owner, name=path.name.removesuffix(".git"), host=self.host)

    def _ignored(self, folder: Path, paths: list[Path]) -> None:
        for path in paths:
            name = path.relative_to(folder).as_posix()
            detail = f"{name} was passed over: it has no .git, .github or package metadata"
            self._gaps.append(
                Gap(subject=name, reason=GapReason.UNSUPPORTED, detail=detail, optional=True)
            )


def read_apart(path: Path, ref: RepositoryRef) -> Snapshot:
    """`read_folder`; where this program fails on the repository, a snapshot that says so."""
    try:
        return read_folder(path, ref)
    except AuditError as error:
        gap = Gap(subject="repository", reason=GapReason.UNAVAILABLE, detail=str(error))
        return Snapshot(ref=ref, gaps=(gap,))
    except Exception as error:
        return Snapshot(ref=ref, gaps=(crash_gap(error, f"reading {ref}"),))


def read_folder(path: Path, ref: RepositoryRef) -> Snapshot:
    """The snapshot of one repository on disk: its working tree, or HEAD of a bare clone."""
    commit, branch, when = _git_facts(path)
    files, gaps = read_files(path, bare=_is_bare(path))
    return Snapshot(
        ref=ref, commit=commit, branch=branch or "main", committed_at=when,
        files=files, gaps=gaps,
    )  # fmt: skip


def _git_facts(path: Path) -> tuple[str, str, datetime | None]:
    """Commit, branch and commit time of HEAD; empty where git cannot tell."""
    if not has_history(path):
        return "", "", None
    commit = git(path, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    content = git(path, "cat-file", "commit", "HEAD") if commit else None
    if not commit or content is None:
        return "", "", None
    head = git(path, "symbolic-ref", "--quiet", "HEAD") or b""
    _, _, branch = head.decode("utf-8", "replace").strip().partition("refs/heads/")
    return commit.decode("ascii", "replace").strip(), branch, _committed_at(content)


def _committed_at(commit: bytes) -> datetime | None:
    """The time of the ``committer`` line of a commit object, None where it has no usable one."""
    found = _COMMITTER.search(commit.partition(b"\n\n")[0])
    if found is None:
        return None
    sign = -1 if found["zone"][:1] == b"-" else 1
    hours, minutes = int(found["zone"][1:3]), int(found["zone"][3:])
    try:
        zone = timezone(sign * timedelta(hours=hours, minutes=minutes))
        return datetime.fromtimestamp(int(found["seconds"]), zone)
    except (ValueError, OverflowError, OSError):
        return None
