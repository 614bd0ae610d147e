"""Locks an owner for one scan at a time, by a row that the scan keeps fresh."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Update, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from audits.store.chunks import chunks
from audits.store.errors import StoreError
from audits.store.schema import tables
from audits.store.schema.tables import scan_lock

STALE = timedelta(minutes=15)
"""A lock without a sign of life for so long belongs to a scan that was killed elsewhere."""

_REUSED = timedelta(days=1)
"""After so long, a process with that number on this machine is taken for another one."""


def clear(connection: Connection, owner_id: int, owner: str) -> None:
    """Free the owner's lock from a scan that was killed; StoreError while another one runs."""
    held = connection.execute(
        select(scan_lock).where(scan_lock.c.owner_id == owner_id).with_for_update()
    ).first()
    if held is not None:
        now = _now(connection)
        if not _is_dead(held, now - held.beat):
            seconds = max(0, int((now - held.beat).total_seconds()))
            raise StoreError(
                f"Another scan of {owner} is running "
                f"(process {held.process} on {held.machine}, active {seconds} s ago).",
                "Wait until it has finished; a killed scan frees its place by itself.",
            )
        connection.execute(scan_lock.delete().where(scan_lock.c.owner_id == owner_id))


def clear_all(connection: Connection) -> None:
    """Free all locks from scans that were killed; StoreError while a scan of anybody runs."""
    own = tables.owner
    held = select(scan_lock.c.owner_id, own.c.login).join(own, own.c.id == scan_lock.c.owner_id)
    for row in connection.execute(held).all():
        clear(connection, row.owner_id, row.login)


def take(connection: Connection, scans: Mapping[int, int], owners: Sequence[str]) -> None:
    """Take the free locks of owners for ``scans``, which are given by owner; StoreError if another
    scan was first.
    """
    now = _now(connection)
    rows = [
        {
            "owner_id": owner_id,
            "scan_id": scan_id,
            "machine": platform.node(),
            "process": os.getpid(),
            "process_start": start_of(os.getpid()),
            "beat": now,
        }
        for owner_id, scan_id in scans.items()
    ]
    try:
        connection.execute(scan_lock.insert(), rows)
    except IntegrityError as error:
        whose = owners[0] if len(owners) == 1 else "one of these owners"
        raise StoreError(
            f"Another scan of {whose} has just begun.", "Wait until it has finished."
        ) from error


def beat(connection: Connection, owner_id: int, scan_id: int) -> None:
    """Renew the scan's lock; StoreError where another scan has taken it."""
    mine = {"owner": owner_id, "scan": scan_id, "now": _now(connection)}
    done = connection.execute(_sign(), mine)
    if done.rowcount != 1:
        raise _lost()


def hold(connection: Connection, scans: Mapping[int, int]) -> None:
    """Keep the locks of these scans, given by owner, until the transaction ends; StoreError
    where another scan has taken one.
    """
    held: dict[int, int] = {}
    for part in chunks(scans):
        locks = select(scan_lock.c.owner_id, scan_lock.c.scan_id).with_for_update()
        for row in connection.execute(locks.where(scan_lock.c.owner_id.in_(part))):
            held[row.owner_id] = row.scan_id
    if held != scans:
        raise _lost()


def free(connection: Connection, scans: Mapping[int, int]) -> None:
    """Release the locks of these scans, which are given by owner."""
    for part in chunks(scans):
        own = scan_lock.c.scan_id.in_([scans[owner] for owner in part])
        connection.execute(scan_lock.delete().where(scan_lock.c.owner_id.in_(part), own))


def _now(connection: Connection) -> datetime:
    """The time by the database server's clock: those of machines that scan into one PostgreSQL
    may differ by more than a lock's life. SQLite has no server and is used on one machine.
    """
    if connection.dialect.name != "postgresql":
        return datetime.now(UTC)
    # Not now(), which stands still in a transaction.
    at: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    return at.astimezone(UTC)


def _lost() -> StoreError:
    return StoreError(
        "This scan was silent for so long that another one took its place.",
        "Let the other one finish, then scan again.",
    )


@cache
def _sign() -> Update:
    lock = scan_lock.c
    mine = (lock.owner_id == bindparam("owner")) & (lock.scan_id == bindparam("scan"))
    return scan_lock.update().where(mine).values(beat=bindparam("now"))


def _is_dead(held: Row[Any], silence: timedelta) -> bool:
    if held.machine != platform.node():
        return silence > STALE
    if silence > _REUSED or not _runs(held.process):
        return True
    return bool(held.process_start) and start_of(held.process) not in {"", held.process_start}


def start_of(process: int) -> str:
    """When a process was started, in ticks since this machine's start, which has an id; "" where
    the system does not tell. A number alone is soon another process's on a busy machine.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: the 22nd, behind the name.
    started = fields.rpartition(")")[2].split()[19:20]
    return f"{boot} {started[0]}" if started else ""


def _runs(process: int) -> bool:
    if os.name != "posix":
        # Windows has no harmless signal: os.kill would end the process.
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
