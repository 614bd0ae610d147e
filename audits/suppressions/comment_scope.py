"""The lines to which zizmor's ignore comments apply."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeVar

from audits.model.outcome import Finding
from audits.model.repository import Repository
from audits.model.source import line_starts
from audits.model.workflow import Job, Step, Workflow

_Part = TypeVar("_Part", Job, Step)

# Of these rules zizmor shows the line alone, of all others in a step the whole step.
_LINE_ONLY = frozenset(
    {
        "dependabot-cooldown",
        "hardcoded-container-credentials",
        "overprovisioned-secrets",
        "secrets-inherit",
        "self-hosted-runner",
        "unpinned-images",
    }
)
_WHOLE_JOB = frozenset({"secrets-outside-env"})
_JOB_OUTSIDE_STEPS = frozenset({"unpinned-uses", "unsound-condition", "bot-conditions"})
_WITH_TRIGGERS = frozenset({"cache-poisoning", "dangerous-triggers"})


def lines_of(rule: str, finding: Finding, repository: Repository) -> tuple[range, ...]:
    """The lines on which a comment of zizmor's form accepts a finding of this rule.

    zizmor applies a comment on any line of any place that it shows with a finding, also of those
    that it hides: https://docs.zizmor.sh/usage/#with-comments. Which places those are was
    found by trying zizmor 1.32.
    """
    line = finding.at.line
    return (range(line, line + 1), *_around(rule, finding, repository))


def _around(rule: str, finding: Finding, repository: Repository) -> Iterator[range]:
    path, line = finding.at.path, finding.at.line
    workflow = repository.workflow(path)
    action = next((a for a in repository.actions if a.path == path), None)
    text = workflow.source.text if workflow else action.source.text if action else ""
    job = _at(text, workflow.jobs, line) if workflow else None
    step = _at(text, job.steps if job else action.steps if action else (), line)
    if workflow is not None and workflow.triggers_at and rule in _WITH_TRIGGERS:
        at = workflow.triggers_at
        yield range(at.line, (at.end_line or at.line) + 1)
    if rule == "excessive-permissions":
        yield from _of_permissions(workflow, job, line)
    elif job is not None and rule == "secrets-inherit" and job.secrets_at is not None:
        yield range(job.secrets_at.line, job.secrets_at.line + 1)
    elif job is not None and rule in _WHOLE_JOB:
        yield _lines(text, job)
    elif step is not None and rule not in _LINE_ONLY:
        yield _lines(text, step)
    elif job is not None and step is None and rule in _JOB_OUTSIDE_STEPS:
        yield _lines(text, job)


def _of_permissions(workflow: Workflow | None, job: Job | None, line: int) -> Iterator[range]:
    """A job, or a workflow, that declares no permissions is shown as a whole."""
    if workflow is None:
        return
    text = workflow.source.text
    if job is not None and job.at.line == line:
        yield _lines(text, job)
    elif job is None and workflow.permissions.at is None:
        yield range(1, text.count("\n") + 2)


def _at(text: str, parts: tuple[_Part, ...], line: int) -> _Part | None:
    return next((part for part in parts if line in _lines(text, part)), None)


@lru_cache(maxsize=1024)
def _lines(text: str, part: Job | Step) -> range:
    """The lines of a job or step; blank ones at its end are not its own."""
    start, end = part.span
    last = start + len(text[start:end].rstrip())
    return range(part.at.line, bisect_right(line_starts(text), last) + 1)
