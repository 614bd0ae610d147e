"""Rows of an audit that is not stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from audits.checks import all_checks
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
    finding = found.finding
    accepted = found.acceptance
    return FindingRow(
        owner=audit.repository.ref.owner,
        repository=audit.repository.ref.name,
        host=audit.repository.ref.host,
        fingerprint=found.fingerprint,
        check=found.check,
        title=title,
        area=area,
        severity=found.severity.label,
        state="open",
        message=finding.message,
        because=finding.because,
        path=finding.at.path,
        line=finding.at.line,
        end_line=finding.at.end_line,
        excerpt=found.excerpt,
        workflow=finding.job.path if finding.job else "",
        job=finding.job.id if finding.job else "",
        publication=finding.publication.key if finding.publication else "",
        environment=finding.environment,
        in_release=found.in_release,
        fix=found.fix.value if found.fix else "",
        acceptance=accepted.kind.value if accepted else "",
        acceptance_reason=accepted.reason if accepted else "",
        accepted=accepted is not None and accepted.counts,
        responsible=accepted.responsible if accepted else "",
        ticket=accepted.ticket if accepted else "",
        expires=accepted.expires.isoformat() if accepted and accepted.expires else "",
        commit="",
        first_seen=at,
        last_seen=at,
        links=tuple(link for link in found.links if link.kind in _LINKS),
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
