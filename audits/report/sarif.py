"""Writes the audit of one repository as SARIF 2.1.0 for code scanning.

Source: https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from audits.check import Check
from audits.checks.constants import LESSON
from audits.model.exposure import Actor, Exposure, ExposurePath
from audits.model.finding_record import FindingRecord
from audits.model.outcome import Severity
from audits.model.repository import Repository
from audits.model.score import Audit, AuditedFinding
from audits.model.source import Gap

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "0.5",
}
_MOST_RESULTS = 25_000
_LONGEST = 1000
_MOST_FLOWS = 3


def sarif(audit: Audit, checks: Mapping[str, Check], tool_version: str) -> dict[str, Any]:
    """A SARIF log of one run; accepted findings that count carry a suppression.

    GitHub keeps at most 25,000 results a run: the gravest come first.
    """
    findings = sorted(
        (*audit.findings, *audit.beyond),
        key=lambda f: (-f.severity, f.check, f.finding.at),
    )[:_MOST_RESULTS]
    used = list(dict.fromkeys(f.check for f in findings))
    driver = {
        "name": "release-audit",
        "version": tool_version,
        "semanticVersion": tool_version,
        "informationUri": LESSON,
        "rules": list(_rules(used, checks, findings)),
    }
    through = _paths_by_finding(audit)
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "release-audit/"},
        "invocations": [_invocation(audit.repository)],
        "columnKind": "unicodeCodePoints",
        "results": [
            {**_result(f, used.index(f.check)), **_flows(f, audit, through)} for f in findings
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _invocation(repository: Repository) -> dict[str, Any]:
    """How the run went: not well where something asked for was not read; all gaps are listed."""
    return {
        "executionSuccessful": all(gap.optional for gap in repository.gaps),
        "toolExecutionNotifications": [_notification(gap, repository) for gap in repository.gaps],
    }


def _notification(gap: Gap, repository: Repository) -> dict[str, Any]:
    said: dict[str, Any] = {
        "level": "note" if gap.optional else "error",
        "message": {"text": f"{gap.subject}: {gap.detail}"},
        "descriptor": {"id": f"gap/{gap.reason}"},
    }
    path = gap.subject.removeprefix("comment in ")
    if path.startswith(".github/") or repository.file(path) is not None:
        place = _place(path)
        if gap.line is not None:
            place["region"] = {"startLine": max(gap.line, 1)}
        said["locations"] = [{"physicalLocation": place}]
    return said


def _place(path: str) -> dict[str, Any]:
    return {"artifactLocation": {"uri": _uri(path), "uriBaseId": "%SRCROOT%"}}


def _rules(
    used: list[str], checks: Mapping[str, Check], findings: Iterable[AuditedFinding]
) -> Iterable[dict[str, Any]]:
    worst: dict[str, Severity] = {}
    for finding in findings:
        worst[finding.check] = max(finding.severity, worst.get(finding.check, Severity.INFO))
    for name in used:
        yield _rule(name, checks.get(name), worst[name])


def _rule(name: str, check: Check | None, severity: Severity) -> dict[str, Any]:
    title = check.title if check else f"Found by {name.replace('/', ': ')}"
    text = check.text if check else f"{title}. See the analyser's own documentation."
    shown = check.severity if check else severity
    rule: dict[str, Any] = {
        "id": name,
        "name": "".join(word.capitalize() for word in name.replace("/", "-").split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": _summary(text) or title},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[shown]},
        "properties": {
            "tags": ["security", "supply-chain", *([check.area.value] if check else [])],
            "precision": "high",
            "problem.severity": {"error": "error", "warning": "warning", "note": "recommendation"}[
                _LEVELS[shown]
            ],
            "security-severity": _SECURITY_SEVERITY[shown],
        },
    }
    if check and check.links:
        rule["helpUri"] = check.links[0]
    return rule


def _summary(text: str) -> str:
    """The first paragraph under the first heading, which says why it matters."""
    _, _, rest = text.partition("## Why it matters")
    return " ".join(rest.strip().partition("\n\n")[0].split())[:_LONGEST]


def _result(audited: AuditedFinding, index: int) -> dict[str, Any]:
    record = FindingRecord.of(audited)
    because = f" ({record.because})" if record.because else ""
    links = "".join(
        f"\n{link.label}: {link.url}" for link in record.links if link.kind == "settings"
    )
    region: dict[str, int] = {"startLine": max(record.line, 1)}
    if record.column > 1:
        region["startColumn"] = record.column
    result: dict[str, Any] = {
        "ruleId": record.check,
        "ruleIndex": index,
        "level": _LEVELS[audited.severity],
        "message": {"text": f"{record.message}{because}{links}"},
        "locations": [{"physicalLocation": {**_place(record.path), "region": region}}],
        "partialFingerprints": {"releaseAudit/v1": record.fingerprint},
        "properties": _properties(record),
    }
    if record.accepted:
        kind = "external" if record.acceptance == "waiver" else "inSource"
        result["suppressions"] = [
            {"kind": kind, "status": "accepted", "justification": record.acceptance_reason}
        ]
    return result


def _paths_by_finding(audit: Audit) -> dict[str, list[ExposurePath]]:
    """The paths that go through each finding, by its fingerprint."""
    found: dict[str, list[ExposurePath]] = {}
    for exposure in audit.exposure:
        for path in exposure.paths:
            found.setdefault(path.finding, []).append(path)
    return found


def _flows(
    audited: AuditedFinding, audit: Audit, through: Mapping[str, Sequence[ExposurePath]]
) -> dict[str, Any]:
    """The paths that go through a finding, as code flows; nothing where none does."""
    is_of_package = audited.check == "outsider-can-publish"
    found = _of_package(audited, audit) if is_of_package else through.get(audited.fingerprint, ())
    shown = list({path.id: path for path in found}.values())[:_MOST_FLOWS]
    return {"codeFlows": [_flow(path) for path in shown]} if shown else {}


def _of_package(audited: AuditedFinding, audit: Audit) -> Iterator[ExposurePath]:
    """The paths through a finding about a package, and those by which anyone can publish that."""
    for exposure in audit.exposure:
        for path in exposure.paths:
            if path.finding == audited.fingerprint or _is_its_package(audited, exposure, path):
                yield path


def _is_its_package(audited: AuditedFinding, exposure: Exposure, path: ExposurePath) -> bool:
    """Whether a finding says about this package that anyone can publish it, by this path too."""
    finding = audited.finding
    return (
        finding.publication is exposure.publication
        and finding.anchor == f"{exposure.registry} {exposure.package}"
        and path.actor is Actor.ANYONE
        and path.sets_level
    )


def _flow(path: ExposurePath) -> dict[str, Any]:
    places = [
        {
            "location": {
                "message": {"text": step.what},
                "physicalLocation": {
                    **_place(step.at.path),
                    "region": {"startLine": max(step.at.line, 1)},
                },
            }
        }
        for step in path.steps
    ]
    return {"message": {"text": path.actor.value}, "threadFlows": [{"locations": places}]}


def _properties(record: FindingRecord) -> dict[str, Any]:
    """What a finding concerns, by the names of ``findings.csv``, where it is known."""
    known = {
        "job": record.job,
        "environment": record.environment,
        "publication": record.publication,
        "fix": record.fix,
        "advisories": list(record.advisories),
    }
    return {name: value for name, value in known.items() if value}


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path or ".github/workflows", safe="/", errors="replace")
