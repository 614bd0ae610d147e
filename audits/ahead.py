"""A folder's repositories, read and judged by other processes while this one records them."""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING

from audits.collect.folder import FolderCollector, read_folder
from audits.model.source import RepositoryRef
from audits.run import NoFacts, Plan, audit_batch, audits_of
from audits.told import Told, tell

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

log = logging.getLogger(__name__)

Places = Sequence[tuple[RepositoryRef, Path]]

FEWEST = 24
"""Repositories from which on a second process gains more than its start costs."""
MOST_WORKERS = 8
CHUNK = 8
"""Repositories that travel together: few, so that the first arrive soon."""
CHUNK_WITH_ENGINE = 48
"""An engine is started once for each chunk."""
AHEAD = 4
"""Chunks that a worker may be ahead of whoever records them."""

_END = b""


@contextmanager
def audits_ahead(collector: FolderCollector, plan: Plan) -> Iterator[Iterator[Told]]:
    """What the audits of the collector's repositories tell, in its order.

    Where it pays, they are worked out ahead from now on, on the other processors. Whatever a
    worker fails to deliver is done here, so that a worker costs no result.

    Raises CollectError where the folder cannot be read.
    """
    places = collector.repositories()
    count = _workers(places, plan)
    if not count:
        yield map(tell, audits_of((read_folder(path, ref) for ref, path in places), plan))
        return
    crew = _Crew(places, plan, count)
    try:
        yield crew.audits()
    finally:
        crew.stop()


def _workers(places: Places, plan: Plan) -> int:
    """How many workers to start. None where questions are asked of others, which workers
    could not share, and none where a copy of this process could not go on safely.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return 0
    if len(places) < FEWEST or not isinstance(plan.facts, NoFacts):
        return 0
    processors = len(os.sched_getaffinity(0))
    # Recording takes so little that the process that does it mostly waits.
    return min(processors, MOST_WORKERS) if processors > 1 else 0


class _Crew:
    """Workers that take the chunks in turn, each with a pipe of its own."""

    def __init__(self, places: Places, plan: Plan, count: int) -> None:
        from multiprocessing import get_context

        size = CHUNK if plan.engine is None else CHUNK_WITH_ENGINE
        self.chunks = [places[at : at + size] for at in range(0, len(places), size)]
        self.plan = plan
        self.pipes: list[Connection | None] = []
        self.processes: list[BaseProcess] = []
        context = get_context("fork")
        for number in range(count):
            receiver, sender = context.Pipe(duplex=False)
            mine = self.chunks[number::count]
            process = context.Process(
                target=_work, args=(mine, plan, sender, receiver), daemon=True
            )
            process.start()
            sender.close()
            self.pipes.append(receiver)
            self.processes.append(process)

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
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join()


def _audited(chunk: Places, plan: Plan) -> tuple[Told, ...]:
    return tuple(map(tell, audit_batch(tuple(read_folder(path, ref) for ref, path in chunk), plan)))


def _work(chunks: Sequence[Places], plan: Plan, sender: Connection, receiver: Connection) -> None:
    """The whole life of a worker."""
    # Whoever is interrupted at the terminal is the process that started this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    gc.freeze()
    receiver.close()
    ready: Queue[bytes] = Queue(maxsize=AHEAD)
    thread = threading.Thread(target=_send, args=(ready, sender), daemon=True)
    thread.start()
    try:
        for chunk in chunks:
            ready.put(pickle.dumps(_audited(chunk, plan), pickle.HIGHEST_PROTOCOL))
    except Exception:
        log.debug("a worker gave up; its repositories are audited again", exc_info=True)
    ready.put(_END)
    thread.join()


def _send(ready: Queue[bytes], sender: Connection) -> None:
    """Hand over what is ready, so that work goes on while nobody takes it."""
    try:
        while (data := ready.get()) != _END:
            sender.send_bytes(data)
    except OSError:
        # Nobody is left to take it: the process that started this one is gone.
        os._exit(1)
