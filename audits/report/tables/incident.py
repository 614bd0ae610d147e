"""The table of jobs that are concerned by an incident."""

from __future__ import annotations

from audits.model.rows import JobRow
from audits.report.table import Column, Table
from audits.report.tables.shared import of_repository, place

JOBS: Table[JobRow] = Table(
    name="incident",
    title="Jobs concerned by an incident",
    description="One row per job that runs or holds what was asked for; of an action, per use.",
    key=("owner", "repository", "path", "job", "action", "ref"),
    columns=(
        *of_repository("The repository that holds it."),
        *place("The workflow.", "The line of the job; 0: a use in a composite action."),
        Column(
            name="job",
            type="string",
            description="The job; empty: a composite action.",
            of=lambda r: r.job,
        ),
        Column(
            name="action",
            type="string",
            description="The action, called workflow or image that was asked for.",
            of=lambda r: r.action,
        ),
        Column(name="ref", type="string", description="The ref it is used at.", of=lambda r: r.ref),
        Column(
            name="commit",
            type="string",
            description="The commit that the ref pointed to at the scan; empty: not asked.",
            of=lambda r: r.commit,
        ),
        Column(
            name="comment",
            type="string",
            description="The comment beside the ref.",
            of=lambda r: r.comment,
        ),
        Column(
            name="events",
            type="string",
            description="What starts the job, a list.",
            of=lambda r: r.events,
        ),
        Column(
            name="runners",
            type="string",
            description="The labels of its machine, a list.",
            of=lambda r: r.runners,
        ),
        Column(
            name="permissions",
            type="string",
            description="What its token may do.",
            of=lambda r: r.permissions,
        ),
        Column(
            name="secrets",
            type="string",
            description="The stored secrets that it reads, a list; *: all of the repository.",
            of=lambda r: r.secrets,
        ),
        Column(
            name="environment",
            type="string",
            description="Its deployment environment.",
            of=lambda r: r.environment,
        ),
        Column(
            name="role",
            type="string",
            description="What the job does for a release.",
            of=lambda r: r.role,
        ),
        Column(
            name="in_release",
            type="boolean",
            description="Whether it is in a release workflow.",
            of=lambda r: r.in_release,
        ),
        Column(
            name="publishes",
            type="string",
            description="The registries and packages that it uploads to, a list.",
            of=lambda r: r.publishes,
        ),
    ),
)
