"""The whole store as a Frictionless Data Package: CSV for people, JSON Lines for machines.

Rows stream from the store to the files, so that memory does not grow with the organization.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from audits import __version__
from audits.model.errors import AuditError
from audits.model.history import TrendRow
from audits.model.query import FindingFilter
from audits.report.more_tables import ACTIONS, PUBLISHERS, TREND
from audits.report.table import SCHEMA_VERSION, Table, csv_lines, json_lines, resource
from audits.report.tables import FINDINGS, GAPS, PUBLICATIONS, REPOSITORIES
from audits.store.store import Store

TABLES: tuple[Table[Any], ...] = (
    REPOSITORIES,
    PUBLICATIONS,
    FINDINGS,
    ACTIONS,
    PUBLISHERS,
    GAPS,
    TREND,
)


class ExportError(AuditError):
    """The files cannot be written."""


class Exported(Struct, frozen=True, kw_only=True):
    """One written table: its file's name and how many rows it has."""

    name: str
    rows: int


def rows_of(store: Store, owner: str | None = None) -> dict[str, Callable[[], Iterable[Any]]]:
    """For each table, what reads its rows as of the newest scan, in a stable order."""
    return {
        "repositories": lambda: store.repositories(owner=owner),
        "publications": lambda: store.publications(owner=owner),
        "findings": lambda: store.findings(
            owner=owner, where=FindingFilter(in_release=None), order="repository"
        ),
        "actions": lambda: store.actions(owner=owner),
        "publishers": lambda: store.packages(owner=owner),
        "gaps": lambda: store.gaps(owner=owner),
        "trend": lambda: _trend(store, owner),
    }


def _trend(store: Store, owner: str | None) -> Iterator[TrendRow]:
    for name in (owner,) if owner else store.owners():
        yield from store.trend(name)


def export(
    store: Store, folder: Path, *, owner: str | None = None, bom: bool = False
) -> tuple[Exported, ...]:
    """Write every table and ``datapackage.json`` into a folder, which is made if need be.

    ``bom`` writes a byte order mark before each CSV file, for Excel. ExportError where the
    folder cannot be written.
    """
    readers = rows_of(store, owner)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        written = tuple(_write(table, readers[table.name], folder, bom) for table in TABLES)
        package = json.dumps(data_package(), indent=2, ensure_ascii=False) + "\n"
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
    count = -1  # the header is no row
    with (folder / f"{table.name}.csv").open("w", encoding=encoding, newline="") as stream:
        for line in csv_lines(table, rows()):
            stream.write(line)
            count += 1
    with (folder / f"{table.name}.jsonl").open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(json_lines(table, rows()))
    return Exported(name=table.name, rows=count)


def data_package() -> dict[str, object]:
    """The description of all tables.

    Source: https://specs.frictionlessdata.io/tabular-data-package/
    """
    return {
        "name": "release-audit",
        "profile": "tabular-data-package",
        "title": "How repositories release",
        "description": (
            "Cells that a spreadsheet would run get one leading apostrophe, and so do cells that "
            "begin with one: take one away to undo it. Line breaks become spaces. The .jsonl "
            "files hold the same rows unaltered."
        ),
        "version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "sources": [{"title": f"release-audit {__version__}"}],
        "resources": [resource(table) for table in TABLES],
    }


def column_table(table: Table[Any]) -> str:
    """A table's columns as a Markdown table, for README."""
    lines = ["| column | type | meaning |", "|---|---|---|"]
    for column in table.columns:
        words = f" One of {', '.join(f'`{w}`' for w in column.words)}." if column.words else ""
        lines.append(f"| `{column.name}` | {column.type} | {column.description}{words} |")
    return "\n".join(lines)
