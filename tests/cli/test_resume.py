"""The line that a stopped scan ends with: it asks the same again, and tells no password."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
import typer.main

from audits.cli.app import application
from audits.cli.resume import resume_line
from audits.store.open import open_store
from tests.cli.conftest import write
from tests.cli.github_world import OWNER, command_line, small_world
from tests.cli.runner import release_audit
from tests.scoring.test_score import LESSON

START = "Go on with: release-audit scan "


def line_of(*words: str) -> str:
    """What is said of a scan with these words, without running it."""
    group = typer.main.get_command(application())
    assert isinstance(group, click.Group)
    with group.commands["scan"].make_context("scan", list(words)) as context:
        return resume_line(context)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("one two", "one two --resume"),
        ("one --resume", "one --resume"),
        ("--all --no-engine one", "one --all --no-engine --resume"),
        ("one --include-forks --no-archived", "one --no-archived --include-forks --resume"),
        (
            "--repos 'my list.txt' --token-file /t/o",
            "--repos 'my list.txt' --token-file /t/o --resume",
        ),
        (
            "--folder 'a b; rm -rf $HOME' --offline --org x --host h.example",
            "--folder 'a b; rm -rf $HOME' --org x --host h.example --offline --resume",
        ),
        (
            "one --api-url https://git.example/api/v3 --max-points 5 --waivers 'w x.toml'",
            "one --api-url https://git.example/api/v3 --waivers 'w x.toml' --resume",
        ),
        (
            "one --registry npm=https://a.example --registry crates=https://b.example/x",
            "one --registry npm=https://a.example --registry crates=https://b.example/x --resume",
        ),
        (
            "one --index-url https://index.example/simple/ --database sqlite:///h.sqlite",
            "one --database sqlite:///h.sqlite --index-url https://index.example/simple/ --resume",
        ),
        (
            "one --database postgresql://release@db.example/audit",
            "one --database postgresql://release@db.example/audit --resume",
        ),
    ],
)
def test_what_was_typed_is_typed_again(words: str, expected: str) -> None:
    assert line_of(*shlex.split(words)) == START + expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "--database postgresql+psycopg://release:pl:um@db.example:5432/audit?sslmode=require",
            "--database 'postgresql+psycopg://release@db.example:5432/audit?sslmode=require'",
        ),
        (
            "--database 'postgresql:///audit?user=release&password=plum'",
            "--database 'postgresql:///audit?user=release'",
        ),
        (
            "--index-url https://plum@index.example/simple/",
            "--index-url https://index.example/simple/",
        ),
        ("--registry npm=https://user:plum@npm.example", "--registry npm=https://npm.example"),
        ("--api-url https://x:plum@git.example/api/v3", "--api-url https://git.example/api/v3"),
    ],
)
def test_passwords_are_left_out_and_that_is_reported(words: str, expected: str) -> None:
    said = line_of("one", *shlex.split(words))
    assert said == f"{START}one {expected} --resume (with the password that is left out here)"


def test_what_the_environment_says_holds_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELEASE_AUDIT_DATABASE", "postgresql://release:plum@db.example/audit")
    monkeypatch.setenv("RELEASE_AUDIT_REGISTRIES", "npm=https://user:plum@npm.example")
    assert line_of("one") == f"{START}one --resume"


def test_the_line_finishes_the_scan_as_it_was_asked(tmp_path: Path) -> None:
    with command_line(small_world(), tmp_path) as cli:
        stopped = cli.scan(OWNER, "--max-points", "1")
        assert stopped.code == 3
        words = shlex.split(stopped.err.partition("Go on with: release-audit ")[2])
        assert {*cli.words, "--resume"} <= set(words)
        # the budget is used up: with it the scan would stop again
        assert "--max-points" not in words
        ran = release_audit(*words, **cli.environment)
        assert (ran.code, "orchard-labs: 6 repositories" in ran.out) == (0, True)
        assert len(cli.store.scans(OWNER)) == 1


def test_a_folder_that_is_interrupted_says_how_to_go_on(tmp_path: Path) -> None:
    for number in range(400):
        files = {"pyproject.toml": f'[project]\nname = "lumen-{number}"\n'}
        files[".github/workflows/release.yml"] = LESSON
        write(tmp_path / "some folder" / f"lumen-{number:03d}", files)
    path = tmp_path / "history.sqlite"
    words = ("--folder", str(tmp_path / "some folder"), "--database", f"sqlite:///{path}")
    command = "from audits.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "scan", *words, "--no-engine", "--offline"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    log = tmp_path / "history.sqlite-wal"
    # A reader's lock could be in the way of the store's first steps: its log tells as much.
    while not (log.exists() and log.stat().st_size) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    again = shlex.split(said.partition("Go on with: release-audit ")[2])
    assert again == ["scan", *words, "--no-engine", "--offline", "--resume"]
    assert "400 repositories" in release_audit(*again).out
    assert len(open_store(f"sqlite:///{path}", read_only=True).scans()) == 1
