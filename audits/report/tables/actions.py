"""The table of actions, called workflows and images."""

from __future__ import annotations

from audits.model.rows import ActionRow
from audits.report.cells import flag, listed
from audits.report.table import Column, Table
from audits.report.tables.shared import OF_REPOSITORY, of_repository, place

ACTIONS: Table[ActionRow] = Table(
    name="actions",
    title="Actions",
    description="One row per use of an action, a called workflow or an image.",
    key=("owner", "repository", "path", "line", "action"),
    references=(OF_REPOSITORY,),
    columns=(
        *of_repository("The repository that uses it."),
        Column(
            name="action",
            type="string",
            description="The action, workflow or image.",
            of=lambda r: r.action,
        ),
        Column(name="ref", type="string", description="The ref it is used at.", of=lambda r: r.ref),
        Column(
            name="comment",
            type="string",
            description="The comment beside it.",
            of=lambda r: r.comment,
        ),
        Column(
            name="pinned",
            type="boolean",
            description="Whether it is pinned to a commit or a digest.",
            of=lambda r: r.pinned,
        ),
        Column(
            name="kind",
            type="string",
            description="action, workflow or image.",
            of=lambda r: r.kind,
        ),
        *place("The file that uses it.", "The line."),
        Column(name="job", type="string", description="The job.", of=lambda r: r.job),
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
            name="permissions",
            type="string",
            description="What the job's token may do.",
            of=lambda r: r.permissions,
        ),
        Column(
            name="advisories",
            type="string",
            description="Advisories that cover this version, a list.",
            of=lambda r: listed(r.advisories),
        ),
        Column(
            name="newest_release",
            type="string",
            description="Its newest release; empty: not asked.",
            of=lambda r: r.newest_release,
        ),
        Column(
            name="archived",
            type="boolean",
            description="Whether its repository is archived; empty: not asked.",
            of=lambda r: flag(r.archived),
        ),
    ),
)
