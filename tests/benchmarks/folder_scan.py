"""How long a cold scan of a folder takes beside zizmor's own run over the same repositories.

Run by hand: ``python -m tests.benchmarks.folder_scan FOLDER [ROUNDS] [COPIES]``. Both run in
turn, each as a whole process; ours also records everything in a new database. With COPIES, the
folder's repositories are scanned under so many names each, by both: what a process costs to
start matters less there, and memory more.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from audits.collect.folder.collector import FolderCollector
from tests.benchmarks.whole_process import Used, program, run

INDEX = "https://pypi.example/simple/"


def beside_zizmor(folder: Path, rounds: int) -> tuple[float, float]:
    """The median ratio of the wall clock of whole processes, pair by pair, and the MiB of our
    largest process.
    """
    with TemporaryDirectory() as temporary:
        work = Path(temporary)
        words = [program("zizmor"), "--offline", "-q", "--format", "json", "--no-exit-codes"]
        pairs = [
            (_scan(folder, work), run([*words, *_places(folder)], work)) for _ in range(rounds + 1)
        ][1:]  # the first pair only fills caches and writes byte code
    ratios = [ours.wall / theirs.wall for ours, theirs in pairs]
    return median(ratios), max(ours.peak_mib for ours, _ in pairs)


def copied(folder: Path, target: Path, count: int) -> Path:
    """About so many repositories: those of the folder, each under as many names as it takes."""
    return _copied(folder, target, max(1, -(-count // len(_places(folder)))))


def main() -> None:
    """Scan, compare, and print the medians and the ratio of each pair."""
    folder = Path(sys.argv[1])
    rounds, copies = [*map(int, sys.argv[2:]), *(7, 0)[len(sys.argv) - 2 :]]
    with TemporaryDirectory() as temporary:
        work = Path(temporary)
        places = _places(folder)
        words = [program("zizmor"), "--offline", "-q", "--format", "json", "--no-exit-codes"]
        ours, theirs = [], []
        for number in range(rounds + 1):
            mine, other = _scan(folder, work), run([*words, *places], work)
            if number:  # the first pair only fills caches and writes byte code
                ours.append(mine)
                theirs.append(other)
        _print("release-audit scan", ours)
        _print("zizmor", theirs)
        ratios = [a.wall / b.wall for a, b in zip(ours, theirs, strict=True)]
        print(f"ratio of the wall clock, pair by pair: median {median(ratios):.2f} (bar: 1.60)")
        if copies:
            many = _copied(folder, work / "many", copies)
            count = len(places) * copies
            mine, other = _scan(many, work), run([*words, *_places(many)], work)
            print(
                f"{count} repositories: {mine.wall:.1f} s, zizmor {other.wall:.1f} s, ratio "
                f"{mine.wall / other.wall:.2f} (bar: 1.00); largest process {mine.peak_mib:.0f} MiB "
                "(bar: 300)"
            )


def _places(folder: Path) -> list[str]:
    return [str(path) for _, path in FolderCollector(folder=folder).clones()]


def _scan(folder: Path, work: Path) -> Used:
    for old in work.glob("history.sqlite*"):
        old.unlink()
    database = f"sqlite:///{work / 'history.sqlite'}"
    return run(
        [
            program("release-audit"),
            "scan",
            "--folder",
            str(folder),
            "--index-url",
            INDEX,
            "--offline",
            "--no-engine",
            "--allow-gaps",
            "--database",
            database,
        ],
        work,
    )


def _print(what: str, used: list[Used]) -> None:
    print(
        f"{what:20} wall {median(u.wall for u in used):.2f} s (at best "
        f"{min(u.wall for u in used):.2f}), CPU {median(u.cpu for u in used):.2f} s, "
        f"largest process {max(u.peak_mib for u in used):.0f} MiB"
    )


def _copied(folder: Path, target: Path, copies: int) -> Path:
    """The folder's repositories, each under several names."""
    for ref, path in FolderCollector(folder=folder).clones():
        for number in range(copies):
            place = target / ref.owner / f"{ref.name}-{number}"
            shutil.copytree(path, place, symlinks=True)
    return target


if __name__ == "__main__":
    main()
