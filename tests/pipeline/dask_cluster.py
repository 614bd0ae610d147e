"""A Dask scheduler and workers as processes of this machine, for tests and benchmarks."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from tests.patience import PATIENCE

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
    "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "0",
}


@contextmanager
def scheduler(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler's address and process."""
    file = folder / "scheduler.json"
    words = ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with _running(folder, *words, "--scheduler-file", str(file)) as process:
        until = time.monotonic() + PATIENCE
        while not file.exists() or not file.read_text():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"], process


@contextmanager
def two_workers(folder: Path) -> Iterator[str]:
    """The address of a scheduler with two workers, which are started again where they die."""
    with scheduler(folder) as (at, _), workers(folder, at):
        yield at


@contextmanager
def workers(folder: Path, at: str) -> Iterator[None]:
    """Two workers of a scheduler."""
    words = ("--nworkers", "2", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1")
    with _running(folder, "worker", at, *words):
        _wait_for_workers(at, 2)
        yield


@contextmanager
def _running(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "dask", *words]
    with (folder / f"{words[0]}.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _wait_for_workers(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, timeout=PATIENCE, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=PATIENCE)


def worker_pids(address: str) -> list[int]:
    """The processes that judge."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        return list(client.run(os.getpid).values())


class UsedByWorkers(Struct, frozen=True):
    """CPU seconds of all workers since they started, and the MiB of the one that was largest."""

    cpu: float
    peak_mib: float


def used_by_workers(address: str) -> UsedByWorkers:
    """What the workers have used by now."""
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        found = client.run(resource.getrusage, resource.RUSAGE_SELF).values()
    cpu = sum(each.ru_utime + each.ru_stime for each in found)
    return UsedByWorkers(cpu, max(each.ru_maxrss for each in found) / 1024)
