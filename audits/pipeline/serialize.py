"""Serializes audits for recording, in whichever process made them."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from audits.checks import all_checks
from audits.model.errors import AuditError
from audits.model.repository import Repository
from audits.model.score import Audit
from audits.model.source import Snapshot
from audits.pipeline.audit import crashed_audit, is_crashed
from audits.store.schema.codes import title_of
from audits.store.write.audit_record import AuditRecord, record_of
from audits.workflow.publisher_status.questions import packages_to_ask


class SerializedAudit(Struct, frozen=True, kw_only=True):
    """An audit's record for the store, and the registries that have its packages;
    ``crashed`` where this program failed on it.
    """

    record: AuditRecord
    registries: frozenset[str]
    crashed: bool = False


class Judged(Struct, frozen=True, kw_only=True):
    """What is recorded of a repository that was judged elsewhere; ``repository`` is what was
    asked about it, where the next scan may go by that.
    """

    serialized: SerializedAudit
    repository: Repository | None = None


def serialize_audit(audit: Audit) -> SerializedAudit:
    """All that is recorded of an audit; where that fails, that it failed."""
    try:
        return _serialized(audit)
    except AuditError:
        raise
    except Exception as error:
        return _serialized(
            crashed_audit(audit.repository.snapshot, error, "serializing the audit of")
        )


def refused_record(serialized: SerializedAudit, error: Exception) -> SerializedAudit:
    """What is recorded in place of what the database refuses."""
    snapshot = Snapshot(ref=serialized.record.ref, database_id=serialized.record.database_id)
    return _serialized(crashed_audit(snapshot, error, "recording"))


def _serialized(audit: Audit) -> SerializedAudit:
    asked = packages_to_ask(audit.repository)
    return SerializedAudit(
        record=record_of(audit, title),
        registries=frozenset(name for name, _ in asked),
        crashed=is_crashed(audit),
    )


def title(check: str) -> str:
    """What a check, or another analyser's rule, is called."""
    return titles().get(check) or title_of(check)


@cache
def titles() -> dict[str, str]:
    """Titles of our own checks by id."""
    return {check.id: check.title for check in all_checks()}
