"""A job that looks like a release and is not understood reaches every output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.cli.conftest import write
from tests.cli.runner import release_audit
from tests.cli.test_gaps import INDEX, WORKFLOW, table
from tests.dashboard.browser import ROOT
from tests.patience import PATIENCE

RELEASE = """\
name: Release
on: {release: {types: [published]}}
permissions: {}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - run: ./tool/shipper publish --everything
"""
PYPI = """\
  index:
    runs-on: ubuntu-latest
    environment: pypi
    permissions: {id-token: write}
    steps:
      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1
      - uses: pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2
"""
PACKAGE = {"package.json": '{"name": "@orchard-labs/lumen", "version": "1.0.0"}'}
WORDS = "how it publishes is not known"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return write(tmp_path / "owner" / "lumen", {WORKFLOW: RELEASE, **PACKAGE})


def checked(checkout: Path, *words: str) -> str:
    return release_audit("check", str(checkout), *words, *INDEX).out


def test_check_says_it_in_every_format(checkout: Path) -> None:
    ran = release_audit("check", str(checkout), *INDEX)
    assert ran.code == 3
    assert WORDS in ran.out
    assert "publishes nothing" not in ran.out
    assert "No job publishes anything" not in ran.out
    record = json.loads(checked(checkout, "--format", "json"))
    (gap,) = record["gaps"]
    assert (gap["reason"], gap["subject"]) == ("unrecognized-publication", WORKFLOW)
    assert (gap["line"], gap["job"], gap["optional"]) == (9, "publish", False)
    score = record["score"]
    assert (score["grade"], score["points"], score["coverage"]) == ("?", None, 0.0)
    assert [package["state"] for package in record["packages"]] == ["unknown"]
    assert "publishes nothing" not in json.dumps(record)
    assert WORDS in checked(checkout, "--format", "markdown")
    (said,) = json.loads(checked(checkout, "--format", "sarif"))["runs"][0]["invocations"]
    assert said["executionSuccessful"] is False
    (notification,) = said["toolExecutionNotifications"]
    assert notification["descriptor"]["id"] == "gap/unrecognized-publication"
    (place,) = notification["locations"]
    assert place["physicalLocation"]["region"] == {"startLine": 9}


def test_allowed_gaps_leave_the_other_codes(checkout: Path) -> None:
    words = ("check", str(checkout), "--allow-gaps", *INDEX)
    assert release_audit(*words, "--fail-on", "never").code == 0


def test_beside_a_known_publication_it_takes_the_grade_and_coverage(checkout: Path) -> None:
    both = json.loads(checked(checkout, "--format", "json"))
    write(checkout, {WORKFLOW: RELEASE + PYPI})
    both = json.loads(checked(checkout, "--format", "json"))["score"]
    known = RELEASE.replace("./tool/shipper publish --everything", "echo done") + PYPI
    write(checkout, {WORKFLOW: known})
    alone = json.loads(checked(checkout, "--format", "json"))["score"]
    assert both["grade"] == "?"
    assert both["points"] is not None
    assert alone["grade"] != "?"
    assert both["coverage"] < alone["coverage"]


def test_scan_export_report_and_dashboard_list_it(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path / 'store.sqlite'}"
    folder = str(checkout.parent)
    ran = release_audit("scan", "--folder", folder, "--database", database, *INDEX)
    assert ran.code == 3
    assert "1 release-like job is not understood" in ran.out
    release_audit("export", str(tmp_path / "out"), "--database", database)
    gaps = table(tmp_path / "out", "gaps")
    (gap,) = [gap for gap in gaps if gap["optional"] == "false"]
    assert (gap["reason"], gap["job"], gap["line"]) == ("unrecognized-publication", "publish", "9")
    (row,) = table(tmp_path / "out", "repositories")
    assert (row["unrecognized"], row["grade"], row["points"]) == ("1", "?", "")
    (printed,) = json.loads(release_audit("report", "--database", database, "--format", "json").out)
    assert [found["job"] for found in printed["gaps"]] == ["publish"]
    monkeypatch.setenv("RELEASE_AUDIT_DATABASE", database)
    app = AppTest.from_file(Path(ROOT / "app.py"), default_timeout=PATIENCE).run()
    assert not app.exception
    labels = [link.proto.label for link in app.get("page_link")]
    assert "1 release-like job is not understood: which?" in labels
    coverage = app.switch_page("views/coverage.py").run()
    assert not coverage.exception
    headings = [str(h.value) for h in (*coverage.header, *coverage.subheader)]
    assert any("1 release-like job is not understood" in text for text in headings), headings
    assert any(">publish</td>" in element.proto.body for element in coverage.get("html"))
