"""Sums over one scan, made once when it finishes, so that no trend reads history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, case, func, select

from audits.model.outcome import Area, Outcome, Severity
from audits.store import since, tables
from audits.store.intervals import holds
from audits.store.words import AREAS, OUTCOMES, SEVERITIES

_PASS, _FAIL = OUTCOMES[Outcome.PASS], OUTCOMES[Outcome.FAIL]
_UNKNOWN = OUTCOMES[Outcome.UNKNOWN]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTotal:
    """Repositories by the outcome of one check; ``points`` is what it costs them in all."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    places: int = 0
    points: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionTotal:
    """Unknown results that one permission would answer, in so many repositories."""

    unknown: int = 0
    repositories: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """One scan of an owner in numbers; keys are words of the CSV contract."""

    points: float | None = None
    strict_points: float | None = None
    coverage: float = 0.0
    repositories: int = 0
    publishing: int = 0
    areas: dict[str, float | None] = field(default_factory=dict)
    grades: dict[str, int] = field(default_factory=dict)
    ladders: dict[str, int] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    checks: dict[str, CheckTotal] = field(default_factory=dict)
    permissions: dict[str, PermissionTotal] = field(default_factory=dict)
    gaps: int = 0
    new: int = 0
    fixed: int = 0
    reopened: int = 0
    not_rechecked: int = 0


def totals_of(connection: Connection, owner_id: int, scan_id: int, before: int) -> Totals:
    """Add up what holds as of a scan; ``before`` is the owner's scan before it, 0 if none."""

    def valid(table: Table) -> ColumnElement[bool]:
        return and_(table.c.owner_id == owner_id, holds(table, scan_id))

    changes = since.counts(connection, owner_id, before, scan_id)
    package = tables.package
    ladders = select(package.c.state, func.count()).where(valid(package)).group_by(package.c.state)
    gaps = select(func.count()).select_from(tables.gap).where(valid(tables.gap))
    return Totals(
        **_scores(connection, valid(tables.score)),
        ladders=pairs(connection, ladders),
        checks=_checks(connection, valid(tables.result), valid(tables.deduction)),
        permissions=_permissions(connection, valid(tables.result)),
        gaps=int(connection.scalar(gaps) or 0), new=changes.new, fixed=changes.fixed,
        reopened=changes.reopened, not_rechecked=changes.not_rechecked,
    )  # fmt: skip


def _scores(connection: Connection, valid: ColumnElement[bool]) -> dict[str, Any]:
    score = tables.score
    publishing = func.sum(case((score.c.publications > 0, 1), else_=0))
    # Coverage says how well publishing repositories are known; the others need no evidence.
    row = connection.execute(
        select(
            func.count(), func.avg(score.c.points), func.avg(score.c.strict_points), publishing,
            func.avg(score.c.coverage).filter(score.c.points.is_not(None)),
            func.sum(score.c.accepted),
            *(func.avg(score.c[f"{area}_points"]) for area in AREAS),
            *(func.sum(score.c[f"open_{word}"]) for word in SEVERITIES),
        ).where(valid)
    ).one()  # fmt: skip
    grades = select(score.c.grade, func.count()).where(valid).group_by(score.c.grade)
    means, sums = row[6 : 6 + len(AREAS)], row[6 + len(AREAS) :]
    return {
        "repositories": row[0], "points": _mean(row[1]), "strict_points": _mean(row[2]),
        "publishing": int(row[3] or 0), "coverage": _mean(row[4]) or 0.0,
        "accepted": int(row[5] or 0),
        "areas": {a.value: _mean(mean) for a, mean in zip(Area, means, strict=True)},
        "open": {s.label: int(n or 0) for s, n in zip(Severity, sums, strict=True)},
        "grades": pairs(connection, grades),
    }  # fmt: skip


def pairs(connection: Connection, statement: Select[Any]) -> dict[Any, Any]:
    """A statement of two columns, the second by the first."""
    return {row[0]: row[1] for row in connection.execute(statement)}


def _mean(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)


def _checks(
    connection: Connection, results: ColumnElement[bool], deductions: ColumnElement[bool]
) -> dict[str, CheckTotal]:
    result, deduction, rule = tables.result, tables.deduction, tables.rule
    counted = select(
        result.c.rule_id, result.c.outcome, func.count(), func.sum(result.c.failing)
    ).where(results)
    rows = connection.execute(counted.group_by(result.c.rule_id, result.c.outcome)).all()
    summed = select(deduction.c.rule_id, func.sum(deduction.c.points)).where(deductions)
    points = pairs(connection, summed.group_by(deduction.c.rule_id))
    names = pairs(connection, select(rule.c.id, rule.c.name))
    found = {}
    for number in sorted({row[0] for row in rows}, key=lambda n: names[n]):
        by = {row[1]: row[2] for row in rows if row[0] == number}
        found[names[number]] = CheckTotal(
            passed=by.get(_PASS, 0), failed=by.get(_FAIL, 0), unknown=by.get(_UNKNOWN, 0),
            places=int(sum(row[3] or 0 for row in rows if row[0] == number)),
            points=round(float(points.get(number, 0.0)), 3),
        )  # fmt: skip
    return found


def _permissions(
    connection: Connection, results: ColumnElement[bool]
) -> dict[str, PermissionTotal]:
    result, unseen = tables.result, tables.unseen
    statement = (
        select(unseen.c.permission, func.count(), func.count(func.distinct(result.c.repository_id)))
        .select_from(result.join(unseen, unseen.c.id == result.c.unseen_id))
        .where(results, result.c.outcome == _UNKNOWN, unseen.c.permission != "")
        .group_by(unseen.c.permission)
    )
    return {
        permission: PermissionTotal(unknown=count, repositories=repositories)
        for permission, count, repositories in connection.execute(statement)
    }
