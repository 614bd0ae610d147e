"""The kind of machine that a job runs on, by its labels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from audits.expressions.evaluate import Facts, possible_outcomes
from audits.expressions.syntax import Context, Literal, fences
from audits.model.location import Scalar
from audits.model.repository import Repository
from audits.model.settings import Runner, Unseen
from audits.model.workflow import Job

# The shapes of the labels of GitHub's own machines:
# https://docs.github.com/en/actions/reference/runners/github-hosted-runners
_HOSTED = re.compile(
    r"ubuntu-(latest|slim|\d\d\.\d\d)(-arm)?(-firewall)?|windows-(latest|20\d\d|11-arm)(-vs\d{4})?"
    r"|macos-(latest|\d\d(\.\d+)?)(-(intel|x?large|arm64))?",
    re.IGNORECASE,
)


def shared_machines(
    repo: Repository, first: frozenset[str], first_path: str, second: frozenset[str]
) -> MachineKeeping:
    """Whether jobs that ask for these labels may run one after the other on one machine, the
    first in the file ``first_path``.

    Runners that register for one job are not listed while none waits: an empty list says nothing.
    """
    settings = repo.settings
    if isinstance(settings, Unseen):
        return MachineKeeping.UNSEEN
    lists = (settings.runners, settings.owner_runners)
    found = [r for listed in lists if not isinstance(listed, Unseen) for r in listed]
    both = [r for r in found if (first | second) <= {label.lower() for label in r.labels}]
    usable = [r for r in both if _lets_run(repo, r, first_path)]
    if any(r.is_ephemeral is False for r in usable):
        return MachineKeeping.KEPT
    if not both or any(isinstance(listed, Unseen) for listed in lists):
        return MachineKeeping.UNSEEN
    unsaid = any(r.is_ephemeral is None for r in usable)
    return MachineKeeping.UNSEEN if unsaid else MachineKeeping.THROWN_AWAY


def _lets_run(repo: Repository, runner: Runner, path: str) -> bool:
    """Whether the group of a runner lets jobs of a file run on it."""
    if runner.workflows is None:
        return True
    whole = f"{repo.ref.owner}/{repo.ref.name}/{path}".lower()
    return any(file.lower().partition("@")[0] == whole for file in runner.workflows)


class MachineKeeping(Enum):
    """Whether a machine keeps what ran on it: it does, it is thrown away (or kept from the first
    of the jobs), or that was not seen.
    """

    KEPT = "kept"
    THROWN_AWAY = "thrown-away"
    UNSEEN = "unseen"


class Label(Struct, frozen=True, kw_only=True):
    """One label that a job may ask for, with the scalar it is in."""

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

    @property
    def is_spelled(self) -> bool:
        """Whether it is one of a list, and not a value of an expression."""
        return "${{" not in self.scalar.value


def labels_of(job: Job, facts: Facts | None = None) -> Iterator[Label]:
    """The labels that a job may ask for in runs of these facts, values of its matrix and choices
    in expressions included; an expression with an unknown value stays as it is written.
    """
    for scalar in job.runs_on:
        yield from _labels(scalar, job, facts or {})


def _labels(scalar: Scalar, job: Job, facts: Facts) -> Iterator[Label]:
    found = list(fences(scalar.value)) if "${{" in scalar.value else []
    if not found:
        yield Label(text=scalar.value, scalar=scalar)
        return
    if len(found) > 1 or scalar.value.strip() != scalar.value[found[0].start : found[0].end]:
        yield Label(text=scalar.value, scalar=scalar)
        return
    expression = found[0].expression
    for part in possible_outcomes(expression, facts) if expression is not None else ():
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
