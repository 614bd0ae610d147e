"""Routes from triggers to jobs through calls, and the token permissions on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from audits.model.publication import Grant, Route
from audits.model.remote_path import called_name, foreign_path
from audits.model.workflow import Job, Level, Permissions, PermissionsState, Workflow

# GitHub allows ten levels of called workflows. A repository with more routes than this to one
# job was generated, and further routes add nothing.
_DEEPEST = 10
_MOST_ROUTES = 24
# Calls that are followed back to find routes: workflows that all call each other have too many.
_MOST_CALLS = 2000
# Every scope of a token but id-token:
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions
_SCOPES = (
    "actions",
    "artifact-metadata",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "issues",
    "models",
    "packages",
    "pages",
    "pull-requests",
    "repository-projects",
    "security-events",
    "statuses",
)
_ORDER = (Level.NONE, Level.READ, Level.WRITE)

_Way = tuple[Workflow, tuple[Job, ...], Grant | None]
"""The workflow that is triggered, the calling jobs on the way, and what the last one grants."""


class Routes:
    """All routes of a repository's jobs, worked out on demand and kept.

    ``names`` are the paths of the repository's workflows that are called by its own name.
    """

    def __init__(
        self, workflows: Sequence[Workflow], names: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.by_path = {w.path: w for w in workflows}
        self.by_path |= {n: self.by_path[path] for n, path in names.items()}
        self.callers: dict[str, list[tuple[Workflow, Job]]] = {}
        for workflow in workflows:
            for job in workflow.live_jobs:
                if (callee := self.callee(job)) is not None:
                    self.callers.setdefault(callee.path, []).append((workflow, job))
        self._known: dict[str, tuple[_Way, ...]] = {}
        self._found: dict[Job, tuple[Route, ...]] = {}

    def callee(self, job: Job) -> Workflow | None:
        """The workflow that a job calls: of this repository, or of another that was read."""
        return None if job.uses is None else self.by_path.get(called_name(job.uses, job.path))

    def of(self, workflow: Workflow, job: Job) -> tuple[Route, ...]:
        """The routes to a job of a workflow: one at least, if it is of this repository."""
        if job not in self._found:
            self._found[job] = tuple(
                Route(entry=entry, calls=calls, job=job, grant=effective(workflow, job, given))
                for entry, calls, given in self._ways_to(workflow)
            )
        return self._found[job]

    def _ways_to(self, workflow: Workflow) -> tuple[_Way, ...]:
        if workflow.path not in self._known:
            # Nothing that was read starts workflows that only call each other.
            ways = self._ways(workflow, frozenset(), [_MOST_CALLS])
            if not ways and foreign_path(workflow.path) is None:
                ways = [(workflow, (), None)]
            self._known[workflow.path] = tuple(ways)
        return self._known[workflow.path]

    def _ways(self, workflow: Workflow, seen: frozenset[str], left: list[int]) -> list[_Way]:
        """The ways to a workflow that avoid those in ``seen``; ``left`` counts calls down."""
        callers = self.callers.get(workflow.path, [])
        if workflow.path in seen or len(seen) > _DEEPEST:
            return []
        ways: list[_Way] = []
        here = foreign_path(workflow.path) is None
        if here and (not workflow.is_only_called or not callers):
            ways.append((workflow, (), None))
        for calling, job in callers:
            if len(ways) >= _MOST_ROUTES or left[0] <= 0:
                break
            left[0] -= 1
            for entry, calls, given in self._ways(calling, seen | {workflow.path}, left):
                ways.append((entry, (*calls, job), effective(calling, job, given)))
        return ways[:_MOST_ROUTES]


def effective(workflow: Workflow, job: Job, caller: Grant | None) -> Grant:
    """What a job's token may do: its own block, else the workflow's, never more than the
    caller's.

    Source: https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations
    """
    own = job.permissions
    if own.state is PermissionsState.ABSENT:
        own = workflow.permissions
    absent = own.state is PermissionsState.ABSENT
    if caller is None:
        return Grant(levels=None if absent else own)
    if absent:
        return caller
    if caller.levels is None:
        # The default token never includes id-token, so the callee cannot have it either.
        return Grant(levels=_without_id_token(own))
    return Grant(levels=_least(own, caller.levels))


def _without_id_token(own: Permissions) -> Permissions:
    """The permissions that a job asks for, without ``id-token``."""
    if own.state is PermissionsState.WRITE_ALL:
        scopes = dict.fromkeys(_SCOPES, Level.WRITE)
        return Permissions(state=PermissionsState.MAP, scopes=scopes, at=own.at, span=own.span)
    scopes = {scope: level for scope, level in own.scopes.items() if scope != "id-token"}
    return Permissions(state=own.state, scopes=scopes, places=own.places, at=own.at, span=own.span)


def _least(own: Permissions, caller: Permissions) -> Permissions:
    if caller.state is PermissionsState.WRITE_ALL:
        return own
    if own.state is PermissionsState.WRITE_ALL:
        return caller
    if own.state is PermissionsState.READ_ALL and caller.state is PermissionsState.READ_ALL:
        return own
    scopes = {}
    for scope in {*own.scopes, *caller.scopes}:
        levels = (own.level(scope) or Level.NONE, caller.level(scope) or Level.NONE)
        scopes[scope] = min(levels, key=_ORDER.index)
    return Permissions(
        state=PermissionsState.MAP if scopes else PermissionsState.EMPTY,
        scopes=scopes,
        places=own.places,
        at=own.at,
        span=own.span,
    )
