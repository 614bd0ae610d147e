"""Hostile text and tokens in every text of every exported row: no cell lets any of it through."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import fields

from audits.model.redaction import MASK
from audits.report.cells import plain
from audits.report.export import TABLES, rows_of
from audits.report.table import Table, csv_line, json_line
from audits.store.open import open_store
from audits.store.store import Store
from dashboard.frames.cells import visible

TOKEN = "ghp_" + "aB3dE5fG7h" * 3 + "aB3dE5"
HOSTILE = f"\x1b]0;t\x07 \x9b2J \u202egnp \u2066x \r\n\u2028 \x00\t{TOKEN}"
STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
FORMULAS = ("=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "＝1", "'=1", " =1")  # noqa: RUF001 - meant


@pytest.fixture(scope="module")
def store(sample_file: Path) -> Store:
    return open_store(str(sample_file), read_only=True)


def filled(value: Any, text: str) -> Any:  # noqa: ANN401 - of any type
    """The same value with this before every text of it."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return f"{text}{value}"
    if isinstance(value, tuple):
        return tuple(filled(item, text) for item in value)
    if isinstance(value, Mapping):
        return {key: filled(item, text) for key, item in value.items()}
    if isinstance(value, Struct):
        found = {f.name: getattr(value, f.name) for f in fields(value)}
        return type(value)(**{name: filled(item, text) for name, item in found.items()})
    return value


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_cell_steers_a_terminal_or_shows_a_token(store: Store, table: Table[Any]) -> None:
    rows = list(islice(rows_of(store, fixed=True)[table.name](), 20))
    assert rows
    for row in rows:
        line = csv_line(table, filled(row, HOSTILE))
        assert line.endswith("\r\n")
        assert not STEERING.search(line.removesuffix("\r\n"))
        record = json_line(table, filled(row, HOSTILE))
        assert record.count("\n") == 1
        for written in (line, record):
            assert TOKEN not in written
            assert (MASK in written) is ("2J" in written)
        json.loads(record)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_cell_is_a_formula_and_the_text_can_be_had_back(store: Store, table: Table[Any]) -> None:
    row = next(iter(rows_of(store)[table.name]()))
    for formula in FORMULAS:
        hostile = filled(row, formula)
        (cells,) = csv.reader(io.StringIO(csv_line(table, hostile)))
        for column, cell in zip(table.columns, cells, strict=True):
            value = column.of(hostile)
            if isinstance(value, str) and value.startswith(formula):
                assert cell.startswith("'")
                assert plain(cell).split() == value.split()


def test_nor_does_a_cell_of_the_dashboard() -> None:
    assert not STEERING.search(visible(HOSTILE))
    assert TOKEN not in visible(HOSTILE)
