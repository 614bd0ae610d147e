"""Writes the differences between audits and what is stored, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Row, bindparam, select

from audits.store.base import Connected
from audits.store.details import Details, finding_key
from audits.store.schema import tables
from audits.store.schema.codes import ARCHIVED, BY_RULES, FIXED, REMOVED, SEVERITIES
from audits.store.serialize import Packed, dumps, loads, packed, unpack
from audits.store.write.findings import Findings, sync_findings
from audits.store.write.ids import Ids, insert_new
from audits.store.write.intervals import Batch, RepositoryKey, sync
from audits.store.write.record import AuditRecord
from audits.store.write.recording import Recording, flush
from audits.store.write.reference_rows import keep_references, new_references
from audits.store.write.references import Reference
from audits.store.write.repositories import record_unread
from audits.store.write.score_changes import Noted, note_change
from audits.store.write.visibility import Visibility


class _New(Struct, frozen=True, kw_only=True):
    """An audit to be recorded. ``differs``: from the repository's last; ``references`` are those
    that are new or changed.
    """

    recording: Recording
    record: AuditRecord
    differs: bool
    references: list[Reference]

    @property
    def key(self) -> str:
        return self.record.ref.name.lower()

    @property
    def number(self) -> int | None:
        return self.recording.repositories.get(self.key)

    @property
    def is_unread(self) -> bool:
        """Whether nothing of a known repository could be read, so that what is stored stays."""
        return self.record.unread and self.number is not None

    @property
    def place(self) -> RepositoryKey:
        recording = self.recording
        return RepositoryKey(
            scan_id=recording.scan_id,
            owner_id=recording.owner_id,
            repository_id=recording.repositories[self.key],
        )


def record_batch(
    store: Connected, names: Ids, audits: Sequence[tuple[Recording, AuditRecord]]
) -> list[bool]:
    """Write audits in one transaction; returns for each whether anything had to be written.

    No repository may be among them twice.
    """
    compared = [_compared(recording, record) for recording, record in audits]
    news = [new for new in compared if new.differs or new.references]
    if news:
        with store.writing() as connection:
            _write(connection, names, news)
    for new in compared:
        if not new.differs and new.number is not None:
            new.recording.note(new.number, reached=True)
    return [new.differs or bool(new.references) for new in compared]


def _compared(recording: Recording, record: AuditRecord) -> _New:
    recording.advisories = record.advisories or recording.advisories
    if record.owner_settings is not None and recording.owner_settings is None:
        recording.owner_settings = record.owner_settings
    number = recording.repositories.get(record.ref.name.lower())
    if record.unread and number is not None:
        return _New(recording=recording, record=record, differs=True, references=[])
    same = number is not None and recording.digests.get(number) == record.digest
    new = new_references(recording, record.references)
    return _New(recording=recording, record=record, differs=not same, references=new)


def _write(connection: Connection, names: Ids, news: Sequence[_New]) -> None:
    for new in news:
        keep_references(connection, new.recording, new.references)
        if new.is_unread:
            record_unread(connection, new.recording, new.place, new.record)
    read = [new for new in news if new.differs and not new.is_unread]
    if read:
        _learn(connection, names, read)
        batch = Batch(connection, _numbered(connection, read))
        _sync(batch, names, read)
        batch.write()
        _keep_digests(connection, read)
    flush(connection, {new.recording.scan_id: new.recording for new in news}.values())


def _learn(connection: Connection, names: Ids, news: Sequence[_New]) -> None:
    """Give ids to the values in these audits' rows, and store their texts."""
    names.trim()
    rules = {name: rule for new in news for name, rule in new.record.rules.items()}
    names.learn_rules(connection, rules, news[0].recording.scan_id)
    names.learn_unseen(connection, {reason for new in news for reason in new.record.reasons})
    names.learn_actions(connection, {action for new in news for action in new.record.actions})
    names.keep_texts(connection, {o: t for new in news for o, t in new.record.texts.items()})


def _numbered(connection: Connection, news: Sequence[_New]) -> set[int]:
    """Give ids to the repositories; returns those of which rows may be stored already."""
    table = tables.repository
    strangers = [
        new
        for new in news
        if new.number is None and new.record.database_id not in new.recording.by_github_id
    ]
    insert_new(
        connection,
        table,
        [
            {"owner_id": new.recording.owner_id, "name": new.record.ref.name, "key": new.key}
            for new in strangers
        ],
    )
    owners = {new.recording.owner_id: new.recording for new in strangers}
    found = select(table.c.id, table.c.owner_id, table.c.key)
    found = found.where(table.c.owner_id.in_(owners), table.c.key.in_([n.key for n in strangers]))
    fresh = set()
    if strangers:
        for row in connection.execute(found).all():
            known = owners[row.owner_id].repositories
            if row.key not in known:
                known[row.key] = row.id
                fresh.add(row.id)
    numbers = set()
    for new in news:
        # One at a time, as a new repository may bear the name that another has given up.
        record = new.record
        numbers.add(new.recording.number(connection, record.ref.name, record.database_id))
        new.recording.note(new.place.repository_id, reached=True)
    return numbers - fresh


def _sync(batch: Batch, names: Ids, news: Sequence[_New]) -> None:
    """Bring all rows of these repositories up to date."""
    checks = {rule: name for name, rule in names.rules.items()}
    ready: list[tuple[_New, Findings, Packed]] = []
    record = [new.record for new in news]
    facts = [part for one in record for part in (one.source, one.settings, one.index)]
    names.keep_contents(batch.connection, facts)
    for new in news:
        rows, would_see = (
            names.numbered(new.record.findings),
            _looked(new.record.visibility, checks),
        )
        findings = sync_findings(batch, new.place, rows, would_see, _how_fixed(batch, names, new))
        ready.append((new, findings, _details(batch, new, findings, checks)))
    names.keep_contents(batch.connection, [details for _, _, details in ready])
    for new, findings, details in ready:
        _sync_families(batch, names, new, findings, details)


def _how_fixed(batch: Batch, names: Ids, new: _New) -> Callable[[Row[Any]], int]:
    """A function that tells how a finding's row was fixed: a code of `FIX_WORDS`."""
    record, number = new.record, new.place.repository_id
    held = {t: batch.held(t, number) for t in (tables.state, tables.score, tables.facts)}
    state, score, facts = (rows[0] if rows else None for rows in held.values())
    archived = record.families["state"][0]["archived"] and state is not None and not state.archived
    now = [names.contents[part.hash] for part in (record.source, record.settings, record.index)]
    same = facts is not None and [facts.source_id, facts.settings_id, facts.index_id] == now
    other_rules = score is not None and score.rules != record.rules_digest

    def how(row: Row[Any]) -> int:
        if archived:
            return ARCHIVED
        if row.path and row.path not in record.paths:
            return REMOVED
        return BY_RULES if same and other_rules else FIXED

    return how


def _looked(visibility: Visibility, checks: Mapping[int, str]) -> Callable[[Row[Any]], bool]:
    """A function that tells whether the audit would have found a finding's row again."""

    def would_see(row: Row[Any]) -> bool:
        return visibility.would_see(checks.get(row.rule_id, ""), row.path, row.in_release)

    return would_see


def _details(batch: Batch, new: _New, findings: Findings, checks: Mapping[int, str]) -> Packed:
    """The details of findings, with the stored ones of those that were not re-checked."""
    held = batch.held(tables.facts, new.place.repository_id)
    if not findings.unchecked or not held:
        return new.record.details
    table = tables.content
    statement = select(table.c.data).where(table.c.id == held[0].detail_id)
    earlier = loads(Details, unpack(batch.connection.execute(statement).scalar_one()))
    keys = [finding_key(checks[rule], text, n) for rule, text, n in findings.unchecked]
    details = loads(Details, unpack(new.record.details.data))
    return packed(dumps(Details, details.carry(keys, earlier)))


def _sync_families(
    batch: Batch, names: Ids, new: _New, findings: Findings, details: Packed
) -> None:
    record, place = new.record, new.place
    facts = {
        "source_id": names.contents[record.source.hash],
        "settings_id": names.contents[record.settings.hash],
        "index_id": names.contents[record.index.hash],
        "detail_id": names.contents[details.hash],
    }
    held = batch.held(tables.facts, place.repository_id)
    changes = {"facts": sync(batch, tables.facts, place, [facts])}
    for name, rows in record.families.items():
        numbered = names.numbered(rows)
        if name == "score":
            numbered = [row | _open_counts(findings.open) for row in numbered]
        changes[name] = sync(batch, tables.metadata.tables[name], place, numbered)
    if held:
        note_change(
            batch,
            new.recording,
            place,
            record,
            Noted(changes=changes, names=names, held=held[0], reaccepted=findings.reaccepted),
        )


def _open_counts(findings: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Open findings by severity, those that were not re-checked included."""
    counted = [
        f["severity"]
        for f in findings
        if f["in_release"] and not f["accepted"] and not f["on_owner"]
    ]
    return {f"open_{word}": counted.count(level) for level, word in enumerate(SEVERITIES)}


def _keep_digests(connection: Connection, news: Sequence[_New]) -> None:
    table = tables.repository
    rows = []
    for new in news:
        number = new.place.repository_id
        new.recording.digests[number] = new.record.digest
        rows.append({"number": number, "digest": new.record.digest, "name": new.record.ref.name})
    update = table.update().where(table.c.id == bindparam("number"))
    connection.execute(update, rows)
