"""Turns audits into records for the store, in the process that made them."""

from __future__ import annotations

from functools import cache

from audits.checks import all_checks
from audits.model.errors import AuditError
from audits.model.score import Audit
from audits.model.source import Snapshot
from audits.pipeline.audit import crashed_audit, is_crashed
from audits.pipeline.serialized import SerializedAudit
from audits.store.schema.codes import title_of
from audits.store.write.audit_record import record_of
from audits.workflow.publisher_status.questions import packages_to_ask


def serialize_audit(audit: Audit) -> SerializedAudit:
    """The record of an audit; where that cannot be made, one that says so."""
    try:
        return _serialized(audit)
    except AuditError:
        raise
    except Exception as error:
        return _serialized(
            crashed_audit(audit.repository.snapshot, error, "serializing the audit of")
        )


def refused_record(serialized: SerializedAudit, error: Exception) -> SerializedAudit:
    """The record to write in place of one that the database refuses."""
    snapshot = Snapshot(ref=serialized.record.ref, database_id=serialized.record.database_id)
    return _serialized(crashed_audit(snapshot, error, "recording"))


def _serialized(audit: Audit) -> SerializedAudit:
    asked = packages_to_ask(audit.repository)
    return SerializedAudit(
        record=record_of(audit, _title),
        registries=frozenset(name for name, _ in asked),
        crashed=is_crashed(audit),
    )


def _title(check: str) -> str:
    """The title of a check or of another analyser's rule."""
    return _titles().get(check) or title_of(check)


@cache
def _titles() -> dict[str, str]:
    """Titles of our own checks by id."""
    return {check.id: check.title for check in all_checks()}
