"""Phrases for scores and states, shared by all outputs."""

from __future__ import annotations

from audits.model.outcome import Area, Outcome
from audits.model.score import Audit, Result, Score, StepState

AREA_TITLES = {
    Area.PINNING: "Pinning",
    Area.PERMISSIONS: "Permissions",
    Area.ENVIRONMENT: "Environment",
    Area.TRUSTED_PUBLISHER: "Trusted publisher",
    Area.INTEGRITY: "Integrity",
}
STEP_MARKS = {StepState.DONE: "✓", StepState.NOT_DONE: "✗", StepState.NOT_SEEN: "?"}


def headline(score: Score) -> str:
    """A grade with what it rests on; a grade never stands alone."""
    if score.coverage is None:
        return f"{score.grade} · nothing is published"
    known = f"{score.coverage:.0%} known at tier {score.tier}"
    if score.points is None:
        return f"{score.grade} · not everything could be read · {known}"
    text = f"{score.grade} · {score.points:g} of 100 · {known}"
    return f"{text} · {score.cap}" if score.cap else text


NO_LINKS = "There are no links to the repository: it has no remote named origin."
"""Said once where the owner is not known."""


def missing(audit: Audit) -> tuple[str, ...]:
    """What would turn unknown checks into answers, the most useful first."""
    counts: dict[str, int] = {}
    for result in audit.results:
        if result.outcome is Outcome.UNKNOWN:
            for why in _whys(result):
                counts[why] = counts.get(why, 0) + 1
    return tuple(
        f"{why} ({count(number, 'check')})"
        for why, number in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )


def _whys(result: Result) -> tuple[str, ...]:
    whys = [f"grant {u.permission}" if u.permission else u.reason for u in result.unseen]
    return tuple(dict.fromkeys(whys)) or (result.crash,)


def count(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun: ``1 finding``, ``2,040 findings``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
