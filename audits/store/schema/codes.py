"""Maps words to the numbers and joined lists that database columns hold."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from audits.model.outcome import AcceptanceKind, Outcome, Severity

AREAS = ("pinning", "permissions", "environment", "trusted_publisher", "integrity")
SEVERITIES = ("info", "low", "medium", "high", "critical")
"""Areas and severities as columns are named."""

OUTCOMES = {
    Outcome.PASS: 0,
    Outcome.FAIL: 1,
    Outcome.UNKNOWN: 2,
    Outcome.NOT_APPLICABLE: 3,
}
OUTCOME_WORDS = {number: outcome.value for outcome, number in OUTCOMES.items()}

ACCEPTANCES: dict[AcceptanceKind | None, int] = {
    None: 0,
    AcceptanceKind.WAIVER: 1,
    AcceptanceKind.LOCAL: 2,
}
ACCEPTANCE_WORDS = {n: kind.value if kind else "" for kind, n in ACCEPTANCES.items()}

SEEN, NOT_RECHECKED = 0, 1
OPEN_WORD, NOT_RECHECKED_WORD, FIXED_WORD = "open", "not-re-checked", "fixed"
STATE_WORDS = {SEEN: OPEN_WORD, NOT_RECHECKED: NOT_RECHECKED_WORD}

CHANGED, FIXED, GONE, REMOVED, ARCHIVED, BY_RULES = 1, 2, 3, 4, 5, 6
"""Why a finding's row was closed: another row follows, its fault was repaired, its repository is
gone, its file was removed, its repository was archived, or only the rules changed."""

FIX_WORDS = {FIXED: "repair", REMOVED: "removal", ARCHIVED: "archive", BY_RULES: "rules"}
"""How findings were fixed, by the number that closed them."""
FIXES = tuple(FIX_WORDS)

SEVERITY_WORDS = {int(severity): severity.label for severity in Severity}
SEVERITY_NUMBERS = {word: number for number, word in SEVERITY_WORDS.items()}


def barred(words: Iterable[str]) -> str:
    """Words between bars, so that ``LIKE '%|word|%'`` finds one of them."""
    joined = "|".join(word.replace("|", "") for word in words)
    return f"|{joined}|" if joined else ""


@lru_cache(maxsize=4096)
def unbarred(cell: str) -> tuple[str, ...]:
    """The words that `barred` joined."""
    return tuple(cell.strip("|").split("|")) if cell else ()


def yes_no(value: bool | None) -> str:
    """``yes``, ``no``, or "" for what is not known."""
    return "" if value is None else "yes" if value else "no"


def title_of(check: str) -> str:
    """A title for a check that has none: its id in words."""
    words = check.rpartition("/")[2].replace("-", " ").strip()
    return words[:1].upper() + words[1:] if words else check
