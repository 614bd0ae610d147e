"""Sums over one scan, made once when it finishes, so that no trend reads history."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Connection, Select, Table, and_, bindparam, case, func, select

from audits.model.outcome import Area, Outcome, Severity
from audits.store import since, tables
from audits.store.intervals import holds
from audits.store.words import AREAS, OUTCOMES, SEVERITIES

_PASS, _FAIL = OUTCOMES[Outcome.PASS], OUTCOMES[Outcome.FAIL]
_UNKNOWN = OUTCOMES[Outcome.UNKNOWN]


class CheckTotal(Struct, frozen=True, kw_only=True):
    """Repositories by the outcome of one check; ``points`` is what it costs them in all."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    places: int = 0
    points: float = 0.0


class PermissionTotal(Struct, frozen=True, kw_only=True):
    """Unknown results that one permission would answer, in so many repositories."""

    unknown: int = 0
    repositories: int = 0


class Totals(Struct, frozen=True, kw_only=True):
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
    at = {"owner": owner_id, "scan": scan_id}
    changes = since.counts(connection, owner_id, before, scan_id)
    return Totals(
        **_scores(connection, at), ladders=_pairs(connection, _ladders(), at),
        checks=_checks(connection, at), permissions=_permissions(connection, at),
        gaps=int(connection.scalar(_gaps(), at) or 0), new=changes.new, fixed=changes.fixed,
        reopened=changes.reopened, not_rechecked=changes.not_rechecked,
    )  # fmt: skip


def _valid(table: Table) -> ColumnElement[bool]:
    scan: ColumnElement[int] = bindparam("scan")
    return and_(table.c.owner_id == bindparam("owner"), holds(table, scan))


# Statements are built once, as a scan of a folder may finish the scans of many owners.
@cache
def _ladders() -> Select[Any]:
    package = tables.package
    return select(package.c.state, func.count()).where(_valid(package)).group_by(package.c.state)


@cache
def _gaps() -> Select[Any]:
    return select(func.count()).select_from(tables.gap).where(_valid(tables.gap))


@cache
def _sums() -> Select[Any]:
    score = tables.score
    publishing = func.sum(case((score.c.publications > 0, 1), else_=0))
    # Coverage says how well publishing repositories are known; the others need no evidence.
    return select(
        func.count(), func.avg(score.c.points), func.avg(score.c.strict_points), publishing,
        func.avg(score.c.coverage).filter(score.c.points.is_not(None)),
        func.sum(score.c.accepted),
        *(func.avg(score.c[f"{area}_points"]) for area in AREAS),
        *(func.sum(score.c[f"open_{word}"]) for word in SEVERITIES),
    ).where(_valid(score))  # fmt: skip


@cache
def _grades() -> Select[Any]:
    score = tables.score
    return select(score.c.grade, func.count()).where(_valid(score)).group_by(score.c.grade)


def _scores(connection: Connection, at: Mapping[str, int]) -> dict[str, Any]:
    row = connection.execute(_sums(), at).one()
    means, sums = row[6 : 6 + len(AREAS)], row[6 + len(AREAS) :]
    return {
        "repositories": row[0], "points": _mean(row[1]), "strict_points": _mean(row[2]),
        "publishing": int(row[3] or 0), "coverage": _mean(row[4]) or 0.0,
        "accepted": int(row[5] or 0),
        "areas": {a.value: _mean(mean) for a, mean in zip(Area, means, strict=True)},
        "open": {s.label: int(n or 0) for s, n in zip(Severity, sums, strict=True)},
        "grades": _pairs(connection, _grades(), at),
    }  # fmt: skip


def _pairs(connection: Connection, statement: Select[Any], at: Mapping[str, int]) -> dict[Any, Any]:
    """A statement of two columns, the second by the first."""
    return {row[0]: row[1] for row in connection.execute(statement, at)}


def _mean(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)


@cache
def _outcomes() -> Select[Any]:
    result = tables.result
    counted = select(result.c.rule_id, result.c.outcome, func.count(), func.sum(result.c.failing))
    return counted.where(_valid(result)).group_by(result.c.rule_id, result.c.outcome)


@cache
def _costs() -> Select[Any]:
    deduction = tables.deduction
    summed = select(deduction.c.rule_id, func.sum(deduction.c.points))
    return summed.where(_valid(deduction)).group_by(deduction.c.rule_id)


@cache
def _names() -> Select[Any]:
    return select(tables.rule.c.id, tables.rule.c.name)


def _checks(connection: Connection, at: Mapping[str, int]) -> dict[str, CheckTotal]:
    counts: dict[int, dict[int, int]] = {}
    places: dict[int, int] = {}
    for rule, outcome, count, failing in connection.execute(_outcomes(), at):
        counts.setdefault(rule, {})[outcome] = count
        places[rule] = places.get(rule, 0) + int(failing or 0)
    points = _pairs(connection, _costs(), at)
    names = _pairs(connection, _names(), {})
    return {
        names[rule]: CheckTotal(
            passed=by.get(_PASS, 0), failed=by.get(_FAIL, 0), unknown=by.get(_UNKNOWN, 0),
            places=places[rule], points=round(float(points.get(rule, 0.0)), 3),
        )
        for rule, by in sorted(counts.items(), key=lambda pair: str(names[pair[0]]))
    }  # fmt: skip


@cache
def _lacking() -> Select[Any]:
    result, unseen = tables.result, tables.unseen
    counted = select(
        unseen.c.permission, func.count(), func.count(func.distinct(result.c.repository_id))
    ).select_from(result.join(unseen, unseen.c.id == result.c.unseen_id))  # fmt: skip
    lacks = (result.c.outcome == _UNKNOWN) & (unseen.c.permission != "")
    return counted.where(_valid(result), lacks).group_by(unseen.c.permission)


def _permissions(connection: Connection, at: Mapping[str, int]) -> dict[str, PermissionTotal]:
    return {
        permission: PermissionTotal(unknown=count, repositories=repositories)
        for permission, count, repositories in connection.execute(_lacking(), at)
    }
