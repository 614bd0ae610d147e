"""Direct and indirect dependencies of jobs through ``needs:``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from audits.model.workflow import Job, Workflow


class Needs:
    """The jobs that each job of a workflow waits for.

    ``direct`` holds those named in ``needs:``, each once, and ``order`` all jobs, each after
    those it waits for. Sets of jobs are the bits of a number, ``bit`` for each job, ``bits``
    for those it names and ``all_bits`` for all above it: a generated workflow in which each job waits for all before it has tens of
    thousands of edges, which must not be walked again from each job.
    """

    def __init__(self, workflow: Workflow) -> None:
        # Ids are compared without case; of two that are the same, the first one counts.
        by_id = {job.id.lower(): job for job in reversed(workflow.jobs)}
        named = ((job, (by_id.get(name.lower()) for name in job.needs)) for job in workflow.jobs)
        self.direct: dict[Job, tuple[Job, ...]] = {
            job: tuple(dict.fromkeys(above for above in found if above is not None))
            for job, found in named
        }
        self.bit = {job: 1 << number for number, job in enumerate(workflow.jobs)}
        self.bits = {job: self._set(above) for job, above in self.direct.items()}
        self._above: dict[Job, tuple[Job, ...]] = {}
        self.order = self._ordered(workflow)
        self.all_bits: dict[Job, int] = {}
        for job in self.order:
            found = self.bits[job]
            for above in self.direct[job]:
                found |= self.all_bits.get(above, 0)
            self.all_bits[job] = found

    def _set(self, jobs: Iterable[Job]) -> int:
        found = 0
        for job in jobs:
            found |= self.bit[job]
        return found

    def _ordered(self, workflow: Workflow) -> tuple[Job, ...]:
        """All jobs, each after those it waits for."""
        found: dict[Job, None] = {}
        for job in workflow.jobs:
            if job not in found:
                found |= dict.fromkeys((*self.unknown_above(job, found), job))
        return tuple(found)

    def above(self, job: Job) -> tuple[Job, ...]:
        """The jobs that a job waits for, directly or not, each after those it waits for."""
        if job not in self._above:
            self._above[job] = self.unknown_above(job, ())
        return self._above[job]

    def unknown_above(self, job: Job, known: Iterable[Job]) -> tuple[Job, ...]:
        """The same without those that are known and what only these wait for."""
        found: list[Job] = []
        seen = self._set(known) | self.bit[job]
        pending = [(job, iter(self.direct[job]))]
        while pending:
            current, rest = pending[-1]
            missing = self.bits[current] & ~seen
            above = next((a for a in rest if self.bit[a] & missing), None) if missing else None
            if above is not None:
                seen |= self.bit[above]
                pending.append((above, iter(self.direct[above])))
                continue
            pending.pop()
            if current is not job:
                found.append(current)
        return tuple(found)

    def nearest(self, job: Job) -> tuple[Job, ...]:
        """The jobs that a job waits for, directly or not, nearest first."""
        found: list[Job] = []
        seen = self.bit[job]
        pending = deque([job])
        while pending:
            current = pending.popleft()
            missing = self.bits[current] & ~seen
            new = [a for a in self.direct[current] if self.bit[a] & missing] if missing else []
            seen |= missing
            found += new
            pending += new
        return tuple(found)


@lru_cache(maxsize=4)
def needs_of(workflow: Workflow) -> Needs:
    """What the jobs of a workflow wait for; kept while a file is worked on."""
    return Needs(workflow)
