"""Resolves the targets of ``check``: checkouts, folders, workflow files, ``-``, GitHub."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from audits.cli.exits import UsageError
from audits.cli.github import is_slug
from audits.collect.disk import ReadFault
from audits.collect.errors import CollectError
from audits.collect.folder.collector import is_bare, is_repository, read_apart
from audits.collect.folder.origin import origin_of, parse_address
from audits.collect.paths import MAX_BYTES, WORKFLOWS, is_workflow, local_references
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile

if TYPE_CHECKING:
    from audits.collect.github.several_credentials import OwnerCollector

_BELOW = re.compile(r"(https?://[^/\s]+/[^/\s]+/[^/\s]+)/.*")
"""A page of a repository, such as a file: its repository comes first."""
_STDIN = "-"


class CheckTarget(Struct, frozen=True, kw_only=True):
    """One thing to check: a repository on GitHub (``slug``), else a folder (``root``), of which
    ``workflow`` is the only workflow wanted, "" for all; ``-`` has neither.
    """

    slug: str = ""
    root: Path | None = None
    workflow: str = ""

    @property
    def clone(self) -> tuple[RepositoryRef, Path] | None:
        """The folder with the repository's name, if it lies on this machine."""
        return None if self.root is None else (_ref(self.root), self.root)


def find_target(word: str, *, host: str, offline: bool) -> CheckTarget:
    """What a word of the command line means; UsageError where it means nothing.

    ``host`` is the web host of GitHub. A path that is there goes before OWNER/REPO.
    """
    if word == _STDIN:
        return CheckTarget()
    path = Path(word)
    named = parse_address(_BELOW.sub(r"\1", word))
    if named is not None and not os.path.lexists(path):
        return _on_github(str(named), named.host, host=host, offline=offline)
    if not os.path.lexists(path) and is_slug(word):
        return _on_github(word, host, host=host, offline=offline)
    if path.is_file():
        return _workflow_file(path)
    if not path.is_dir():
        raise UsageError(
            f"{word} is no file or folder here, and no OWNER/REPO.",
            "Give a checkout, a workflow file, -, OWNER/REPO or an address on GitHub.",
        )
    root = find_root(path)
    if root is None:
        raise UsageError(
            f"{word} is no repository: it has no .git, .github or package metadata.",
            "Give a checkout, or use 'release-audit scan --folder' for a folder of them.",
        )
    return CheckTarget(root=root)


def _on_github(slug: str, named: str, *, host: str, offline: bool) -> CheckTarget:
    if named.lower() != host.lower():
        raise UsageError(
            f"{named} is not the GitHub that is asked, which is {host}.",
            "Give the API of your server by --api-url, or clone the repository and check that.",
        )
    if not is_slug(slug):
        raise UsageError(f"{slug} is no repository on GitHub.", "Write OWNER/REPO.")
    if offline:
        raise UsageError(
            f"{slug} is no folder here, and GitHub is not asked offline.", "Leave --offline out."
        )
    return CheckTarget(slug=slug)


def find_root(path: Path) -> Path | None:
    """The repository that a folder is or lies in: the folder itself where it has .git, .github
    or is bare, else the nearest checkout above it, else itself where it has metadata.
    """
    try:
        own = is_repository(path)
    except ReadFault as fault:
        raise CollectError(f"{path} {fault.said}.", f"{fault.advice.capitalize()}.") from None
    if own and any(os.path.lexists(path / name) for name in (".git", ".github", "HEAD")):
        return path
    above = next((up for up in path.resolve().parents if os.path.lexists(up / ".git")), None)
    return above or (path if own else None)


def _workflow_file(path: Path) -> CheckTarget:
    if path.suffix not in {".yml", ".yaml"}:
        raise UsageError(f"{path} is no workflow.", "Give a file that ends in .yml or .yaml.")
    whole = path.resolve()
    if whole.parent.parts[-2:] == tuple(WORKFLOWS.split("/")):
        return CheckTarget(root=whole.parents[2], workflow=f"{WORKFLOWS}/{whole.name}")
    return CheckTarget(root=whole.parent, workflow=whole.name)


def read_target(target: CheckTarget) -> Snapshot:
    """The snapshot of a target on this machine."""
    if target.root is None:
        return _read_stdin()
    if target.workflow and not is_workflow(target.workflow):
        path = target.root / target.workflow
        with path.open("rb") as stream:
            return _alone(f"{WORKFLOWS}/{path.name}", stream.read(MAX_BYTES + 1), path.stem)
    snapshot = read_apart(target.root, _ref(target.root))
    return only_workflow(snapshot, target.workflow) if target.workflow else snapshot


def _ref(root: Path) -> RepositoryRef:
    return origin_of(root, bare=is_bare(root))


def _read_stdin() -> Snapshot:
    return _alone(f"{WORKFLOWS}/stdin.yml", sys.stdin.buffer.read(MAX_BYTES + 1), "stdin")


def _alone(path: str, content: bytes, name: str) -> Snapshot:
    """A workflow without a repository around it."""
    ref = RepositoryRef(owner="local", name=name, host="")
    reason, detail = GapReason.INVALID, f"{path} is not UTF-8 text; save it as UTF-8"
    if len(content) > MAX_BYTES:
        reason, detail = GapReason.TOO_LARGE, f"{path} is larger than {MAX_BYTES // 1024} KiB"
        content = b"\xff"
    try:
        return Snapshot(ref=ref, files=(SourceFile.of(path, content),), alone=True)
    except UnicodeDecodeError:
        gap = Gap(subject=path, reason=reason, detail=detail)
        return Snapshot(ref=ref, gaps=(gap,), alone=True)


def only_workflow(snapshot: Snapshot, path: str) -> Snapshot:
    """The snapshot without workflows other than this one and those that it calls."""
    by_path = {file.path: file for file in snapshot.files}
    kept: set[str] = set()
    pending = [path]
    while pending:
        name = pending.pop()
        if name not in kept:
            kept.add(name)
            pending += sorted(local_references(by_path[name].text)) if name in by_path else []
    wanted = [f for f in snapshot.files if not is_workflow(f.path) or f.path in kept]
    gaps = [g for g in snapshot.gaps if not is_workflow(g.subject) or g.subject in kept]
    return replace(snapshot, files=tuple(wanted), gaps=tuple(gaps))


def read_remote(slug: str, collector: OwnerCollector) -> Snapshot:
    """The snapshot of a repository on GitHub; CollectError where nothing of it can be read."""
    snapshot = next(iter(collector.snapshots()))
    if snapshot.gaps and not snapshot.commit and not snapshot.files:
        raise CollectError(f"{slug} cannot be read: {snapshot.gaps[0].detail}", "")
    return snapshot
