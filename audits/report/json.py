"""Writes the audit of one repository as JSON."""

from __future__ import annotations

from typing import Any

from audits.analysis.required_pins import refused_uses, unread_actions
from audits.fixes.links import foreign_links
from audits.model.engine import EngineRun
from audits.model.exposure import Cut, Exposure, ExposurePath
from audits.model.finding_record import FindingRecord
from audits.model.outcome import Outcome
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.score import Audit, AuditedFinding, Result, Score
from audits.model.settings import Unseen
from audits.model.source import Gap
from audits.report.table import SCHEMA_VERSION


def audit_document(audit: Audit, tool_version: str) -> dict[str, Any]:
    """Everything that is said about a repository; keys and words are those of the CSV files."""
    snapshot = audit.repository.snapshot
    return {
        "schema": SCHEMA_VERSION,
        "tool": {"name": "release-audit", "version": tool_version},
        "engine": _engine(audit.engine),
        "owner": audit.repository.ref.owner,
        "repository": audit.repository.ref.name,
        "commit": snapshot.commit,
        "as_of": audit.repository.as_of.isoformat(),
        "score": _score(audit.score),
        "score_without_acceptances": _score(audit.strict_score),
        "checks": [_result(result) for result in (*audit.results, *audit.owner_results)],
        "findings": [finding_document(f) for f in (*audit.findings, *audit.beyond)],
        "publications": [_publication(p) for p in audit.publications],
        "exposure": [exposure_record(each) for each in audit.exposure],
        "packages": [
            {
                "registry": s.registry,
                "package": s.package,
                "state": s.state,
                "why": s.why,
                "publications": list(s.publications),
            }
            for s in audit.statuses
        ],
        "lesson": [
            {"step": s.title, "state": s.state, "failing": list(s.checks), "link": s.url}
            for s in audit.lesson
        ],
        **required_pins_record(audit.repository),
        "gaps": [gap_record(gap) for gap in audit.repository.gaps],
    }


def required_pins_record(repository: Repository) -> dict[str, Any]:
    """What would fail if the organization required actions to be pinned to commits."""
    uses = []
    for each in refused_uses(repository):
        link, ask = foreign_links(repository.ref, each.at)
        uses.append(
            {
                "uses": f"{each.uses.action}@{each.uses.ref}",
                "path": each.at.path,
                "line": each.at.line,
                "used_at": {"path": each.used_at.path, "line": each.used_at.line},
                "upstream": each.upstream,
                "link": link,
                "ask": ask,
            }
        )
    return {
        "refused_if_commits_are_required": uses,
        "actions_not_opened": list(unread_actions(repository)),
    }


def gap_record(gap: Gap) -> dict[str, Any]:
    """One gap, as in ``gaps.csv``."""
    return {
        "subject": gap.subject,
        "reason": gap.reason,
        "detail": gap.detail,
        "line": gap.line,
        "permission": gap.permission,
        "optional": gap.optional,
        "job": gap.job,
    }


def _engine(run: EngineRun | None) -> dict[str, Any] | None:
    if run is None:
        return None
    return {"name": run.engine, "version": run.version, "rules": list(run.rules), "ran": run.ran}


def _score(score: Score) -> dict[str, Any]:
    return {
        "grade": score.grade,
        "points": score.points,
        "coverage": _rounded(score.coverage),
        "tier": score.tier,
        "policy": score.policy,
        "cap": score.cap,
        "steps_to_a": [
            {"check": step.check, "points": step.points, "grade": step.grade}
            for step in score.steps
        ],
        "not_counted": dict(score.not_counted),
        "areas": [
            {
                "area": area.area,
                "points": None if area.points is None else round(area.points, 1),
                "coverage": _rounded(area.coverage),
                "publication": area.publication,
                "deductions": [
                    {"check": d.check, "severity": d.severity.label, "points": round(d.points, 1)}
                    for d in area.deductions
                ],
            }
            for area in score.areas
        ],
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _result(result: Result) -> dict[str, Any]:
    record: dict[str, Any] = {
        "check": result.check,
        "area": result.area,
        "severity": result.severity.label,
        "outcome": result.outcome,
    }
    if result.outcome is Outcome.UNKNOWN:
        record["unknown"] = [
            {"needs": u.need, "reason": u.reason, "permission": u.permission} for u in result.unseen
        ] or [{"needs": "", "reason": result.crash, "permission": ""}]
    return record


def finding_document(audited: AuditedFinding) -> dict[str, Any]:
    """One finding, as in ``findings.csv``."""
    record = FindingRecord.of(audited)
    document: dict[str, Any] = {
        "check": record.check,
        "severity": record.severity,
        "message": record.message,
        "because": record.because,
        "path": record.path,
        "line": record.line,
        "column": record.column,
        "workflow": record.workflow,
        "job": record.job,
        "publication": record.publication,
        "environment": record.environment,
        "excerpt": record.excerpt,
        "in_release": record.in_release,
        "fix": record.fix,
        "advice": record.advice,
        "fingerprint": record.fingerprint,
        "advisories": list(record.advisories),
        "links": [{"kind": k.kind, "label": k.label, "url": k.url} for k in record.links],
    }
    if record.acceptance:
        document["acceptance"] = {
            "kind": record.acceptance,
            "reason": record.acceptance_reason,
            "responsible": record.responsible,
            "ticket": record.ticket,
            "expires": record.expires,
            "counts": record.accepted,
        }
    return document


def who_document(audit: Audit, tool_version: str) -> dict[str, Any]:
    """Who can publish the packages of a repository, and by which paths."""
    return {
        "schema": SCHEMA_VERSION,
        "tool": {"name": "release-audit", "version": tool_version},
        "owner": audit.repository.ref.owner,
        "repository": audit.repository.ref.name,
        "commit": audit.repository.snapshot.commit,
        "exposure": [exposure_record(each) for each in audit.exposure],
        "gaps": [gap_record(gap) for gap in audit.repository.gaps],
    }


def exposure_record(exposure: Exposure) -> dict[str, Any]:
    """Who can publish one package, with the paths."""
    cut = exposure.cut
    return {
        "publication": exposure.publication.key,
        "registry": exposure.registry,
        "channel": exposure.channel,
        "package": exposure.package,
        "level": exposure.level,
        "may_be": exposure.may_be,
        "accepted": exposure.accepted,
        "as_of": exposure.as_of.isoformat(),
        "writers": None if isinstance(exposure.writers, Unseen) else exposure.writers,
        "writers_unseen": exposure.writers.reason if isinstance(exposure.writers, Unseen) else "",
        "cut": None
        if cut is None
        else {
            **_cut(cut.cut),
            "finding": cut.finding,
            "leaves": cut.leaves,
            "edits": cut.edits,
            "changes": [_cut(change) for change in cut.cuts],
        },
        "paths": [_path(path) for path in exposure.paths],
        "more": exposure.more,
    }


def _path(path: ExposurePath) -> dict[str, Any]:
    return {
        "id": path.id,
        "actor": path.actor,
        "state": path.state,
        "holds": path.holds,
        "until": path.until,
        "way_in": path.way_in,
        "sink": path.sink,
        "starts": path.starts,
        "sets_level": path.sets_level,
        "after_merge": path.after_merge,
        "accepted": path.accepted,
        "steps": [
            {
                "kind": step.kind,
                "what": step.what,
                "path": step.at.path,
                "line": step.at.line,
                "job": step.job,
                **({"finding": path.finding} if step.kind == "way-in" else {}),
            }
            for step in path.steps
        ],
        "cuts": [_cut(cut) for cut in path.cuts],
        "needs": [
            {
                "what": need.what,
                "needs": need.need,
                "permission": need.permission,
                "closes": need.closes,
            }
            for need in path.needs
        ],
    }


def _cut(cut: Cut) -> dict[str, Any]:
    return {
        "what": cut.what,
        "path": cut.at.path,
        "line": cut.at.line,
        "settings": cut.settings,
    }


def _publication(publication: Publication) -> dict[str, Any]:
    environment = publication.environment
    return {
        "key": publication.key,
        "workflow": publication.workflow.path,
        "job": publication.job.id,
        "step": publication.step,
        "path": publication.at.path,
        "line": publication.at.line,
        "registry": publication.registry,
        "channel": publication.channel,
        "packages": list(publication.packages),
        "mechanism": publication.way,
        "auth": publication.auth,
        "environment": environment.name.value if environment else "",
        "id_token": publication.id_token,
        "indirect": publication.indirect,
    }
