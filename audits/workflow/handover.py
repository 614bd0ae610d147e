"""Finds the jobs whose artifacts and outputs a publishing job uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from audits.analysis.artifact_names import ArtifactNames, file_name
from audits.analysis.job_dependencies import needs_of
from audits.model.location import Scalar
from audits.model.workflow import Job, Step, Workflow
from audits.workflow.routes import Routes

_OUTPUT = re.compile(r"\bneeds\.([\w-]+)\.outputs\b", re.IGNORECASE)
_UPLOAD = "actions/upload-artifact"
_DOWNLOAD = "actions/download-artifact"
# Actions that build a package and upload it as an artifact by themselves: the artifact's name,
# and the input whose text is put behind it.
_BUILDERS = {"hynek/build-and-inspect-python-package": ("Packages", "upload-name-suffix")}


class _ArtifactPattern(Struct, frozen=True):
    """What a download asks for: a name, a pattern, or (both empty) everything."""

    name: str = ""
    pattern: str = ""


def _text(scalar: Scalar | None, default: str = "") -> str:
    return scalar.value if scalar is not None else default


def _is(step: Step, action: str) -> bool:
    return step.uses is not None and (
        step.uses.slug == action or step.uses.action.startswith(action + "/")
    )


def _uploads(steps: Iterable[Step]) -> Iterator[str]:
    """The names of the artifacts that steps upload."""
    for step in steps:
        if _is(step, _UPLOAD) and _text(step.input("archive")) == "false":
            yield file_name(_text(step.input("path")))
        elif _is(step, _UPLOAD):
            yield _text(step.input("name"), "artifact")
        elif step.uses is not None and step.uses.action in _BUILDERS:
            name, suffix = _BUILDERS[step.uses.action]
            yield name + _text(step.input(suffix))


def _downloads(steps: Iterable[Step]) -> Iterator[_ArtifactPattern]:
    for step in steps:
        if _is(step, _DOWNLOAD) and step.input("run-id", "repository") is None:
            yield _ArtifactPattern(_text(step.input("name")), _text(step.input("pattern")))
        elif step.run is not None and "gh run download" in step.run.value:
            yield _ArtifactPattern()


class Handover:
    """Finds the producing jobs of a repository's publishing jobs.

    ``steps`` gives the steps that a job runs, those of the repository's own composite actions
    included.
    """

    def __init__(self, routes: Routes, steps: Callable[[Job], Iterable[Step]]) -> None:
        self.routes = routes
        self.steps = steps
        self._uploaded: dict[Job, tuple[str, ...]] = {}
        self._above: dict[Job, tuple[Job, ...]] = {}
        self._handed: dict[Job, tuple[tuple[Workflow, Job], ...]] = {}
        self._runs: dict[str, tuple[tuple[Workflow, Job], ...]] = {}
        self._named: dict[str, ArtifactNames] = {}

    def above(self, workflow: Workflow, job: Job) -> tuple[Job, ...]:
        """The jobs that a job of a workflow waits for, worked out once."""
        if job not in self._above:
            self._above[job] = needs_of(workflow).nearest(job)
        return self._above[job]

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
            if consumer not in self._handed:
                handing = dict.fromkeys(self._handing(where, consumer))
                self._handed[consumer] = tuple(handing)
            for above, source in self._handed[consumer]:
                if source not in seen:
                    seen.add(source)
                    found[source] = above
                    pending.append((above, source))
        return found

    def _handing(self, workflow: Workflow, job: Job) -> Iterator[tuple[Workflow, Job]]:
        yield from self._by_output(workflow, job)
        wanted = dict.fromkeys(_downloads(self.steps(job)))
        matched = False
        taken = self._taken(workflow, wanted) if wanted else frozenset()
        for where, source in self._run(workflow) if taken else ():
            if source is not job and not taken.isdisjoint(self._uploads_of(source)):
                matched = True
                yield from self._with_calls(where, source)
        if wanted and not matched:
            # The artifact comes from inside an action or a called workflow of elsewhere.
            for above in self.above(workflow, job):
                if self._may_upload(above):
                    yield workflow, above

    def _taken(self, workflow: Workflow, wanted: Iterable[_ArtifactPattern]) -> frozenset[str]:
        """The artifacts of a workflow's run that downloads may take, by their names."""
        if workflow.path not in self._named:
            run = self._run(workflow)
            self._named[workflow.path] = ArtifactNames(
                name for _, job in run for name in self._uploads_of(job)
            )
        names = self._named[workflow.path]
        return frozenset().union(*(names.taken(want.name, want.pattern) for want in wanted))

    def _uploads_of(self, job: Job) -> tuple[str, ...]:
        if job not in self._uploaded:
            self._uploaded[job] = tuple(_uploads(self.steps(job)))
        return self._uploaded[job]

    def _by_output(self, workflow: Workflow, job: Job) -> Iterator[tuple[Workflow, Job]]:
        if not (waited_for := self.above(workflow, job)):
            return
        text = workflow.source.text[slice(*job.span)]
        read = {name.lower() for name in _OUTPUT.findall(text)}
        for above in waited_for if read else ():
            if above.id.lower() in read and (above.uses is not None or above.outputs):
                yield workflow, above
                yield from self._called(above)

    def _run(self, workflow: Workflow) -> tuple[tuple[Workflow, Job], ...]:
        """The jobs of the same run: of this workflow, of what it calls, of its callers."""
        if workflow.path not in self._runs:
            self._runs[workflow.path] = tuple(self._reach(workflow))
        return self._runs[workflow.path]

    def _reach(self, workflow: Workflow) -> Iterator[tuple[Workflow, Job]]:
        pending, seen = [workflow], {workflow.path}
        while pending:
            where = pending.pop()
            for other in where.live_jobs:
                callee = self.routes.callee(other)
                if callee is not None and callee.path not in seen:
                    seen.add(callee.path)
                    pending.append(callee)
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

    def _may_upload(self, job: Job) -> bool:
        """Whether a job could upload an artifact where we cannot look."""
        if job.uses is not None and (callee := self.routes.callee(job)) is not None:
            return any(
                any(_is_elsewhere(step) for step in self.steps(inner)) for inner in callee.live_jobs
            ) or any(inner.uses is not None for inner in callee.live_jobs)
        return job.uses is not None or any(_is_elsewhere(step) for step in self.steps(job))


def _is_elsewhere(step: Step) -> bool:
    """Whether a step's action is in another repository, and is not GitHub's own."""
    return step.uses is not None and step.uses.owner.lower() not in {"", "actions"}
