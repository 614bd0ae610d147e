"""Changes of scores, each written down with its cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from audits.model.outcome import Outcome
from audits.store import tables
from audits.store.cause import Difference
from audits.store.codec import loads, unpack
from audits.store.facts import Listing
from audits.store.intervals import Change, Place
from audits.store.names import Names
from audits.store.sight import covers
from audits.store.words import OUTCOMES

_UNKNOWN = OUTCOMES[Outcome.UNKNOWN]
_NONE = OUTCOMES[Outcome.NOT_APPLICABLE]


def note_change(
    connection: Connection,
    place: Place,
    changes: Mapping[str, Change],
    names: Names,
    held: Row[Any] | None,
) -> None:
    """Write why a repository's points or grade changed, if they did."""
    score = changes["score"]
    if held is None or not score.closed or not score.opened:
        return
    before, after = score.closed[0], score.opened[0]
    if (before.points, before.grade) == (after["points"], after["grade"]):
        return
    outcomes = _moved(changes["result"])
    facts = changes["facts"].opened[0] if changes["facts"].opened else held._mapping
    # A check that costs nothing, before or after, moved nothing; where none does, what changed
    # is what was seen.
    changed = _costs(changes["deduction"]) or sorted(outcomes)
    difference = Difference(
        policy=before.policy != after["policy"], tier=before.tier != after["tier"],
        files=_files_differ(connection, held.source_id, facts["source_id"]),
        index=held.index_id != facts["index_id"],
        settings=_texts(connection, held.settings_id, facts["settings_id"]),
        accepted=before.accepted != after["accepted"],
        lost_or_found=bool(outcomes) and all(_UNKNOWN in pair for pair in outcomes.values()),
    )  # fmt: skip
    words = {number: name for name, number in names.rules.items()}
    table = tables.score_change
    connection.execute(table.delete().where(
        table.c.repository_id == place.repository_id, table.c.scan_id == place.scan_id
    ))  # fmt: skip
    connection.execute(table.insert().values(
        owner_id=place.owner_id, repository_id=place.repository_id, scan_id=place.scan_id,
        before=before.points, after=after["points"], grade_before=before.grade,
        grade_after=after["grade"], cause=difference.cause(),
        checks="|".join(words[number] for number in changed if number in words),
    ))  # fmt: skip


def _moved(change: Change) -> dict[int, tuple[int, int]]:
    """Outcomes before and after, by rule, where they differ."""
    before = {row.rule_id: row.outcome for row in change.closed}
    after = {row["rule_id"]: row["outcome"] for row in change.opened}
    pairs = {k: (before.get(k, _NONE), after.get(k, _NONE)) for k in before.keys() | after.keys()}
    return {rule: pair for rule, pair in pairs.items() if pair[0] != pair[1]}


def _costs(change: Change) -> list[int]:
    """Rules whose deductions changed, those that changed most first."""
    before = _sums((row.rule_id, row.points) for row in change.closed)
    after = _sums((row["rule_id"], row["points"]) for row in change.opened)
    moved = {
        rule: abs(after.get(rule, 0.0) - before.get(rule, 0.0))
        for rule in before.keys() | after.keys()
    }
    return sorted((rule for rule in moved if moved[rule]), key=lambda rule: (-moved[rule], rule))


def _sums(pairs: Iterable[tuple[int, float]]) -> dict[int, float]:
    sums: dict[int, float] = {}
    for rule, points in pairs:
        sums[rule] = sums.get(rule, 0.0) + points
    return sums


def _texts(connection: Connection, one: int, other: int) -> tuple[str, str] | None:
    """Two packed texts; None where they are the same."""
    return None if one == other else (_text(connection, one), _text(connection, other))


def _text(connection: Connection, number: int) -> str:
    table = tables.content
    found = connection.execute(select(table.c.data).where(table.c.id == number))
    return unpack(found.scalar_one())


def _files_differ(connection: Connection, one: int, other: int) -> bool:
    """Whether files changed that could be read both times."""
    texts = _texts(connection, one, other)
    if texts is None:
        return False
    before, after = (loads(Listing, text) for text in texts)
    gaps = [gap for gap in (*before.gaps, *after.gaps) if gap.subject]
    differing = {path for path, _ in set(before.files) ^ set(after.files)}
    remote = before.remote != after.remote
    return remote or any(not any(covers(gap, path) for gap in gaps) for path in differing)
