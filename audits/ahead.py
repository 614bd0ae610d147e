"""A folder's repositories, read and judged by other processes while this one records them."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from audits.collect.folder import FolderCollector, read_folder
from audits.worker import Chunks, Places, Planner, audited, lead

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    from audits.told import Told

log = logging.getLogger(__name__)

FEWEST = 24
"""Repositories from which on a second process gains more than its start costs."""
MOST_WORKERS = 8
CHUNK = 4
"""Repositories that travel together: few, so that the first arrive soon."""
FIRST = 2
"""Repositories of the first chunk: enough to import and compile what all need."""
CHUNK_WITH_ENGINE = 48
"""An engine is started once for each chunk."""

_GRACE_SECONDS = 5.0


class Leader:
    """The first worker, with a pipe for each of ``count`` workers.

    It imports what judges as soon as it is made, which may be before anybody knows what there
    is to judge; once it has a task, it starts the others.
    """

    def __init__(self, count: int) -> None:
        from multiprocessing import get_context

        context = get_context("fork")
        asked = context.Pipe(duplex=False)
        pipes = [context.Pipe(duplex=False) for _ in range(count)]
        self.process: BaseProcess = context.Process(target=lead, args=(asked, pipes))
        self.process.start()
        receiver, self._task = asked
        receiver.close()
        for _, sender in pipes:
            sender.close()
        self.pipes: list[Connection | None] = [receiver for receiver, _ in pipes]

    def begin(self, chunks: Chunks, planner: Planner) -> None:
        """Have the chunks audited: worker after worker takes the next one."""
        try:
            self._task.send((chunks, planner))
        except OSError:
            log.debug("the first worker is gone; all is done here", exc_info=True)

    def take(self, number: int) -> tuple[Told, ...] | None:
        """What the next chunk of a worker tells; None from that on which it does not deliver."""
        pipe = self.pipes[number]
        if pipe is None:
            return None
        try:
            told: tuple[Told, ...] = pickle.loads(pipe.recv_bytes())  # noqa: S301 - ours
        except (EOFError, OSError):
            # It was killed, or fell over what will be met, and said, here.
            self.pipes[number] = None
            return None
        return told

    def stop(self) -> None:
        """End the workers, wherever they are; those that ended stay so."""
        self._task.close()
        for pipe in self.pipes:
            if pipe is not None:
                pipe.close()  # whoever still has something to say ends when it says it
        self.process.terminate()
        self.process.join(_GRACE_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def first_worker() -> Leader | None:
    """The first of as many workers as there are processors; None where a second process gains
    nothing, or where a copy of this one could not go on safely.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return None
    processors = len(os.sched_getaffinity(0))
    # Recording takes so little that the process that does it mostly waits.
    return Leader(min(processors, MOST_WORKERS)) if processors > 1 else None


@contextmanager
def audits_ahead(
    collector: FolderCollector, planner: Planner, *, alone: bool, engine: bool,
    leader: Leader | None = None,
) -> Iterator[Iterator[Told]]:  # fmt: skip
    """What the audits of the collector's repositories tell, in its order.

    Where it pays, they are worked out ahead from now on, on the other processors. Whatever a
    worker fails to deliver is done here, so that a worker costs no result. ``alone`` says that
    nobody is asked anything: workers could not share questions. ``engine`` says that the plan
    has one. ``leader`` is the first worker, if it was made before.

    Raises CollectError where the folder cannot be read.
    """
    places = collector.repositories()
    wanted = alone and len(places) >= FEWEST
    leader = leader or first_worker() if wanted else None
    if leader is None:
        yield _here(places, planner)
        return
    try:
        yield _told(leader, places, planner, CHUNK_WITH_ENGINE if engine else CHUNK)
    finally:
        leader.stop()


def _here(places: Places, planner: Planner) -> Iterator[Told]:
    from audits.run import audits_of
    from audits.told import tell

    snapshots = (read_folder(path, ref) for ref, path in places)
    yield from map(tell, audits_of(snapshots, planner()))


def _told(leader: Leader, places: Places, planner: Planner, size: int) -> Iterator[Told]:
    """Have the repositories audited by the leader and those it starts."""
    starts = [0, *range(FIRST, len(places), size)]
    chunks = [places[at:to] for at, to in pairwise([*starts, len(places)])]
    leader.begin(chunks, planner)
    return _taken(leader, chunks, planner)


def _taken(leader: Leader, chunks: Chunks, planner: Planner) -> Iterator[Told]:
    """What the audits tell, in order; what workers do not deliver is audited here."""
    plan = cache(planner)
    for number, chunk in enumerate(chunks):
        told = leader.take(number % len(leader.pipes))
        yield from audited(chunk, plan()) if told is None else told
