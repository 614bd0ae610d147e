"""Programs measured as whole processes, as the operating system accounts for them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

FAILED = 2
"""Exit codes from this one on are failures; 1 says that there are findings."""


class Used(Struct, frozen=True, kw_only=True):
    """What a program and its workers used: seconds, and the largest process's MiB."""

    wall: float
    cpu: float
    peak_mib: float


def program(name: str) -> str:
    """The program of this name beside the Python that runs."""
    return str(Path(sys.executable).with_name(name))


def run(words: Sequence[str], work: Path) -> Used:
    """Run a program to its end, with byte code as where it is installed."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(work / "byte-code")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.perf_counter()
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if not 0 <= process.returncode < FAILED:
        raise SystemExit(f"{words[0]} ended with {process.returncode}")
    return Used(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak_mib=usage.ru_maxrss / 1024)
