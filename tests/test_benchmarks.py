"""The benchmarks' table: what it says of bars, and of an earlier run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.benchmarks.__main__ import ROOT, Row, Run, measured, table


def test_a_missed_bar_is_reported_and_what_was_not_measured() -> None:
    rows = (
        Row(name="requests", bar=100, value=120.0),
        Row(name="ratio", bar=1.6, value=1.2),
        Row(name="folder", bar=1, value=None, why="give --folder", needed=False),
        Row(name="replays", bar=0, value=None, why="did not run"),
    )
    lines = list(table(rows, {"ratio": Row(name="ratio", bar=1.6, value=1.5)}))
    assert lines[1].endswith("MISSED")
    assert "1.2" in lines[2]
    assert "1.5" in lines[2]
    assert "MISSED" not in lines[2] + lines[3]
    assert "give --folder" in lines[3]
    assert lines[4].endswith("MISSED")


def test_one_part_is_measured_and_kept_as_json(tmp_path: Path) -> None:
    kept = tmp_path / "run.json"
    words = ["-m", "tests.benchmarks", "--quick", "--only", "folder", "--json", str(kept)]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    run = msgspec.json.decode(kept.read_bytes(), type=Run)
    assert [row.value for row in run.rows] == [None, None, None]
    again = subprocess.run(
        [sys.executable, *words[:-2], "--compare", str(kept)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr


def test_a_part_that_breaks_off_is_missed_and_costs_no_other(
    capfd: pytest.CaptureFixture[str],
) -> None:
    rows = list(measured(["--quick"], ("no such part", "folder")))
    assert [row.name for row in rows if row.is_missed] == ["no such part"]
    assert len(rows) == 4
    assert "invalid choice" in capfd.readouterr().err
