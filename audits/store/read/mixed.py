"""Adds up numbers that no single scan stores: of several owners, or of some repositories."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Row, select

from audits.model.rows import TrendRow
from audits.store import difference
from audits.store.chunks import chunks
from audits.store.read.as_of import AsOf
from audits.store.schema import tables
from audits.store.schema.codes import unbarred
from audits.store.serialize import loads, unpack
from audits.store.totals import Totals, together, totals_where

_FEW_DAYS = 26
"""The most days in a trend of some repositories, each of which is counted from their rows."""


def stored_totals(row: Row[Any]) -> Totals:
    """The sums that are stored with a scan."""
    return unpacked(row.totals)


def unpacked(totals: bytes | None) -> Totals:
    """Sums as they are stored; none where a scan has none."""
    return loads(Totals, unpack(totals)) if totals else Totals()


def trend_row(totals: Totals, row: Row[Any]) -> TrendRow:
    """Sums as a row of a trend, under the number and the time of a scan."""
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


def mixed_totals(connection: Connection, scope: AsOf) -> Totals:
    """The sums of all that holds as of the scope's scans, and what changed since those before."""
    if scope.only is None:
        return together(_stored(connection, scope.scans.values()).values())
    before = {
        owner: scope.before(owner, at) or scope.before_oldest(owner)
        for owner, at in scope.scans.items()
    }
    return _counted(connection, scope, before)


def mixed_trend(connection: Connection, scope: AsOf, limit: int) -> tuple[TrendRow, ...]:
    """The scope up to its scans at the end of each day with a scan, oldest first; of some
    repositories at a few of these days, the last one among them.
    """
    rows = _scans(connection, scope)
    days = sorted({row.started.date(): row.id for row in rows}.values())[-limit:]
    if scope.only is not None:
        days = _thinned(days)
    stored = _stored(connection, [row.id for row in rows]) if scope.only is None else {}
    found: list[TrendRow] = []
    before = {owner: scope.before_oldest(owner) for owner in scope.scans}
    for end in days:
        until = [row for row in rows if row.id <= end]
        scans = {row.owner_id: row.id for row in until}
        fresh = [row for row in until if row.id > before.get(row.owner_id, 0)]
        if scope.only is None:
            totals = replace(
                together(stored[number] for number in scans.values()),
                new=sum(stored[row.id].new for row in fresh),
                fixed=sum(stored[row.id].fixed for row in fresh),
            )
        else:
            totals = _counted(connection, replace(scope, scans=scans), before)
        changed = tuple(dict.fromkeys(w for row in fresh for w in unbarred(row.changed)))
        tier = min(row.tier for row in until if scans[row.owner_id] == row.id)
        at = max(row.started for row in until)
        found.append(replace(trend_row(totals, until[-1]), at=at, changed=changed, tier=tier))
        before = scans
    return tuple(found)


def _scans(connection: Connection, scope: AsOf) -> Sequence[Row[Any]]:
    """The finished scans of the scope's owners up to its own ones, oldest first."""
    table = tables.scan
    columns = [column for column in table.c if column.name != "totals"]
    mine = select(*columns).where(
        table.c.owner_id.in_(scope.scans),
        table.c.finished.is_not(None),
        ~table.c.pruned,
        table.c.id <= max(scope.scans.values(), default=0),
    )
    return connection.execute(mine.order_by(table.c.id)).all()


def _thinned(days: list[int]) -> list[int]:
    step = -(-len(days) // _FEW_DAYS) or 1
    return days[::-1][::step][::-1]


def _stored(connection: Connection, scans: Iterable[int]) -> dict[int, Totals]:
    table = tables.scan
    found: dict[int, Totals] = {}
    for part in chunks(scans):
        statement = select(table.c.id, table.c.totals).where(table.c.id.in_(part))
        for number, totals in connection.execute(statement):
            found[number] = unpacked(totals)
    return found


def _counted(connection: Connection, scope: AsOf, before: Mapping[int, int]) -> Totals:
    """The sums of the scope's repositories, counted from their rows."""
    within = scope.within(tables.finding)
    moved = difference.counts_of_owners(connection, before, scope.scans, within)
    return totals_where(connection, scope.valid, moved)
