"""Downloads of the Reports view: the export's tables, and SARIF of one repository."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from audits import __version__
from audits.checks import all_checks
from audits.model.outcome import Acceptance, AcceptanceKind
from audits.model.redaction import without_tokens
from audits.model.rows import FindingRow
from audits.model.score import Audit, AuditedFinding, Result
from audits.report.export import TABLES, repository_rows, setting_rows, trend_rows, waiver_rows
from audits.report.sarif import sarif
from audits.report.table import csv_lines
from audits.report.tables.actions import ACTIONS
from audits.report.tables.findings import FINDINGS
from audits.report.tables.gaps import GAPS
from audits.report.tables.packages import PACKAGES
from audits.report.tables.paths import PATHS
from audits.report.tables.publications import PUBLICATIONS
from audits.report.tables.repositories import REPOSITORIES
from audits.report.tables.settings import SETTINGS
from audits.report.tables.trend import TREND
from audits.report.tables.waivers import WAIVERS
from dashboard.reaudit import Reaudit
from dashboard.scope import ScanScope

if TYPE_CHECKING:
    from audits.store.store import Store


def csv_bytes(
    store: Store, scope: ScanScope, name: str, where: object = None, repository: str = ""
) -> bytes:
    """One table of the export as of a scan, in UTF-8; ``where`` is the filter of its kind, and
    ``repository`` leaves out what is not of one.
    """
    table = next(table for table in TABLES if table.name == name)
    rows = _rows(store, scope, name, where)
    if repository:
        rows = (row for row in rows if row.repository == repository)
    return "".join(csv_lines(table, rows)).encode("utf-8")


def _rows(store: Store, scope: ScanScope, name: str, where: object) -> Iterable[Any]:
    makers: dict[str, Callable[..., Iterable[Any]]] = {
        REPOSITORIES.name: partial(repository_rows, store),
        PUBLICATIONS.name: store.publications,
        FINDINGS.name: store.findings,
        ACTIONS.name: store.actions,
        PACKAGES.name: store.packages,
        PATHS.name: store.paths,
        SETTINGS.name: partial(setting_rows, store),
        GAPS.name: store.gaps,
        WAIVERS.name: partial(waiver_rows, store),
    }
    if name == TREND.name:
        return trend_rows(store, scope.owner, until=scope.at)
    filtered = {} if where is None else {"where": where}
    return makers[name](scope.scan, owner=scope.owner, **filtered)


def sarif_bytes(reading: Reaudit, rows: Sequence[FindingRow]) -> bytes:
    """What was read again, with the acceptances of the scan, as a SARIF log."""
    if reading.audit is None:
        return b"{}"
    checks = {check.id: check for check in all_checks()}
    audit = with_acceptances(reading.audit, rows)
    text = json.dumps(sarif(audit, checks, __version__), ensure_ascii=False)
    return without_tokens(text).encode("utf-8")


def with_acceptances(audit: Audit, rows: Sequence[FindingRow]) -> Audit:
    """The audit with the acceptances that the scan recorded: the waiver file is not here."""
    accepted = {(row.fingerprint, row.path): _acceptance(row) for row in rows if row.acceptance}

    def accept(found: AuditedFinding) -> AuditedFinding:
        acceptance = accepted.get((found.fingerprint, found.finding.at.path))
        return replace(found, acceptance=acceptance) if acceptance else found

    def mark(result: Result) -> Result:
        return replace(result, findings=tuple(map(accept, result.findings)))

    return replace(audit, results=tuple(map(mark, audit.results)))


def _acceptance(row: FindingRow) -> Acceptance:
    return Acceptance(
        kind=AcceptanceKind(row.acceptance),
        reason=row.acceptance_reason,
        responsible=row.responsible,
        ticket=row.ticket,
        expires=date.fromisoformat(row.expires) if row.expires else None,
        counts=row.accepted,
    )
