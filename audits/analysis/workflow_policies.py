"""Evaluates Actions policies: which events may run a workflow file."""

from __future__ import annotations

from audits.expressions.globs import ruleset_matches
from audits.model.repository import Repository
from audits.model.settings import NO_ADMINISTRATION, Unseen, WorkflowPolicy

_ALL = "~ALL"


def event_allowed(repo: Repository, path: str, event: str) -> bool | Unseen | None:
    """Whether the policies in force let an event run the workflow at a path. None where none of
    them speaks of it, so that GitHub's default counts; `Unseen` where they were not read.
    """
    settings = repo.settings
    policies = NO_ADMINISTRATION if isinstance(settings, Unseen) else settings.workflow_policies
    if isinstance(policies, Unseen):
        return policies
    speaking = [p.events for p in policies if p.events is not None and covers_workflow(p, path)]
    return all(event in events for events in speaking) if speaking else None


def covers_workflow(policy: WorkflowPolicy, path: str) -> bool:
    """Whether a policy is about the workflow at a path."""
    return any(_takes(p, path) for p in policy.include) and not any(
        _takes(p, path) for p in policy.exclude
    )


def _takes(pattern: str, path: str) -> bool:
    return pattern == _ALL or ruleset_matches(pattern, path)
