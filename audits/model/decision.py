"""Deciding expressions from what is known of a run, with "cannot tell" as a third answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isnan

from audits.model.expression import Call, Context, Expression, Literal


@dataclass(frozen=True, slots=True)
class Undecided:
    """A value that is not known; ``truth`` where at least that is."""

    truth: bool | None = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """A string of which only the beginning is known, such as ``refs/heads/``."""

    text: str


Value = str | float | bool | None | Prefix | Undecided
Facts = Mapping[str, Value]
"""Values of contexts by their name in lower case, such as ``github.event_name``. A missing
name is not known, unless a fact ``name.*`` gives the value of everything below it."""

_UNDECIDED = Undecided()


def truth(value: Value) -> bool | None:
    """Whether GitHub takes a value for true; None where that is not known."""
    if isinstance(value, Undecided):
        return value.truth
    if isinstance(value, Prefix):
        return True if value.text else None
    return bool(value)


def decide(expression: Expression | None, facts: Facts) -> bool | None:
    """Whether a condition holds under these facts; None where that cannot be told."""
    return None if expression is None else truth(evaluate(expression, facts))


def evaluate(expression: Expression, facts: Facts) -> Value:
    """The value of an expression under these facts."""
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Context):
        return _look_up(expression, facts)
    if isinstance(expression, Call):
        function = _FUNCTIONS.get(expression.name)
        values = [evaluate(argument, facts) for argument in expression.arguments]
        return function(values) if function else _UNDECIDED
    if expression.operator == "!":
        known = truth(evaluate(expression.operands[0], facts))
        return _UNDECIDED if known is None else not known
    left, right = (evaluate(operand, facts) for operand in expression.operands)
    if expression.operator in {"&&", "||"}:
        return _joined(expression.operator, left, right)
    return _compared(expression.operator, left, right)


def _look_up(context: Context, facts: Facts) -> Value:
    name = context.name
    if name in facts:
        return facts[name]
    parts = context.parts
    for length in range(len(parts) - 1, 0, -1):
        if (above := ".".join(parts[:length]) + ".*") in facts:
            return facts[above]
    return _UNDECIDED


def _joined(operator: str, left: Value, right: Value) -> Value:
    deciding = operator == "||"
    known = truth(left)
    if known is not None and not isinstance(left, Undecided):
        return left if known is deciding else right
    if known is deciding or truth(right) is deciding:
        return Undecided(deciding)
    return right if known is not None else _UNDECIDED


def _number(value: str | float | bool | None) -> float:
    if value is None or value == "":
        return 0.0
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _compared(operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, Undecided) or isinstance(right, Undecided):
        return _UNDECIDED
    if isinstance(left, Prefix) or isinstance(right, Prefix):
        known, other = (left, right) if isinstance(left, Prefix) else (right, left)
        if (
            not isinstance(known, Prefix)
            or isinstance(other, Prefix)
            or operator not in {"==", "!="}
        ):
            return _UNDECIDED
        if str(other).lower().startswith(known.text.lower()):
            return _UNDECIDED
        return operator == "!="
    if isinstance(left, str) and isinstance(right, str):
        order = (left.lower() > right.lower()) - (left.lower() < right.lower())
    else:
        one, two = _number(left), _number(right)
        if isnan(one) or isnan(two):  # NaN compares unequal to everything
            return operator == "!="
        order = (one > two) - (one < two)
    return {
        "==": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0,
        ">": order > 0, ">=": order >= 0,
    }[operator]  # fmt: skip


def _starts_with(values: list[Value]) -> Value:
    if len(values) != 2 or not isinstance(values[1], str):
        return _UNDECIDED
    text, start = values[0], values[1].lower()
    if isinstance(text, Prefix):
        begins = text.text.lower()
        if begins.startswith(start):
            return True
        return _UNDECIDED if start.startswith(begins) else False
    return text.lower().startswith(start) if isinstance(text, str) else _UNDECIDED


def _ends_with(values: list[Value]) -> Value:
    if len(values) == 2 and isinstance(values[0], str) and isinstance(values[1], str):
        return values[0].lower().endswith(values[1].lower())
    return _UNDECIDED


def _contains(values: list[Value]) -> Value:
    if len(values) != 2 or not isinstance(values[1], str):
        return _UNDECIDED
    text, part = values[0], values[1].lower()
    if isinstance(text, Prefix):
        return True if part in text.text.lower() else _UNDECIDED
    return part in text.lower() if isinstance(text, str) else _UNDECIDED


def _from_json(text: Value = _UNDECIDED) -> Value:
    return text == "true" if text in {"true", "false"} else _UNDECIDED


_FUNCTIONS: dict[str, Callable[[list[Value]], Value]] = {
    "startswith": _starts_with,
    "endswith": _ends_with,
    "contains": _contains,
    "always": lambda _: True,
    "": lambda values: values[0],
    "fromjson": lambda values: _from_json(*values[:1]),
}
