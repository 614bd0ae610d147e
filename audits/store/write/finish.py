"""Finishes scans: stores their sums, and what changed in rules and evidence since the last ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    Connection,
    Row,
    Select,
    Update,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from audits.model.causes import Cause, rules_cause
from audits.model.rows import ScanRow
from audits.model.source import GapReason
from audits.store.chunks import chunks
from audits.store.schema import tables
from audits.store.schema.tables import OPEN
from audits.store.serialize import dumps, pack
from audits.store.totals import Totals, totals_of
from audits.store.write.recording import Recording


class Missed(Struct, frozen=True, kw_only=True):
    """The gaps of one scan: ``asked`` counts what was asked for and not read, ``crashed`` those
    of them that are faults of this program.

    ``unrecognized`` counts all jobs of the owner that look like a release and are not
    understood, also of repositories that an earlier scan read.
    """

    asked: int = 0
    crashed: int = 0
    unrecognized: int = 0


class Finished(Struct, frozen=True, kw_only=True):
    """A finished scan, its sums, and the number of its owner's scan before, 0 if none."""

    scan: ScanRow
    totals: Totals
    before: int
    missed: Missed = Missed()


def close_scans(
    connection: Connection, recordings: Sequence[Recording], finished: datetime
) -> list[Finished]:
    """Write the sums of scans and finish them; their rows are never written again."""
    ends: dict[int, Row[Any]] = {}
    for part in chunks(recording.scan_id for recording in recordings):
        ends |= {row.id: row for row in connection.execute(_ending(), {"scans": part})}
    totals = totals_of(connection, {row.owner_id: row.before or 0 for row in ends.values()})
    missed = _missed(connection, recordings)
    closed = [
        replace(
            _finished(recording, ends[recording.scan_id], totals[recording.owner_id], finished),
            missed=missed[recording.owner_id],
        )
        for recording in recordings
    ]
    connection.execute(_closing(), [_row(each) for each in closed])
    for part in chunks(recording.owner_id for recording in recordings):
        _forget_progress(connection, part)
    return closed


def _missed(connection: Connection, recordings: Sequence[Recording]) -> dict[int, Missed]:
    """Count, by owner, the gaps of owners and of the repositories that these scans recorded.

    Gaps of other repositories are an earlier scan's.
    """
    gap = tables.gap
    done = {recording.owner_id: recording.done for recording in recordings}
    named = (gap.c.owner_id, gap.c.repository_id, gap.c.reason, gap.c.optional)
    asked: Counter[int] = Counter()
    crashed: Counter[int] = Counter()
    unrecognized: Counter[int] = Counter()
    for part in chunks(done):
        holds = gap.c.owner_id.in_(part) & (gap.c.closed == OPEN)
        counted = select(*named, func.count()).where(holds).group_by(*named)
        for owner, number, reason, optional, count in connection.execute(counted):
            unrecognized[owner] += count if reason == GapReason.UNRECOGNIZED else 0
            if number in done[owner]:
                asked[owner] += 0 if optional else count
                crashed[owner] += count if reason == GapReason.CRASHED else 0
    return {
        owner: Missed(asked=asked[owner], crashed=crashed[owner], unrecognized=unrecognized[owner])
        for owner in done
    }


def _finished(recording: Recording, row: Row[Any], totals: Totals, finished: datetime) -> Finished:
    # The highest tier of any repository's evidence is known only now.
    tier = max(row.tier, row.highest or 0)
    scan = ScanRow(
        id=row.id,
        owner=recording.owner,
        source=row.source,
        started=row.started,
        finished=finished,
        tool_version=row.tool_version,
        policy=row.policy,
        tier=tier,
        repositories=row.reached,
        not_reached=row.lost,
        changed=tuple(_changed(row, tier)),
        as_of=row.as_of,
        rules=row.rules,
    )
    return Finished(scan=scan, totals=totals, before=row.before or 0)


def _row(closed: Finished) -> dict[str, Any]:
    scan = closed.scan
    return {
        "number": scan.id,
        "finished": scan.finished,
        "repositories": scan.repositories,
        "not_reached": scan.not_reached,
        "tier": scan.tier,
        "changed": "|".join(scan.changed),
        "totals": pack(dumps(Totals, closed.totals)),
    }


def forget_scan(connection: Connection, recording: Recording) -> None:
    """Delete a scan that recorded nothing, and its owner if nothing else is stored of it."""
    scan, owner = tables.scan, tables.owner
    unfinished = (scan.c.id == recording.scan_id) & scan.c.finished.is_(None)
    connection.execute(scan.delete().where(unfinished))
    others = [
        select(table.c.id).where(table.c.owner_id == recording.owner_id)
        for table in (scan, tables.repository)
    ]
    unknown = (owner.c.id == recording.owner_id) & ~or_(*(exists(other) for other in others))
    connection.execute(owner.delete().where(unknown))


@cache
def _ending() -> Select[Any]:
    """Scans with how many repositories each reached and did not reach, the highest tier of any
    repository, and the owner's scan before; built once.
    """
    scan, progress, unreached, score = tables.scan, tables.progress, tables.unreached, tables.score
    counted, earlier, last = select(func.count()), scan.alias("earlier"), scan.alias("last")
    mine = (progress.c.scan_id == scan.c.id) & progress.c.reached
    lost = (unreached.c.owner_id == scan.c.owner_id) & (unreached.c.closed == OPEN)
    held = (score.c.owner_id == scan.c.owner_id) & (score.c.closed == OPEN)
    done = (
        (earlier.c.owner_id == scan.c.owner_id)
        & earlier.c.finished.is_not(None)
        & (earlier.c.id < scan.c.id)
    )
    before = select(func.max(earlier.c.id)).where(done).scalar_subquery()
    return (
        select(
            scan,
            counted.select_from(progress).where(mine).scalar_subquery().label("reached"),
            counted.select_from(unreached).where(lost).scalar_subquery().label("lost"),
            select(func.max(score.c.tier)).where(held).scalar_subquery().label("highest"),
            last.c.id.label("before"),
            last.c.policy.label("policy_before"),
            last.c.rules.label("rules_before"),
            last.c.tier.label("tier_before"),
        )
        .outerjoin_from(scan, last, last.c.id == before)
        .where(scan.c.id.in_(bindparam("scans", expanding=True)))
    )


@cache
def _closing() -> Update:
    scan = tables.scan
    return scan.update().where(scan.c.id == bindparam("number"), scan.c.finished.is_(None))


def _forget_progress(connection: Connection, owners: Sequence[int]) -> None:
    """Delete progress, and what earlier scans of the owners left when they were killed."""
    scan, progress = tables.scan, tables.progress
    dead = select(scan.c.id).where(scan.c.owner_id.in_(owners))
    connection.execute(progress.delete().where(progress.c.scan_id.in_(dead)))


def _changed(row: Row[Any], tier: int) -> list[str]:
    """What the scan went by that differs from the owner's scan before."""
    if row.before is None:
        return []
    rules = rules_cause(row.rules_before, row.rules)
    differs = {
        "policy": row.policy_before != row.policy or rules is Cause.RULES,
        "platform": rules is Cause.PLATFORM,
        "token": row.tier_before != tier,
    }
    return [word for word, changed in differs.items() if changed]
