"""Compares two scans down to repositories and packages, filtered and counted in the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    case,
    false,
    func,
    or_,
    select,
)

from audits.model.query import Direction, FindingCounts
from audits.model.rows import PackageMove, RepositoryPoints, ScoreChange
from audits.model.score import Grade
from audits.store import difference
from audits.store.chunks import chunks
from audits.store.read.as_of import AsOf, Scoped
from audits.store.schema import tables
from audits.store.schema.codes import unbarred

_repository = tables.repository
_earlier, _later = tables.score.alias("earlier"), tables.score.alias("later")


class ReadComparisons(Scoped):
    """What is different between two scans."""

    def compared(
        self,
        before: int,
        scan: int,
        *,
        owner: str | None = None,
        direction: Direction | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[ScoreChange, ...]:
        """Repositories whose grade or points differ between the scans ``before`` and ``scan``:
        those that fell most first, then those that are new, gone or have only another grade,
        then those that rose.

        A grade is "" where a repository was not known then. Causes and checks are those of all
        changes in between; a repository that came or left has none.
        """
        with self.reading() as connection:
            pair = self._pair(connection, owner, before, scan)
            change = _change()
            rank = case((_fell(), 0), (_rose(), 2), else_=1)
            columns: tuple[ColumnElement[Any], ...] = (
                _repository.c.id,
                _repository.c.owner_id,
                _repository.c.name,
                _earlier.c.points.label("before"),
                _earlier.c.grade.label("grade_before"),
                _later.c.points.label("after"),
                _later.c.grade.label("grade_after"),
            )
            listed = _differing(pair, direction).with_only_columns(*columns)
            order = (change.desc(),) if direction is Direction.ROSE else (rank, change)
            ordered = listed.order_by(*order, _repository.c.owner_id, _repository.c.key)
            rows = connection.execute(ordered.limit(limit).offset(offset)).all()
            steps = _steps(connection, [row.id for row in rows], before, scan)
            return tuple(_moved(row, pair[1], steps.get(row.id, ())) for row in rows)

    def count_compared(
        self, before: int, scan: int, *, owner: str | None = None
    ) -> dict[Direction, int]:
        """How many repositories moved in which direction between the scans."""
        with self.reading() as connection:
            pair = self._pair(connection, owner, before, scan)
            found = {}
            for direction in Direction:
                counted = _differing(pair, direction).with_only_columns(func.count())
                found[direction] = int(connection.scalar(counted) or 0)
            return found

    def packages_compared(
        self, before: int, scan: int, *, owner: str | None = None
    ) -> tuple[PackageMove, ...]:
        """Packages whose trusted-publisher status or exposure level differs between the scans;
        "" where a package was not known then.
        """
        table = tables.package
        with self.reading() as connection:
            earlier, later = self._pair(connection, owner, before, scan)
            columns: tuple[ColumnElement[Any], ...] = (
                table.c.repository_id,
                table.c.owner_id,
                _repository.c.name,
                table.c.registry,
                table.c.package,
                table.c.state,
                table.c.level,
            )
            chosen = select(*columns).join(_repository)
            then = chosen.where(earlier.valid(table), ~later.holds(table))
            now = chosen.where(later.valid(table), ~earlier.holds(table))
            sides = [{_key(row): row for row in connection.execute(q)} for q in (then, now)]
            return tuple(_package_moves(sides[0], sides[1], later))

    def finding_counts(self, before: int, scan: int, *, owner: str | None = None) -> FindingCounts:
        """How many findings of releases are new, fixed, reopened and not re-checked between the
        scans.
        """
        with self.reading() as connection:
            earlier, later = self._pair(connection, owner, before, scan)
            within = later.within(tables.finding)
            return difference.counts_of_owners(connection, earlier.scans, later.scans, within)

    def points(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> tuple[RepositoryPoints, ...]:
        """Grade, points and open critical and high findings of every repository, to be added up
        by owner or group.
        """
        score = tables.score
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            columns = (
                score.c.owner_id,
                _repository.c.name,
                score.c.grade,
                score.c.points,
                (score.c.open_critical + score.c.open_high).label("grave"),
                score.c.ladders,
            )
            statement = select(*columns).join(_repository).where(scope.valid(score))
            return tuple(
                RepositoryPoints(
                    owner=scope.logins[number],
                    repository=name,
                    grade=grade,
                    points=points,
                    grave=grave,
                    ladders=unbarred(ladders),
                )
                # All at once: row by row the driver takes three times as long.
                for number, name, grade, points, grave, ladders in (
                    connection.execute(statement).all()
                )
            )

    def _pair(
        self, connection: Connection, owner: str | None, before: int, scan: int
    ) -> tuple[AsOf, AsOf]:
        return self.scope(connection, owner, before), self.scope(connection, owner, scan)


def _differing(pair: tuple[AsOf, AsOf], direction: Direction | None) -> Select[Any]:
    """Repositories whose score is not the same as of both scans."""
    earlier, later = pair
    joined = _repository.outerjoin(_earlier, _of_repository(earlier, _earlier)).outerjoin(
        _later, _of_repository(later, _later)
    )
    differ = or_(
        _earlier.c.points.is_distinct_from(_later.c.points),
        _earlier.c.grade.is_distinct_from(_later.c.grade),
    )
    mine = _repository.c.owner_id.in_(later.scans)
    statement = select(_repository.c.id).select_from(joined).where(mine, differ)
    if later.only is not None:
        statement = statement.where(_repository.c.id.in_(later.only_numbers()))
    if direction is not None:
        wanted = {Direction.FELL: _fell(), Direction.ROSE: _rose()}
        other = and_(~func.coalesce(_fell(), False), ~func.coalesce(_rose(), False))
        statement = statement.where(wanted.get(direction, other))
    return statement


def _of_repository(scope: AsOf, table: FromClause) -> ColumnElement[bool]:
    """Whether a row is the repository's as of its owner's scan.

    The owner is compared in ``_repository``: by the owner of ``table`` SQLite, which knows no
    sizes, would read all rows of the owner for each of its repositories.
    """
    if not scope.scans:
        return false()
    at = case(scope.scans, value=_repository.c.owner_id)
    mine = table.c.repository_id == _repository.c.id
    return and_(mine, table.c.opened <= at, table.c.closed > at)


def _fell() -> ColumnElement[bool]:
    """Whether there are fewer points, or none any more as something could not be read."""
    lost = and_(_later.c.points.is_(None), _later.c.grade == Grade.UNKNOWN.value)
    return and_(_earlier.c.points.is_not(None), or_(_later.c.points < _earlier.c.points, lost))


def _rose() -> ColumnElement[bool]:
    """Whether there are more points, or some where something could not be read before."""
    found = and_(_earlier.c.points.is_(None), _earlier.c.grade == Grade.UNKNOWN.value)
    return and_(_later.c.points.is_not(None), or_(_later.c.points > _earlier.c.points, found))


def _change() -> ColumnElement[float]:
    return func.coalesce(_later.c.points, 0.0) - func.coalesce(_earlier.c.points, 0.0)


def _steps(
    connection: Connection, repositories: Sequence[int], before: int, scan: int
) -> dict[int, list[Row[Any]]]:
    """The changes of these repositories after one scan and up to another, oldest first."""
    table = tables.score_change
    found: dict[int, list[Row[Any]]] = {}
    for part in chunks(repositories):
        mine = select(table).where(
            table.c.repository_id.in_(part), table.c.scan_id > before, table.c.scan_id <= scan
        )
        for row in connection.execute(mine.order_by(table.c.scan_id, table.c.id)):
            found.setdefault(row.repository_id, []).append(row)
    return found


def _moved(row: Row[Any], scope: AsOf, steps: Sequence[Row[Any]]) -> ScoreChange:
    at = steps[-1].scan_id if steps else scope.scans[row.owner_id]
    return ScoreChange(
        owner=scope.logins[row.owner_id],
        repository=row.name,
        scan=at,
        at=scope.started[at],
        before=row.before,
        after=row.after,
        grade_before=row.grade_before or "",
        grade_after=row.grade_after or "",
        cause="; ".join(dict.fromkeys(w for s in steps for w in s.cause.split("; "))),
        checks=tuple(dict.fromkeys(check for s in steps for check in unbarred(s.checks))),
    )


_Key = tuple[int, str, str]


def _key(row: Row[Any]) -> _Key:
    return (row.repository_id, row.registry, row.package)


def _package_moves(
    then: dict[_Key, Row[Any]], now: dict[_Key, Row[Any]], scope: AsOf
) -> Iterable[PackageMove]:
    for key in sorted({*then, *now}):
        old, new = then.get(key), now.get(key)
        row = new if new is not None else old
        if row is None or (old is not None and new is not None and old[5:] == new[5:]):
            continue
        yield PackageMove(
            owner=scope.logins[row.owner_id],
            repository=row.name,
            registry=row.registry,
            package=row.package,
            state_before=old.state if old is not None else "",
            state_after=new.state if new is not None else "",
            level_before=old.level if old is not None else "",
            level_after=new.level if new is not None else "",
        )
