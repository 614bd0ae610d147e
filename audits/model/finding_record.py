"""The flat form of a finding: every output and the store use this one mapping."""

from __future__ import annotations

from msgspec import Struct

from audits.model.outcome import FixKind, Link
from audits.model.score import AuditedFinding

_WORKFLOWS = ".github/workflows/"
_ZIZMOR = "zizmor/"


def default_advice(check: str, fix: FixKind | None) -> str:
    """What is said of a finding's edit, or of there being none, where its check says nothing;
    "" where the edit can be made as it is.
    """
    if fix is FixKind.SAFE:
        return ""
    if fix is FixKind.REVIEW:
        return "Look at the edit before it is made: it may change what a run does."
    if check.startswith(_ZIZMOR):
        return "No edit is known for this fault; its page describes the change."
    return f"No edit fits this place; 'release-audit explain {check}' shows the change."


class FindingRecord(Struct, frozen=True, kw_only=True):
    """One finding in plain values; the names are those of ``findings.csv``.

    A finding of a publication belongs to the publication's job, and one of a job to the job's
    environment, unless the check names another. ``acceptance`` is the kind's word or ``""``;
    ``accepted`` says whether it counts. ``expires`` is a date in ISO 8601. ``advice`` is what
    to look at before the edit is made, or why there is none.
    """

    check: str
    severity: str
    message: str
    because: str
    path: str
    line: int
    column: int
    end_line: int | None
    excerpt: str
    workflow: str
    job: str
    publication: str
    environment: str
    in_release: bool
    fix: str
    advice: str
    fingerprint: str
    acceptance: str
    accepted: bool
    acceptance_reason: str
    responsible: str
    ticket: str
    expires: str
    advisories: tuple[str, ...]
    links: tuple[Link, ...]

    @classmethod
    def of(cls, audited: AuditedFinding) -> FindingRecord:
        """The record of an audited finding."""
        finding, acceptance = audited.finding, audited.acceptance
        at, publication = finding.at, finding.publication
        job = finding.job or (publication.job if publication else None)
        named = job.environment.name.value if job and job.environment else ""
        return cls(
            check=audited.check,
            severity=audited.severity.label,
            message=finding.message,
            because=finding.because,
            path=at.path,
            line=at.line,
            column=at.column,
            end_line=at.end_line,
            excerpt=audited.excerpt,
            workflow=job.path if job else at.path if at.path.startswith(_WORKFLOWS) else "",
            job=job.id if job else "",
            publication=publication.key if publication else "",
            environment=finding.environment or named,
            in_release=audited.in_release,
            fix=audited.fix.value if audited.fix else "",
            advice=finding.advice or default_advice(audited.check, audited.fix),
            fingerprint=audited.fingerprint,
            acceptance=acceptance.kind.value if acceptance else "",
            accepted=acceptance is not None and acceptance.counts,
            acceptance_reason=acceptance.reason if acceptance else "",
            responsible=acceptance.responsible if acceptance else "",
            ticket=acceptance.ticket if acceptance else "",
            expires=acceptance.expires.isoformat() if acceptance and acceptance.expires else "",
            advisories=finding.advisories,
            links=audited.links,
        )
