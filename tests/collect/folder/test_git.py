"""What is read of git's files, held against what git itself says of the same repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from audits.collect.folder.collector import read_folder
from audits.collect.folder.git import git_repository
from audits.collect.folder.origin import origin_of, parse_address
from audits.model.source import GapReason, RepositoryRef, Snapshot

WORKFLOW = ".github/workflows/release.yml"
REF = RepositoryRef(owner="orchard-labs", name="pebble")


def git(path: Path, *words: str) -> str:
    done = subprocess.run(
        [
            "git",
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@pebble.example",
            "-c",
            "protocol.file.allow=always",
            "-C",
            str(path),
            *words,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def commit(path: Path, text: str, name: str = WORKFLOW) -> None:
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).write_text(text)
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", "x", "--date=2026-11-29T10:00:00-0330")


def said_by_git(path: Path) -> tuple[str, str, datetime | None]:
    branch = subprocess.run(
        ["git", "-C", str(path), "symbolic-ref", "--short", "-q", "HEAD"],
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    commit, _, when = git(path, "log", "-1", "--format=%H %cI").partition(" ")
    return commit, branch, datetime.fromisoformat(when)


def facts(snapshot: Snapshot) -> tuple[str, str, datetime | None]:
    return snapshot.commit, snapshot.branch, snapshot.committed_at


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout whose objects are partly packed as differences, partly loose."""
    path = tmp_path / "pebble"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    lines = [f"# line {number}\n" for number in range(2000)]
    for number in range(6):
        commit(path, "on: push\n" + "".join(lines[number:]))
    commit(path, "[project]\nname = 'core'\n", "core/pyproject.toml")
    git(path, "gc", "-q", "--aggressive")
    commit(path, "on: release\n")
    return path


def _detached(clone: Path, _: Path) -> Path:
    git(clone, "checkout", "-q", "HEAD~3")
    return clone


def _packed(clone: Path, _: Path) -> Path:
    git(clone, "gc", "-q", "--aggressive", "--prune=now")
    return clone


def _old_index(clone: Path, _: Path) -> Path:
    git(clone, "-c", "pack.indexVersion=1", "repack", "-adfq")
    return clone


def _many_packs(clone: Path, _: Path) -> Path:
    git(clone, "repack", "-q")
    commit(clone, "on: push # more\n")
    git(clone, "repack", "-q")
    git(clone, "multi-pack-index", "write")
    return clone


def _worktree(clone: Path, there: Path) -> Path:
    git(clone, "worktree", "add", "-q", "-b", "side", str(there))
    commit(there, "on: push # side\n")
    return there


def _shared(clone: Path, there: Path) -> Path:
    git(clone, "clone", "-q", "--shared", str(clone), str(there))
    commit(there, "on: push # there\n")
    return there


def _shallow(clone: Path, there: Path) -> Path:
    git(clone, "clone", "-q", "--depth=1", f"file://{clone}", str(there))
    return there


def _submodule(clone: Path, there: Path) -> Path:
    there.mkdir()
    git(there, "init", "-q")
    git(there, "submodule", "--quiet", "add", str(clone), "libs/pebble")
    return there / "libs/pebble"


def _branch_of_branches(clone: Path, _: Path) -> Path:
    git(clone, "checkout", "-q", "-b", "release/1.x")
    git(clone, "symbolic-ref", "refs/heads/latest", "refs/heads/release/1.x")
    git(clone, "pack-refs", "--all")
    return clone


def _linked_head(clone: Path, _: Path) -> Path:
    (clone / ".git/HEAD").unlink()
    (clone / ".git/HEAD").symlink_to("refs/heads/main")
    return clone


SHAPES: dict[str, Callable[[Path, Path], Path]] = {
    make.__name__.strip("_"): make
    for make in (
        _detached,
        _packed,
        _old_index,
        _many_packs,
        _worktree,
        _shared,
        _shallow,
        _submodule,
        _branch_of_branches,
        _linked_head,
    )
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_checkout(clone: Path, tmp_path: Path, shape: str) -> None:
    path = SHAPES[shape](clone, tmp_path / "there")
    snapshot = read_folder(path, REF)
    assert facts(snapshot) == said_by_git(path)
    assert snapshot.gaps == ()
    assert WORKFLOW in [file.path for file in snapshot.files]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_bare_clone_holds_what_its_checkout_does(clone: Path, tmp_path: Path, shape: str) -> None:
    path = SHAPES[shape](clone, tmp_path / "there")
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", f"file://{path}", str(bare))
    snapshot, checkout = read_folder(bare, REF), read_folder(path, REF)
    assert facts(snapshot)[0::2] == facts(checkout)[0::2]
    assert snapshot.files == checkout.files
    assert snapshot.gaps == ()


def test_tags_are_peeled(clone: Path) -> None:
    git(clone, "tag", "-a", "v1", "-m", "x")
    git(clone, "tag", "-a", "v2", "-m", "x", "v1")
    with git_repository(clone) as repository:
        assert repository is not None
        tagged = repository.commit(git(clone, "rev-parse", "v2"))
        assert tagged == repository.commit(git(clone, "rev-parse", "HEAD"))


@pytest.mark.parametrize("bare", [False, True])
def test_nothing_was_committed_yet(tmp_path: Path, bare: bool) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk", *(["--bare"] if bare else []))
    snapshot = read_folder(tmp_path, REF)
    assert (facts(snapshot), snapshot.files, snapshot.gaps) == (("", "trunk", None), (), ())


def test_an_empty_folder_of_that_name_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert read_folder(tmp_path, REF).gaps == ()


@pytest.mark.parametrize("form", ["--object-format=sha256", "reftable"])
def test_other_forms_are_reported_as_unread(tmp_path: Path, form: str) -> None:
    git(tmp_path, "init", "-q", "-b", "main", *([form] if form.startswith("--") else []))
    commit(tmp_path, "on: push\n")
    if form == "reftable":  # which git writes since 2.45
        git(tmp_path, "config", "core.repositoryformatversion", "1")
        with (tmp_path / ".git/config").open("a") as config:
            config.write("[extensions]\n\trefStorage = reftable\n")
        (tmp_path / ".git/HEAD").write_text("ref: refs/heads/.invalid\n")
    checkout, bare = read_folder(tmp_path, REF), read_folder(tmp_path / ".git", REF)
    assert [file.path for file in checkout.files] == [WORKFLOW]
    assert [(g.subject, g.reason, g.optional) for g in checkout.gaps] == [
        (".git", GapReason.UNSUPPORTED, True)
    ]
    assert [(g.subject, g.reason, g.optional) for g in bare.gaps] == [
        ("repository", GapReason.UNSUPPORTED, False)
    ]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/orchard-labs/pebble.git", "orchard-labs/pebble github.com"),
        ("https://user:word@GitHub.com/orchard-labs/pebble/", "orchard-labs/pebble github.com"),
        ("git@github.com:orchard-labs/pebble.git", "orchard-labs/pebble github.com"),
        ("ssh://git@ssh.github.com:443/orchard-labs/pebble", "orchard-labs/pebble github.com"),
        ("ssh://git@ghe.example:2222/orchard-labs/pebble", "orchard-labs/pebble ghe.example"),
        ("https://ghe.example:8443/orchard-labs/pebble", "orchard-labs/pebble ghe.example:8443"),
        ("git@work:orchard-labs/pebble", None),
        ("../orchard.labs/mirrors/pebble", None),
        ("mirrors.example/orchard-labs/pebble", None),
        ("/srv/git/orchard-labs/pebble.git", None),
        ("file:///srv/orchard-labs/pebble", None),
        ("C:/orchard-labs/pebble", None),
        ("ext::sh -c evil.example:orchard-labs/pebble", None),
        ("https://github.com/orchard-labs/../pebble", None),
        ("https://github.com/../pebble", None),
        ("", None),
    ],
)
def test_addresses_of_remotes(address: str, expected: str | None) -> None:
    found = parse_address(address)
    assert (f"{found} {found.host}" if found else None) == expected


def test_the_remote_says_whose_it_is(clone: Path, tmp_path: Path) -> None:
    assert origin_of(clone) == RepositoryRef(owner="local", name="pebble", host="")
    git(clone, "remote", "add", "origin", "git@github.com:orchard-labs/pebble.git")
    there = _worktree(clone, tmp_path / "there")
    for path in (clone, there):
        assert origin_of(path) == REF
    (tmp_path / "more").write_text('[remote "origin"]\n\turl = https://github.com/x/y\n')
    git(clone, "config", "--unset", "remote.origin.url")
    git(clone, "config", "include.path", str(tmp_path / "more"))
    assert origin_of(clone).host == "", "no include is followed"


def test_a_pack_with_a_missing_index_is_no_missing_object(clone: Path) -> None:
    _packed(clone, clone)
    for index in (clone / ".git/objects/pack").glob("*.idx"):
        index.unlink()
    gap = read_folder(clone, REF).gaps[0]
    assert (gap.subject, gap.reason, gap.optional) == (".git", GapReason.INVALID, False)
    assert "without its index" in gap.detail


def test_environment_variables_have_no_effect(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read_folder(clone, REF)
    other = tmp_path / "other"
    shutil.copytree(clone, other)
    commit(other, "on: push # other\n")
    for name in ("GIT_DIR", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(other / ".git"))
    assert read_folder(clone, REF) == expected


def test_nothing_needs_git(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = said_by_git(clone)
    monkeypatch.setenv("PATH", os.devnull)
    assert facts(read_folder(clone, REF)) == expected
    assert facts(read_folder(clone / ".git", REF)) == expected
