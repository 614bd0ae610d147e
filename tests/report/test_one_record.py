"""Every output describes a finding alike: job, environment, publication and links."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from audits.collect.folder.collector import read_folder
from audits.collect.index.default_index import index_hosts
from audits.model.source import RepositoryRef
from audits.pipeline.audit import Rules, audit
from audits.workflow.repository import read_repository
from dashboard.frames.self_check import finding_rows
from tests.cli.runner import release_audit

WORKFLOW = """\
name: Release
on:
  release:
    types: [published]
permissions: {}
jobs:
  publish:
    runs-on: self-hosted
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
FIELDS = ("check", "severity", "path", "line", "job", "publication", "environment", "message")


def _repository(folder: Path) -> Path:
    path = folder / "lumen" / ".github" / "workflows" / "release.yml"
    path.parent.mkdir(parents=True)
    path.write_text(WORKFLOW, "utf-8")
    return folder / "lumen"


def _key(record: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(record[name]) for name in FIELDS)


def test_outputs_agree_on_every_finding(tmp_path: Path) -> None:
    repository = _repository(tmp_path)
    database = f"sqlite:///{tmp_path / 'store.sqlite'}"
    printed = release_audit("check", str(repository), "--no-engine", "--format", "json").out
    document = json.loads(printed)["findings"]
    assert {f["job"] for f in document} >= {"publish"}
    assert {f["environment"] for f in document if f["job"]} == {"pypi"}

    release_audit(
        "scan", "--folder", str(tmp_path), "--offline", "--no-engine", "--database", database
    )
    release_audit("export", str(tmp_path / "out"), "--database", database)
    with (tmp_path / "out" / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(map(_key, rows)) == sorted(map(_key, document))

    snapshot = read_folder(repository, RepositoryRef(owner="orchard-labs", name="lumen"))
    index = index_hosts()
    audited = audit(read_repository(snapshot, channel=index.channel_of), Rules(index=index))
    shown = finding_rows(audited, datetime(2026, 11, 1, tzinfo=UTC))
    own = [{name: getattr(row, name) for name in FIELDS} for row in shown]
    assert sorted(map(_key, own)) == sorted(map(_key, document))

    sarif = release_audit("check", str(repository), "--no-engine", "--format", "sarif").out
    results = json.loads(sarif)["runs"][0]["results"]
    found = sorted(
        (r["ruleId"], r["properties"].get("job", ""), r["properties"].get("environment", ""))
        for r in results
    )
    assert found == sorted((f["check"], f["job"], f["environment"]) for f in document)
