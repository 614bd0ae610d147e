"""Scans an owner's repositories on GitHub, or a list of them, into the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.github.collector import Choice, Connection, Request
from audits.collect.github.many_owners import ManyOwners
from audits.collect.github.rate_limits import Usage
from audits.collect.github.several_credentials import OwnerCollector, collector_of
from audits.model.source import Gap, RepositoryRef
from audits.pipeline.github_evidence import GitHubFacts
from audits.pipeline.incremental import IncrementalAudits, Judge
from audits.pipeline.run import Plan
from audits.pipeline.scan import Scanned, Scanner, Seen, Unchanged
from audits.store.cache import StoreMemory
from audits.store.store import Store
from audits.suppressions.waivers import Waivers


class GitHubScanned(Struct, frozen=True, kw_only=True):
    """What became of a scan: finished scans, owners that wait for ``--resume`` as the budget
    was used up, what concerns no single repository, and the requests to GitHub.
    """

    finished: tuple[Scanned, ...]
    paused: tuple[str, ...]
    gaps: tuple[Gap, ...]
    usage: Usage


def _nobody(_source: str, _count: int) -> None:
    """No-op progress callback."""


def marks_of(waivers: Waivers, engine: str) -> tuple[str, ...]:
    """What an audit depends on beside files and evidence: the waivers in force today, and the
    other analyser's version.
    """
    return repr(tuple(waivers.active())), ",".join(sorted(waivers.local)), engine


@dataclass(kw_only=True)
class GitHubScan:
    """How GitHub is scanned. The plan's facts are those that are not GitHub's; ``choice``
    says which repositories of an owner are read, ``marks`` are those of `marks_of`.
    ``expect`` is called with the source and its number of repositories, once that is known.
    ``judge`` runs the checks, by default in this process.
    """

    store: Store
    plan: Plan
    connection: Connection
    choice: Choice = field(default_factory=Choice)
    resume: bool = False
    marks: tuple[str, ...] = ()
    expect: Callable[[str, int], None] = _nobody
    judge: Judge | None = None

    def owner(self, owner: str, seen: Seen, unchanged: Unchanged) -> GitHubScanned:
        """Scan one owner. StoreError while another scan of it runs, CollectError where
        nothing can be read; what was recorded by then is kept.
        """
        memory = StoreMemory(self.store)
        scanner = Scanner(self.store, self.plan, resume=self.resume)
        try:
            done = scanner.open(owner, f"GitHub: {owner}")
            names = frozenset(f"{owner}/{name}".lower() for name in done)
            request = Request(owner=owner, choice=self.choice, done=names)
            collector = collector_of(request, self.connection, memory)
            scanner.gone = lambda _owner: collector.gone
        except BaseException:
            scanner.close()
            raise
        return self._run(scanner, collector, memory, seen, unchanged)

    def listed(self, names: Sequence[str], seen: Seen, unchanged: Unchanged) -> GitHubScanned:
        """Scan the repositories of a list (``owner/name``), each owner as a scan of its own."""
        memory = StoreMemory(self.store)
        scanner = Scanner(self.store, self.plan, resume=self.resume)
        owners = {name.partition("/")[0].lower(): name.partition("/")[0] for name in names}
        done: set[str] = set()
        try:
            for owner in owners.values():
                finished = scanner.open(owner, f"GitHub: a list with {owner}")
                done |= {f"{owner}/{name}".lower() for name in finished}
            collector = ManyOwners(names, self.connection, memory, done=done)
        except BaseException:
            scanner.close()
            raise
        return self._run(scanner, collector, memory, seen, unchanged)

    def _run(
        self,
        scanner: Scanner,
        collector: OwnerCollector | ManyOwners,
        memory: StoreMemory,
        seen: Seen,
        unchanged: Unchanged,
    ) -> GitHubScanned:
        facts = GitHubFacts(reader=collector, others=self.plan.facts)
        scanner.plan = replace(self.plan, facts=facts, actions=collector)
        scanner.incremental = IncrementalAudits(memory, facts, scanner.plan, self.marks, self.judge)
        finished = scanner.run(
            collector, self._counted(collector, seen), self._counted(collector, unchanged)
        )
        return GitHubScanned(
            finished=finished,
            paused=scanner.paused,
            gaps=(*collector.gaps(), *scanner.faults),
            usage=collector.usage,
        )

    def _counted(self, collector: OwnerCollector | ManyOwners, note: Seen) -> Seen:
        """``note``, preceded by a call of ``expect``."""

        def counted(ref: RepositoryRef) -> None:
            if collector.total is not None:
                self.expect(collector.source, collector.total)
            note(ref)

        return counted
