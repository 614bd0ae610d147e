"""The past of clones on disk: which commit a branch was on a day."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from audits.collect.folder.collector import FolderCollector
from audits.collect.folder.past import FolderPast
from audits.collect.past import Past
from audits.model.source import GapReason
from tests.collect.folder.test_release_files import git

WORKFLOW = ".github/workflows/release.yml"
DAYS = tuple(date(2024, month, 1) for month in range(1, 7))


def dated(path: Path, when: str, *words: str) -> None:
    """Run git as of a day."""
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@lumen.example", "-C", str(path), *words],
        check=True,
        capture_output=True,
        env={"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "PATH": "/usr/bin:/bin"},
    )


def commit(path: Path, text: str, when: str) -> str:
    place = path / WORKFLOW
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, "utf-8")
    git(path, "add", "-A")
    dated(path, when, "commit", "-q", "--allow-empty", "-m", "x")
    return git(path, "rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    path = tmp_path / "clones" / "lumen"
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    return path


def past_of(folder: Path) -> Past:
    (found,) = FolderPast(collector=FolderCollector(folder=folder, owner="orchard")).pasts(DAYS)
    return found


def commits(past: Past) -> list[str]:
    return [past.commits[day].commit if day in past.commits else "" for day in DAYS]


def test_the_commit_of_each_day(clone: Path) -> None:
    first = commit(clone, "on: push\n", "2024-02-01T00:00:00+00:00")
    second = commit(clone, "on: release\n", "2024-03-15T09:00:00+02:00")
    third = commit(clone, "on: create\n", "2024-05-01T01:30:00+02:00")
    past = past_of(clone.parent)
    assert commits(past) == ["", first, first, second, third, third]
    assert past.gaps == {}, "before its first commit it did not exist, which is no gap"


def test_a_branch_counts_from_its_merge(clone: Path) -> None:
    first = commit(clone, "on: push\n", "2024-01-10T00:00:00+00:00")
    git(clone, "switch", "-q", "-c", "side")
    commit(clone, "on: release\n", "2024-02-10T00:00:00+00:00")
    git(clone, "switch", "-q", "main")
    dated(clone, "2024-04-10T00:00:00+00:00", "merge", "-q", "--no-ff", "-m", "x", "side")
    merge = git(clone, "rev-parse", "HEAD")
    assert commits(past_of(clone.parent)) == ["", first, first, first, merge, merge]


def test_a_bare_clone_with_packs(clone: Path, tmp_path: Path) -> None:
    first = commit(clone, "on: push\n", "2024-01-10T00:00:00+00:00")
    git(clone, "gc", "-q")
    (tmp_path / "bare").mkdir()
    git(tmp_path, "clone", "-q", "--bare", str(clone), "bare/lumen.git")
    assert commits(past_of(tmp_path / "bare")) == ["", *[first] * 5]


def test_a_shallow_clone_says_where_its_past_ends(clone: Path, tmp_path: Path) -> None:
    commit(clone, "on: push\n", "2024-01-10T00:00:00+00:00")
    second = commit(clone, "on: release\n", "2024-03-15T00:00:00+00:00")
    (tmp_path / "shallow").mkdir()
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{clone}", "shallow/lumen")
    past = past_of(tmp_path / "shallow")
    assert commits(past) == ["", "", "", second, second, second]
    assert set(past.gaps) == set(DAYS[:3])
    gap = past.gaps[DAYS[0]]
    assert gap.reason is GapReason.NOT_FOUND
    assert "shallow clone" in gap.detail
    assert not gap.optional


def test_folders_without_history_and_clones_without_commits(clone: Path, tmp_path: Path) -> None:
    unborn = past_of(clone.parent)
    assert (unborn.commits, unborn.gaps) == ({}, {})
    plain = tmp_path / "plain" / "lumen" / ".github"
    plain.mkdir(parents=True)
    past = past_of(tmp_path / "plain")
    assert past.commits == {}
    assert "no history" in past.gaps[DAYS[0]].detail


def test_a_snapshot_of_a_day_has_that_days_text(clone: Path) -> None:
    first = commit(clone, "on: push\n", "2024-01-10T00:00:00+00:00")
    commit(clone, "on: release\n", "2024-03-15T00:00:00+00:00")
    reader = FolderPast(collector=FolderCollector(folder=clone.parent, owner="orchard"))
    (past,) = reader.pasts(DAYS)
    (snapshot,) = reader.snapshots([(past.ref, first)])
    assert [file.text for file in snapshot.files] == ["on: push\n"]
    assert (snapshot.commit, snapshot.branch) == (first, "main")
    (lost,) = reader.snapshots([(past.ref, "d" * 40)])
    assert lost.files == ()
    assert lost.gaps


def test_a_damaged_history_is_a_gap(clone: Path) -> None:
    first = commit(clone, "on: push\n", "2024-01-10T00:00:00+00:00")
    commit(clone, "on: release\n", "2024-03-15T00:00:00+00:00")
    (clone / ".git" / "objects" / first[:2] / first[2:]).unlink()
    past = past_of(clone.parent)
    assert set(past.gaps) == set(DAYS[:3])
    assert past.gaps[DAYS[0]].reason is GapReason.INVALID


def raw_commit(path: Path, when: str) -> None:
    """Put a commit of the same files on the branch whose committer's line ends like this."""
    tree = git(path, "rev-parse", "HEAD^{tree}")
    text = f"tree {tree}\nauthor a <a@b> 0 +0000\ncommitter a <a@b>{when}\n\nx\n"
    oid = subprocess.run(
        ["git", "-C", str(path), "hash-object", "-t", "commit", "-w", "--literally", "--stdin"],
        input=text.encode(),
        check=True,
        capture_output=True,
    ).stdout.decode()
    git(path, "update-ref", "refs/heads/main", oid.strip())


@pytest.mark.parametrize("when", ["", " -5 +0000", " 99999999999999999999 +0000"])
def test_a_commit_without_a_readable_date_is_a_gap(clone: Path, when: str) -> None:
    commit(clone, "on: push\n", "2024-01-10T00:00:00+00:00")
    raw_commit(clone, when)
    past = past_of(clone.parent)
    assert set(past.gaps) == set(DAYS)
    assert past.gaps[DAYS[0]].reason is GapReason.INVALID
    assert "without a readable date" in past.gaps[DAYS[0]].detail


def test_a_zone_that_no_clock_has_shifts_nothing(clone: Path) -> None:
    commit(clone, "on: push\n", "2024-01-10T00:00:00+00:00")
    raw_commit(clone, " 1704844800 +9900")
    past = past_of(clone.parent)
    assert past.gaps == {}
    assert all(commits(past)[1:])
