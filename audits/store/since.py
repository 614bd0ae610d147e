"""What changed among findings between two scans, read from the rows that moved alone."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, func, select

from audits.store.tables import finding
from audits.store.words import NOT_RECHECKED

_earlier, _later = finding.alias("earlier"), finding.alias("later")


class Counts(Struct, frozen=True, kw_only=True):
    """How many findings are new, mended, back, or out of sight since another scan."""

    new: int = 0
    fixed: int = 0
    reopened: int = 0
    not_rechecked: int = 0


def _same(other: FromClause, scan_id: int) -> ColumnElement[bool]:
    """A row of the same finding holds as of a scan."""
    names = ("repository_id", "rule_id", "fingerprint", "ordinal")
    same = and_(*(other.c[name] == finding.c[name] for name in names))
    held = and_(other.c.opened <= scan_id, other.c.closed > scan_id)
    return exists(select(other.c.id).where(same, held))


def appeared(owner_id: int, before: int, scan_id: int) -> ColumnElement[bool]:
    """Open as of the scan and not as of the one before."""
    return and_(
        finding.c.owner_id == owner_id, finding.c.opened > before, finding.c.opened <= scan_id,
        finding.c.closed > scan_id, ~_same(_earlier, before),
    )  # fmt: skip


def vanished(owner_id: int, before: int, scan_id: int) -> ColumnElement[bool]:
    """Open as of the scan before, and mended since."""
    return and_(
        finding.c.owner_id == owner_id, finding.c.closed > before, finding.c.closed <= scan_id,
        finding.c.opened <= before, ~_same(_later, scan_id),
    )  # fmt: skip


def went_out_of_sight(owner_id: int, before: int, scan_id: int) -> ColumnElement[bool]:
    """Not re-checked as of the scan, and not so as of the one before."""
    return and_(
        finding.c.owner_id == owner_id, finding.c.opened > before, finding.c.opened <= scan_id,
        finding.c.closed > scan_id, finding.c.state == NOT_RECHECKED,
    )  # fmt: skip


def scored() -> ColumnElement[bool]:
    """Findings of releases: not the owner's, nor those that only ``--all`` looks at."""
    return and_(finding.c.in_release, ~finding.c.on_owner)


def is_new(before: int) -> ColumnElement[bool]:
    """Never seen before, rather than back."""
    return finding.c.first > before


def counts(connection: Connection, owner_id: int, before: int, scan_id: int) -> Counts:
    """Count the changes of a scan; none for an owner's first."""
    if not before:
        return Counts()

    def count(*conditions: ColumnElement[bool]) -> int:
        statement = select(func.count()).select_from(finding).where(*conditions, scored())
        return int(connection.scalar(statement) or 0)

    came = appeared(owner_id, before, scan_id)
    return Counts(
        new=count(came, is_new(before)), reopened=count(came, ~is_new(before)),
        fixed=count(vanished(owner_id, before, scan_id)),
        not_rechecked=count(went_out_of_sight(owner_id, before, scan_id)),
    )  # fmt: skip
