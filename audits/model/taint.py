"""Who can set the value of an expression: anyone, only people with write access, or nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from audits.model.expression import Context, fences, outcomes
from audits.model.guards import reach
from audits.model.place import Scalar
from audits.model.publication import Route
from audits.model.repository import Repository, StepSite
from audits.model.starts import starts_of
from audits.model.untrusted import Setter, setter_of
from audits.model.workflow import CompositeAction, Job, Step, Trigger, Workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    """A context whose value someone sets, and the event that carries it."""

    context: Context
    setter: Setter
    event: str


_FREE_TEXT = frozenset({"", "string"})
_DEEPEST = 20
_FOLLOWED = frozenset({"github", "inputs", "env", "needs", "matrix"})


class Tracer:
    """Follows values of one step through variables, inputs and outputs to who sets them.

    Only events count under which the step's job, and the step, can be reached.
    """

    def __init__(self, repo: Repository, site: StepSite) -> None:
        self.repo = repo
        self.site = site
        self.workflows = repo.once(_workflows)
        self.known: dict[Context, Taint | None] = {}

    @cached_property
    def ways(self) -> tuple[tuple[Route, Trigger], ...]:
        """The routes and events that lead to the step."""
        job, step = self.site.job, self.site.step
        if job is None:
            return ()
        if self.site.action is None and step.condition is not None:
            return tuple(_ways(self.repo, job, (step,)))
        # Most steps have no condition of their own: what leads to the job leads to them.
        known = self.repo.once(_ways_to_jobs)
        if job not in known:
            known[job] = tuple(_ways(self.repo, job, ()))
        return known[job]

    def taints(self, text: str) -> Iterator[tuple[int, Taint]]:
        """Each settable context in the fences of a text, with its offset."""
        for fence in fences(text):
            expression = fence.expression
            for part in outcomes(expression) if expression is not None else ():
                if isinstance(part, Context) and (found := self.worst(part)) is not None:
                    name = text.lower().find(part.name, fence.start, fence.end)
                    yield max(name, fence.start), found

    def worst(self, context: Context) -> Taint | None:
        """The least privileged way in which a context can be set."""
        if context not in self.known:
            self.known[context] = self._worst(context)
        return self.known[context]

    def _worst(self, context: Context) -> Taint | None:
        if context.parts[0] not in _FOLLOWED:
            return None
        found = [
            Taint(context=context, setter=setter, event=trigger.event)
            for route, trigger in self.ways
            if (setter := self._at_site(context, route, trigger)) is not None
        ]
        # Somebody who calls it is named only where nobody else starts it.
        return max(found, key=lambda t: (t.setter, t.event != "workflow_call"), default=None)

    def _at_site(self, context: Context, route: Route, trigger: Trigger) -> Setter | None:
        job, action = self.site.job, self.site.action
        if job is None:
            return None
        way = _Way(self.workflows, route, trigger)
        if action is None:
            return way.setter(context, (*route.calls, route.job), self.site.step)
        return _in_action(way, context, action, self.site.step, job)


def _workflows(repo: Repository) -> dict[str, Workflow]:
    return {workflow.path: workflow for workflow in repo.workflows}


def _ways_to_jobs(repo: Repository) -> dict[Job, tuple[tuple[Route, Trigger], ...]]:
    """A place for the ways to each job, which are worked out when first asked for."""
    return {}


def _ways(repo: Repository, job: Job, steps: tuple[Step, ...]) -> Iterator[tuple[Route, Trigger]]:
    for route in repo.routes(job):
        for trigger in route.triggers:
            starts = list(starts_of(trigger))
            found = (reach(repo, route, start, steps).runs for start in starts)
            if not starts or any(runs is not False for runs in found):
                yield route, trigger


@dataclass(frozen=True, slots=True)
class _Way:
    """One route and event, along which values are followed, each place once."""

    workflows: dict[str, Workflow]
    route: Route
    trigger: Trigger
    seen: set[tuple[str, tuple[Job, ...]]] = field(default_factory=set)

    def setter(
        self, context: Context, jobs: tuple[Job, ...], step: Step | None, depth: int = 0
    ) -> Setter | None:
        """Who sets a context as seen from the last of these jobs, the others calling it."""
        if depth > _DEEPEST or not jobs or (context.name, jobs) in self.seen:
            return None
        self.seen.add((context.name, jobs))
        match context.parts:
            case ("github", "event", "inputs", *_):
                return self._dispatched(context.parts[3:4])
            case ("github", *_):
                return setter_of(context.parts[1:], self.trigger.event)
            case ("inputs", *_):
                return self._input(context.parts[1:2], jobs, depth)
            case ("env", name, *_):
                text = self._env(name, jobs[-1], step)
                return self._text(text, jobs, step, depth) if text else None
            case ("needs", name, "outputs", output, *_):
                return self._output(name, output, jobs, depth)
            case ("matrix", *name):
                texts = jobs[-1].matrix.get(".".join(name), ())
                return max(
                    (s for t in texts if (s := self._text(t, jobs, None, depth))), default=None
                )
        return None

    def _text(
        self, text: Scalar, jobs: tuple[Job, ...], step: Step | None, depth: int
    ) -> Setter | None:
        found = (
            self.setter(part, jobs, step, depth + 1)
            for fence in fences(text.value)
            if fence.expression is not None
            for part in outcomes(fence.expression)
            if isinstance(part, Context)
        )
        return max((setter for setter in found if setter is not None), default=None)

    def _env(self, name: str, job: Job, step: Step | None) -> Scalar | None:
        workflow = self.workflows.get(job.path)
        for env in (step.env if step else {}, job.env, workflow.env if workflow else {}):
            for key, text in env.items():
                if key.lower() == name:
                    return text
        return None

    def _input(self, name: tuple[str, ...], jobs: tuple[Job, ...], depth: int) -> Setter | None:
        if len(jobs) == 1:
            return self._dispatched(name)
        callee = self.workflows.get(jobs[-1].path)
        trigger = callee.trigger("workflow_call") if callee else None
        kinds = {
            key.lower(): value.type for key, value in (trigger.inputs if trigger else {}).items()
        }
        if name and kinds.get(name[0], "") not in _FREE_TEXT:
            return None
        given = {key.lower(): text for key, text in jobs[-2].inputs.items()}
        texts = [given[name[0]]] if name and name[0] in given else [] if name else [*given.values()]
        found = (self._text(text, jobs[:-1], None, depth) for text in texts)
        return max((setter for setter in found if setter is not None), default=None)

    def _dispatched(self, name: tuple[str, ...]) -> Setter | None:
        """Who sets an input of the triggered workflow: whoever may start or call it."""
        if self.trigger.event not in {"workflow_dispatch", "workflow_call"}:
            return None
        declared = {key.lower(): value.type for key, value in self.trigger.inputs.items()}
        kinds = [declared.get(name[0], "")] if name and name[0] not in {"*", "[]"} else [""]
        return Setter.WRITER if any(kind in _FREE_TEXT for kind in kinds) else None

    def _output(self, name: str, output: str, jobs: tuple[Job, ...], depth: int) -> Setter | None:
        workflow = self.workflows.get(jobs[-1].path)
        above = workflow.job(name) if workflow else None
        for key, text in above.outputs.items() if above else ():
            if above is not None and key.lower() == output:
                return self._text(text, (*jobs[:-1], above), None, depth)
        return None


def _in_action(
    way: _Way, context: Context, action: CompositeAction, step: Step, job: Job
) -> Setter | None:
    """Who sets a context inside a composite action, whose inputs the job's steps give."""
    jobs = (*way.route.calls, way.route.job)
    if context.parts[0] == "env" and len(context.parts) > 1:
        own = next((t for k, t in step.env.items() if k.lower() == context.parts[1]), None)
        if own is None:
            return way.setter(context, jobs, None)
        parts = [part for part in _contexts(own) if part.parts[0] != "env"]
        found = (_in_action(way, part, action, step, job) for part in parts)
        return max((setter for setter in found if setter is not None), default=None)
    if context.parts[0] != "inputs" or len(context.parts) < 2:
        return way.setter(context, jobs, step) if context.parts[0] == "github" else None
    folder = action.path.rpartition("/")[0]
    worst: Setter | None = None
    for user in job.live_steps:
        if user.uses is None or user.uses.kind != "local" or user.uses.path != folder:
            continue
        for key, text in user.inputs.items():
            if key.lower() == context.parts[1]:
                setter = way._text(text, jobs, user, 0)
                worst = max(filter(None, (worst, setter)), default=None)
    return worst


def _contexts(text: Scalar) -> Iterator[Context]:
    for fence in fences(text.value):
        if fence.expression is not None:
            yield from (part for part in outcomes(fence.expression) if isinstance(part, Context))
