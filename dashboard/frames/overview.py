"""Content of the Overview: headline, changes, and what to do first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from msgspec import Struct

from audits.checks import all_checks
from audits.model.outcome import Area, Severity
from audits.model.query import CheckCount, OwnerFact
from audits.model.rows import DeductionRow, RepositoryRow, ScoreChange, TrendRow
from audits.model.score import Deduction
from audits.report.phrases import count
from audits.scoring.score import AREA_WEIGHTS, ScoreInput, grade_of
from dashboard.frames.cells import frame_of, prose
from dashboard.theme import AREAS, percent, plain, signed

_SEVERITIES = {severity.label: severity for severity in Severity}


class Headline(Struct, frozen=True, kw_only=True):
    """Where an owner stands, in one grade and one sentence."""

    grade: str
    points: float | None
    delta: float | None
    sentence: str


def headline(rows: Sequence[TrendRow]) -> Headline:
    """The newest of these scans against the one before it."""
    now, before = rows[-1], rows[-2] if len(rows) > 1 else None
    delta = None
    if before is not None and now.points is not None and before.points is not None:
        delta = round(now.points - before.points, 1)
    parts = [
        f"{count(now.publishing, 'repository publishes', 'repositories publish')} packages, "
        f"of {now.repositories:,} scanned.",
        f"{percent(now.coverage)} of what applies could be seen (evidence tier {now.tier})",
    ]
    parts[-1] += "." if now.coverage >= 1 else "; the rest is unknown, not safe."
    if before is not None:
        parts.append(_news(now))
    return Headline(
        grade=grade_of(now.points).value, points=now.points, delta=delta, sentence=" ".join(parts)
    )


def _news(now: TrendRow) -> str:
    new = count(now.new, "new finding")
    fixed = f"{now.fixed:,} fixed"
    cause = "; the policy or the token's rights changed too, so compare with care"
    return f"Since the last scan: {new}, {fixed}{cause if now.changed else ''}."


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
    scored = {row.repository: row for row in rows if row.points is not None}
    lost: dict[str, list[DeductionRow]] = {}
    for row in deductions:
        if row.repository in scored:
            lost.setdefault(row.repository, []).append(row)
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
    """One change a line."""
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


def owner_table(rows: Sequence[OwnerFact]) -> pd.DataFrame:
    """One setting of the owner a line."""
    return frame_of(
        (
            {
                "outcome": signed(row.outcome),
                "check": row.check,
                "severity": signed(row.severity),
                "repositories": row.repositories,
                "what": prose(row.message or row.reason),
                "permission": row.permission,
            }
            for row in rows
        ),
        ("outcome", "check", "severity", "repositories", "what", "permission"),
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


def movers(rows: Sequence[ScoreChange], limit: int = 8) -> list[ScoreChange]:
    """The largest changes of points, either way."""
    moved = [r for r in rows if r.before is not None and r.after is not None]
    moved.sort(key=lambda r: (-abs((r.after or 0.0) - (r.before or 0.0)), r.repository))
    return [row for row in moved[:limit] if row.after != row.before]


def worst(
    unread: Sequence[RepositoryRow],
    by_severity: Sequence[RepositoryRow],
    by_points: Sequence[RepositoryRow],
    limit: int,
) -> list[RepositoryRow]:
    """The repositories that need attention: unread ones, then those with an open critical
    finding (also one that is not scored), then those with the fewest points.
    """
    critical = [row for row in by_severity if row.open.get("critical")]
    names = {row.repository: row for row in (*unread, *critical, *by_points)}
    return list(names.values())[:limit]


def attention(row: RepositoryRow) -> str:
    """Why a repository is among the worst, in a few words."""
    if row.grade == "?":
        return count(row.gaps, "part was not read", "parts were not read")
    open_words = [
        f"{row.open[word]} {word}" for word in ("critical", "high", "medium") if row.open.get(word)
    ]
    return prose(row.cap) or (", ".join(open_words) + " open" if open_words else "nothing open")
