"""What a scan says of the owner as a whole, under the repository without a name."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from audits.model.score import Result
from audits.store import rows, tables
from audits.store.codec import dumps
from audits.store.details import Details, details_of_findings, numbered
from audits.store.facts import Advisories, OwnersSettings, dateless
from audits.store.findings import sync_findings
from audits.store.intervals import Batch, Place, sync
from audits.store.recording import Recording
from audits.store.sight import looked_at
from audits.store.words import title_of


def sync_owner(
    connection: Connection, recording: Recording, results: Sequence[Result] | None = None
) -> None:
    """Write the owner's settings, advisories and, where given, results."""
    number = recording.number(connection, "")
    place = Place(scan_id=recording.scan_id, owner_id=recording.owner_id, repository_id=number)
    batch = Batch(connection, [number])
    recording.done.add(number)
    if results is not None:
        recording.owner_details = _sync_results(batch, recording, place, results)
    names = recording.names
    held = batch.held(tables.owner_facts, number)
    if recording.owner_details is None and held:
        detail = int(held[0].detail_id)
    else:
        detail = names.content(connection, dumps(Details, recording.owner_details or Details()))
    settings = dumps(OwnersSettings, OwnersSettings(value=recording.owner_settings))
    advisories = dumps(Advisories, Advisories(value=dateless(recording.advisories)))
    # Before the end, that no audit has brought advisories yet says nothing about them.
    early = results is not None and recording.advisories is None and bool(held)
    row = {
        "settings_id": names.content(connection, settings),
        "advisories_id": held[0].advisories_id if early else names.content(connection, advisories),
        "detail_id": detail,
    }
    sync(batch, tables.owner_facts, place, [row])
    batch.write()


def _sync_results(
    batch: Batch, recording: Recording, place: Place, results: Sequence[Result]
) -> Details:
    names = recording.names
    rules = {
        r.check: (recording.titles.get(r.check) or title_of(r.check), r.area.value, int(r.severity))
        for r in results
    }
    names.learn_rules(batch.connection, rules, recording.scan_id)
    reasons = [rows.reason(u) for result in results for u in result.unseen]
    names.learn_unseen(batch.connection, reasons)
    kept = names.numbered(rows.result_row(result, on_owner=True) for result in results)
    sync(batch, tables.result, place, kept)
    found = list(numbered(f for result in results for f in result.findings))
    lines = names.numbered(rows.finding_row(f, ordinal=n, on_owner=True) for f, n in found)
    judged = {names.rules[r.check] for r in results if looked_at(r)}
    sync_findings(batch, place, lines, lambda row: row.rule_id in judged)
    return Details(findings=details_of_findings((f for f, _ in found), commit=""))
