"""Gaps reach every output, and acceptances and states are distinct in all of them."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest

from audits.model.rows import ScoreChange
from audits.report.news import net_changes
from tests.cli.conftest import TOKEN, write
from tests.cli.runner import release_audit

INDEX = ("--index-url", "https://pypi.example/simple/", "--offline", "--no-engine")
WORKFLOW = ".github/workflows/release.yml"
BROKEN = "on: push\njobs:\n  t:\n  - [\n"


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table of an export, as they are written."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store') / 'history.sqlite'}"


@pytest.mark.parametrize(
    ("files", "grade", "coverage", "code"),
    [
        ({WORKFLOW: BROKEN}, "?", 0.0, 3),
        ({WORKFLOW: "on: push\njobs: {a: {runs-on: x, steps: []}}\n"}, "-", None, 0),
        ({WORKFLOW: "\x01"}, "?", 0.0, 3),
        ({WORKFLOW: ""}, "?", 0.0, 3),
        ({WORKFLOW: "on: push\njobs: {a: {uses: ./.github/workflows/gone.yml}}\n"}, "?", 0.0, 3),
        ({WORKFLOW: BROKEN, "pyproject.toml": "["}, "?", 0.0, 3),
        ({"pyproject.toml": "["}, "-", None, 3),
        ({"pyproject.toml": "[project]\n"}, "-", None, 0),
        (
            {WORKFLOW: "on: push\njobs: {a: {runs-on: x, steps: []}} # release-audit: ignore\n"},
            "-",
            None,
            0,
        ),
    ],
)
def test_what_could_not_be_read_is_no_absence(
    tmp_path: Path,
    database: str,
    files: dict[str, str],
    grade: str,
    coverage: float | None,
    code: int,
) -> None:
    root = write(tmp_path / "owner" / "r", files)
    for severity in ("medium", "never"):
        text = release_audit("check", str(root), "--fail-on", severity, *INDEX)
        assert text.code == code
    assert ("No job publishes anything here" in text.out) == (grade == "-")
    record = json.loads(release_audit("check", str(root), "--format", "json", *INDEX).out)
    score = record["score"]
    assert (score["grade"], score["points"], score["coverage"]) == (grade, None, coverage)
    log = json.loads(release_audit("check", str(root), "--format", "sarif", *INDEX).out)
    (invocation,) = log["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] == (code == 0)
    levels = [said["level"] for said in invocation["toolExecutionNotifications"]]
    assert ("error" in levels) == (code == 3)
    assert len(levels) == len(record["gaps"])
    assert release_audit("check", str(root), "--allow-gaps", *INDEX).code == 0
    words = ("scan", "--folder", str(root.parent), "--database", database, *INDEX)
    scanned = release_audit(*words)
    assert scanned.code == code
    assert ("not seen: owner/r: " in scanned.out) == (code == 3)
    assert release_audit(*words, "--allow-gaps").code == 0
    out = tmp_path / "out"
    release_audit("export", str(out), "--database", database)
    (row,) = table(out, "repositories")
    assert (row["grade"], row["coverage"]) == (grade, "" if coverage is None else "0.0")
    printed = release_audit("report", "--database", database, "--format", "json")
    assert bool(json.loads(printed.out)[0]["gaps"]) == (code == 3)
    assert (
        "### Not seen"
        in release_audit("report", "--database", database, "--format", "markdown").out
    ) == (code == 3)


def test_a_resumed_scan_ends_as_one_that_was_not_stopped(tmp_path: Path, database: str) -> None:
    folder = tmp_path / "owner"
    write(folder / "a", {WORKFLOW: BROKEN})
    write(folder / "b", {WORKFLOW: TOKEN})
    words = ("scan", "--folder", str(folder), "--database", database, *INDEX)
    assert release_audit(*words).code == 3
    with sqlite3.connect(database.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE scan SET finished = NULL")
        connection.execute("INSERT INTO progress SELECT 1, id, 1 FROM repository WHERE name = 'a'")
    connection.close()
    ran = release_audit(*words, "--resume")
    assert ran.code == 3
    assert "not seen: owner/a: " in ran.out


def test_tables_tell_states_and_acceptances_apart_and_add_up(tmp_path: Path, database: str) -> None:
    folder = tmp_path / "owner"
    root = write(folder / "a", {WORKFLOW: TOKEN, ".github/workflows/b.yml": TOKEN})
    write(
        folder / "c",
        {
            WORKFLOW: TOKEN.replace(
                "checkout@v4", "checkout@v4 # release-audit: ignore[unpinned-action] known"
            )
        },
    )
    words = ("scan", "--folder", str(folder), "--database", database, *INDEX)
    release_audit(*words)
    (root / WORKFLOW).write_text(
        TOKEN.replace("pypa/gh-action-pypi-publish@release/v1", "actions/cache@v4")
    )
    (root / ".github/workflows/b.yml").write_text(BROKEN + "# publish\n")
    release_audit(*words)
    out = tmp_path / "out"
    assert release_audit("export", str(out), "--database", database, "--with-fixed").code == 0
    findings = table(out, "findings")
    assert {row["state"] for row in findings} == {"open", "not-re-checked", "fixed"}
    assert all((row["state"] == "fixed") == bool(row["fixed_at"]) for row in findings)
    keys = [(row["owner"], row["repository"], row["fingerprint"]) for row in findings]
    assert len(set(keys)) == len(keys)
    accepted = [row["acceptance_counts"] for row in findings if row["acceptance"]]
    assert accepted == ["false"]
    assert {row["acceptance_counts"] for row in findings if not row["acceptance"]} == {""}
    rows = table(out, "repositories")
    for row in rows:
        mine = [f for f in findings if f["repository"] == row["repository"]]
        mine = [f for f in mine if f["in_release"] == "true"]
        for word in ("critical", "high", "medium", "low", "info"):
            counted = [f for f in mine if (f["state"], f["severity"]) == ("open", word)]
            assert row[f"open_{word}"] == str(len(counted))
        unseen = [f for f in mine if f["state"] == "not-re-checked"]
        assert row["not_rechecked"] == str(len(unseen))
    assert any(row["not_rechecked"] != "0" for row in rows)
    release_audit("export", str(out), "--database", database)
    assert "fixed" not in {row["state"] for row in table(out, "findings")}


def test_lists_and_flags_are_written_one_way_in_every_table(tmp_path: Path, database: str) -> None:
    for path in ("a/one/pyproject.toml", "a/two/pyproject.toml"):
        write(tmp_path, {f"owner/{path}": f'[project]\nname = "{path[2:5]}"\n'})
    triggers = TOKEN.replace("on:", "on:\n  push: {tags: ['v*']}\n  workflow_dispatch:\nx-y:", 1)
    write(tmp_path / "owner" / "a", {WORKFLOW: triggers})
    release_audit("scan", "--folder", str(tmp_path / "owner"), "--database", database, *INDEX)
    release_audit("export", str(tmp_path / "out"), "--database", database)
    out = tmp_path / "out"
    (row,) = table(out, "publications")
    assert row["triggers"].split("; ") == ["push", "workflow_dispatch"]
    (line,) = (out / "publications.jsonl").read_text().splitlines()
    assert json.loads(line)["triggers"] == ["push", "workflow_dispatch"]
    for said in json.loads((out / "datapackage.json").read_text())["resources"]:
        for field in said["schema"]["fields"]:
            cells = {row[field["name"]] for row in table(out, said["name"])}
            if field["type"] == "boolean":
                assert cells <= {"true", "false", ""}
            else:
                assert not cells & {"yes", "no", "True", "none"}


def _change(scan: int, before: float, after: float, grades: str, cause: str) -> ScoreChange:
    from datetime import UTC, datetime

    return ScoreChange(
        owner="o",
        repository="tidepool",
        scan=scan,
        at=datetime(2026, 1, scan, tzinfo=UTC),
        before=before,
        after=after,
        grade_before=grades[0],
        grade_after=grades[1],
        cause=cause,
    )


def test_a_report_over_several_scans_shows_the_net_change() -> None:
    steps = [_change(2, 92, 80, "AB", "setting"), _change(3, 80, 50, "BD", "repository")]
    (net,) = net_changes(steps)
    assert (net.before, net.after, net.grade_before + net.grade_after) == (92, 50, "AD")
    assert net.cause == "setting; repository"
    assert net_changes([*steps, _change(4, 50, 92, "DA", "repository")]) == ()
