"""The export as a data package: described, stable, and the same in CSV and JSON Lines."""

from __future__ import annotations

import csv
import json
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from frictionless import Package

from audits.report.export import TABLES, export
from audits.store.open import open_store
from audits.suppressions.waivers import Waiver, Waivers


@pytest.fixture(scope="module")
def exported(sample_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    store = open_store(str(sample_file), read_only=True)
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


def test_every_repository_that_a_table_names_is_in_the_table_of_repositories(
    exported: Path,
) -> None:
    described = json.loads((exported / "one/datapackage.json").read_text("utf-8"))
    tied = [r["name"] for r in described["resources"] if r["schema"]["foreignKeys"]]
    assert tied == ["publications", "findings", "actions", "packages", "paths"]
    names = {r["name"] for r in described["resources"]}
    assert {path.stem for path in (exported / "one").glob("*.csv")} == names


def test_waivers_are_exported_with_the_entries_of_the_file_that_accept_nothing(
    sample_file: Path, tmp_path: Path
) -> None:
    store = open_store(str(sample_file), read_only=True)
    owner = store.owners()[0]
    one = partial(Waiver, check="unnamed-step", responsible="release team", reason="-")
    file = Waivers(
        waivers=(
            one(repository=f"{owner}/none", expires=date(2026, 12, 1)),
            one(repository=f"{owner[:4]}*/*", expires=date(2026, 1, 1)),
            one(repository="elsewhere/*", expires=date(2026, 12, 1)),
        ),
        today=date(2026, 11, 1),
    )
    export(store, tmp_path, owner=owner, waivers=file)
    with (tmp_path / "waivers.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    held = [row for row in rows if row["state"] == "accepts"]
    accepted = sum(1 for row in _findings(tmp_path) if row["acceptance"])
    assert sum(int(row["findings"]) for row in held) == accepted > 0
    rest = [(row["owner"], row["repository"], row["state"]) for row in rows[len(held) :]]
    assert rest == [(owner, "none", "accepts-nothing"), (f"{owner[:4]}*", "*", "expired")]


def _findings(folder: Path) -> list[dict[str, str]]:
    with (folder / "findings.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))
