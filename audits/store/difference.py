"""Compares the findings of two scans, reading only rows that changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    func,
    select,
    true,
)

from audits.model.query import FindingCounts
from audits.store.chunks import chunks
from audits.store.schema.codes import GONE, NOT_RECHECKED
from audits.store.schema.tables import OPEN, finding, scan

_earlier, _later = finding.alias("earlier"), finding.alias("later")

Number = int | ColumnElement[int]

_NEWEST = OPEN - 1
"""Stands for the newest scan of any owner: no scan has this id."""


def _same(other: FromClause, scan_id: Number) -> ColumnElement[bool]:
    """A row of the same finding holds as of a scan."""
    names = ("repository_id", "rule_id", "fingerprint", "ordinal")
    same = and_(*(other.c[name] == finding.c[name] for name in names))
    held = and_(other.c.opened <= scan_id, other.c.closed > scan_id)
    return exists(select(other.c.id).where(same, held))


def appeared(owner_id: Number, before: Number, scan_id: Number) -> ColumnElement[bool]:
    """Open as of the scan and not as of the one before."""
    return and_(
        finding.c.owner_id == owner_id,
        finding.c.opened > before,
        finding.c.opened <= scan_id,
        finding.c.closed > scan_id,
        ~_same(_earlier, before),
    )


def vanished(owner_id: Number, before: Number, scan_id: Number) -> ColumnElement[bool]:
    """Open as of the scan before, and fixed since; a repository that is gone fixed nothing."""
    return and_(
        finding.c.owner_id == owner_id,
        finding.c.ended != GONE,
        finding.c.closed > before,
        finding.c.closed <= scan_id,
        finding.c.opened <= before,
        ~_same(_later, scan_id),
    )


def no_longer_seen(owner_id: Number, before: Number, scan_id: Number) -> ColumnElement[bool]:
    """Not re-checked as of the scan, and not so as of the one before."""
    return and_(
        finding.c.owner_id == owner_id,
        finding.c.opened > before,
        finding.c.opened <= scan_id,
        finding.c.closed > scan_id,
        finding.c.state == NOT_RECHECKED,
    )


def scored() -> ColumnElement[bool]:
    """Findings of releases: not the owner's, nor those that only ``--all`` looks at."""
    return and_(finding.c.in_release, ~finding.c.on_owner)


def is_new(before: Number) -> ColumnElement[bool]:
    """Never seen before, rather than back."""
    return finding.c.first > before


def counts(
    connection: Connection,
    owner_id: int,
    before: int,
    scan_id: int,
    within: ColumnElement[bool] | None = None,
) -> FindingCounts:
    """Count what changed between two scans of an owner, in all findings or in some; nothing
    where there is no scan ``before``.
    """
    if not before:
        return FindingCounts()
    found = {
        name: connection.scalar(
            select(func.count())
            .select_from(finding)
            .where(moved, scored(), true() if within is None else within)
        )
        for name, moved in _moved(owner_id, before, scan_id).items()
    }
    return FindingCounts(**{name: int(count or 0) for name, count in found.items()})


def counts_of_owners(
    connection: Connection,
    befores: Mapping[int, int],
    scans: Mapping[int, int],
    within: ColumnElement[bool],
) -> FindingCounts:
    """The sums of `counts` over several owners: from scans ``befores`` to ``scans``, by owner."""
    pairs = [(befores[owner], at) for owner, at in scans.items() if befores.get(owner)]
    found = dict.fromkeys(FindingCounts.__struct_fields__, 0)
    for part in chunks(pairs):
        first = min(before for before, _ in part)
        numbers = {"befores": [before for before, _ in part], "ats": [at for _, at in part]}
        for name, statement in _of_pairs(first).items():
            found[name] += int(connection.scalar(statement.where(within), numbers) or 0)
    return FindingCounts(**found)


def newest_counts(connection: Connection, befores: Iterable[int]) -> dict[int, FindingCounts]:
    """Count, by owner, what changed since these scans, which are one of each owner."""
    found: dict[int, dict[str, int]] = {}
    for part in chunks(befores):
        for name, statement in _newest().items():
            at = {"befores": part, "first": min(part)}
            for owner_id, count in connection.execute(statement, at):
                found.setdefault(owner_id, {})[name] = count
    return {owner_id: FindingCounts(**by_name) for owner_id, by_name in found.items()}


def _moved(owner_id: Number, before: Number, scan_id: Number) -> dict[str, ColumnElement[bool]]:
    """What is counted, by its name in `FindingCounts`."""
    came = appeared(owner_id, before, scan_id)
    return {
        "new": came & is_new(before),
        "fixed": vanished(owner_id, before, scan_id),
        "reopened": came & ~is_new(before),
        "not_rechecked": no_longer_seen(owner_id, before, scan_id),
    }


def _of_pairs(first: Number) -> dict[str, Select[Any]]:
    """A statement for each count, from scans ``befores`` to scans ``ats``, one of each owner."""
    before, at = scan.alias("before"), scan.alias("at")
    both = and_(
        before.c.id.in_(bindparam("befores", expanding=True)),
        at.c.id.in_(bindparam("ats", expanding=True)),
        at.c.owner_id == before.c.owner_id,
        scored(),
    )
    counted = select(func.count()).select_from(finding).where(both)
    moved = _moved(before.c.owner_id, before.c.id, at.c.id)
    return {name: counted.where(by, _later_than(first, name)) for name, by in moved.items()}


def _later_than(first: Number, name: str) -> ColumnElement[bool]:
    """A bound that adds nothing but speed: by a plain number the database can use its index."""
    return finding.c["closed" if name == "fixed" else "opened"] > first


@cache
def _newest() -> dict[str, Select[Any]]:
    """A statement for each count, for many owners at once; built once."""
    before = scan.alias("before")
    counted = select(finding.c.owner_id, func.count()).group_by(finding.c.owner_id)
    counted = counted.where(before.c.id.in_(bindparam("befores", expanding=True)), scored())
    moved = _moved(before.c.owner_id, before.c.id, _NEWEST)
    first: ColumnElement[int] = bindparam("first")
    return {name: counted.where(by, _later_than(first, name)) for name, by in moved.items()}
