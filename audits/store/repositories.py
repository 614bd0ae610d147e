"""Writing what one repository's audit says, if it says anything new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from audits.model.score import Audit
from audits.model.source import Gap, Snapshot
from audits.store import tables
from audits.store.base import Connected
from audits.store.changes import note_change
from audits.store.codec import dumps, loads, unpack
from audits.store.details import Details, finding_key
from audits.store.facts import texts_of
from audits.store.findings import looked_again, lose_sight, sync_findings
from audits.store.intervals import Change, Place, current, sync
from audits.store.names import chunks
from audits.store.recording import Recording
from audits.store.references import keep_references
from audits.store.rows import gap_row, gaps_of
from audits.store.said import Said, learn, rules_of, said_by
from audits.store.tables import OPEN, SEVERITIES, unreached
from audits.store.uses import uses_of
from audits.store.words import GONE, title_of


def record_repository(store: Connected, recording: Recording, audit: Audit) -> bool:
    """Write one audit; returns whether anything had to be written."""
    snapshot, uses = audit.repository.snapshot, uses_of(audit)
    recording.advisories = audit.repository.advisories or recording.advisories
    if snapshot.owner_settings is not None and recording.owner_settings is None:
        recording.owner_settings = snapshot.owner_settings
    number = recording.repositories.get(snapshot.ref.name.lower())
    if is_unread(snapshot) and number is not None:
        with store.writing() as connection:
            _record_unread(connection, recording, number, audit)
        return True
    if not learn(audit, uses, recording.names):
        with store.writing() as connection:
            _learn(connection, recording, audit)
    new = keep_references(store, recording, audit.repository, uses)
    said = said_by(audit, uses, recording.names)
    if number is not None and recording.digests.get(number) == said.digest:
        recording.note(number, reached=True)
        return new
    with store.writing() as connection:
        number = recording.number(connection, snapshot.ref.name, snapshot.database_id)
        _write(connection, recording, number, audit, said)
        recording.note(number, reached=True)
        recording.flush(connection)
    recording.digests[number] = said.digest
    return True


def is_unread(snapshot: Snapshot) -> bool:
    """Whether nothing could be read of a repository: gaps, and no file or commit."""
    return bool(snapshot.gaps) and not snapshot.files and not snapshot.commit


def _learn(connection: Connection, recording: Recording, audit: Audit) -> None:
    names = recording.names
    rules = {
        name: (recording.titles.get(name) or title_of(name), area, severity)
        for name, (area, severity) in rules_of(audit).items()
    }
    names.learn_rules(connection, rules, recording.scan_id)
    results = (*audit.results, *audit.owner_results)
    names.learn_unseen(connection, [u for result in results for u in result.unseen])
    names.learn_actions(connection, [use.action for use in uses_of(audit)])


def _write(
    connection: Connection, recording: Recording, number: int, audit: Audit, said: Said
) -> None:
    place = Place(scan_id=recording.scan_id, owner_id=recording.owner_id, repository_id=number)
    names = recording.names
    names.keep_texts(connection, texts_of(audit.repository.snapshot))
    held = current(connection, tables.facts, number)
    checks = {rule: name for name, rule in names.rules.items()}
    looked = looked_again(audit)
    findings = sync_findings(
        connection, place, said.findings,
        lambda row: looked(checks.get(row.rule_id, ""), row.path, row.in_release),
    )  # fmt: skip
    details = said.details
    if findings.unchecked and held:
        keys = [finding_key(checks[rule], text, n) for rule, text, n in findings.unchecked]
        details = details.carry(keys, _details(connection, held[0].detail_id))
    new_facts = {
        "source_id": names.content(connection, said.source),
        "settings_id": names.content(connection, said.settings),
        "index_id": names.content(connection, said.index),
        "detail_id": names.content(connection, dumps(Details, details)),
    }
    changes = {"facts": sync(connection, tables.facts, place, [new_facts])}
    said.families["score"][0].update(_open_counts(findings.open))
    for name, rows in said.families.items():
        table = tables.metadata.tables[name]
        changes[name] = sync(connection, table, place, rows, new=not held)
    note_change(connection, place, changes, names, held[0] if held else None)
    mine = tables.repository.c.id == number
    values = {"digest": said.digest, "name": audit.repository.ref.name}
    connection.execute(tables.repository.update().where(mine).values(**values))


def _details(connection: Connection, content_id: int) -> Details:
    table = tables.content
    data = connection.execute(select(table.c.data).where(table.c.id == content_id)).scalar_one()
    return loads(Details, unpack(data))


def _open_counts(findings: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Open findings by severity, those that were not looked at again included."""
    counted = [
        f["severity"]
        for f in findings
        if f["in_release"] and not f["accepted"] and not f["on_owner"]
    ]
    return {f"open_{word}": counted.count(level) for level, word in enumerate(SEVERITIES)}


def _record_unread(connection: Connection, recording: Recording, number: int, audit: Audit) -> None:
    place = Place(scan_id=recording.scan_id, owner_id=recording.owner_id, repository_id=number)
    gaps = [gap_row(gap) for gap in gaps_of(audit)]
    sync(connection, tables.gap, place, gaps)
    mark_unreached(connection, recording, [number])
    recording.note(number, reached=False)
    recording.flush(connection)


def mark_unreached(connection: Connection, recording: Recording, numbers: Sequence[int]) -> None:
    """List repositories as not reached; nothing that is known of them is closed."""
    for part in chunks(numbers):
        listed = select(unreached.c.repository_id).where(
            unreached.c.repository_id.in_(part), unreached.c.closed == OPEN
        )
        known = set(connection.scalars(listed))
        rows = [
            {
                "owner_id": recording.owner_id, "repository_id": number,
                "opened": recording.scan_id, "closed": OPEN,
            }
            for number in part if number not in known
        ]  # fmt: skip
        if rows:
            connection.execute(unreached.insert(), rows)
        table = tables.repository
        forget = update(table).where(table.c.id.in_(part), table.c.digest.is_not(None))
        connection.execute(forget.values(digest=None))
        recording.digests.update(dict.fromkeys(part))
    lose_sight(connection, recording.scan_id, numbers)


def lose_repositories(connection: Connection, recording: Recording, gone: Iterable[str]) -> None:
    """At the end of a scan: close what is gone, list what was not reached."""
    left = [n for name in gone if (n := recording.repositories.get(name.lower())) is not None]
    for table in tables.FAMILIES:
        values = {"closed": recording.scan_id}
        if table is tables.finding:
            values["ended"] = GONE
        for part in chunks(left):
            mine = table.c.repository_id.in_(part) & (table.c.closed == OPEN)
            connection.execute(table.update().where(mine).values(**values))
    for part in chunks(left):
        table = tables.repository
        connection.execute(table.update().where(table.c.id.in_(part)).values(digest=None))
    state = tables.state
    alive = select(state.c.repository_id).where(
        state.c.owner_id == recording.owner_id, state.c.closed == OPEN
    )
    missing = set(connection.scalars(alive)) - recording.done
    if missing:
        mark_unreached(connection, recording, sorted(missing))


def record_gaps(
    connection: Connection, recording: Recording, name: str, gaps: Sequence[Gap]
) -> Change:
    """Write the gaps of a repository, or of the owner under the name ""."""
    number = recording.number(connection, name)
    place = Place(scan_id=recording.scan_id, owner_id=recording.owner_id, repository_id=number)
    return sync(connection, tables.gap, place, [gap_row(gap) for gap in dict.fromkeys(gaps)])
