"""The table of findings."""

from __future__ import annotations

from collections.abc import Callable

from audits.model.outcome import Area, Severity
from audits.model.rows import FindingRow
from audits.report.cells import Value
from audits.report.table import Column, Table
from audits.report.tables.shared import OF_REPOSITORY, of_repository, place

_SEVERITIES = tuple(s.label for s in Severity)


def _link(kind: str) -> Callable[[FindingRow], Value]:
    return lambda row: next((link.url for link in row.links if link.kind == kind), "")


FINDINGS: Table[FindingRow] = Table(
    name="findings",
    title="Findings",
    description="One row per finding: one fault at one place.",
    key=("owner", "repository", "fingerprint"),
    references=(OF_REPOSITORY,),
    columns=(
        *of_repository(),
        Column(
            name="check",
            type="string",
            description="The check's id; see 'release-audit explain CHECK'.",
            of=lambda r: r.check,
        ),
        Column(
            name="area",
            type="string",
            description="The area of the score that the check belongs to.",
            words=tuple(Area),
            of=lambda r: r.area,
        ),
        Column(
            name="severity",
            type="string",
            description="critical, high, medium, low or info.",
            words=_SEVERITIES,
            of=lambda r: r.severity,
        ),
        Column(
            name="state",
            type="string",
            description="open; not-re-checked: its evidence could not be seen in this scan; fixed: only with --with-fixed.",
            words=("open", "not-re-checked", "fixed"),
            of=lambda r: r.state,
        ),
        Column(
            name="message", type="string", description="What is at fault.", of=lambda r: r.message
        ),
        Column(
            name="because",
            type="string",
            description="Why it is milder than its check.",
            of=lambda r: r.because,
        ),
        *place("The file, from the repository's root.", "The line, from 1."),
        Column(
            name="job",
            type="string",
            description="The job's id, where the finding belongs to one.",
            of=lambda r: r.job,
        ),
        Column(
            name="publication",
            type="string",
            description="The publication it concerns, as workflow:job:step (:2 and so on for further ones of a step), where it is one.",
            of=lambda r: r.publication,
        ),
        Column(
            name="environment",
            type="string",
            description="The deployment environment it concerns.",
            of=lambda r: r.environment,
        ),
        Column(
            name="excerpt",
            type="string",
            description="The line of the file, with credentials redacted.",
            of=lambda r: r.excerpt,
        ),
        Column(
            name="in_release",
            type="boolean",
            description="False: outside release workflows, read with --all; never scored.",
            of=lambda r: r.in_release,
        ),
        Column(
            name="fix",
            type="string",
            description="safe: an edit that can be applied as it is; review: an edit that a person must review; empty: by hand.",
            of=lambda r: r.fix,
        ),
        Column(
            name="advice",
            type="string",
            description="What to look at before the edit is made, or why there is none; empty: the edit can be applied as it is.",
            of=lambda r: r.advice,
        ),
        Column(
            name="acceptance",
            type="string",
            description="waiver, local acceptance, or empty.",
            of=lambda r: r.acceptance,
        ),
        Column(
            name="acceptance_counts",
            type="boolean",
            description="Whether the acceptance counts; a local one does only where the waiver file allows it. Empty: not accepted.",
            of=lambda r: r.accepted if r.acceptance else None,
        ),
        Column(
            name="acceptance_reason",
            type="string",
            description="Why it is accepted.",
            of=lambda r: r.acceptance_reason,
        ),
        Column(
            name="responsible",
            type="string",
            description="Who answers for the waiver.",
            of=lambda r: r.responsible,
        ),
        Column(
            name="ticket", type="string", description="The waiver's ticket.", of=lambda r: r.ticket
        ),
        Column(
            name="expires",
            type="string",
            description="When the waiver ends (ISO 8601).",
            of=lambda r: r.expires,
        ),
        Column(
            name="first_seen",
            type="datetime",
            description="When it was first seen.",
            of=lambda r: r.first_seen,
        ),
        Column(
            name="last_seen",
            type="datetime",
            description="When it was last seen.",
            of=lambda r: r.last_seen,
        ),
        Column(
            name="fixed_at",
            type="datetime",
            description="When the scan that no longer found it was started; empty: not fixed.",
            of=lambda r: r.closed,
        ),
        Column(
            name="fixed_by",
            type="string",
            description="repair, removal of the file, archive of the repository, or rules where these alone changed; empty: not fixed.",
            of=lambda r: r.fixed_by,
        ),
        Column(
            name="fingerprint",
            type="string",
            description="Names the finding across scans and line shifts.",
            of=lambda r: r.fingerprint,
        ),
        Column(
            name="commit", type="string", description="The audited commit.", of=lambda r: r.commit
        ),
        *(
            Column(
                name=f"{kind}_link",
                type="string",
                description=text,
                of=_link(kind),
            )
            for kind, text in (
                ("permalink", "The line at the audited commit."),
                ("edit", "GitHub's editor for the file."),
                ("settings", "The settings page that closes it."),
                ("publisher", "The index's form for a trusted publisher, filled in."),
                ("lesson", "The section of the lesson."),
                ("documentation", "The official documentation."),
            )
        ),
    ),
)
