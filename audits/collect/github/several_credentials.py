"""Collects one owner's repositories with several credentials, by what each has left of the hour.

Each credential has a collector of its own, and lists the owner by itself: what one is not shown,
another may be. A repository is read, with its settings, by one of those that are shown it. What
is remembered for later scans is kept apart by credential, so a repository goes to the same one
as long as that one has enough left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from hashlib import sha256

from msgspec.structs import replace

from audits.collect.errors import BudgetSpentError, CollectError, ScanCancelledError
from audits.collect.github.client import GitHubClient
from audits.collect.github.collector import Connection, GitHubCollector, Request, unfinished
from audits.collect.github.errors import GitHubError
from audits.collect.github.listing import Listed
from audits.collect.github.rate_limits import Usage
from audits.collect.github.remaining import left_of
from audits.model.cache import Memory
from audits.model.evidence import AdvisoryList, FileThen, ReleasedFile, ResolvedRef
from audits.model.settings import OwnerSettings, Unseen
from audits.model.source import Gap, GapReason, Snapshot, SourceFile
from audits.model.uses import Uses

_MUCH_MORE = 2
"""How many times as much another credential must have left to read a repository instead."""


@dataclass(eq=False, kw_only=True)
class _Reader:
    """A credential's collector; ``error`` is why the credential is not used any more."""

    collector: GitHubCollector
    name: str
    digest: str
    error: CollectError | None = None

    @property
    def is_usable(self) -> bool:
        """Whether GitHub accepts the credential, as far as is known."""
        return self.error is None and not self.is_refused

    @property
    def is_refused(self) -> bool:
        """Whether GitHub does not accept the credential any more."""
        return self.collector.client.is_refused

    @property
    def held_for(self) -> float:
        """Seconds for which GitHub lets it send nothing."""
        return self.collector.client.pacer.held_for

    def left(self) -> float:
        """What is left of the hour, of the kind of which less is left; infinite without limits."""
        try:
            return left_of(self.collector.client)
        except CollectError as error:
            self.error = error
            return 0.0

    def rank(self, slug: str) -> str:
        """Orders credentials for a repository, the same in every scan."""
        return sha256(f"{self.digest} {slug.lower()}".encode()).hexdigest()


_Shown = Mapping[_Reader, Listed]
"""One repository as each credential lists it."""


class SeveralCredentials:
    """Collector, Resolver and SettingsReader of one owner; otherwise as `GitHubCollector`."""

    def __init__(
        self, request: Request, connections: Sequence[Connection], memory: Memory | None = None
    ) -> None:
        self._request = request
        self._readers = [
            _Reader(
                collector=GitHubCollector(request, each, memory),
                name=each.credential.description,
                digest=each.credential.digest(request.owner),
            )
            for each in connections
        ]
        self._read_by: dict[str, _Reader] = {}
        self._gaps: list[Gap] = []
        self._owner: tuple[_Reader, OwnerSettings | Unseen] | None = None
        self.gone: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """What is read, for people."""
        return self._readers[0].collector.source

    @property
    def usage(self) -> Usage:
        """The requests to GitHub so far, with all credentials."""
        return reduce(lambda a, b: a + b, (r.collector.usage for r in self._readers))

    @property
    def total(self) -> int | None:
        """How many repositories are to be read, by the longest list."""
        return max((t for r in self._readers if (t := r.collector.total) is not None), default=None)

    def gaps(self) -> tuple[Gap, ...]:
        """What concerns no single repository. What one credential was not shown is none where
        another one was shown all of it.
        """
        whole = self._lists_whole()
        found = [*self._gaps]
        for reader in self._readers:
            collector = reader.collector
            dropped = {*(collector.list_gaps if whole else ())}
            # Gone for one credential is what another one still lists.
            names = zip(collector.gone, collector.gone_gaps, strict=True)
            dropped |= {gap for name, gap in names if name not in self.gone}
            if self._owner is not None and reader is not self._owner[0]:
                dropped |= {*collector.owner_gaps}
            found += [gap for gap in collector.gaps() if gap not in dropped]
        return tuple(dict.fromkeys(found))

    def _lists_whole(self) -> bool:
        """Whether a credential was shown a whole list, as long as any other's."""
        return any(
            reader.error is None
            and not reader.collector.list_gaps
            and reader.collector.total == self.total
            for reader in self._readers
        )

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository once, files read, settings not yet.

        CollectError where no credential reads anything; ScanCancelledError on a request to stop.
        """
        done: set[str] = set()
        hidden: dict[str, tuple[_Reader, Listed]] = {}
        try:
            for page in self._pages():
                new: list[_Shown] = []
                for slug, shown in page.items():
                    readable = {r: repo for r, repo in shown.items() if repo.node_id}
                    if readable and slug not in done:
                        done.add(slug)
                        new.append(readable)
                    elif not readable:
                        hidden.setdefault(slug, next(iter(shown.items())))
                yield from self._page(new)
        except BudgetSpentError as error:
            self._gaps.append(unfinished(error))
        for slug, (reader, repo) in hidden.items():
            if slug not in done:
                yield reader.collector.unread(repo)
        self._look_for_gone(done)

    def _pages(self) -> Iterator[dict[str, dict[_Reader, Listed]]]:
        """A page of each credential's list at a time; CollectError where none has any."""
        lists = {reader: reader.collector.pages() for reader in self._readers}
        while lists:
            page: dict[str, dict[_Reader, Listed]] = {}
            for reader, pages in list(lists.items()):
                found = _next_page(reader, pages)
                if found is None:
                    del lists[reader]
                for repo in found or ():
                    page.setdefault(repo.slug.lower(), {})[reader] = repo
            yield page
        lost = [reader for reader in self._readers if reader.error is not None]
        if len(lost) == len(self._readers) and not self._read_by and lost[0].error is not None:
            raise lost[0].error
        self._gaps += map(_lost, lost)

    def _page(self, page: Sequence[_Shown]) -> Iterator[Snapshot]:
        """The snapshots of a page, each read with a credential that is shown the repository."""
        shares: dict[tuple[_Reader, ...], list[_Shown]] = {}
        for shown in page:
            shares.setdefault(_in_order(shown), []).append(shown)
        for readers, share in shares.items():
            yield from self._share(readers, share)

    def _share(self, readers: Sequence[_Reader], share: Sequence[_Shown]) -> Iterator[Snapshot]:
        """The snapshots of repositories that the same credentials are shown, by one of them;
        what that one cannot finish is read by the next.
        """
        reader = _chosen(readers)
        others = [each for each in readers if each is not reader and each.is_usable]
        waiting = {shown[reader].slug: shown for shown in share}
        spent: BudgetSpentError | None = None
        try:
            for snapshot in reader.collector.read([shown[reader] for shown in share]):
                if others and reader.is_refused and snapshot.gaps:
                    continue
                waiting.pop(str(snapshot.ref), None)
                self._read_by[str(snapshot.ref).lower()] = reader
                yield snapshot
        except BudgetSpentError as error:
            spent = error
        if waiting and others and (spent or reader.is_refused):
            yield from self._share(others, list(waiting.values()))
            return
        for shown in waiting.values():
            yield reader.collector.unread(shown[reader], *([unfinished(spent)] if spent else ()))
        if spent is not None:
            raise spent

    def _look_for_gone(self, listed: Collection[str]) -> None:
        """Find those of an earlier list that are no more, and that no credential lists now."""
        for reader in self._readers:
            if reader.is_usable:
                try:
                    reader.collector.look_for_gone()
                except (BudgetSpentError, GitHubError) as error:
                    self._gaps.append(unfinished(error))
        gone = dict.fromkeys(name for reader in self._readers for name in reader.collector.gone)
        owner = self._request.owner
        self.gone = tuple(name for name in gone if f"{owner}/{name}".lower() not in listed)

    def prefetch_settings(self, wanted: Iterable[tuple[Snapshot, tuple[str, ...]]]) -> None:
        """Read the settings of many publishing repositories at once, each as its files were."""
        pairs = list(wanted)
        for reader in self._readers:
            own = [pair for pair in pairs if self._reader_of(str(pair[0].ref)) is reader]
            reader.collector.prefetch_settings(own)

    def with_settings(self, snapshot: Snapshot, environments: tuple[str, ...]) -> Snapshot:
        """The snapshot with its settings, and with the owner's where any credential sees them."""
        reader = self._reader_of(str(snapshot.ref))
        if reader is None:
            return snapshot
        completed = reader.collector.with_settings(snapshot, environments)
        owner = self.owner_settings(self._request.owner)
        return replace(completed, owner_settings=owner) if _is_seen(owner) else completed

    def client_of(self, slug: str) -> GitHubClient:
        """The client with the credential that read a repository, as ``owner/name``."""
        return (self._reader_of(slug) or _chosen(self._readers)).collector.client

    def _reader_of(self, slug: str) -> _Reader | None:
        return self._read_by.get(slug.lower())

    def owner_settings(self, owner: str) -> OwnerSettings | Unseen:
        """The owner's settings, by the credential that sees most of them."""
        if self._owner is None:
            readers = [reader for reader in self._readers if reader.is_usable] or self._readers
            found = [(reader, reader.collector.owner_settings(owner)) for reader in readers]
            self._owner = min(found, key=_hidden_settings)
        return self._owner[1]

    def resolve(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef]:
        """What refs of actions are today."""
        return _chosen(self._readers).collector.resolve(uses)

    def action_files(
        self, uses: tuple[Uses, ...], references: Mapping[tuple[str, str], ResolvedRef]
    ) -> dict[str, SourceFile | Gap]:
        """The files of actions of others."""
        return _chosen(self._readers).collector.action_files(uses, references)

    def released(self, files: Sequence[ReleasedFile]) -> dict[ReleasedFile, FileThen | Gap]:
        """What workflow files were at commits, each asked with its repository's credential."""
        found: dict[ReleasedFile, FileThen | Gap] = {}
        asked: dict[_Reader | None, list[ReleasedFile]] = {}
        for file in files:
            asked.setdefault(self._reader_of(file.slug), []).append(file)
        for reader, own in asked.items():
            found |= (reader or _chosen(self._readers)).collector.released(own)
        return found

    def advisories(self) -> AdvisoryList | Unseen:
        """GitHub's advisories for actions, asked once."""
        usable = (reader for reader in self._readers if reader.is_usable)
        return next(usable, self._readers[0]).collector.advisories()


OwnerCollector = GitHubCollector | SeveralCredentials
"""What reads one owner."""


def collector_of(
    request: Request, connection: Connection, memory: Memory | None = None
) -> OwnerCollector:
    """What reads an owner with all credentials that are for it; CollectError where none is."""
    connections = connection.apart(request.owner)
    if len(connections) == 1:
        return GitHubCollector(request, connections[0], memory)
    return SeveralCredentials(request, connections, memory)


def client_of(collector: OwnerCollector, slug: str) -> GitHubClient:
    """The client with the credential that read a repository, as ``owner/name``."""
    if isinstance(collector, GitHubCollector):
        return collector.client
    return collector.client_of(slug)


def _next_page(reader: _Reader, pages: Iterator[Sequence[Listed]]) -> Sequence[Listed] | None:
    """The next page of a credential's list; None at its end, and where it is refused."""
    try:
        return next(pages, None)
    except ScanCancelledError:
        raise
    except CollectError as error:
        reader.error = error
        return None


def _chosen(readers: Sequence[_Reader]) -> _Reader:
    """The first that may be used, unless another one has much more left of its hour."""
    if len(readers) == 1:
        return readers[0]
    left = {reader: reader.left() for reader in readers if reader.is_usable}
    usable = [reader for reader in left if reader.is_usable]
    if not usable:
        return readers[0]
    first = usable[0]
    most = max(usable, key=lambda reader: (left[reader], -reader.held_for))
    return most if left[most] > _MUCH_MORE * left[first] else first


def _in_order(shown: _Shown) -> tuple[_Reader, ...]:
    """The credentials that are shown a repository, in the order in which they are to read it."""
    slug = next(iter(shown.values())).slug
    return tuple(sorted(shown, key=lambda reader: reader.rank(slug)))


def _hidden_settings(pair: tuple[_Reader, OwnerSettings | Unseen]) -> tuple[bool, int]:
    """How little of the owner's settings a credential sees."""
    return not _is_seen(pair[1]), len(pair[0].collector.owner_gaps)


def _is_seen(settings: OwnerSettings | Unseen) -> bool:
    return isinstance(settings, OwnerSettings)


def _lost(reader: _Reader) -> Gap:
    error = reader.error
    limited = isinstance(error, BudgetSpentError)
    reason = GapReason.RATE_LIMITED if limited else GapReason.UNAVAILABLE
    why = "" if error is None else f" {error.message}"
    detail = f"What only the {reader.name} is shown was not read.{why}"
    return Gap(
        subject="list",
        reason=error.reason if isinstance(error, GitHubError) else reason,
        detail=detail,
    )
