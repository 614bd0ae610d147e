"""Decides who can set the value of an expression: anyone, people with write access, or nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import TypeVar, cast

from msgspec import Struct

from audits.analysis.conditions import reach
from audits.analysis.events import Start, outsider_starts, starts_of
from audits.analysis.outsiders import LISTED_EVENTS, Right
from audits.analysis.untrusted_inputs import Setter, setter_of
from audits.expressions.syntax import Context, fences, outcomes
from audits.model.location import Scalar
from audits.model.publication import Route
from audits.model.repository import Repository, StepSite
from audits.model.workflow import CompositeAction, Job, Step, Trigger


class Taint(Struct, frozen=True, kw_only=True):
    """A context whose value someone sets, and the event that carries it.

    ``setter`` is WRITER also where the words are an outsider's, but only people with write
    access bring them into the run: a condition or a type of event keeps all others out.
    """

    context: Context
    setter: Setter
    event: str


_FREE_TEXT = frozenset({"", "string"})
_DEEPEST = 20
_FOLLOWED = frozenset({"github", "inputs", "env", "needs", "matrix"})
_Origin = tuple[str, ...]
"""The parts of a context in which a value starts out: of ``github``, or of ``inputs`` as the
triggered workflow gets them.
"""
T = TypeVar("T")


class Tracer:
    """Follows values of one step through variables, inputs and outputs to who sets them.

    Only events count under which the step's job, and the step, can be reached.
    """

    def __init__(self, repo: Repository, site: StepSite) -> None:
        self.repo = repo
        self.site = site
        self.names = repo.once(_Names)
        at = (site.job, site.step, site.action)
        self.known: dict[Context, Taint | None] = repo.once(_known_taints).setdefault(at, {})

    @cached_property
    def ways(self) -> tuple[_Way, ...]:
        """The routes and runs that lead to the step."""
        job, step = self.site.job, self.site.step
        if job is None:
            return ()
        # Most steps have no condition of their own: what leads to the job leads to them.
        guarded = self.site.action is None and step.condition is not None
        steps = (step,) if guarded else ()
        known = self.repo.once(_known_ways)
        if (job, steps) not in known:
            known[job, steps] = tuple(_ways(self.repo, job, steps))
        return known[job, steps]

    def taints(self, text: str) -> Iterator[tuple[int, Taint]]:
        """Each settable context in the fences of a text, with its offset."""
        lower = text.lower()
        for fence in fences(text):
            expression = fence.expression
            for part in outcomes(expression) if expression is not None else ():
                if isinstance(part, Context) and (found := self.worst(part)) is not None:
                    name = lower.find(part.name, fence.start, fence.end)
                    yield max(name, fence.start), found

    def worst(self, context: Context) -> Taint | None:
        """The least privileged way in which a context can be set."""
        if context not in self.known:
            self.known[context] = self._worst(context)
        return self.known[context]

    def _worst(self, context: Context) -> Taint | None:
        if context.parts[0] not in _FOLLOWED or self.site.job is None:
            return None
        found = []
        for route in self.repo.routes(self.site.job):
            origins = self.origins(context, route)
            for trigger in route.triggers if origins else ():
                setters = {origin: self._setter(origin, trigger) for origin in origins}
                # Asked last: most contexts are set by nobody, whatever way leads here.
                if any(setters.values()) and (setter := self._at_best(route, trigger, setters)):
                    found.append(Taint(context=context, setter=setter, event=trigger.event))
        # Somebody who calls it is named only where nobody else starts it.
        return max(found, key=lambda t: (t.setter, t.event != "workflow_call"), default=None)

    def _at_best(
        self, route: Route, trigger: Trigger, setters: dict[_Origin, Setter | None]
    ) -> Setter | None:
        """The least privileged who sets one of these origins, over all runs that come here."""
        best: Setter | None = None
        for way, event, start in self.ways:
            if way is route and event is trigger:
                for origin, setter in setters.items():
                    held = _held_by(origin, setter, start)
                    best = held if best is None or (held is not None and held > best) else best
        return best

    def origins(self, context: Context, route: Route) -> tuple[tuple[str, ...], ...]:
        """Where the value of a context can come from, by one way to the job."""
        job, action = self.site.job, self.site.action
        trail = _Trail(self.names)
        jobs = (*route.calls, route.job)
        if action is None:
            trail.follow(context, jobs, self.site.step)
        elif job is not None:
            trail.follow_in_action(context, jobs, action, self.site.step, job)
        return tuple(trail.origins)

    def _setter(self, origin: _Origin, trigger: Trigger) -> Setter | None:
        if origin[0] == "github":
            return setter_of(origin[1:], trigger.event)
        # Inputs of the triggered workflow: whoever may start or call it sets them.
        if trigger.event not in {"workflow_dispatch", "workflow_call"}:
            return None
        name = origin[1] if len(origin) > 1 else "*"
        declared = self.names.folded(trigger.inputs).get(name)
        is_open = name in {"*", "[]"} or declared is None or declared.type in _FREE_TEXT
        return Setter.WRITER if is_open else None


_At = tuple[Job | None, Step, CompositeAction | None]
_Way = tuple[Route, Trigger, Start | None]
"""A route, the event that sets it off, and the kind of run; none for a call from elsewhere."""


def _held_by(origin: _Origin, setter: Setter | None, start: Start | None) -> Setter | None:
    """Who sets an origin in one kind of run: those whose words they are, unless only people
    with rights start that run or what it is about is not the outsider's.
    """
    if setter is not Setter.OUTSIDER or start is None:
        return setter
    if start.trigger.event not in LISTED_EVENTS:
        return setter
    added = origin[1:3] in {("event", "comment"), ("event", "review")}
    theirs = start.owns_subject or added
    return Setter.OUTSIDER if start.right is Right.NONE and theirs else Setter.WRITER


def _known_taints(repo: Repository) -> dict[_At, dict[Context, Taint | None]]:
    """A place for what was found of each step: more than one check follows its values."""
    return {}


def _known_ways(
    repo: Repository,
) -> dict[tuple[Job, tuple[Step, ...]], tuple[_Way, ...]]:
    """A place for the ways to jobs and steps, which are worked out when first asked for."""
    return {}


def _ways(repo: Repository, job: Job, steps: tuple[Step, ...]) -> Iterator[_Way]:
    for route in repo.routes(job):
        for trigger in route.triggers:
            starts = outsider_starts(repo, trigger) or starts_of(repo, trigger)
            for start in starts:
                if reach(repo, route, start, steps).runs is not False:
                    yield route, trigger, start
            if not starts:
                yield route, trigger, None


class _Names:
    """What names mean in one repository; GitHub compares them without case."""

    def __init__(self, repo: Repository) -> None:
        self.workflows = {workflow.path: workflow for workflow in repo.workflows}
        self._jobs: dict[str, dict[str, Job]] = {}
        self._folded: dict[int, Mapping[str, object]] = {}

    def folded(self, names: Mapping[str, T]) -> Mapping[str, T]:
        """A mapping of the repository's by names in lower case; of two that are the same, the
        first.
        """
        if not names:
            return names
        if id(names) not in self._folded:
            self._folded[id(names)] = {
                key.lower(): value for key, value in reversed([*names.items()])
            }
        return cast("Mapping[str, T]", self._folded[id(names)])

    def job(self, path: str, name: str) -> Job | None:
        """The job of this id in a file."""
        if path not in self._jobs:
            workflow = self.workflows.get(path)
            jobs = workflow.jobs if workflow else ()
            self._jobs[path] = {job.id.lower(): job for job in reversed(jobs)}
        return self._jobs[path].get(name)


class _Trail:
    """Follows values back to their origins along one route, each place once."""

    def __init__(self, names: _Names) -> None:
        self.names = names
        self.origins: dict[_Origin, None] = {}
        self._seen: set[tuple[str, tuple[Job, ...]]] = set()

    def follow(
        self, context: Context, jobs: tuple[Job, ...], step: Step | None, depth: int = 0
    ) -> None:
        """Follow a context as seen from the last of these jobs, the others calling it."""
        if depth > _DEEPEST or not jobs or (context.name, jobs) in self._seen:
            return
        self._seen.add((context.name, jobs))
        match context.parts:
            case ("github", "event", "inputs", *name):
                self.origins["inputs", *name[:1]] = None
            case ("github", *_):
                self.origins[context.parts] = None
            case ("inputs", *name):
                self._input(name[:1], jobs, depth)
            case ("env", name, *_):
                if text := self._env(name, jobs[-1], step):
                    self._text(text, jobs, step, depth)
            case ("needs", name, "outputs", output, *_):
                above = self.names.job(jobs[-1].path, name)
                text = self.names.folded(above.outputs).get(output) if above else None
                if above is not None and text is not None:
                    self._text(text, (*jobs[:-1], above), None, depth)
            case ("matrix", *name):
                for text in jobs[-1].matrix.get(".".join(name), ()):
                    self._text(text, jobs, None, depth)

    def _text(self, text: Scalar, jobs: tuple[Job, ...], step: Step | None, depth: int) -> None:
        for part in _contexts(text.value):
            self.follow(part, jobs, step, depth + 1)

    def _env(self, name: str, job: Job, step: Step | None) -> Scalar | None:
        workflow = self.names.workflows.get(job.path)
        for holder in (step, job, workflow):
            text = self.names.folded(holder.env).get(name) if holder is not None else None
            if text is not None:
                return text
        return None

    def _input(self, name: list[str], jobs: tuple[Job, ...], depth: int) -> None:
        if len(jobs) == 1:
            self.origins["inputs", *name] = None
            return
        callee = self.names.workflows.get(jobs[-1].path)
        trigger = callee.trigger("workflow_call") if callee else None
        declared = self.names.folded(trigger.inputs).get(name[0]) if trigger and name else None
        if declared is not None and declared.type not in _FREE_TEXT:
            return
        given = self.names.folded(jobs[-2].inputs)
        texts = [given[name[0]]] if name and name[0] in given else [] if name else [*given.values()]
        for text in texts:
            self._text(text, jobs[:-1], None, depth)

    def follow_in_action(
        self,
        context: Context,
        jobs: tuple[Job, ...],
        action: CompositeAction,
        step: Step,
        job: Job,
    ) -> None:
        """Follow a context inside a composite action, whose inputs the job's steps give."""
        if context.parts[0] == "env" and len(context.parts) > 1:
            own = self.names.folded(step.env).get(context.parts[1])
            if own is None:
                self.follow(context, jobs, None)
                return
            for part in _contexts(own.value):
                if part.parts[0] != "env":
                    self.follow_in_action(part, jobs, action, step, job)
            return
        if context.parts[0] != "inputs" or len(context.parts) < 2:
            if context.parts[0] == "github":
                self.follow(context, jobs, step)
            return
        folder = action.path.rpartition("/")[0]
        for user in job.live_steps:
            if user.uses is None or user.uses.kind != "local" or user.uses.path != folder:
                continue
            text = self.names.folded(user.inputs).get(context.parts[1])
            if text is not None:
                self._text(text, jobs, user, 0)


@lru_cache(maxsize=4096)
def _contexts(text: str) -> tuple[Context, ...]:
    """The contexts that a text with expressions can come out as."""
    expressions = (fence.expression for fence in fences(text))
    parts = (p for e in expressions if e is not None for p in outcomes(e))
    return tuple(part for part in parts if isinstance(part, Context))
