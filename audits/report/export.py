"""Exports the store as a Frictionless Data Package: CSV and JSON Lines.

Rows stream from the store to the files, so that memory does not grow with the organization.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from audits import __version__
from audits.faults import log_fault
from audits.model.errors import AuditError
from audits.model.query import FindingFilter, RepositoryFilter
from audits.model.rows import FindingRow, RepositoryRow, SettingRow, TrendRow, WaiverRow
from audits.model.timeline import Timeline
from audits.report.acceptances import acceptances, idle_entries
from audits.report.cells import LIST
from audits.report.table import (
    SCHEMA_VERSION,
    Table,
    csv_header,
    csv_line,
    json_line,
    resource,
)
from audits.report.tables.actions import ACTIONS
from audits.report.tables.findings import FINDINGS
from audits.report.tables.gaps import GAPS
from audits.report.tables.packages import PACKAGES
from audits.report.tables.paths import PATHS
from audits.report.tables.publications import PUBLICATIONS
from audits.report.tables.repositories import REPOSITORIES
from audits.report.tables.settings import SETTINGS, settings_of_owner, settings_of_repository
from audits.report.tables.trend import TREND
from audits.report.tables.waivers import WAIVERS
from audits.store.store import Store
from audits.suppressions.waivers import Waivers

TABLES: tuple[Table[Any], ...] = (
    REPOSITORIES,
    PUBLICATIONS,
    FINDINGS,
    ACTIONS,
    PACKAGES,
    PATHS,
    SETTINGS,
    GAPS,
    WAIVERS,
    TREND,
)


_EVERY = RepositoryFilter()


class ExportError(AuditError):
    """The files cannot be written."""


class Exported(Struct, frozen=True, kw_only=True):
    """One written table: its file's name, how many rows it has, and where the log is of those
    that could not be written, "" if all were.
    """

    name: str
    rows: int
    faults: int = 0
    log: str = ""


def rows_of(
    store: Store, owner: str | None = None, *, fixed: bool = False, waivers: Waivers | None = None
) -> dict[str, Callable[[], Iterable[Any]]]:
    """For each table, what reads its rows as of the newest scan, in a stable order; ``fixed``
    brings fixed findings after the open ones, ``waivers`` the entries of a file that accept
    nothing.
    """
    return {
        "repositories": lambda: repository_rows(store, owner=owner),
        "publications": lambda: store.publications(owner=owner),
        "findings": lambda: _findings(store, owner, fixed),
        "actions": lambda: store.actions(owner=owner),
        "packages": lambda: store.packages(owner=owner),
        "paths": lambda: store.paths(owner=owner),
        "settings": lambda: setting_rows(store, owner=owner),
        "gaps": lambda: store.gaps(owner=owner),
        "waivers": lambda: waiver_rows(store, owner=owner, waivers=waivers),
        "trend": lambda: trend_rows(store, owner),
    }


def repository_rows(
    store: Store,
    scan: int | None = None,
    *,
    owner: str | None = None,
    where: RepositoryFilter = _EVERY,
) -> Iterator[RepositoryRow]:
    """The repositories, with what was not re-checked counted apart from what is open."""
    unseen = store.not_rechecked(scan, owner=owner)
    for row in store.repositories(scan, owner=owner, where=where):
        mine = unseen.get((row.owner, row.repository), {})
        still = {word: count - mine.get(word, 0) for word, count in row.open.items()}
        yield replace(row, open=still, not_rechecked=sum(mine.values()))


def setting_rows(
    store: Store, scan: int | None = None, *, owner: str | None = None
) -> Iterator[SettingRow]:
    """The settings of the accounts, then of their repositories, as they were read."""
    for login in (owner,) if owner else store.owners():
        yield from settings_of_owner(login, store.owner_settings(login, scan=scan))
    for login, name, found in store.settings(scan, owner=owner):
        yield from settings_of_repository(login, name, found)


def waiver_rows(
    store: Store,
    scan: int | None = None,
    *,
    owner: str | None = None,
    waivers: Waivers | None = None,
) -> Iterator[WaiverRow]:
    """What is accepted, by whom; then the entries of a waiver file that accept nothing in the
    whole store, or have expired.
    """
    where = FindingFilter(with_acceptance=True, in_release=None)
    mine = acceptances(store.findings(scan, owner=owner, where=where))
    yield from mine
    if waivers is None:
        return
    every = mine if owner is None else acceptances(store.findings(scan, where=where))
    for entry in idle_entries(waivers, every):
        if owner is None or fnmatchcase(owner.lower(), entry.owner.lower()):
            yield entry


def _findings(store: Store, owner: str | None, fixed: bool) -> Iterator[FindingRow]:
    every = FindingFilter(in_release=None)
    yield from store.findings(owner=owner, where=every, order="repository")
    if fixed:
        yield from store.fixed_findings(owner=owner)


def trend_rows(
    store: Store, owner: str | None, *, until: datetime | None = None
) -> Iterator[TrendRow]:
    """The scans of each owner in numbers, up to a moment, with what was rebuilt before them."""
    for name in (owner,) if owner else store.owners():
        every = (
            *store.rebuilt(name),
            *store.trend(name),
            *store.trend(name, timeline=Timeline.RESCORED),
        )
        for row in every:
            if until is None or row.at <= until:
                yield row


def export(
    store: Store,
    folder: Path,
    *,
    owner: str | None = None,
    bom: bool = False,
    fixed: bool = False,
    waivers: Waivers | None = None,
) -> tuple[Exported, ...]:
    """Write every table and ``datapackage.json`` into a folder, which is made if need be.

    ``bom`` writes a byte order mark before each CSV file, for Excel; ``fixed`` adds fixed
    findings, ``waivers`` the entries of that file that accept nothing. A row that this program
    fails on is left out, logged and counted. ExportError where the folder cannot be written.
    """
    readers = rows_of(store, owner, fixed=fixed, waivers=waivers)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = tuple(_write(table, readers[table.name], folder, bom) for table in TABLES)
        package = json.dumps(data_package(fixed=fixed), indent=2, ensure_ascii=False) + "\n"
        (folder / "datapackage.json").write_text(package, "utf-8")
    except OSError as error:
        raise ExportError(
            f"{folder} cannot be written ({error.strerror}).", "Give a folder that you may write."
        ) from error
    return written


def _write(
    table: Table[Any],
    rows: Callable[[], Iterable[Any]],
    folder: Path,
    bom: bool,
) -> Exported:
    encoding = "utf-8-sig" if bom else "utf-8"
    csv, jsonl = folder / f"{table.name}.csv", folder / f"{table.name}.jsonl"
    count = faults = 0
    log = ""
    with (
        csv.open("w", encoding=encoding, newline="") as lines,
        jsonl.open("w", encoding="utf-8", newline="\n") as records,
    ):
        lines.write(csv_header(table))
        for row in rows():
            try:
                line, record = csv_line(table, row), json_line(table, row)
            except Exception as error:
                faults, log = faults + 1, log_fault(error, f"exporting a row of {table.name}")
                continue
            lines.write(line)
            records.write(record)
            count += 1
    return Exported(name=table.name, rows=count, faults=faults, log=log)


def data_package(*, fixed: bool = False) -> dict[str, object]:
    """The description of all tables, with the keys between them. Fixed findings may be of
    repositories that are deleted: with ``fixed`` they are not tied to the table of those.

    Source: https://specs.frictionlessdata.io/tabular-data-package/
    """
    return {
        "name": "release-audit",
        "profile": "tabular-data-package",
        "title": "How repositories release",
        "description": (
            "Cells that a spreadsheet would run get one leading apostrophe, and so do cells that "
            "begin with one: take one away to undo it. Line breaks become spaces. Lists are "
            f"joined by '{LIST}'; yes and no are true and false; an empty cell is what is not "
            "known or does not apply. The .jsonl files hold the same rows unaltered. Credentials are shown as …"
        ),
        "version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "sources": [{"title": f"release-audit {__version__}"}],
        "resources": [resource(table, keys=not (fixed and table is FINDINGS)) for table in TABLES],
    }


def column_table(table: Table[Any]) -> str:
    """A table's columns as a Markdown table."""
    lines = ["| column | type | meaning |", "|---|---|---|"]
    for column in table.columns:
        words = f" One of {', '.join(f'`{w}`' for w in column.words)}." if column.words else ""
        lines.append(f"| `{column.name}` | {column.type} | {column.description}{words} |")
    return "\n".join(lines)
