"""Converts results, findings and gaps to rows, of repositories and of owners.

The process that records imports this, and nothing that audits: rows of what only an audit knows
are in `rows`.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import asdict

from audits.model.score import AuditedFinding, Result
from audits.model.settings import Unseen
from audits.model.source import Gap
from audits.store.schema.codes import ACCEPTANCES, OUTCOMES

Row = dict[str, Any]


def is_accepted(found: AuditedFinding) -> bool:
    """Whether an acceptance of the finding counts."""
    return found.acceptance is not None and found.acceptance.counts


def rounded(value: float | None) -> float | None:
    """Points as they are stored, rounded: the order of a sum must not change them."""
    return None if value is None else round(value, 6)


def result_row(result: Result, *, on_owner: bool) -> Row:
    """The outcome of a check."""
    unseen = first_unseen(result)
    return {
        "rule_id": result.check,
        "outcome": OUTCOMES[result.outcome],
        "severity": int(result.severity),
        "weight": rounded(result.weight),
        "places": result.places,
        "failing": result.failing,
        "unseen_id": reason_of(unseen) if unseen else None,
        "on_owner": on_owner,
        "crash": result.crash,
    }


def reason_of(fact: Unseen) -> tuple[str, str, str]:
    """The key of a reason why something was not seen."""
    return (fact.need.value, fact.reason, fact.permission)


def first_unseen(result: Result) -> Unseen | None:
    """Why a result is unknown; a reason that a permission would remove comes first."""
    return min(result.unseen, key=lambda u: not u.permission, default=None)


def finding_row(found: AuditedFinding, *, ordinal: int, on_owner: bool) -> Row:
    """A finding's key and what lists filter by; the texts are in `Details`."""
    kind = found.acceptance.kind if found.acceptance else None
    return {
        "rule_id": found.check,
        "fingerprint": found.fingerprint,
        "ordinal": ordinal,
        "severity": int(found.severity),
        "state": 0,
        "acceptance": ACCEPTANCES[kind],
        "accepted": is_accepted(found),
        "in_release": found.in_release,
        "path": found.finding.at.path,
        "on_owner": on_owner,
    }


def gap_row(gap: Gap) -> Row:
    """One gap."""
    return asdict(gap) | {"reason": gap.reason.value}
