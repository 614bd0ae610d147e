"""The type of an exported table: columns with their meaning and source."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from msgspec import Struct

from audits.model.redaction import without_tokens
from audits.report.cells import Value, cell

SCHEMA_VERSION = "1.0"
"""Changes in its second number where columns are added, in its first where any other does."""

Row = TypeVar("Row")


class Column(Struct, Generic[Row], frozen=True, kw_only=True):
    """One column. ``type`` is a Frictionless type; ``words`` its only values, if they are few."""

    name: str
    type: str
    description: str
    of: Callable[[Row], Value]
    words: tuple[str, ...] = ()

    def cell(self, row: Row) -> str:
        """Its value of a row as a cell of a CSV file; words of ours stay as they are."""
        value = self.of(row)
        return value if isinstance(value, str) and value in self.words else cell(value)


class ForeignKey(Struct, frozen=True, kw_only=True):
    """Columns of a table whose values are those of a row of another table."""

    columns: tuple[str, ...]
    table: str
    names: tuple[str, ...]


class Table(Struct, Generic[Row], frozen=True, kw_only=True):
    """One table of the export; ``key`` are the columns that name a row, ``references`` the keys
    to rows of other tables.
    """

    name: str
    title: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column[Row], ...]
    references: tuple[ForeignKey, ...] = ()

    def cells(self, row: Row) -> list[str]:
        """A row as cells of a CSV file."""
        return [column.cell(row) for column in self.columns]

    def record(self, row: Row) -> dict[str, Any]:
        """A row as JSON, nothing altered."""
        return {column.name: _json(column.of(row)) for column in self.columns}


def _json(value: Value) -> object:
    if isinstance(value, tuple):
        return list(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if hasattr(value, "isoformat"):
        return cell(value)
    return dict(value)


def csv_header(table: Table[Any]) -> str:
    """The first line of a table's CSV file (RFC 4180: CR LF, quotes doubled)."""
    return _line([column.name for column in table.columns])


def csv_line(table: Table[Row], row: Row) -> str:
    """A row as a line of a table's CSV file."""
    return _line(table.cells(row))


def csv_lines(table: Table[Row], rows: Iterable[Row]) -> Iterator[str]:
    """The lines of a table's CSV file, its header first."""
    yield csv_header(table)
    for row in rows:
        yield csv_line(table, row)


def _line(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue()


def json_line(table: Table[Row], row: Row) -> str:
    """A row as a line of a table's JSON Lines file, without tokens."""
    return without_tokens(json.dumps(table.record(row), ensure_ascii=False)) + "\n"


def resource(table: Table[Any], *, keys: bool = True) -> dict[str, object]:
    """The table's entry in ``datapackage.json``, with its ``keys`` to other tables.

    Source: https://specs.frictionlessdata.io/tabular-data-resource/
    """
    fields = []
    for column in table.columns:
        field: dict[str, object] = {
            "name": column.name,
            "type": column.type,
            "description": column.description,
        }
        if column.words:
            field["constraints"] = {"enum": list(column.words)}
        fields.append(field)
    return {
        "name": table.name,
        "title": table.title,
        "description": table.description,
        "path": f"{table.name}.csv",
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "quoteChar": '"', "lineTerminator": "\r\n"},
        "schema": {
            "fields": fields,
            "primaryKey": list(table.key),
            "foreignKeys": [_foreign_key(key) for key in table.references] if keys else [],
            "missingValues": [""],
        },
    }


def _foreign_key(key: ForeignKey) -> dict[str, object]:
    reference = {"resource": key.table, "fields": list(key.names)}
    return {"fields": list(key.columns), "reference": reference}
