"""The export as a data package: described, stable, and the same in CSV and JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from frictionless import Package

from audits.report.export import TABLES, export
from audits.sample.demo import scan_sample
from audits.store.open import open_store


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    store = open_store(f"sqlite:///{folder / 'sample.sqlite'}")
    scan_sample(store, lambda _: None, engine=False)
    export(store, folder / "one")
    export(store, folder / "two", bom=True)
    return folder


def test_frictionless_finds_nothing_wrong(exported: Path) -> None:
    report = Package(str(exported / "one/datapackage.json")).validate()
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "message"])[:5]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_csv_and_json_lines_hold_the_same_rows(exported: Path, table: object) -> None:
    name = table.name  # type: ignore[attr-defined]
    text = (exported / f"one/{name}.csv").read_bytes().decode("utf-8")
    json_text = (exported / f"one/{name}.jsonl").read_text("utf-8")
    records = [json.loads(line) for line in json_text.split("\n")[:-1]]
    lines = text.split("\r\n")
    assert lines[-1] == ""
    assert len(lines) - 2 == len(records) > 0
    assert not any("\n" in line for line in lines)
    assert all(list(r) == [c.name for c in table.columns] for r in records)  # type: ignore[attr-defined]


def test_excel_gets_its_mark_and_nothing_else_changes(exported: Path) -> None:
    plain = (exported / "one/findings.csv").read_bytes()
    assert (exported / "two/findings.csv").read_bytes() == b"\xef\xbb\xbf" + plain


def test_every_column_is_described() -> None:
    for table in TABLES:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert all(len(column.description) > 5 for column in table.columns)
        assert set(table.key) <= set(names)
