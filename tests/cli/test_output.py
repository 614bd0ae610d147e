"""What commands write: never what steers a terminal, and a sentence where it cannot be written."""

from __future__ import annotations

import ast
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import audits
from tests.cli.runner import release_audit
from tests.patience import PATIENCE

CODE = "from audits.cli import main; main()"
# Title and clipboard of a terminal, a C1 control, a text that runs backwards, a mark of ours.
HOSTILE = "\x1b]0;TITLE\x07\x1b]52;c;cm0gLXJmIH4K\x07\x9b31m\u202eevil\ufdd1"
RAW = ("\x1b", "\x07", "\x9b", "\u202e", "\ufdd1")
WORKFLOW = """
name: {hostile}
on: {{release: {{types: [published]}}}}
jobs:
  publish:
    name: {hostile}
    runs-on: {hostile}
    environment: {hostile}
    steps:
      - name: {hostile}
        uses: pypa/gh-action-pypi-publish@{hostile}
      - uses: ./{hostile}
      - run: twine upload dist/* # {hostile}
"""


def program(*words: str, folder: Path, **environment: str) -> list[str]:
    """The words that start the command as a process of its own."""
    settings = {"PYTHONPATH": str(Path(audits.__file__).parents[1]), **environment}
    return [
        "env",
        f"--chdir={folder}",
        *(f"{name}={value}" for name, value in settings.items()),
        sys.executable,
        "-c",
        CODE,
        *words,
    ]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A repository whose names steer terminals, as far as YAML lets them through."""
    place = tmp_path / "pebble" / ".github" / "workflows"
    place.mkdir(parents=True)
    text = WORKFLOW.format(hostile=json.dumps(HOSTILE))
    (place / "release.yml").write_text(text, "utf-8")
    (place / "broken\x1b]0;x\x07.yml").write_text("on: push\njobs: [", "utf-8")
    (tmp_path / "pebble" / "package.json").write_text(json.dumps({"name": HOSTILE}), "utf-8")
    return tmp_path / "pebble"


@pytest.mark.parametrize(
    "words", [[], ["--all"], ["--format", "json"], ["--format", "sarif"], ["--format", "markdown"]]
)
def test_no_text_of_a_repository_reaches_the_terminal_raw(hostile: Path, words: list[str]) -> None:
    done = release_audit("check", str(hostile), *words)
    assert done.out
    assert not [raw for raw in RAW if raw in done.out + done.err]


def test_nor_by_a_scan_and_what_reads_its_store(hostile: Path, tmp_path: Path) -> None:
    store = ("--database", str(tmp_path / "store.sqlite"))
    folder = ("--folder", str(hostile.parent), "--org", "orchard-labs")
    for words in (("scan", *folder, "--offline"), ("report",), ("report", "--format", "json")):
        done = release_audit(*words, *store)
        assert not [raw for raw in RAW if raw in done.out + done.err]


def test_nor_by_an_error_that_repeats_what_was_typed() -> None:
    for words in (("check", HOSTILE), ("explain", HOSTILE), (HOSTILE,), ("scan", HOSTILE)):
        done = release_audit(*words)
        assert done.code == 2
        assert not [raw for raw in RAW if raw in done.out + done.err]


def test_json_keeps_the_text_itself(hostile: Path) -> None:
    done = release_audit("check", str(hostile), "--format", "json")
    assert json.dumps(HOSTILE)[1:-1] in done.out


def test_only_one_module_of_the_commands_writes() -> None:
    """Whatever else writes would have to remember to escape."""
    writing = []
    for path in sorted(Path(audits.__file__).parent.rglob("*.py")):
        if path.name == "output.py" and path.parent.name == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                if called in {"print", "typer.echo", "typer.secho", "click.echo"} or (
                    called.startswith(("sys.stdout.", "sys.stderr."))
                    and called.endswith((".write", ".writelines"))
                ):
                    writing.append(f"{path.name}:{node.lineno}")
    assert not writing


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    hostile: Path, environment: dict[str, str], coloured: bool
) -> None:
    near, far = pty.openpty()
    base = {"TERM": "xterm", "NO_COLOR": "", "FORCE_COLOR": ""}
    words = program("check", "--no-engine", ".", folder=hostile, **{**base, **environment})
    process = subprocess.Popen(words, stdout=far, stderr=subprocess.DEVNULL)
    os.close(far)
    shown = b""
    try:
        while part := os.read(near, 65536):
            shown += part
    except OSError:  # the terminal's other end was closed
        pass
    os.close(near)
    process.wait(timeout=PATIENCE)
    assert (b"\x1b[31m" in shown) is coloured
    assert b"\x1b]" not in shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_every_encoding_is_written(hostile: Path, encoding: str) -> None:
    # Documents are UTF-8 whatever the encoding: the one that has the fewest letters shows it.
    documents = ("json", "sarif", "markdown") if encoding == "ascii" else ()
    for form in ("text", *documents):
        words = program(
            "check", str(hostile), "--format", form, folder=hostile, PYTHONIOENCODING=encoding
        )
        done = subprocess.run(words, capture_output=True, check=False, timeout=PATIENCE)
        assert done.returncode == 3, done.stderr
        assert b"Traceback" not in done.stderr
        assert done.stdout.decode(encoding if form == "text" else "utf-8")


@pytest.mark.parametrize(
    ("redirect", "code"), [("> /dev/full", 3), (">&-", 3), ("| head -c 1 > /dev/null", 141)]
)
def test_output_that_fails_ends_in_a_sentence(hostile: Path, redirect: str, code: int) -> None:
    if "/dev/full" in redirect and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    for form in ("text", "json"):
        words = program("check", "--no-engine", "--format", form, folder=hostile)
        script = f'set -o pipefail; "$@" {redirect}'
        done = subprocess.run(
            ["bash", "-c", script, "bash", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        # A reader that ends first may still have taken all of it.
        assert done.returncode == code or (code == 141 and done.returncode == 3), done.stderr
        assert "Traceback" not in done.stderr
        if code == 3:
            assert done.stderr.startswith("error: The output ")
