"""The table of gaps: what could not be seen, and why."""

from __future__ import annotations

from audits.model.rows import GapRow
from audits.model.source import GapReason
from audits.report.table import Column, Table
from audits.report.tables.shared import of_repository

GAPS: Table[GapRow] = Table(
    name="gaps",
    title="Gaps",
    description="One row per gap: what could not be seen, and why. Nothing here counts as safe.",
    key=("owner", "repository", "subject", "reason", "line", "detail"),
    columns=(
        *of_repository("The repository; empty: the account as a whole."),
        Column(
            name="subject",
            type="string",
            description="A path, an environment, a package or a setting.",
            of=lambda r: r.subject,
        ),
        Column(
            name="reason",
            type="string",
            description="Why it could not be seen.",
            words=tuple(GapReason),
            of=lambda r: r.reason,
        ),
        Column(
            name="detail",
            type="string",
            description="One sentence, with a piece of advice.",
            of=lambda r: r.detail,
        ),
        Column(
            name="line",
            type="integer",
            description="The line, where there is one.",
            of=lambda r: r.line,
        ),
        Column(
            name="permission",
            type="string",
            description="The permission that would have shown it.",
            of=lambda r: r.permission,
        ),
        Column(
            name="optional",
            type="boolean",
            description="True: it was not asked for explicitly and does not lead to exit status 3.",
            of=lambda r: r.optional,
        ),
        Column(
            name="job",
            type="string",
            description="The job of the workflow that it is about; empty: the whole subject.",
            of=lambda r: r.job,
        ),
    ),
)
