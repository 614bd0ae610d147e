"""The job as the exposure analysis reads it: its steps, secrets and token permissions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct

from audits.analysis.ending_steps import goes_on
from audits.analysis.exposure.project_code import moves
from audits.expressions.syntax import Context, contexts, fences, walk
from audits.model.command import Command
from audits.model.location import Location, Scalar
from audits.model.publication import Route
from audits.model.remote_path import called_name, foreign_path
from audits.model.repository import ReleaseGraph, Repository, StepSite
from audits.model.uses import UsesKind
from audits.model.workflow import CompositeAction, Job, Level, SecretsPassed, Step, Workflow

_ACTIONS_DEEP = 6
_MOST_STEPS = 400
BUILT_IN = "github_token"
"""The name of the job's own token among the secrets."""


class PlacedStep(Struct, frozen=True, kw_only=True):
    """A step that runs in a job: ``outer`` is the job's own step, ``step`` that or one of a
    composite action, in whose file ``path`` it stands. ``guards`` are the steps whose conditions
    it must pass. ``may_be_passed``: conditions of a composite action that are not among the guards
    may leave it out, or its failure may be ignored.
    """

    step: Step
    outer: Step
    path: str
    action: CompositeAction | None = None
    may_be_passed: bool = False

    @property
    def guards(self) -> tuple[Step, ...]:
        """The steps with a condition that a run must pass to get here."""
        inner = (
            (self.step,) if self.step is not self.outer and _reads_nothing_own(self.step) else ()
        )
        return tuple(step for step in (self.outer, *inner) if step.condition is not None)

    def at(self, scalar: Scalar | None = None, line: int = 0) -> Location:
        """A place in the step: of a scalar, of a line, or its beginning."""
        if line:
            return Location(path=self.path, line=line)
        return self.step.at if scalar is None else scalar.location(self.path)


class SecretUse(Struct, frozen=True, kw_only=True):
    """One place of a job that reads a stored secret. ``name`` is as the repository stores it, ""
    where it is computed or all are read. ``key`` is the variable or input that takes it, in lower
    case, "" in a script. ``placed`` is the step, None where the whole job gets it.
    """

    name: str
    key: str
    at: Location
    placed: PlacedStep | None = None


class JobView(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """A job that can run, in one repository."""

    workflow: Workflow
    job: Job
    graph: ReleaseGraph
    actions: Mapping[str, CompositeAction]

    @cached_property
    def steps(self) -> tuple[PlacedStep, ...]:
        """The steps that can run, those of composite actions in the place of what calls them."""
        found: list[PlacedStep] = []
        for step in self.job.live_steps:
            self._place(found, PlacedStep(step=step, outer=step, path=self.job.path), 0)
        return tuple(found[:_MOST_STEPS])

    def _place(self, found: list[PlacedStep], placed: PlacedStep, depth: int) -> None:
        """Add a step, and behind it those of the composite action that it uses."""
        found.append(placed)
        uses = placed.step.uses
        if uses is None or depth >= _ACTIONS_DEEP or len(found) > _MOST_STEPS:
            return
        action = self.actions.get(called_name(uses, placed.path))
        may_be_passed = placed.may_be_passed or (
            placed.step is not placed.outer
            and (placed.step.condition is not None or goes_on(placed.step))
        )
        for step in action.steps if action is not None else ():
            if step.never_runs or action is None:
                continue
            inner = PlacedStep(
                step=step,
                outer=placed.outer,
                path=action.path,
                action=action,
                may_be_passed=may_be_passed
                or not (step.condition is None or _reads_nothing_own(step)),
            )
            self._place(found, inner, depth + 1)

    def commands(self, placed: PlacedStep) -> tuple[Command, ...]:
        """The commands of a step's script."""
        return self.graph.commands.get(placed.step, ())

    def folder(self, placed: PlacedStep) -> str:
        """The folder in which a step's script starts, "" for the workspace itself. Those of a
        composite action take no defaults of the workflow's.
        """
        inherited = self.job.working_directory or self.workflow.working_directory
        return placed.step.working_directory or ("" if placed.action is not None else inherited)

    def moved(self, placed: PlacedStep, start: str) -> Sequence[tuple[Command, str]]:
        """The commands of a step's script, each with the folder in which it runs, from this one."""
        key = (placed.step, start)
        if key not in self._moved:
            self._moved[key] = tuple(moves(self.commands(placed), start))
        return self._moved[key]

    @cached_property
    def _moved(self) -> dict[tuple[Step, str], Sequence[tuple[Command, str]]]:
        """The cache of `moved`: a job is followed once for each event."""
        return {}

    def site(self, placed: PlacedStep) -> StepSite:
        """The step as the tracer of values takes it."""
        return StepSite(
            step=placed.step,
            path=placed.path,
            job=self.job,
            workflow=None if placed.action else self.workflow,
            action=placed.action,
        )

    @property
    def routes(self) -> tuple[Route, ...]:
        """The ways from triggers to the job."""
        return self.graph.routes.get(self.job, ())

    @property
    def is_hidden(self) -> bool:
        """Whether it is in another repository's file."""
        return foreign_path(self.workflow.path) is not None

    def level(self, scope: str, route: Route | None = None) -> Level | None:
        """What the token may do at most on its ways; None where nothing says."""
        routes = self.routes if route is None else (route,)
        levels = [each.grant.level(scope) for each in routes]
        if Level.WRITE in levels:
            return Level.WRITE
        return None if None in levels else Level.READ if Level.READ in levels else Level.NONE

    def grant_at(self, scope: str) -> Location:
        """The line that grants a scope, else the job."""
        for route in self.routes:
            levels = route.grant.levels
            if levels is not None and levels.at is not None:
                return levels.places.get(scope) or levels.at
        return self.job.at

    @cached_property
    def secrets(self) -> tuple[SecretUse, ...]:
        """The stored secrets that the job reads, by the names that the repository gives them."""
        found = [use for use in self._secrets() if use.name != BUILT_IN]
        return tuple(dict.fromkeys(found))

    def _secrets(self) -> Iterator[SecretUse]:
        job = self.job
        for inputs in (self.workflow.env, job.env, job.inputs, job.secrets):
            yield from self._read(inputs.items(), job.path, None)
        if self.job.secrets_passed is SecretsPassed.INHERITED:
            yield SecretUse(name="", key="secrets", at=self.job.secrets_at or self.job.at)
        passwords = (image.password for image in job.images if image.password is not None)
        yield from self._read((("password", each) for each in passwords), job.path, None)
        for placed in self.steps:
            step = placed.step
            if step.env:
                yield from self._read(step.env.items(), placed.path, placed)
            if step.inputs:
                yield from self._read(step.inputs.items(), placed.path, placed)
            if step.run is not None:
                yield from self._read((("", step.run),), placed.path, placed)

    def _read(
        self, given: Iterable[tuple[str, Scalar]], path: str, placed: PlacedStep | None
    ) -> Iterator[SecretUse]:
        for key, scalar in given:
            if "${{" not in scalar.value or "secrets" not in scalar.value.lower():
                continue
            for name, offset in _secret_names(scalar.value):
                line = scalar.line_at(offset) if key == "" else scalar.line
                at = Location(path=path, line=line)
                for stored in self.stored_names(name):
                    yield SecretUse(name=stored, key=key.lower(), at=at, placed=placed)

    def stored_names(self, name: str) -> tuple[str, ...]:
        """What the repository calls a secret that a called workflow reads."""
        if not name or not any(route.calls for route in self.routes):
            return (name,)
        found: dict[str, None] = {}
        for route in self.routes:
            found |= dict.fromkeys(_handed_down(name, route.calls))
        return tuple(found)

    def stored(self, names: Iterable[str]) -> frozenset[str]:
        """What the repository calls these secrets, and `BUILT_IN` where it is among them."""
        return frozenset(
            stored
            for name in names
            for stored in ((name,) if name == BUILT_IN else self.stored_names(name))
        )

    @cached_property
    def secret_names(self) -> frozenset[str]:
        """The names of the stored secrets that it reads, in lower case; "" for all of them."""
        return frozenset(use.name for use in self.secrets)


def _reads_nothing_own(step: Step) -> bool:
    """Whether the condition of a composite action's step reads nothing of the action's own."""
    text = step.condition.text.value if step.condition else ""
    return "inputs." not in text and "steps." not in text


def views(repo: Repository) -> tuple[JobView, ...]:
    """Every job that can run, of all workflows, but for calls of the repository's own."""
    return repo.once(_views)


def _views(repo: Repository) -> tuple[JobView, ...]:
    actions = _actions_by_name(repo)
    return tuple(
        JobView(workflow=workflow, job=job, graph=repo.graph, actions=actions)
        for workflow in repo.workflows
        for job in workflow.live_jobs
        if job.uses is None or job.uses.kind is UsesKind.REMOTE
    )


def _actions_by_name(repo: Repository) -> Mapping[str, CompositeAction]:
    """The composite actions by how a ``uses:`` names them."""
    found = {}
    for action in repo.actions:
        foreign = foreign_path(action.path)
        name = foreign.called_as if foreign else action.path.rpartition("/")[0]
        found[name] = action
    return found


def _secret_names(text: str) -> Iterator[tuple[str, int]]:
    """The secrets that a text reads, in lower case, with where; "" for a computed name or all."""
    for fence in fences(text):
        expression = fence.expression
        for part in walk(expression) if expression is not None else ():
            if isinstance(part, Context) and part.parts[0] == "secrets":
                yield (part.parts[1] if _is_named(part) else ""), fence.start


def named_secrets(text: str) -> frozenset[str]:
    """The names of the secrets that a text reads, in lower case, `BUILT_IN` for the job's token
    by any name; "" for a computed one or all.
    """
    names = {name for name, _ in _secret_names(text)}
    is_token = any(context.name == "github.token" for context in contexts(text))
    return frozenset(names | {BUILT_IN} if is_token else names)


def _is_named(context: Context) -> bool:
    return len(context.parts) > 1 and context.parts[1] not in {"*", "[]"}


def _handed_down(name: str, calls: tuple[Job, ...]) -> Iterator[str]:
    """The names of what a secret of a called workflow is at the outermost caller."""
    if not calls:
        yield name
        return
    caller = calls[-1]
    if caller.secrets_passed is SecretsPassed.INHERITED:
        yield from _handed_down(name, calls[:-1])
    for key, scalar in caller.secrets.items():
        if key.lower() == name:
            for given, _ in _secret_names(scalar.value):
                yield from _handed_down(given, calls[:-1])
