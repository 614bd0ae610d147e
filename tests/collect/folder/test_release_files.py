"""Workflow files at commits, from clones on disk: full, bare, shallow and partial ones."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from audits.collect.folder.collector import read_folder
from audits.collect.folder.release_files import FolderHistory
from audits.collect.paths import MAX_BYTES
from audits.model.evidence import FileThen, ReleasedFile
from audits.model.source import Gap, RepositoryRef, SourceFile

PATH = ".github/workflows/release.yml"
REF = RepositoryRef(owner="orchard-labs", name="lumen")
TEXTS = ("on: push\n", "on: release\n")
OIDS = tuple(SourceFile.of(PATH, text.encode()).oid for text in TEXTS)


def git(path: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@lumen.example", "-C", str(path), *words],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@dataclass(frozen=True)
class Clone:
    path: Path
    commits: tuple[str, ...]

    def then(self, commit: str, path: str = PATH, today: str = "") -> FileThen | Gap | None:
        file = ReleasedFile(slug="Orchard-Labs/Lumen", commit=commit, path=path, today=today)
        history = FolderHistory(places=lambda: [(REF, self.path)])
        return history.released([file]).get(file)


def commit(path: Path, content: bytes) -> str:
    place = path / PATH
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "x")
    return git(path, "rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    path = tmp_path / "lumen"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    return Clone(path, tuple(commit(path, text.encode()) for text in TEXTS))


def test_a_file_at_a_commit(clone: Clone) -> None:
    first, second = clone.commits
    assert clone.then(first, today=OIDS[1]) == FileThen(oid=OIDS[0], text=TEXTS[0])
    assert clone.then(second, today=OIDS[1]) == FileThen(oid=OIDS[1]), "what is here is not read"
    assert clone.then(first, ".github/workflows/old.yml") == FileThen()
    assert clone.then(first, ".github/workflows") == FileThen()
    assert clone.then("d" * 40) == FileThen(commit_known=False)


def test_a_bare_clone(clone: Clone, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(clone.path), "bare.git")
    bare = Clone(tmp_path / "bare.git", clone.commits)
    assert bare.then(clone.commits[0]) == FileThen(oid=OIDS[0], text=TEXTS[0])


def test_a_shallow_clone_does_not_know(clone: Clone, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone.path}", "shallow")
    shallow = Clone(tmp_path / "shallow", clone.commits)
    assert shallow.then(clone.commits[0]) == FileThen(commit_known=False)
    assert shallow.then(clone.commits[1]) == FileThen(oid=OIDS[1], text=TEXTS[1])


def test_a_partial_clone_fetches_nothing(clone: Clone, tmp_path: Path) -> None:
    git(clone.path, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{clone.path}", "partial")
    partial = Clone(tmp_path / "partial", clone.commits)
    assert partial.then(clone.commits[0]) == FileThen(oid=OIDS[0]), "its id is known, no text"
    missing = git(partial.path, "rev-list", "--objects", "--all", "--missing=print")
    assert f"?{OIDS[0]}" in missing, "the text was not fetched"


def test_a_partial_bare_clone_says_what_it_lacks(clone: Clone, tmp_path: Path) -> None:
    git(clone.path, "config", "uploadpack.allowFilter", "true")
    git(
        tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"file://{clone.path}", "lumen.git"
    )
    snapshot = read_folder(tmp_path / "lumen.git", REF)
    assert snapshot.files == ()
    assert [gap.subject for gap in snapshot.gaps] == [PATH]
    assert "without --filter" in snapshot.gaps[0].detail


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * (MAX_BYTES + 1)])
def test_what_is_no_text_or_too_large_is_not_read(clone: Clone, content: bytes) -> None:
    made = commit(clone.path, content)
    commit(clone.path, b"on: push\n")
    then = clone.then(made)
    assert isinstance(then, FileThen)
    assert (bool(then.oid), then.text) == (True, None)


def test_a_link_is_no_workflow(clone: Clone) -> None:
    (clone.path / PATH).unlink()
    (clone.path / PATH).symlink_to("elsewhere.yml")
    git(clone.path, "add", "-A")
    git(clone.path, "commit", "-q", "-m", "link")
    assert clone.then(git(clone.path, "rev-parse", "HEAD")) == FileThen()


def test_without_history_nothing_is_reported(clone: Clone, tmp_path: Path) -> None:
    plain = Clone(tmp_path / "plain", clone.commits)
    (plain.path / ".github").mkdir(parents=True)
    assert plain.then(clone.commits[0]) is None
    history = FolderHistory(places=lambda: [(RepositoryRef(owner="x", name="y"), clone.path)])
    file = ReleasedFile(slug=str(REF), commit=clone.commits[0], path=PATH)
    assert history.released([file]) == {}
