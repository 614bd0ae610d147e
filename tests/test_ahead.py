"""Audits made ahead by other processes: the same, in the same order, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audits import ahead
from audits.ahead import CHUNK, FEWEST, _Crew, _workers, audits_ahead
from audits.cli.plan import make_plan
from audits.collect.errors import CollectError
from audits.collect.folder import FolderCollector, read_folder
from audits.model.errors import AuditError
from audits.model.source import RepositoryRef, Snapshot
from audits.run import Plan, audits_of
from audits.told import Told, tell
from tests.test_score import LESSON

INDEX = "https://pypi.example/simple/"
REPOSITORIES = 3 * CHUNK + 2

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are copies: Linux only")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Repositories that publish well, badly, not at all, and one that cannot be read."""
    root = tmp_path_factory.mktemp("orchard-labs")
    texts = (
        LESSON,
        LESSON.replace("persist-credentials: false", "fetch-depth: 0"),
        "name: Test\non: push\njobs: {t: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n",
        "jobs: [\n",
    )
    for number in range(REPOSITORIES):
        place = root / f"lumen-{number:03}" / ".github" / "workflows"
        place.mkdir(parents=True)
        (place / "release.yml").write_text(texts[number % len(texts)])
    return root


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(index_url=INDEX, engine=False)


@pytest.fixture(scope="module")
def expected(folder: Path, plan: Plan) -> list[Told]:
    return [tell(audit) for audit in audits_of(FolderCollector(folder=folder).snapshots(), plan)]


@contextmanager
def _crew(folder: Path, plan: Plan, count: int) -> Iterator[_Crew]:
    crew = _Crew(FolderCollector(folder=folder).repositories(), lambda: plan, count)
    try:
        yield crew
    finally:
        crew.stop()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_workers_tell_the_same_in_the_same_order(
    folder: Path, plan: Plan, expected: list[Told], count: int
) -> None:
    with _crew(folder, plan, count) as crew:
        assert list(crew.audits()) == expected
        crew.leader.join(10)
        assert crew.leader.exitcode == 0


def test_what_a_killed_worker_owes_is_done_here(
    folder: Path, plan: Plan, expected: list[Told]
) -> None:
    with _crew(folder, plan, 2) as crew:
        audits = crew.audits()
        first = next(audits)
        crew.leader.kill()
        crew.leader.join()
        assert [first, *audits] == expected


def test_what_makes_a_worker_fall_over_is_met_here(
    folder: Path, plan: Plan, expected: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.getpid()

    def only_here(path: Path, ref: RepositoryRef) -> Snapshot:
        if os.getpid() != here:
            raise MemoryError
        return read_folder(path, ref)

    monkeypatch.setattr(ahead, "read_folder", only_here)
    with _crew(folder, plan, 1) as crew:
        assert list(crew.audits()) == expected


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.3])
def test_a_crew_may_be_stopped_at_any_time(folder: Path, plan: Plan, seconds: float) -> None:
    crew = _Crew(FolderCollector(folder=folder).repositories() * 9, lambda: plan, 3)
    time.sleep(seconds)
    children = _children(crew)
    began = time.monotonic()
    crew.stop()
    assert time.monotonic() - began < 4
    assert not crew.leader.is_alive()
    _gone(children)


def test_a_first_worker_that_falls_over_takes_the_others_along(
    folder: Path, plan: Plan, expected: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, work = os.getpid(), ahead._work

    def falls_over(*args: Any) -> None:  # noqa: ANN401 - handed on
        if os.getppid() == here:
            raise RuntimeError
        work(*args)

    monkeypatch.setattr(ahead, "_work", falls_over)
    with _crew(folder, plan, 3) as crew:
        assert list(crew.audits()) == expected
        crew.leader.join(10)
        assert crew.leader.exitcode == 1


def test_few_repositories_and_questions_to_others_stay_here(
    folder: Path, plan: Plan, expected: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = FolderCollector(folder=folder).repositories()
    assert _workers(places[: FEWEST - 1]) == 0
    monkeypatch.setattr(os, "fork", None)
    collector = FolderCollector(folder=folder)
    with audits_ahead(collector, lambda: plan, alone=False, engine=False) as audits:
        assert list(audits) == expected


def test_a_plan_that_cannot_be_made_is_an_error_here(folder: Path) -> None:
    def planner() -> Plan:
        raise AuditError("The plan is no plan.", "Make another one.")

    collector = FolderCollector(folder=folder)
    with (
        pytest.raises(AuditError, match="no plan"),
        audits_ahead(collector, planner, alone=True, engine=False) as audits,
    ):
        next(audits)


def test_a_folder_without_repositories_is_an_error_before_anything_starts(
    tmp_path: Path, plan: Plan
) -> None:
    with (
        pytest.raises(CollectError),
        audits_ahead(FolderCollector(folder=tmp_path), lambda: plan, alone=True, engine=False),
    ):
        pytest.fail("nothing can be audited")


_LOST = """
import sys, time
from functools import partial
from pathlib import Path
from audits.ahead import _Crew
from audits.cli.plan import make_plan
from audits.collect.folder import FolderCollector
places = FolderCollector(folder=Path(sys.argv[1])).repositories()
crew = _Crew(places * 40, partial(make_plan, engine=False), 2)
audits = crew.audits()
for _ in range(30):
    next(audits)
leader = crew.leader.pid
others = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
print(leader, *others, flush=True)
if sys.argv[2:]:
    crew.stop()
time.sleep(60)
"""


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_workers_do_not_outlive_the_one_who_started_them(folder: Path, how: str) -> None:
    words = [sys.executable, "-c", _LOST, str(folder), *(["stop"] if how == "stopped" else [])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        numbers = [int(word) for word in started.stdout.readline().split()]
        if how == "killed":
            started.send_signal(signal.SIGKILL)
        assert len(numbers) == 2
        _gone(numbers)
        started.kill()


def _children(crew: _Crew) -> list[int]:
    """The processes that the first worker has started so far."""
    pid = crew.leader.pid
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _gone(numbers: list[int]) -> None:
    """Wait until no such process runs."""
    until = time.monotonic() + 20
    while any(map(_is_running, numbers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_is_running, numbers))


def _is_running(number: int) -> bool:
    """Whether a process runs; one that has ended may still be listed until it is fetched."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
