"""Edits that grant a job the right to an OIDC identity."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from audits.analysis.known_actions import needed_scopes
from audits.fixes.edits import add_to_job, set_scope
from audits.model.location import Location
from audits.model.outcome import Edit
from audits.model.publication import Publication, Route
from audits.model.repository import Repository
from audits.model.workflow import Job, Level, Permissions, PermissionsState, Workflow

_SCOPE = "id-token"


class MissingGrant(Struct, frozen=True, kw_only=True):
    """A job on the way to a publication whose token lacks ``id-token: write``.

    ``block`` are the permissions that leave it out: the job's own, the workflow's, or none at
    all, where the default token holds, which never includes it.
    """

    workflow: Workflow
    job: Job
    block: Permissions

    @property
    def at(self) -> Location:
        """The job's own ``permissions:``, or the job that has none."""
        return self.job.permissions.at or self.job.at


def missing_grants(repo: Repository, publication: Publication) -> tuple[MissingGrant, ...]:
    """Every place that keeps a publication, on some route, from asking for an identity."""
    found: dict[Job, MissingGrant] = {}
    for route in publication.routes:
        if not route.grant.id_token:
            found |= {missing.job: missing for missing in _missing(repo, route)}
    return tuple(found.values())


def _missing(repo: Repository, route: Route) -> Iterator[MissingGrant]:
    for index, job in enumerate((*route.calls, route.job)):
        workflow = repo.workflow(job.path)
        if workflow is None:
            continue
        own = job.permissions
        block = workflow.permissions if own.state is PermissionsState.ABSENT else own
        inherits = block.state is PermissionsState.ABSENT and index > 0
        if not inherits and block.level(_SCOPE) is not Level.WRITE:
            yield MissingGrant(workflow=workflow, job=job, block=block)


def grant_edits(repo: Repository, missing: tuple[MissingGrant, ...]) -> tuple[Edit, ...]:
    """Grant the identity in each of these jobs; () where one of them cannot be fixed without
    taking or giving other rights.
    """
    edits = [_grant(repo, each) for each in missing]
    return tuple(edit for of_job in edits for edit in of_job) if all(edits) else ()


def _grant(repo: Repository, missing: MissingGrant) -> tuple[Edit, ...]:
    source, job, block = missing.workflow.source, missing.job, missing.block
    if job.permissions.state is not PermissionsState.ABSENT:
        return set_scope(source, job.permissions, _SCOPE, "write")
    if block.state in {PermissionsState.READ_ALL, PermissionsState.WRITE_ALL}:
        return ()
    scopes: dict[str, Level] = {s: v for s, v in block.scopes.items() if v is not Level.NONE}
    if block.state is PermissionsState.ABSENT:
        # A block takes away what the default token had: only where all that is used is reading.
        needed = needed_scopes(repo, missing.workflow, job)
        if needed is None or any(v is Level.WRITE for s, v in needed.items() if s != _SCOPE):
            return ()
        scopes = needed
    lines = [f"  {scope}: {level.value}" for scope, level in scopes.items() if scope != _SCOPE]
    return add_to_job(source, job, ("permissions:", *lines, f"  {_SCOPE}: write"))
