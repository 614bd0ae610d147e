"""A package's status with the sentence that gives the reason."""

from __future__ import annotations

from msgspec import Struct

from audits.model.evidence import PackageEvidence
from audits.model.score import Ladder


class StatusVerdict(Struct, frozen=True, kw_only=True):
    """A state of the ladder with half a sentence that says why. ``next`` is what the next
    release by a trusted publisher takes, another half.
    """

    state: Ladder
    why: str
    missing: str = ""
    next: str = ""

    @classmethod
    def of(cls, state: Ladder, why: str, missing: str = "") -> StatusVerdict:
        """A verdict, written short."""
        return cls(state=state, why=why, missing=missing)


def latest_version(evidence: PackageEvidence) -> str:
    """The latest release for a sentence; a withdrawn one is the latest only where all are."""
    latest = evidence.latest
    if latest is None:
        return ""
    return f"{latest.version} (withdrawn, like all others)" if latest.yanked else latest.version


def sentence(*parts: str) -> str:
    """One sentence of these half sentences, which reasons that are sentences may end."""
    text = "; ".join(part.removesuffix(".") for part in parts if part).replace(".)", ")")
    return text[:1].upper() + text[1:] + "."
