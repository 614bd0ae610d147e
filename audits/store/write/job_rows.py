"""Builds rows for the jobs that can run: events, runners, secrets, permissions."""

from __future__ import annotations

from typing import Any

from audits.analysis.exposure.jobs import JobView, views
from audits.analysis.runners import labels_of
from audits.model.repository import Repository
from audits.model.workflow import Role
from audits.store.schema.codes import barred
from audits.store.write.action_uses import permissions_of

ALL_SECRETS = "*"
"""Stands for every secret of the repository: the name is computed, or all are inherited."""


def job_rows(repository: Repository) -> list[dict[str, Any]]:
    """One row for each job, in the order of files, without jobs of other repositories' files."""
    return [_row(repository, view) for view in views(repository) if not view.is_hidden]


def _row(repository: Repository, view: JobView) -> dict[str, Any]:
    job, graph = view.job, repository.graph
    events = dict.fromkeys(trigger.event for route in view.routes for trigger in route.triggers)
    published = graph.publications_by_job.get(job, ())
    packages = (
        f"{each.registry.value} {name}".strip()
        for each in published
        for name in each.packages or ("",)
    )
    return {
        "path": view.workflow.path,
        "job": job.id,
        "line": job.at.line,
        "role": graph.roles.get(job, Role.OTHER).value,
        "in_release": view.workflow.path in graph.release_paths,
        "events": barred(events),
        "runners": barred(dict.fromkeys(label.text.lower() for label in labels_of(job))),
        "environment": job.environment.name.value if job.environment else "",
        "permissions": permissions_of(graph, job),
        "secrets": barred(sorted(name.lower() or ALL_SECRETS for name in view.secret_names)),
        "publishes": barred(dict.fromkeys(packages)),
    }
