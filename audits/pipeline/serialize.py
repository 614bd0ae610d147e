"""Serializes audits for recording, in whichever process made them."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from audits.checks import all_checks
from audits.model.errors import AuditError
from audits.model.score import Audit
from audits.model.source import Snapshot
from audits.pipeline.audit import crashed_audit, is_crashed
from audits.store.schema.codes import title_of
from audits.store.write.audit_record import Said, said_by
from audits.workflow.publisher_status.questions import packages_to_ask


class Told(Struct, frozen=True, kw_only=True):
    """What one audit tells the store, and the registries that its packages are asked of;
    ``crashed`` where this program failed on it.
    """

    said: Said
    registries: frozenset[str]
    crashed: bool = False


def tell(audit: Audit) -> Told:
    """All that is recorded of an audit; where that fails, that it failed."""
    try:
        return _told(audit)
    except AuditError:
        raise
    except Exception as error:
        return _told(crashed_audit(audit.repository.snapshot, error, "serializing the audit of"))


def unrecorded(told: Told, error: Exception) -> Told:
    """What is recorded in place of what the database refuses."""
    snapshot = Snapshot(ref=told.said.ref, database_id=told.said.database_id)
    return _told(crashed_audit(snapshot, error, "recording"))


def _told(audit: Audit) -> Told:
    asked = packages_to_ask(audit.repository)
    return Told(
        said=said_by(audit, title),
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
