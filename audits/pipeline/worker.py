"""Worker processes that parse and audit repositories."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from msgspec import Struct

from audits.collect.folder.collector import read_apart
from audits.model.source import RepositoryRef

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from audits.pipeline.run import Plan
    from audits.pipeline.serialize import SerializedAudit

log = logging.getLogger(__name__)

Places = Sequence[tuple[RepositoryRef, Path]]
Chunks = Sequence[Places]
Pipe = tuple["Connection", "Connection"]
Planner = Callable[[], "Plan"]
"""Makes the plan where it is needed; it can be pickled, as that may be in another process."""

TURN_BYTES = 4
"""What a chunk's number takes where it is handed out, and before what it tells."""

_END = b""
_PATIENCE = 10
"""How much workers leave to the process that records what they make, as `nice` counts."""


def audited(chunk: Places, plan: Plan) -> tuple[SerializedAudit, ...]:
    """What the audits of these repositories tell."""
    from audits.pipeline.run import audit_batch
    from audits.pipeline.serialize import serialize_audit

    return tuple(
        map(serialize_audit, audit_batch([read_apart(path, ref) for ref, path in chunk], plan))
    )


def lead(asked: Pipe, turns: tuple[int, int], pipes: Sequence[Pipe]) -> None:
    """The whole life of the first worker: it ends last, or ends the others with it.

    It waits for its task by ``asked`` and audits the first chunk; whose turn the next one is
    all workers read from one pipe, ``turns``. Each tells by its own of the ``pipes``.
    """
    # Ctrl-C is handled by the process that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(_PATIENCE)
    # Close our copy of the write end, or the reader never sees the end of the pipe.
    asked[1].close()
    os.close(turns[1])
    try:
        task = _task(asked[0])
        if task is None:
            return
        chunks, planner = task
        plan = planner()
        # The others begin with what the first chunk made this one import and compile.
        first = _packed(chunks[0], plan)
    except Exception:
        log.debug("the first worker failed; its error is reported by the run", exc_info=True)
        return
    _spread(_Share(chunks, plan, turns[0]), pipes, first)


def _task(asked: Connection) -> tuple[Chunks, Planner] | None:
    """What there is to do, once that is known; None where nothing is left to do."""
    _prepare()
    try:
        task: tuple[Chunks, Planner] = asked.recv()
    except (EOFError, OSError):
        return None
    return task


def _prepare() -> None:
    """Import all that judges, while others find out what there is to judge."""
    from audits.checks import all_checks
    from audits.engines import zizmor  # noqa: F401
    from audits.pipeline.run import Plan  # noqa: F401

    all_checks()


class _Share(Struct, frozen=True):
    """What workers share: the chunks, how to judge them, and the pipe that hands them out."""

    chunks: Chunks
    plan: Plan
    turns: int

    def told(self) -> Iterator[bytes]:
        """What chunks tell that it is this worker's turn to audit, each after its number."""
        # Whole numbers are written and read, so that none is torn between two workers.
        while turn := os.read(self.turns, TURN_BYTES):
            yield turn + _packed(self.chunks[int.from_bytes(turn, "big")], self.plan)


def _spread(share: _Share, pipes: Sequence[Pipe], first: bytes) -> None:
    """Start the other workers as copies of this one, and do this one's share."""
    from multiprocessing import get_context

    # Until all are started and at work: what Python does around a copy would catch the end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    signal.signal(signal.SIGTERM, _end)
    gc.freeze()
    context = get_context("fork")
    others = [
        context.Process(target=_work, args=(share, pipes, number), daemon=True)
        for number in range(1, len(pipes))
    ]
    for process in others:
        process.start()
    _work(share, pipes, 0, bytes(TURN_BYTES) + first)
    for process in others:
        process.join()


def _end(signum: int, frame: object) -> None:
    """End this process in good order, and so those that it started.

    These keep it too: a signal that comes while a handler is replaced is lost.
    """
    sys.exit(0)


def _work(share: _Share, pipes: Sequence[Pipe], number: int, first: bytes = b"") -> None:
    """Audit one worker's share; what the ``first`` chunk tells may be known already."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    # What is left open here of the others' pipes would hide that they ended.
    for other, (receiver, sender) in enumerate(pipes):
        receiver.close()
        if other != number:
            sender.close()
    sender = pipes[number][1]
    ready: SimpleQueue[bytes] = SimpleQueue()
    thread = threading.Thread(target=_send, args=(ready, sender), daemon=True)
    thread.start()
    if first:
        ready.put(first)
    try:
        for told in share.told():
            ready.put(told)
    except Exception:
        log.debug("a worker failed; its repositories are audited in this process", exc_info=True)
    ready.put(_END)
    thread.join()
    sender.close()


def _packed(chunk: Places, plan: Plan) -> bytes:
    return pickle.dumps(audited(chunk, plan), pickle.HIGHEST_PROTOCOL)


def _send(ready: SimpleQueue[bytes], sender: Connection) -> None:
    """Hand over what is ready, so that work goes on while nobody takes it."""
    try:
        while (data := ready.get()) != _END:
            sender.send_bytes(data)
    except OSError:
        # Nobody is left to take it: the process that started this one is gone.
        os._exit(1)
