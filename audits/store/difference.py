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


def appeared(owner_id: Number, before: Number, scan_id: int) -> ColumnElement[bool]:
    """Open as of the scan and not as of the one before."""
    return and_(
        finding.c.owner_id == owner_id,
        finding.c.opened > before,
        finding.c.opened <= scan_id,
        finding.c.closed > scan_id,
        ~_same(_earlier, before),
    )


def vanished(owner_id: Number, before: Number, scan_id: int) -> ColumnElement[bool]:
    """Open as of the scan before, and fixed since; a repository that is gone fixed nothing."""
    return and_(
        finding.c.owner_id == owner_id,
        finding.c.ended != GONE,
        finding.c.closed > before,
        finding.c.closed <= scan_id,
        finding.c.opened <= before,
        ~_same(_later, scan_id),
    )


def no_longer_seen(owner_id: Number, before: Number, scan_id: int) -> ColumnElement[bool]:
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
    found = [
        counts(connection, owner, befores.get(owner, 0), scan_id, within)
        for owner, scan_id in scans.items()
    ]
    names = FindingCounts.__struct_fields__
    return FindingCounts(**{name: sum(getattr(each, name) for each in found) for name in names})


def newest_counts(connection: Connection, befores: Iterable[int]) -> dict[int, FindingCounts]:
    """Count, by owner, what changed since these scans, which are one of each owner."""
    found: dict[int, dict[str, int]] = {}
    for part in chunks(befores):
        for name, statement in _newest().items():
            at = {"befores": part, "first": min(part)}
            for owner_id, count in connection.execute(statement, at):
                found.setdefault(owner_id, {})[name] = count
    return {owner_id: FindingCounts(**by_name) for owner_id, by_name in found.items()}


def _moved(owner_id: Number, before: Number, scan_id: int) -> dict[str, ColumnElement[bool]]:
    """What is counted, by its name in `FindingCounts`."""
    came = appeared(owner_id, before, scan_id)
    return {
        "new": came & is_new(before),
        "fixed": vanished(owner_id, before, scan_id),
        "reopened": came & ~is_new(before),
        "not_rechecked": no_longer_seen(owner_id, before, scan_id),
    }


@cache
def _newest() -> dict[str, Select[Any]]:
    """A statement for each count, for many owners at once; built once."""
    before = scan.alias("before")
    first: ColumnElement[int] = bindparam("first")
    counted = select(finding.c.owner_id, func.count()).group_by(finding.c.owner_id)
    counted = counted.where(before.c.id.in_(bindparam("befores", expanding=True)), scored())
    return {
        # The bound adds nothing but speed: by a plain number the database can use its index.
        name: counted.where(moved, finding.c["closed" if name == "fixed" else "opened"] > first)
        for name, moved in _moved(before.c.owner_id, before.c.id, _NEWEST).items()
    }
