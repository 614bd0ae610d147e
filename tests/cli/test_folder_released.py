"""Checkouts whose releases are held against their own history, from the command to its tables."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.store.open import open_store
from dashboard.frames import tables
from tests.cli.conftest import write
from tests.cli.runner import Ran, release_audit
from tests.collect.index.objects import Run
from tests.collect.index.server import PackageIndexServer, serving
from tests.scoring.test_score import LESSON

OWNER = "orchard-labs"
PATH = ".github/workflows/release.yml"
STEM = "The workflow uploads with a trusted publisher; release 1.2.0 is attested for release.yml"
FAILS = "; the next release fails unless a trusted publisher is registered for "


def git(path: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@lumen.example", "-C", str(path), *words],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(path: Path) -> str:
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "x")
    return git(path, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    files = {PATH: LESSON, "pyproject.toml": '[project]\nname = "lumen"\n'}
    path = write(tmp_path / OWNER / "lumen", files)
    git(path, "init", "-q", "-b", "main")
    git(path, "remote", "add", "origin", "https://github.com/orchard-labs/lumen.git")
    return path


@pytest.fixture
def index() -> Iterator[PackageIndexServer]:
    with serving() as server:
        yield server


def serve(index: PackageIndexServer, run: Run) -> None:
    index.project("lumen", [index.release("lumen", "1.2.0", 4, run)], versions=["1.2.0"])
    index.metadata("lumen", "1.2.0", {})


def check(checkout: Path, index: PackageIndexServer, form: str = "text") -> Ran:
    return release_audit(
        "check",
        str(checkout),
        "--online",
        "--format",
        form,
        "--no-engine",
        "--fail-on",
        "never",
        "--index-url",
        index.simple,
        XDG_CACHE_HOME=str(checkout.parent.parent / "cache"),
    )


def same(path: Path) -> None:
    """Nothing changes after the release."""


def changed(path: Path) -> None:
    (path / PATH).write_text(LESSON + "# changed\n")


def renamed(path: Path) -> None:
    (path / PATH).rename(path / ".github/workflows/publish.yml")


def other_environment(path: Path) -> None:
    assert "name: pypi" in LESSON
    (path / PATH).write_text(LESSON.replace("name: pypi", "name: release"))


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        (same, "attested", "; that file is as it was at the release's commit {commit}."),
        (changed, "oidc", "; that file has changed since the release's commit {commit}."),
        (
            renamed,
            "oidc",
            ", which was there at the release's commit {commit} and is not here today: it was renamed or removed "
            "since; the workflow that publishes today is publish.yml" + FAILS + "publish.yml.",
        ),
        (
            other_environment,
            "oidc",
            " with the environment pypi, and the job names release today, as the file has changed since"
            + FAILS
            + "the environment release.",
        ),
    ],
)
def test_what_became_of_the_workflow_reaches_whoever_asks(
    checkout: Path,
    index: PackageIndexServer,
    tmp_path: Path,
    change: Callable[[Path], None],
    state: str,
    words: str,
) -> None:
    made = commit(checkout)
    serve(index, Run(commit=made))
    change(checkout)
    why = STEM + words.format(commit=made[:7])
    ran = check(checkout, index)
    assert f"  {state:<9} pypi  lumen\n            {why}\n" in ran.out
    assert "publisher-mismatch" not in ran.out, "a note, and no finding"
    (package,) = json.loads(check(checkout, index, "json").out)["packages"]
    assert (package["state"], package["why"]) == (state, why)
    assert why.replace("_", "\\_") in check(checkout, index, "markdown").out.replace("\\.", ".")

    database = f"sqlite:///{tmp_path / 'history.sqlite'}"
    ran = release_audit(
        "scan",
        "--folder",
        str(checkout.parent),
        "--database",
        database,
        "--no-engine",
        "--index-url",
        index.simple,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )
    assert f"packages: {state} 1" in ran.out
    assert release_audit("export", str(tmp_path / "out"), "--database", database).code == 0
    with (tmp_path / "out" / "packages.csv").open(encoding="utf-8", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["state"], row["why"]) == (state, why)
    assert (row["publisher_workflow"], row["release_event"]) == ("release.yml", "release")
    shown = tables.packages(open_store(database, read_only=True).packages())
    assert shown["why"].tolist() == [why]


def test_a_commit_that_this_clone_lacks(checkout: Path, index: PackageIndexServer) -> None:
    commit(checkout)
    serve(index, Run(commit="d" * 40))
    assert (
        "the release's commit ddddddd is not in the history that was read"
        in check(checkout, index).out
    )


def test_another_repository_is_a_finding_and_says_what_was_compared(
    checkout: Path, index: PackageIndexServer
) -> None:
    made = commit(checkout)
    serve(index, replace(Run(commit=made), repository="stranger/lumen"))
    ran = check(checkout, index)
    assert "high     publisher-mismatch" in ran.out
    assert ran.out.count("by name alone, as its id is not known") == 2
    assert "  mismatch  pypi  lumen\n" in ran.out


def test_history_is_not_read_offline(checkout: Path, index: PackageIndexServer) -> None:
    commit(checkout)
    ran = release_audit("check", str(checkout), "--no-engine", "--index-url", index.simple)
    assert "not compared with the index: the package index was not asked." in ran.out
    assert index.asked == []
