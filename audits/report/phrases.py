"""Phrases for scores and states, shared by all outputs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import groupby
from typing import TypeVar

from audits.model.code_owners import OwnersAnswer
from audits.model.exposure import Exposure
from audits.model.outcome import Area, Outcome
from audits.model.publication import Channel, Publication
from audits.model.rows import RepositoryRow
from audits.model.score import Audit, Grade, Ladder, PackageStatus, Result, Score, StepState
from audits.model.wording import and_list

Word = TypeVar("Word", bound=str)

AREA_TITLES = {
    Area.PINNING: "Pinning",
    Area.PERMISSIONS: "Permissions",
    Area.ENVIRONMENT: "Environment",
    Area.TRUSTED_PUBLISHER: "Trusted publisher",
    Area.INTEGRITY: "Integrity",
}
RUNGS: dict[Ladder, str] = {
    Ladder.ATTESTED: "the latest release proves that this repository's workflow made it",
    Ladder.OIDC: "trusted publishing is configured, and the latest release does not prove it yet",
    Ladder.MIXED: "a trusted path and a stored token, side by side",
    Ladder.TOKEN: "a stored token or password uploads the package",
    Ladder.MISMATCH: "the latest release was attested for another repository",
    Ladder.MANUAL: "no workflow publishes it: someone uploads by hand",
    Ladder.UNKNOWN: "not known from what was seen",
    Ladder.NONE: "nothing publishes",
}
"""The trusted-publisher statuses in words, the same in every output, from proven to none. The
levels of who can publish have theirs in `audits.analysis.exposure.sentences`.
"""
STEP_MARKS = {
    StepState.DONE: "✓",
    StepState.NOT_DONE: "✗",
    StepState.NOT_SEEN: "?",
    StepState.NOT_APPLICABLE: "–",
}


def headline(score: Score, publications: Collection[Publication]) -> str:
    """A grade with what it rests on; a grade never stands alone.

    ``publications`` are all of the repository: those on a test index alone have no score.
    """
    if score.coverage is None:
        what = "published only to a test index" if publications else "nothing is published"
        return f"{score.grade} · {what}"
    known = f"{score.coverage:.0%} known at tier {score.tier}"
    if score.points is None:
        return f"{score.grade} · not everything could be read · {known}"
    of = "100" if score.grade is not Grade.UNKNOWN else "100 for what is known"
    text = f"{score.grade} · {score.points:g} of {of} · {known}"
    return f"{text} · {score.cap}" if score.cap else text


def steps_head(score: Score | RepositoryRow) -> str:
    """What stands before `steps_to_a`: without a grade the steps lead to more points only."""
    return "Steps, of what is known" if score.grade == Grade.UNKNOWN else "Steps to A"


def steps_to_a(score: Score | RepositoryRow, *, code: bool = False) -> str:
    """The way to the grade A, as "C 74 → B 84 with long-lived-token"; "" where there is none.

    Steps that end at the same score, as those below a cap do, stand together; so do those that
    gain nothing yet with the one that does. ``code`` puts the checks between back-ticks, for
    Markdown.
    """
    if score.points is None or not score.steps:
        return ""
    quoted = "`" if code else ""
    way = [f"{score.grade} {score.points:g}"]
    checks: list[str] = []
    for reached, steps in groupby(score.steps, lambda step: f"{step.grade} {step.points:g}"):
        checks += [f"{quoted}{step.check}{quoted}" for step in steps]
        if reached == way[0] and len(checks) < len(score.steps):
            continue
        way.append(f"{reached} with {and_list(checks)}")
        checks.clear()
    return " → ".join(way)


def glossary(words: Mapping[Word, str]) -> str:
    """Words with their meanings, for a column's description: ``token: a stored …; oidc: …``."""
    return "; ".join(f"{word}: {meaning}" for word, meaning in words.items())


def step_words(state: str, checks: Collection[str]) -> str:
    """How far a step of the lesson is, with the checks that fail."""
    if not checks:
        return state
    return f"{state}{', but for' if state == StepState.DONE else ':'} {', '.join(checks)}"


def not_counted(score: Score | RepositoryRow) -> str:
    """What is open and takes nothing from the score, as "1 critical, 3 high"; "" for nothing."""
    return ", ".join(f"{number} {word}" for word, number in score.not_counted.items())


def whom_to_ask(row: RepositoryRow, quoted: Callable[[str], str] = str) -> str:
    """Who owns the release workflows, or why nobody is named, as a sentence; "" where the
    repository was never read. ``quoted`` escapes a name for the output.
    """
    named = f"Ask {', '.join(map(quoted, row.ask))}, as CODEOWNERS says."
    return named if row.ask else _NOBODY.get(row.code_owners, "")


_NOBODY: dict[str, str] = {
    OwnersAnswer.UNOWNED: "CODEOWNERS names nobody for the release workflows.",
    OwnersAnswer.ABSENT: "Nobody is named to ask: there is no CODEOWNERS.",
    OwnersAnswer.NOT_READ: "Whom to ask is not known: CODEOWNERS was not read.",
    OwnersAnswer.UNREADABLE: "Whom to ask is not known: CODEOWNERS is not readable.",
}


def registry_words(exposure: Exposure) -> str:
    """The registry, with the instance where it is another than the production one."""
    if exposure.channel is Channel.PRODUCTION:
        return exposure.registry
    return f"{exposure.registry} ({exposure.channel})"


def same_status(statuses: Collection[PackageStatus]) -> list[list[PackageStatus]]:
    """The packages on the ladder, those of one state for one reason together."""
    groups: dict[tuple[str, str, str], list[PackageStatus]] = {}
    for status in statuses:
        groups.setdefault((status.state, status.registry, status.why), []).append(status)
    return list(groups.values())


NO_LINKS = "There are no links: a remote named origin would say which repository on GitHub this is."
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
