"""Evaluates expressions on partly known facts, with "unknown" as a third answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from math import isnan
from typing import TypeAlias

from msgspec import Struct

from audits.expressions.syntax import Call, Context, Expression, Literal, Operation, outcomes
from audits.model.storable import read_json


class Undecided(Struct, frozen=True):
    """A value that is not known; ``truth`` where at least that is."""

    truth: bool | None = None


class Prefix(Struct, frozen=True):
    """A string of which only the beginning is known, such as ``refs/heads/``."""

    text: str


class Likeness(Enum):
    """A name known only by how it compares.

    ``OWN`` is a repository's own name in its own workflow: every comparison holds. ``FOREIGN``
    is an outsider's: it equals nothing that a workflow names. ``CHOSEN`` is too, but was picked
    to pass searches: it is a part of the text that is searched for it, and begins, ends or goes
    on as asked where a name can.
    """

    OWN = "equal to whatever it is compared with"
    FOREIGN = "equal to nothing that is named"
    CHOSEN = "equal to nothing that is named, and picked to be found"


Value: TypeAlias = "str | float | bool | Prefix | Undecided | Likeness | tuple[Value, ...] | None"
Facts = Mapping[str, Value]
"""Values of contexts by their name in lower case, such as ``github.event_name``, and of
functions by theirs with parentheses, such as ``success()``. A missing name is not known,
unless a fact ``name.*`` gives the value of everything below it. A tuple is an array."""

_UNDECIDED = Undecided()


def truth(value: Value) -> bool | None:
    """Whether GitHub takes a value for true; None where that is not known."""
    if isinstance(value, Undecided):
        return value.truth
    if isinstance(value, Prefix):
        return True if value.text else None
    if isinstance(value, Likeness | tuple):
        return True
    if isinstance(value, float) and isnan(value):
        return False
    return bool(value)


def decide(expression: Expression | None, facts: Facts) -> bool | None:
    """Whether a condition holds under these facts; None where that is unknown."""
    return None if expression is None else truth(evaluate(expression, facts))


def evaluate(expression: Expression, facts: Facts) -> Value:
    """The value of an expression under these facts."""
    if isinstance(expression, Literal):
        return expression.value
    if isinstance(expression, Context):
        return _look_up(expression, facts)
    if isinstance(expression, Call):
        if f"{expression.name}()" in facts:
            return facts[f"{expression.name}()"]
        function = _FUNCTIONS.get(expression.name)
        values = [evaluate(argument, facts) for argument in expression.arguments]
        return function(values) if function else _UNDECIDED
    if expression.operator == "!":
        known = truth(evaluate(expression.operands[0], facts))
        return _UNDECIDED if known is None else not known
    left, right = expression.operands
    return operated(expression.operator, evaluate(left, facts), evaluate(right, facts))


def operated(operator: str, left: Value, right: Value) -> Value:
    """The value of a binary operation."""
    if operator in {"&&", "||"}:
        return _joined(operator, left, right)
    return _compared(operator, left, right)


def possible_outcomes(expression: Expression, facts: Facts) -> Iterator[Context | Literal]:
    """The `outcomes` of an expression that are left under these facts: of ``a && b || c`` only
    ``c`` where ``a`` is known to be false.
    """
    if not isinstance(expression, Operation) or expression.operator not in {"&&", "||"}:
        yield from outcomes(expression)
        return
    left, right = expression.operands
    known = decide(left, facts)
    if expression.operator == "&&":
        yield from possible_outcomes(right, facts) if known is not False else ()
        return
    if known is not False:
        yield from possible_outcomes(left, facts)
    if known is not True:
        yield from possible_outcomes(right, facts)


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


_NUMBER = re.compile(r"\s*[-+]?(\d+(?:\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*")


def _number(value: str | float | bool | None) -> float:
    if value is None or value == "":
        return 0.0
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else float("nan")
    return float(value)


def _compared(operator: str, left: Value, right: Value) -> Value:
    equal = _alike(left, right)
    if operator in {"==", "!="} and equal is not None:
        return equal is (operator == "==")
    plain = (str, float, int, bool, type(None))
    if not isinstance(left, plain) or not isinstance(right, plain):
        return _UNDECIDED
    if isinstance(left, str) and isinstance(right, str):
        order = (left.lower() > right.lower()) - (left.lower() < right.lower())
    else:
        one, two = _number(left), _number(right)
        if isnan(one) or isnan(two):  # NaN compares to nothing
            return False
        order = (one > two) - (one < two)
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}.get(
        operator, _UNDECIDED
    )


def _alike(left: Value, right: Value) -> bool | None:
    """Whether two values are equal to GitHub: strings without case, else as numbers."""
    for one, other in ((left, right), (right, left)):
        # What is true is not empty: a condition that asks for that is decided.
        if isinstance(one, Undecided) and one.truth and (other is None or other == ""):
            return False
    if isinstance(left, Undecided | tuple) or isinstance(right, Undecided | tuple):
        return None
    if isinstance(left, Likeness) and isinstance(right, Likeness):
        return left is right
    if isinstance(left, Likeness) or isinstance(right, Likeness):
        return Likeness.OWN in {left, right}
    if isinstance(left, Prefix) or isinstance(right, Prefix):
        known, other = (left, right) if isinstance(left, Prefix) else (right, left)
        if not isinstance(known, Prefix) or isinstance(other, Prefix):
            return None
        return None if str(other).lower().startswith(known.text.lower()) else False
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()
    return _number(left) == _number(right)


def _starts_with(values: list[Value]) -> Value:
    if len(values) != 2:
        return _UNDECIDED
    if Likeness.FOREIGN in values or Likeness.CHOSEN in values:
        return _found_at(values[0], values[1], _BEGINNING)
    if not isinstance(values[1], str):
        return _UNDECIDED
    text, start = values[0], values[1].lower()
    if isinstance(text, Prefix):
        begins = text.text.lower()
        if begins.startswith(start):
            return True
        return _UNDECIDED if start.startswith(begins) else False
    return _word(text).startswith(start) if _is_plain(text) else _of_likeness(text)


def _ends_with(values: list[Value]) -> Value:
    if len(values) != 2:
        return _UNDECIDED
    if Likeness.FOREIGN in values or Likeness.CHOSEN in values:
        return _found_at(values[0], values[1], _PART)
    if not isinstance(values[1], str):
        return _UNDECIDED
    text, end = values[0], values[1].lower()
    return _word(text).endswith(end) if _is_plain(text) else _of_likeness(text)


def _contains(values: list[Value]) -> Value:
    if len(values) != 2:
        return _UNDECIDED
    text, part = values
    if isinstance(text, tuple) and text and isinstance(part, Undecided):
        return _UNDECIDED
    if isinstance(text, tuple):
        found = [_alike(item, part) for item in text]
        return True if True in found else _UNDECIDED if None in found else False
    if Likeness.FOREIGN in values or Likeness.CHOSEN in values:
        return _found_at(text, part, _PART)
    if not isinstance(part, str):
        return _of_likeness(part) if isinstance(part, Likeness) else _UNDECIDED
    if isinstance(text, Prefix):
        return True if part.lower() in text.text.lower() else _UNDECIDED
    return part.lower() in _word(text) if _is_plain(text) else _of_likeness(text)


# What an account's or a repository's name can begin with, and what can be a part of it: no
# brackets, which mark bots, and no owner's name of somebody else in front.
_BEGINNING = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_PART = re.compile(r"[A-Za-z0-9._/-]+")
_OF_A_NAME = re.compile(r"[A-Za-z0-9]")


def _found_at(text: Value, part: Value, possible: re.Pattern[str]) -> Value:
    """Whether a search with an outsider's name on one side finds something."""
    if isinstance(text, Undecided) or isinstance(part, Undecided):
        return _UNDECIDED
    if Likeness.CHOSEN not in {text, part} or (text is part):
        return text is part
    if part is Likeness.CHOSEN:
        return isinstance(text, str) and _OF_A_NAME.search(text) is not None
    return isinstance(part, str) and possible.fullmatch(part) is not None


def _is_plain(value: Value) -> bool:
    return value is None or isinstance(value, str | float | int)


def _word(value: Value) -> str:
    """A plain value as the lower-case string that GitHub makes of it for a search."""
    return _as_written(value).lower()


def _of_likeness(value: Value) -> Value:
    return value is Likeness.OWN if isinstance(value, Likeness) else _UNDECIDED


def _from_json(values: list[Value]) -> Value:
    if len(values) != 1 or not isinstance(values[0], str):
        return _UNDECIDED
    try:
        return _known_json(values[0])
    except (ValueError, RecursionError):
        return _UNDECIDED


@lru_cache(maxsize=16)
def _known_json(text: str) -> Value:
    """The value of a JSON text; a condition is decided for many kinds of runs."""
    return _plain(read_json(text))


def _plain(value: object) -> Value:
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        return _number(str(value))
    if isinstance(value, list):
        return tuple(
            _UNDECIDED if isinstance(item, list | dict) else _plain(item) for item in value
        )
    return Undecided(True)


def _join(values: list[Value]) -> Value:
    """The items of an array that is known in full, with a separator between them."""
    items, separator = values[0] if values else None, values[1] if len(values) > 1 else ","
    if not isinstance(items, tuple) or not isinstance(separator, str):
        return _UNDECIDED
    known = [item for item in items if isinstance(item, str | bool | float | None)]
    return separator.join(map(_as_written, known)) if len(known) == len(items) else _UNDECIDED


def _format(values: list[Value]) -> Value:
    """A text with its places filled; undecided unless all is known.

    A doubled brace stands for one: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions#format
    """
    if not values or not isinstance(values[0], str):
        return _UNDECIDED
    given = values[1:]
    if not all(isinstance(value, str | bool | float | None) for value in given):
        return _UNDECIDED
    words = [_as_written(value) for value in given]
    try:
        return _PLACE.sub(lambda found: _placed(found, words), values[0])
    except (IndexError, ValueError):
        return _UNDECIDED


_PLACE = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")


def _placed(found: re.Match[str], words: list[str]) -> str:
    return words[int(found[1])] if found[1] else found[0][0]


def _as_written(value: Value) -> str:
    """A plain value as the string that GitHub makes of it."""
    if value is None or isinstance(value, bool):
        return {None: "", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _to_json(values: list[Value]) -> Value:
    """An empty array as text; others are not needed."""
    return "[]" if values == [()] else _UNDECIDED


_FUNCTIONS: dict[str, Callable[[list[Value]], Value]] = {
    "startswith": _starts_with,
    "endswith": _ends_with,
    "contains": _contains,
    "always": lambda _: True,
    "": lambda values: values[0],
    "fromjson": _from_json,
    "join": _join,
    "format": _format,
    "tojson": _to_json,
}
