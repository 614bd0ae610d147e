"""Opens, updates and closes rows of findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, insert, literal, select

from audits.store.chunks import chunks
from audits.store.schema.codes import CHANGED, FIXED, NOT_RECHECKED, SEEN
from audits.store.schema.tables import OPEN, finding
from audits.store.write.intervals import Batch, RepositoryKey, value_columns

Key = tuple[int, str, int]


class Findings(Struct, frozen=True, kw_only=True):
    """A repository's findings after a scan: those not re-checked, all that are open, and the
    rules of those whose acceptance came or went.
    """

    unchecked: tuple[tuple[int, str, int], ...]
    open: tuple[Mapping[str, Any], ...]
    reaccepted: frozenset[int] = frozenset()


def sync_findings(
    batch: Batch,
    place: RepositoryKey,
    rows: Sequence[Mapping[str, Any]],
    looked: Callable[[Row[Any]], bool],
    how: Callable[[Row[Any]], int] = lambda _: FIXED,
) -> Findings:
    """Bring a repository's open findings up to date with those of an audit. ``looked`` says
    whether a fault was looked for again, so that its absence means fixed; ``how`` says how it
    was fixed, as a code of `FIX_WORDS`.
    """
    held = {_key(row): row for row in batch.held(finding, place.repository_id)}
    wanted = {key_of(row): row for row in rows}
    opened: list[Mapping[str, Any]] = []
    changed: list[Row[Any]] = []
    fixed: list[Row[Any]] = []
    unchecked: list[Key] = []
    still: list[Mapping[str, Any]] = list(rows)
    for key, row in held.items():
        if key in wanted:
            replacement = {**wanted[key], "first": row.first, "ended": 0}
        elif looked(row):
            fixed.append(row)
            continue
        else:
            unchecked.append(key)
            replacement = {**_values(row), "state": NOT_RECHECKED, "ended": 0}
            still.append(replacement)
        if replacement != _values(row):
            changed.append(row)
            opened.append(replacement)
    new = [key for key in wanted if key not in held]
    first = _first_seen(batch, place, new)
    opened += [{**wanted[k], "first": first.get(k, place.scan_id), "ended": 0} for k in new]
    for ended, gone in ((CHANGED, changed), *((how(row), [row]) for row in fixed)):
        batch.close(finding, place, gone, ended=ended)
    batch.open(finding, place, opened)
    return Findings(
        unchecked=tuple(unchecked), open=tuple(still), reaccepted=_reaccepted(held, wanted)
    )


def _reaccepted(
    held: Mapping[Key, Row[Any]], wanted: Mapping[Key, Mapping[str, Any]]
) -> frozenset[int]:
    """The rules of findings whose acceptance came or went."""
    both = held.keys() & wanted.keys()
    return frozenset(k[0] for k in both if bool(held[k].accepted) != wanted[k]["accepted"])


def key_of(row: Mapping[str, Any]) -> Key:
    """The key of a repository's finding: rows with the same key are the same finding."""
    return (row["rule_id"], row["fingerprint"], row["ordinal"])


def _key(row: Row[Any]) -> Key:
    return (row.rule_id, row.fingerprint, row.ordinal)


def _values(row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in value_columns(finding)}


def _first_seen(batch: Batch, place: RepositoryKey, keys: Sequence[Key]) -> dict[Key, int]:
    """The scans that saw returning findings first."""
    found: dict[Key, int] = {}
    if place.repository_id not in batch.known:
        return found
    columns = (finding.c.rule_id, finding.c.fingerprint, finding.c.ordinal, finding.c.first)
    for part in chunks(sorted({key[1] for key in keys})):
        statement = select(*columns).where(
            finding.c.repository_id == place.repository_id, finding.c.fingerprint.in_(part)
        )
        for rule, fingerprint, ordinal, first in batch.connection.execute(statement):
            key = (rule, fingerprint, ordinal)
            found[key] = min(first, found.get(key, first))
    return found


def mark_not_rechecked(connection: Connection, scan_id: int, repository_ids: Sequence[int]) -> None:
    """Mark the open findings of repositories that were not reached as not re-checked."""
    copied = [c for c in finding.c if c.name not in {"id", "opened", "closed", "state", "ended"}]
    for part in chunks(repository_ids):
        seen = (
            finding.c.repository_id.in_(part)
            & (finding.c.closed == OPEN)
            & (finding.c.state == SEEN)
        )
        copies = select(
            *copied, literal(scan_id), literal(OPEN), literal(NOT_RECHECKED), literal(0)
        ).where(seen, finding.c.opened < scan_id)
        # The copies are made before the originals are closed, and with another state, so that
        # the update below leaves them alone.
        names = [*(c.name for c in copied), "opened", "closed", "state", "ended"]
        connection.execute(insert(finding).from_select(names, copies))
        fresh = seen & (finding.c.opened == scan_id)
        connection.execute(finding.update().where(fresh).values(state=NOT_RECHECKED))
        connection.execute(finding.update().where(seen).values(closed=scan_id, ended=CHANGED))
