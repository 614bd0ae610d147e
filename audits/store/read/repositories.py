"""Reads repositories and their scores as of a scan."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, case, false, func, or_, select

from audits.model.outcome import Area, Outcome, Severity
from audits.model.query import RepositoryFilter
from audits.model.rows import RepositoryRow, RepositoryTopics, ScoreChange
from audits.model.score import Grade, ScoreStep
from audits.model.timeline import Timeline
from audits.store.read.as_of import AsOf, Scoped, repository_id
from audits.store.schema import tables
from audits.store.schema.codes import AREAS, OUTCOMES, SEVERITIES, unbarred

_ALL = RepositoryFilter()
_score, _state, _repository = tables.score, tables.state, tables.repository

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "repository": (_repository.c.key,),
    "points": (_score.c.points,),
    "worst": (case((_score.c.grade == Grade.UNKNOWN.value, 0), else_=1), _score.c.points),
    "coverage": (_score.c.coverage,),
    "changed": (_score.c.opened,),
    "open": tuple(_score.c[f"open_{word}"] for word in reversed(SEVERITIES)),
    **{
        area.value: (_score.c[f"{column}_points"],)
        for area, column in zip(Area, AREAS, strict=True)
    },
}
"""What repositories can be ordered by; a leading ``-`` reverses it. Unknown comes last, except
in ``worst``, where what could not be read comes before the fewest points."""


class ReadRepositories(Scoped):
    """Repositories, one by one or in lists."""

    def repositories(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: RepositoryFilter = _ALL,
        order: str = "repository",
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[RepositoryRow, ...]:
        """Repositories as of a scan."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = _listed(connection, scope, where)
            name = order.removeprefix("-")
            columns = ORDERS.get(name, ORDERS["repository"])
            turned = [c.desc() if order.startswith("-") else c.asc() for c in columns]
            ordered = statement.order_by(
                *(part.nulls_last() for part in turned), _repository.c.owner_id, _repository.c.key
            )
            rows = connection.execute(ordered.limit(limit).offset(offset)).all()
            return tuple(_repository_row(row, scope) for row in rows)

    def worst_repositories(
        self, *, owner: str | None = None, where: RepositoryFilter = _ALL, most: int
    ) -> tuple[RepositoryRow, ...]:
        """For each owner the repositories with the fewest points, at most ``most`` of them."""
        order = (_score.c.points.asc().nulls_last(), _repository.c.key)
        place = func.row_number().over(partition_by=_score.c.owner_id, order_by=order)
        with self.reading() as connection:
            scope = self.scope(connection, owner, None)
            ranked = _listed(connection, scope, where).add_columns(place.label("place")).subquery()
            shown = select(ranked).where(ranked.c.place <= most)
            rows = connection.execute(shown.order_by(ranked.c.owner_id, ranked.c.place)).all()
            return tuple(_repository_row(row, scope) for row in rows)

    def repository_names(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> tuple[str, ...]:
        """The names of all repositories, sorted: ``name`` for one owner, ``owner/name`` for all."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            names = _listed(connection, scope, _ALL).with_only_columns(
                _repository.c.owner_id, _repository.c.name
            )
            ordered = connection.execute(names.order_by(_repository.c.key, _repository.c.owner_id))
            return tuple(
                name if owner is not None else f"{scope.logins[number]}/{name}"
                for number, name in ordered.all()
            )

    def repository_topics(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> tuple[RepositoryTopics, ...]:
        """The topics and code owners of every repository, and no more: every view reads them."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            columns = (_state.c.owner_id, _repository.c.name, _state.c.topics, _state.c.ask)
            listed = select(*columns).join(_repository).where(scope.valid(_state))
            return tuple(
                RepositoryTopics(
                    owner=scope.logins[number],
                    repository=name,
                    topics=unbarred(topics),
                    ask=unbarred(ask),
                )
                for number, name, topics, ask in connection.execute(listed).all()
            )

    def repository(self, owner: str, name: str, *, scan: int | None = None) -> RepositoryRow | None:
        """One repository as of a scan; None where it is not known."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = _listed(connection, scope, _ALL).where(_repository.c.key == name.lower())
            row = connection.execute(statement).first()
            return None if row is None else _repository_row(row, scope)

    def count_repositories(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: RepositoryFilter = _ALL,
    ) -> int:
        """How many repositories match."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = _listed(connection, scope, where).with_only_columns(func.count())
            return int(connection.scalar(statement) or 0)

    def repository_words(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> dict[str, tuple[str, ...]]:
        """The words to filter by: grades, ladders, registries and topics that occur."""
        columns = {
            "grades": _score.c.grade,
            "ladders": _score.c.ladders,
            "registries": _score.c.registries,
            "topics": _state.c.topics,
        }
        found: dict[str, tuple[str, ...]] = {}
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            for name, column in columns.items():
                cells = connection.scalars(
                    select(column).where(scope.valid(column.table)).distinct()
                )
                found[name] = tuple(sorted({word for cell in cells for word in unbarred(cell)}))
        return found

    def score_changes(
        self,
        owner: str | None = None,
        *,
        scan: int | None = None,
        since: int | datetime | None = None,
        repository: str = "",
        limit: int = 500,
        timeline: Timeline = Timeline.SCAN,
    ) -> tuple[ScoreChange, ...]:
        """Changes of scores, newest first: after ``since`` (a scan, or each owner's last one
        begun by that time) up to ``scan``.

        Without ``since``: those of the scan itself, or all of one repository.
        """
        table = tables.score_change
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan, timeline)
            ranges = [
                and_(
                    table.c.owner_id == number,
                    table.c.scan_id <= at,
                    table.c.scan_id > _start(scope, number, since, repository),
                )
                for number, at in scope.scans.items()
            ]
            statement = (
                select(table, _repository.c.name)
                .join(_repository)
                .where(or_(*ranges) if ranges else false(), scope.within(table))
            )
            if repository:
                number = repository_id(connection, scope, repository)
                statement = statement.where(table.c.repository_id == number)
            newest = statement.order_by(table.c.scan_id.desc(), table.c.id).limit(limit)
            return tuple(_score_change(row, scope) for row in connection.execute(newest))


def _start(scope: AsOf, owner: int, since: int | datetime | None, repository: str) -> int:
    return 0 if repository and since is None else scope.start(owner, since)


def _listed(connection: Connection, scope: AsOf, where: RepositoryFilter) -> Select[Any]:
    lost = (
        select(func.max(tables.unreached.c.opened))
        .where(
            tables.unreached.c.repository_id == _score.c.repository_id,
            scope.valid(tables.unreached),
        )
        .scalar_subquery()
    )
    return (
        select(
            _score,
            _repository.c.name,
            lost.label("lost_in"),
            _state.c.host,
            _state.c.head,
            _state.c.branch,
            _state.c.archived,
            _state.c.topics,
            _state.c.code_owners,
            _state.c.ask,
        )
        .join(_repository, _repository.c.id == _score.c.repository_id)
        .join(_state, _state.c.repository_id == _score.c.repository_id)
        .where(scope.valid(_score), scope.valid(_state), *_conditions(connection, scope, where))
    )


def _conditions(
    connection: Connection, scope: AsOf, where: RepositoryFilter
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.text:
        found.append(_repository.c.key.contains(where.text.lower(), autoescape=True))
    if where.grades:
        found.append(_score.c.grade.in_(where.grades))
    for column, words in (
        (_score.c.ladders, where.ladders),
        (_score.c.registries, where.registries),
        (_state.c.topics, where.topics),
    ):
        if words:
            found.append(or_(*(column.contains(f"|{w}|", autoescape=True) for w in words)))
    areas = dict(zip((area.value for area in Area), AREAS, strict=True))
    if where.below is not None:
        points = _score.c[f"{areas[where.area]}_points"] if where.area else _score.c.points
        found.append(points < where.below)
    if where.coverage_below is not None:
        found.append(_score.c.coverage < where.coverage_below)
    if where.publishing is not None:
        found.append(_score.c.publications > 0 if where.publishing else _score.c.publications == 0)
    if where.archived is not None:
        found.append(_state.c.archived == where.archived)
    if where.failing:
        result, rule = tables.result, tables.rule
        number = connection.scalar(select(rule.c.id).where(rule.c.name == where.failing))
        failed = select(result.c.repository_id).where(
            result.c.rule_id == (number or 0),
            result.c.outcome == OUTCOMES[Outcome.FAIL],
            scope.valid(result),
        )
        found.append(_score.c.repository_id.in_(failed))
    return found


def _repository_row(row: Row[Any], scope: AsOf) -> RepositoryRow:
    held = row._mapping
    areas = list(zip(Area, AREAS, strict=True))
    return RepositoryRow(
        owner=scope.logins[row.owner_id],
        repository=row.name,
        host=row.host,
        commit=row.head,
        branch=row.branch,
        archived=row.archived,
        topics=unbarred(row.topics),
        grade=row.grade,
        points=row.points,
        strict_points=row.strict_points,
        coverage=row.coverage,
        tier=row.tier,
        policy=row.policy,
        cap=row.cap,
        steps=tuple(
            ScoreStep(check=check, points=points, grade=Grade(grade))
            for check, points, grade in json.loads(row.steps)
        ),
        not_counted=json.loads(row.not_counted),
        ask=unbarred(row.ask),
        code_owners=row.code_owners,
        areas={area.value: held[f"{column}_points"] for area, column in areas},
        coverages={area.value: held[f"{column}_coverage"] for area, column in areas},
        open={s.label: held[f"open_{w}"] for s, w in zip(Severity, SEVERITIES, strict=True)},
        accepted=row.accepted,
        publications=row.publications,
        registries=unbarred(row.registries),
        ladders=unbarred(row.ladders),
        gaps=row.gaps,
        unrecognized=row.unrecognized,
        level=row.level,
        may_be=row.may_be,
        last_seen=scope.last_seen(row.owner_id, row.lost_in),
        changed=scope.started[row.opened],
    )


def _score_change(row: Row[Any], scope: AsOf) -> ScoreChange:
    return ScoreChange(
        owner=scope.logins[row.owner_id],
        repository=row.name,
        scan=row.scan_id,
        at=scope.started[row.scan_id],
        before=row.before,
        after=row.after,
        grade_before=row.grade_before,
        grade_after=row.grade_after,
        cause=row.cause,
        checks=unbarred(row.checks),
    )
