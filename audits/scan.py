"""Scans into the store: each owner's repositories recorded one by one, resumable, finished."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from audits import __version__
from audits.check import all_checks
from audits.collect.collector import Collector
from audits.model.history import ScanRow
from audits.model.score import Audit
from audits.model.source import Gap, Snapshot
from audits.run import Plan, audits_of, shared_gaps
from audits.score import POLICY
from audits.store.store import Store
from audits.workflow.package_evidence import packages_to_ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One finished scan of one owner, in numbers: repositories, and how many changed."""

    scan: ScanRow
    repositories: int
    changed: int


Seen = Callable[[Audit], None]
"""Told of every audit once it is recorded."""


def _nobody(audit: Audit) -> None:
    """Told of audits where nobody watches."""


@dataclass(kw_only=True)
class _Open:
    """The scan of one owner while it runs."""

    owner: str
    id: int
    done: set[str]
    registries: set[str] = field(default_factory=set)
    repositories: int = 0
    changed: int = 0


class Scanner:
    """Records what a collector reads; an owner's scan is finished when its last repository is.

    ``started`` is the time that the scans bear (now, unless a sample's own date). With
    ``resume`` an owner's unfinished scan goes on where it stopped.
    """

    def __init__(
        self, store: Store, plan: Plan, *, started: datetime | None = None, resume: bool = False
    ) -> None:
        self.store = store
        self.plan = plan
        self.started = started
        self.resume = resume
        self.titles = {check.id: check.title for check in all_checks()}

    def run(self, collector: Collector, seen: Seen = _nobody) -> tuple[Scanned, ...]:
        """Scan everything that the collector hands over.

        If it is interrupted, what was recorded is kept and the scan can be resumed.
        """
        finished: list[Scanned] = []
        current: _Open | None = None
        try:
            for audit in audits_of(self._wanted(collector.snapshots()), self.plan):
                owner = audit.repository.ref.owner
                if current is not None and current.owner != owner:
                    finished.append(self._finish(current, collector.gaps()))
                    current = None
                current = current or self._begin(owner, collector.source, audit.score.tier)
                self._record(current, audit)
                seen(audit)
            if current is not None:
                finished.append(self._finish(current, collector.gaps()))
                current = None
        finally:
            if current is not None:
                self.store.pause_scan(current.id)
        return tuple(finished)

    def _wanted(self, snapshots: Iterable[Snapshot]) -> Iterator[Snapshot]:
        done: dict[str, set[str]] = {}
        for snapshot in snapshots:
            owner = snapshot.ref.owner
            if self.resume and owner not in done:
                done[owner] = self._done_before(owner)
            if snapshot.ref.name not in done.get(owner, ()):
                yield snapshot

    def _done_before(self, owner: str) -> set[str]:
        unfinished = self.store.unfinished_scan(owner)
        if unfinished is None:
            return set()
        names = self.store.resume_scan(unfinished.id, titles=self.titles)
        self._resumed = _Open(owner=owner, id=unfinished.id, done=names, repositories=len(names))
        return names

    _resumed: _Open | None = None

    def _begin(self, owner: str, source: str, tier: int) -> _Open:
        if self._resumed is not None and self._resumed.owner == owner:
            resumed, self._resumed = self._resumed, None
            return resumed
        number = self.store.begin_scan(
            owner, source=source, started=self.started or datetime.now(UTC), tier=tier,
            policy=POLICY, tool_version=__version__, titles=self.titles,
        )  # fmt: skip
        return _Open(owner=owner, id=number, done=set())

    def _record(self, current: _Open, audit: Audit) -> None:
        if current.repositories == 0:
            settings = audit.repository.snapshot.owner_settings
            self.store.record_owner(current.id, settings, audit.owner_results)
        current.registries |= {registry for registry, _ in packages_to_ask(audit.repository)}
        current.changed += self.store.record(current.id, audit)
        current.repositories += 1

    def _finish(self, current: _Open, gaps: tuple[Gap, ...]) -> Scanned:
        asked = shared_gaps(self.plan.facts)
        mine = [gap for gap in asked if gap.subject.partition(":")[0] in current.registries]
        known = [gap for gap in gaps if _is_of(gap, current.owner)]
        self.store.record_gaps(current.id, (*known, *mine))
        row = self.store.finish_scan(current.id, self.started or datetime.now(UTC))
        return Scanned(scan=row, repositories=current.repositories, changed=current.changed)


def _is_of(gap: Gap, owner: str) -> bool:
    """Whether a gap of the collector's is on this owner; one that names no owner is on all."""
    named, slash, _ = gap.subject.partition("/")
    return not slash or named.lower() == owner.lower()
