"""Selects for each owner the newest finished scan, or the one before a given scan."""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    and_,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    true,
)

from audits.model.timeline import Timeline
from audits.store.base import Connected
from audits.store.errors import StoreError, not_scanned
from audits.store.schema import tables

_FEW = 200
"""Up to this number of owners, the condition of each is written out, so that it can use an index;
SQLite's expressions nest at most 1,000 deep.
"""


class AsOf(Struct, frozen=True, kw_only=True):
    """The scan of each owner as of which a query reads, and the times of all scans of these
    owners. ``finished`` are scans that are listed, ``ended`` pruned ones too, and ``last`` each
    owner's last scan, which may still run. ``only`` are the ids of the repositories in scope, None
    for all.
    """

    scans: dict[int, int]
    logins: dict[int, str]
    started: dict[int, datetime] = field(default_factory=dict)
    finished: dict[int, list[int]] = field(default_factory=dict)
    ended: dict[int, list[int]] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    only: frozenset[int] | None = None

    def of_owner(self, owner_id: int) -> AsOf:
        """The same of one owner: a short condition, where something is asked owner by owner."""
        return replace(self, scans={owner_id: self.scans[owner_id]})

    def valid(
        self, table: FromClause, owner_id: ColumnElement[int] | None = None
    ) -> ColumnElement[bool]:
        """Whether a row holds as of its owner's scan, and its repository is in scope; see `holds`."""
        return and_(self.holds(table, owner_id), self.within(table))

    def within(self, table: FromClause) -> ColumnElement[bool]:
        """Whether a row's repository is in scope."""
        if self.only is None or "repository_id" not in table.c:
            return true()
        return table.c.repository_id.in_(self.only_numbers())

    def only_numbers(self) -> BindParameter[int]:
        """The ids of the repositories in scope, where it has only some."""
        # Written out rather than bound: a database takes some ten thousand parameters at most.
        return bindparam("within", sorted(self.only or ()), expanding=True, literal_execute=True)

    def holds(
        self, table: FromClause, owner_id: ColumnElement[int] | None = None
    ) -> ColumnElement[bool]:
        """Whether a row holds as of its owner's scan.

        ``owner_id`` is the owner as another table has it, to which this one is joined: where its
        own column is named, SQLite may look through all rows of the owner for each row of the other.
        """
        if not self.scans:
            return false()
        owner = table.c.owner_id if owner_id is None else owner_id
        if all(self.last.get(o) == s for o, s in self.scans.items()):
            # No later scan has closed or opened a row: a condition that is soon made and read.
            return and_(owner.in_(self.scans), table.c.closed == tables.OPEN)
        if len(self.scans) <= _FEW:
            return or_(
                *(
                    and_(owner == o, table.c.opened <= s, table.c.closed > s)
                    for o, s in self.scans.items()
                )
            )
        at = case(self.scans, value=owner)
        return and_(owner.in_(self.scans), table.c.opened <= at, table.c.closed > at)

    def at(self, owner_id: int) -> datetime:
        """When the owner's scan was."""
        return self.started[self.scans[owner_id]]

    def before(self, owner_id: int, scan_id: int) -> int:
        """The owner's finished scan before another scan; 0 if there is none."""
        return _before(self.finished.get(owner_id, []), scan_id)

    def before_oldest(self, owner_id: int) -> int:
        """The owner's pruned scan before the oldest one that is kept; 0 if none was pruned."""
        return _before(self.ended.get(owner_id, []), min(self.finished.get(owner_id, [0])))

    def start(self, owner_id: int, since: int | datetime | None) -> int:
        """The scan after which something is new: the one given, the owner's last one begun by a
        moment (its first where none was), or the one before; 0 where there is none.
        """
        if isinstance(since, datetime):
            ids = self.finished.get(owner_id, [])
            return max((i for i in ids if self.started[i] <= since), default=min(ids, default=0))
        return self.before(owner_id, self.scans[owner_id]) if since is None else since

    def last_seen(self, owner_id: int, lost_in: int | None) -> datetime:
        """When something was last seen; ``lost_in`` is the scan since which it has not been
        re-checked, None where it has.
        """
        if lost_in is None:
            return self.at(owner_id)
        return self.started[_before(self.ended.get(owner_id, []), lost_in) or lost_in]


def _before(ids: list[int], scan_id: int) -> int:
    place = bisect_left(ids, scan_id)
    return ids[place - 1] if place else 0


class Scoped(Connected):
    """A store that reads all repositories, or some."""

    _asked: frozenset[tuple[str, str]] | None = None

    def narrowed(self, repositories: Iterable[tuple[str, str]]) -> Self:
        """The same store for these (owner, repository) alone; what concerns an owner as a whole
        is left out.
        """
        narrow = copy.copy(self)
        narrow._asked = frozenset((owner.lower(), name.lower()) for owner, name in repositories)
        return narrow

    def scope(
        self,
        connection: Connection,
        owner: str | None,
        scan: int | None,
        timeline: Timeline = Timeline.SCAN,
    ) -> AsOf:
        """The scope of an owner (all, if None) as of a scan: see `scope_of`."""
        found = scope_of(connection, owner, scan, timeline)
        if self._asked is None:
            return found
        table = tables.repository
        keys = {o: login.lower() for o, login in found.logins.items()}
        rows = connection.execute(select(table.c.id, table.c.owner_id, table.c.key))
        mine = (r.id for r in rows if (keys.get(r.owner_id, ""), r.key) in self._asked)
        return replace(found, only=frozenset(mine))


def scope_of(
    connection: Connection,
    owner: str | None,
    scan: int | None,
    timeline: Timeline = Timeline.SCAN,
) -> AsOf:
    """The scope of an owner (all, if None) as of a scan (the newest finished, if None) of one
    timeline.

    An owner or a scan that is not known is a StoreError; a store without scans is not.
    """
    rows = _scans(connection, owner, timeline)
    if owner is not None and not rows:
        every = _scans(connection, None, timeline)
        raise not_scanned(owner, sorted({row.login for row in every if row.listed}))
    if scan is not None and all(row.id != scan or not row.listed for row in rows):
        raise StoreError(f"There is no finished scan {scan}.", "Choose one of the list of scans.")
    ids: dict[int, list[int]] = {}
    ended: dict[int, list[int]] = {}
    for row in rows:
        if row.finished is not None:
            ended.setdefault(row.owner_id, []).append(row.id)
        if row.listed:
            ids.setdefault(row.owner_id, []).append(row.id)
    newest = {
        o: max((i for i in found if scan is None or i <= scan), default=0)
        for o, found in ids.items()
    }
    return AsOf(
        scans={o: s for o, s in newest.items() if s},
        finished=ids,
        ended=ended,
        last={row.owner_id: row.id for row in rows},
        logins={row.owner_id: row.login for row in rows},
        started={row.id: row.started for row in rows},
    )


def _scans(connection: Connection, owner: str | None, timeline: Timeline) -> Sequence[Row[Any]]:
    """All scans of a timeline, oldest first; ``listed`` are finished and not pruned."""
    table, own = tables.scan, tables.owner
    wanted = [own.c.timeline == timeline]
    if owner is not None:
        wanted.append(own.c.key == owner.lower())
    return connection.execute(
        select(
            table.c.id,
            table.c.owner_id,
            table.c.started,
            table.c.finished,
            (table.c.finished.is_not(None) & ~table.c.pruned).label("listed"),
            own.c.login,
        )
        .join(own)
        .where(*wanted)
        .order_by(table.c.id)
    ).all()


def has_timeline(connection: Connection, owner: str, timeline: Timeline) -> bool:
    """Whether anything of a timeline is stored of an owner."""
    own = tables.owner
    mine = select(own.c.id).where(own.c.key == owner.lower(), own.c.timeline == timeline)
    return connection.execute(mine).first() is not None


def repository_id(connection: Connection, scope: AsOf, name: str) -> int:
    """The number of a repository of the scope: its name, or ``owner/name`` where the scope has
    several owners. StoreError where it is not known.
    """
    table = tables.repository
    owner, plain = "", name.lower()
    if len(scope.scans) > 1 and "/" in plain:
        owner, _, plain = plain.partition("/")
    owners = [o for o in scope.scans if not owner or scope.logins[o].lower() == owner]
    statement = select(func.max(table.c.id)).where(
        table.c.key == plain, table.c.owner_id.in_(owners)
    )
    found = connection.scalar(statement)
    if found is None or not name:
        raise StoreError(f"No repository {name} is stored.", "Choose one of the list.")
    return int(found)
