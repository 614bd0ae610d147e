"""Scans owners into the store; an interrupted scan can resume."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from audits import __version__
from audits.collect.collector import Collector
from audits.faults import crash_gap, each_apart
from audits.interrupts import uninterrupted
from audits.model.errors import AuditError
from audits.model.repository import Repository
from audits.model.rows import ScanRow
from audits.model.score import Audit
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot
from audits.model.storable import storable
from audits.model.timeline import Timeline
from audits.pipeline.periodic import Periodic
from audits.pipeline.serialized import Judged, SerializedAudit
from audits.scoring.version import POLICY
from audits.store.errors import StoreError
from audits.store.store import Store
from audits.store.totals import Totals
from audits.store.write.finish import Missed

if TYPE_CHECKING:
    from audits.pipeline.cluster import Cluster
    from audits.pipeline.incremental import IncrementalAudits, UnchangedRepository
    from audits.pipeline.run import Plan

    Found = Audit | SerializedAudit | Judged | UnchangedRepository

_BEAT_SECONDS = 240.0
"""How often a scan renews its lock, which is stale after 15 minutes."""

_TOGETHER = 30
"""The most repositories that are recorded in one transaction."""
_WAIT_SECONDS = 1.0
"""How long an audit may wait for others to be recorded with."""
_FLUSH_SECONDS = 4.0
"""How often a background thread records what waits: a killed scan loses ten seconds of work at
most, the time of writing included.
"""


class Scanned(Struct, frozen=True, kw_only=True):
    """One owner's finished scan in numbers. ``same`` repositories were not even parsed, as
    nothing in them differs. ``before`` is the id of the owner's previous scan, 0 if there is
    none. ``missed`` counts the gaps of the repositories that were reached.
    """

    scan: ScanRow
    totals: Totals
    before: int
    repositories: int
    changed: int
    same: int = 0
    missed: Missed = Missed()


Seen = Callable[[RepositoryRef], None]
"""Called for every repository once its audit is recorded."""

Unchanged = Callable[[RepositoryRef], None]
"""Called for every repository that was not parsed again."""


def _none_gone(owner: str) -> tuple[str, ...]:
    """No repository is known to be gone."""
    return ()


def _nobody(ref: RepositoryRef) -> None:
    """No-op progress callback."""


@dataclass(kw_only=True)
class _Open:
    """The scan of one owner while it runs; ``id`` is 0 until it is begun, ``rules`` the digest
    of the rules.
    """

    owner: str
    source: str
    rules: str
    id: int = 0
    done: frozenset[str] = frozenset()
    registries: set[str] = field(default_factory=set)
    repositories: int = 0
    changed: int = 0
    same: int = 0
    put_off: bool = False


@dataclass(kw_only=True)
class _Waiting:
    """An audit that waits to be recorded; ``repository`` holds what it depends on, where the
    next scan may use that to skip it.
    """

    serialized: SerializedAudit
    opened: _Open
    repository: Repository | None = None


class Scanner:
    """Records the audits of what a collector reads, as one scan for each owner.

    ``started`` is the scans' time, by default now. With ``resume`` an owner's unfinished scan
    continues where it stopped. ``incremental`` skips what did not change since the last scan.
    ``plan`` is None where all audits are made elsewhere, without requests; ``as_of`` is then the
    day that they stand for. ``timeline`` says whether the scan is made, rebuilt or rescored.
    ``cluster`` runs the checks, where one is used.

    Afterwards ``paused`` names the owners whose scan waits for ``--resume``, as its points or
    its time were used up, and ``faults`` holds gaps for faults of this program that concern no
    single repository.
    """

    def __init__(
        self,
        store: Store,
        plan: Plan | None,
        *,
        started: datetime | None = None,
        resume: bool = False,
        incremental: IncrementalAudits | None = None,
        as_of: date | None = None,
        timeline: Timeline = Timeline.SCAN,
        cluster: Cluster | None = None,
    ) -> None:
        self.store = store
        self.cluster = cluster
        self.timeline = timeline
        self.plan = plan
        self.started = started
        self.resume = resume
        self.incremental = incremental
        self.as_of = as_of if plan is None else plan.rules.as_of
        self.paused: tuple[str, ...] = ()
        self.gone: Callable[[str], Iterable[str]] = _none_gone
        self._opened: dict[str, _Open] = {}
        self.faults: list[Gap] = []
        self._waiting: list[_Waiting] = []
        self._waiting_since = 0.0
        self._last_beat = time.monotonic()
        self._seen: Seen = _nobody
        # The thread that flushes takes turns with the one that scans.
        self._turn = threading.RLock()

    def open(self, owner: str, source: str) -> frozenset[str]:
        """Begin or resume an owner's scan before anything is read; StoreError while another
        one runs. Returns the names of repositories that are recorded already, in lower case.
        """
        return self._current(owner, source).done

    def run(
        self,
        collector: Collector,
        seen: Seen = _nobody,
        unchanged: Unchanged = _nobody,
        *,
        audits: Iterable[Found] | None = None,
    ) -> tuple[Scanned, ...]:
        """Audit and record everything that the collector reads, or record ``audits`` that are
        made elsewhere. StoreError where the database fails.

        If it is interrupted, what was recorded is kept and the scan can be resumed.
        """
        self._seen = seen
        found = self._audits(collector) if audits is None else audits
        try:
            with Periodic(self._flush, _FLUSH_SECONDS) as flushing:
                for each in found:
                    flushing.check()
                    self._note(each, collector.source, unchanged)
                self._record()
                flushing.check()
                return self._end((*collector.gaps(), *self.faults))
        finally:
            self._seen = _nobody
            try:
                self._record()
            finally:
                # Also where recording failed: other scans of these owners must not wait for it.
                self.close()

    def _note(self, found: Found, source: str, unchanged: Unchanged) -> None:
        """Take one repository; it is recorded together with others, at once or soon."""
        with self._turn:
            if isinstance(found, Audit | SerializedAudit | Judged):
                self._take(found, source)
                if self._is_due():
                    self._record()
                return
            self._record_same(found, source)
        unchanged(found.ref)

    def close(self) -> None:
        """Leave the open scans to be resumed; where one cannot be left, the others still are."""
        failed: list[StoreError] = []
        for current in self._opened.values():
            if current.id:
                try:
                    self.store.pause_scan(current.id)
                except StoreError as error:
                    failed.append(error)
        self._opened.clear()
        if failed:
            raise failed[0]

    def _flush(self) -> None:
        """Record what was audited so far, and renew the owners' locks."""
        with self._turn:
            self._record()
            numbers = [current.id for current in self._opened.values() if current.id]
            self.store.flush(numbers)
            if time.monotonic() - self._last_beat >= _BEAT_SECONDS:
                self._last_beat = time.monotonic()
                for number in numbers:
                    self.store.beat(number)

    def _audits(self, collector: Collector) -> Iterator[Found]:
        # Imported here only: where worker processes audit, this process need not load it.
        from audits.pipeline.run import audits_of

        wanted = self._wanted(collector.snapshots(), collector.source)
        if self.incremental is not None:
            return self.incremental.audits_of(wanted, self.is_recorded)
        if self.cluster is not None:
            return self.cluster.audits(wanted)
        if self.plan is None:
            raise ValueError("without a plan there must be audits")
        return iter(audits_of(wanted, self.plan))

    def _wanted(self, snapshots: Iterable[Snapshot], source: str) -> Iterator[Snapshot]:
        for snapshot in self._guarded(snapshots, source):
            current = self._current(snapshot.ref.owner, source)
            if is_put_off(snapshot):
                current.put_off = True
            elif snapshot.ref.name.lower() not in current.done:
                yield snapshot

    def _guarded(self, snapshots: Iterable[Snapshot], source: str) -> Iterator[Snapshot]:
        """The snapshots until the collector fails by a fault of ours; what it read by then is
        kept, and the rest counts as not reached.
        """
        try:
            yield from snapshots
        except AuditError:
            raise
        except Exception as error:
            if not self._opened:
                raise
            self.faults.append(crash_gap(error, f"reading {source}", "collector"))

    def _current(self, owner: str, source: str) -> _Open:
        """The owner's scan, begun or resumed where it is not open yet."""
        key = owner.lower()
        with self._turn:
            if key not in self._opened:
                self._open(owner, source)
            return self._opened[key]

    def _open(self, owner: str, source: str) -> None:
        key, rules = owner.lower(), self._rules
        unfinished = self.store.unfinished_scan(owner, self.timeline) if self.resume else None
        if unfinished is None:
            self._opened[key] = _Open(owner=owner, source=source, rules=rules)
            self._begin([self._opened[key]])
            return
        done = frozenset(name.lower() for name in self.store.resume_scan(unfinished.id))
        self._opened[key] = _Open(
            owner=owner,
            source=source,
            rules=rules,
            id=unfinished.id,
            done=done,
            repositories=len(done),
        )

    @property
    def _rules(self) -> str:
        """The digest of the plan's rules; "" without a plan."""
        return "" if self.plan is None else self.plan.rules.digest

    def _begin(self, waiting: Iterable[_Open]) -> None:
        """Begin the scans that are not begun: all of them or, with StoreError, none."""
        new = {current.owner.lower(): current for current in waiting if not current.id}
        first = next(iter(new.values()), None)
        if first is None:
            return
        try:
            numbers = self.store.begin_scans(
                [current.owner for current in new.values()],
                source=storable(first.source),
                tier=0,
                started=self.started or datetime.now(UTC),
                policy=POLICY,
                rules=first.rules,
                as_of=self.as_of,
                timeline=self.timeline,
                tool_version=__version__,
            )
        except StoreError:
            self._opened = {k: v for k, v in self._opened.items() if k not in new}
            raise
        for current, number in zip(new.values(), numbers, strict=True):
            current.id = number

    def is_recorded(self, ref: RepositoryRef) -> bool:
        """Whether the store still holds the last audit of a repository of an open scan."""
        return self.store.is_recorded(self._opened[ref.owner.lower()].id, ref.name)

    def _take(self, found: Audit | SerializedAudit | Judged, source: str) -> None:
        """Queue an audit to be recorded together with others."""
        serialized, repository = _serialized(found)
        owner = serialized.record.ref.owner
        if self.resume:
            self._current(owner, source)
        # Begun when it is recorded, together with others that are new by then.
        new = _Open(owner=owner, source=source, rules=serialized.record.rules_digest)
        current = self._opened.setdefault(owner.lower(), new)
        current.registries |= serialized.registries
        if not self._waiting:
            self._waiting_since = time.monotonic()
        kept = None if serialized.crashed else repository
        self._waiting.append(_Waiting(serialized=serialized, opened=current, repository=kept))

    def _is_due(self) -> bool:
        waited = time.monotonic() - self._waiting_since
        return len(self._waiting) >= _TOGETHER or waited >= _WAIT_SECONDS

    def _record(self) -> None:
        """Record the audits that wait."""
        with uninterrupted(), self._turn:
            # Taken first: those that cannot be recorded must not be tried again.
            waiting, self._waiting = self._waiting, []
            self._begin([each.opened for each in waiting])
            changed = each_apart(waiting, self._record_together, self._record_fault)
            for each, differs in zip(waiting, changed, strict=True):
                each.opened.changed += differs
                each.opened.repositories += 1
                self._seen(each.serialized.record.ref)
            kept = [each.repository for each in waiting if each.repository is not None]
            if self.incremental is not None and kept:
                each_apart(kept, self._keep, self._keep_fault)

    def _record_together(self, waiting: Sequence[_Waiting]) -> list[bool]:
        return self.store.record_all([(each.opened.id, each.serialized.record) for each in waiting])

    def _record_fault(self, waiting: _Waiting, error: Exception) -> bool:
        """Record that a repository's audit could not be recorded."""
        from audits.pipeline.serialize import refused_record

        waiting.serialized, waiting.repository = refused_record(waiting.serialized, error), None
        return self._record_together([waiting])[0]

    def _keep(self, repositories: Sequence[Repository]) -> Sequence[None]:
        if self.incremental is not None:
            self.incremental.keep(repositories)
        return [None] * len(repositories)

    def _keep_fault(self, repository: Repository, error: Exception) -> None:
        what = f"keeping what the next scan of {repository.ref} would spare"
        self.faults.append(crash_gap(error, what, str(repository.ref)))

    def _record_same(self, same: UnchangedRepository, source: str) -> None:
        current = self._current(same.ref.owner, source)
        current.registries |= same.registries
        self.store.record_unchanged(current.id, [same.ref.name])
        current.repositories += 1
        current.same += 1

    def _end(self, gaps: tuple[Gap, ...]) -> tuple[Scanned, ...]:
        """Finish the open scans in one transaction, except those that wait to be resumed."""
        ending: list[_Open] = []
        for current in self._opened.values():
            known = tuple(gap for gap in gaps if _is_of(gap, current.owner))
            if current.put_off or any(map(_is_put_off, known)):
                self.paused = (*self.paused, current.owner)
            else:
                self._say_of_owner(current, known)
                ending.append(current)
        numbers = [current.id for current in ending]
        with uninterrupted(), self._turn:
            finished = self.store.finish_scans(
                numbers,
                self.started or datetime.now(UTC),
                gone={current.id: self.gone(current.owner) for current in ending},
            )
            for current in ending:
                del self._opened[current.owner.lower()]
        return tuple(
            Scanned(
                scan=done.scan,
                totals=done.totals,
                before=done.before,
                repositories=current.repositories,
                changed=current.changed,
                same=current.same,
                missed=done.missed,
            )
            for current, done in zip(ending, finished, strict=True)
        )

    def _say_of_owner(self, current: _Open, known: tuple[Gap, ...]) -> None:
        """Record what is known of an owner as a whole, and what is not."""
        asked = () if self.plan is None else self.plan.facts.gaps()
        mine = [gap for gap in asked if _concerns(gap, current.registries)]
        try:
            self._record_owner(current)
        except AuditError:
            raise
        except Exception as error:
            mine.append(crash_gap(error, f"reading the settings of {current.owner}", "settings"))
        with self._turn:
            self.store.record_gaps(current.id, (*known, *mine))

    def _record_owner(self, current: _Open) -> None:
        if self.incremental is not None:
            settings, advisories = (
                self.incremental.owner_settings(current.owner),
                self.incremental.advisories(),
            )
            with self._turn:
                self.store.record_owner(current.id, settings, advisories=advisories)
        elif self.timeline is not Timeline.SCAN and self.plan is not None:
            # No audit brings the advisories where every repository is as it was.
            self.store.record_owner(current.id, None, advisories=self.plan.facts.advisories())


def _serialized(
    found: Audit | SerializedAudit | Judged,
) -> tuple[SerializedAudit, Repository | None]:
    """The record, and what it depends on where this process has it."""
    if isinstance(found, Judged):
        return found.serialized, found.repository
    if isinstance(found, SerializedAudit):
        return found, None
    # Loads all that audits; where others audit, this process need not.
    from audits.pipeline.serialize import serialize_audit

    return serialize_audit(found), found.repository


def _is_of(gap: Gap, owner: str) -> bool:
    """Whether a gap of the collector concerns this owner; one that names no owner concerns all."""
    named, slash, _ = gap.subject.partition("/")
    return not slash or named.lower() == owner.lower()


def _concerns(gap: Gap, registries: set[str]) -> bool:
    """Whether a gap is on a whole index that was asked about the owner's packages; a gap on one
    package belongs to its repository.
    """
    word = gap.subject.partition(":")[0]
    return gap.subject.endswith(":*") and (word in registries or word == "advisories")


def _is_put_off(gap: Gap) -> bool:
    """Whether a gap says that the scan used up what it was allowed to ask."""
    return gap.subject == "repository" and gap.reason is GapReason.RATE_LIMITED


def is_put_off(snapshot: Snapshot) -> bool:
    """Whether a repository was not read as the scan's allowance was used up, so that it waits
    for ``--resume``.
    """
    return not snapshot.files and not snapshot.commit and any(map(_is_put_off, snapshot.gaps))
