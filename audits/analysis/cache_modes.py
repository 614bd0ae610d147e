"""Decides from the key ``cache-mode`` whether a job may restore or save caches.

https://github.blog/changelog/2026-09-10-control-github-actions-cache-access-with-cache-mode
"""

from __future__ import annotations

from audits.model.location import Location
from audits.model.platform_facts import CACHE_MODE
from audits.model.publication import Route
from audits.model.repository import Repository
from audits.model.workflow import Job, Workflow

_KEY = "cache-mode"
_RESTORE, _SAVE = "restore", "save"
_ALL = frozenset({_RESTORE, _SAVE})
_RIGHTS: dict[str, frozenset[str]] = {
    "read": frozenset({_RESTORE}),
    "write": _ALL,
    "write-only": frozenset({_SAVE}),
    "none": frozenset(),
}


def may_restore(repo: Repository, job: Job) -> bool:
    """Whether a job can restore a cache, whatever starts it. An expression, which GitHub fills
    in at run time, may be any mode.
    """
    return any(_RESTORE in rights for rights in _rights(repo, job))


def may_save(repo: Repository, route: Route) -> bool:
    """Whether the job at the end of a route may write caches by its mode or by having none."""
    return not repo.once(_has_modes) or _SAVE in _of_route(repo, route)


def lets_save(repo: Repository, route: Route) -> Location | None:
    """The ``cache-mode`` that says that the job at the end of a route writes caches, also where
    GitHub would only let it read; None where no mode in force says so.
    """
    if repo.holds(CACHE_MODE) is False or not may_save(repo, route):
        return None
    for job in (route.job, *reversed(route.calls)):
        mode, at = _mode(repo.workflow(job.path), job)
        if mode in _RIGHTS:
            return at if _SAVE in _RIGHTS[mode] else None
    return None


def _rights(repo: Repository, job: Job) -> tuple[frozenset[str], ...]:
    if repo.holds(CACHE_MODE) is False or not repo.once(_has_modes):
        return (_ALL,)
    routes = repo.routes(job)
    if not routes:
        mode, _ = _mode(repo.workflow(job.path), job)
        return (_RIGHTS.get(mode, _ALL),)
    return tuple(_of_route(repo, route) for route in routes)


def _has_modes(repo: Repository) -> bool:
    """Whether any workflow or job has the key: most repositories have none."""
    jobs = (*repo.graph.routes, *(job for workflow in repo.workflows for job in workflow.jobs))
    of_workflow = any(_KEY in workflow.keys for workflow in repo.workflows)
    return of_workflow or any(_KEY in job.keys for job in jobs)


def _of_route(repo: Repository, route: Route) -> frozenset[str]:
    """What is left at the end of a route: a called workflow gets no more than its caller."""
    rights = _ALL
    for job in (*route.calls, route.job):
        mode, _ = _mode(repo.workflow(job.path), job)
        rights &= _RIGHTS.get(mode, _ALL)
    return rights


def _mode(workflow: Workflow | None, job: Job) -> tuple[str, Location | None]:
    """The mode in force for a job, and its place: the job's own goes before the workflow's."""
    given = job.keys.get(_KEY)
    if given is None and workflow is not None:
        given = workflow.keys.get(_KEY)
    return ("", None) if given is None else (given.text, given.at)
