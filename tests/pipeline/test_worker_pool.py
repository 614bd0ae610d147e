"""Audits made ahead by other processes: the same, in the same order, whatever becomes of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from audits.cli.plan import make_plan
from audits.collect.errors import CollectError
from audits.collect.folder.collector import FolderCollector, read_folder
from audits.model.errors import AuditError
from audits.model.source import RepositoryRef, Snapshot
from audits.pipeline import worker
from audits.pipeline.run import Plan, audits_of
from audits.pipeline.serialize import SerializedAudit, serialize_audit
from audits.pipeline.worker_pool import CHUNK, FEWEST, Leader, _chunks, audits_ahead, first_worker
from tests.scoring.test_score import LESSON

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


PLANNER = partial(make_plan, index_url=INDEX, engine=False)


@pytest.fixture(scope="module")
def expected(folder: Path) -> list[SerializedAudit]:
    snapshots = FolderCollector(folder=folder).snapshots()
    return [serialize_audit(audit) for audit in audits_of(snapshots, PLANNER())]


@contextmanager
def _workers(
    folder: Path, count: int, times: int = 1
) -> Iterator[tuple[Leader, Iterator[SerializedAudit]]]:
    places = FolderCollector(folder=folder).repositories() * times
    leader = Leader(count)
    try:
        yield leader, leader.audits(_chunks(places, CHUNK), PLANNER)
    finally:
        leader.stop()


def test_what_an_audit_tells_does_not_depend_on_the_others_of_its_batch(
    folder: Path, expected: list[SerializedAudit]
) -> None:
    plan = PLANNER()
    alone = (audits_of([snapshot], plan) for snapshot in FolderCollector(folder=folder).snapshots())
    assert [serialize_audit(audit) for (audit,) in alone] == expected


@pytest.mark.parametrize("count", [1, 2, 3])
def test_workers_tell_the_same_in_the_same_order(
    folder: Path, expected: list[SerializedAudit], count: int
) -> None:
    with _workers(folder, count) as (leader, audits):
        assert list(audits) == expected
        leader.process.join(10)
        assert leader.process.exitcode == 0


def test_what_a_killed_worker_owes_is_done_here(
    folder: Path, expected: list[SerializedAudit]
) -> None:
    with _workers(folder, 2) as (leader, audits):
        first = next(audits)
        leader.process.kill()
        leader.process.join()
        assert [first, *audits] == expected


def test_a_worker_that_is_gone_before_it_has_a_task_costs_nothing(
    folder: Path, expected: list[SerializedAudit]
) -> None:
    leader = Leader(2)
    leader.process.kill()
    leader.process.join()
    collector = FolderCollector(folder=folder)
    assert len(collector.repositories()) < FEWEST
    audits = leader.audits(_chunks(collector.repositories(), CHUNK), PLANNER)
    assert list(audits) == expected
    leader.stop()


def test_what_makes_a_worker_fall_over_is_met_here(
    folder: Path, expected: list[SerializedAudit], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.getpid()

    def only_here(path: Path, ref: RepositoryRef) -> Snapshot:
        if os.getpid() != here:
            raise MemoryError
        return read_folder(path, ref)

    monkeypatch.setattr(worker, "read_apart", only_here)
    with _workers(folder, 1) as (_, audits):
        assert list(audits) == expected


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.3])
def test_workers_may_be_stopped_at_any_time(folder: Path, seconds: float) -> None:
    with _workers(folder, 3, times=9) as (leader, _):
        time.sleep(seconds)
        children = _children(leader)
        began = time.monotonic()
    assert time.monotonic() - began < 4
    assert not leader.process.is_alive()
    _gone(children)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5])
def test_a_worker_without_a_task_may_be_stopped_at_any_time(seconds: float) -> None:
    leader = Leader(3)
    time.sleep(seconds)
    began = time.monotonic()
    leader.stop()
    leader.stop()
    assert time.monotonic() - began < 4
    assert not leader.process.is_alive()


def test_a_first_worker_that_falls_over_takes_the_others_along(
    folder: Path, expected: list[SerializedAudit], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, work = os.getpid(), worker._work

    def falls_over(*args: Any) -> None:  # noqa: ANN401 - handed on
        if os.getppid() == here:
            raise RuntimeError
        work(*args)

    monkeypatch.setattr(worker, "_work", falls_over)
    with _workers(folder, 3) as (leader, audits):
        assert list(audits) == expected
        leader.process.join(10)
        assert leader.process.exitcode == 1


def test_few_repositories_and_questions_to_others_stay_here(
    folder: Path, expected: list[SerializedAudit], monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = FolderCollector(folder=folder)
    assert len(collector.repositories()) < FEWEST
    monkeypatch.setattr(os, "fork", None)
    for alone in (True, False):
        with audits_ahead(collector, PLANNER, alone=alone, engine=False) as audits:
            assert list(audits) == expected


def test_many_repositories_are_audited_by_the_worker_that_was_begun_before(
    folder: Path, expected: list[SerializedAudit], tmp_path: Path
) -> None:
    for number in range(FEWEST // REPOSITORIES + 1):
        shutil.copytree(folder, tmp_path / f"owner-{number}")
    collector = FolderCollector(folder=tmp_path)
    leader = first_worker()
    if leader is None:
        pytest.skip("one processor has no place for a second process")
    with audits_ahead(collector, PLANNER, alone=True, engine=False, leader=leader) as audits:
        told = list(audits)
    owners = [f"owner-{number}" for number in range(FEWEST // REPOSITORIES + 1)]
    made = [(each.record.ref.owner, each.record.ref.name, each.record.findings) for each in told]
    assert made == [(o, e.record.ref.name, e.record.findings) for o in owners for e in expected]
    assert leader.process.exitcode == 0


def _no_plan() -> Plan:
    raise AuditError("The plan is no plan.", "Make another one.")


def test_a_plan_that_cannot_be_made_is_an_error_here(folder: Path) -> None:
    collector = FolderCollector(folder=folder)
    with (
        pytest.raises(AuditError, match="no plan"),
        audits_ahead(collector, _no_plan, alone=True, engine=False) as audits,
    ):
        next(audits)
    leader = Leader(2)
    with pytest.raises(AuditError, match="no plan"):
        next(leader.audits(_chunks(collector.repositories(), CHUNK), _no_plan))
    leader.stop()


def test_a_folder_without_repositories_is_an_error_before_anything_starts(tmp_path: Path) -> None:
    with (
        pytest.raises(CollectError),
        audits_ahead(FolderCollector(folder=tmp_path), PLANNER, alone=True, engine=False),
    ):
        pytest.fail("nothing can be audited")


_LOST = """
import sys, time
from functools import partial
from pathlib import Path
from audits.pipeline.worker_pool import CHUNK, Leader, _chunks
from audits.cli.plan import make_plan
from audits.collect.folder.collector import FolderCollector
places = FolderCollector(folder=Path(sys.argv[1])).repositories()
leader = Leader(2)
audits = leader.audits(_chunks(places * 40, CHUNK), partial(make_plan, engine=False))
for _ in range(30):
    next(audits)
pid = leader.process.pid
others = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
print(pid, *others, flush=True)
if sys.argv[2:]:
    leader.stop()
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


def _children(leader: Leader) -> list[int]:
    """The processes that the first worker has started so far."""
    pid = leader.process.pid
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
