"""The table of what is accepted, by whom and until when."""

from __future__ import annotations

from audits.model.outcome import AcceptanceKind, Severity
from audits.model.rows import WaiverRow
from audits.report.acceptances import STATES
from audits.report.table import Column, Table
from audits.report.tables.shared import of_repository

WAIVERS: Table[WaiverRow] = Table(
    name="waivers",
    title="Waivers",
    description="One row per waiver or comment and file in which it accepts findings of one check and severity. With export --waivers FILE also the entries of that file that accept nothing or have expired; their repository and path are patterns.",
    key=(
        "owner",
        "repository",
        "path",
        "check",
        "severity",
        "state",
        "acceptance",
        "acceptance_counts",
        "responsible",
        "reason",
        "ticket",
        "expires",
    ),
    columns=(
        *of_repository(),
        Column(
            name="path",
            type="string",
            description="The file; empty: every file.",
            of=lambda r: r.path,
        ),
        Column(
            name="check",
            type="string",
            description="The check whose findings are accepted.",
            of=lambda r: r.check,
        ),
        Column(
            name="severity",
            type="string",
            description="The severity of the findings; empty: it accepts none.",
            words=tuple(s.label for s in Severity),
            of=lambda r: r.severity,
        ),
        Column(
            name="findings",
            type="integer",
            description="How many findings it accepts there.",
            of=lambda r: r.findings,
        ),
        Column(
            name="state",
            type="string",
            description="accepts; for an entry of the waiver file also accepts-nothing and expired.",
            words=STATES,
            of=lambda r: r.state,
        ),
        Column(
            name="acceptance",
            type="string",
            description="A waiver of the file, or a comment in the workflow.",
            words=tuple(AcceptanceKind),
            of=lambda r: r.acceptance,
        ),
        Column(
            name="acceptance_counts",
            type="boolean",
            description="Whether it counts; a comment does only where the waiver file allows it. Empty: it accepts nothing.",
            of=lambda r: r.counts,
        ),
        Column(
            name="responsible",
            type="string",
            description="Who answers for it.",
            of=lambda r: r.responsible,
        ),
        Column(
            name="reason", type="string", description="Why it is accepted.", of=lambda r: r.reason
        ),
        Column(
            name="ticket", type="string", description="The waiver's ticket.", of=lambda r: r.ticket
        ),
        Column(
            name="expires",
            type="string",
            description="When it ends (ISO 8601); empty: a comment ends when it is deleted.",
            of=lambda r: r.expires,
        ),
    ),
)
