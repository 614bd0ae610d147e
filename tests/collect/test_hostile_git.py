"""Repositories whose git configuration names programs: none is run, and what fails is a gap."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from audits.collect.folder import read_folder
from audits.collect.git import git
from audits.model.source import RepositoryRef

REF = RepositoryRef(owner="orchard-labs", name="pebble")
CONFIG = """
[log]
	showSignature = true
[gpg]
	program = {program}
[core]
	fsmonitor = {program}
	pager = {program}
	sshCommand = {program}
	hooksPath = {hooks}
[diff]
	external = {program}
"""


def _run(folder: Path, *words: str, given: bytes = b"") -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], input=given, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A checkout of a signed commit whose configuration names a program that leaves a mark."""
    work = tmp_path / "work"
    workflows = work / ".github/workflows"
    workflows.mkdir(parents=True)
    (workflows / "release.yml").write_text("on: push\njobs: {}\n", "utf-8")
    _run(work, "init", "-q", "-b", "main")
    _run(work, "add", "-A")
    _run(work, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "x")
    head, _, body = _run(work, "cat-file", "commit", "HEAD").partition("\n\n")
    signed = f"{head}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ\n -----END PGP SIGNATURE-----\n\n{body}\n"
    commit = _run(work, "hash-object", "-t", "commit", "-w", "--stdin", given=signed.encode())
    _run(work, "update-ref", "refs/heads/main", commit)
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/mark\nexit 1\n", "utf-8")
    program.chmod(0o755)
    with (work / ".git/config").open("a", encoding="utf-8") as config:
        config.write(CONFIG.format(program=program, hooks=tmp_path))
    return work


@pytest.mark.parametrize("shape", ["checkout", "bare", "git file into the tree"])
def test_no_program_of_a_repository_is_run(
    hostile: Path, shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hostile
    if shape == "bare":
        path = hostile / ".git"
    if shape == "git file into the tree":
        (hostile / ".git").rename(hostile / "meta")
        (hostile / ".git").write_text("gitdir: meta\n", "utf-8")
    for name in ("GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER"):
        monkeypatch.setenv(name, str(tmp_path / "program"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    snapshot = read_folder(path, REF)
    assert snapshot.commit
    assert snapshot.branch == "main"
    assert snapshot.committed_at is not None
    assert [file.path for file in snapshot.files] == [".github/workflows/release.yml"]
    assert not (tmp_path / "mark").exists()


def test_a_command_that_may_run_programs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not allowed"):
        git(tmp_path, "log", "-1")


@pytest.mark.parametrize("fault", ["git is missing", "HEAD names no branch", "objects are gone"])
def test_a_bare_clone_that_cannot_be_read_is_a_gap(
    hostile: Path, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = hostile / ".git"
    if fault == "git is missing":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif fault == "HEAD names no branch":
        (bare / "HEAD").write_text("ref: refs/heads/other\n", "utf-8")
    else:
        (bare / "objects").rename(tmp_path / "objects")
        (bare / "objects").mkdir()
    gaps = read_folder(bare, REF).gaps
    assert [gap.subject for gap in gaps] == [".github/workflows"]
    assert not gaps[0].optional
