"""Every command on output that fails: a sentence and its exit code, and never a traceback."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from audits.cli import main
from audits.cli.app import COMMANDS
from audits.cli.database import database
from audits.cli.output import BROKEN_PIPE
from tests.cli.conftest import TOKEN, write
from tests.cli.runner import release_audit
from tests.collect.github.scanning import TOKEN as CREDENTIAL
from tests.collect.github.scanning import github_with, world_of
from tests.collect.github.world import Repo

NO_ENGINE = "--no-engine"
WORDS = {
    "demo": ("demo", "--no-browser", NO_ENGINE, "--database", "{new}"),
    "scan": ("scan", "--folder", "{org}", "--offline", NO_ENGINE, "--database", "{new}"),
    "scan of GitHub": ("scan", "orchard-labs", NO_ENGINE, "--database", "{new}"),
    "check": ("check", "{org}/tidepool", NO_ENGINE),
    "check, JSON": ("check", "{org}/tidepool", NO_ENGINE, "--format", "json"),
    "who": ("who", "{org}/tidepool"),
    "fix": ("fix", "{org}/tidepool", "--diff", NO_ENGINE),
    "fix, patch": ("fix", "{org}/tidepool", "--format", "patch", "--unsafe", NO_ENGINE),
    "init": ("init", "{org}/bare", "--diff"),
    "report": ("report", "--database", "{store}"),
    "report, JSON": ("report", "--format", "json", "--database", "{store}"),
    "export": ("export", "{new}", "--database", "{store}"),
    "history": ("history", "--folder", "{org}", "--since", "2026-11-01", "--database", "{new}"),
    "rescore": ("rescore", "--database", "{store}"),
    "explain": ("explain",),
    "explain, JSON": ("explain", "--json"),
    "explain one": ("explain", "unpinned-action"),
    "doctor": ("doctor", "orchard-labs"),
    "dashboard": ("dashboard", "--help"),
    "db upgrade": ("db", "upgrade", "--database", "{new}"),
    "db check": ("db", "check", "--database", "{store}"),
    "db backup": ("db", "backup", "{new}", "--database", "{store}"),
    "db prune": ("db", "prune", "--keep-daily", "1", "--dry-run", "--database", "{store}"),
    "db role": ("db", "role", "viewer"),
    "db advisories": ("db", "advisories"),
    "help": ("--help",),
    "version": ("--version",),
    "nothing": (),
}
CODES = dict.fromkeys(("check", "check, JSON", "fix", "fix, patch", "init"), 1)
CODES |= {"history": 3, "nothing": 2}  # there is no commit
"""What they end with where nothing fails, if it is not 0."""
SLOWEST = ("demo", "cp1252")


class Failing(io.StringIO):
    """A stream that takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def write(self, _text: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Repositories, a store with a scan of them, and a GitHub that holds one."""
    root = tmp_path_factory.mktemp("every")
    write(root / "org" / "tidepool", {".github/workflows/publish.yml": f"# → “✓” é\n{TOKEN}"})
    hatch = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
    write(root / "org" / "bare", {"pyproject.toml": f'[project]\nname = "bare"\n{hatch}'})
    store = ("--database", str(root / "store.sqlite"), NO_ENGINE)
    assert release_audit("scan", "--folder", str(root / "org"), "--offline", *store).code == 0
    world = world_of(Repo("tidepool", {".github/workflows/publish.yml": TOKEN}))
    with github_with(world) as github:
        (root / "address").write_text(github.url)
        yield root


@pytest.fixture
def environment(place: Path, tmp_path: Path) -> Iterator[None]:
    values = {
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path),
        "GITHUB_API_URL": (place / "address").read_text(),
        "GITHUB_TOKEN": CREDENTIAL,
    }
    with patch.dict(os.environ, values):
        yield


def run(
    name: str,
    place: Path,
    new: Path,
    out: io.TextIOBase | None,
    err: io.TextIOBase | None,
) -> int:
    """Run a command on these streams; its exit code."""
    org, store = place / "org", place / "store.sqlite"
    words = [word.format(org=org, store=store, new=new / "new") for word in WORDS[name]]
    with (
        patch.object(sys, "argv", ["release-audit", *words]),
        patch.object(sys, "stdout", out),
        patch.object(sys, "stderr", err),
    ):
        try:
            main()
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        finally:
            if sys.stdout is not out and sys.stdout is not None:
                sys.stdout.close()
    return 0


def test_no_command_is_left_out() -> None:
    first = {words[0] for words in WORDS.values() if words}
    assert set(COMMANDS) <= first
    nested = {
        command.callback.__name__ for command in database.registered_commands if command.callback
    }
    assert nested
    assert nested <= {words[1] for words in WORDS.values() if words[:1] == ("db",)}


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("name", WORDS)
def test_a_full_disk(name: str, place: Path, tmp_path: Path) -> None:
    err = io.StringIO()
    code = run(name, place, tmp_path, Failing(errno.ENOSPC), err)
    said = err.getvalue()
    if name == "nothing":  # its help is an error
        assert code == 2
        return
    assert code == 3, said
    assert "error: The output cannot be written: No space left on device." in said
    assert "Traceback" not in said
    assert "not finished" not in said


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("name", WORDS)
def test_a_closed_pipe(name: str, place: Path, tmp_path: Path) -> None:
    err = io.StringIO()
    code = run(name, place, tmp_path, Failing(errno.EPIPE), err)
    assert code == (2 if name == "nothing" else BROKEN_PIPE), err.getvalue()
    assert "Traceback" not in err.getvalue()
    assert "not finished" not in err.getvalue()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("name", WORDS)
def test_closed_streams(name: str, place: Path, tmp_path: Path) -> None:
    """``2>&-`` takes nothing from the answer, ``>&-`` is said."""
    out = io.StringIO()
    assert run(name, place, tmp_path, out, None) == CODES.get(name, 0)
    assert name == "nothing" or out.getvalue()


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("name", "encoding"),
    [(name, code) for name in WORDS for code in ("ascii", "cp1252") if (name, code) != SLOWEST],
)
def test_a_terminal_with_few_letters(name: str, encoding: str, place: Path, tmp_path: Path) -> None:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2))
    assert run(name, place, tmp_path, out, err) == CODES.get(name, 0)
    shown = out.buffer.getvalue() + err.buffer.getvalue()
    assert shown
    assert b"Traceback" not in shown


@pytest.mark.parametrize("name", WORDS)
def test_a_home_that_cannot_be_written(name: str, place: Path, tmp_path: Path) -> None:
    """Where a file stands in the folder's place, which stops an administrator too."""
    (tmp_path / "file").write_text("")
    home = {each: str(tmp_path / "file") for each in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME")}
    home |= {"XDG_STATE_HOME": home["HOME"], "XDG_CONFIG_HOME": home["HOME"]}
    words = WORDS[name]
    if "--database" in words and "{store}" not in words:  # the usual store, which is at home
        words = words[: words.index("--database")]
    given = {"GITHUB_API_URL": (place / "address").read_text(), "GITHUB_TOKEN": CREDENTIAL}
    filled = [w.format(org=place / "org", store=place / "store.sqlite", new="x") for w in words]
    with contextlib.chdir(tmp_path):
        done = release_audit(*filled, **home, **given)
    assert "Traceback" not in done.err
    stores = "{new}" in WORDS[name] and "{store}" not in WORDS[name]
    assert done.code in ({3} if stores else {0, 1, 2}), done
    if stores:
        assert done.err.splitlines()[-2].startswith("error: ")
        assert done.err.splitlines()[-1].startswith("advice: ")
