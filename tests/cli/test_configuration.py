"""``--config``: what an organization teaches counts in every command that audits."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import write
from tests.cli.runner import release_audit

INDEX = ("--index-url", "https://pypi.example/simple/", "--no-engine")
WORKFLOW = """
name: Ship
on: {release: {types: [published]}}
permissions: {}
jobs:
  ship:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: acme/promote@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v1.0.0
"""
CONFIG = '[[uploader]]\naction = "acme/promote"\nregistry = "npm"\n'


def _repository(tmp_path: Path) -> Path:
    return write(tmp_path / "lumen", {".github/workflows/ship.yml": WORKFLOW})


def test_a_taught_action_is_a_publication(tmp_path: Path) -> None:
    root = _repository(tmp_path)
    config = write(tmp_path / "config", {"audit.toml": CONFIG}) / "audit.toml"
    words = ("check", str(root), "--format", "json", *INDEX)
    before = json.loads(release_audit(*words).out)
    assert before["publications"] == []
    for given in (
        release_audit(*words, "--config", str(config)),
        release_audit(*words, RELEASE_AUDIT_CONFIG=str(config)),
    ):
        after = json.loads(given.out)
        assert [(p["registry"], p["auth"]) for p in after["publications"]] == [("npm", "oidc")]
        assert not [g for g in after["gaps"] if g["reason"] == "unrecognized-publication"]


def test_a_mistake_ends_the_run_with_its_place(tmp_path: Path) -> None:
    root = _repository(tmp_path)
    config = tmp_path / "audit.toml"
    config.write_text(CONFIG.replace("npm", "nmp"), "utf-8")
    for command in (
        ("check", str(root)),
        ("who", str(root)),
        ("scan", "--folder", str(tmp_path), "--database", str(tmp_path / "x.db")),
    ):
        ran = release_audit(*command, "--config", str(config), *INDEX[:2])
        assert (ran.code, ran.out) == (2, "")
        assert "line 3: there is no registry 'nmp'; did you mean 'npm'?" in ran.err
    assert not (tmp_path / "x.db").exists()


def test_a_file_that_cannot_be_read_ends_the_run(tmp_path: Path) -> None:
    root = _repository(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# caf\xe9\n")
    for path, words in (
        (tmp_path / "none.toml", "cannot be read"),
        (tmp_path, "is no file"),
        (latin, "is not UTF-8 (line 1)"),
    ):
        ran = release_audit("check", str(root), "--config", str(path), *INDEX)
        assert ran.code == 2
        assert words in ran.err


def test_a_scan_counts_it_and_says_that_the_rules_changed(tmp_path: Path) -> None:
    folder = tmp_path / "orchard"
    _repository(folder)
    config = tmp_path / "audit.toml"
    config.write_text(CONFIG, "utf-8")
    scan = ("scan", "--folder", str(folder), "--database", str(tmp_path / "s.db"), "--offline")
    assert release_audit(*scan, *INDEX).code == 3
    ran = release_audit(*scan, *INDEX, "--config", str(config))
    assert ran.code == 0, ran.err
