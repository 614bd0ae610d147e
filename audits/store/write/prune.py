"""Drops old scans by a rule of retention, and the rows that no remaining scan shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Table, and_, exists, or_, select

from audits.model.timeline import Timeline
from audits.store.chunks import chunks
from audits.store.schema import tables
from audits.store.schema.codes import FIXES
from audits.store.serialize import loads, unpack
from audits.store.snapshots import Listing
from audits.store.write import lock

_INTERVALS = (tables.reference, *tables.FAMILIES)
_SHOWN_WITH_FIXED = (tables.facts, tables.state)
"""Tables with the message, line and commit of a fixed finding."""


class Retention(Struct, frozen=True, kw_only=True):
    """Which scans stay: the newest of each of the last ``daily`` days, ``weekly`` weeks and
    ``monthly`` months that have scans. An owner's newest scan always stays.
    """

    daily: int = 0
    weekly: int = 0
    monthly: int = 0

    def kept(self, scans: Iterable[tuple[int, datetime]]) -> set[int]:
        """The ids of the scans that stay, of scans given with their times.

        Ids tell which is newer: between two scans, a clock may have gone backwards.
        """
        newest = sorted(scans, reverse=True)
        found = {number for number, _ in newest[:1]}
        for most, period in ((self.daily, _day), (self.weekly, _week), (self.monthly, _month)):
            first: dict[object, int] = {}
            for number, at in newest:
                first.setdefault(period(at), number)
            found.update(list(first.values())[:most])
        return found


class Pruned(Struct, frozen=True, kw_only=True):
    """What was dropped: ``scans`` out of ``of``, rows, and texts of files."""

    scans: int
    of: int
    rows: int
    texts: int


def _day(at: datetime) -> object:
    return at.date()


def _week(at: datetime) -> object:
    return at.isocalendar()[:2]


def _month(at: datetime) -> object:
    return at.year, at.month


def prune(connection: Connection, retention: Retention) -> Pruned:
    """Drop scans of every owner, in one transaction.

    Changes of scores and fixed findings stay, with their dates. Timelines that ``history``
    rebuilt are left alone, as they can be made again. StoreError while a scan runs.
    """
    own = tables.owner
    lock.clear_all(connection)
    dropped = total = rows = 0
    owners = select(own.c.id).where(own.c.timeline != Timeline.REBUILT)
    for owner in connection.scalars(owners).all():
        scans = _finished(connection, owner)
        kept = retention.kept(scans)
        gone = [number for number, _ in scans if number not in kept]
        total, dropped = total + len(scans), dropped + len(gone)
        if gone:
            _mark(connection, gone)
            rows += sum(_drop(connection, table, owner, sorted(kept)) for table in _INTERVALS)
    rows += _drop_contents(connection)
    return Pruned(scans=dropped, of=total, rows=rows, texts=_drop_texts(connection))


def _finished(connection: Connection, owner: int) -> list[tuple[int, datetime]]:
    scan = tables.scan
    rows = select(scan.c.id, scan.c.started).where(
        scan.c.owner_id == owner, scan.c.finished.is_not(None), ~scan.c.pruned
    )
    return [(row.id, row.started) for row in connection.execute(rows)]


def _mark(connection: Connection, numbers: Sequence[int]) -> None:
    scan = tables.scan
    for part in chunks(numbers):
        marked = scan.update().where(scan.c.id.in_(part))
        connection.execute(marked.values(pruned=True, totals=None))


def _drop(connection: Connection, table: Table, owner: int, kept: Sequence[int]) -> int:
    """Delete an owner's rows that hold as of none of these scans; fixed findings stay."""
    scan = tables.scan
    shown = exists(
        select(scan.c.id).where(
            scan.c.owner_id == owner,
            scan.c.finished.is_not(None),
            ~scan.c.pruned,
            table.c.opened <= scan.c.id,
            table.c.closed > scan.c.id,
        )
    )
    unseen: list[ColumnElement[bool]] = [table.c.owner_id == owner, ~shown]
    unseen.append(table.c.closed <= kept[-1])
    if table is tables.finding:
        unseen.append(table.c.ended.not_in(FIXES))
    elif table in _SHOWN_WITH_FIXED:
        unseen.append(~_shows_fixed(table))
    return connection.execute(table.delete().where(and_(*unseen))).rowcount


def _shows_fixed(table: Table) -> ColumnElement[bool]:
    """Whether a row held when a finding of its repository was seen for the last time."""
    finding = tables.finding
    return exists(
        select(finding.c.id).where(
            finding.c.repository_id == table.c.repository_id,
            finding.c.ended.in_(FIXES),
            finding.c.closed > table.c.opened,
            finding.c.closed <= table.c.closed,
        )
    )


def _drop_contents(connection: Connection) -> int:
    """Delete packed facts that no row names."""
    content, facts, owner_facts = tables.content, tables.facts, tables.owner_facts
    naming = [
        column
        for table in (facts, owner_facts)
        for column in table.c
        if any(key.column.table is content for key in column.foreign_keys)
    ]
    named = or_(*(exists(select(c.table.c.id).where(c == content.c.id)) for c in naming))
    return connection.execute(content.delete().where(~named)).rowcount


def _drop_texts(connection: Connection) -> int:
    """Delete texts that no listing of files names."""
    content, facts, text = tables.content, tables.facts, tables.text
    named: set[str] = set()
    listings = select(content.c.data).where(content.c.id.in_(select(facts.c.source_id)))
    for data in connection.scalars(listings):
        listing = loads(Listing, unpack(data))
        named.update(oid for _, oid in (*listing.files, *listing.remote.values()))
    unnamed = [oid for oid in connection.scalars(select(text.c.oid)) if oid not in named]
    for part in chunks(unnamed):
        connection.execute(text.delete().where(text.c.oid.in_(part)))
    return len(unnamed)
