"""Which jobs hand a publishing job what it uploads: artifacts and outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from audits.model.place import Scalar
from audits.model.uses import UsesKind
from audits.model.workflow import Job, Step, Workflow
from audits.workflow.routes import Routes

_UPLOAD = "actions/upload-artifact"
_DOWNLOAD = "actions/download-artifact"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a download asks for: a name, a pattern, or (both empty) everything."""

    name: str = ""
    pattern: str = ""

    def takes(self, uploaded: str) -> bool:
        if "${{" in uploaded or "${{" in self.name + self.pattern:
            return True
        if self.name:
            return uploaded == self.name
        return not self.pattern or fnmatchcase(uploaded, self.pattern)


def _text(scalar: Scalar | None, default: str = "") -> str:
    return scalar.value if scalar is not None else default


def _is(step: Step, action: str) -> bool:
    return step.uses is not None and (
        step.uses.slug == action or step.uses.action.startswith(action + "/")
    )


def uploads(job: Job) -> Iterator[str]:
    """The names of artifacts that a job uploads by GitHub's own action."""
    for step in job.live_steps:
        if _is(step, _UPLOAD):
            yield _text(step.input("name"), "artifact")


def _downloads(job: Job) -> Iterator[_Wanted]:
    for step in job.live_steps:
        if _is(step, _DOWNLOAD) and step.input("run-id", "repository") is None:
            yield _Wanted(_text(step.input("name")), _text(step.input("pattern")))
        elif step.run is not None and "gh run download" in step.run.value:
            yield _Wanted()


def ancestors(workflow: Workflow, job: Job) -> tuple[Job, ...]:
    """The jobs that a job waits for, directly or not, nearest first."""
    found: dict[str, Job] = {}
    pending = list(job.needs)
    while pending:
        above = workflow.job(pending.pop(0))
        if above is not None and above.id not in found and above is not job:
            found[above.id] = above
            pending.extend(above.needs)
    return tuple(found.values())


class Handover:
    """Finds the producing jobs of a repository's publishing jobs."""

    def __init__(self, routes: Routes) -> None:
        self.routes = routes

    def producers(self, workflow: Workflow, job: Job) -> dict[Job, Workflow]:
        """The jobs, with their workflows, whose artifacts or outputs reach a job.

        Followed through jobs that pass artifacts on, into called workflows, and up to the
        callers of a called workflow, whose jobs share the run's artifacts.
        """
        found: dict[Job, Workflow] = {}
        pending: list[tuple[Workflow, Job]] = [(workflow, job)]
        seen: set[Job] = {job}
        while pending:
            where, consumer = pending.pop()
            wanted = list(_downloads(consumer))
            for above, source in self._handing(where, consumer, wanted):
                if source not in seen:
                    seen.add(source)
                    found[source] = above
                    pending.append((above, source))
        return found

    def _handing(
        self, workflow: Workflow, job: Job, wanted: list[_Wanted]
    ) -> Iterator[tuple[Workflow, Job]]:
        yield from self._by_output(workflow, job)
        matched = False
        for where, source in self._reach(workflow, job):
            if any(want.takes(name) for want in wanted for name in uploads(source)):
                matched = True
                yield from self._with_calls(where, source)
        if wanted and not matched:
            # The artifact comes from inside an action or a called workflow of elsewhere.
            for above in ancestors(workflow, job):
                if _may_upload(above):
                    yield workflow, above

    def _by_output(self, workflow: Workflow, job: Job) -> Iterator[tuple[Workflow, Job]]:
        text = workflow.source.text[slice(*job.span)]
        for above in ancestors(workflow, job):
            used = rf"needs\.{re.escape(above.id)}\.outputs\b"
            if above.uses is None and not above.outputs:
                continue
            if re.search(used, text, re.IGNORECASE):
                yield workflow, above
                yield from self._called(above)

    def _reach(self, workflow: Workflow, job: Job) -> Iterator[tuple[Workflow, Job]]:
        """The other jobs of the same run: of this workflow, of what it calls, of its callers."""
        pending, seen = [workflow], {workflow.path}
        while pending:
            where = pending.pop()
            for other in where.live_jobs:
                callee = self.routes.callee(other)
                if callee is not None and callee.path not in seen:
                    seen.add(callee.path)
                    pending.append(callee)
                if other is not job:
                    yield where, other
            for caller, _ in self.routes.callers.get(where.path, []):
                if caller.path not in seen:
                    seen.add(caller.path)
                    pending.append(caller)

    def _called(self, job: Job) -> Iterator[tuple[Workflow, Job]]:
        callee = self.routes.callee(job)
        if callee is not None:
            yield from ((callee, inner) for inner in callee.live_jobs if inner.outputs)

    def _with_calls(self, workflow: Workflow, job: Job) -> Iterator[tuple[Workflow, Job]]:
        yield workflow, job
        yield from self.routes.callers.get(workflow.path, [])


def _may_upload(job: Job) -> bool:
    """Whether a job could upload an artifact where we cannot look."""
    if job.uses is not None:
        return True
    return any(
        step.uses is not None
        and (step.uses.kind is UsesKind.LOCAL or step.uses.owner.lower() not in {"", "actions"})
        for step in job.live_steps
    )
