"""Trouble during whole scans: all ends scanned or as a named gap, once, and the next repairs."""

from __future__ import annotations

import os
import random
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from audits.collect.github.rate_limits import Limits
from audits.model.source import RepositoryRef
from tests.cli.github_world import (
    OWNER,
    Cli,
    Scans,
    command_line,
    results,
    scanning,
    small_world,
)
from tests.cli.runner import release_audit
from tests.collect.github.faults import KINDS
from tests.collect.github.scanning import connect, connect_app
from tests.collect.github.world import Repo
from tests.patience import PATIENCE

FAST = Limits(backoff=0.001, secondary_wait=0.002)
MAIN = "from audits.cli import main; main()"
NAMES = {"lumen", "tidepool", "moss", "pipelines", "notes", "cracked"}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What an undisturbed scan records."""
    with scanning(small_world(), tmp_path_factory.mktemp("calm")) as scans:
        scans.run()
        return results(scans.store)


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[Scans]:
    with scanning(small_world(), tmp_path) as made:
        yield made


def check(scans: Scans, expected: dict[str, dict[str, object]]) -> None:
    """Every repository was handed on once, and is as it should be or has a named gap."""
    counted = Counter((*scans.audited, *scans.same))
    assert set(counted) == NAMES
    assert set(counted.values()) == {1}
    found = results(scans.store)
    assert set(found) == NAMES
    named = {gap.repository for gap in scans.store.gaps(owner=OWNER)}
    for name in NAMES:
        # a gap of the owner's ("") may be on references or advisories of any repository
        assert found[name] == expected[name] or named & {name, ""}, name


@pytest.mark.parametrize("fault", KINDS)
def test_each_fault_alone(scans: Scans, expected: dict[str, dict[str, object]], fault: str) -> None:
    scans.github.faults.rate, scans.github.faults.kinds = 0.2, (fault,)
    scans.run(connection=connect(scans.github, limits=FAST))
    assert scans.github.faults.happened
    check(scans, expected)
    scans.github.faults.rate = 0
    scans.run()
    assert results(scans.store) == expected


@pytest.mark.parametrize("seed", range(3))
def test_all_faults_together(
    scans: Scans, expected: dict[str, dict[str, object]], seed: int, tmp_path: Path
) -> None:
    github = scans.github
    github.apps.installations[OWNER], github.apps.tier = 42, 3
    github.apps.lifetime = 121.0
    github.faults.random = random.Random(seed)  # noqa: S311
    github.faults.rate, github.faults.kinds = 0.15, KINDS
    github.buckets["core"].limit, github.buckets["core"].window = 25, 0.4
    asked = 0

    def expire(_kind: str, _content: str) -> None:
        nonlocal asked
        asked += 1
        if asked % 20 == 0:
            github.apps.expire()

    github.faults.before = expire
    scans.run(connection=connect_app(github, tmp_path))
    assert len(github.apps.issued) > 1
    check(scans, expected)
    github.faults.rate, github.buckets["core"].limit, github.faults.before = 0, 5000, None
    scans.run()
    assert results(scans.store) == expected


def test_a_waiting_scan_says_so_and_keeps_its_place(
    scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audits.pipeline.scan._BEAT_SECONDS", 0.0)
    monkeypatch.setattr("audits.pipeline.scan._FLUSH_SECONDS", 0.05)
    said: list[tuple[float, str]] = []
    beats: set[str] = set()
    path = scans.database.removeprefix("sqlite:///")

    def wait(seconds: float, why: str) -> None:
        said.append((seconds, why))
        end = time.monotonic() + PATIENCE
        while len(beats) < 2 and time.monotonic() < end:
            with closing(sqlite3.connect(path)) as connection:
                rows = connection.execute("SELECT beat FROM scan_lock")
                beats.update(str(row[0]) for row in rows)
            time.sleep(0.01)

    scans.github.faults.retry_after = "1"
    scans.github.faults.script.extend(["", "secondary", "429"])
    scans.run(connection=connect(scans.github, limits=FAST, on_wait=wait))
    assert {why for _, why in said} == {"GitHub asks for a pause"}
    assert len(beats) > 1


def test_what_was_found_is_written_while_the_scan_waits(
    scans: Scans, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("audits.pipeline.scan", "audits.collect.github.settings"):
        name = "_FLUSH_SECONDS" if module.endswith("scan") else "FLUSH_SECONDS"
        monkeypatch.setattr(f"{module}.{name}", 0.05)
    monkeypatch.setattr("audits.pipeline.run._BATCH_SECONDS", 0.0)  # each one by itself
    monkeypatch.setattr("audits.pipeline.scan._WAIT_SECONDS", 3600.0)
    path = Path(scans.database.removeprefix("sqlite:///"))
    most = 0

    def wait(_kind: str, content: str) -> None:
        """Hold back what is asked of the last repository until the first ones stand there."""
        nonlocal most
        if "tidepool/" not in content or most:
            return
        end = time.monotonic() + PATIENCE
        while not most and time.monotonic() < end:
            most = recorded(path)
            time.sleep(0.01)

    scans.github.faults.before = wait
    scans.run()
    assert most > 0


def test_a_stop_in_the_middle_keeps_what_was_recorded(
    scans: Scans, expected: dict[str, dict[str, object]]
) -> None:
    def stop(ref: RepositoryRef) -> None:
        if len(scans.audited) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scans.run(seen=stop)
    first = list(scans.audited)
    assert scans.store.latest_scan(OWNER) is None
    (scanned,) = scans.run(resume=True).finished
    assert scanned.repositories == 6
    assert not set(first) & set(scans.audited)
    assert results(scans.store) == expected
    assert len(scans.store.scans(OWNER)) == 1


def start(cli: Cli) -> subprocess.Popen[str]:
    """The program in a process of its own."""
    words = [sys.executable, "-c", MAIN, "scan", OWNER, *cli.words]
    return subprocess.Popen(
        words,
        env={**os.environ, **cli.environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def interrupted(cli: Cli, number: signal.Signals, at: int) -> subprocess.Popen[str]:
    """A scan that gets a signal when GitHub receives its request of that number."""
    process: list[subprocess.Popen[str]] = []
    asked = 0

    def strike(_kind: str, _content: str) -> None:
        nonlocal asked
        asked += 1
        if asked == at and process:
            process[0].send_signal(number)

    cli.github.faults.before = strike
    cli.github.faults.latency = 0.02
    process.append(start(cli))
    process[0].wait(timeout=PATIENCE)
    cli.github.faults.before, cli.github.faults.latency = None, 0.0
    return process[0]


@pytest.mark.parametrize("seed", range(2))
def test_a_process_that_is_killed_while_it_reads_is_resumed(
    tmp_path: Path, expected: dict[str, dict[str, object]], seed: int
) -> None:
    with command_line(small_world(), tmp_path) as cli:
        moment = random.Random(seed).randint(1, 40)  # noqa: S311
        killed = interrupted(cli, signal.SIGKILL, moment)
        killed.communicate()
        assert killed.returncode == -signal.SIGKILL
        ran = cli.scan(OWNER, "--resume")
        assert (ran.code, "6 repositories" in ran.out) == (0, True), ran.err
        assert results(cli.store) == expected
        assert len(cli.store.scans(OWNER)) == 1


def recorded(path: Path) -> int:
    """How many repositories a database holds by now."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM state").fetchone()[0])
    except sqlite3.Error:
        return 0


def test_a_process_that_is_killed_while_it_records_is_resumed(tmp_path: Path) -> None:
    world = small_world()
    for number in range(60):
        docs = f"# {number}\non: push\njobs: {{a: {{steps: []}}}}\n"
        world.owners[0].add(Repo(f"notes-{number:02d}", {".github/workflows/docs.yml": docs}))
    moment = random.Random(5).randint(2, 20)  # noqa: S311
    with command_line(world, tmp_path) as cli:
        process = start(cli)
        while recorded(tmp_path / "history.sqlite") < moment and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        kept = recorded(tmp_path / "history.sqlite")
        assert moment <= kept < 66
        ran = cli.scan(OWNER, "--resume")
        assert (ran.code, "orchard-labs: 66 repositories, 4 publish" in ran.out) == (0, True)
        rows = [row.repository for row in cli.store.repositories(owner=OWNER)]
        assert len(rows) == len(set(rows)) == 66
        assert len(cli.store.scans(OWNER)) == 1


def test_ctrl_c_says_how_to_go_on(tmp_path: Path, expected: dict[str, dict[str, object]]) -> None:
    with command_line(small_world(), tmp_path) as cli:
        stopped = interrupted(cli, signal.SIGINT, 12)
        _, said = stopped.communicate()
        assert stopped.returncode == 130
        assert "what was read is kept" in said
        again = said.partition("Go on with: release-audit ")[2].splitlines()[0]
        assert again.startswith("scan orchard-labs --host github.com --api-url ")
        assert again.endswith(" --resume")
        assert "Traceback" not in said
        assert release_audit(*shlex.split(again), **cli.environment).code == 0
        assert results(cli.store) == expected
