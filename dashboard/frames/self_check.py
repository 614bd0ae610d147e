"""Rows of an audit that is not stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from audits.checks import all_checks
from audits.model.finding_record import FindingRecord
from audits.model.rows import FindingRow
from audits.model.score import Audit, AuditedFinding
from dashboard.frames.cells import frame_of
from dashboard.theme import plain, signed

_LINKS = {"lesson", "documentation"}
"""What is pasted is on no host: links to its lines or settings would lead nowhere."""


def finding_rows(audit: Audit, at: datetime) -> list[FindingRow]:
    """The findings of a self-check, first and last seen ``at``."""
    titles = {check.id: check for check in all_checks()}
    rows = []
    for found in audit.findings:
        check = titles.get(found.check)
        title = check.title if check else found.check
        area = check.area.value if check else ""
        rows.append(_row(audit, found, title=title, area=area, at=at))
    return rows


def _row(audit: Audit, found: AuditedFinding, *, title: str, area: str, at: datetime) -> FindingRow:
    record = FindingRecord.of(found)
    return FindingRow(
        owner=audit.repository.ref.owner,
        repository=audit.repository.ref.name,
        host=audit.repository.ref.host,
        fingerprint=record.fingerprint,
        check=record.check,
        title=title,
        area=area,
        severity=record.severity,
        state="open",
        message=record.message,
        because=record.because,
        path=record.path,
        line=record.line,
        end_line=record.end_line,
        excerpt=record.excerpt,
        workflow=record.workflow,
        job=record.job,
        publication=record.publication,
        environment=record.environment,
        in_release=record.in_release,
        fix=record.fix,
        advice=record.advice,
        acceptance=record.acceptance,
        acceptance_reason=record.acceptance_reason,
        accepted=record.accepted,
        responsible=record.responsible,
        ticket=record.ticket,
        expires=record.expires,
        commit="",
        first_seen=at,
        last_seen=at,
        links=tuple(link for link in record.links if link.kind in _LINKS),
    )


def areas_of(audit: Audit) -> dict[str, float | None]:
    """Points by area."""
    return {area.area.value: area.points for area in audit.score.areas}


def deduction_table(audit: Audit) -> pd.DataFrame:
    """What the score lost, area by area."""
    return frame_of(
        (
            {
                "area": plain(area.area.value),
                "check": deduction.check,
                "severity": signed(deduction.severity.label),
                "points lost": round(deduction.points, 1),
            }
            for area in audit.score.areas
            for deduction in area.deductions
            if deduction.points
        ),
        ("area", "check", "severity", "points lost"),
    )


def unknown_sentence(audit: Audit) -> str:
    """How many checks only GitHub or an index could answer, or ""."""
    unknown: Sequence[str] = [r.check for r in audit.results if r.outcome.value == "unknown"]
    if not unknown:
        return ""
    return "Not checked here, as they need more than the text: " + ", ".join(unknown) + "."
