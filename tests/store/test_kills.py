"""Scans that are killed at moments of which none is chosen: nothing is lost, doubled or half seen.

Each is killed while it writes, by the number of repositories that it has recorded, and resumed,
until there were five kills: on SQLite and PostgreSQL, of a folder and of GitHub, twenty in all.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.exc import DBAPIError

from audits.store.open import open_store
from audits.store.schema import tables
from tests.cli.github_world import OWNER, TOKEN_RELEASE, package, results
from tests.cli.runner import release_audit
from tests.collect.github.scanning import TOKEN, github_with, world_of
from tests.collect.github.server import LoopbackGitHub
from tests.collect.github.world import Environment, Repo, World
from tests.patience import PATIENCE
from tests.scoring.test_score import LESSON

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

MAIN = "from audits.cli import main; main()"
NAMES = tuple(f"pebble-{number:03}" for number in range(40))
TESTS = "on: push\njobs: {test: {runs-on: ubuntu-latest, steps: [{run: make test}]}}\n"
KILLS = 5


def text_of(number: int, day: int) -> str:
    """A workflow that publishes by a token on some days, and as the lesson says on others; most
    publish nothing, as in any organization.
    """
    publishes = LESSON if (day + number) % 3 else TOKEN_RELEASE
    return f"# day {day}\n{TESTS if number % 5 else publishes}"


class Folder:
    """A folder of repositories, and the words that scan it."""

    def __init__(self, root: Path) -> None:
        self.root = root / OWNER
        self.write(0)

    def write(self, day: int) -> None:
        for number, name in enumerate(NAMES):
            for path, text in package(name, text_of(number, day)).items():
                place = self.root / name / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(str(text))

    @property
    def words(self) -> list[str]:
        return ["--folder", str(self.root), "--offline"]


class Organization:
    """The same repositories on a GitHub."""

    def __init__(self) -> None:
        self.repos = [Repo(name, package(name, text_of(n, 0))) for n, name in enumerate(NAMES)]
        for repo in self.repos:
            repo.environments = [Environment("pypi")]
        self.github: LoopbackGitHub = github_with(World(world_of(*self.repos).owners))

    def write(self, day: int) -> None:
        for number, repo in enumerate(self.repos):
            repo.commit(package(repo.name, text_of(number, day)), f"day {day}")

    @property
    def words(self) -> list[str]:
        return [OWNER, "--api-url", self.github.url, "--host", "github.com"]


@contextmanager
def source(kind: str, folder: Path) -> Iterator[Folder | Organization]:
    if kind == "folder":
        yield Folder(folder)
        return
    made = Organization()
    with made.github:
        yield made


def words_of(source: Folder | Organization, url: str) -> list[str]:
    more = ["--database", url, "--no-engine", "--allow-gaps"]
    # The index that is asked knows no package: the same answer at once in every scan.
    index = [] if isinstance(source, Folder) else ["--index-url", f"{source.github.url}/simple/"]
    return ["scan", *source.words, *more, *index]


def start(source: Folder | Organization, url: str, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *words_of(source, url), *words],
        env={**os.environ, "RELEASE_AUDIT_TOKEN": TOKEN},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def scan(source: Folder | Organization, url: str, *words: str) -> None:
    """A scan that nobody disturbs."""
    ran = release_audit(*words_of(source, url), *words, RELEASE_AUDIT_TOKEN=TOKEN)
    assert ran.code == 0, ran.err


class Rows:
    """What the tables hold, asked beside the store."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))

    def recorded(self) -> int:
        """How many repositories the newest scan has recorded, if it is not finished."""
        scan, progress = tables.scan, tables.progress
        newest = select(func.max(scan.c.id)).scalar_subquery()
        counted = select(func.count()).where(progress.c.scan_id == newest)
        return self._number(counted)

    def leftovers(self) -> tuple[int, int, int]:
        """Progress, locks and scans that are not finished."""
        unfinished = select(func.count()).where(tables.scan.c.finished.is_(None))
        return (
            self._number(select(func.count()).select_from(tables.progress)),
            self._number(select(func.count()).select_from(tables.scan_lock)),
            self._number(unfinished),
        )

    def _number(self, statement: object) -> int:
        try:
            with self._engine.connect() as connection:
                return int(connection.execute(statement).scalar_one())  # type: ignore[call-overload]
        except DBAPIError:
            return 0  # the tables are not made yet

    def close(self) -> None:
        self._engine.dispose()


def killed(
    process: subprocess.Popen[str], rows: Rows, chance: random.Random, known: int
) -> signal.Signals | None:
    """Kill a scan once it has recorded more than what was known; None where it ended before."""
    wanted = known + chance.randint(1, 15)
    number = chance.choice((signal.SIGKILL, signal.SIGTERM))
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        if rows.recorded() >= wanted:
            time.sleep(chance.random() * 0.02)
            process.send_signal(number)
            break
        time.sleep(0.01)
    _, said = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in said
    if not rows.leftovers()[2]:
        return None  # the signal came when all was done, or not at all
    assert process.returncode in {-signal.SIGKILL, 128 + signal.SIGTERM}, said
    if process.returncode > 0:
        assert "what was read is kept" in said
        assert "--resume" in said
    return number


def seen_in(url: str) -> dict[str, dict[str, object]]:
    """What readers see."""
    with closing(open_store(url, read_only=True)) as store:
        return results(store)


def check_finished(url: str, rows: Rows, scans: int) -> None:
    """Every repository stands there once, and nothing is left of what was killed."""
    with closing(open_store(url, read_only=True)) as store:
        assert sorted(row.repository for row in store.repositories(owner=OWNER)) == sorted(NAMES)
        assert len(store.scans(OWNER)) == scans
        keys = [(f.repository, f.fingerprint) for f in store.findings(owner=OWNER)]
    assert len(keys) == len(set(keys)) > 0
    assert rows.leftovers() == (0, 0, 0)


@pytest.mark.parametrize("kind_of_source", ["folder", "github"])
def test_scans_that_are_killed_end_as_if_they_were_not(
    url: str, kind_of_source: str, tmp_path: Path
) -> None:
    chance = random.Random(f"{kind_of_source} {url[:6]}")  # noqa: S311 - the same in each run
    kills, day, rows = 0, 0, Rows(url)
    seen: dict[str, dict[str, object]] = {}
    with source(kind_of_source, tmp_path) as scanned:
        while kills < KILLS:
            scanned.write(day)
            known, ended = 0, True
            while kills < KILLS and known < len(NAMES) - 1:
                words = ["--resume"] if known else []
                ended = killed(start(scanned, url, *words), rows, chance, known) is None
                if ended:
                    break
                kills, known = kills + 1, rows.recorded()
                # What readers see is the last finished scan, whole.
                assert seen_in(url) == seen
            if not ended:
                scan(scanned, url, "--resume")
            day += 1
            check_finished(url, rows, day)
            seen = seen_in(url)
        calm = f"sqlite:///{tmp_path / 'calm.sqlite'}"
        scan(scanned, calm)
        assert seen_in(calm) == seen
    rows.close()
