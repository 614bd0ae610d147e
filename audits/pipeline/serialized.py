"""What a worker hands to the process that records: an audit, serialized for the store.

This process need not load what audits: that takes a tenth of a second.
"""

from __future__ import annotations

from msgspec import Struct

from audits.model.repository import Repository
from audits.store.write.record import AuditRecord


class SerializedAudit(Struct, frozen=True, kw_only=True):
    """An audit's record for the store, and the registries of its packages; ``crashed`` where
    this program failed on it.
    """

    record: AuditRecord
    registries: frozenset[str]
    crashed: bool = False


class Judged(Struct, frozen=True, kw_only=True):
    """The record of a repository that another process judged; ``repository`` holds its evidence
    where the next scan may use that to skip it.
    """

    serialized: SerializedAudit
    repository: Repository | None = None
