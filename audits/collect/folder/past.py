"""Reads what the repositories of a folder were on earlier days, from their commits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from audits.collect.disk import ReadFault
from audits.collect.folder.collector import FolderCollector, history
from audits.collect.folder.files import REPOSITORY, read_commit
from audits.collect.folder.git import GitRepository, lacks
from audits.collect.folder.git_objects import MissingObject
from audits.collect.past import Past, PastCommit, midnight
from audits.faults import crash_gap
from audits.model.errors import AuditError
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot


@dataclass(kw_only=True)
class FolderPast:
    """The past of the repositories that a collector finds, each along the first parents of its
    HEAD: a commit counts from the day on which it was committed, or merged by a merge commit.
    """

    collector: FolderCollector
    _places: dict[RepositoryRef, Path] = field(default_factory=dict, init=False)
    _branches: dict[RepositoryRef, str] = field(default_factory=dict, init=False)

    @property
    def source(self) -> str:
        """The folder's name, without where it lies on this machine."""
        return self.collector.source

    def gaps(self) -> tuple[Gap, ...]:
        """Directories that were passed over or could not be read."""
        return self.collector.gaps()

    def pasts(self, days: Sequence[date]) -> Iterator[Past]:
        """The past of every repository; CollectError where the folder cannot be read."""
        self._places = dict(self.collector.clones())
        for ref, path in self._places.items():
            yield self._past(ref, path, days)

    def _past(self, ref: RepositoryRef, path: Path, days: Sequence[date]) -> Past:
        commits: dict[date, PastCommit] = {}
        gap: Gap | None = None
        try:
            with history(path) as repository:
                if repository is None:
                    gap = _no_history(ref)
                else:
                    self._walk(ref, repository, days, commits)
        except ReadFault as fault:
            gap = fault.gap(f"The history of {ref}", subject=REPOSITORY)
        except AuditError as error:
            gap = Gap(subject=REPOSITORY, reason=GapReason.UNAVAILABLE, detail=str(error))
        except Exception as error:
            gap = crash_gap(error, f"reading the history of {ref}")
        missing = {day: gap for day in days if day not in commits} if gap else {}
        return Past(ref=ref, commits=commits, gaps=missing)

    def _walk(
        self,
        ref: RepositoryRef,
        repository: GitRepository,
        days: Sequence[date],
        commits: dict[date, PastCommit],
    ) -> None:
        """Fill in the commit of each day; ReadFault where the history ends before its time."""
        head = repository.head()
        self._branches[ref] = head.branch
        if not head.commit:
            return
        repository.commit(head.commit)
        wanted, undated = list(days), ""
        try:
            for oid, commit in repository.objects.first_parents(head.commit):
                undated = undated or ("" if commit.committed_at else oid)
                while (
                    wanted and commit.committed_at and commit.committed_at <= midnight(wanted[-1])
                ):
                    commits[wanted.pop()] = PastCommit(commit=oid, texts=commit.tree)
                if not wanted:
                    return
        except MissingObject as fault:
            raise _ends_early(repository, fault) from fault
        if undated:
            said = f"has a commit without a readable date, {undated[:12]}"
            raise ReadFault(GapReason.INVALID, said, "check it with 'git fsck'")

    def snapshots(self, wanted: Sequence[tuple[RepositoryRef, str]]) -> Iterator[Snapshot]:
        """The repositories at these commits."""
        for ref, commit in wanted:
            yield self._snapshot(ref, commit)

    def _snapshot(self, ref: RepositoryRef, oid: str) -> Snapshot:
        branch = self._branches.get(ref, "")
        try:
            with history(self._places[ref]) as repository:
                if repository is None:
                    return Snapshot(ref=ref, branch=branch, gaps=(_no_history(ref),))
                return _read(repository, ref, oid, branch)
        except ReadFault as fault:
            gap = fault.gap(f"The commit {oid} of {ref}", subject=REPOSITORY)
            return Snapshot(ref=ref, branch=branch, gaps=(gap,))
        except Exception as error:
            gap = crash_gap(error, f"reading {ref} at {oid}")
            return Snapshot(ref=ref, branch=branch, gaps=(gap,))


def _read(repository: GitRepository, ref: RepositoryRef, oid: str, branch: str) -> Snapshot:
    try:
        commit = repository.commit(oid)
        files, gaps, unread = read_commit(repository, commit.tree)
    except ReadFault as fault:
        raise lacks(repository, fault) from fault
    return Snapshot(
        ref=ref,
        commit=oid,
        branch=branch,
        committed_at=commit.committed_at,
        files=files,
        gaps=gaps,
        unread=unread,
    )


def _no_history(ref: RepositoryRef) -> Gap:
    detail = f"{ref} has no history: it is no clone; clone it with git"
    return Gap(subject=REPOSITORY, reason=GapReason.NOT_FOUND, detail=detail)


def _ends_early(repository: GitRepository, fault: MissingObject) -> ReadFault:
    if repository.is_shallow():
        said = "ends early, as it is a shallow clone"
        return ReadFault(GapReason.NOT_FOUND, said, "complete it with 'git fetch --unshallow'")
    return lacks(repository, fault)
