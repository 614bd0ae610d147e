"""``release-audit who``: who can publish, by which path, in every output format."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.analysis.exposure.repositories import OTHER, RELEASE, RELEASE_FILE, job
from tests.cli.conftest import write
from tests.cli.runner import release_audit

OPTIONS = ("--offline", "--index-url", "https://pypi.example/simple/", "--as-of", "2026-11-29")
OPEN = job("issues", "- run: echo '${{ github.event.issue.title }}'")
CLOSED = OPEN.replace("contents: write", "contents: read")


def _checkout(root: Path, other: str) -> Path:
    files = {RELEASE_FILE: RELEASE, OTHER: other, "package.json": '{"name": "lumenkit"}'}
    return write(root, files)


@pytest.fixture
def exposed_to_all(tmp_path: Path) -> Path:
    return _checkout(tmp_path / "lumen", OPEN)


def test_the_path_is_shown_step_by_step_with_its_cut(exposed_to_all: Path) -> None:
    ran = release_audit("who", str(exposed_to_all), *OPTIONS)
    assert ran.code == 1
    assert "npm  lumenkit  anyone" in ran.out
    assert f"→ `github.event.issue.title` becomes code  {OTHER}:7" in ran.out
    assert "To close it: hand `github.event.issue.title` over in `env:`" in ran.out


def test_a_closed_one_ends_well(tmp_path: Path) -> None:
    ran = release_audit("who", str(_checkout(tmp_path, CLOSED)), *OPTIONS)
    assert ran.code == 0
    assert "one-writer or two-people" in ran.out
    assert "Not seen: the rules of environment npm" in ran.out


def test_json_has_the_same_paths_as_check(exposed_to_all: Path) -> None:
    who = json.loads(release_audit("who", str(exposed_to_all), "--format", "json", *OPTIONS).out)
    ran = release_audit("check", str(exposed_to_all), "--format", "json", *OPTIONS)
    audit = json.loads(ran.out)
    assert who["exposure"] == audit["exposure"]
    (entry,) = who["exposure"]
    assert (entry["level"], entry["may_be"], entry["package"]) == ("anyone", "anyone", "lumenkit")
    assert entry["publication"] in {publication["key"] for publication in audit["publications"]}
    way_in = entry["paths"][0]["steps"][1]
    fingerprints = {finding["fingerprint"] for finding in audit["findings"]}
    assert (way_in["kind"], way_in["path"], way_in["line"]) == ("way-in", OTHER, 7)
    assert way_in["finding"] in fingerprints
    assert audit["score"]["grade"] == "F"


def test_no_publication_has_no_entry(tmp_path: Path) -> None:
    root = write(tmp_path, {OTHER: OPEN})
    ran = release_audit("who", str(root), "--format", "json", *OPTIONS)
    assert (ran.code, json.loads(ran.out)["exposure"]) == (0, [])


def test_sarif_carries_the_path_as_a_code_flow(exposed_to_all: Path) -> None:
    ran = release_audit("check", str(exposed_to_all), "--format", "sarif", *OPTIONS)
    results = json.loads(ran.out)["runs"][0]["results"]
    (verdict,) = (r for r in results if r["ruleId"] == "outsider-can-publish")
    places = verdict["codeFlows"][0]["threadFlows"][0]["locations"]
    uris = [p["location"]["physicalLocation"]["artifactLocation"]["uri"] for p in places]
    assert (uris[0], uris[-1]) == (OTHER, RELEASE_FILE)


def test_markdown_shows_the_worst_path(exposed_to_all: Path) -> None:
    ran = release_audit("check", str(exposed_to_all), "--format", "markdown", *OPTIONS)
    (line,) = (line for line in ran.out.splitlines() if line.startswith("| npm | `lumenkit` | **"))
    assert line.startswith("| npm | `lumenkit` | **anyone** |")
    assert " → " in line


def test_a_waiver_lifts_the_cap_and_the_level_stays(exposed_to_all: Path, tmp_path: Path) -> None:
    day = date.today() + timedelta(days=30)
    waivers = tmp_path / "waivers.toml"
    waivers.write_text(
        '[[waiver]]\nrepository = "*"\ncheck = "outsider-can-publish"\n'
        f'responsible = "release team"\nreason = "moving off"\nexpires = {day}\n',
        "utf-8",
    )
    given = ("--waivers", str(waivers))
    ran = release_audit("who", str(exposed_to_all), *given, *OPTIONS)
    assert ran.code == 0
    assert "npm  lumenkit  anyone (accepted)" in ran.out
    checked = release_audit("check", str(exposed_to_all), "--format", "json", *given, *OPTIONS)
    document = json.loads(checked.out)
    assert document["score"]["points"] > 39
    assert document["exposure"][0]["level"] == "anyone"


def test_a_comment_closes_no_path(tmp_path: Path) -> None:
    comment = "  # release-audit: ignore[outsider-can-publish] we know"
    accepted = OPEN.replace("title }}'\n", f"title }}}}'{comment}\n")
    ran = release_audit("who", str(_checkout(tmp_path, accepted)), *OPTIONS)
    assert ran.code == 1
    assert "(accepted)" not in ran.out


def test_explain_says_the_levels_and_what_is_outside() -> None:
    ran = release_audit("explain", "exposure")
    assert ran.code == 0
    for part in ("## Levels", "two-people", "## What is outside", "deploy keys"):
        assert part in ran.out
