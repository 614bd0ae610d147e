"""Skips repositories that have not changed since their last scan: they are not parsed again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from audits import __version__
from audits.faults import each_apart, log_fault
from audits.model.cache import Memory, kept_as, kept_text
from audits.model.evidence import AdvisoryList, PackageIndex, ResolvedRef
from audits.model.location import Scalar
from audits.model.repository import Repository
from audits.model.score import Audit
from audits.model.settings import OwnerSettings, Unseen
from audits.model.source import RepositoryRef, Snapshot
from audits.model.uses import Uses, UsesKind
from audits.pipeline.evidence import Facts
from audits.pipeline.github_evidence import environments_of
from audits.pipeline.run import Plan, Prepared, batches, judge_batch, prepare_batch, remote_uses
from audits.pipeline.serialized import Judged
from audits.store.serialize import dumps
from audits.store.snapshots import Advisories, Index, OwnersSettings, Settings, dateless
from audits.workflow.publisher_status.questions import packages_to_ask


class SettingsFacts(Facts, Protocol):
    """Evidence that includes settings of repositories and owners, without parsing a file."""

    def settings(self, wanted: Iterable[tuple[Snapshot, tuple[str, ...]]]) -> tuple[Snapshot, ...]:
        """Each snapshot with its settings."""

    def owner_settings(self, owner: str) -> OwnerSettings | Unseen:
        """The owner's settings."""


class Judge(Protocol):
    """Runs the checks over prepared repositories: in this process, or on a cluster."""

    def clear(self) -> None:
        """Drop what an earlier scan, which failed, added and did not collect."""

    def add(self, prepared: Sequence[Prepared | Audit]) -> Iterable[Audit | Judged]:
        """Queue these; returns what is done by now. Audits of crashed ones pass through."""

    def remaining(self) -> Iterable[Audit | Judged]:
        """All that was added and is not returned yet."""


class JudgeHere(Struct, frozen=True):
    """Runs the checks in this process, at once."""

    plan: Plan

    def clear(self) -> None:
        """Do nothing: nothing is ever queued."""

    def add(self, prepared: Sequence[Prepared | Audit]) -> Iterable[Audit]:
        """The audits of these."""
        ready = [each for each in prepared if isinstance(each, Prepared)]
        crashed = [each for each in prepared if isinstance(each, Audit)]
        return (*crashed, *judge_batch(ready, self.plan))

    def remaining(self) -> Iterable[Audit]:
        """Nothing."""
        return ()


class UnchangedRepository(Struct, frozen=True, kw_only=True):
    """A repository in which nothing differs from its last recorded audit."""

    ref: RepositoryRef
    registries: frozenset[str]


class _Questions(Struct, frozen=True, kw_only=True):
    """What a repository's audit asks GitHub and indexes, stored so that the next scan can ask
    the same without parsing. ``environments`` is None where settings are not asked for.
    """

    files: str
    environments: tuple[str, ...] | None
    uses: tuple[tuple[str, str, str, str], ...]
    packages: tuple[tuple[str, str], ...]

    def references(self) -> Iterator[Uses]:
        """The actions to resolve, with the fields that this needs."""
        for owner, repo, ref, comment in self.uses:
            raw = Scalar(f"{owner}/{repo}@{ref}", 1, 1, 0, 0)
            yield Uses(
                kind=UsesKind.REMOTE, raw=raw, owner=owner, repo=repo, ref=ref, comment=comment
            )


class _Known(Struct, frozen=True, kw_only=True):
    mark: str
    questions: _Questions


class IncrementalAudits:
    """Audits the repositories of a scan whose result may differ from the stored one.

    One digest covers all that a result depends on: files, branch, commit and settings, the
    owner's settings, what refs resolve to, the packages' evidence, the advisories, the rules,
    this program's version, and ``marks`` (waivers, the engine's version). It is stored with the
    questions that have to be asked to compute it.
    """

    def __init__(
        self,
        memory: Memory,
        facts: SettingsFacts,
        plan: Plan,
        marks: Iterable[str] = (),
        judge: Judge | None = None,
    ) -> None:
        self._memory = memory
        self._facts = facts
        self._plan = replace(plan, facts=facts)
        self._judge = judge or JudgeHere(self._plan)
        self._listed: tuple[AdvisoryList | None, str] = (None, "")
        rules = plan.rules.digest
        parts = (rules, __version__, plan.breadth.value, *marks)
        self._rules = "\0".join(parts)

    def audits_of(
        self, snapshots: Iterable[Snapshot], recorded: Callable[[RepositoryRef], bool]
    ) -> Iterator[Audit | Judged | UnchangedRepository]:
        """The audit of each snapshot, or an `UnchangedRepository`.

        ``recorded`` says whether the store still holds the last audit of a repository.
        """
        self._judge.clear()
        for batch in batches(snapshots):
            kept = each_apart([s for s in batch if recorded(s.ref)], self._sorted_out, _as_new)
            same = {found.ref for found in kept if isinstance(found, UnchangedRepository)}
            yield from (found for found in kept if isinstance(found, UnchangedRepository))
            completed = {found.ref: found for found in kept if isinstance(found, Snapshot)}
            rest = tuple(completed.get(s.ref, s) for s in batch if s.ref not in same)
            if rest:
                yield from self._judge.add(prepare_batch(rest, self._plan))
        yield from self._judge.remaining()

    def _sorted_out(self, snapshots: Sequence[Snapshot]) -> list[Snapshot | UnchangedRepository]:
        """For each snapshot an `UnchangedRepository`, else itself, with settings where asked."""
        known = self._recall(snapshots)
        same, completed = self._compared([s for s in snapshots if s.ref in known], known)
        return [
            _unchanged(s.ref, known[s.ref].questions) if s.ref in same else completed.get(s.ref, s)
            for s in snapshots
        ]

    def keep(self, repositories: Iterable[Repository]) -> None:
        """Store for the next scan what the audits of these depend on. They are recorded, and
        none of them crashed.
        """
        kept: dict[str, tuple[str, str]] = {}
        for repository in repositories:
            questions = _questions(repository)
            mark = self._mark(
                repository.snapshot,
                questions,
                repository.references,
                repository.index,
                repository.advisories,
            )
            body = kept_text(_Questions, questions)
            kept[_key(repository.ref)] = (mark, body)
        held = self._memory.answers(kept)
        self._memory.keep_answers(
            {k: v for k, v in kept.items() if k not in held or held[k][:2] != v}
        )

    def owner_settings(self, owner: str) -> OwnerSettings | Unseen:
        """The owner's settings, for the owner's card."""
        return self._facts.owner_settings(owner)

    def advisories(self) -> AdvisoryList | None:
        """The advisories of this scan."""
        return self._facts.advisories()

    def _recall(self, snapshots: Iterable[Snapshot]) -> dict[RepositoryRef, _Known]:
        """The stored digests and questions of those whose files are unchanged."""
        by_key = {_key(s.ref): s for s in snapshots}
        found: dict[RepositoryRef, _Known] = {}
        for key, (mark, body, _) in self._memory.answers(by_key).items():
            questions, snapshot = kept_as(_Questions, body), by_key[key]
            if mark and questions is not None and questions.files == _files(snapshot):
                found[snapshot.ref] = _Known(mark=mark, questions=questions)
        return found

    def _compared(
        self, snapshots: list[Snapshot], known: Mapping[RepositoryRef, _Known]
    ) -> tuple[set[RepositoryRef], dict[RepositoryRef, Snapshot]]:
        """Those whose evidence is unchanged too, and all snapshots with their settings."""
        if not snapshots:
            return set(), {}
        asked = [(s, known[s.ref].questions.environments) for s in snapshots]
        wanted = [(s, names) for s, names in asked if names is not None]
        completed = {s.ref: s for s in snapshots}
        completed |= {s.ref: s for s in self._facts.settings(wanted)}
        uses = {(u.slug, u.ref): u for s in snapshots for u in known[s.ref].questions.references()}
        pairs = dict.fromkeys(p for s in snapshots for p in known[s.ref].questions.packages)
        references = self._facts.references(tuple(uses.values())) if uses else {}
        index = self._facts.packages(tuple(pairs)) if pairs else {}
        advisories = self._facts.advisories()
        same = {
            ref
            for ref, snapshot in completed.items()
            if self._mark(snapshot, known[ref].questions, references, index, advisories)
            == known[ref].mark
        }
        return same, completed

    def _mark(
        self,
        snapshot: Snapshot,
        questions: _Questions,
        references: Mapping[tuple[str, str], ResolvedRef] | Unseen,
        index: PackageIndex | Unseen,
        advisories: AdvisoryList | None,
    ) -> str:
        refs = [
            ""
            if isinstance(references, Unseen) or (found := references.get(key)) is None
            else dumps(ResolvedRef, found)
            for key in sorted({(use.slug, use.ref) for use in questions.references()})
        ]
        parts = (
            self._rules,
            questions.files,
            repr(questions),
            repr((snapshot.gaps, snapshot.unread)),
            dumps(Settings, Settings(value=snapshot.settings)),
            dumps(OwnersSettings, OwnersSettings(value=snapshot.owner_settings)),
            *refs,
            _evidence(index, questions.packages),
            self._list(advisories),
        )
        return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()

    def _list(self, advisories: AdvisoryList | None) -> str:
        """The advisories as text, written out once a scan."""
        if self._listed[0] is not advisories:
            self._listed = advisories, dumps(Advisories, Advisories(value=dateless(advisories)))
        return self._listed[1]


def _as_new(snapshot: Snapshot, error: Exception) -> Snapshot | UnchangedRepository:
    """A repository that could not be compared is audited like a new one."""
    log_fault(error, f"comparing {snapshot.ref} with its last scan")
    return snapshot


def _key(ref: RepositoryRef) -> str:
    return f"audit:{ref.host}/{ref}".lower()


def _unchanged(ref: RepositoryRef, questions: _Questions) -> UnchangedRepository:
    return UnchangedRepository(
        ref=ref, registries=frozenset(registry for registry, _ in questions.packages)
    )


def _questions(repository: Repository) -> _Questions:
    """The questions that its audit asks."""
    uses = {(u.owner, u.repo, u.ref, u.comment) for u in remote_uses(repository)}
    return _Questions(
        files=_files(repository.snapshot),
        uses=tuple(sorted(uses)),
        environments=environments_of(repository) if repository.publications else None,
        packages=packages_to_ask(repository),
    )


def _files(snapshot: Snapshot) -> str:
    """A digest of a repository's files and of its place on GitHub."""
    parts = (
        str(snapshot.ref),
        snapshot.commit,
        snapshot.branch,
        str(snapshot.archived),
        repr(snapshot.topics),
        repr(snapshot.database_id),
        repr(sorted((file.path, file.oid) for file in snapshot.files)),
        repr(sorted((key, file.oid) for key, file in snapshot.remote_files.items())),
    )
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _evidence(index: PackageIndex | Unseen, packages: Iterable[tuple[str, str]]) -> str:
    """What indexes say about packages, without when they were asked."""
    if isinstance(index, Unseen):
        return dumps(Index, Index(value=index))
    found = {key: index[key] for key in packages if key in index}
    return dumps(Index, Index(value={k: replace(e, seen_at=None) for k, e in found.items()}))
