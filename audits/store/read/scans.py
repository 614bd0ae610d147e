"""Reads owners, scans, and the sums stored with finished scans."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace
from sqlalchemy import Row, case, func, select

from audits.model.query import CheckCount, PermissionCount
from audits.model.rows import ScanRow, TrendRow
from audits.model.timeline import Timeline
from audits.store.read.as_of import Scoped, has_timeline
from audits.store.read.mixed import mixed_totals, mixed_trend, stored_totals, trend_row
from audits.store.schema import tables
from audits.store.schema.codes import SEVERITY_WORDS, title_of, unbarred
from audits.store.totals import CheckTotal, PermissionTotal, Totals

T = TypeVar("T")

_MOST = 100_000
"""A limit above any owner's number of scans."""


class ReadScans(Scoped):
    """Scans, trends and sums."""

    def owners(self) -> tuple[str, ...]:
        """Owners with a finished scan, sorted."""
        own, scan = tables.owner, tables.scan
        done = select(scan.c.owner_id).where(scan.c.finished.is_not(None))
        done = done.where(~scan.c.pruned)
        statement = select(own.c.login).where(own.c.id.in_(done), own.c.timeline == Timeline.SCAN)
        with self.reading() as connection:
            return tuple(connection.scalars(statement.order_by(own.c.key)))

    def scans(
        self,
        owner: str | None = None,
        *,
        limit: int = 400,
        timeline: Timeline = Timeline.SCAN,
    ) -> tuple[ScanRow, ...]:
        """Finished scans of one timeline, newest first."""
        own, scan = tables.owner, tables.scan
        statement = select(*_columns()).join(own).where(scan.c.finished.is_not(None))
        statement = statement.where(own.c.timeline == timeline, ~scan.c.pruned)
        if owner is not None:
            statement = statement.where(own.c.key == owner.lower())
        with self.reading() as connection:
            rows = connection.execute(statement.order_by(scan.c.id.desc()).limit(limit))
            return tuple(scan_row(row) for row in rows)

    def owners_scans(self, scan: int | None = None) -> tuple[ScanRow, ...]:
        """Of each owner the scan that held as of a scan (the newest finished, if None): its last
        one until then, or its first where all of its scans are later; the newest first.
        """
        own, table = tables.owner, tables.scan
        listed = select(table.c.id, table.c.owner_id).join(own)
        listed = listed.where(table.c.finished.is_not(None), ~table.c.pruned)
        each = listed.where(own.c.timeline == Timeline.SCAN).subquery()
        until = each.c.id if scan is None else case((each.c.id <= scan, each.c.id))
        held = func.coalesce(func.max(until), func.min(each.c.id))
        numbers = select(held).group_by(each.c.owner_id)
        statement = select(*_columns()).join(own).where(table.c.id.in_(numbers))
        with self.reading() as connection:
            rows = connection.execute(statement.order_by(table.c.id.desc()))
            return tuple(scan_row(row) for row in rows)

    def latest_scan(self, owner: str | None = None) -> ScanRow | None:
        """The newest finished scan; None where there is none."""
        return next(iter(self.scans(owner, limit=1)), None)

    def trend(
        self,
        owner: str | None = None,
        *,
        scan: int | None = None,
        limit: int = 400,
        timeline: Timeline = Timeline.SCAN,
    ) -> tuple[TrendRow, ...]:
        """An owner's scans of one timeline in numbers, oldest first, up to a scan.

        For all owners together, and for some repositories, there is a row for each day with a
        scan: what held at its end. Its ``scan`` is the last one of the day.
        """
        if timeline is Timeline.SCAN and self._is_mixed(owner):
            with self.reading() as connection:
                return mixed_trend(connection, self.scope(connection, owner, scan), limit)
        made = partial(_trend_row, timeline=timeline)
        return tuple(reversed(self._summed(owner, scan, limit, made, timeline)))

    def rebuilt(self, owner: str | None = None, *, limit: int = 400) -> tuple[TrendRow, ...]:
        """An owner's past as rebuilt from git, oldest first, without days on which there was a
        scan, which wins. Nothing for some repositories: rebuilt sums are stored by owner alone.
        """
        found = self.trend(owner, limit=limit, timeline=Timeline.REBUILT)
        if not found or self._asked is not None:
            return ()
        seen = {row.started.date() for row in self.scans(owner or self._newest(), limit=_MOST)}
        return tuple(row for row in found if row.at.date() not in seen)

    def totals(self, owner: str | None = None, *, scan: int | None = None) -> Totals:
        """All sums of one scan; for all owners or some repositories, of what holds as of it."""
        if self._is_mixed(owner):
            with self.reading() as connection:
                return mixed_totals(connection, self.scope(connection, owner, scan))
        return next(iter(self._summed(owner, scan, 1, stored_totals)), Totals())

    def check_counts(
        self, owner: str | None = None, *, scan: int | None = None
    ) -> tuple[CheckCount, ...]:
        """Outcomes by check; the check that deducts most in all comes first."""
        rule = tables.rule
        counted = self.totals(owner, scan=scan).checks
        with self.reading() as connection:
            rules = {row.name: row for row in connection.execute(select(rule))}
        found = [_check_count(name, total, rules.get(name)) for name, total in counted.items()]
        return tuple(sorted(found, key=lambda c: (-c.points, -c.failed, c.check)))

    def permission_counts(
        self, owner: str | None = None, *, scan: int | None = None
    ) -> tuple[PermissionCount, ...]:
        """Unknown results by the permission that would answer them, most first."""
        found = [
            _permission_count(name, total)
            for name, total in self.totals(owner, scan=scan).permissions.items()
        ]
        return tuple(sorted(found, key=lambda p: (-p.unknown, p.permission)))

    def _is_mixed(self, owner: str | None) -> bool:
        """Whether the sums are stored with no single scan."""
        return self._asked is not None or (owner is None and len(self.owners()) > 1)

    def _newest(self) -> str | None:
        """The owner that was scanned last."""
        latest = self.latest_scan()
        return latest.owner if latest else None

    def _summed(
        self,
        owner: str | None,
        scan: int | None,
        limit: int,
        made: Callable[[Row[Any]], T],
        timeline: Timeline = Timeline.SCAN,
    ) -> list[T]:
        """``made`` of each scan's row, newest first; nothing where the owner lacks the timeline."""
        owner = owner or self._newest()
        if owner is None:
            return []
        table = tables.scan
        with self.reading() as connection:
            if timeline is not Timeline.SCAN and not has_timeline(connection, owner, timeline):
                return []
            scope = self.scope(connection, owner, scan, timeline)
            statement = select(table).where(
                table.c.owner_id.in_(scope.scans),
                table.c.finished.is_not(None),
                ~table.c.pruned,
            )
            if scan is not None:
                statement = statement.where(table.c.id <= scan)
            rows = connection.execute(statement.order_by(table.c.id.desc()).limit(limit))
            return [made(row) for row in rows]


def _columns() -> list[Any]:
    """What `scan_row` takes: all but a scan's sums."""
    mine = [column for column in tables.scan.c if column.name != "totals"]
    return [*mine, tables.owner.c.login]


def scan_row(row: Row[Any]) -> ScanRow:
    """A scan as readers see it."""
    return ScanRow(
        id=row.id,
        owner=row.login,
        source=row.source,
        started=row.started,
        finished=row.finished,
        tool_version=row.tool_version,
        policy=row.policy,
        tier=row.tier,
        repositories=row.repositories,
        not_reached=row.not_reached,
        changed=unbarred(row.changed),
        as_of=row.as_of,
        rules=row.rules,
    )


def _trend_row(row: Row[Any], timeline: Timeline) -> TrendRow:
    return replace(trend_row(stored_totals(row), row), timeline=timeline)


def _check_count(name: str, total: CheckTotal, rule: Row[Any] | None) -> CheckCount:
    return CheckCount(
        check=name,
        title=rule.title if rule else title_of(name),
        area=rule.area if rule else "",
        severity=SEVERITY_WORDS[rule.severity] if rule else "",
        passed=total.passed,
        failed=total.failed,
        unknown=total.unknown,
        places=total.places,
        points=total.points,
    )


def _permission_count(name: str, total: PermissionTotal) -> PermissionCount:
    return PermissionCount(permission=name, unknown=total.unknown, repositories=total.repositories)
