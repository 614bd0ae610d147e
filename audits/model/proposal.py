"""A pull request that could be opened, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct

from audits.model.edit_plan import ChangedFile
from audits.model.source import RepositoryRef

BRANCHES = "release-audit"
"""The folder of all branches that are made here."""

SAFE = "safe"
"""The name of the one request for edits that change no run; others bear their check's id."""


def change_digest(head: str, files: Iterable[ChangedFile]) -> str:
    """What names a change: the same texts on the same commit have the same digest."""
    parts = [head, *(f"{file.path}\0{file.text}" for file in files)]
    return sha256("\0".join(parts).encode()).hexdigest()[:32]


def change_trailer(digest: str) -> str:
    """The line of a commit's message that names the change."""
    return f"Release-Audit-Change: {digest}"


_SHORT = 12


def short_names(fingerprints: Iterable[str]) -> frozenset[str]:
    """Findings as a request names them: short, so that thousands fit into its text."""
    return frozenset(fingerprint[:_SHORT] for fingerprint in fingerprints)


def hidden_mark(topic: str, fingerprints: Iterable[str]) -> str:
    """The line of a request's text by which a later run knows what was proposed."""
    return f"<!-- release-audit {topic}: {' '.join(sorted(short_names(fingerprints)))} -->"


class Proposal(Struct, frozen=True, kw_only=True):
    """One pull request: what it changes, on which commit, and what it says.

    ``base`` is the default branch and ``head`` its commit that was audited. ``topic`` is `SAFE`
    or the id of a check, and ``draft`` marks what a person has to settle first. ``fingerprints``
    are those of the findings that it closes.
    """

    ref: RepositoryRef
    topic: str
    base: str
    head: str
    files: tuple[ChangedFile, ...]
    title: str
    message: str
    body: str
    draft: bool
    fingerprints: tuple[str, ...]

    @property
    def branch(self) -> str:
        """The branch that it comes from."""
        return f"{BRANCHES}/{self.topic}"

    @property
    def digest(self) -> str:
        """What names its change."""
        return change_digest(self.head, self.files)


class ProposalState(StrEnum):
    """What became of a proposal."""

    OPENED = "opened"
    UPDATED = "updated"
    OPEN = "open already"
    DECLINED = "declined before"
    MOVED = "moved meanwhile"
    THEIRS = "branch is taken"
    REFUSED = "refused"
    UNCERTAIN = "not answered"
    WAITING = "not begun"
    CRASHED = "failed"

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to do for it here."""
        return self in {
            ProposalState.OPENED,
            ProposalState.UPDATED,
            ProposalState.OPEN,
            ProposalState.DECLINED,
        }


class ProposalResult(Struct, frozen=True, kw_only=True):
    """What became of one proposal; ``url`` is the pull request's page, ``detail`` a sentence
    with a piece of advice.
    """

    proposal: Proposal
    state: ProposalState
    url: str = ""
    detail: str = ""
