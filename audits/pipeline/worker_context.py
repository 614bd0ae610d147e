"""Starts the process that worker processes are copied from."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

LOADED = ("audits.pipeline.fork_server", "audits.pipeline.worker", "audits.pipeline.warm_up")
"""What the process that workers are copied from imports, in this order."""
_KEPT = re.compile(
    r"HOME|PATH|USER|LOGNAME|TMPDIR|TEMP|TMP|TZ|LANG|VIRTUAL_ENV|XDG_[A-Z]+_(?:HOME|DIRS?)"
    r"|LC_(?:ALL|COLLATE|CTYPE|MESSAGES|MONETARY|NUMERIC|TIME)"
    r"|PYTHON(?:PATH|HOME|UTF8|IOENCODING|HASHSEED|SAFEPATH|NOUSERSITE|UNBUFFERED|DEVMODE|WARNINGS"
    r"|DONTWRITEBYTECODE|PYCACHEPREFIX|COERCECLOCALE|FAULTHANDLER|INTMAXSTRDIGITS)"
    r"|LD_LIBRARY_PATH|DYLD_\w+|SYSTEMROOT|APPDATA|LOCALAPPDATA|USERPROFILE"
)
"""Variables that workers get: they make no requests, so that no token, password or proxy is theirs."""
MANY = 40
"""Folders with which one is surely worth that process."""


def processors() -> int:
    """The number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def start_early(words: Sequence[str], planner: str) -> None:
    """Start it for a command that scans a large folder before the command line is imported, which
    takes as long as what workers need. ``words`` are those behind the program's name. Where it
    cannot be started, `worker_context` says so when workers are needed.
    """
    given = [path for word, path in pairwise(words) if word == "--folder"]
    given += [word.partition("=")[2] for word in words if word.startswith("--folder=")]
    if words[:1] == ["scan"] and processors() > 1 and any(map(_is_large, given)):
        with suppress(OSError):
            worker_context(planner)


def _is_large(folder: str) -> bool:
    """Whether a folder, or those in it, hold many others."""
    with suppress(OSError, ValueError):
        inside = [entry for entry in Path(folder).iterdir() if entry.is_dir()]
        return len(inside) >= MANY or sum(len(list(e.iterdir())) for e in inside) >= MANY
    return False


def worker_context(planner: str) -> ForkServerContext | SpawnContext:
    """How workers are started: where the system can, as copies of a process that has imported
    what they need, with the planner's module, and has no variables but `_KEPT`.
    """
    import multiprocessing

    # Python runs `python -c …` for it, which imports from the current folder first: that may
    # be a scanned repository. https://docs.python.org/3/using/cmdline.html#envvar-PYTHONSAFEPATH
    os.environ["PYTHONSAFEPATH"] = "1"
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver, resource_tracker

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*LOADED, planner])
    with _few_variables():
        resource_tracker.ensure_running()  # first, as starting it unblocks the signal again
        # Workers inherit this: Ctrl-C at the terminal is for the process that started them.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return context


@contextmanager
def _few_variables() -> Iterator[None]:
    """Leave this process, and so those that it starts, only the variables that workers get."""
    taken = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name) is None}
    for name in taken:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(taken)
