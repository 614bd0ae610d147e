"""Makes the record of an audit for the store, without a database, in any process."""

from __future__ import annotations

from collections.abc import Callable

from audits.model.remember import remembered
from audits.model.score import Audit
from audits.model.settings import Unseen
from audits.model.source import Snapshot
from audits.model.storable import is_storable_json, storable
from audits.store.details import Details, all_findings, details_of, numbered
from audits.store.schema.codes import title_of
from audits.store.serialize import digest, dumps, pack, packed, text_of
from audits.store.snapshots import Index, Listing, Settings, index_of, listing_of, texts_of
from audits.store.write import rows
from audits.store.write.action_uses import Use, uses_of
from audits.store.write.job_rows import job_rows
from audits.store.write.record import AuditRecord, Reason, StoredText
from audits.store.write.references import references_of
from audits.store.write.result_rows import Row, finding_row, gap_row, reason_of, result_row
from audits.store.write.visibility import visibility_of


def record_of(audit: Audit, title: Callable[[str], str] = title_of) -> AuditRecord:
    """The record of an audit; ``title`` gives a check's title by its id."""
    repository, snapshot, uses = audit.repository, audit.repository.snapshot, uses_of(audit)
    details = packed(dumps(Details, details_of(audit, {use.key: use.line for use in uses})))
    families, findings = _families(audit, uses), _findings(audit)
    source = packed(dumps(Listing, listing_of(snapshot)))
    settings = packed(dumps(Settings, Settings(value=snapshot.settings)))
    index = packed(dumps(Index, Index(value=index_of(audit))))
    facts = [part.hash.hex() for part in (details, source, settings, index)]
    visibility = _visibility(audit)
    everything = text_of((families, findings, facts, visibility))
    if not is_storable_json(everything):
        families = {name: _storable(kept) for name, kept in families.items()}
        findings = _storable(findings)
        everything = text_of((families, findings, facts, visibility))
    results = (*audit.results, *audit.owner_results)
    return AuditRecord(
        ref=snapshot.ref,
        database_id=snapshot.database_id,
        unread=is_unread(snapshot),
        families=families,
        findings=findings,
        details=details,
        source=source,
        settings=settings,
        index=index,
        references=references_of(repository, uses),
        texts={oid: _stored(text) for oid, text in texts_of(snapshot).items()},
        rules={name: (storable(title(name)), *rule) for name, rule in _rules(audit).items()},
        reasons=frozenset(_reason(u) for result in results for u in result.unseen),
        visibility=visibility_of(audit, rows.gaps_of(audit)),
        owner_settings=snapshot.owner_settings,
        advisories=repository.advisories,
        digest=digest(everything),
        paths=frozenset(file.path for file in snapshot.files),
    )


@remembered(256)
def _stored(text: str) -> StoredText:
    return StoredText(size=len(text), data=pack(text))


def _storable(made: list[Row]) -> list[Row]:
    """The rows, with their texts changed to what any database can hold."""
    return [{name: _storable_value(value) for name, value in row.items()} for row in made]


def _storable_value(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    return tuple(map(_storable_value, value)) if isinstance(value, tuple) else value


def _reason(fact: Unseen) -> Reason:
    need, reason, permission = reason_of(fact)
    return need, storable(reason), storable(permission)


def is_unread(snapshot: Snapshot) -> bool:
    """Whether nothing could be read of a repository: gaps, and no file or commit."""
    return bool(snapshot.gaps) and not snapshot.files and not snapshot.commit


def _rules(audit: Audit) -> dict[str, tuple[str, int]]:
    """Area and severity of every check that an audit mentions."""
    found = {f.check: ("integrity", int(f.severity)) for f in all_findings(audit)}
    lost = (d for area in audit.score.areas for d in area.deductions)
    found |= {d.check: (d.area.value, int(d.severity)) for d in lost}
    results = (*audit.results, *audit.owner_results)
    return found | {r.check: (r.area.value, int(r.severity)) for r in results}


def _visibility(audit: Audit) -> list[object]:
    """What the audit evaluated: it separates fixed findings from those not re-checked."""
    results = (*audit.results, *audit.owner_results)
    seen = [(r.check, r.outcome.value, len(r.unseen), bool(r.crash)) for r in results]
    return [audit.repository.breadth.value, *sorted(seen)]


def _families(audit: Audit, uses: list[Use]) -> dict[str, list[Row]]:
    return {
        "state": [rows.state_row(audit)],
        "score": [rows.score_row(audit)],
        "result": [result_row(r, on_owner=owner) for r, owner in rows.stored_results(audit)],
        "deduction": [
            {
                "rule_id": d.check,
                "area": d.area.value,
                "points": round(d.points, 6),
                "severity": int(d.severity),
                "publication": d.publication,
            }
            for area in audit.score.areas
            for d in area.deductions
        ],
        "publication": [rows.publication_row(p) for p in audit.publications],
        "package": [rows.package_row(audit, status) for status in audit.statuses],
        "path": rows.path_rows(audit),
        "gap": [gap_row(gap) for gap in rows.gaps_of(audit)],
        "action_use": [rows.use_row(use) for use in uses],
        "job": job_rows(audit.repository),
        "unreached": [],
    }


def _findings(audit: Audit) -> list[Row]:
    owners = {id(f) for result in audit.owner_results for f in result.findings}
    return [
        finding_row(found, ordinal=ordinal, on_owner=id(found) in owners)
        for found, ordinal in numbered(all_findings(audit))
    ]
