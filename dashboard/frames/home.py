"""Content of Home: headline, what got worse, what to do next, and how owners and groups stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd
from msgspec import Struct

from audits.checks import all_checks
from audits.model.outcome import Area, Outcome, Severity
from audits.model.query import CheckCount, FindingCounts, OwnerFact
from audits.model.rows import (
    DeductionRow,
    RepositoryPoints,
    RepositoryRow,
    ScoreChange,
    TrendRow,
)
from audits.model.score import Deduction, Grade
from audits.model.wording import and_list
from audits.report.groups import mean_points
from audits.report.phrases import count
from audits.scoring.score import AREA_WEIGHTS, ScoreInput, grade_of
from dashboard.frames.cells import frame_of, prose, visible
from dashboard.frames.findings import title_of
from dashboard.theme import AREAS, percent, plain, signed

_SEVERITIES = {severity.label: severity for severity in Severity}


class Headline(Struct, frozen=True, kw_only=True):
    """Where a scope stands, how many publish, what moved in the period, and how much was seen:
    a sentence each.
    """

    standing: str
    publish: str
    moved: str
    seen: str


def headline(
    rows: Sequence[TrendRow],
    since: str,
    moved: FindingCounts | None = None,
    *,
    several: bool = False,
) -> Headline:
    """The last of these rows against the first, which is what held when the period began.
    ``moved`` counts the findings that came and went in between, None where nothing is known from
    before. ``several``: of several owners, as the verb has to agree.
    """
    now = rows[-1]
    has, stands = ("have", "stand") if several else ("has", "stands")
    grade = f"{has} no grade" if now.points is None else f"{stands} at {grade_of(now.points).value}"
    points = "" if now.points is None else f" with {now.points:.0f} of 100 points"
    rose = rise(rows)
    words = "unchanged" if not rose else f"{'up' if rose > 0 else 'down'} {abs(rose):g}"
    change = "" if rose is None else f", {words} since {since}"
    publish = count(now.publishing, "repository publishes", "repositories publish")
    seen = f"{percent(now.coverage)} of what applies could be seen (evidence tier {now.tier})"
    seen += "." if now.coverage >= 1 else "; the rest is unknown, not safe."
    return Headline(
        standing=f"{grade}{points}{change}.",
        publish=f"{publish} packages, of {now.repositories:,} scanned.",
        moved="" if moved is None else f"Since {since}: {moved_words(moved)}.{_causes(rows)}",
        seen=seen,
    )


def on_tokens(row: TrendRow) -> int:
    """Packages that a stored token or password uploads, alone or beside a trusted path."""
    return row.ladders.get("token", 0) + row.ladders.get("mixed", 0)


def open_to_anyone(row: TrendRow) -> int:
    """Packages that any account can get released."""
    return row.levels.get("anyone", 0)


def rise(rows: Sequence[TrendRow]) -> float | None:
    """By how many points the mean rose in the period; None where that is not known."""
    now, before = rows[-1].points, rows[0].points
    return None if len(rows) < 2 or now is None or before is None else round(now - before, 1)


def moved_words(counts: FindingCounts) -> str:
    """What became of findings between two scans: those that came, that were fixed, that came back
    and that were not looked at.
    """
    words = [count(counts.new, "new finding"), f"{counts.fixed:,} fixed"]
    words += [f"{counts.reopened:,} back"] if counts.reopened else []
    words += [f"{counts.not_rechecked:,} not re-checked"] if counts.not_rechecked else []
    return ", ".join(words)


def _causes(rows: Sequence[TrendRow]) -> str:
    """What else than the repositories may be the cause of what moved."""
    words = dict.fromkeys(_OTHER_CAUSES.get(w, w) for row in rows[1:] for w in row.changed)
    if not words:
        return ""
    listed = and_list(words)
    return f" {listed[0].upper()}{listed[1:]} changed too, so compare with care."


_OTHER_CAUSES = {
    "policy": "the rules of this program",
    "platform": "a rule of GitHub or of a registry",
    "token": "the token's rights",
}
"""What changed between two scans besides the repositories, by the word of `TrendRow.changed`."""


def graded(change: ScoreChange) -> str:
    """The score before and after, as ``A 96 → C 74``."""
    pairs = ((change.grade_before, change.before), (change.grade_after, change.after))
    return " → ".join(
        f"{grade or '-'}{'' if value is None else f' {value:.0f}'}" for grade, value in pairs
    )


def why_fell(change: ScoreChange) -> str:
    """The checks that took the points, as sentences."""
    found = [title_of(check) for check in change.checks[:2]]
    more = f"; and {len(change.checks) - 2} more" if len(change.checks) > 2 else ""
    words = "; ".join(found) + more
    return words or ("it cannot be read any more" if change.after is None else "see its history")


class NextStep(Struct, frozen=True, kw_only=True):
    """What to do about one repository, what it gains, and who owns its release."""

    owner: str
    repository: str
    what: str
    gain: float
    leads_to: str
    check: str = ""
    ask: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is to be done, as a sentence begins."""
        return title_of(self.check) if self.check else self.what


_MOST_UNREAD = 2
"""The most steps about repositories that could not be read, where others can be fixed."""


def next_steps(rows: Iterable[RepositoryRow], limit: int) -> list[NextStep]:
    """The first step to a better score of each repository, those that could not be read first,
    then those that gain most. The unread ones leave room for fixes.
    """
    found = [step for row in rows if (step := _next_step(row)) is not None]
    found.sort(key=lambda step: (-step.gain, step.owner, step.repository))
    unread = [step for step in found if not step.check]
    fixes = [step for step in found if step.check]
    room = max(_MOST_UNREAD, limit - len(fixes))
    return [*unread[:room], *fixes][:limit]


def nothing_to_do(rows: Sequence[RepositoryRow]) -> str:
    """Why there is no next step for these repositories: a step leads to an A, so that one with
    an A has none, nor has one whose score only unknown outcomes hold down.
    """
    points = [row.points for row in rows if row.points is not None]
    if not points:
        return "No repository here has a grade, so there is no step to take."
    if grade_of(min(points)) != Grade.A:
        return "Not every repository has an A, and no check is known whose fix raises a score."
    if min(points) < 100:
        return f"{signed('pass')} · Every repository has an A; Findings has what is still open."
    return f"{signed('pass')} · Nothing is deducted anywhere: there is nothing to fix."


def _next_step(row: RepositoryRow) -> NextStep | None:
    if row.grade == Grade.UNKNOWN:
        words = count(row.unrecognized, "release-like job is", "release-like jobs are")
        return NextStep(
            owner=row.owner,
            repository=row.repository,
            what=f"{words} not understood" if row.unrecognized else attention(row),
            gain=100.0,
            leads_to="no grade until then",
            ask=row.ask,
        )
    if row.points is None or not row.steps:
        return None
    # Below a cap the first fixes may gain nothing by themselves.
    fixes = next((n for n, each in enumerate(row.steps, 1) if each.points > row.points), 1)
    step = row.steps[fixes - 1]
    gain = round(step.points - row.points, 1)
    way = f"{row.grade} {row.points:.0f} → {step.grade} {step.points:.0f}"
    return NextStep(
        owner=row.owner,
        repository=row.repository,
        what=row.steps[0].check,
        gain=gain,
        leads_to=way if fixes == 1 else f"{way} with {fixes} fixes",
        check=row.steps[0].check,
        ask=row.ask,
    )


_STORED = frozenset({"token", "mixed"})


class Sums(Struct, frozen=True, kw_only=True):
    """Means and sums over some repositories; ``unread`` have no grade, and ``tokens`` have a
    package that a stored token uploads.
    """

    repositories: int
    points: float | None
    grave: int
    unread: int
    tokens: int


class Standing(Struct, frozen=True, kw_only=True):
    """How an owner or a group stands, and stood; ``before`` is None where nothing is known."""

    name: str
    key: str
    now: Sums
    before: Sums | None


def standing(
    name: str,
    key: str,
    rows: Sequence[RepositoryPoints],
    earlier: Sequence[RepositoryPoints],
) -> Standing:
    """The standing of these repositories, and what it was."""
    return Standing(name=name, key=key, now=_sums(rows), before=_sums(earlier) if earlier else None)


def _sums(rows: Sequence[RepositoryPoints]) -> Sums:
    return Sums(
        repositories=len(rows),
        points=mean_points(rows),
        grave=sum(row.grave for row in rows),
        unread=sum(row.grade == Grade.UNKNOWN for row in rows),
        tokens=sum(not _STORED.isdisjoint(row.ladders) for row in rows),
    )


def standings(rows: Sequence[Standing], what: str) -> pd.DataFrame:
    """One row per owner or group, the fewest points first, each number with its change."""
    order = sorted(rows, key=lambda r: (r.now.points is None, r.now.points or 0.0, r.name))
    frame = frame_of(
        (
            {
                what: visible(row.name),
                "grade": _from_to(row, lambda sums: grade_of(sums.points).value),
                "points": row.now.points,
                "change": _gain(row),
                "critical and high": _from_to(row, lambda sums: f"{sums.grave:,}"),
                "repositories": row.now.repositories,
                "without grade": _from_to(row, lambda sums: f"{sums.unread:,}"),
                "with tokens": _from_to(row, lambda sums: f"{sums.tokens:,}"),
                "key": row.key,
            }
            for row in order
        ),
        (
            what,
            "grade",
            "points",
            "change",
            "critical and high",
            "repositories",
            "without grade",
            "with tokens",
            "key",
        ),
    )
    return frame.astype({"points": float, "change": float})


def _gain(row: Standing) -> float | None:
    if row.before is None or row.now.points is None or row.before.points is None:
        return None
    return round(row.now.points - row.before.points, 1)


def _from_to(row: Standing, words: Callable[[Sums], str]) -> str:
    now = words(row.now)
    then = now if row.before is None else words(row.before)
    return now if then == now else f"{then} → {now}"


class Improvement(Struct, frozen=True, kw_only=True):
    """A check, and the points by which the mean rises if it is fixed everywhere."""

    check: str
    area: str
    severity: str
    repositories: int
    gain: float


def improvements(
    deductions: Sequence[DeductionRow], rows: Sequence[RepositoryRow], limit: int = 5
) -> tuple[Improvement, ...]:
    """The checks whose fixing everywhere would raise the owner's mean the most.

    Each repository is scored again without the check, caps included, as far as its worst
    publications tell: the store keeps no deductions of the others.
    """
    scored = {(row.owner, row.repository): row for row in rows if row.points is not None}
    lost: dict[tuple[str, str], list[DeductionRow]] = {}
    for row in deductions:
        if (row.owner, row.repository) in scored:
            lost.setdefault((row.owner, row.repository), []).append(row)
    gains: dict[str, list[float]] = {}
    about: dict[str, DeductionRow] = {}
    for repository, group in lost.items():
        sheet = sheet_of(scored[repository].areas, group)
        now = sheet.score()[0] or 0.0
        for check in {row.check for row in group}:
            fixed = sheet.score(frozenset({check}))[0] or 0.0
            gains.setdefault(check, []).append(fixed - now)
        about |= {row.check: row for row in group}
    order = sorted(gains, key=lambda check: (-sum(gains[check]), check))
    return tuple(
        Improvement(
            check=check,
            area=about[check].area,
            severity=about[check].severity,
            repositories=len(gains[check]),
            gain=sum(gains[check]) / len(scored),
        )
        for check in order[:limit]
        if sum(gains[check]) / len(scored) >= 0.05
    )


def estimated(counts: Sequence[CheckCount], scored: int, limit: int = 5) -> tuple[Improvement, ...]:
    """The same from a scan's sums, for owners with too many repositories to score again.

    Floors, caps and areas that do not apply are left out, so that gains are rough.
    """
    found = [
        Improvement(
            check=row.check,
            area=row.area,
            severity=row.severity,
            repositories=row.failed,
            gain=row.points * AREA_WEIGHTS[Area(row.area)] / sum(AREA_WEIGHTS.values()) / scored,
        )
        for row in counts
        if scored and row.points and row.area in AREAS
    ]
    found.sort(key=lambda row: (-row.gain, row.check))
    return tuple(row for row in found[:limit] if row.gain >= 0.05)


def improvement_table(rows: Sequence[Improvement]) -> pd.DataFrame:
    """One row per change."""
    return frame_of(
        (
            {
                "check": row.check,
                "severity": signed(row.severity),
                "area": plain(row.area),
                "repositories": row.repositories,
                "mean gain": round(row.gain, 1),
            }
            for row in rows
        ),
        ("check", "severity", "area", "repositories", "mean gain"),
    )


def unread_settings(rows: Sequence[OwnerFact], *, several: bool) -> list[str]:
    """Which settings are not known and why, a sentence for each reason; with ``several`` owners it
    counts those concerned.
    """
    found: dict[tuple[str, str], list[OwnerFact]] = {}
    for row in rows:
        if row.outcome == Outcome.UNKNOWN:
            found.setdefault((row.message or row.reason, row.permission), []).append(row)
    sentences = []
    for (why, permission), facts in found.items():
        whose = count(len({row.owner for row in facts}), "owner")
        of = f" for {whose}" if several else ""
        checks = ", ".join(sorted({row.check for row in facts}))
        needs = f". It takes the permission {permission}" if permission else ""
        because = prose(why).removesuffix(".")
        sentences.append(f"Not known{of}: {checks}, as {because}{visible(needs)}.")
    return sentences


def owner_table(rows: Sequence[OwnerFact]) -> pd.DataFrame:
    """One row per known setting of the owner, those at fault first."""
    known = [row for row in rows if row.outcome != Outcome.UNKNOWN]
    known.sort(key=lambda row: row.outcome != Outcome.FAIL)
    return frame_of(
        (
            {
                "owner": visible(row.owner),
                "outcome": signed(row.outcome),
                "check": row.check,
                "severity": signed(row.severity),
                "repositories": row.repositories,
                "what": prose(
                    ". ".join(filter(None, (row.message or row.reason, row.consequence)))
                ),
            }
            for row in known
        ),
        ("owner", "outcome", "check", "severity", "repositories", "what"),
    )


def sheet_of(areas: Mapping[str, float | None], deductions: Sequence[DeductionRow]) -> ScoreInput:
    """What a repository's points are computed from: its areas that have points, and what each
    of them lost.
    """
    lost = (
        Deduction(
            check=row.check,
            area=Area(row.area),
            points=row.points,
            severity=_SEVERITIES[row.severity],
            publication=row.publication,
        )
        for row in deductions
    )
    apply = [Area(area) for area in AREAS if areas.get(area) is not None]
    return ScoreInput.of_deductions(apply, lost, {check.id: check for check in all_checks()})


def attention(row: RepositoryRow) -> str:
    """Why a repository is among the worst, in a few words."""
    if row.grade == "?":
        return count(row.gaps, "part was not read", "parts were not read")
    open_words = [
        f"{row.open[word]} {word}" for word in ("critical", "high", "medium") if row.open.get(word)
    ]
    return prose(row.cap) or (", ".join(open_words) + " open" if open_words else "nothing open")
