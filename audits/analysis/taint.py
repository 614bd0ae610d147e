"""Who can set the value of an expression: anyone, only people with write access, or nobody.

The one tracer: it follows variables, inputs, outputs of steps, jobs, composite actions and called
workflows, and the matrix. What it does not follow it says (`Trace.untraced`): that is not known,
which is not the same as not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from typing import TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.action_outputs import output_of, repeats_inputs
from audits.analysis.artifacts import downloads
from audits.analysis.conditions import reach
from audits.analysis.events import Start, outsider_starts, starts_of
from audits.analysis.outsiders import LISTED_EVENTS, RequiredAccess, RunRights
from audits.analysis.script_values import (
    Origin,
    Part,
    Variable,
    Written,
    parts_of,
    parts_of_javascript,
    parts_of_python,
    written,
    written_by_python,
    written_by_script,
)
from audits.analysis.second_parsing import code_arguments, second_parsed
from audits.analysis.untrusted_inputs import Setter, setter_of
from audits.expressions.syntax import Context, fences, outcomes
from audits.model.location import Scalar
from audits.model.publication import Route
from audits.model.remote_path import called_name, foreign_path
from audits.model.repository import Repository, StepSite
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import CompositeAction, Job, Step, Trigger, Workflow


class Taint(Struct, frozen=True, kw_only=True):
    """A context whose value someone sets, and the event that carries it.

    ``setter`` is WRITER also where the words are an outsider's, but only people with write
    access bring them into the run: a condition or a type of event keeps all others out.
    ``is_read_again`` where the script holds the value in a variable, which it has a second shell
    or interpreter read as code.
    """

    context: Context
    setter: Setter
    event: str
    is_read_again: bool = False


class Trace(Struct, frozen=True):
    """What became of following a context: who sets it, if anybody, and where the trail was
    lost; ``untraced`` names these places for people.
    """

    taint: Taint | None = None
    untraced: tuple[str, ...] = ()


_FREE_TEXT = frozenset({"", "string"})
_DEEPEST = 20
_MOST_USES = 16
_SCRIPT = "actions/github-script"
_OF_LINES = frozenset({"body", "message", "description"})
"""The last parts of fields that may hold line ends."""
_FOLLOWED = frozenset({"github", "inputs", "env", "needs", "matrix", "steps"})
_Origin = tuple[str, ...]
"""Where a value starts out: the parts of a context of ``github``, or of ``inputs`` as the
triggered workflow gets them; or ``words``, their `Origin`, and what they are, for people.
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
        # More than one check follows the values of a step.
        at = ("traces", site.job, site.step, site.action)
        self.known: dict[Context, Trace] = repo.once_for(at, dict)

    @cached_property
    def ways(self) -> tuple[_Way, ...]:
        """The routes and runs that lead to the step."""
        job, step = self.site.job, self.site.step
        if job is None:
            return ()
        # Most steps have no condition of their own: what leads to the job leads to them.
        guarded = self.site.action is None and step.condition is not None
        steps = (step,) if guarded else ()
        return self.repo.once_for((_ways, job, steps), lambda: tuple(_ways(self.repo, job, steps)))

    def taints(self, text: str) -> Iterator[tuple[int, Taint]]:
        """Each settable context in the fences of a text, with its offset."""
        lower = text.lower()
        for fence in fences(text):
            expression = fence.expression
            for part in outcomes(expression) if expression is not None else ():
                if isinstance(part, Context) and (found := self.worst(part)) is not None:
                    name = lower.find(part.name, fence.start, fence.end)
                    yield max(name, fence.start), found

    def code_taints(self, text: Scalar) -> Iterator[tuple[int, Taint]]:
        """What of a step's code somebody sets: in its fences, and in variables that its script
        hands to a second parser.
        """
        # The ways in are looked for under each event, and more than one check asks.
        at = ("code taints", self.site.job, self.site.step, self.site.action, text)
        yield from self.repo.once_for(at, lambda: tuple(self._code_taints(text)))

    def _code_taints(self, text: Scalar) -> Iterator[tuple[int, Taint]]:
        yield from self.taints(text.value)
        known: set[Part] = set()
        for offset, parts in self._read_again(text):
            fresh = dict.fromkeys(part for part in parts if part not in known)
            known.update(fresh)
            for part in fresh:
                found = self._trace(_named(part), (part,)).taint
                if found is not None:
                    yield offset, replace(found, is_read_again=True)

    def lines_as_variables(self) -> Iterator[Taint]:
        """What outsiders write in several lines, and the step's script hands on as one variable:
        each further line sets a variable of its own.
        """
        for written_value in self.names.written(self.site.step):
            if not (written_value.is_env and written_value.takes_lines):
                continue
            for part in written_value.parts:
                found = self._trace(_named(part), (part,)).taint
                if found is not None and self._has_lines(part, found.event):
                    yield found

    def _has_lines(self, part: Part, event: str) -> bool:
        """Whether an outsider's text of several lines is what a value is put together from."""
        job = self.site.job
        origins = (
            origin
            for route in (self.repo.routes(job) if job is not None else ())
            for origin in self._trail((part,), route).origins
        )
        return any(
            origin[0] == "github"
            and origin[-1] in _OF_LINES
            and setter_of(origin[1:], event) is Setter.OUTSIDER
            for origin in origins
        )

    def _read_again(self, text: Scalar) -> Iterator[tuple[int, tuple[Part, ...]]]:
        """What a step's script hands to a second parser, put together from what."""
        step, script = self.site.step, text.value
        if step.run is None and step.uses is not None and step.uses.action == _SCRIPT:
            for offset, code in code_arguments(script, "javascript"):
                yield offset, parts_of_javascript(code, script)
        elif step.run is not None and step.shell.startswith("python"):
            for offset, code in code_arguments(script, "python"):
                yield offset, parts_of_python(code, script)
        elif step.run is not None and not step.shell.startswith(("node", "perl")):
            # What stands there again is read once: in its first place.
            places = {code: offset for offset, code in reversed([*second_parsed(script)])}
            parts = parts_of(places, self.repo.graph.commands.get(step, ()))
            yield from zip(places.values(), parts, strict=True)

    def worst(self, context: Context) -> Taint | None:
        """The least privileged way in which a context can be set."""
        return self.trace(context).taint

    def untraced(self, text: str) -> tuple[str, ...]:
        """Where the trails of the contexts in a text's fences were lost, for people."""
        found: dict[str, None] = {}
        for fence in fences(text):
            expression = fence.expression
            for part in outcomes(expression) if expression is not None else ():
                if isinstance(part, Context):
                    found |= dict.fromkeys(self.trace(part).untraced)
        return tuple(found)

    @property
    def is_open_to_outsiders(self) -> bool:
        """Whether anybody without write access starts a run that reaches the step, with the
        rights of the repository.
        """
        starts = (start for _, _, start in self.ways if start is not None)
        return any(
            s.right is RequiredAccess.NONE and s.scope is RunRights.REPOSITORY for s in starts
        )

    def trace(self, context: Context) -> Trace:
        """Who sets a context, and what of it was not followed."""
        if context not in self.known:
            is_followed = context.parts[0] in _FOLLOWED
            self.known[context] = self._trace(context, (context,)) if is_followed else Trace()
        return self.known[context]

    def _trace(self, context: Context, parts: tuple[Part, ...]) -> Trace:
        """Who sets what a value is put together from; ``context`` names the value."""
        if self.site.job is None:
            return Trace()
        found: list[Taint] = []
        lost: dict[str, None] = {}
        for route in self.repo.routes(self.site.job):
            trail = self._trail(parts, route)
            lost |= trail.untraced
            for trigger in route.triggers if trail.origins else ():
                setters = {origin: self._setter(origin, trigger) for origin in trail.origins}
                lost |= dict.fromkeys(o[2] for o in trail.origins if _is_open(o, trigger))
                # Asked last: most contexts are set by nobody, whatever way leads here.
                if any(setters.values()) and (setter := self._at_best(route, trigger, setters)):
                    found.append(Taint(context=context, setter=setter, event=trigger.event))
        # Somebody who calls it is named only where nobody else starts it.
        best = max(found, key=lambda t: (t.setter, t.event != "workflow_call"), default=None)
        return Trace(best, tuple(lost))

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

    def origins(self, context: Context, route: Route) -> tuple[_Origin, ...]:
        """Where the value of a context can come from, by one way to the job."""
        return tuple(self._trail((context,), route).origins)

    def _trail(self, parts: tuple[Part, ...], route: Route) -> _Trail:
        trail = _Trail(self.names)
        for frame in self.names.frames(self.site, (*route.calls, route.job)):
            trail.follow_parts(parts, frame)
        return trail

    def _setter(self, origin: _Origin, trigger: Trigger) -> Setter | None:
        if origin[0] == "github":
            if origin[1:] in _REF and _names_its_refs(trigger):
                return None
            return setter_of(origin[1:], trigger.event)
        if origin[0] == "words":
            return self._of_words(Origin(origin[1]), trigger.event)
        # Inputs of the triggered workflow: whoever may start or call it sets them.
        if trigger.event not in {"workflow_dispatch", "workflow_call"}:
            return None
        name = origin[1] if len(origin) > 1 else "*"
        declared = self.names.folded(trigger.inputs).get(name)
        is_open = name in {"*", "[]"} or declared is None or declared.type in _FREE_TEXT
        return Setter.WRITER if is_open else None

    def _of_words(self, origin: Origin, event: str) -> Setter | None:
        """Who sets words that are in no context, under an event.

        A merged commit's message and the names of tags take write access. A file of the
        workspace counts as theirs where it comes from the artifact of an outsider's run.
        """
        job = self.site.job
        match origin:
            case Origin.LISTED:
                return Setter.OUTSIDER
            case Origin.SUBJECT | Origin.COMMITS:
                return Setter.OUTSIDER if event in LISTED_EVENTS else Setter.WRITER
            case Origin.REFS:
                return Setter.WRITER
            case Origin.FILES if event == "workflow_run" and job is not None:
                foreign = any(found.run is not None for found in downloads(self.repo, job))
                return Setter.OUTSIDER if foreign else None
            case _:
                return None


def _named(part: Part) -> Context:
    """A name, for people, of a value that is in no expression."""
    if isinstance(part, Context):
        return part
    if isinstance(part, Variable):
        return Context(("env", part.name.lower()))
    return Context((part.what.replace("`", ""),))


_REF = frozenset({("ref",), ("ref_name",), ("event", "ref"), ("event", "base_ref")})
# A filter that lets through letters, digits and a few signs, none of which is code to a shell.
_PLAIN_REF = re.compile(r"(?:[\w./-]|\[(?:\w-?)+\]|\+)+", re.ASCII)


def _names_its_refs(trigger: Trigger) -> bool:
    """Whether only branches and tags start a run whose names cannot carry code."""
    only = (*(trigger.branches or ()), *(trigger.tags or ()))
    ignoring = trigger.branches_ignore is not None or trigger.tags_ignore is not None
    plain = all(_PLAIN_REF.fullmatch(name) for name in only)
    return trigger.event == "push" and bool(only) and not ignoring and plain


def _is_open(origin: _Origin, trigger: Trigger) -> bool:
    """Whether nobody can tell whose words these are: files of a workspace that may hold an
    outsider's branch.
    """
    return origin[:2] == ("words", Origin.FILES) and trigger.event in LISTED_EVENTS


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
    if origin[:2] == ("words", Origin.LISTED):
        return setter
    added = origin[1:3] in {("event", "comment"), ("event", "review")}
    theirs = start.owns_subject or added
    return Setter.OUTSIDER if start.right is RequiredAccess.NONE and theirs else Setter.WRITER


def _ways(repo: Repository, job: Job, steps: tuple[Step, ...]) -> Iterator[_Way]:
    for route in repo.routes(job):
        for trigger in route.triggers:
            starts = outsider_starts(repo, trigger) or starts_of(repo, trigger)
            for start in starts:
                if reach(repo, route, start, steps).runs is not False:
                    yield route, trigger, start
            if not starts:
                yield route, trigger, None


class _ExpressionSite(Struct, frozen=True):
    """Where an expression stands: in a step of the last of these jobs, which the others call,
    or in a composite action that a step of ``caller`` uses. Without ``step``, after all steps.
    """

    jobs: tuple[Job, ...]
    step: Step | None = None
    action: CompositeAction | None = None
    caller: _ExpressionSite | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of the job or the action."""
        return self.jobs[-1].steps if self.action is None else self.action.steps

    @property
    def path(self) -> str:
        """The file of the job."""
        return self.jobs[-1].path

    def at(self, step: Step | None) -> _ExpressionSite:
        """The same place at another step."""
        return _ExpressionSite(self.jobs, step, self.action, self.caller)


class _Names:
    """What names mean in one repository; GitHub compares them without case."""

    def __init__(self, repo: Repository) -> None:
        self.workflows = {workflow.path: workflow for workflow in repo.workflows}
        self.actions = {_called_as(action.path): action for action in repo.actions}
        self.commands = repo.graph.commands
        self._jobs: dict[str, dict[str, Job]] = {}
        self._folded: dict[int, Mapping[str, object]] = {}
        self._written: dict[Step, tuple[Written, ...]] = {}
        self._exports: dict[Job | CompositeAction, tuple[tuple[Step, Written], ...]] = {}

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

    def callee(self, job: Job) -> Workflow | None:
        """The workflow that a job calls, where it was read."""
        return self.workflows.get(called_name(job.uses, job.path)) if job.uses else None

    def action(self, uses: Uses, path: str) -> CompositeAction | None:
        """The composite action that a step uses, where it was read."""
        return self.actions.get(called_name(uses, path))

    def written(self, step: Step) -> tuple[Written, ...]:
        """What a step's script hands to later steps."""
        if step not in self._written:
            found: tuple[Written, ...] = ()
            if step.run is not None and step.shell.startswith("python"):
                found = written_by_python(step.run.value)
            elif step.run is not None:
                found = written(step.run.value, self.commands.get(step, ()))
            elif step.uses is not None and step.uses.action == _SCRIPT:
                script = step.input("script")
                found = written_by_script(script.value) if script is not None else ()
            self._written[step] = found
        return self._written[step]

    def exports(self, frame: _ExpressionSite) -> tuple[tuple[Step, Written], ...]:
        """The variables that steps of a job or an action set for later steps."""
        holder = frame.action or frame.jobs[-1]
        if holder not in self._exports:
            self._exports[holder] = tuple(
                (step, found)
                for step in frame.steps
                for found in self.written(step)
                if found.is_env
            )
        return self._exports[holder]

    def frames(self, site: StepSite, jobs: tuple[Job, ...]) -> Iterator[_ExpressionSite]:
        """The places of a step: one in a job, and one in an action for each use of it there."""
        if site.action is None:
            yield _ExpressionSite(jobs, site.step)
            return
        pending = [_ExpressionSite(jobs)]
        left = _MOST_USES
        while pending and left > 0:
            frame = pending.pop()
            for step in frame.steps:
                used = self.action(step.uses, frame.path) if step.uses is not None else None
                if used is None or step.never_runs or _is_inside(used, frame):
                    continue
                inner = _ExpressionSite(jobs, None, used, frame.at(step))
                if used is site.action:
                    left -= 1
                    yield inner.at(site.step)
                pending.append(inner)


def _is_inside(action: CompositeAction, frame: _ExpressionSite | None) -> bool:
    """Whether a frame is in this action, directly or not."""
    while frame is not None:
        if frame.action is action:
            return True
        frame = frame.caller
    return False


def _called_as(path: str) -> str:
    """How a ``uses:`` names the action of a file."""
    foreign = foreign_path(path)
    return path.rpartition("/")[0] if foreign is None else foreign.called_as


class _Trail:
    """Follows values back to their origins along one route, each place once."""

    def __init__(self, names: _Names) -> None:
        self.names = names
        self.origins: dict[_Origin, None] = {}
        self.untraced: dict[str, None] = {}
        self._seen: set[tuple[str, _ExpressionSite]] = set()

    def follow(self, context: Context, frame: _ExpressionSite, depth: int = 0) -> None:
        """Follow a context as seen from a place."""
        if (context.name, frame) in self._seen:
            return
        if depth > _DEEPEST:
            self.untraced["values that are handed on too often"] = None
            return
        self._seen.add((context.name, frame))
        match context.parts:
            case ("github", "event", "inputs", *name):
                self.origins["inputs", *name[:1]] = None
            case ("github", *_):
                self.origins[context.parts] = None
            case ("inputs", *name) if frame.action is not None:
                self._action_input(name[:1], frame, depth)
            case ("inputs", *name):
                self._input(name[:1], frame.jobs, depth)
            case ("env", name, *_):
                self._env(name, frame, depth)
            case ("steps", name, "outputs", *output):
                self._step_output(name, (*output, "*")[0], frame, depth)
            case ("needs" | "jobs", name, "outputs", *output):
                above = self.names.job(frame.path, name)
                if above is not None:
                    self._job_output(above, (*output, "*")[0], frame.jobs[:-1], depth)
            case ("matrix", *name):
                self._matrix(name, frame, depth)

    def _text(self, text: Scalar, frame: _ExpressionSite, depth: int) -> None:
        for part in _contexts(text.value):
            self.follow(part, frame, depth + 1)

    def follow_parts(self, parts: tuple[Part, ...], frame: _ExpressionSite, depth: int = 0) -> None:
        """Follow what a script puts a value together from."""
        for part in parts:
            if isinstance(part, Context):
                self.follow(part, frame, depth + 1)
            elif isinstance(part, Variable):
                self._variable(part, frame, depth)
            elif part.origin is Origin.UNTRACED:
                self.untraced[part.what] = None
            else:
                self.origins["words", part.origin.value, part.what] = None

    def _variable(self, variable: Variable, frame: _ExpressionSite, depth: int) -> None:
        """A variable of a shell: of the step's environment, or one that GitHub sets."""
        name = variable.name
        if self._env(name.lower(), frame, depth) or variable.is_set_here:
            return
        prefix, _, rest = name.partition("_")
        if prefix == "GITHUB" and rest.isupper():
            self.follow(Context(("github", rest.lower())), frame, depth + 1)
        elif prefix != "RUNNER":
            self.untraced[f"the variable `{name[:60]}` of a script"] = None

    def _env(self, name: str, frame: _ExpressionSite, depth: int) -> bool:
        """Follow a variable; whether anything sets it."""
        own = self.names.folded(frame.step.env).get(name) if frame.step is not None else None
        if own is not None:
            self._text(own, frame, depth)
            return True
        set_before = self._exported(name, frame, depth)
        if frame.caller is not None:
            return self._env(name, frame.caller, depth + 1) or set_before
        for holder in (frame.jobs[-1], self.names.workflows.get(frame.path)):
            text = self.names.folded(holder.env).get(name) if holder is not None else None
            if text is not None:
                self._text(text, frame.at(None), depth)
                return True
        return set_before

    def _exported(self, name: str, frame: _ExpressionSite, depth: int) -> bool:
        """Follow what earlier steps write to ``$GITHUB_ENV`` under a name."""
        found = False
        for step, export in self.names.exports(frame):
            if step is frame.step:
                break
            if export.name in {name, "*"}:
                found = found or export.name == name
                self.follow_parts(export.parts, frame.at(step), depth + 1)
        return found

    def _step_output(self, name: str, output: str, frame: _ExpressionSite, depth: int) -> None:
        step = next((s for s in frame.steps if s.id.lower() == name), None)
        if step is None:
            return
        what = f"the output `{output}` of the step `{step.id}`"
        used = self.names.action(step.uses, frame.path) if step.uses is not None else None
        if used is not None and used.steps:
            inner = _ExpressionSite(frame.jobs, None, used, frame.at(step))
            text = self.names.folded(used.outputs).get(output)
            if text is not None:
                self._text(text, inner, depth)
        elif step.run is not None or (step.uses and step.uses.action == _SCRIPT):
            found = [w for w in self.names.written(step) if not w.is_env]
            named = [w for w in found if output in {w.name, "*"}]
            rest = [w for w in found if w.name == "*"]
            for each in named or rest:
                self.follow_parts(each.parts, frame.at(step), depth + 1)
            if not named and not rest:
                self.untraced[what] = None
        elif step.uses is not None and repeats_inputs(step.uses, output):
            for text in (*step.inputs.values(), *step.env.values()):
                self._text(text, frame, depth)
        elif step.uses is not None and step.uses.kind is UsesKind.REMOTE:
            words = output_of(step.uses, output)
            self.follow_parts((words,) if words is not None else (), frame, depth)
        else:
            self.untraced[what] = None

    def _job_output(self, job: Job, output: str, calls: tuple[Job, ...], depth: int) -> None:
        """Follow an output of a job, of its own steps or of the workflow that it calls."""
        if depth > _DEEPEST:
            self.untraced["values that are handed on too often"] = None
        elif job.uses is None:
            text = self.names.folded(job.outputs).get(output)
            if text is not None:
                self._text(text, _ExpressionSite((*calls, job)), depth)
        else:
            self._called_output(job, output, calls, depth)

    def _called_output(self, job: Job, output: str, calls: tuple[Job, ...], depth: int) -> None:
        callee = self.names.callee(job)
        if callee is None or not callee.jobs:
            self.untraced[f"the output `{output}` of a called workflow"] = None
            return
        trigger = callee.trigger("workflow_call")
        declared = trigger.keys.get("outputs") if trigger is not None else None
        values = self.names.folded(declared.keys) if declared is not None else {}
        value = values[output].get("value") if output in values else None
        if value is not None and value.scalar is not None:
            self._text(value.scalar, _ExpressionSite((*calls, job, callee.jobs[0])), depth)

    def _matrix(self, name: list[str], frame: _ExpressionSite, depth: int) -> None:
        job = frame.jobs[-1]
        outside = _ExpressionSite(frame.jobs)
        for text in job.matrix.get(".".join(name), ()):
            self._text(text, outside, depth)
        strategy = job.keys.get("strategy")
        matrix = strategy.get("matrix") if strategy is not None else None
        if matrix is None:
            return
        # A matrix, or one of its axes, that an expression gives; `include` may give any key.
        axes = self.names.folded(matrix.keys)
        for value in (matrix, axes.get("include"), axes.get(name[0]) if name else None):
            if value is not None and value.scalar is not None:
                self._text(value.scalar, outside, depth)

    def _action_input(self, name: list[str], frame: _ExpressionSite, depth: int) -> None:
        """An input of a composite action: what the step that uses it gives, or its default."""
        user = frame.caller.step if frame.caller is not None else None
        if user is None or frame.caller is None or frame.action is None:
            return
        given = self.names.folded(user.inputs)
        if not name:
            for text in given.values():
                self._text(text, frame.caller, depth)
            return
        declared = self.names.folded(frame.action.inputs).get(name[0])
        default = declared.default if declared is not None else None
        texts = [text for text in (given.get(name[0]), default) if text is not None]
        if texts:
            self._text(texts[0], frame.caller, depth)
        elif user.inputs_are_dynamic:
            self.untraced[f"the input `{name[0]}` of an action"] = None

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
            self._text(text, _ExpressionSite(jobs[:-1]), depth)


@lru_cache(maxsize=4096)
def _contexts(text: str) -> tuple[Context, ...]:
    """The contexts that a text with expressions can come out as."""
    expressions = (fence.expression for fence in fences(text))
    parts = (p for e in expressions if e is not None for p in outcomes(e))
    return tuple(part for part in parts if isinstance(part, Context))
