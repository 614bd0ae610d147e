"""Edits that grant a job the right to an OIDC identity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from audits.fixes.edits import add_to_job, set_scope
from audits.model.location import Location
from audits.model.outcome import Edit
from audits.model.publication import Publication, Route
from audits.model.repository import Repository
from audits.model.workflow import Job, Level, Permissions, PermissionsState, Workflow

_SCOPE = "id-token"
# Actions that need nothing of the job's token but reading the repository, if that.
_MODEST = frozenset(
    {
        "actions/checkout",
        "actions/download-artifact",
        "actions/setup-node",
        "actions/setup-python",
        "actions/upload-artifact",
        "astral-sh/setup-uv",
        "pypa/gh-action-pypi-publish",
    }
)
_USES_TOKEN = re.compile(r"github\.token|GITHUB_TOKEN|GH_TOKEN|\bgh |git push", re.IGNORECASE)


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
        workflow = next((w for w in repo.workflows if w.path == job.path), None)
        if workflow is None:
            continue
        own = job.permissions
        block = workflow.permissions if own.state is PermissionsState.ABSENT else own
        inherits = block.state is PermissionsState.ABSENT and index > 0
        if not inherits and block.level(_SCOPE) is not Level.WRITE:
            yield MissingGrant(workflow=workflow, job=job, block=block)


def grant_edits(missing: tuple[MissingGrant, ...]) -> tuple[Edit, ...]:
    """Grant the identity in each of these jobs; () where one of them cannot be fixed without
    taking or giving other rights.
    """
    edits = [_grant(each) for each in missing]
    return tuple(edit for of_job in edits for edit in of_job) if all(edits) else ()


def _grant(missing: MissingGrant) -> tuple[Edit, ...]:
    source, job, block = missing.workflow.source, missing.job, missing.block
    if job.permissions.state is not PermissionsState.ABSENT:
        return set_scope(source, job.permissions, _SCOPE, "write")
    if block.state is PermissionsState.ABSENT:
        # A block takes away what the default token had, so only where nothing uses that.
        scopes = {"contents": "read"} if _is_modest(source.text, job) else None
    elif block.state in {PermissionsState.READ_ALL, PermissionsState.WRITE_ALL}:
        scopes = None
    else:
        scopes = {s: level.value for s, level in block.scopes.items() if level is not Level.NONE}
    if scopes is None:
        return ()
    lines = [f"  {scope}: {level}" for scope, level in (scopes | {_SCOPE: "write"}).items()]
    return add_to_job(source, job, ("permissions:", *lines))


@lru_cache(maxsize=512)
def _is_modest(text: str, job: Job) -> bool:
    if job.uses is not None or _USES_TOKEN.search(text, *job.span):
        return False
    return all(step.uses is None or step.uses.action in _MODEST for step in job.steps)
