"""``release-audit fix``: shows, asks, writes, refuses, and says what it did not do."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
import zlib
from hashlib import sha1
from pathlib import Path

import pytest

from tests.cli.conftest import TOKEN, write
from tests.cli.runner import release_audit
from tests.patience import PATIENCE

OPTIONS = ("--index-url", "https://pypi.example/simple/", "--no-engine", "--as-of", "2026-11-29")
PUBLISH = ".github/workflows/publish.yml"
BUILDING = """name: Publish
on:
  release:
    types: [published]
permissions: {}
jobs:
  build:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: actions/upload-artifact@v4
        with:
          name: dist
          path: dist/
  publish:
    needs: build
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
    steps:
      - uses: actions/download-artifact@v4
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
METADATA = '[project]\nname = "tidepool"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return write(tmp_path / "tidepool", {PUBLISH: BUILDING, "pyproject.toml": METADATA})


def committed(root: Path) -> None:
    """Make the folder a checkout whose HEAD holds its files as they are."""
    objects = root / ".git" / "objects"

    def store(kind: bytes, content: bytes) -> bytes:
        whole = kind + b" %d\0" % len(content) + content
        oid = sha1(whole, usedforsecurity=False).hexdigest()
        path = objects / oid[:2] / oid[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(zlib.compress(whole))
        return bytes.fromhex(oid)

    def tree(folder: Path) -> bytes:
        entries = []
        for path in sorted(folder.iterdir()):
            if path.name == ".git":
                continue
            mode = b"40000" if path.is_dir() else b"100644"
            oid = tree(path) if path.is_dir() else store(b"blob", path.read_bytes())
            entries.append((path.name + "/" * path.is_dir(), mode, path.name.encode(), oid))
        listed = b"".join(m + b" " + n + b"\0" + o for _, m, n, o in sorted(entries))
        return store(b"tree", listed)

    head = b"tree %s\nauthor a <a@a.example> 1 +0000\ncommitter a <a@a.example> 1 +0000\n\nall\n"
    commit = store(b"commit", head % tree(root).hex().encode())
    write(root / ".git", {"HEAD": "ref: refs/heads/main\n", "refs/heads/main": commit.hex() + "\n"})


def test_edits_are_shown_and_not_written_where_nobody_can_be_asked(checkout: Path) -> None:
    ran = release_audit("fix", str(checkout), *OPTIONS)
    assert ran.code == 1
    assert "+          persist-credentials: false" in ran.out
    assert "Not done" in ran.out
    assert "unpinned-action" in ran.out
    assert "release-audit fix --online" in ran.out
    assert "Nothing was written; the same command with --write writes these changes." in ran.out
    assert (checkout / PUBLISH).read_text() == BUILDING


def test_what_is_left_names_its_next_step(tmp_path: Path) -> None:
    text = TOKEN.replace("checkout@v4", "checkout@v4\n      - run: pip install build")
    root = write(tmp_path / "lumen", {PUBLISH: text, "pyproject.toml": METADATA})
    left = release_audit("fix", str(root), *OPTIONS).out.partition("Not done")[2]
    assert left.startswith(" (lines as they are after these changes)\n")
    assert "'release-audit fix --unsafe' makes the edits that need review." in left
    assert "'release-audit explain unpinned-build-tool' shows the change." in left
    assert left.count("--unsafe") == 1
    made = release_audit("fix", str(root), "--unsafe", *OPTIONS).out
    assert "--unsafe" not in made.partition("Not done")[2]


def test_a_repository_that_publishes_nothing_has_nothing_to_edit(tmp_path: Path) -> None:
    text = "on: push\njobs:\n  test:\n    runs-on: ubuntu-24.04\n    steps: [{run: make}]\n"
    root = write(tmp_path / "lumen", {".github/workflows/test.yml": text})
    ran = release_audit("fix", str(root), *OPTIONS)
    assert ran.code == 0
    assert "no job publishes anything here; --all looks at every workflow" in ran.out
    assert "Nothing was written" not in ran.out


def test_written_edits_leave_nothing_to_write(checkout: Path) -> None:
    (checkout / PUBLISH).chmod(0o640)
    ran = release_audit("fix", str(checkout), "--write", *OPTIONS)
    assert ran.code == 0, ran.err
    text = (checkout / PUBLISH).read_text()
    assert "persist-credentials: false" in text
    assert (checkout / PUBLISH).stat().st_mode & 0o777 == 0o640
    assert "github-actions" in (checkout / ".github/dependabot.yml").read_text()
    assert not list(checkout.rglob(".release-audit-*"))
    again = release_audit("fix", str(checkout), "--write", *OPTIONS)
    assert (again.code, "no edit can be made" in again.out) == (0, True)
    assert (checkout / PUBLISH).read_text() == text


@pytest.mark.parametrize(("answer", "is_written"), [("y", True), ("n", False)])
def test_a_person_at_a_terminal_is_asked(checkout: Path, answer: str, is_written: bool) -> None:
    leader, follower = pty.openpty()
    words = [sys.executable, "-c", "from audits.cli import main; main()", "fix", str(checkout)]
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": ""}
    running = subprocess.Popen(
        [*words, *OPTIONS], stdin=follower, stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    shown = b""
    while b"[y/N]" not in shown:
        shown += os.read(leader, 65536)
    os.write(leader, f"{answer}\n".encode())
    with contextlib.suppress(OSError):  # Linux says so at the end of a terminal
        while os.read(leader, 65536):
            pass
    os.close(leader)
    assert running.wait(timeout=PATIENCE) == (0 if is_written else 1)
    assert b"\x1b[32m+" in shown
    assert ("persist-credentials" in (checkout / PUBLISH).read_text()) is is_written


def test_one_check_alone_is_fixed(checkout: Path) -> None:
    ran = release_audit("fix", str(checkout), "--check", "unbounded-artifact", "--write", *OPTIONS)
    assert ran.code == 0
    text = (checkout / PUBLISH).read_text()
    assert "retention-days" in text
    assert "persist-credentials" not in text


def test_an_unknown_check_is_wrong_use_with_advice(checkout: Path) -> None:
    ran = release_audit("fix", str(checkout), "--check", "unpined-action", *OPTIONS)
    assert ran.code == 2
    assert "unpinned-action" in ran.err


@pytest.mark.parametrize("words", [("--write", "--diff"), ("--write", "octo-org/lumen")])
def test_what_makes_no_sense_is_wrong_use(checkout: Path, words: tuple[str, str]) -> None:
    place = () if "/" in words[1] else (str(checkout),)
    assert release_audit("fix", *place, *words, *OPTIONS).code == 2


def test_json_holds_scores_changes_and_the_patch(checkout: Path) -> None:
    ran = release_audit("fix", str(checkout), "--format", "json", *OPTIONS)
    assert ran.code == 1
    found = json.loads(ran.out)
    assert found["after"]["points"] >= found["before"]["points"] > 0
    assert {change["kind"] for change in found["changes"]} == {"safe"}
    assert found["patch"] == release_audit("fix", str(checkout), "--format", "patch", *OPTIONS).out
    left = {(each["check"], each["reason"]) for each in found["left"]}
    assert ("unpinned-action", "by hand") in left
    assert all(each["why"] for each in found["left"])


def test_edits_to_review_are_made_when_asked_for_and_say_what_to_look_at(checkout: Path) -> None:
    text = BUILDING.replace("    environment: pypi\n", "")
    (checkout / PUBLISH).write_text(text)
    safe = release_audit("fix", str(checkout), "--diff", *OPTIONS)
    assert "environment:" not in safe.out.partition("Fixed by")[0]
    assert "needs review" in safe.out
    both = release_audit("fix", str(checkout), "--diff", "--unsafe", *OPTIONS)
    assert "+    environment:" in both.out


def test_a_file_with_uncommitted_changes_is_left_alone_unless_forced(checkout: Path) -> None:
    committed(checkout)
    (checkout / PUBLISH).write_text(BUILDING + "# a thought\n")
    ran = release_audit("fix", str(checkout), "--write", *OPTIONS)
    assert ran.code == 2
    assert "not committed" in ran.err
    assert "persist-credentials" not in (checkout / PUBLISH).read_text()
    assert release_audit("fix", str(checkout), "--write", "--force", *OPTIONS).code == 0
    assert "persist-credentials" in (checkout / PUBLISH).read_text()


def test_a_committed_file_is_written_also_with_other_line_endings(checkout: Path) -> None:
    committed(checkout)
    (checkout / PUBLISH).write_bytes(BUILDING.replace("\n", "\r\n").encode())
    ran = release_audit("fix", str(checkout), "--write", *OPTIONS)
    assert ran.code == 0, ran.err
    content = (checkout / PUBLISH).read_bytes()
    assert b"persist-credentials: false\r\n" in content
    assert content.count(b"\n") == content.count(b"\r\n")


def test_nothing_is_written_through_a_link_out_of_the_repository(checkout: Path) -> None:
    outside = write(checkout.parent / "outside", {"dependabot.yml": "version: 2\nupdates: []\n"})
    (checkout / ".github" / "dependabot.yml").symlink_to(outside / "dependabot.yml")
    before = (outside / "dependabot.yml").read_text()
    release_audit("fix", str(checkout), "--write", "--allow-gaps", *OPTIONS)
    assert (outside / "dependabot.yml").read_text() == before


def test_a_workflow_of_no_repository_is_fixed_where_it_lies(tmp_path: Path) -> None:
    lone = write(tmp_path, {"publish.yml": BUILDING}) / "publish.yml"
    ran = release_audit("fix", str(lone), "--write", *OPTIONS)
    assert ran.code == 0, ran.err
    assert "persist-credentials: false" in lone.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["publish.yml"]


def test_an_unreadable_workflow_sets_the_exit_status(checkout: Path) -> None:
    write(checkout, {".github/workflows/other.yml": "on: push\njobs: [\n"})
    assert release_audit("fix", str(checkout), "--diff", *OPTIONS).code == 3


def test_what_a_policy_for_commits_would_refuse_is_listed(checkout: Path) -> None:
    action = (
        "name: Paint\nruns:\n  using: composite\n  steps:\n    - uses: kestrel-ci/brush@v2\n"
        f"    - uses: kestrel-ci/canvas@{'0123456789' * 4}\n"
    )
    write(checkout, {".github/actions/paint/action.yml": action})
    text = BUILDING.replace("- run: python", "- uses: ./.github/actions/paint\n      - run: python")
    (checkout / PUBLISH).write_text(text)
    ran = release_audit("fix", str(checkout), "--diff", *OPTIONS)
    listed = ran.out.partition("requires commits")[2]
    assert "kestrel-ci/brush@v2  .github/actions/paint/action.yml:5" in listed
    assert "actions/checkout@v4  .github/workflows/publish.yml:12" in listed
    assert "kestrel-ci/canvas@" not in listed
    assert "Not opened, and may use more: actions/checkout" in listed
    found = json.loads(release_audit("fix", str(checkout), "--format", "json", *OPTIONS).out)
    uses = {each["uses"] for each in found["refused_if_commits_are_required"]}
    assert "kestrel-ci/brush@v2" in uses
    assert "kestrel-ci/canvas" in found["actions_not_opened"]


def test_a_file_whose_name_is_no_utf_8_is_said_to_be_that(checkout: Path) -> None:
    workflow = checkout / PUBLISH
    workflow.rename(workflow.with_name(os.fsdecode(b"rel\xe9ase.yml")))
    ran = release_audit("fix", str(checkout), "--write", "--no-engine")
    assert "is not UTF-8" in ran.err
    assert "Rename the file" in ran.err
