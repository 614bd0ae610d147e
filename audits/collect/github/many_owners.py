"""Collects a list of repositories of many owners."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import reduce

from audits.collect.errors import BudgetSpentError, CollectError, ScanCancelledError
from audits.collect.github.collector import Connection, Request
from audits.collect.github.errors import GitHubError
from audits.collect.github.memory_cache import TransientMemory
from audits.collect.github.rate_limits import Usage
from audits.collect.github.several_credentials import OwnerCollector, collector_of
from audits.faults import crash_gap
from audits.model.cache import Memory
from audits.model.evidence import AdvisoryList, FileThen, ReleasedFile, ResolvedRef
from audits.model.settings import Need, OwnerSettings, Unseen
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot, SourceFile
from audits.model.uses import Uses


class ManyOwners:
    """Collector, Resolver and SettingsReader of repositories given by ``owner/name``.

    What cannot be read for one owner (an App that is not installed there) is a gap of each
    of its repositories, and loses nothing of the others.
    """

    def __init__(
        self,
        names: Sequence[str],
        connection: Connection,
        memory: Memory | None = None,
        *,
        done: Collection[str] = frozenset(),
    ) -> None:
        self._connection = connection
        self._memory: Memory = memory if memory is not None else TransientMemory()
        self._done = done
        self._names: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            self._names.setdefault(name.partition("/")[0].lower(), []).append(name)
        self._collectors: dict[str, OwnerCollector] = {}
        self._readers: dict[str, OwnerCollector] = {}

    @property
    def source(self) -> str:
        """What is read, for people."""
        count = sum(map(len, self._names.values()))
        return f"{count} repositories of {len(self._names)} owners"

    @property
    def total(self) -> int:
        """How many repositories are to be read."""
        return sum(n.lower() not in self._done for names in self._names.values() for n in names)

    @property
    def usage(self) -> Usage:
        """The requests to GitHub so far, for all owners."""
        return reduce(lambda a, b: a + b, (c.usage for c in self._collectors.values()), Usage())

    def gaps(self) -> tuple[Gap, ...]:
        """What concerns no single repository."""
        found = (gap for c in self._collectors.values() for gap in c.gaps())
        return tuple(dict.fromkeys(found))

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository of the list once."""
        for owner, names in self._names.items():
            seen: set[str] = set()
            try:
                collector = self._collector(owner)
                for snapshot in collector.snapshots():
                    # a transferred repository has another owner than the list says
                    self._readers[str(snapshot.ref).lower()] = collector
                    seen.add(str(snapshot.ref).lower())
                    yield snapshot
            except ScanCancelledError:
                raise
            except CollectError as error:
                yield from (self._unread(name, error) for name in self._left(names, seen))
            except Exception as error:
                gap = crash_gap(error, f"reading repositories of {owner}")
                yield from (self._failed(name, gap) for name in self._left(names, seen))

    def _left(self, names: Iterable[str], seen: Container[str]) -> list[str]:
        return [n for n in names if n.lower() not in seen and n.lower() not in self._done]

    def _collector(self, owner: str) -> OwnerCollector:
        if owner not in self._collectors:
            names = tuple(self._names[owner])
            request = Request(owner=names[0].partition("/")[0], names=names, done=self._done)
            self._collectors[owner] = collector_of(request, self._connection, self._memory)
        return self._collectors[owner]

    def _unread(self, name: str, error: CollectError) -> Snapshot:
        limited = isinstance(error, BudgetSpentError)
        reason = GapReason.RATE_LIMITED if limited else GapReason.UNAVAILABLE
        if isinstance(error, GitHubError):
            reason = error.reason
        gap = Gap(subject="repository", reason=reason, detail=str(error))
        return self._failed(name, gap)

    def _failed(self, name: str, gap: Gap) -> Snapshot:
        owner, _, short = name.partition("/")
        host = self._connection.host or next(
            (c.source.partition("/")[0] for c in self._collectors.values()), "github.com"
        )
        return Snapshot(ref=RepositoryRef(owner=owner, name=short, host=host), gaps=(gap,))

    def prefetch_settings(self, wanted: Iterable[tuple[Snapshot, tuple[str, ...]]]) -> None:
        """Read the settings of many publishing repositories at once."""
        pairs = list(wanted)
        for collector in self._collectors.values():
            own = [pair for pair in pairs if self._reader(pair[0]) is collector]
            collector.prefetch_settings(own)

    def with_settings(self, snapshot: Snapshot, environments: tuple[str, ...]) -> Snapshot:
        """The snapshot with its settings."""
        collector = self._reader(snapshot)
        return collector.with_settings(snapshot, environments) if collector else snapshot

    def _reader(self, snapshot: Snapshot) -> OwnerCollector | None:
        return self._readers.get(str(snapshot.ref).lower())

    def owner_settings(self, owner: str) -> OwnerSettings | Unseen:
        """The settings of one of the owners."""
        collector = self._collectors.get(owner.lower())
        if collector is None:
            return Unseen(need=Need.ADMINISTRATION, reason=f"{owner} was not read.")
        return collector.owner_settings(owner)

    def resolve(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef]:
        """What refs of actions are today, asked with the first owner's credential."""
        first = next(iter(self._collectors.values()), None)
        return first.resolve(uses) if first else {}

    def action_files(
        self, uses: tuple[Uses, ...], references: Mapping[tuple[str, str], ResolvedRef]
    ) -> dict[str, SourceFile | Gap]:
        """The files of actions of others, asked with the first owner's credential."""
        first = next(iter(self._collectors.values()), None)
        return first.action_files(uses, references) if first else {}

    def released(self, files: Sequence[ReleasedFile]) -> dict[ReleasedFile, FileThen | Gap]:
        """What workflow files were at commits, each asked with its owner's credential."""
        found: dict[ReleasedFile, FileThen | Gap] = {}
        for collector in self._collectors.values():
            own = [f for f in files if self._readers.get(f.slug.lower()) is collector]
            found |= collector.released(own)
        return found

    def advisories(self) -> AdvisoryList | Unseen:
        """GitHub's advisories for actions, asked once."""
        first = next(iter(self._collectors.values()), None)
        if first is None:
            return Unseen(need=Need.REFERENCES, reason="No owner could be read.")
        return first.advisories()
