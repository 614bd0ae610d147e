"""Writes changes of scores with their causes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, select

from audits.model.causes import Cause, rules_cause
from audits.model.evidence import Advisory, AdvisoryList
from audits.model.outcome import Outcome
from audits.store.schema import tables
from audits.store.schema.codes import OUTCOMES
from audits.store.schema.tables import OPEN
from audits.store.serialize import Json, loads, unpack
from audits.store.snapshots import Advisories, Listing
from audits.store.write.ids import Ids
from audits.store.write.intervals import Batch, Change, RepositoryKey
from audits.store.write.record import AuditRecord
from audits.store.write.recording import Recording
from audits.store.write.score_causes import CONTENT, Difference, Differs, compared
from audits.store.write.visibility import covers

_UNKNOWN = OUTCOMES[Outcome.UNKNOWN]
_NONE = OUTCOMES[Outcome.NOT_APPLICABLE]


class Noted(Struct, frozen=True, kw_only=True):
    """What an audit changed in a repository's rows, by table. ``held`` is the row of its packed
    facts before; ``reaccepted`` are the rules of findings whose acceptance came or went.
    """

    changes: Mapping[str, Change]
    names: Ids
    held: Row[Any]
    reaccepted: frozenset[int]


class _Moved(Struct, frozen=True, kw_only=True):
    """A score before and after, the outcomes that differ by rule, and the rules that changed it,
    the largest change first.
    """

    before: Row[Any]
    after: Mapping[str, Any]
    outcomes: Mapping[int, tuple[int, int]]
    crashed: frozenset[int]
    rules: list[int]


def note_change(
    batch: Batch, recording: Recording, place: RepositoryKey, record: AuditRecord, noted: Noted
) -> None:
    """Write the change of a repository's points or grade with its causes, if there is one."""
    score = noted.changes["score"]
    if not score.closed or not score.opened:
        return
    before, after = score.closed[0], score.opened[0]
    if (before.points, before.grade) == (after["points"], after["grade"]):
        return
    moved = _moved(before, after, noted.changes)
    causes = _causes(batch, recording, place, record, noted, moved)
    words = {number: name for name, number in noted.names.rules.items()}
    table = tables.score_change
    batch.connection.execute(
        table.delete().where(
            table.c.repository_id == place.repository_id, table.c.scan_id == place.scan_id
        )
    )
    batch.connection.execute(
        table.insert().values(
            owner_id=place.owner_id,
            repository_id=place.repository_id,
            scan_id=place.scan_id,
            before=before.points,
            after=after["points"],
            grade_before=before.grade,
            grade_after=after["grade"],
            cause="; ".join(causes),
            checks="|".join(words[number] for number in moved.rules if number in words),
        )
    )


def _causes(
    batch: Batch,
    recording: Recording,
    place: RepositoryKey,
    record: AuditRecord,
    noted: Noted,
    moved: _Moved,
) -> tuple[Cause, ...]:
    """The causes of a change: first those in what was audited, then rules or platform."""
    before, after = moved.before, moved.after
    if not before.rules or not after["rules"]:
        return (Cause.UNREAD,)  # an audit without rules judged nothing
    found = _difference(batch, recording, place, record, noted, moved).cause()
    rules = rules_cause(before.rules, after["rules"])
    if before.policy != after["policy"]:
        rules = Cause.RULES
    if rules is None:
        return (found,)
    return (found, rules) if found in CONTENT else (rules,)


def _moved(before: Row[Any], after: Mapping[str, Any], changes: Mapping[str, Change]) -> _Moved:
    result = changes["result"]
    was = {row.rule_id: row.outcome for row in result.closed}
    now = {row["rule_id"]: row["outcome"] for row in result.opened}
    pairs = {rule: (was.get(rule, _NONE), now.get(rule, _NONE)) for rule in was.keys() | now.keys()}
    outcomes = {rule: pair for rule, pair in pairs.items() if pair[0] != pair[1]}
    crashed = {row.rule_id for row in result.closed if row.crash}
    crashed |= {row["rule_id"] for row in result.opened if row["crash"]}
    # Only rules whose deductions differ changed the points; where none did, other outcomes
    # changed the grade.
    rules = _costs(changes["deduction"]) or sorted(outcomes)
    return _Moved(
        before=before, after=after, outcomes=outcomes, crashed=frozenset(crashed), rules=rules
    )


def _difference(
    batch: Batch,
    recording: Recording,
    place: RepositoryKey,
    record: AuditRecord,
    noted: Noted,
    moved: _Moved,
) -> Difference:
    """What differs in all that a score depends on."""
    held, facts = noted.held, _facts(noted)
    listings = _listings(batch.connection, held.source_id, facts["source_id"])
    since = _since(batch, recording, place)
    used = _used(batch, place, record)
    references = _references(batch.connection, place.owner_id, since, used)
    outcomes = moved.outcomes.values()
    return Difference(
        tier=moved.before.tier != moved.after["tier"],
        files=_files_differ(*listings),
        gaps=_gaps_differ(*listings),
        settings=_compared(batch.connection, held.settings_id, facts["settings_id"]),
        index=_index(batch.connection, held.index_id, facts["index_id"]),
        references=max(references, _called(*listings), key=lambda d: d.value),
        advisories=_advisories(batch.connection, recording, record, since, used),
        accepted=bool(moved.rules) and noted.reaccepted.issuperset(moved.rules),
        crashed=not moved.crashed.isdisjoint(moved.rules),
        lost_or_found=bool(outcomes) and all(_UNKNOWN in pair for pair in outcomes),
        program=recording.is_other_program,
    )


def _facts(noted: Noted) -> Mapping[str, Any]:
    opened = noted.changes["facts"].opened
    return opened[0] if opened else dict(noted.held._mapping)


def _since(batch: Batch, recording: Recording, place: RepositoryKey) -> int:
    """The owner's last finished scan that reached the repository."""
    lost = batch.held(tables.unreached, place.repository_id)
    return min([recording.before, *(int(row.opened) - 1 for row in lost)])


def _used(batch: Batch, place: RepositoryKey, record: AuditRecord) -> set[tuple[str, str]]:
    """The actions that the repository used before and still uses, as (slug, ref)."""
    before = {(row.slug, row.ref) for row in batch.held(tables.action_use, place.repository_id)}
    return before & {(row["slug"], row["ref"]) for row in record.families["action_use"]}


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


def _text(connection: Connection, number: int) -> str:
    table = tables.content
    found = connection.execute(select(table.c.data).where(table.c.id == number))
    return unpack(found.scalar_one())


def _value(connection: Connection, number: int) -> Json:
    return json.loads(_text(connection, number))["value"]


def _compared(connection: Connection, one: int, other: int) -> Differs:
    if one == other:
        return Differs.SAME
    return compared(_value(connection, one), _value(connection, other))


def _index(connection: Connection, one: int, other: int) -> Differs:
    """How the indexes' evidence differs, for packages that were asked for both times."""
    if one == other:
        return Differs.SAME
    before, after = _value(connection, one), _value(connection, other)
    if not isinstance(before, list) or not isinstance(after, list):
        return Differs.VISIBILITY
    was, now = ({str(key): found for key, found in part} for part in (before, after))
    both = [compared(was[key], now[key]) for key in was.keys() & now.keys()]
    return max(both, key=lambda differs: differs.value, default=Differs.SAME)


def _references(
    connection: Connection, owner_id: int, since: int, used: set[tuple[str, str]]
) -> Differs:
    """How what refs of actions resolve to differs from an earlier scan."""
    table = tables.reference
    statement = select(table).where(
        table.c.owner_id == owner_id,
        table.c.closed > since,
        table.c.slug.in_({slug for slug, _ in used}),
    )
    was: dict[tuple[str, str], Json] = {}
    now: dict[tuple[str, str], Json] = {}
    for row in connection.execute(statement):
        if row.opened <= since:
            was[(row.slug, row.ref)] = json.loads(row.value)
        if row.closed == OPEN:
            now[(row.slug, row.ref)] = json.loads(row.value)
    both = [compared(was[key], now[key]) for key in used & was.keys() & now.keys()]
    return max(both, key=lambda differs: differs.value, default=Differs.SAME)


def _advisories(
    connection: Connection,
    recording: Recording,
    record: AuditRecord,
    since: int,
    used: set[tuple[str, str]],
) -> Differs:
    """How the advisories for the actions in use differ from those of an earlier scan."""
    table, content = tables.owner_facts, tables.content
    held = (
        select(content.c.data)
        .join(table, table.c.advisories_id == content.c.id)
        .where(
            table.c.owner_id == recording.owner_id, table.c.opened <= since, table.c.closed > since
        )
    )
    data = connection.scalar(held)
    known = record.advisories or recording.advisories
    if data is None or known is None:
        return Differs.VISIBILITY
    slugs = {slug.lower() for slug, _ in used}
    before = loads(Advisories, unpack(data)).value
    if before is None:
        return Differs.VISIBILITY
    return Differs.SAME if _of(before, slugs) == _of(known, slugs) else Differs.CONTENT


def _of(advisories: AdvisoryList, slugs: set[str]) -> set[Advisory]:
    """The advisories for these repositories of actions."""
    return {
        advisory
        for advisory in advisories.advisories
        if "/".join(advisory.package.lower().split("/")[:2]) in slugs
    }


def _listings(connection: Connection, one: int, other: int) -> tuple[Listing, Listing]:
    before = loads(Listing, _text(connection, one))
    return before, before if one == other else loads(Listing, _text(connection, other))


def _files_differ(before: Listing, after: Listing) -> bool:
    """Whether the repository's own files changed, as far as they were read both times."""
    return _entries_differ(dict(before.files), dict(after.files), before, after)


def _called(before: Listing, after: Listing) -> Differs:
    """Whether files of other repositories that the repository calls changed."""
    was, now = ({key: oid for key, (_, oid) in part.remote.items()} for part in (before, after))
    differ = _entries_differ(was, now, before, after)
    return Differs.CONTENT if differ else Differs.SAME


def _entries_differ(
    was: Mapping[str, str], now: Mapping[str, str], before: Listing, after: Listing
) -> bool:
    gaps = [gap for gap in (*before.gaps, *after.gaps) if gap.subject]
    changed = any(was[path] != now[path] for path in was.keys() & now.keys())
    only_once = was.keys() ^ now.keys()
    return changed or any(not any(covers(gap, path) for gap in gaps) for path in only_once)


def _gaps_differ(before: Listing, after: Listing) -> bool:
    """Whether something of the repository was read in one of the scans only."""
    was, now = (
        {(gap.subject, gap.reason) for gap in part.gaps if not gap.optional}
        for part in (before, after)
    )
    return was != now
