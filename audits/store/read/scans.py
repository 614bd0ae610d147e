"""Reads owners, scans, and the sums stored with finished scans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Row, select

from audits.model.query import CheckCount, PermissionCount
from audits.model.rows import ScanRow, TrendRow
from audits.store.base import Connected
from audits.store.read.as_of import scope_of
from audits.store.schema import tables
from audits.store.schema.codes import SEVERITY_WORDS, title_of, unbarred
from audits.store.serialize import loads, unpack
from audits.store.totals import CheckTotal, PermissionTotal, Totals

T = TypeVar("T")


class ReadScans(Connected):
    """Scans, trends and sums."""

    def owners(self) -> tuple[str, ...]:
        """Owners with a finished scan, in the order of the alphabet."""
        own, scan = tables.owner, tables.scan
        done = select(scan.c.owner_id).where(scan.c.finished.is_not(None))
        statement = select(own.c.login).where(own.c.id.in_(done)).order_by(own.c.key)
        with self.reading() as connection:
            return tuple(connection.scalars(statement))

    def scans(self, owner: str | None = None, *, limit: int = 400) -> tuple[ScanRow, ...]:
        """Finished scans, newest first."""
        own, scan = tables.owner, tables.scan
        columns: list[Any] = [column for column in scan.c if column.name != "totals"]
        columns.append(own.c.login)
        statement = select(*columns).join(own).where(scan.c.finished.is_not(None))
        if owner is not None:
            statement = statement.where(own.c.key == owner.lower())
        with self.reading() as connection:
            rows = connection.execute(statement.order_by(scan.c.id.desc()).limit(limit))
            return tuple(scan_row(row) for row in rows)

    def latest_scan(self, owner: str | None = None) -> ScanRow | None:
        """The newest finished scan; None where there is none."""
        return next(iter(self.scans(owner, limit=1)), None)

    def trend(
        self, owner: str | None = None, *, scan: int | None = None, limit: int = 400
    ) -> tuple[TrendRow, ...]:
        """An owner's scans in numbers, oldest first, up to a scan.

        Without an owner: of the owner that was scanned last.
        """
        return tuple(reversed(self._summed(owner, scan, limit, _trend_row)))

    def totals(self, owner: str | None = None, *, scan: int | None = None) -> Totals:
        """All sums of one scan."""
        return next(iter(self._summed(owner, scan, 1, _totals)), Totals())

    def check_counts(
        self, owner: str | None = None, *, scan: int | None = None
    ) -> tuple[CheckCount, ...]:
        """Outcomes by check, those that cost the organization most first."""
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

    def _summed(
        self, owner: str | None, scan: int | None, limit: int, made: Callable[[Row[Any]], T]
    ) -> list[T]:
        """What is made of the rows of scans, newest first."""
        if owner is None:
            latest = self.latest_scan()
            if latest is None:
                return []
            owner = latest.owner
        table = tables.scan
        with self.reading() as connection:
            scope = scope_of(connection, owner, scan)
            statement = select(table).where(
                table.c.owner_id.in_(scope.scans), table.c.finished.is_not(None)
            )
            if scan is not None:
                statement = statement.where(table.c.id <= scan)
            rows = connection.execute(statement.order_by(table.c.id.desc()).limit(limit))
            return [made(row) for row in rows]


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
    )


def _totals(row: Row[Any]) -> Totals:
    return loads(Totals, unpack(row.totals)) if row.totals else Totals()


def _trend_row(row: Row[Any]) -> TrendRow:
    totals = _totals(row)
    return TrendRow(
        scan=row.id,
        at=row.started,
        points=totals.points,
        coverage=totals.coverage,
        repositories=totals.repositories,
        publishing=totals.publishing,
        areas=totals.areas,
        grades=totals.grades,
        ladders=totals.ladders,
        levels=totals.levels,
        open=totals.open,
        checks={name: total.failed for name, total in totals.checks.items() if total.failed},
        new=totals.new,
        fixed=totals.fixed,
        policy=row.policy,
        tier=row.tier,
        changed=unbarred(row.changed),
    )


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
