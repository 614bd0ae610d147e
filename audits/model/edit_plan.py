"""The changes that fix findings of one repository: edit sets, new texts, and what is left."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from audits.model.outcome import Edit, FixKind
from audits.model.score import Audit, AuditedFinding
from audits.model.source import SourceFile


class EditSet(Struct, frozen=True, kw_only=True):
    """One change, made whole or not at all, with every finding that it fixes.

    Each edit names the blob id of the text that it was made for. ``advice`` is what a person
    has to look at first where ``kind`` is REVIEW.
    """

    edits: tuple[Edit, ...]
    findings: tuple[AuditedFinding, ...]
    kind: FixKind
    advice: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that it changes."""
        return tuple(dict.fromkeys(edit.path for edit in self.edits))


class ChangedFile(Struct, frozen=True, kw_only=True):
    """A file before and after; ``before`` is None for one that is created."""

    path: str
    before: SourceFile | None
    text: str


class LeftReason(StrEnum):
    """Why a finding was not fixed; the words are those of ``fix``'s table and JSON."""

    BY_HAND = "by hand"
    REVIEW = "needs review"
    ACCEPTED = "accepted"
    LOCKED = "lock file"
    CONFLICT = "conflict"
    NOT_PROVED = "not proved"


class LeftFinding(Struct, frozen=True, kw_only=True):
    """A finding that was not fixed, and why in one sentence; ``url`` is where to go on."""

    finding: AuditedFinding
    reason: LeftReason
    why: str
    url: str = ""


class EditPlan(Struct, frozen=True, kw_only=True):
    """The result of an audit's edits, proved and not written anywhere.

    ``before`` and ``after`` are audits by the same rules and evidence. ``made`` are the sets in
    ``files``, in the order in which they were applied, and ``left`` the findings that stay.
    """

    before: Audit
    after: Audit
    files: tuple[ChangedFile, ...] = ()
    made: tuple[EditSet, ...] = ()
    left: tuple[LeftFinding, ...] = ()
    rounds: int = 0
