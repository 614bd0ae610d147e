"""``release-audit check``: what a maintainer sees, and what scripts rely on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from audits.checks import all_checks
from tests.cli.conftest import write
from tests.cli.runner import release_audit

INDEX = ("--index-url", "https://pypi.example/simple/")


def test_the_lesson_is_clean(lesson: Path) -> None:
    ran = release_audit("check", str(lesson), *INDEX)
    assert ran.code == 0
    assert "  A · " in ran.out
    assert "✓ Name the workflow: done" in ran.out
    assert not any(word in ran.out for word in ("\nmedium", "\nhigh", "\ncritical"))


def test_a_token_is_named_with_its_place(token: Path) -> None:
    ran = release_audit("check", str(token), *INDEX)
    assert ran.code == 1
    assert "long-lived-token  .github/workflows/publish.yml:" in ran.out


@pytest.mark.parametrize(("fail_on", "code"), [("critical", 0), ("high", 1), ("never", 0)])
def test_fail_on(token: Path, fail_on: str, code: int) -> None:
    assert release_audit("check", str(token), "--fail-on", fail_on, *INDEX).code == code


def test_json_says_what_the_text_says(token: Path) -> None:
    ran = release_audit("check", str(token), "--format", "json", *INDEX)
    document = json.loads(ran.out)
    assert document["repository"] == "tidepool"
    assert document["score"]["grade"] in {"C", "D", "F"}
    assert {check["check"] for check in document["checks"]} >= {c.id for c in all_checks()}
    publication = document["publications"][0]
    assert (publication["registry"], publication["auth"]) == ("pypi", "token")
    named = {f["check"] for f in document["findings"]}
    assert {"long-lived-token", "unpinned-action", "publish-without-environment"} <= named


def test_markdown_makes_no_link_of_untrusted_text(tmp_path: Path) -> None:
    hostile = "on: release\njobs:\n  a:\n    steps:\n      - uses: 'o/r@[x](https://evil.example)|<b>'\n      - run: twine upload dist/*\n"
    root = write(tmp_path / "x", {".github/workflows/a.yml": hostile})
    out = release_audit("check", str(root), "--format", "markdown", *INDEX).out
    assert out.startswith("# Release audit of `local/x`")
    for line in out.splitlines():
        assert "](https://evil.example" not in line.replace("`", "") or line.count("`") >= 2
        assert "<b>" not in line.split("`")[::2]


def test_nothing_to_publish_is_not_a_fault(tmp_path: Path) -> None:
    root = write(
        tmp_path / "x",
        {".github/workflows/a.yml": "on: push\njobs: {a: {runs-on: x, steps: []}}\n"},
    )
    ran = release_audit("check", str(root))
    assert ran.code == 0
    assert "- · nothing is published" in ran.out


@pytest.mark.parametrize("form", ["text", "json", "sarif", "markdown"])
def test_a_broken_workflow_is_reported_and_loses_nothing_else(token: Path, form: str) -> None:
    write(token, {".github/workflows/broken.yml": "on: push\njobs: [\n"})
    ran = release_audit("check", str(token), "--format", form, *INDEX)
    assert ran.code == 3
    assert "long-lived-token" in ran.out
    assert "broken.yml" in ran.out
    allowed = release_audit("check", str(token), "--format", form, "--allow-gaps", *INDEX)
    assert (allowed.code, allowed.out) == (1, ran.out)


@pytest.mark.parametrize("words", [("check", "nowhere-at-all"), ("check", "{tmp}")])
def test_wrong_use_is_one_sentence_and_advice(tmp_path: Path, words: tuple[str, ...]) -> None:
    ran = release_audit(*(word.format(tmp=tmp_path) for word in words))
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert "advice: " in ran.err
    assert "Traceback" not in ran.err


def test_all_looks_beyond_releases(token: Path) -> None:
    write(
        token,
        {
            ".github/workflows/test.yml": "on: push\njobs:\n  t:\n    steps:\n      - uses: o/r@main\n"
        },
    )
    narrow = json.loads(release_audit("check", str(token), "--format", "json", *INDEX).out)
    wide = json.loads(release_audit("check", str(token), "--all", "--format", "json", *INDEX).out)
    beyond = [f for f in wide["findings"] if not f["in_release"]]
    assert ".github/workflows/test.yml" in {f["path"] for f in beyond}
    assert wide["score"] == narrow["score"]


def test_a_waiver_accepts_and_both_scores_are_shown(token: Path, tmp_path: Path) -> None:
    from datetime import date, timedelta

    expires = date.today() + timedelta(days=30)
    waivers = tmp_path / "waivers.toml"
    waivers.write_text(
        '[[waiver]]\nrepository = "local/*"\ncheck = "long-lived-token"\n'
        f'responsible = "release team"\nreason = "moving"\nexpires = {expires}\n',
        "utf-8",
    )
    ran = release_audit("check", str(token), "--waivers", str(waivers), *INDEX)
    assert "without acceptances" in ran.out
    assert "waiver: moving" in ran.out


def test_waivers_with_mistakes_are_refused_and_all_mistakes_listed(
    token: Path, tmp_path: Path
) -> None:
    waivers = tmp_path / "waivers.toml"
    waivers.write_text('\n\n[[waiver]]\nrepository = "x"\ncheck = "long-live-token"\n', "utf-8")
    ran = release_audit("check", str(token), "--waivers", str(waivers), *INDEX)
    assert (ran.code, ran.out) == (2, "")
    assert "have 5 mistakes:" in ran.err
    assert "line 3: the waiver has no 'responsible'" in ran.err
    assert (
        "line 5: there is no check 'long-live-token'; did you mean 'long-lived-token'?" in ran.err
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[[waiver", "line 1: this is not TOML"),
        (b"# \xff\n", "not UTF-8 (line 1)"),
        (b"#" * (1024 * 1024 + 1), "larger than 1024 KiB"),
        (None, "cannot be read"),
        ("folder", "is no file"),
        ("fifo", "is no file"),
    ],
)
def test_waivers_that_cannot_be_read_are_refused(
    token: Path, tmp_path: Path, content: bytes | str | None, said: str
) -> None:
    waivers = tmp_path / "waivers.toml"
    if isinstance(content, bytes):
        waivers.write_bytes(content)
    elif content == "folder":
        waivers.mkdir()
    elif content == "fifo":
        os.mkfifo(waivers)
    for command in (("check", str(token)), ("scan", "--folder", str(token.parent), "--offline")):
        ran = release_audit(*command, "--waivers", str(waivers), *INDEX)
        assert ran.code == 2
        assert said in ran.err
        assert "advice: " in ran.err


_OLD_IMAGE = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: macos-14
    steps:
      - run: twine upload dist/*
        env: {TWINE_PASSWORD: "${{ secrets.INDEX_TOKEN }}"}
"""


@pytest.mark.parametrize(("day", "gone"), [("2026-11-01", False), ("2026-11-02", True)])
def test_the_facts_of_the_day_that_is_asked_for_count(tmp_path: Path, day: str, gone: bool) -> None:
    root = write(tmp_path / "x", {".github/workflows/a.yml": _OLD_IMAGE})
    ran = release_audit("check", str(root), "--format", "json", "--as-of", day, *INDEX)
    document = json.loads(ran.out)
    assert document["as_of"] == day
    assert ("retired-runner-image" in {f["check"] for f in document["findings"]}) is gone


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    ran = release_audit("check", str(tmp_path), "--as-of", "soon")
    assert ran.code == 2
    assert "--as-of" in ran.err


def test_everything_includes_the_other_analyser(lesson: Path) -> None:
    other = "name: Merge\non: pull_request_target\npermissions: {}\njobs:\n  merge:\n    name: Merge\n    runs-on: ubuntu-latest\n    if: github.actor == 'dependabot[bot]'\n    steps:\n      - name: x\n        run: echo x\n"
    write(lesson, {".github/workflows/merge.yml": other})
    found = {}
    for options in ((), ("--all",)):
        ran = release_audit("check", str(lesson), "--format", "json", *options, *INDEX)
        findings = json.loads(ran.out)["findings"]
        found[options] = {f["check"] for f in findings if f["path"].endswith("merge.yml")}
    assert not found[()]
    assert any("bot-conditions" in name for name in found[("--all",)])
