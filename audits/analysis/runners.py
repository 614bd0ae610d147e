"""The kind of machine that a job runs on, by its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from audits.expressions.syntax import Context, Literal, fences, outcomes
from audits.model.location import Scalar
from audits.model.workflow import Job

# The shapes of the labels of GitHub's own machines:
# https://docs.github.com/en/actions/reference/runners/github-hosted-runners
_HOSTED = re.compile(
    r"ubuntu-(latest|slim|\d\d\.\d\d)(-arm)?(-firewall)?|windows-(latest|20\d\d|11-arm)(-vs\d{4})?"
    r"|macos-(latest|\d\d(\.\d+)?)(-(intel|x?large|arm64))?",
    re.IGNORECASE,
)


class Label(Struct, frozen=True, kw_only=True):
    """One label that a job may ask for, with the scalar it stands in."""

    text: str
    scalar: Scalar

    @property
    def is_hosted(self) -> bool:
        """Whether it is the label of a machine that GitHub runs for everyone."""
        return _HOSTED.fullmatch(self.text) is not None

    @property
    def is_known(self) -> bool:
        """Whether the label is spelled out."""
        return "${{" not in self.text


def labels_of(job: Job) -> Iterator[Label]:
    """The labels that a job may ask for, values of its matrix and choices in expressions
    included; an expression with an unknown value stays as it is written.
    """
    for scalar in job.runs_on:
        yield from _labels(scalar, job)


def _labels(scalar: Scalar, job: Job) -> Iterator[Label]:
    found = list(fences(scalar.value))
    if not found:
        yield Label(text=scalar.value, scalar=scalar)
        return
    if len(found) > 1 or scalar.value.strip() != scalar.value[found[0].start : found[0].end]:
        yield Label(text=scalar.value, scalar=scalar)
        return
    expression = found[0].expression
    for part in outcomes(expression) if expression is not None else ():
        if isinstance(part, Literal) and isinstance(part.value, str):
            yield from (Label(text=text, scalar=scalar) for text in _listed(part.value))
        elif isinstance(part, Context):
            yield from _of_context(part, scalar, job)
    if expression is None:
        yield Label(text=scalar.value, scalar=scalar)


def _of_context(context: Context, scalar: Scalar, job: Job) -> Iterator[Label]:
    values = {key.lower(): given for key, given in job.matrix.items()}
    name = ".".join(context.parts[1:])
    if context.parts[0] == "matrix" and values.get(name):
        for value in values[name]:
            yield Label(text=value.value, scalar=value)
    else:
        yield Label(text=scalar.value, scalar=scalar)


def _listed(text: str) -> tuple[str, ...]:
    """The labels of a list in JSON, or the text itself."""
    if not text.startswith("["):
        return (text,) if text else ()
    return tuple(re.findall(r'"([^"]*)"', text))
