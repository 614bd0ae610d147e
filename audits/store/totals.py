"""Computes a scan's sums when it finishes, so that trends need not read its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, case, func, select

from audits.model.outcome import Area, Outcome, Severity
from audits.model.query import FindingCounts
from audits.store import difference
from audits.store.chunks import chunks
from audits.store.schema import tables
from audits.store.schema.codes import AREAS, OUTCOMES, SEVERITIES
from audits.store.schema.tables import OPEN

_PASS, _FAIL = OUTCOMES[Outcome.PASS], OUTCOMES[Outcome.FAIL]
_UNKNOWN = OUTCOMES[Outcome.UNKNOWN]

_MEANS = {
    "points": "points",
    "strict_points": "strict_points",
    "coverage": "coverage",
    **{area.value: f"{column}_points" for area, column in zip(Area, AREAS, strict=True)},
}
"""The columns of scores whose means are taken, by their names in `Totals.known`."""

_UNMOVED = FindingCounts()

Holds = Callable[[Table], ColumnElement[bool]]
"""Whether a row of an interval table counts."""

Sums = Mapping[str, Sequence[Sequence[Any]]]
"""One owner's rows of each statement, without the owner's column."""


class CheckTotal(Struct, frozen=True, kw_only=True):
    """Repositories by the outcome of one check; ``places`` are what it found fault with,
    ``points`` what it deducts from all of them together.
    """

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    places: int = 0
    points: float = 0.0


class PermissionTotal(Struct, frozen=True, kw_only=True):
    """How many unknown results one permission would answer, and in how many repositories."""

    unknown: int = 0
    repositories: int = 0


class Totals(Struct, frozen=True, kw_only=True):
    """One scan of an owner in numbers; keys are words of the exported tables. ``known`` counts
    the repositories behind each mean: ``points``, ``strict_points``, ``coverage`` and the areas.
    """

    points: float | None = None
    strict_points: float | None = None
    coverage: float = 0.0
    repositories: int = 0
    publishing: int = 0
    areas: dict[str, float | None] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    grades: dict[str, int] = field(default_factory=dict)
    ladders: dict[str, int] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    checks: dict[str, CheckTotal] = field(default_factory=dict)
    permissions: dict[str, PermissionTotal] = field(default_factory=dict)
    gaps: int = 0
    new: int = 0
    fixed: int = 0
    reopened: int = 0
    not_rechecked: int = 0


def totals_of(connection: Connection, befores: Mapping[int, int]) -> dict[int, Totals]:
    """The sums, by owner, of scans that end; ``befores`` are the owners' scans before, 0 where
    there is none.

    Rows that are not closed hold as of these scans: no later scan of these owners has written.
    """
    changes = difference.newest_counts(connection, filter(None, befores.values()))
    rule = tables.rule
    names = {row.id: row.name for row in connection.execute(select(rule.c.id, rule.c.name))}
    found: dict[int, Totals] = {}
    for owners in chunks(befores):
        sums = {
            name: _by_owner(connection, statement, {"owners": owners})
            for name, statement in _newest_statements().items()
        }
        for owner in owners:
            mine = {name: by_owner.get(owner, []) for name, by_owner in sums.items()}
            found[owner] = _totals(mine, names, changes.get(owner, FindingCounts()))
    return found


def totals_where(connection: Connection, holds: Holds, changes: FindingCounts) -> Totals:
    """The sums of the rows that hold, all owners together; ``changes`` are counted elsewhere."""
    sums = {
        name: _by_owner(connection, statement, {}) for name, statement in _statements(holds).items()
    }
    rule = tables.rule
    names = {row.id: row.name for row in connection.execute(select(rule.c.id, rule.c.name))}
    owners = {owner for by_owner in sums.values() for owner in by_owner}
    each = (
        _totals({name: by_owner.get(owner, []) for name, by_owner in sums.items()}, names)
        for owner in sorted(owners)
    )
    moved = Totals(
        new=changes.new,
        fixed=changes.fixed,
        reopened=changes.reopened,
        not_rechecked=changes.not_rechecked,
    )
    return together((*each, moved))


def together(parts: Iterable[Totals]) -> Totals:
    """Several owners' numbers as one: sums, and means weighted by their repositories."""
    every = tuple(parts)

    def mean(value: Callable[[Totals], float | None], known: str) -> float | None:
        held = [(found, t.known.get(known, 0)) for t in every if (found := value(t)) is not None]
        weight = sum(number for _, number in held)
        return round(sum(v * number for v, number in held) / weight, 3) if weight else None

    summed = ("repositories", "publishing", "accepted", "gaps", "new", "fixed", "reopened")
    counters = ("known", "grades", "ladders", "levels", "open")
    numbers: dict[str, Any] = {
        **{name: sum(getattr(t, name) for t in every) for name in (*summed, "not_rechecked")},
        **{name: _added(getattr(t, name) for t in every) for name in counters},
    }
    return Totals(
        **numbers,
        points=mean(lambda t: t.points, "points"),
        strict_points=mean(lambda t: t.strict_points, "strict_points"),
        coverage=mean(lambda t: t.coverage, "coverage") or 0.0,
        areas={a.value: mean(lambda t, a=a: t.areas.get(a.value), a.value) for a in Area},  # type: ignore[misc]
        checks=_summed_structs(CheckTotal, [t.checks for t in every]),
        permissions=_summed_structs(PermissionTotal, [t.permissions for t in every]),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in counts:
        for word, number in one.items():
            found[word] = found.get(word, 0) + number
    return found


Counted = TypeVar("Counted", CheckTotal, PermissionTotal)


def _summed_structs(
    kind: type[Counted], parts: Sequence[Mapping[str, Counted]]
) -> dict[str, Counted]:
    found: dict[str, Counted] = {}
    for part in parts:
        for name, total in part.items():
            before = found.get(name, kind())
            both = {
                key: getattr(before, key) + getattr(total, key) for key in kind.__struct_fields__
            }
            found[name] = kind(**both)
    return found


def _by_owner(
    connection: Connection, statement: Select[Any], parameters: Mapping[str, Any]
) -> dict[int, list[Sequence[Any]]]:
    found: dict[int, list[Sequence[Any]]] = {}
    for owner, *row in connection.execute(statement, parameters):
        found.setdefault(owner, []).append(row)
    return found


def _totals(sums: Sums, names: Mapping[int, str], changes: FindingCounts = _UNMOVED) -> Totals:
    return Totals(
        **_scores(sums),
        ladders=_pairs(sums["ladders"]),
        levels={level: n for level, n in _pairs(sums["levels"]).items() if level},
        checks=_checks(sums, names),
        permissions={
            permission: PermissionTotal(unknown=count, repositories=repositories)
            for permission, count, repositories in sums["permissions"]
        },
        gaps=sum(count for (count,) in sums["gaps"]),
        new=changes.new,
        fixed=changes.fixed,
        reopened=changes.reopened,
        not_rechecked=changes.not_rechecked,
    )


@cache
def _newest_statements() -> dict[str, Select[Any]]:
    """Sums over the rows of many owners that are not closed; built once."""
    return _statements(
        lambda table: (
            table.c.owner_id.in_(bindparam("owners", expanding=True)) & (table.c.closed == OPEN)
        )
    )


def _statements(holds: Holds) -> dict[str, Select[Any]]:
    """Sums over the rows that hold; the first column of each is the owner."""

    def summed(
        table: Table, by: Sequence[ColumnElement[Any]], *sums: ColumnElement[Any]
    ) -> Select[Any]:
        owner = table.c.owner_id
        rows = select(owner, *by, *sums).select_from(table)
        return rows.where(holds(table)).group_by(owner, *by)

    score, package, result = tables.score, tables.package, tables.result
    deduction, unseen = tables.deduction, tables.unseen
    counted = func.count()
    lacks = (result.c.outcome == _UNKNOWN) & (unseen.c.permission != "")
    repositories = func.count(func.distinct(result.c.repository_id))
    return {
        "scores": summed(score, [], *_means_and_sums()),
        "grades": summed(score, [score.c.grade], counted),
        "ladders": summed(package, [package.c.state], counted),
        "levels": summed(package, [package.c.level], counted),
        "gaps": summed(tables.gap, [], counted),
        "outcomes": summed(
            result, [result.c.rule_id, result.c.outcome], counted, func.sum(result.c.failing)
        ),
        "costs": summed(deduction, [deduction.c.rule_id], func.sum(deduction.c.points)),
        "permissions": summed(result, [unseen.c.permission], counted, repositories)
        .join(unseen, unseen.c.id == result.c.unseen_id)
        .where(lacks),
    }


def _means_and_sums() -> list[ColumnElement[Any]]:
    score = tables.score
    # Repositories that publish nothing have no coverage, and take no part in its mean.
    return [
        func.count(),
        func.avg(score.c.points),
        func.avg(score.c.strict_points),
        func.sum(case((score.c.publications > 0, 1), else_=0)),
        func.avg(score.c.coverage),
        func.sum(score.c.accepted),
        *(func.avg(score.c[f"{area}_points"]) for area in AREAS),
        *(func.sum(score.c[f"open_{word}"]) for word in SEVERITIES),
        *(func.count(score.c[name]) for name in _MEANS.values()),
    ]


def _scores(sums: Sums) -> dict[str, Any]:
    # An owner may have nothing that is scored: then all means are missing and all sums are 0.
    row = sums["scores"][0] if sums["scores"] else [None] * len(_means_and_sums())
    means, rest = row[6 : 6 + len(AREAS)], row[6 + len(AREAS) :]
    counts, known = rest[: len(SEVERITIES)], rest[len(SEVERITIES) :]
    return {
        "repositories": int(row[0] or 0),
        "points": _mean(row[1]),
        "strict_points": _mean(row[2]),
        "publishing": int(row[3] or 0),
        "coverage": _mean(row[4]) or 0.0,
        "accepted": int(row[5] or 0),
        "areas": {a.value: _mean(mean) for a, mean in zip(Area, means, strict=True)},
        "open": {s.label: int(n or 0) for s, n in zip(Severity, counts, strict=True)},
        "grades": _pairs(sums["grades"]),
        "known": {name: int(n or 0) for name, n in zip(_MEANS, known, strict=True)},
    }


def _pairs(rows: Sequence[Sequence[Any]]) -> dict[Any, Any]:
    return {row[0]: row[1] for row in rows}


def _mean(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)


def _checks(sums: Sums, names: Mapping[int, str]) -> dict[str, CheckTotal]:
    counts: dict[int, dict[int, int]] = {}
    places: dict[int, int] = {}
    for rule, outcome, count, failing in sums["outcomes"]:
        counts.setdefault(rule, {})[outcome] = count
        places[rule] = places.get(rule, 0) + int(failing or 0)
    points = _pairs(sums["costs"])
    return {
        names[rule]: CheckTotal(
            passed=by.get(_PASS, 0),
            failed=by.get(_FAIL, 0),
            unknown=by.get(_UNKNOWN, 0),
            places=places[rule],
            points=round(float(points.get(rule, 0.0)), 3),
        )
        for rule, by in sorted(counts.items(), key=lambda pair: names[pair[0]])
    }
