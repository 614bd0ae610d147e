"""Judges stored scans by today's rules; the results are a timeline of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from audits.model.evidence import AdvisoryList, PackageEvidence, PackageIndex, ResolvedRef
from audits.model.outcome import Acceptance, AcceptanceKind, Finding
from audits.model.query import FindingFilter
from audits.model.repository import NO_INDEX, NO_REFERENCES, Repository
from audits.model.rows import ScanRow
from audits.model.score import Audit
from audits.model.settings import Unseen
from audits.model.source import Gap, RepositoryRef, Snapshot
from audits.model.timeline import Timeline
from audits.model.uses import Uses
from audits.pipeline.incremental import UnchangedRepository
from audits.pipeline.past import RecordedSource
from audits.pipeline.run import BATCH, Plan, audit_batch
from audits.pipeline.scan import Scanned, Scanner
from audits.store.chunks import chunks
from audits.store.read.replay import Present, Replay
from audits.store.store import Store

MOST_SCANS = 100_000

Rescoring = Callable[[ScanRow, RepositoryRef], None]
"""Called with every repository of every scan once it is recorded."""


class Rescored(Struct, frozen=True, kw_only=True):
    """One owner's rescored scans. ``earlier`` counts those that an earlier run rescored,
    ``audited`` the audits made.
    """

    owner: str
    scans: int
    earlier: int
    audited: int
    crashed: int


class StoredFacts(Struct, frozen=True, kw_only=True):
    """The evidence of a scan, as it is stored."""

    resolved: dict[tuple[str, str], ResolvedRef]
    index: PackageIndex
    known: AdvisoryList | None

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The snapshots, whose settings are stored with them."""
        return tuple(repository.snapshot for repository in repositories)

    def references(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef] | Unseen:
        """What refs were then; unseen where none is stored, as none was asked for."""
        return self.resolved or NO_REFERENCES

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex | Unseen:
        """What indexes served then; unseen where nothing is stored, as nothing was asked for."""
        return self.index or NO_INDEX

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories as they are: files at releases are not stored."""
        return repositories

    def advisories(self) -> AdvisoryList | None:
        """The advisories that the scan knew."""
        return self.known

    def gaps(self) -> tuple[Gap, ...]:
        """None: those of each repository are stored with it."""
        return ()


class AcceptedThen:
    """Accepts what was accepted in a scan: findings of the same check on the same line."""

    def __init__(self, store: Store, owner: str, scan: int) -> None:
        where = FindingFilter(accepted=True, in_release=None)
        self._known = {
            (f"{row.owner}/{row.repository}".lower(), row.check, row.path, row.line): Acceptance(
                kind=AcceptanceKind(row.acceptance),
                reason=row.acceptance_reason,
                responsible=row.responsible,
                ticket=row.ticket,
                expires=date.fromisoformat(row.expires) if row.expires else None,
            )
            for row in store.findings(scan, owner=owner, where=where)
            if row.acceptance
        }

    def __call__(self, check: str, finding: Finding, repository: Repository) -> Acceptance | None:
        """The acceptance of a finding, if there was one."""
        at = finding.at
        return self._known.get((str(repository.ref).lower(), check, at.path, at.line))


@dataclass(kw_only=True)
class Rescore:
    """Judges every stored scan by the rules of ``plan``, and by what GitHub and the registries
    did on the scan's day.

    Files, settings, references and evidence of packages are those that the scan stored; what
    was accepted then stays accepted. The scans themselves stay as they are. An interrupted run
    is continued, and later scans are added, where the rules are the same.
    """

    store: Store
    plan: Plan
    seen: Rescoring
    faults: list[Gap] = field(default_factory=list)
    _judged_by: str = ""

    def run(self, owners: Sequence[str]) -> tuple[Rescored, ...]:
        """Rescore the scans of owners, each owner's oldest first."""
        return tuple(self._owner(owner) for owner in owners)

    def _owner(self, owner: str) -> Rescored:
        scans = list(reversed(self.store.scans(owner, limit=MOST_SCANS)))
        done = self.store.scans(owner, limit=MOST_SCANS, timeline=Timeline.RESCORED)
        started = [scan.started for scan in reversed(done)]
        unfinished = self.store.unfinished_scan(owner, Timeline.RESCORED)
        if unfinished is not None:
            started.append(unfinished.started)
        newest = unfinished or next(iter(done), None)
        start = len(done)
        if started != [scan.started for scan in scans[: len(started)]] or (
            newest is not None and newest.rules != self._rules(scans[len(started) - 1])
        ):
            self.store.forget_timeline(owner, Timeline.RESCORED)
            start = 0
        self._judged_by = ""
        replay = self.store.replay(owner)
        made = []
        for place in range(start, len(scans)):
            before = scans[place - 1] if place else None
            made.append(self._scan(scans[place], before, replay))
        return Rescored(
            owner=owner,
            scans=len(scans),
            earlier=start,
            audited=sum(each.repositories - each.same for each in made),
            crashed=sum(each.missed.crashed for each in made),
        )

    def _rules(self, scan: ScanRow) -> str:
        return self._plan(scan).rules.digest

    def _plan(self, scan: ScanRow) -> Plan:
        day = scan.as_of or scan.started.date()
        return replace(self.plan, rules=replace(self.plan.rules, as_of=day))

    def _plan_with_advisories(self, scan: ScanRow) -> Plan:
        known = self.store.advisories(scan.owner, scan=scan.id)
        return replace(self._plan(scan), facts=StoredFacts(resolved={}, index={}, known=known))

    def _scan(self, scan: ScanRow, before: ScanRow | None, replay: Replay) -> Scanned:
        plan, source = self._plan_with_advisories(scan), f"scan {scan.id} under today's rules"
        scanner = Scanner(
            self.store, plan, started=scan.started, resume=True, timeline=Timeline.RESCORED
        )
        done = scanner.open(scan.owner, source)
        present = self.store.present(scan.owner, scan.id)
        if before is not None:
            gone = self.store.present(scan.owner, before.id).known - present.known
            scanner.gone = lambda _owner: gone
        found = self._audits(scan, before, replay, present, plan, scanner, done)
        (scanned,) = scanner.run(
            RecordedSource(source=source, found=()),
            lambda ref: self.seen(scan, ref),
            lambda ref: self.seen(scan, ref),
            audits=found,
        )
        self.faults += scanner.faults
        self._judged_by = plan.rules.digest
        return scanned

    def _audits(
        self,
        scan: ScanRow,
        before: ScanRow | None,
        replay: Replay,
        present: Present,
        plan: Plan,
        scanner: Scanner,
        done: frozenset[str],
    ) -> Iterator[Audit | UnchangedRepository]:
        """For each repository that the scan reached its audit, or `UnchangedRepository`."""
        names = sorted(n for n in present.known - present.unreached if n.lower() not in done)
        everything = before is None or plan.rules.digest != self._judged_by
        everything = everything or replay.owner_between(before.id if before else 0, scan.id)
        moved = replay.between(before.id if before else 0, scan.id)
        wanted = []
        for name in names:
            ref = RepositoryRef(owner=scan.owner, name=name)
            if everything or name in moved or not scanner.is_recorded(ref):
                wanted.append(name)
            else:
                yield UnchangedRepository(ref=ref, registries=frozenset())
        if wanted:
            accept = AcceptedThen(self.store, scan.owner, scan.id)
            rules = replace(plan.rules, accept=accept)
            yield from self._judged(scan, wanted, replace(plan, rules=rules))

    def _judged(self, scan: ScanRow, names: Sequence[str], plan: Plan) -> Iterator[Audit]:
        resolved = self.store.references(scan.owner, scan=scan.id)
        for part in chunks(names, BATCH):
            found = [self.store.stored(scan.owner, name, scan=scan.id) for name in part]
            stored = [each for each in found if each is not None]
            index: dict[tuple[str, str], PackageEvidence] = {}
            for each in stored:
                index |= {} if isinstance(each.index, Unseen) else dict(each.index)
            known = plan.facts.advisories()
            facts = StoredFacts(resolved=resolved, index=index, known=known)
            yield from audit_batch([each.snapshot for each in stored], replace(plan, facts=facts))
