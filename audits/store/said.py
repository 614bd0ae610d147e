"""All that one audit says, as rows and packed texts, with a digest to compare it by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from audits.model.score import Audit
from audits.store import rows
from audits.store.codec import digest, dumps
from audits.store.details import Details, all_findings, details_of, numbered
from audits.store.facts import Index, Listing, Settings, index_of, listing_of
from audits.store.names import Names, unseen_key
from audits.store.rows import Row
from audits.store.uses import Use


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Rows by table name; contents as JSON; ``findings`` are kept apart, as they live on."""

    families: Mapping[str, list[Row]]
    findings: list[Row]
    details: Details
    source: str
    settings: str
    index: str
    uses: list[Use]
    digest: bytes


def rules_of(audit: Audit) -> dict[str, tuple[str, int]]:
    """Area and severity of every check that an audit mentions."""
    found = {f.check: ("integrity", int(f.severity)) for f in all_findings(audit)}
    lost = (d for area in audit.score.areas for d in area.deductions)
    found |= {d.check: (d.area.value, int(d.severity)) for d in lost}
    results = (*audit.results, *audit.owner_results)
    return found | {r.check: (r.area.value, int(r.severity)) for r in results}


def said_by(audit: Audit, uses: list[Use], names: Names) -> Said:
    """The rows of an audit whose rules, reasons and actions are numbered in ``names``."""
    details = details_of(audit, {use.key: use.line for use in uses})
    families = _families(audit, uses, names)
    findings = _findings(audit, names)
    source = dumps(Listing, listing_of(audit.repository.snapshot))
    settings = dumps(Settings, Settings(value=audit.repository.snapshot.settings))
    index = dumps(Index, Index(value=index_of(audit)))
    everything = (
        families, findings, dumps(Details, details), source, settings, index, _sight(audit),
    )  # fmt: skip
    return Said(
        families=families, findings=findings, details=details, source=source, uses=uses,
        settings=settings, index=index, digest=digest(json.dumps(everything, default=str)),
    )  # fmt: skip


def _sight(audit: Audit) -> list[object]:
    """How far the audit looked: it decides what is mended and what is out of sight."""
    results = (*audit.results, *audit.owner_results)
    seen = [(r.check, r.outcome.value, len(r.unseen), bool(r.crash)) for r in results]
    return [audit.repository.breadth.value, *sorted(seen)]


def _families(audit: Audit, uses: list[Use], names: Names) -> dict[str, list[Row]]:
    results = []
    for result, on_owner in rows.stored_results(audit):
        unseen = rows.first_unseen(result)
        number = names.unseen[unseen_key(unseen)] if unseen else None
        rule = names.rules[result.check]
        results.append(rows.result_row(result, rule=rule, unseen=number, on_owner=on_owner))
    return {
        "state": [rows.state_row(audit)],
        "score": [rows.score_row(audit)],
        "result": results,
        "deduction": [
            {
                "rule_id": names.rules[d.check], "area": d.area.value, "points": round(d.points, 6),
                "severity": int(d.severity), "publication": d.publication,
            }
            for area in audit.score.areas for d in area.deductions
        ],
        "publication": [rows.publication_row(p) for p in audit.publications],
        "package": [rows.package_row(audit, status) for status in audit.statuses],
        "gap": [rows.gap_row(gap) for gap in rows.gaps_of(audit)],
        "action_use": [rows.use_row(use, action=names.actions[use.action]) for use in uses],
        "unreached": [],
    }  # fmt: skip


def _findings(audit: Audit, names: Names) -> list[Row]:
    owners = {id(f) for result in audit.owner_results for f in result.findings}
    return [
        rows.finding_row(found, rule=names.rules[found.check], ordinal=ordinal)
        | {"on_owner": id(found) in owners}
        for found, ordinal in numbered(all_findings(audit))
    ]


def learn(audit: Audit, uses: list[Use], names: Names) -> bool:
    """Whether all words of an audit are numbered already."""
    reasons = {unseen_key(u) for r in (*audit.results, *audit.owner_results) for u in r.unseen}
    return (
        rules_of(audit).keys() <= names.rules.keys()
        and reasons <= names.unseen.keys()
        and {use.action for use in uses} <= names.actions.keys()
    )
