"""Repositories whose git configuration names programs: none is run, and what fails is a gap."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from audits.collect.folder.collector import read_folder
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
[diff "text"]
	textconv = {program}
[filter "text"]
	clean = {program}
	smudge = {program}
[credential]
	helper = {program}
[core]
	gitProxy = {program}
[alias]
	log = !{program}
	cat-file = !{program}
[include]
	path = {hooks}/included
[submodule "inner"]
	update = !{program}
[remote "origin"]
	url = ext::{program}
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
    (tmp_path / "included").write_text(f"[gpg]\n\tprogram = {program}\n", "utf-8")
    (work / ".gitattributes").write_text("* filter=text diff=text\n", "utf-8")
    for name in ("git", "gpg", "post-checkout", "fsmonitor-watchman"):
        (tmp_path / name).write_bytes(program.read_bytes())
        (tmp_path / name).chmod(0o755)
    return work


def _in_shape(hostile: Path, shape: str, tmp_path: Path) -> Path:
    """The folder of repositories to scan, with the hostile one in this shape."""
    path = hostile
    if shape == "bare":
        path = (hostile / ".git").rename(tmp_path / "bare")
    elif shape == "git file into the tree":
        (hostile / ".git").rename(hostile / "meta")
        (hostile / ".git").write_text("gitdir: meta\n", "utf-8")
    elif shape == "embedded":
        (hostile / ".git").rename(hostile / "inner")
    folder = tmp_path / "organization"
    folder.mkdir()
    path.rename(folder / "pebble")
    return folder


def _command(words: list[str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run a command where variables and the first folder of PATH name planted programs."""
    names = ("GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER")
    environment = {
        **os.environ,
        **dict.fromkeys(names, str(tmp_path / "program")),
        "GIT_DIR": str(tmp_path / "elsewhere"),
        "PATH": os.pathsep.join((str(tmp_path), os.environ["PATH"])),
    }
    code = f"import sys; from audits.cli import main; sys.argv[1:] = {words!r}; main()"
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("engine", [[], ["--no-engine"]])
@pytest.mark.parametrize("shape", ["checkout", "bare", "git file into the tree", "embedded"])
def test_no_program_of_a_repository_is_run(
    hostile: Path, shape: str, engine: list[str], tmp_path: Path
) -> None:
    folder = _in_shape(hostile, shape, tmp_path)
    database = f"sqlite:///{tmp_path}/store.sqlite"
    for words in (
        ["check", str(folder / "pebble"), "--all"],
        ["scan", "--folder", str(folder), "--offline", "--database", database],
    ):
        done = _command([*words, *engine], tmp_path)
        assert done.returncode in {0, 1, 3}, done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("fault", ["HEAD names no branch", "objects are gone"])
def test_a_bare_clone_that_cannot_be_read_is_a_gap(
    hostile: Path, fault: str, tmp_path: Path
) -> None:
    bare = hostile / ".git"
    if fault == "HEAD names no branch":
        (bare / "HEAD").write_text("ref: refs/heads/other\n", "utf-8")
    else:
        (bare / "objects").rename(tmp_path / "objects")
        (bare / "objects").mkdir()
    gaps = read_folder(bare, REF).gaps
    assert [gap.subject for gap in gaps] == ["repository"]
    assert not gaps[0].optional
