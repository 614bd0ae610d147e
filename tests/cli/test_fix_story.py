"""From finding to fix: a scan, the edits, and the next scan that says what rose and why."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from tests.cli.runner import release_audit

STATE = "states/2026-06-01/tidepool"


def test_the_next_scan_shows_the_rise_and_its_cause(tmp_path: Path) -> None:
    root = tmp_path / "repositories" / "tidepool"
    with as_file(files("audits.sample") / STATE) as sample:
        shutil.copytree(sample, root)
    scan = ("scan", "--folder", str(root.parent), "--database", str(tmp_path / "store.sqlite"))
    options = ("--offline", "--no-engine", "--as-of", "2026-11-29")
    assert release_audit(*scan, *options).code == 0
    fixed = release_audit("fix", str(root), "--write", "--unsafe", *options)
    assert fixed.code == 0, fixed.err
    rise = fixed.out.partition(" with ")[0].split("  ")[-1]
    before, _, after = rise.partition(" → ")
    assert float(after.split()[1]) > float(before.split()[1])
    again = release_audit(*scan, *options)
    assert "tidepool" in again.out
    assert "as the repository changed" in again.out
    assert after.split()[1] in again.out
