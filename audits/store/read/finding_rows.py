"""Builds findings for readers from their rows and packed details."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, case, select

from audits.faults import log_fault
from audits.model.finding_record import default_advice
from audits.model.outcome import FixKind
from audits.model.rows import FindingRow
from audits.store.chunks import chunks
from audits.store.details import Details, FindingDetail, finding_key
from audits.store.read.as_of import AsOf
from audits.store.schema import tables
from audits.store.schema.codes import (
    ACCEPTANCE_WORDS,
    FIX_WORDS,
    FIXED_WORD,
    SEEN,
    SEVERITY_WORDS,
    STATE_WORDS,
)
from audits.store.schema.tables import facts, finding, owner_facts, state
from audits.store.serialize import loads, unpack

_NOTHING = FindingDetail(message="")
_DAMAGED = FindingDetail(message="The details of this finding cannot be read: scan again.")


class Blocks:
    """Packed details by id; each is read once for a block of rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: dict[int, Details | None] = {}

    def load(self, numbers: set[int]) -> None:
        """Load the details with these ids, and drop all others."""
        self._held = {n: d for n, d in self._held.items() if n in numbers}
        table = tables.content
        for part in chunks(sorted(numbers - self._held.keys())):
            statement = select(table.c.id, table.c.data).where(table.c.id.in_(part))
            for number, data in self._connection.execute(statement):
                self._held[number] = _details(data, number)

    def finding(self, number: int | None, key: str) -> FindingDetail:
        """A finding's details; empty ones where there are none."""
        if number is not None and number in self._held and self._held[number] is None:
            return _DAMAGED
        held = self._held.get(number) if number is not None else None
        return held.findings.get(key, _NOTHING) if held else _NOTHING

    def line(self, number: int | None, key: str) -> int:
        """The line of a use of an action; 1 where it is not known."""
        held = self._held.get(number) if number is not None else None
        return held.uses.get(key, 1) if held else 1


def _details(data: bytes, number: int) -> Details | None:
    """Packed details; None for those that cannot be read, which cost no others."""
    try:
        return loads(Details, unpack(data))
    except Exception as error:
        log_fault(error, f"reading the packed details {number}")
        return None


def finding_rows(connection: Connection, scope: AsOf, ids: Sequence[int]) -> Iterator[FindingRow]:
    """The findings of these row numbers, in this order, block by block."""
    blocks = Blocks(connection)
    for part in chunks(ids):
        rows = {row.id: row for row in connection.execute(_joined(scope, part))}
        blocks.load({row.detail_id for row in rows.values() if row.detail_id is not None})
        for number in part:
            yield _finding_row(rows[number], scope, blocks)


def _joined(scope: AsOf, ids: Sequence[int]) -> Select[Any]:
    """The findings with the state and details of the last scan in which they held, up to the
    scope's.
    """
    rule, repository = tables.rule, tables.repository
    at = case(scope.scans, value=finding.c.owner_id)
    # A row that was closed by then is shown as it was in its last scan.
    last = case((finding.c.closed > at, at), else_=finding.c.closed - 1)

    def held(table: Table) -> ColumnElement[bool]:
        same = table.c.repository_id == finding.c.repository_id
        return and_(same, table.c.opened <= last, table.c.closed > last)

    return (
        select(
            finding,
            rule.c.name.label("check"),
            rule.c.title,
            rule.c.area,
            repository.c.name.label("repository"),
            state.c.host,
            state.c.head,
            facts.c.detail_id.label("own"),
            owner_facts.c.detail_id.label("owners"),
            case((facts.c.id.is_not(None), facts.c.detail_id), else_=owner_facts.c.detail_id).label(
                "detail_id"
            ),
        )
        .join(rule, rule.c.id == finding.c.rule_id)
        .join(repository, repository.c.id == finding.c.repository_id)
        .outerjoin(state, held(state))
        .outerjoin(facts, held(facts))
        .outerjoin(owner_facts, held(owner_facts))
        .where(finding.c.id.in_(ids))
    )


def _kind(word: str) -> FixKind | None:
    return FixKind(word) if word else None


def _finding_row(row: Row[Any], scope: AsOf, blocks: Blocks) -> FindingRow:
    detail = blocks.finding(row.detail_id, finding_key(row.check, row.fingerprint, row.ordinal))
    closed = scope.started[row.closed] if row.closed <= scope.scans[row.owner_id] else None
    lost_in = row.closed if closed else None if row.state == SEEN else row.opened
    return FindingRow(
        owner=scope.logins[row.owner_id],
        repository=row.repository,
        host=row.host or "",
        fingerprint=row.fingerprint,
        check=row.check,
        title=row.title,
        area=row.area,
        severity=SEVERITY_WORDS[row.severity],
        state=FIXED_WORD if closed else STATE_WORDS[row.state],
        message=detail.message,
        because=detail.because,
        path=row.path,
        line=detail.line,
        end_line=detail.end_line,
        excerpt=detail.excerpt,
        workflow=detail.workflow,
        job=detail.job,
        publication=detail.publication,
        environment=detail.environment,
        in_release=row.in_release,
        fix=detail.fix,
        advice=detail.advice or default_advice(row.check, _kind(detail.fix)),
        acceptance=ACCEPTANCE_WORDS[row.acceptance],
        acceptance_reason=detail.reason,
        responsible=detail.responsible,
        ticket=detail.ticket,
        expires=detail.ends,
        commit=row.head or "",
        first_seen=scope.started[row.first],
        last_seen=scope.last_seen(row.owner_id, lost_in),
        closed=closed,
        accepted=row.accepted,
        fixed_by=FIX_WORDS.get(row.ended, "") if closed else "",
        links=detail.built_links(row.head or ""),
    )
