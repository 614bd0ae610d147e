"""The record of an audit as the store keeps it: what a worker hands to the process that records.

That process need not load what makes it, see `audit_record`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from audits.model.evidence import AdvisoryList
from audits.model.settings import OwnerSettings, Unseen
from audits.model.source import RepositoryRef
from audits.store.serialize import Packed
from audits.store.write.references import Reference
from audits.store.write.result_rows import Row
from audits.store.write.visibility import Visibility

Reason = tuple[str, str, str]
"""Need, reason and permission of what was not seen."""


class StoredText(Struct, frozen=True, kw_only=True):
    """A file's text, compressed; ``size`` in characters."""

    size: int
    data: bytes


class AuditRecord(Struct, frozen=True, kw_only=True):
    """An audit's rows by table name, with words where the database has ids, and its packed facts.
    ``findings`` are apart, as they outlive an audit. ``digest`` covers all of it.

    ``rules`` are title, area and severity of every check by its id, ``paths`` the files that were
    read.
    """

    ref: RepositoryRef
    database_id: int | None
    unread: bool
    families: Mapping[str, list[Row]]
    findings: list[Row]
    details: Packed
    source: Packed
    settings: Packed
    index: Packed
    texts: Mapping[str, StoredText]
    references: tuple[Reference, ...]
    rules: Mapping[str, tuple[str, str, int]]
    reasons: frozenset[Reason]
    visibility: Visibility
    owner_settings: OwnerSettings | Unseen | None
    advisories: AdvisoryList | None
    digest: bytes
    paths: frozenset[str] = frozenset()

    @property
    def rules_digest(self) -> str:
        """The digest of the rules that it was made by."""
        return str(self.families["score"][0]["rules"])

    @property
    def actions(self) -> set[str]:
        """The actions and images that the repository uses."""
        return {row["action_id"] for row in self.families["action_use"]}
