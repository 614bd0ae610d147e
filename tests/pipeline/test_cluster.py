"""Audits on a Dask cluster of real processes: the same as here, and nothing lost whatever fails."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits import __version__
from audits.cli.plan import make_plan
from audits.model.query import FindingFilter
from audits.model.source import Snapshot
from audits.pipeline import cluster as module
from audits.pipeline.cluster import BATCH, Cluster
from audits.pipeline.cluster_errors import ClusterError, OtherVersionError, WrongAddressError
from audits.pipeline.run import Prepared, audits_of, prepare_batch
from audits.pipeline.serialize import serialize_audit
from audits.pipeline.serialized import SerializedAudit
from audits.pipeline.worker import judged
from audits.store.open import open_store
from tests.cli.github_world import OWNER, command_line, small_world
from tests.cli.runner import release_audit
from tests.init.projects import repository_of
from tests.patience import PATIENCE
from tests.pipeline.dask_cluster import (
    ENVIRONMENT,
    scheduler,
    two_workers,
    worker_pids,
    workers,
)
from tests.pipeline.test_worker_pool import PLANNER, deadly_plan
from tests.scoring.test_score import LESSON

REPOSITORIES = 2 * BATCH + 5


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler with two workers, which are started again where they die."""
    folder = tmp_path_factory.mktemp("cluster")
    with two_workers(folder) as at:
        yield at


@pytest.fixture(scope="module")
def snapshots() -> list[Snapshot]:
    """Repositories that publish well, badly, not at all, and one that cannot be read."""
    texts = (
        LESSON,
        LESSON.replace("persist-credentials: false", "fetch-depth: 0"),
        "name: Test\non: push\njobs: {t: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n",
        "jobs: [\n",
    )
    return [
        replace(
            (read := repository_of({".github/workflows/release.yml": texts[n % 4]}).snapshot),
            ref=replace(read.ref, name=f"lumen-{n:03}"),
        )
        for n in range(REPOSITORIES)
    ]


@pytest.fixture(scope="module")
def expected(snapshots: list[Snapshot]) -> list[SerializedAudit]:
    return [serialize_audit(audit) for audit in audits_of(snapshots, PLANNER())]


def test_workers_find_what_this_process_finds_whatever_becomes_of_them(
    address: str, snapshots: list[Snapshot], expected: list[SerializedAudit]
) -> None:
    with Cluster(address, PLANNER, PLANNER()) as cluster:
        assert [each.serialized for each in cluster.audits(snapshots)] == expected
        assert cluster.most < 20
        _no_batch_is_kept()

        # What is prepared here is judged there, and comes back with what it was made from.
        prepared = prepare_batch(snapshots, PLANNER())
        found = [*cluster.add(prepared), *cluster.remaining()]
        assert [each.serialized for each in found] == expected
        assert [each.repository for each in found] == [
            each.repository for each in prepared if isinstance(each, Prepared)
        ]

        # What an interrupted scan left behind is not taken for the next one's.
        next(cluster.audits(snapshots))
        assert [each.serialized for each in cluster.audits(snapshots[:3])] == expected[:3]

        audits = cluster.audits(snapshots * 3)
        first = next(audits).serialized
        os.kill(worker_pids(address)[0], signal.SIGKILL)
        assert [first, *(each.serialized for each in audits)] == expected * 3


def _no_batch_is_kept() -> None:
    """Dask's client would keep the last thousand, some hundred megabytes, for its developers."""
    from distributed.protocol.serialize import Serialized

    until = time.monotonic() + PATIENCE
    while any(type(each) is Serialized for each in gc.get_objects()):
        assert time.monotonic() < until
        time.sleep(0.1)
        gc.collect()


def test_a_repository_at_which_workers_die_costs_itself_alone(
    address: str, snapshots: list[Snapshot], expected: list[SerializedAudit]
) -> None:
    some = snapshots[:6]
    deadly = partial(deadly_plan, some[4].ref.name)
    with Cluster(address, deadly, PLANNER()) as cluster:
        audits = [each.serialized for each in cluster.audits(some)]
    assert [each.record.ref for each in audits] == [each.record.ref for each in expected[:6]]
    assert [each.record.ref.name for each in audits if each.crashed] == [some[4].ref.name]


def test_workers_with_other_rules_judge_nothing(
    address: str, snapshots: list[Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = partial(make_plan, index_url="https://index.example/simple/", engine=False)
    with Cluster(address, other, PLANNER()) as cluster, pytest.raises(OtherVersionError) as raised:
        list(cluster.audits(snapshots))
    assert "with other rules" in raised.value.message
    monkeypatch.setattr(module, "__version__", "9.9.9")
    with pytest.raises(OtherVersionError) as raised:
        Cluster(address, PLANNER, PLANNER())
    assert raised.value.message == f"The scheduler has release-audit {__version__}, not 9.9.9."
    assert raised.value.advice.startswith("Install release-audit 9.9.9 there")
    with pytest.raises(OtherVersionError, match=r"A worker of the cluster has release-audit"):
        judged("9.9.9", b"", b"")


def test_a_cluster_that_is_not_there_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CONNECT_SECONDS", 1)
    with pytest.raises(ClusterError, match="No Dask scheduler answers at tcp://127"):
        Cluster("tcp://127.0.0.1:9", PLANNER, PLANNER())
    with pytest.raises(WrongAddressError, match="no address of a scheduler"):
        Cluster("ftp://127.0.0.1:9", PLANNER, PLANNER())
    assert WrongAddressError.wrong_use


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\nno, not this"])
def test_what_is_no_scheduler_is_a_sentence(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of another protocol answers in its own, or waits for more."""
    monkeypatch.setattr(module, "_CONNECT_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def serve() -> None:
            taken.append(server.accept()[0])
            taken[0].sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ClusterError, match="No Dask scheduler answers at tcp://127"):
            Cluster(f"tcp://127.0.0.1:{server.getsockname()[1]}", PLANNER, PLANNER())
        thread.join()
        taken[0].close()


def test_a_cluster_without_workers_or_that_goes_away_is_a_sentence(
    tmp_path: Path, snapshots: list[Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ASK_SECONDS", 0.2)
    monkeypatch.setattr(module, "_CONNECT_SECONDS", 3)
    with (
        scheduler(tmp_path) as (address, process),
        Cluster(address, PLANNER, PLANNER()) as cluster,
    ):
        monkeypatch.setattr(module, "_WITHOUT_WORKERS", 0.5)
        with pytest.raises(ClusterError, match="has had no worker for"):
            list(cluster.audits(snapshots))
        monkeypatch.setattr(module, "_WITHOUT_WORKERS", PATIENCE)
        process.kill()
        with pytest.raises(ClusterError, match="does not answer any more") as raised:
            list(cluster.audits(snapshots))
    assert "--resume" in raised.value.advice


def test_scans_of_a_folder_and_of_github_are_the_same_on_a_cluster(
    address: str, snapshots: list[Snapshot], tmp_path: Path
) -> None:
    root = tmp_path / "orchard-labs"
    for snapshot in snapshots[:30]:
        for file in snapshot.files:
            path = root / snapshot.ref.name / file.path
            path.parent.mkdir(parents=True)
            path.write_text(file.text, "utf-8")
    common = ("--no-engine", "--offline")
    for name, more in (("here", ()), ("there", ("--scheduler", address))):
        database = ("--database", str(tmp_path / f"{name}.sqlite"))
        ran = release_audit("scan", "--folder", str(root), *common, *database, *more)
        assert (ran.code, ran.said) == (3, [])
    assert _findings(tmp_path / "here.sqlite") == _findings(tmp_path / "there.sqlite") != []

    spared: list[int] = []
    for name, more in (("alone", ()), ("together", ("--scheduler", address))):
        (tmp_path / name).mkdir()
        with command_line(small_world(), tmp_path / name) as cli:
            assert cli.scan(OWNER, *more).code == 0
            requests = len(cli.github.log)
            # What was kept of the first lets the second one spare what did not change.
            assert cli.scan(OWNER, *more).code == 0
            spared.append(len(cli.github.log) - requests)
    assert spared[0] == spared[1]
    alone, together = (tmp_path / name / "history.sqlite" for name in ("alone", "together"))
    assert _findings(alone) == _findings(together) != []


def test_a_scan_that_lost_its_process_and_then_its_scheduler_is_resumed(
    address: str, tmp_path: Path
) -> None:
    # Eight batches are handed out at once: many more, so that some never were.
    root, number_of_all = tmp_path / "orchard-labs", 24 * BATCH
    for number in range(number_of_all):
        path = root / f"lumen-{number:03}" / ".github/workflows/release.yml"
        path.parent.mkdir(parents=True)
        text = LESSON if number % 12 == 0 else "on: push\njobs: {}\n"
        path.write_text(text, "utf-8")
    words = ("scan", "--folder", str(root), "--no-engine", "--offline", "--database")
    here, there = str(tmp_path / "here.sqlite"), str(tmp_path / "there.sqlite")
    assert release_audit(*words, here).code == 0
    with scheduler(tmp_path) as (at, process), workers(tmp_path, at):
        with _begun(*words, there, "--scheduler", at) as scan:
            recorded = _recorded(there, 1, scan)
            scan.kill()
        assert 0 < recorded < number_of_all
        with _begun(*words, there, "--resume", "--scheduler", at) as scan:
            recorded = _recorded(there, recorded + 1, scan)
            process.kill()
            said = scan.communicate(timeout=PATIENCE)[1]
    assert recorded < number_of_all
    assert scan.returncode == 3, said
    assert "does not answer any more" in said
    assert "Traceback" not in said
    ran = release_audit(*words, there, "--resume", "--scheduler", address)
    assert (ran.code, ran.said) == (0, [])
    store = open_store(there, read_only=True)
    assert len(store.repositories()) == number_of_all
    assert len(store.scans()) == 1
    assert _findings(Path(there)) == _findings(Path(here)) != []


def _begun(*words: str) -> subprocess.Popen[str]:
    """A command as a process of its own."""
    command = [sys.executable, "-c", "from audits.cli import main; main()", *words]
    return subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)


def _recorded(database: str, least: int, scan: subprocess.Popen[str]) -> int:
    """Wait until the scan that runs has recorded so many repositories; returns how many."""
    until = time.monotonic() + PATIENCE
    while scan.poll() is None:
        assert time.monotonic() < until
        where = f"file:{database}?mode=ro"
        with (
            suppress(sqlite3.OperationalError),
            closing(sqlite3.connect(where, uri=True)) as rows,
        ):
            (count,) = rows.execute("SELECT count(*) FROM progress").fetchone()
            if count >= least:
                return int(count)
        time.sleep(0.01)
    raise AssertionError(scan.communicate()[1])


def _findings(path: Path) -> list[tuple[str, str, str]]:
    store = open_store(str(path), read_only=True)
    rows = store.findings(where=FindingFilter(in_release=None))
    return sorted((row.repository, row.check, row.fingerprint) for row in rows)
