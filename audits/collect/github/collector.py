"""Collects an owner's repositories from GitHub, with settings and references."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from audits.collect.advisories import bundled, keep, with_commits
from audits.collect.errors import BudgetSpentError, CollectError, ScanCancelledError
from audits.collect.github.address import DEFAULT_API
from audits.collect.github.advisories import read_advisories
from audits.collect.github.blobs import TextReader
from audits.collect.github.callees import CalleeReader
from audits.collect.github.client import GitHubClient
from audits.collect.github.connect import Connection
from audits.collect.github.doctor import DoctorReport, examine
from audits.collect.github.errors import GitHubError
from audits.collect.github.fact_reader import Rights
from audits.collect.github.files import FileReader
from audits.collect.github.listing import Listed
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.opened_actions import OpenedActions
from audits.collect.github.organization import OwnerFacts, OwnerReader, not_shown, personal
from audits.collect.github.rate_limits import Usage
from audits.collect.github.refs import ReferenceReader
from audits.collect.github.release_files import read_released
from audits.collect.github.repositories import PAGE, Choice, RepositoryPages, by_ids, by_names
from audits.collect.github.rest import Answers, RestReader
from audits.collect.github.settings import SettingsBatch, SettingsQuestion
from audits.faults import crash_gap
from audits.model.cache import Memory, kept_as, kept_text
from audits.model.errors import AuditError
from audits.model.evidence import AdvisoryList, FileThen, ReleasedFile, ResolvedRef
from audits.model.settings import Need, OwnerSettings, Unseen
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile
from audits.model.uses import Uses

__all__ = ["Choice", "Connection", "DoctorReport", "GitHubCollector", "Request"]


log = logging.getLogger(__name__)


class Request(Struct, frozen=True, kw_only=True):
    """What is to be read: all repositories of ``owner``, or only those of ``names``.

    ``names`` are ``owner/name`` of this one owner. ``done`` holds lower-cased ``owner/name``
    that an interrupted scan has finished (``--resume``); they are passed over.
    """

    owner: str
    names: tuple[str, ...] = ()
    choice: Choice = field(default_factory=Choice)
    done: Collection[str] = frozenset()
    workers: int = 4


class GitHubCollector:
    """Collector, Resolver and SettingsReader of one owner on GitHub, with one credential: where
    the connection has several, the first that is for this owner.

    Snapshots come as they are read, so that whoever stops early keeps what was handed over.
    ``gone`` are names of repositories of an earlier scan that are no more.
    """

    def __init__(
        self, request: Request, connection: Connection, memory: Memory | None = None
    ) -> None:
        self._request = request
        self._memory: Memory = memory if memory is not None else TransientMemory()
        connection = connection.apart(request.owner)[0]
        self._client = connection.client(request.owner)
        credential = connection.credential
        self._credential = credential
        self._rights = Rights(uniform=not credential.is_classic)
        self._listed: dict[str, Listed] = {}
        self._gaps: list[Gap] = []
        self._owner: OwnerFacts | None = None
        self._pages: RepositoryPages | None = None
        self._prefetched: dict[str, Snapshot] = {}
        self._files = FileReader(self._client, self._memory)
        self._references = ReferenceReader(self._client, self._memory)
        texts = TextReader(self._client, self._memory)
        self._opened = OpenedActions(CalleeReader(self._client, self._memory, texts, ""))
        self._settings = SettingsBatch(
            self._client,
            self._memory,
            self._rights,
            installation=credential.is_installation,
            workers=request.workers,
        )
        self._advisories: AdvisoryList | Unseen | None = None
        self.gone: tuple[str, ...] = ()
        self._is_public = connection.api_url == DEFAULT_API

    @property
    def source(self) -> str:
        """What is read, for people."""
        return f"{self._client.host}/{self._request.owner}"

    @property
    def usage(self) -> Usage:
        """The requests to GitHub so far."""
        return self._client.pacer.usage

    @property
    def total(self) -> int | None:
        """How many repositories are to be read, without those of ``done``; None before the first
        page.
        """
        if self._request.names:
            return sum(name.lower() not in self._request.done for name in self._request.names)
        if self._pages is None or self._pages.total is None:
            return None
        return max(self._pages.total - len(self._request.done), 0)

    def gaps(self) -> tuple[Gap, ...]:
        """What concerns no single repository; complete once `snapshots` has ended."""
        references = self._references.gaps.values()
        found = (*self._gaps, *self.gone_gaps, *self.list_gaps, *self.owner_gaps, *references)
        return tuple(dict.fromkeys(found))

    @property
    def gone_gaps(self) -> tuple[Gap, ...]:
        """The repositories of ``gone``, each with what that means."""
        return tuple(_gone_gap(f"{self._request.owner}/{name}") for name in self.gone)

    @property
    def list_gaps(self) -> tuple[Gap, ...]:
        """What is missing of the list of repositories."""
        return tuple(self._pages.gaps) if self._pages else ()

    @property
    def owner_gaps(self) -> tuple[Gap, ...]:
        """What is missing of the owner's own settings."""
        return self._owner.gaps if self._owner else ()

    @property
    def client(self) -> GitHubClient:
        """What sends its requests."""
        return self._client

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository once, files read, settings not yet.

        CollectError where nothing at all can be read; ScanCancelledError on a request to stop.
        """
        started = False
        try:
            for page in self.pages():
                started = True
                yield from self._snapshots_of(page)
            self.look_for_gone()
        except (BudgetSpentError, GitHubError) as error:
            if not started:
                raise
            self._gaps.append(unfinished(error))

    def pages(self) -> Iterator[Sequence[Listed]]:
        """The repositories that are to be read, as they are listed."""
        self._need_token()
        for page in self._pages_of():
            yield [r for r in page if r.slug.lower() not in self._request.done]

    def look_for_gone(self) -> None:
        """Find the public repositories of the last list that are no more, for ``gone``.

        The list must have been read whole. Of a private repository it is unknown whether it is
        gone from that this credential is not shown it any more; a public one is shown to all.
        """
        pages = self._pages
        if pages is None or pages.gaps:
            return
        key = self._client.memory_key(f":public:{self._request.owner.lower()}")
        stored = self._memory.answer(key)
        before = kept_as(list[_Public], stored[1]) if stored else None
        now = [_Public(r.node_id, r.slug) for r in pages.listed if r.public and r.node_id]
        ids = {repo.node_id for repo in pages.listed}
        missing = [(p.node_id, p.slug) for p in before or () if p.node_id not in ids]
        absent = [repo for repo in by_ids(self._client, missing) if _is_absent(repo)]
        self.gone = tuple(repo.name for repo in absent)
        body = kept_text(list[_Public], now)
        if stored is None or stored[1] != body:
            self._memory.keep_answer(key, "", body)

    def _need_token(self) -> None:
        if self._credential.secret is None:
            raise CollectError(
                "GitHub answers no GraphQL query without a token.",
                "Set RELEASE_AUDIT_TOKEN, or read clones of the repositories instead.",
            )

    def _pages_of(self) -> Iterator[Sequence[Listed]]:
        if self._request.names:
            names = [n for n in self._request.names if n.lower() not in self._request.done]
            seen: set[str] = set()
            for start in range(0, len(names), PAGE):
                page = list(by_names(self._client, names[start : start + PAGE]))
                # two names may lead to one repository
                yield [repo for repo in page if not repo.node_id or repo.node_id not in seen]
                seen.update(repo.node_id for repo in page)
            return
        self._pages = RepositoryPages(self._client, self._request.owner, self._request.choice)
        yield from self._pages

    def _snapshots_of(self, listed: Sequence[Listed]) -> Iterator[Snapshot]:
        waiting = {repo.slug: repo for repo in listed}
        try:
            for snapshot in self.read(listed):
                waiting.pop(str(snapshot.ref), None)
                yield snapshot
        except BudgetSpentError as error:
            for repo in waiting.values():
                yield self.unread(repo, unfinished(error))
            raise
        for repo in waiting.values():
            yield self.unread(repo)

    def read(self, listed: Sequence[Listed]) -> Iterator[Snapshot]:
        """The snapshots of those that the list describes; BudgetSpentError where it stops."""
        readable = [repo for repo in listed if repo.node_id]
        self._listed.update({repo.slug.lower(): repo for repo in readable})
        yield from self._read(readable)

    def _read(self, readable: Sequence[Listed]) -> Iterator[Snapshot]:
        """The snapshots of repositories; those on which this program fails say so."""
        waiting = {repo.slug: repo for repo in readable}
        try:
            for snapshot in self._files.read(readable):
                waiting.pop(str(snapshot.ref), None)
                yield snapshot
        except AuditError:
            raise
        except Exception as error:
            left = list(waiting.values())
            if len(left) == 1:
                yield self.unread(left[0], crash_gap(error, f"reading {left[0].slug}"))
                return
        else:
            return
        middle = len(left) // 2
        yield from self._read(left[:middle])
        yield from self._read(left[middle:])

    def unread(self, repo: Listed, *gaps: Gap) -> Snapshot:
        """What stands for a repository that was not read."""
        return Snapshot(
            ref=RepositoryRef(owner=repo.owner, name=repo.name, host=self._client.host),
            archived=repo.archived,
            gaps=(*repo.gaps, *gaps),
            database_id=repo.database_id,
        )

    def prefetch_settings(self, wanted: Iterable[tuple[Snapshot, tuple[str, ...]]]) -> None:
        """Read the settings of many publishing repositories at once, for `with_settings`."""
        pairs = [(self._listed.get(str(s.ref).lower()), s, names) for s, names in wanted]
        known = [(repo, s, names) for repo, s, names in pairs if repo is not None]
        if not known:
            return
        try:
            facts = self._owner_facts()
            questions = [
                SettingsQuestion(
                    repo=repo, environments=names, asks_for_runners=_asks_for_runners(snapshot)
                )
                for repo, snapshot, names in known
            ]
            found = self._settings.read(questions, facts)
        except BudgetSpentError as error:
            for _, snapshot, _ in known:
                gaps = (*snapshot.gaps, replace(unfinished(error), subject="settings"))
                self._prefetched[_key(snapshot)] = replace(snapshot, gaps=gaps)
            return
        owner = facts.settings if isinstance(facts.settings, OwnerSettings) else None
        for (_, snapshot, _), read in zip(known, found, strict=True):
            self._prefetched[_key(snapshot)] = replace(
                snapshot,
                settings=read.settings,
                owner_settings=owner,
                gaps=tuple(dict.fromkeys((*snapshot.gaps, *read.gaps))),
            )

    def with_settings(self, snapshot: Snapshot, environments: tuple[str, ...]) -> Snapshot:
        """The snapshot with its settings, prefetched or read now."""
        if _key(snapshot) not in self._prefetched:
            self.prefetch_settings([(snapshot, environments)])
        return self._prefetched.pop(_key(snapshot), snapshot)

    def owner_settings(self, owner: str) -> OwnerSettings | Unseen:
        """The settings of the organization that is read."""
        if owner.lower() != self._request.owner.lower():
            return Unseen(need=Need.ADMINISTRATION, reason=f"{owner} is not what is scanned.")
        try:
            return self._owner_facts().settings
        except BudgetSpentError as error:
            return Unseen(need=Need.ADMINISTRATION, reason=error.message)

    def _owner_facts(self) -> OwnerFacts:
        if self._owner is None:
            login = self._request.owner
            try:
                kind = self._pages.owner_kind if self._pages else self._owner_kind()
            except (BudgetSpentError, ScanCancelledError):
                raise
            except CollectError as hidden:
                # each repository of it that was asked for has a gap of its own
                self._owner = not_shown(login, str(hidden))
                return self._owner
            if kind == "User":
                self._owner = personal(login)
            else:
                answers = Answers(memory=self._memory)
                reader = OwnerReader(RestReader(self._client), self._rights)
                try:
                    self._owner = reader.read(login, answers)
                finally:
                    answers.flush(self._memory)
        return self._owner

    def _owner_kind(self) -> str:
        return RepositoryPages(self._client, self._request.owner, self._request.choice).kind()

    def resolve(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef]:
        """What refs of actions are today; those that could not be asked are left out."""
        try:
            return self._references.resolve(uses)
        except BudgetSpentError as error:
            self._gaps.append(replace(unfinished(error), subject="references of actions"))
            return {}

    def action_files(
        self, uses: tuple[Uses, ...], references: Mapping[tuple[str, str], ResolvedRef]
    ) -> dict[str, SourceFile | Gap]:
        """The files of actions and workflows of others, and of those that they use."""
        try:
            return self._opened.read(uses, references)
        except BudgetSpentError as error:
            gap = replace(unfinished(error), subject="actions that actions use")
            self._gaps.append(replace(gap, optional=True))
            return {}

    def released(self, files: Sequence[ReleasedFile]) -> dict[ReleasedFile, FileThen | Gap]:
        """What workflow files were at commits."""
        return read_released(self._client, files, self._node_id)

    def _node_id(self, slug: str) -> str:
        listed = self._listed.get(slug.lower())
        return listed.node_id if listed else ""

    def advisories(self) -> AdvisoryList | Unseen:
        """GitHub's advisories for actions, asked once."""
        if self._advisories is None:
            try:
                self._advisories = self._read_advisories()
            except BudgetSpentError as error:
                self._advisories = Unseen(need=Need.REFERENCES, reason=error.message)
        return self._advisories

    def _read_advisories(self) -> AdvisoryList | Unseen:
        """GitHub's list as of now, kept for audits that ask nobody where it is github.com's."""
        found = read_advisories(self._client, self._memory)
        if isinstance(found, Unseen):
            return found
        known = with_commits(found, bundled())
        if self._is_public:
            try:
                keep(known)
            except OSError as error:
                log.warning("the list of advisories is not kept: %s", error)
        return known

    def doctor(self) -> DoctorReport:
        """What this credential sees of the owner, and what a scan would cost."""
        self._need_token()
        return examine(self._client, self._request.owner, self._credential)


class _Public(Struct, frozen=True, array_like=True):
    """A public repository of a list."""

    node_id: str
    slug: str


def _is_absent(repo: Listed) -> bool:
    """Whether GitHub knows no repository of this id."""
    return not repo.node_id and {gap.reason for gap in repo.gaps} == {GapReason.NOT_FOUND}


def _gone_gap(slug: str) -> Gap:
    detail = "The repository is deleted, or no longer public: it does not count any more."
    return Gap(subject=slug, reason=GapReason.NOT_FOUND, detail=detail, optional=True)


def _key(snapshot: Snapshot) -> str:
    return str(snapshot.ref).lower()


def unfinished(error: CollectError) -> Gap:
    """The gap that is left by an error which ends a scan before all was read."""
    reason = error.reason if isinstance(error, GitHubError) else GapReason.RATE_LIMITED
    return Gap(subject="repository", reason=reason, detail=str(error))


def _asks_for_runners(snapshot: Snapshot) -> bool:
    """Whether a workflow may name a runner of one's own: only then are these asked for."""
    return any(
        "self-hosted" in file.text
        for file in snapshot.files
        if file.path.startswith(".github/workflows/")
    )
