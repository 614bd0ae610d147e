"""A folder's repositories, read and judged by other processes while this one records them."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING

from audits.collect.folder import FolderCollector, read_folder
from audits.model.source import RepositoryRef

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from audits.run import Plan
    from audits.told import Told

log = logging.getLogger(__name__)

Places = Sequence[tuple[RepositoryRef, Path]]
Chunks = Sequence[Places]
Pipes = Sequence[tuple["Connection", "Connection"]]
Planner = Callable[[], "Plan"]
"""Makes the plan where it is needed: all that judges is imported for it."""

FEWEST = 24
"""Repositories from which on a second process gains more than its start costs."""
MOST_WORKERS = 8
CHUNK = 4
"""Repositories that travel together: few, so that the first arrive soon."""
FIRST = 2
"""Repositories of the first chunk: enough to import and compile what all need."""
CHUNK_WITH_ENGINE = 48
"""An engine is started once for each chunk."""
AHEAD = 4
"""Chunks that a worker may be ahead of whoever records them."""

_END = b""
_GRACE_SECONDS = 5.0
_PATIENCE = 10
"""How much workers leave to the process that records what they make, as `nice` counts."""


@contextmanager
def audits_ahead(
    collector: FolderCollector, planner: Planner, *, alone: bool, engine: bool
) -> Iterator[Iterator[Told]]:
    """What the audits of the collector's repositories tell, in its order.

    Where it pays, they are worked out ahead from now on, on the other processors. Whatever a
    worker fails to deliver is done here, so that a worker costs no result. ``alone`` says that
    nobody is asked anything: workers could not share questions. ``engine`` says that the plan
    has one.

    Raises CollectError where the folder cannot be read.
    """
    places = collector.repositories()
    count = _workers(places) if alone else 0
    if not count:
        yield _here(places, planner)
        return
    crew = _Crew(places, planner, count, CHUNK_WITH_ENGINE if engine else CHUNK)
    try:
        yield crew.audits()
    finally:
        crew.stop()


def _here(places: Places, planner: Planner) -> Iterator[Told]:
    from audits.run import audits_of
    from audits.told import tell

    snapshots = (read_folder(path, ref) for ref, path in places)
    yield from map(tell, audits_of(snapshots, planner()))


def _workers(places: Places) -> int:
    """How many workers to start: none where a copy of this process could not go on safely."""
    if sys.platform != "linux" or threading.active_count() > 1 or len(places) < FEWEST:
        return 0
    processors = len(os.sched_getaffinity(0))
    # Recording takes so little that the process that does it mostly waits.
    return min(processors, MOST_WORKERS) if processors > 1 else 0


class _Crew:
    """Workers that take the chunks in turn, each with a pipe of its own.

    The first one makes the plan and starts the others: meanwhile this process imports what
    records, which takes as long.
    """

    def __init__(self, places: Places, planner: Planner, count: int, size: int = CHUNK) -> None:
        from multiprocessing import get_context

        self.planner = planner
        starts = [0, *range(FIRST, len(places), size)]
        self.chunks = [places[at:to] for at, to in pairwise([*starts, len(places)])]
        context = get_context("fork")
        pipes = [context.Pipe(duplex=False) for _ in range(count)]
        self.leader: BaseProcess = context.Process(target=_lead, args=(self.chunks, planner, pipes))
        self.leader.start()
        for _, sender in pipes:
            sender.close()
        self.pipes: list[Connection | None] = [receiver for receiver, _ in pipes]

    @cached_property
    def plan(self) -> Plan:
        """The plan of this process, for what workers did not deliver."""
        return self.planner()

    def audits(self) -> Iterator[Told]:
        """What the audits tell, in order."""
        for number, chunk in enumerate(self.chunks):
            yield from self._next(number % len(self.pipes), chunk)

    def _next(self, number: int, chunk: Places) -> tuple[Told, ...]:
        pipe = self.pipes[number]
        if pipe is not None:
            try:
                told: tuple[Told, ...] = pickle.loads(pipe.recv_bytes())  # noqa: S301 - ours
            except (EOFError, OSError):
                # It was killed, or fell over what will be met, and said, here.
                self.pipes[number] = None
            else:
                return told
        return _audited(chunk, self.plan)

    def stop(self) -> None:
        """End the workers, wherever they are."""
        for pipe in self.pipes:
            if pipe is not None:
                pipe.close()  # whoever still has something to say ends when it says it
        self.leader.terminate()
        self.leader.join(_GRACE_SECONDS)
        if self.leader.is_alive():
            self.leader.kill()
            self.leader.join()


def _audited(chunk: Places, plan: Plan) -> tuple[Told, ...]:
    from audits.run import audit_batch
    from audits.told import tell

    return tuple(map(tell, audit_batch(tuple(read_folder(path, ref) for ref, path in chunk), plan)))


def _lead(chunks: Chunks, planner: Planner, pipes: Pipes) -> None:
    """The whole life of the first worker: it ends last, or ends the others with it."""
    from multiprocessing import get_context

    # Whoever is interrupted at the terminal is the process that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    os.nice(_PATIENCE)
    try:
        plan = planner()
        # The others begin with what the first chunk made this one import and compile.
        first = _packed(chunks[0], plan)
    except Exception:
        log.debug(
            "the first worker gave up; the error is met again where it is told", exc_info=True
        )
        return
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


def _work(chunks: Chunks, plan: Plan, pipes: Pipes, number: int, first: bytes = b"") -> None:
    """Audit one worker's share, of which the ``first`` chunk may be audited already."""
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
    return pickle.dumps(_audited(chunk, plan), pickle.HIGHEST_PROTOCOL)


def _send(ready: Queue[bytes], sender: Connection) -> None:
    """Hand over what is ready, so that work goes on while nobody takes it."""
    try:
        while (data := ready.get()) != _END:
            sender.send_bytes(data)
    except OSError:
        # Nobody is left to take it: the process that started this one is gone.
        os._exit(1)
