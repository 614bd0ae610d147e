"""Rebuilds earlier states of repositories from their commits, as scans of earlier days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.past import Past, PastCollector, PastCommit, midnight
from audits.model.rows import ScanRow
from audits.model.score import Audit
from audits.model.source import Gap, RepositoryRef, Snapshot
from audits.model.timeline import Timeline
from audits.pipeline.incremental import UnchangedRepository
from audits.pipeline.run import Plan, audits_of
from audits.pipeline.scan import Scanned, Scanner
from audits.store.store import Store

_MOST_SCANS = 100_000

Seen: TypeAlias = Callable[[date, RepositoryRef], None]
"""Called with every repository of every day once it is recorded."""


class Rebuilt(Struct, frozen=True, kw_only=True):
    """One owner's rebuilt past. ``earlier`` counts the days that an earlier run rebuilt,
    ``audited`` the audits made, ``same`` the repositories that were as on the day before;
    ``started_anew``: an earlier run went by other rules or days and was dropped.
    """

    owner: str
    days: tuple[date, ...]
    earlier: int
    repositories: int
    audited: int
    same: int
    asked: int
    crashed: int
    started_anew: bool


class _Files(Struct, frozen=True, kw_only=True):
    """The commit of a repository's last audit, and what that audit depends on."""

    commit: PastCommit
    inputs: tuple[object, ...]


@dataclass(kw_only=True)
class PastScan:
    """Rebuilds the past of a collector's repositories on ``days``, which are in order.

    Every state is judged by the rules of ``plan`` and by what GitHub and the registries did on
    its day. Only files count: settings, references and indexes are unknown on every day alike,
    so that rebuilt scores can be compared with each other. An interrupted run is continued
    where rules and days are the same, and dropped otherwise. ``unseen`` are gaps of
    repositories with days that are not known, ``faults`` gaps of what this program failed on.
    """

    store: Store
    plan: Plan
    collector: PastCollector
    days: Sequence[date]
    seen: Seen
    faults: list[Gap] = field(default_factory=list)
    unseen: list[Gap] = field(default_factory=list)
    _files: dict[RepositoryRef, _Files] = field(default_factory=dict)
    _judged_by: str = ""

    def run(self) -> tuple[Rebuilt, ...]:
        """Rebuild all owners' pasts, each in the order of days."""
        owners: dict[str, list[Past]] = {}
        for past in self.collector.pasts(self.days):
            self.unseen += _unseen(past)
            owners.setdefault(past.ref.owner.lower(), []).append(past)
        return tuple(self._owner(pasts) for pasts in owners.values())

    def _owner(self, pasts: Sequence[Past]) -> Rebuilt:
        owner = pasts[0].ref.owner
        days = [day for day in self.days if any(day in past.commits for past in pasts)]
        done = self._finished(owner)
        unfinished = self.store.unfinished_scan(owner, Timeline.REBUILT)
        continues = self._continues([*done, *([unfinished] if unfinished else [])], days)
        if not continues:
            self.store.forget_timeline(owner, Timeline.REBUILT)
        start = len(done) if continues else 0
        self._files.clear()
        self._judged_by = ""
        made = [self._day(day, pasts) for day in days[start:]]
        return Rebuilt(
            owner=owner,
            days=tuple(days),
            earlier=start,
            repositories=len(pasts),
            audited=sum(each.repositories - each.same for each in made),
            same=sum(each.same for each in made),
            asked=sum(each.missed.asked for each in made),
            crashed=sum(each.missed.crashed for each in made),
            started_anew=bool(done) and not continues,
        )

    def _finished(self, owner: str) -> list[ScanRow]:
        """The scans of days that are rebuilt already, oldest first."""
        found = self.store.scans(owner, limit=_MOST_SCANS, timeline=Timeline.REBUILT)
        return list(reversed(found))

    def _continues(self, done: Sequence[ScanRow], days: Sequence[date]) -> bool:
        """Whether the rebuilt scans are of the first of these days, by the same rules."""
        if [scan.as_of for scan in done] != list(days[: len(done)]):
            return False
        return not done or done[-1].rules == self._plan(days[len(done) - 1]).rules.digest

    def _plan(self, day: date) -> Plan:
        return replace(self.plan, rules=replace(self.plan.rules, as_of=day))

    def _day(self, day: date, pasts: Sequence[Past]) -> Scanned:
        """Rebuild one day of an owner as a scan."""
        plan, owner = self._plan(day), pasts[0].ref.owner
        scanner = Scanner(
            self.store,
            plan,
            started=midnight(day),
            resume=True,
            timeline=Timeline.REBUILT,
        )
        done = scanner.open(owner, self.collector.source)
        wanted = [past for past in pasts if past.ref.name.lower() not in done]
        found = self._states(day, wanted, plan, scanner)
        source = RecordedSource(source=self.collector.source, found=self.collector.gaps())
        (scanned,) = scanner.run(
            source, lambda ref: self.seen(day, ref), lambda ref: self.seen(day, ref), audits=found
        )
        self.faults += scanner.faults
        self._judged_by = plan.rules.digest
        return scanned

    def _states(
        self, day: date, pasts: Sequence[Past], plan: Plan, scanner: Scanner
    ) -> Iterator[Audit | UnchangedRepository]:
        """For each repository that existed its audit, or `UnchangedRepository` where it is as
        on the day before.
        """
        same_rules = plan.rules.digest == self._judged_by
        wanted: list[tuple[RepositoryRef, PastCommit]] = []
        for past in pasts:
            then = past.commits.get(day)
            known = self._files.get(past.ref) if then and scanner.is_recorded(past.ref) else None
            if then and known and same_rules and _is_same(known.commit, then):
                yield UnchangedRepository(ref=past.ref, registries=frozenset())
            elif then:
                wanted.append((past.ref, then))
        unchanged: list[RepositoryRef] = []
        unknown = (
            Snapshot(ref=past.ref, gaps=(past.gaps[day],)) for past in pasts if day in past.gaps
        )
        changed = self._changed(wanted, scanner, unchanged, same_rules=same_rules)
        yield from audits_of(chain(changed, unknown), plan)
        yield from (UnchangedRepository(ref=ref, registries=frozenset()) for ref in unchanged)

    def _changed(
        self,
        wanted: Sequence[tuple[RepositoryRef, PastCommit]],
        scanner: Scanner,
        unchanged: list[RepositoryRef],
        *,
        same_rules: bool,
    ) -> Iterator[Snapshot]:
        """The snapshots that differ from those of the day before; the names of others are added
        to ``unchanged``.
        """
        snapshots = self.collector.snapshots([(ref, then.commit) for ref, then in wanted])
        for (ref, then), snapshot in zip(wanted, snapshots, strict=True):
            files = _Files(commit=then, inputs=_inputs(snapshot))
            before = self._files.get(ref) if scanner.is_recorded(ref) else None
            self._files[ref] = files
            if same_rules and before is not None and before.inputs == files.inputs:
                unchanged.append(ref)
            else:
                yield snapshot


class RecordedSource(Struct, frozen=True, kw_only=True):
    """A collector without snapshots, for scans that record audits made before."""

    source: str
    found: tuple[Gap, ...]

    def snapshots(self) -> Iterator[Snapshot]:
        """No snapshots."""
        return iter(())

    def gaps(self) -> tuple[Gap, ...]:
        """What concerns no single repository."""
        return self.found


def _unseen(past: Past) -> list[Gap]:
    """One gap for all days of a repository that are not known."""
    if not past.gaps:
        return []
    first, last = min(past.gaps), max(past.gaps)
    gap = past.gaps[last]
    return [replace(gap, subject=str(past.ref), detail=f"{gap.detail} ({first} to {last})")]


def _is_same(before: PastCommit, then: PastCommit) -> bool:
    """Whether all files are known to be the same."""
    if before.commit == then.commit:
        return True
    return bool(then.texts) and before.texts == then.texts


def _inputs(snapshot: Snapshot) -> tuple[object, ...]:
    """All that an audit of it depends on, beside the rules."""
    files = tuple((file.path, file.oid) for file in snapshot.files)
    called = tuple(sorted((key, file.oid) for key, file in snapshot.remote_files.items()))
    return files, called, snapshot.gaps, snapshot.unread, snapshot.branch


def days_between(since: date, until: date, every: str) -> tuple[date, ...]:
    """The Mondays (``week``) or the first days of months (``month``) from one day to another."""
    found: list[date] = []
    day = date.fromordinal(since.toordinal() + (-since.weekday()) % 7)
    if every == "month":
        day = since if since.day == 1 else _next_month(since)
    while day <= until:
        found.append(day)
        day = _next_month(day) if every == "month" else date.fromordinal(day.toordinal() + 7)
    return tuple(found)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
