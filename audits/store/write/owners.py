"""Writes what concerns an owner as a whole: settings, advisories, gaps, results."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from audits.model.score import Result
from audits.store.chunks import chunks
from audits.store.details import Details, details_of_findings, numbered
from audits.store.schema import tables
from audits.store.schema.codes import title_of
from audits.store.serialize import dumps, packed
from audits.store.snapshots import Advisories, OwnersSettings, dateless
from audits.store.write.findings import sync_findings
from audits.store.write.ids import insert_new
from audits.store.write.intervals import Batch, RepositoryKey, sync
from audits.store.write.recording import Recording
from audits.store.write.result_rows import finding_row, gap_row, reason_of, result_row
from audits.store.write.visibility import saw_everything


def sync_owner(connection: Connection, recording: Recording, results: Sequence[Result]) -> None:
    """Write an owner's settings, advisories and results while its scan goes on."""
    batch = Batch(connection, _numbered(connection, [recording]))
    recording.owner_details = _sync_results(batch, recording, _place(recording), results)
    _sync_facts(batch, [recording], ended=False)
    batch.write()


def sync_owners(connection: Connection, recordings: Sequence[Recording]) -> None:
    """Write the settings, advisories and gaps of owners whose scans end."""
    batch = Batch(connection, _numbered(connection, recordings))
    _sync_facts(batch, recordings, ended=True)
    _sync_gaps(batch, recordings)
    batch.write()


def keep_gaps(connection: Connection, recording: Recording) -> None:
    """Write an owner's gaps where its scan is left to be resumed."""
    if recording.gaps or (recording.gaps is not None and "" in recording.repositories):
        batch = Batch(connection, _numbered(connection, [recording]))
        _sync_gaps(batch, [recording])
        batch.write()


def _numbered(connection: Connection, recordings: Sequence[Recording]) -> set[int]:
    """Give ids to the nameless repositories; returns those of which rows may be stored."""
    table = tables.repository
    known = {r.repositories[""] for r in recordings if "" in r.repositories}
    strangers = {r.owner_id: r for r in recordings if "" not in r.repositories}
    insert_new(
        connection, table, [{"owner_id": owner_id, "name": "", "key": ""} for owner_id in strangers]
    )
    for part in chunks(strangers):
        mine = table.c.owner_id.in_(part) & (table.c.key == "")
        for row in connection.execute(select(table.c.id, table.c.owner_id).where(mine)):
            strangers[row.owner_id].repositories[""] = row.id
    for recording in recordings:
        recording.done.add(recording.repositories[""])
    return known


def _place(recording: Recording) -> RepositoryKey:
    return RepositoryKey(
        scan_id=recording.scan_id,
        owner_id=recording.owner_id,
        repository_id=recording.repositories[""],
    )


def _sync_facts(batch: Batch, recordings: Sequence[Recording], *, ended: bool) -> None:
    names = recordings[0].names
    advisories = {
        known: dumps(Advisories, Advisories(value=dateless(known)))
        for known in {recording.advisories for recording in recordings}
    }
    pairs = [
        (recording, _facts(batch, recording, advisories[recording.advisories], ended=ended))
        for recording in recordings
    ]
    # Most owners share these texts. Sorted, so that two scans that write the same cannot block
    # each other.
    texts = sorted({fact for _, row in pairs for fact in row.values() if isinstance(fact, str)})
    parts = {text: packed(text) for text in texts}
    names.keep_contents(batch.connection, parts.values())
    for recording, row in pairs:
        numbers = {
            column: names.contents[parts[fact].hash] if isinstance(fact, str) else fact
            for column, fact in row.items()
        }
        sync(batch, tables.owner_facts, _place(recording), [numbers])


def _facts(
    batch: Batch, recording: Recording, advisories: str, *, ended: bool
) -> dict[str, int | str]:
    """An owner's facts: texts, or the ids of those that stay."""
    held = batch.held(tables.owner_facts, recording.repositories[""])
    details = recording.owner_details
    row: dict[str, int | str] = {
        "settings_id": dumps(OwnersSettings, OwnersSettings(value=recording.owner_settings)),
        "advisories_id": advisories,
        "detail_id": dumps(Details, details or Details()),
    }
    if held and details is None:
        row["detail_id"] = int(held[0].detail_id)
    # Until the scan ends, a later audit may still bring advisories.
    if held and recording.advisories is None and not ended:
        row["advisories_id"] = int(held[0].advisories_id)
    return row


def _sync_gaps(batch: Batch, recordings: Sequence[Recording]) -> None:
    for recording in recordings:
        if recording.gaps is not None:
            pairs = [gap_row(gap) for gap in dict.fromkeys(recording.gaps)]
            sync(batch, tables.gap, _place(recording), pairs)


def _sync_results(
    batch: Batch, recording: Recording, place: RepositoryKey, results: Sequence[Result]
) -> Details:
    names = recording.names
    rules = {
        r.check: (recording.titles.get(r.check) or title_of(r.check), r.area.value, int(r.severity))
        for r in results
    }
    names.learn_rules(batch.connection, rules, recording.scan_id)
    reasons = [reason_of(u) for result in results for u in result.unseen]
    names.learn_unseen(batch.connection, reasons)
    kept = names.numbered(result_row(result, on_owner=True) for result in results)
    sync(batch, tables.result, place, kept)
    found = list(numbered(f for result in results for f in result.findings))
    lines = names.numbered(finding_row(f, ordinal=n, on_owner=True) for f, n in found)
    judged = {names.rules[r.check] for r in results if saw_everything(r)}
    sync_findings(batch, place, lines, lambda row: row.rule_id in judged)
    return Details(findings=details_of_findings((f for f, _ in found), commit=""))
