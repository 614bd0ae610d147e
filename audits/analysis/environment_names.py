"""The possible names of a job's ``environment:``, expressions included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product

from msgspec import Struct

from audits.analysis.conditions import publishing_steps
from audits.expressions.evaluate import Facts, Prefix, Value, decide, evaluate, operated
from audits.expressions.syntax import (
    Call,
    Context,
    Expression,
    Operation,
    condition_expression,
    fences,
)
from audits.model.publication import Publication, Route
from audits.model.workflow import Condition, DeclaredInput, Environment, Trigger, Workflow


class _Unknown(Struct, frozen=True):
    """A value that only the run knows; ``filled`` where it is surely not empty."""

    filled: bool


_ANY = _Unknown(False)
_SOME = _Unknown(True)
_Value = str | float | bool | None | _Unknown
_Values = frozenset[_Value]
_NOTHING: _Values = frozenset({""})
_EITHER: _Values = frozenset({True, False})
_MOST_VALUES = 32
_CALLS_DEEP = 10

# Contexts of a run that are never empty:
# https://docs.github.com/en/actions/reference/workflows-and-actions/contexts#github-context
_FILLED = frozenset(
    {
        "github.actor",
        "github.event_name",
        "github.ref",
        "github.ref_name",
        "github.ref_type",
        "github.repository",
        "github.repository_owner",
        "github.run_id",
        "github.run_number",
        "github.sha",
        "github.triggering_actor",
        "github.workflow",
        "github.workflow_ref",
    }
)
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "!"})
_TESTS = frozenset({"startswith", "endswith", "contains", "always", "success", "failure"})


class Names(Struct, frozen=True, kw_only=True):
    """The possible values of a name. ``complete`` is False where there may be others; then
    ``may_be_empty`` is what can be said about those, too.
    """

    values: tuple[str, ...]
    complete: bool = True
    may_be_empty: bool = False


@lru_cache(maxsize=256)
def environment_names(publication: Publication) -> Names:
    """The names that the environment of a publication's job can have when it publishes.

    Runs that a condition of the job or of the publishing step excludes do not count.
    """
    declared = publication.environment
    if declared is None:
        return Names(values=())
    if not declared.dynamic:
        return Names(values=(declared.name.value,))
    found: dict[_Value, None] = {}
    for route in publication.routes:
        for trigger, facts in occasions(route):
            if can_run(conditions_of(publication, route), facts):
                reading = _ExpressionReading(publication.workflow, route, trigger, facts)
                found.update(dict.fromkeys(reading.text(declared.name.value)))
    if not found:
        found[_ANY] = None
    names = {_shown(value): None for value in found if not isinstance(value, _Unknown)}
    return Names(
        values=tuple(sorted(name for name in names if name)),
        complete=not any(isinstance(value, _Unknown) for value in found),
        may_be_empty="" in names or _ANY in found,
    )


def named_environment(publication: Publication) -> Environment | None:
    """The environment of a publication's job; None also where its name is empty in every run,
    which GitHub takes for no environment.
    """
    declared = publication.environment
    if declared is None or not declared.dynamic:
        return declared
    names = environment_names(publication)
    return declared if names.values or not names.complete else None


def occasions(route: Route) -> Iterator[tuple[Trigger, Facts]]:
    """What is known of a run for each event that starts a route; a push may be of a branch or
    of a tag.
    """
    for trigger in route.triggers:
        facts: dict[str, str | Prefix] = {"github.event_name": trigger.event}
        if trigger.event != "push":
            if trigger.event == "release":
                facts |= {"github.ref": Prefix("refs/tags/"), "github.ref_type": "tag"}
            yield trigger, facts
            continue
        only_branches = trigger.branches is not None or trigger.branches_ignore is not None
        tags = trigger.tags is not None or trigger.tags_ignore is not None
        if tags or not only_branches:
            yield trigger, facts | {"github.ref": Prefix("refs/tags/"), "github.ref_type": "tag"}
        if not trigger.is_tag_push:
            ref = Prefix("refs/heads/")
            yield trigger, facts | {"github.ref": ref, "github.ref_type": "branch"}


def conditions_of(publication: Publication, route: Route) -> tuple[Condition, ...]:
    """The conditions of the calls, the job and the step."""
    jobs, steps = (*route.calls, publication.job), publishing_steps(publication)
    found = (*(job.condition for job in jobs), *(step.condition for step in steps))
    return tuple(condition for condition in found if condition is not None)


def can_run(conditions: Iterable[Condition], facts: Facts) -> bool:
    """Whether none of the conditions excludes a run."""
    return all(
        decide(condition_expression(condition.text.value), facts) is not False
        for condition in conditions
    )


class _ExpressionReading:
    """Reads expressions of the job at the end of a route, in its file, for one occasion."""

    def __init__(self, called: Workflow, route: Route, trigger: Trigger, facts: Facts) -> None:
        self.called = called
        self.route = route
        self.trigger = trigger
        self.facts = facts
        self.parts: dict[int, tuple[Expression, Value]] = {}

    def text(self, text: str, depth: int = 0) -> _Values:
        """The possible values of a text with expressions, in the job ``depth`` calls above."""
        parts: list[_Values] = []
        position = 0
        for fence in fences(text):
            parts += [frozenset({text[position : fence.start]})] if fence.start > position else []
            expression = fence.expression
            parts.append(frozenset({_ANY}) if expression is None else self.value(expression, depth))
            position = fence.end
        parts += [frozenset({text[position:]})] if position < len(text) else []
        if len(parts) == 1:
            return parts[0]
        return _joined(parts)

    def known(self, expression: Expression) -> Value:
        """The value of an expression, each part of a chain worked out once."""
        if not isinstance(expression, Operation) or expression.operator not in {"&&", "||"}:
            return evaluate(expression, self.facts)
        if id(expression) not in self.parts:
            left, right = map(self.known, expression.operands)
            self.parts[id(expression)] = expression, operated(expression.operator, left, right)
        return self.parts[id(expression)][1]

    def value(self, expression: Expression, depth: int) -> _Values:
        """The possible values of an expression."""
        known = self.known(expression)
        if known is None or isinstance(known, str | float | bool):
            return frozenset({known})
        if isinstance(expression, Context):
            return self.context(expression, depth)
        if isinstance(expression, Call):
            return _EITHER if expression.name in _TESTS else frozenset({_ANY})
        if isinstance(expression, Operation) and expression.operator in {"&&", "||"}:
            left, right = (self.value(operand, depth) for operand in expression.operands)
            return _chosen(expression.operator, left, right)
        if isinstance(expression, Operation) and expression.operator in _COMPARISONS:
            return _EITHER
        return frozenset({_ANY})

    def context(self, context: Context, depth: int) -> _Values:
        """What a context can hold."""
        if context.name in _FILLED:
            return frozenset({_SOME})
        *above, name = context.parts
        if above == ["github", "event", "inputs"]:
            return self.dispatched(name) if self.is_dispatch else _NOTHING
        if above == ["inputs"]:
            return self.input(name, depth)
        job = self.route.job if depth == 0 else self.route.calls[-depth]
        if context.parts[0] == "matrix":
            name = ".".join(context.parts[1:])
            static = {key.lower(): values for key, values in job.matrix.items()}.get(name, ())
            found = [self.text(value.value, depth) for value in static]
            return frozenset().union(*found) if found else frozenset({_ANY})
        return frozenset({_ANY})

    @property
    def is_dispatch(self) -> bool:
        return self.trigger.event == "workflow_dispatch"

    def input(self, name: str, depth: int) -> _Values:
        """An input of the workflow that holds the job ``depth`` calls above."""
        if depth >= _CALLS_DEEP:
            return frozenset({_ANY})
        if depth < len(self.route.calls):
            given = {k.lower(): v for k, v in self.route.calls[-1 - depth].inputs.items()}.get(name)
            return self.default(name, depth) if given is None else self.text(given.value, depth + 1)
        if self.is_dispatch:
            return self.dispatched(name)
        if self.trigger.event == "workflow_call":
            declared = {key.lower() for key in self.trigger.inputs}
            return frozenset({_ANY}) if name in declared else _NOTHING
        return _NOTHING

    def default(self, name: str, depth: int) -> _Values:
        """What an input that the caller leaves out falls back to, in the current file."""
        call = self.called.trigger("workflow_call")
        if depth > 0 or call is None:
            return frozenset({_ANY})
        declared = {key.lower(): value for key, value in call.inputs.items()}.get(name)
        given = declared.default if declared else None
        return _NOTHING if given is None else frozenset({given.value})

    def dispatched(self, name: str) -> _Values:
        """An input of a run that somebody started by hand."""
        declared = {key.lower(): value for key, value in self.trigger.inputs.items()}.get(name)
        return _NOTHING if declared is None else _declared(declared)


def _declared(declared: DeclaredInput) -> _Values:
    if declared.type == "choice" and declared.options:
        return frozenset(declared.options)
    if declared.type == "boolean":
        return _EITHER
    if declared.type == "environment" and declared.required:
        return frozenset({_SOME})
    return frozenset({_ANY})


def _chosen(operator: str, left: _Values, right: _Values) -> _Values:
    """``&&`` passes what is true on to the right side, ``||`` what is false."""
    stays: set[_Value] = set()
    goes_on = False
    for value in left:
        unknown = isinstance(value, _Unknown) and not value.filled
        truth = value.filled if isinstance(value, _Unknown) else bool(value)
        goes = unknown or (truth if operator == "&&" else not truth)
        goes_on = goes_on or goes
        if unknown:
            stays.add(_SOME if operator == "||" else "")
        elif not goes:
            stays.add(value)
    return frozenset(stays | right) if goes_on else frozenset(stays)


def _joined(parts: Iterable[_Values]) -> _Values:
    """The texts of all parts, one after the other."""
    found: set[_Value] = set()
    for count, combination in enumerate(product(*parts)):
        unknown = [part for part in combination if isinstance(part, _Unknown)]
        known = "".join(_shown(p) for p in combination if not isinstance(p, _Unknown))
        if count >= _MOST_VALUES:
            return frozenset({_ANY})
        if not unknown:
            found.add(known)
        else:
            found.add(_SOME if known.strip() or any(p.filled for p in unknown) else _ANY)
    return frozenset(found)


def _shown(value: str | float | bool | None) -> str:
    """A value as GitHub writes it into a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else value.strip()
