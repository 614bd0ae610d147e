"""Processes that read and judge repositories, and hand what they tell to whoever records it."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING

from audits.collect.folder import read_folder
from audits.model.source import RepositoryRef

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from audits.run import Plan
    from audits.told import Told

log = logging.getLogger(__name__)

Places = Sequence[tuple[RepositoryRef, Path]]
Chunks = Sequence[Places]
Pipe = tuple["Connection", "Connection"]
Planner = Callable[[], "Plan"]
"""Makes the plan where it is needed; it can be pickled, as that may be in another process."""

AHEAD = 4
"""Chunks that a worker may be ahead of whoever records them."""

_END = b""
_PATIENCE = 10
"""How much workers leave to the process that records what they make, as `nice` counts."""


def audited(chunk: Places, plan: Plan) -> tuple[Told, ...]:
    """What the audits of these repositories tell."""
    from audits.run import audit_batch
    from audits.told import tell

    return tuple(map(tell, audit_batch(tuple(read_folder(path, ref) for ref, path in chunk), plan)))


def lead(asked: Pipe, pipes: Sequence[Pipe]) -> None:
    """The whole life of the first worker: it ends last, or ends the others with it.

    It waits for its task by ``asked``, and tells by the first of the ``pipes``.
    """
    # Whoever is interrupted at the terminal is the process that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_PATIENCE)
    try:
        task = _task(asked)
        if task is None:
            return
        chunks, planner = task
        plan = planner()
        # The others begin with what the first chunk made this one import and compile.
        first = _packed(chunks[0], plan)
    except Exception:
        log.debug(
            "the first worker gave up; the error is met again where it is told", exc_info=True
        )
        return
    _spread(chunks, plan, pipes, first)


def _task(asked: Pipe) -> tuple[Chunks, Planner] | None:
    """What there is to do, once that is known; None where nothing is left to do."""
    receiver, sender = asked
    # What is left open here would hide that nobody is left to ask.
    sender.close()
    _prepare()
    try:
        task: tuple[Chunks, Planner] = receiver.recv()
    except (EOFError, OSError):
        return None
    return task


def _prepare() -> None:
    """Import all that judges, which takes about as long as it takes to know what to judge."""
    from audits import told  # noqa: F401 - kept by Python for those that import it later
    from audits.check import all_checks
    from audits.engines import zizmor  # noqa: F401
    from audits.run import Plan  # noqa: F401

    all_checks()


def _spread(chunks: Chunks, plan: Plan, pipes: Sequence[Pipe], first: bytes) -> None:
    """Start the other workers as copies of this one, and do this one's share."""
    from multiprocessing import get_context

    # Until all are started and at work: what Python does around a copy would catch the end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.signal(signal.SIGTERM, _end)
    gc.freeze()
    context = get_context("fork")
    others = [
        context.Process(target=_work, args=(chunks, plan, pipes, number), daemon=True)
        for number in range(1, len(pipes))
    ]
    for process in others:
        process.start()
    _work(chunks, plan, pipes, 0, first)
    for process in others:
        process.join()


def _end(signum: int, frame: object) -> None:
    """End this process in good order, and so those that it started.

    These keep it too: a signal that comes while a handler is replaced is lost.
    """
    sys.exit(0)


def _work(
    chunks: Chunks, plan: Plan, pipes: Sequence[Pipe], number: int, first: bytes = b""
) -> None:
    """Audit one worker's share, of which the ``first`` chunk may be audited already."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    # What is left open here of the others' pipes would hide that they ended.
    for other, (receiver, sender) in enumerate(pipes):
        receiver.close()
        if other != number:
            sender.close()
    sender = pipes[number][1]
    ready: Queue[bytes] = Queue(maxsize=AHEAD)
    thread = threading.Thread(target=_send, args=(ready, sender), daemon=True)
    thread.start()
    if first:
        ready.put(first)
    try:
        for chunk in chunks[number :: len(pipes)][bool(first) :]:
            ready.put(_packed(chunk, plan))
    except Exception:
        log.debug("a worker gave up; its repositories are audited again", exc_info=True)
    ready.put(_END)
    thread.join()
    sender.close()


def _packed(chunk: Places, plan: Plan) -> bytes:
    return pickle.dumps(audited(chunk, plan), pickle.HIGHEST_PROTOCOL)


def _send(ready: Queue[bytes], sender: Connection) -> None:
    """Hand over what is ready, so that work goes on while nobody takes it."""
    try:
        while (data := ready.get()) != _END:
            sender.send_bytes(data)
    except OSError:
        # Nobody is left to take it: the process that started this one is gone.
        os._exit(1)
