"""Audits by worker processes: the same, in the same order, whatever becomes of a worker."""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from audits.cli.plan import make_plan
from audits.collect.errors import CollectError
from audits.collect.folder.collector import FolderCollector, Place
from audits.model.engine import EngineReport
from audits.model.errors import AuditError
from audits.model.repository import Repository
from audits.model.source import RepositoryRef
from audits.pipeline.run import Plan, audits_of
from audits.pipeline.serialize import serialize_audit
from audits.pipeline.serialized import SerializedAudit
from audits.pipeline.worker_context import MANY, processors
from audits.pipeline.worker_pool import (
    CHUNK,
    CLONE,
    FIRST,
    WORTH,
    WorkerPool,
    _bytes,
    _chunks,
    audits_of_folder,
)
from tests.patience import PATIENCE
from tests.scoring.test_score import LESSON

REPOSITORIES = 3 * CHUNK + 2
PLANNER = partial(make_plan, index_url="https://pypi.example/simple/", engine=False)

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")


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
def expected(folder: Path) -> list[SerializedAudit]:
    snapshots = FolderCollector(folder=folder).snapshots()
    return [serialize_audit(audit) for audit in audits_of(snapshots, PLANNER())]


@contextmanager
def _workers(folder: Path, count: int, times: int = 1) -> Iterator[Iterator[SerializedAudit]]:
    places = FolderCollector(folder=folder).repositories() * times
    pool = WorkerPool(PLANNER, count)
    try:
        yield pool.audits(_chunks(places, CHUNK))
    finally:
        pool.stop()


def _pids() -> list[int]:
    return [child.pid for child in multiprocessing.active_children() if child.pid]


def test_what_is_recorded_of_an_audit_does_not_depend_on_the_others_of_its_batch(
    folder: Path, expected: list[SerializedAudit]
) -> None:
    plan = PLANNER()
    alone = (audits_of([snapshot], plan) for snapshot in FolderCollector(folder=folder).snapshots())
    assert [serialize_audit(audit) for (audit,) in alone] == expected


@pytest.mark.parametrize("count", [1, 2, 3])
def test_workers_deliver_the_same_in_the_same_order(
    folder: Path, expected: list[SerializedAudit], count: int
) -> None:
    with _workers(folder, count) as audits:
        assert list(audits) == expected
        assert 1 <= len(_pids()) <= count
    assert not _pids()


def test_systems_without_a_fork_server_start_workers_afresh(
    folder: Path, expected: list[SerializedAudit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    with _workers(folder, 1) as audits:
        assert list(audits) == expected


def test_what_killed_workers_did_not_deliver_is_audited_by_others(
    folder: Path, expected: list[SerializedAudit]
) -> None:
    with _workers(folder, 2, times=9) as audits:
        first = next(audits)
        for pid in _pids():
            os.kill(pid, signal.SIGKILL)
        assert [first, *audits] == expected * 9


class Deadly(Struct, frozen=True):
    """An engine that ends its process at a repository of this name."""

    name: str

    def run(self, repositories: Sequence[Repository]) -> tuple[EngineReport, ...]:
        """Nothing, or the process's end."""
        if any(repository.ref.name == self.name for repository in repositories):
            os._exit(9)
        return tuple(EngineReport(engine="deadly") for _ in repositories)


def deadly_plan(name: str) -> Plan:
    """A plan on which a worker dies at one repository."""
    return replace(PLANNER(), engine=Deadly(name))


def test_a_repository_at_which_workers_die_costs_itself_alone(
    folder: Path, expected: list[SerializedAudit]
) -> None:
    pool = WorkerPool(partial(deadly_plan, "lumen-004"), 2)
    try:
        places = FolderCollector(folder=folder).repositories()
        audits = list(pool.audits(_chunks(places, CHUNK)))
    finally:
        pool.stop()
    assert [each.record.ref for each in audits] == [each.record.ref for each in expected]
    assert [each.record.ref.name for each in audits if each.crashed] == ["lumen-004"]


@linux
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 0.6])
def test_workers_may_be_stopped_at_any_time(folder: Path, seconds: float) -> None:
    with _workers(folder, 3, times=40):
        time.sleep(seconds)
        pids = _pids()
    assert pids
    _gone(pids)


@linux
def test_the_interrupts_of_a_terminal_are_for_the_process_that_records(folder: Path) -> None:
    with _workers(folder, 1) as audits:
        next(audits)
        (pid,) = _pids()
        status = Path(f"/proc/{pid}/status").read_text()
    blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
    assert blocked >> (signal.SIGINT - 1) & 1
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_little_text_and_questions_to_others_start_no_worker(
    folder: Path, expected: list[SerializedAudit]
) -> None:
    collector = FolderCollector(folder=folder)
    assert _bytes(collector.repositories()) < WORTH
    for alone in (True, False):
        with audits_of_folder(collector, PLANNER, alone=alone, engine=False) as audits:
            assert list(audits) == expected
            assert not _pids()


@linux
def test_much_text_is_audited_by_workers(
    folder: Path, expected: list[SerializedAudit], tmp_path: Path
) -> None:
    root = tmp_path / folder.name
    shutil.copytree(folder, root)
    comments = f"# {'x' * 97}\n" * (WORTH // 100 // REPOSITORIES + 1)
    for workflow in root.rglob("release.yml"):
        workflow.write_text(workflow.read_text() + comments)
    collector = FolderCollector(folder=root)
    with audits_of_folder(collector, PLANNER, alone=True, engine=False) as audits:
        found = list(audits)
        assert _pids() or len(os.sched_getaffinity(0)) == 1
    made = [(each.record.ref, each.record.findings) for each in found]
    assert made == [(each.record.ref, each.record.findings) for each in expected]


@pytest.mark.parametrize("count", [1, 2, 5, 17, 19, 130])
@pytest.mark.parametrize("size", [1, CHUNK, 48])
def test_chunks_hold_each_place_once_and_end_small(count: int, size: int) -> None:
    ref = RepositoryRef(owner="orchard-labs", name="lumen")
    places = [Place(ref, Path("orchard-labs"), str(number)) for number in range(count)]
    chunks = list(_chunks(places, size))
    assert [place for chunk in chunks for place in chunk] == places
    assert all(1 <= len(chunk) <= max(size, FIRST) for chunk in chunks)
    assert len(chunks[0]) <= FIRST
    assert len(chunks[-1]) <= max(FIRST, size // 2)


def test_a_bare_clone_counts_as_much_text_as_a_usual_one_has(tmp_path: Path) -> None:
    for name in ("objects", "refs"):
        (tmp_path / "clone.git" / name).mkdir(parents=True)
    (tmp_path / "clone.git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "plain").mkdir()
    ref = RepositoryRef(owner="orchard-labs", name="lumen")
    clone, plain = (_bytes([Place(ref, tmp_path, name)]) for name in ("clone.git", "plain"))
    assert clone - plain == CLONE


def _plan_of_collector() -> Plan:
    """The plan, in a process that collects garbage."""
    if not gc.isenabled():
        raise AuditError("Nothing is collected.", "Enable it.")
    return PLANNER()


def test_workers_collect_garbage_though_they_are_copied_from_a_process_that_does_not(
    folder: Path,
) -> None:
    pool = WorkerPool(_plan_of_collector, 1)
    try:
        audits = pool.audits(_chunks(FolderCollector(folder=folder).repositories(), CHUNK))
        assert not next(audits).crashed
    finally:
        pool.stop()


def _no_plan() -> Plan:
    raise AuditError("The plan is no plan.", "Make another one.")


def test_a_plan_that_cannot_be_made_is_an_error_here(folder: Path) -> None:
    collector = FolderCollector(folder=folder)
    with (
        pytest.raises(AuditError, match="no plan"),
        audits_of_folder(collector, _no_plan, alone=True, engine=False) as audits,
    ):
        next(audits)
    pool = WorkerPool(_no_plan, 2)
    try:
        with pytest.raises(AuditError) as raised:
            next(pool.audits(_chunks(collector.repositories(), CHUNK)))
    finally:
        pool.stop()
    assert raised.value.advice == "Make another one."


def test_a_folder_without_repositories_is_an_error_before_anything_starts(tmp_path: Path) -> None:
    with (
        pytest.raises(CollectError),
        audits_of_folder(FolderCollector(folder=tmp_path), PLANNER, alone=True, engine=False),
    ):
        pytest.fail("nothing can be audited")


_LOST = """
import sys, time
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from audits.pipeline.worker_pool import CHUNK, WorkerPool, _chunks
from audits.cli.plan import make_plan
from audits.collect.folder.collector import FolderCollector, Place
places = FolderCollector(folder=Path(sys.argv[1])).repositories()
pool = WorkerPool(partial(make_plan, engine=False), 2)
audits = pool.audits(_chunks(places * 40, CHUNK))
for _ in range(30):
    next(audits)
print(*(child.pid for child in active_children()), flush=True)
time.sleep(300)
"""


@linux
def test_workers_do_not_outlive_the_process_that_started_them(folder: Path) -> None:
    words = [sys.executable, "-c", _LOST, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        numbers = [int(word) for word in started.stdout.readline().split()]
        started.send_signal(signal.SIGKILL)
        assert len(numbers) == 2
        _gone(numbers)


_FROM_ITS_FOLDER = """
import os, sys
sys.path.remove("")
import multiprocessing
from functools import partial
from pathlib import Path
from audits.pipeline.worker_pool import WorkerPool
from audits.cli.plan import make_plan
from audits.collect.folder.collector import FolderCollector, Place
if sys.argv[2] == "spawn":
    multiprocessing.get_all_start_methods = lambda: ["spawn"]
places = FolderCollector(folder=Path(sys.argv[1])).repositories()
os.chdir(sys.argv[3])
pool = WorkerPool(partial(make_plan, engine=False), 1)
print(len(list(pool.audits([places]))))
pool.stop()
"""


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_workers_import_nothing_from_a_scanned_folder(
    folder: Path, tmp_path: Path, method: str
) -> None:
    """Python started with ``-c``, as workers are, would look in the current folder first."""
    for name in ("multiprocessing", "random", "signal", "msgspec", "audits"):
        mark = str(tmp_path / f"{name}-was-run")
        (tmp_path / f"{name}.py").write_text(f"open({mark!r}, 'w').close()\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment.pop("PYTHONSAFEPATH", None)  # another test's workers may have set it here
    ran = subprocess.run(
        [sys.executable, "-c", _FROM_ITS_FOLDER, str(folder), method, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert not list(tmp_path.glob("*-was-run"))
    assert (ran.stdout.strip(), ran.returncode) == (str(REPOSITORIES), 0), ran.stderr


def _gone(numbers: list[int]) -> None:
    """Wait until no such process runs."""
    until = time.monotonic() + PATIENCE
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


@pytest.mark.parametrize(
    ("words", "early"),
    [
        (("scan", "--folder", "many"), True),
        (("scan", "--offline", "--folder=many"), True),
        (("scan", "--folder", "owners"), True),
        (("scan", "--folder", "few"), False),
        (("scan", "--folder", "absent"), False),
        (("scan", "--folder"), False),
        (("check", "--folder", "many"), False),
        ((), False),
    ],
)
def test_workers_are_prepared_before_the_command_line_for_large_folders_alone(
    words: tuple[str, ...], early: bool, tmp_path: Path
) -> None:
    for number in range(MANY):
        (tmp_path / "many" / f"r{number}").mkdir(parents=True)
        (tmp_path / "owners" / f"o{number % 3}" / f"r{number}").mkdir(parents=True)
    (tmp_path / "few" / "one").mkdir(parents=True)
    code = (
        "import multiprocessing.forkserver as f, sys\n"
        "from audits.pipeline.worker_context import start_early\n"
        "start_early(sys.argv[1:], 'audits.cli.planner')\n"
        "print(f._forkserver._forkserver_pid is not None)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == str(early and processors() > 1)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the system shows no process's variables")
def test_workers_and_what_starts_them_get_no_credentials() -> None:
    planted = dict.fromkeys(("GITHUB_TOKEN", "GH_TOKEN", "RELEASE_AUDIT_TOKEN"), "planted")
    planted |= {"PGPASSWORD": "planted", "RELEASE_AUDIT_DATABASE": "postgresql://x:planted@db/x"}
    code = (
        "import multiprocessing.forkserver as f, multiprocessing.resource_tracker as t, os\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from pathlib import Path\n"
        "from audits.pipeline.worker_context import worker_context\n"
        "context = worker_context('audits.cli.planner')\n"
        "started = [f._forkserver._forkserver_pid, t._resource_tracker._pid]\n"
        "with ProcessPoolExecutor(1, context) as pool:\n"
        "    started.append(pool.submit(os.getpid).result())\n"
        "    print(pool.submit(os.getenv, 'GITHUB_TOKEN').result(), os.environ['GITHUB_TOKEN'])\n"
        "    for number in started:\n"
        "        print(b'planted' in Path(f'/proc/{number}/environ').read_bytes())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | planted,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["None", "planted", "False", "False", "False"]
