"""Repositories in a folder: checkouts, bare clones, or plain directories of their files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from audits.collect.errors import CollectError
from audits.collect.git import git
from audits.collect.paths import (
    ACTIONS,
    MAX_BYTES,
    WORKFLOWS,
    action_files,
    local_references,
    may_hold_package,
    wanted,
)
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile

_PACKAGE_FILES = (
    "pyproject.toml", "setup.py", "setup.cfg", "package.json", "Cargo.toml",
    "action.yml", "action.yaml",
)  # fmt: skip
_LOCAL_ROUNDS = 5


def is_repository(path: Path) -> bool:
    """Whether a directory is a repository: ``.git``, ``.github``, root metadata, or bare."""
    if (path / ".git").exists() or (path / ".github").is_dir() or _is_bare(path):
        return True
    return any((path / name).is_file() for name in _PACKAGE_FILES) or any(path.glob("*.gemspec"))


def has_history(path: Path) -> bool:
    """Whether git can be asked about the repository: a checkout or a bare clone."""
    return (path / ".git").exists() or _is_bare(path)


def _is_bare(path: Path) -> bool:
    return all((path / part).exists() for part in ("HEAD", "objects", "refs"))


def _directories(path: Path) -> list[Path]:
    try:
        return sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] not in "._")
    except OSError:
        return []


@dataclass(kw_only=True)
class FolderCollector:
    """Reads the repositories below a folder, one level down or, if only grandchildren are
    repositories, two (``owner/repository``).

    ``owner`` names the account they belong to; without it the folder's name does, or with two
    levels each parent's. ``host`` is the web host for links. Symbolic links that lead out of a
    repository are not followed.
    """

    folder: Path
    owner: str = ""
    host: str = "github.com"
    _gaps: list[Gap] = field(default_factory=list, init=False)

    @property
    def source(self) -> str:
        """The folder's name, without where it lies on this machine."""
        return f"folder {self.folder.resolve().name}"

    def gaps(self) -> tuple[Gap, ...]:
        """Directories that were passed over."""
        return tuple(self._gaps)

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository once, in the order of names.

        Raises CollectError where the folder cannot be read or holds no repository.
        """
        found = self.repositories()
        for ref, path in found:
            yield read_folder(path, ref)

    def repositories(self) -> list[tuple[RepositoryRef, Path]]:
        """The repositories with their directories."""
        if not self.folder.is_dir():
            raise CollectError(
                f"{self.folder} is not a folder.", "Give the folder that holds the repositories."
            )
        self._gaps.clear()
        children = _directories(self.folder)
        direct = [path for path in children if is_repository(path)]
        if direct:
            owner = self.owner or self.folder.resolve().name
            self._ignored([path for path in children if path not in direct])
            return [(self._ref(owner, path), path) for path in direct]
        nested = [(path, inner) for path in children for inner in _directories(path)]
        found = [
            (self._ref(self.owner or parent.name, path), path)
            for parent, path in nested
            if is_repository(path)
        ]
        if not found:
            raise CollectError(
                f"{self.folder} holds no repository.",
                "A repository is a directory with .git, .github or package metadata; "
                "for a single one, use 'release-audit check PATH'.",
            )
        self._ignored([path for _, path in nested if not is_repository(path)])
        return found

    def _ref(self, owner: str, path: Path) -> RepositoryRef:
        return RepositoryRef(owner=owner, name=path.name.removesuffix(".git"), host=self.host)

    def _ignored(self, paths: list[Path]) -> None:
        for path in paths:
            name = path.relative_to(self.folder).as_posix()
            detail = f"{name} was passed over: it has no .git, .github or package metadata"
            self._gaps.append(Gap(subject=name, reason=GapReason.UNSUPPORTED, detail=detail))


def read_folder(path: Path, ref: RepositoryRef) -> Snapshot:
    """The snapshot of one repository on disk: its working tree, or HEAD of a bare clone."""
    commit, branch, when = _git_facts(path)
    reader: _Reader = _BareReader(path) if _is_bare(path) else _TreeReader(path)
    files, gaps = reader.read()
    return Snapshot(
        ref=ref, commit=commit, branch=branch or "main", committed_at=when,
        files=files, gaps=gaps,
    )  # fmt: skip


def _git_facts(path: Path) -> tuple[str, str, datetime | None]:
    """Commit, branch and commit time of HEAD; empty where git cannot tell."""
    if not has_history(path):
        return "", "", None
    answer = git(path, "log", "-1", "--format=%H%n%cI%n%D", "--decorate=full")
    lines = answer.decode("utf-8", "replace").splitlines() if answer else []
    if len(lines) < 2:
        return "", "", None
    head = lines[2].split(",")[0] if len(lines) > 2 else ""
    _, arrow, branch = head.partition("HEAD -> refs/heads/")
    return lines[0], branch.strip() if arrow else "", datetime.fromisoformat(lines[1])


class _Reader:
    """Reads the wanted files of a repository; `paths` and `content` differ by where it lies.
    ``listed`` are paths that git has for certain.
    """

    listed: frozenset[str] = frozenset()

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
        return tuple(files[path] for path in sorted(files)), tuple(gaps)

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


class _TreeReader(_Reader):
    """Reads a working tree, or any directory of files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.real = root.resolve()

    def paths(self) -> list[str]:
        found = [self.root, self.root / ".github", self.root / WORKFLOWS]
        names = [p.relative_to(self.root).as_posix() for folder in found for p in _files(folder)]
        for folder, _, inside in os.walk(self.root / ACTIONS):
            place = Path(folder).relative_to(self.root)
            names += [(place / name).as_posix() for name in inside]
        names += [
            f"{p.name}/pyproject.toml" for p in _directories(self.root) if may_hold_package(p.name)
        ]
        return sorted(name for name in names if wanted(name))

    def content(self, path: str) -> bytes | None:
        place = self.root / path
        try:
            if not place.is_file() or not place.resolve().is_relative_to(self.real):
                return None
            with place.open("rb") as stream:
                return stream.read(MAX_BYTES + 1)
        except OSError:
            return None


def _files(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []


class _BareReader(_Reader):
    """Reads HEAD of a bare clone through git."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def paths(self) -> list[str]:
        listed = git(self.root, "ls-tree", "-r", "-z", "--name-only", "HEAD") or b""
        names = listed.decode("utf-8", "replace").split("\0")
        self.listed = frozenset(name for name in names if wanted(name))
        return sorted(self.listed)

    def content(self, path: str) -> bytes | None:
        return git(self.root, "cat-file", "blob", f"HEAD:{path}")
