"""A pool of workers audits the repositories of a folder while this process records them."""

from __future__ import annotations

import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from audits.collect.folder.collector import FolderCollector, read_apart
from audits.pipeline.worker import TURN_BYTES, Chunks, Places, Planner, audited, lead

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from audits.pipeline.run import Plan
    from audits.pipeline.serialize import SerializedAudit

log = logging.getLogger(__name__)

FEWEST = 24
"""Repositories from which on a second process gains more than its start costs."""
MOST_WORKERS = 8
CHUNK = 2
"""Repositories that travel together: few, so that the first arrive soon."""
FIRST = 2
"""Repositories of the first chunk: enough to import and compile what all need."""
CHUNK_WITH_ENGINE = 48
"""An engine is started once for each chunk."""

AHEAD = 8
"""Chunks for each worker that may be audited and not be recorded yet."""

_GRACE_SECONDS = 5.0


class Leader:
    """The first worker, and as many in all as ``count`` once it has a task.

    It imports what judges as soon as it is made, which may be before anybody knows what there
    is to judge; then it starts the others. The next chunk is audited by whoever is free.
    """

    def __init__(self, count: int) -> None:
        from multiprocessing import get_context

        context = get_context("fork")
        asked = context.Pipe(duplex=False)
        turns = os.pipe()
        pipes = [context.Pipe(duplex=False) for _ in range(count)]
        self.process: BaseProcess = context.Process(target=lead, args=(asked, turns, pipes))
        self.process.start()
        for _, sender in pipes:
            sender.close()
        asked[0].close()
        os.close(turns[0])
        self._task, self._turns = asked[1], turns[1]
        self._pipes = [receiver for receiver, _ in pipes]
        self._ahead = count * AHEAD
        self._is_one_gone = False
        self._wanted = 0
        self._came: dict[int, bytes] = {}

    def audits(self, chunks: Chunks, planner: Planner) -> Iterator[SerializedAudit]:
        """What the audits of the chunks tell, in order; they are begun at once.

        What workers do not deliver is audited here.
        """
        try:
            self._task.send((chunks, planner))
        except OSError:
            log.debug("the first worker ended; this process goes on alone", exc_info=True)
        for number in range(1, min(self._ahead, len(chunks))):
            self._hand_out(number)
        return self._in_order(chunks, cache(planner))

    def _in_order(self, chunks: Chunks, plan: Callable[[], Plan]) -> Iterator[SerializedAudit]:
        for number, chunk in enumerate(chunks):
            told = self._take(number)
            if number + self._ahead < len(chunks):
                self._hand_out(number + self._ahead)
            yield from audited(chunk, plan()) if told is None else told
        self._hand_out_no_more()

    def _hand_out(self, number: int) -> None:
        try:
            os.write(self._turns, number.to_bytes(TURN_BYTES, "big"))
        except OSError:
            log.debug("no worker is left", exc_info=True)

    def _hand_out_no_more(self) -> None:
        if self._turns >= 0:
            os.close(self._turns)
            self._turns = -1

    def _take(self, number: int) -> tuple[SerializedAudit, ...] | None:
        """What a chunk tells; None where no worker may be left that delivers it."""
        self._wanted = number
        while number not in self._came and not self._is_one_gone:
            self._receive(None)
        if number not in self._came:
            # One that was killed, or fell over what will be met and said here, may have had it.
            self._receive(0)
        data = self._came.pop(number, None)
        if data is None:
            return None
        told: tuple[SerializedAudit, ...] = pickle.loads(memoryview(data)[TURN_BYTES:])  # noqa: S301 - ours
        return told

    def _receive(self, seconds: float | None) -> None:
        """Take in what workers have to tell, once there is something, or after some time."""
        from multiprocessing.connection import wait

        ready = wait(self._pipes, seconds)
        for pipe in [pipe for pipe in self._pipes if pipe in ready]:
            try:
                data = pipe.recv_bytes()
            except (EOFError, OSError):
                self._is_one_gone = True
                self._pipes.remove(pipe)
                pipe.close()
                continue
            number = int.from_bytes(data[:TURN_BYTES], "big")
            if number >= self._wanted:  # else it was audited here meanwhile
                self._came[number] = data

    def stop(self) -> None:
        """End the workers, wherever they are; those that ended stay so."""
        self._task.close()
        self._hand_out_no_more()
        for pipe in self._pipes:
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
    collector: FolderCollector,
    planner: Planner,
    *,
    alone: bool,
    engine: bool,
    leader: Leader | None = None,
) -> Iterator[Iterator[SerializedAudit]]:
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
        chunks = _chunks(places, CHUNK_WITH_ENGINE if engine else CHUNK)
        yield leader.audits(chunks, planner)
    finally:
        leader.stop()


def _here(places: Places, planner: Planner) -> Iterator[SerializedAudit]:
    from audits.pipeline.run import audits_of
    from audits.pipeline.serialize import serialize_audit

    snapshots = (read_apart(path, ref) for ref, path in places)
    yield from map(serialize_audit, audits_of(snapshots, planner()))


def _chunks(places: Places, size: int) -> Chunks:
    starts = [0, *range(FIRST, len(places), size)]
    return [places[at:to] for at, to in pairwise([*starts, len(places)])]
