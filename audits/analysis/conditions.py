"""Decides which runs reach a job or a step, from every condition on the way.

A job without ``always()`` and its like runs only after all the jobs it waits for, directly
or not: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from audits.analysis.ending_steps import ends_job, goes_on
from audits.analysis.events import RefKind, Start, outsider_starts
from audits.analysis.job_dependencies import needs_of
from audits.analysis.outsiders import RequiredAccess, RunRights
from audits.analysis.reachability import Reachability, joined
from audits.expressions.evaluate import Facts, Undecided, Value, decide, evaluate
from audits.expressions.syntax import (
    Call,
    Context,
    Expression,
    condition_expression,
    fences,
    walk,
)
from audits.model.location import Inputs, Scalar
from audits.model.platform_facts import MERGE_REFS_AND_ENVIRONMENTS
from audits.model.publication import Publication, Route
from audits.model.repository import Repository
from audits.model.settings import EnvironmentSettings, Unseen
from audits.model.workflow import Condition, Job, Step, Trigger, Workflow

STATUS_FUNCTIONS = frozenset({"always", "success", "failure", "cancelled"})
_USUAL: dict[str, Value] = {
    "always()": True,
    "success()": True,
    "failure()": False,
    "cancelled()": False,
}
_FAILED: dict[str, Value] = {**_USUAL, "success()": False, "failure()": True}

# Branches of any name, the merge refs of pull requests among them.
_ANY_BRANCH = re.compile(r"branch:[?/]*\*[*?/]*")
_REPOSITORY = ("repository", "repository_owner", "repository_id", "repository_owner_id")


class _Guards:
    """Works out what runs reach in one repository, and keeps what it worked out."""

    def __init__(self, repo: Repository) -> None:
        # The repository itself is given anew: see `Repository.once`.
        self.workflows = {workflow.path: workflow for workflow in repo.workflows}
        self._frames: dict[tuple[int, str, tuple[Job, ...]], tuple[Start, _WorkflowRun]] = {}

    def reach(
        self,
        repo: Repository,
        route: Route,
        start: Start,
        steps: tuple[Step, ...],
        ending: tuple[Ending, ...],
    ) -> Reachability:
        facts = start.facts
        found = Reachability()
        for depth, job in enumerate((*route.calls, route.job)):
            workflow = self.workflows.get(job.path)
            if workflow is None:
                return Reachability(runs=None, unseen=(job.path,))
            frame = self._frame(workflow, start, route.calls[:depth], facts)
            found = found.then(frame.job(repo, job))
            if job is not route.job:
                facts = _passed(job, self.workflows.get(job.uses.path if job.uses else ""), facts)
            for step in steps if job is route.job else ():
                if step.condition is not None:
                    known = _in_step(workflow, job, step, facts)
                    found = found.then(_holds(step.condition, known))
            for end in ending if job is route.job else ():
                found = found.then(_past(workflow, job, end, facts))
        return found

    def _frame(
        self, workflow: Workflow, start: Start, calls: tuple[Job, ...], facts: Facts
    ) -> _WorkflowRun:
        """The frame of one run, which is kept with its start: so its identity stays its own."""
        key = (id(start), workflow.path, calls)
        if key not in self._frames:
            self._frames[key] = (start, _WorkflowRun(workflow, start, facts))
        return self._frames[key][1]


class Ending(Struct, frozen=True):
    """A step at which a job ends, with the steps whose conditions lead to it, itself among them."""

    step: Step
    guards: tuple[Step, ...]


def reach(
    repo: Repository,
    route: Route,
    start: Start,
    steps: tuple[Step, ...] = (),
    ending: tuple[Ending, ...] = (),
) -> Reachability:
    """Whether a run of this start comes by this route to its job, and to these steps, past the
    steps ``ending`` that would end it.
    """
    return repo.once(_Guards).reach(repo, route, start, steps, ending)


class ConditionResult(Struct, frozen=True, kw_only=True):
    """Whether people come past all conditions to a job or step, and who the first of them is.

    ``runs`` is None where outputs decide, which ``reach`` names. ``start`` is the first run
    that comes through, else the first that may; None where none does.
    """

    runs: bool | None = False
    start: Start | None = None
    reach: Reachability = Reachability(runs=False)

    @property
    def who(self) -> str:
        """Who comes through, for people."""
        return "" if self.start is None else self.start.who


def passage(
    repo: Repository,
    route: Route,
    trigger: Trigger,
    steps: tuple[Step, ...] = (),
    right: RequiredAccess = RequiredAccess.NONE,
    scopes: frozenset[RunRights] = frozenset({RunRights.REPOSITORY}),
    ending: tuple[Ending, ...] = (),
) -> ConditionResult:
    """Whether people with no more than this right come by a route to its job, and to these
    steps past those that end it, in runs made with these rights. Only events that need no write
    access are tried.
    """
    perhaps = ConditionResult()
    for start in outsider_starts(repo, trigger):
        if start.right > right or start.scope not in scopes:
            continue
        found = reach(repo, route, start, steps, ending)
        if found.runs:
            return ConditionResult(runs=True, start=start, reach=found)
        if found.runs is None and perhaps.start is None:
            perhaps = ConditionResult(runs=None, start=start, reach=found)
    return perhaps


def publishing_steps(publication: Publication) -> tuple[Step, ...]:
    """The step that publishes, after the job's step that leads to it where they differ."""
    at = publication.step
    outer = publication.job.steps[at : at + 1] if at >= 0 else ()
    inner = publication.source_step
    return outer if inner is None or inner in outer else (*outer, inner)


def has_status_function(expression: Expression | None) -> bool:
    """Whether a condition replaces the implied ``success()``."""
    return expression is not None and any(
        isinstance(part, Call) and part.name in STATUS_FUNCTIONS for part in walk(expression)
    )


def runs_after_failures(step: Step) -> bool:
    """Whether the condition of a step has it run although one before it failed."""
    text = step.condition.text.value if step.condition is not None else ""
    return _replaces_success(text) and decide(condition_expression(text), _FAILED) is not False


class _WorkflowRun:
    """The jobs of one workflow in one kind of run."""

    def __init__(self, workflow: Workflow, start: Start, facts: Facts) -> None:
        self.start = start
        self.facts = facts
        self.needs = needs_of(workflow)
        self.own: dict[Job, Reachability] = {}
        self.chain: dict[Job, Reachability] = {}
        self.ends: dict[Job, Reachability] = {}
        self.broken: set[Job] = set()
        self.workflow = workflow
        self.handed: dict[Job, dict[str, Value]] = {}

    def job(self, repo: Repository, job: Job) -> Reachability:
        """Whether a job runs, its ancestors first."""
        if job in self.own:
            return self.own[job]
        for each in (*self.needs.unknown_above(job, self.own), job):
            needs = [above for above in self.needs.direct[each] if above in self.own]
            before = joined(
                r for above in needs for r in (self.chain[above], self.own[above], self.ends[above])
            )
            self.chain[each] = before
            facts = self._after(needs) if each.condition is not None else self.facts
            reached = _one_job(repo, each, self.start, facts, before)
            self.own[each] = joined((reached,))
            self.ends[each] = self._to_its_end(repo, each)
            if self._is_broken(each) or not self.broken.isdisjoint(needs):
                self.broken.add(each)
        return self.own[job]

    def _is_broken(self, job: Job) -> bool:
        """Whether a job runs and surely fails."""
        return self.own[job].runs is True and self.ends[job].runs is False

    def _to_its_end(self, repo: Repository, job: Job) -> Reachability:
        """Whether a job, if it runs, comes to its end."""
        return joined(
            _past(self.workflow, job, end, self.facts)
            for end in _known_ending(repo, job, self.start)
        )

    def _after(self, needs: list[Job]) -> Facts:
        """The facts with the results and outputs of the jobs directly above."""
        known = dict(self.facts)
        known["failure()"] = not self.broken.isdisjoint(needs)
        results: list[Value] = []
        for above in needs:
            if above not in self.handed:
                reached = (
                    self.own[above]
                    if self.own[above].runs is False
                    else self.own[above].then(self.ends[above])
                )
                broken = self._is_broken(above)
                self.handed[above] = _handed(above, reached, self.facts, broken=broken)
            known |= self.handed[above]
            results.append(known[f"needs.{above.id.lower()}.result"])
        known["needs.*.result"] = tuple(results)
        return known


def _one_job(
    repo: Repository, job: Job, start: Start, facts: Facts, before: Reachability
) -> Reachability:
    if job.never_runs:
        return Reachability(runs=False)
    success = Undecided() if before.runs is None else before.runs
    failed = facts.get("failure()", False)
    usual = {**_USUAL, "success()": success, "failure()": failed}
    known = facts if job.condition is None else {**facts, **usual}
    found = _holds(job.condition, known)
    if job.condition is None or not _replaces_success(job.condition.text.value):
        found = before.then(found)
    guard = environment_guard(repo, job, start)
    return found.then(Reachability(runs=False, guard=guard)) if guard else found


def _known_ending(repo: Repository, job: Job, start: Start) -> tuple[Ending, ...]:
    event = start.trigger.event if start.right is not RequiredAccess.WRITE else ""
    return repo.once_for((_ending, job, event), lambda: tuple(_ending(repo, job, event)))


def _ending(repo: Repository, job: Job, event: str) -> Iterator[Ending]:
    """The steps of a job at which it may end for those who start it, who need write access
    where no ``event`` of others is named.
    """
    for step in () if goes_on(job) else job.live_steps:
        if ends_job(repo, step, event):
            yield Ending(step, (step,))


def _past(workflow: Workflow, job: Job, end: Ending, facts: Facts) -> Reachability:
    """Whether a run comes past a step that ends its job: also where whoever starts it may choose
    what its condition reads.
    """
    unseen: tuple[str, ...] = ()
    for step in end.guards:
        if step.condition is None:
            continue
        known = _in_step(workflow, job, step, facts)
        found = _holds(step.condition, known)
        is_sure = decide(condition_expression(step.condition.text.value), known) is True
        if not (is_sure or found.unseen):
            return Reachability()
        unseen += found.unseen
    if unseen:
        return Reachability(runs=None, unseen=unseen)
    return Reachability(runs=False, guard=f"the step in line {end.step.at.line} that ends the job")


def _handed(job: Job, reached: Reachability, facts: Facts, *, broken: bool) -> dict[str, Value]:
    """A job's result and outputs, as the jobs that wait for it see them."""
    name = f"needs.{job.id.lower()}"
    result: Value = "failure" if broken else "success" if reached.runs else "skipped"
    handed: dict[str, Value] = {
        f"{name}.result": Undecided(True) if reached.runs is None else result
    }
    for output, text in job.outputs.items():
        value = text_value(text, facts)
        if not isinstance(value, Undecided):
            handed[f"{name}.outputs.{output.lower()}"] = _as_text(value)
    return handed


def _holds(condition: Condition | None, facts: Facts) -> Reachability:
    """Whether a condition lets a run pass."""
    if condition is None:
        return Reachability()
    expression = condition_expression(condition.text.value)
    if expression is None:
        return Reachability(conditions=(condition,))
    read = _contexts_of(condition.text.value)
    asks = any(part.parts[-1] not in _REPOSITORY for part in read)
    conditions = (condition,) if asks else ()
    known = decide(expression, facts)
    if known is not None:
        return Reachability(runs=known, conditions=conditions)
    open_ = tuple(part for part in read if part.name not in facts)
    unseen = tuple(
        part.name
        for part in open_
        if part.parts[0] in {"needs", "steps"} and "outputs" in part.parts
    )
    if unseen:
        return Reachability(runs=None, conditions=conditions, unseen=unseen)
    return Reachability(conditions=conditions, assumed=tuple(part.name for part in open_))


@lru_cache(maxsize=1024)
def _replaces_success(text: str) -> bool:
    return has_status_function(condition_expression(text))


@lru_cache(maxsize=1024)
def _contexts_of(text: str) -> tuple[Context, ...]:
    """The contexts that a condition reads."""
    expression = condition_expression(text)
    parts = walk(expression) if expression is not None else ()
    return tuple(part for part in parts if isinstance(part, Context))


def environment_guard(repo: Repository, job: Job, start: Start) -> str:
    """The rule of the job's environment that stops such a run; empty where none was seen."""
    settings, environment = repo.settings, job.environment
    if isinstance(settings, Unseen) or environment is None or environment.dynamic:
        return ""
    if isinstance(settings.environments, Unseen):
        return ""
    found = settings.environments.get(environment.name.value.lower())
    if found is None:
        return ""
    if isinstance(found.reviewers, int) and found.reviewers > 0:
        return f"the reviewers of the environment `{environment.name.value}`"
    patterns = found.ref_patterns
    only_tags = (
        not isinstance(patterns, Unseen)
        and patterns != ()
        and all(pattern.startswith("tag:") for pattern in patterns)
    )
    if only_tags and start.ref in {RefKind.BRANCH, RefKind.PULL_REQUEST}:
        return f"the tag policy of the environment `{environment.name.value}`"
    if start.ref is RefKind.PULL_REQUEST and _keeps_merges_out(repo, found):
        return f"the branch policy of the environment `{environment.name.value}`"
    return ""


def _keeps_merges_out(repo: Repository, settings: EnvironmentSettings) -> bool:
    """Whether no branch of an environment's policy is a pull request's ``refs/pull/1/merge``,
    which the policy is held against.
    """
    patterns = settings.ref_patterns
    if isinstance(patterns, Unseen) or not patterns or not repo.holds(MERGE_REFS_AND_ENVIRONMENTS):
        return False
    return not any(_ANY_BRANCH.fullmatch(each) or "pull" in each for each in patterns)


def _in_step(workflow: Workflow, job: Job, step: Step, facts: Facts) -> dict[str, Value]:
    known = {**facts, **_USUAL}
    for env in (workflow.env, job.env, step.env):
        for name, text in env.items():
            value = text_value(text, facts)
            known[f"env.{name.lower()}"] = (
                value if isinstance(value, Undecided) else _as_text(value)
            )
    return known


def _passed(job: Job, callee: Workflow | None, facts: Facts) -> dict[str, Value]:
    """The facts inside a called workflow: the caller's event, its own inputs."""
    known = {name: value for name, value in facts.items() if not name.startswith("inputs")}
    given: Inputs = {name.lower(): text for name, text in job.inputs.items()}
    trigger = callee.trigger("workflow_call") if callee else None
    for name, declared in (trigger.inputs if trigger else {}).items():
        text = given.get(name.lower(), declared.default)
        empty: Value = False if declared.type == "boolean" else ""
        known[f"inputs.{name.lower()}"] = empty if text is None else text_value(text, facts)
    return known


def text_value(text: Scalar, facts: Facts) -> Value:
    """The value of a scalar that may hold expressions."""
    found = list(fences(text.value))
    if not found:
        return True if text.is_true else False if text.is_false else text.value
    if len(found) == 1 and text.value.strip() == text.value[found[0].start : found[0].end]:
        expression = found[0].expression
        return Undecided() if expression is None else evaluate(expression, facts)
    return Undecided()


def _as_text(value: Value) -> Value:
    """A value as it arrives in an output or a variable, which are always strings."""
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return value
