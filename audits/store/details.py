"""Packs the details of findings that change with every shifted line, once for each repository.

Rows of findings and of uses of actions do not mention lines, so that an edited workflow adds
one packed text instead of a new row for each of its findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from audits.model.finding_record import FindingRecord
from audits.model.outcome import Link
from audits.model.score import Audit, AuditedFinding, LessonStep

COMMIT = "\x00commit\x00"
"""Stands for the audited commit in stored addresses: a push that changes no file that was
read must not make every link new."""


class FindingDetail(Struct, frozen=True, kw_only=True):
    """What is shown of a finding beyond its row; ``ends`` is the day on which its acceptance
    expires.
    """

    message: str
    because: str = ""
    line: int = 1
    end_line: int | None = None
    excerpt: str = ""
    workflow: str = ""
    job: str = ""
    publication: str = ""
    environment: str = ""
    fix: str = ""
    advice: str = ""
    reason: str = ""
    responsible: str = ""
    ticket: str = ""
    ends: str = ""
    links: tuple[tuple[str, str, str], ...] = ()

    def built_links(self, commit: str) -> tuple[Link, ...]:
        """Its links at a commit."""
        return tuple(
            Link(kind=kind, label=label, url=url.replace(COMMIT, commit))
            for kind, label, url in self.links
        )


class Details(Struct, frozen=True, kw_only=True):
    """The details of one repository: findings by `finding_key`, the lines of uses of actions by
    `use_key`, and the steps of the lesson.
    """

    findings: dict[str, FindingDetail] = field(default_factory=dict)
    uses: dict[str, int] = field(default_factory=dict)
    lesson: tuple[LessonStep, ...] = ()

    def carry(self, keys: Iterable[str], earlier: Details) -> Details:
        """These, and of the findings with these keys, which were not re-checked, the earlier."""
        kept = {key: earlier.findings[key] for key in keys if key in earlier.findings}
        return replace(self, findings={**kept, **self.findings}) if kept else self


def finding_key(check: str, fingerprint: str, ordinal: int) -> str:
    """Names a finding within its repository."""
    return f"{check} {fingerprint} {ordinal}"


def use_key(path: str, job: str, action: str, ref: str, ordinal: int) -> str:
    """Names one use of an action within its repository."""
    return f"{path} {job} {action}@{ref} {ordinal}"


def numbered(findings: Iterable[AuditedFinding]) -> Iterator[tuple[AuditedFinding, int]]:
    """Each finding with how many of the same fingerprint came before it."""
    seen: dict[tuple[str, str], int] = {}
    for found in findings:
        key = (found.check, found.fingerprint)
        seen[key] = seen.get(key, -1) + 1
        yield found, seen[key]


def all_findings(audit: Audit) -> Iterator[AuditedFinding]:
    """Findings of release workflows, on the owner, and of what only ``--all`` looks at."""
    yield from audit.findings
    for result in audit.owner_results:
        yield from result.findings
    yield from audit.beyond


def details_of(audit: Audit, uses: dict[str, int]) -> Details:
    """The details of an audit; ``uses`` are lines by `use_key`."""
    findings = details_of_findings(all_findings(audit), audit.repository.snapshot.commit)
    return Details(findings=findings, uses=uses, lesson=audit.lesson)


def details_of_findings(
    findings: Iterable[AuditedFinding], commit: str
) -> dict[str, FindingDetail]:
    """The details of findings, by `finding_key`."""
    return {
        finding_key(found.check, found.fingerprint, ordinal): _detail(found, commit)
        for found, ordinal in numbered(findings)
    }


def _detail(found: AuditedFinding, commit: str) -> FindingDetail:
    record = FindingRecord.of(found)
    return FindingDetail(
        message=record.message,
        because=record.because,
        line=record.line,
        end_line=record.end_line,
        excerpt=record.excerpt,
        workflow=record.workflow,
        job=record.job,
        environment=record.environment,
        publication=record.publication,
        fix=record.fix,
        advice=found.finding.advice,
        reason=record.acceptance_reason,
        responsible=record.responsible,
        ticket=record.ticket,
        ends=record.expires,
        links=tuple(
            (link.kind, link.label, link.url.replace(commit, COMMIT) if commit else link.url)
            for link in record.links
        ),
    )
