"""Audits the repositories of a folder in worker processes, while this process records them."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from audits.collect.folder.collector import FolderCollector, Place, is_bare, read_apart
from audits.model.source import RepositoryRef
from audits.pipeline.batch_pool import BatchPool, LostWorkerError
from audits.pipeline.worker_context import processors, worker_context

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from audits.pipeline.run import Plan
    from audits.pipeline.serialized import SerializedAudit

Chunk = Sequence[Place]
Planner = Callable[[], "Plan"]
"""Makes the plan in each process that needs it; it can be pickled."""

WORTH = 500_000
"""Bytes of workflows from which on worker processes save more time than they take to start: what
one process audits in about a second.
"""
BESIDE = 1_500
"""Bytes of workflows that take as long to audit as the rest of a repository does."""
CLONE = 20_000
"""Bytes of workflows that a bare clone is taken to have: they are known only once it is read."""
MOST_WORKERS = 8
FIRST = 2
"""Repositories of the first chunk: enough to import and compile what all need."""
CHUNK = 4
"""Repositories of a chunk: few, so that the first results arrive soon."""
LAST = 16
"""Repositories at the end that are handed out in quarters of chunks, so that no worker is left
alone with many.
"""
CHUNK_WITH_ENGINE = 48
"""Repositories of a chunk where an engine is run, which is started once for each chunk."""
MOST_CHUNKS = 8
"""Chunks for each worker that may be begun and not yet recorded."""


class WorkerPool(BatchPool[Place]):
    """As many worker processes as ``count``, which audit by the planner's plan."""

    def __init__(self, planner: Planner, count: int) -> None:
        super().__init__()
        self.most = count * MOST_CHUNKS
        self._planner = planner
        self._count = count
        self._context = worker_context(type(planner).__module__)
        # Shared without a lock, which a worker that is killed would keep for ever.
        self._stopping: ctypes.c_bool = self._context.RawValue(ctypes.c_bool, False)
        self._executor = self._new_executor()

    def audits(self, chunks: Iterable[Chunk]) -> Iterator[SerializedAudit]:
        """The record of each repository, in order; the first chunks are begun at once.

        AuditError where the plan cannot be made.
        """
        rest = iter(chunks)
        for chunk in islice(rest, self.most):
            self.begin(chunk)
        return self._in_order(rest)

    def stop(self) -> None:
        """End the workers; each finishes its chunk and begins no other."""
        self._stopping.value = True
        self._executor.shutdown(cancel_futures=True)

    def _in_order(self, rest: Iterator[Chunk]) -> Iterator[SerializedAudit]:
        for chunk in rest:
            for _, found in self.ready():
                yield found
            self.begin(chunk)
        for _, found in self.rest():
            yield found

    def submit(self, batch: Chunk) -> Future[tuple[SerializedAudit, ...]]:
        """Have a worker audit a chunk; new workers are started where the others died."""
        from concurrent.futures import BrokenExecutor

        try:
            return self._executor.submit(_audited, batch)
        except BrokenExecutor:
            self._executor = self._new_executor()
            return self._executor.submit(_audited, batch)

    def result(self, future: Future[tuple[SerializedAudit, ...]]) -> tuple[SerializedAudit, ...]:
        """Wait for a chunk."""
        from concurrent.futures import BrokenExecutor

        try:
            return future.result()
        except BrokenExecutor as error:
            raise LostWorkerError(str(error)) from error

    def ref_of(self, item: Place) -> RepositoryRef:
        """The repository of a directory."""
        return item.ref

    def after_loss(self) -> None:
        """Begin the other chunks again: the executor drops all of them when a worker dies."""
        begun = [chunk for chunk, _ in self._begun]
        self._begun.clear()
        for chunk in begun:
            self.begin(chunk)

    def _new_executor(self) -> ProcessPoolExecutor:
        from concurrent.futures import ProcessPoolExecutor

        return ProcessPoolExecutor(
            self._count, self._context, _begin, (self._planner, self._stopping)
        )


# These import the worker's module late: this process need not load what workers need.


def _begin(planner: Planner, stopping: ctypes.c_bool) -> None:
    from audits.pipeline.worker import begin

    begin(planner, stopping)


def _audited(chunk: Chunk) -> tuple[SerializedAudit, ...]:
    from audits.pipeline.worker import audited

    return audited(chunk)


@contextmanager
def audits_of_folder(
    collector: FolderCollector, planner: Planner, *, alone: bool, engine: bool
) -> Iterator[Iterator[SerializedAudit]]:
    """The records of the collector's repositories, in its order.

    Worker processes audit them where that is faster, and where ``alone`` says that no requests
    are made, which workers could not share. ``engine`` says that the plan has an engine.

    CollectError where the folder cannot be read.
    """
    from concurrent.futures import ThreadPoolExecutor

    places = collector.repositories()
    count = min(processors(), MOST_WORKERS)
    if not alone or count == 1 or _bytes(places) < WORTH:
        yield _here(places, planner)
        return
    pool = WorkerPool(planner, count)
    chunks = _chunks(places, CHUNK_WITH_ENGINE if engine else CHUNK)
    # Beginning waits until the process that workers are copied from has imported all; meanwhile
    # this one imports what it needs to record.
    with ThreadPoolExecutor(1) as starter:
        begun = starter.submit(pool.audits, chunks)
        try:
            yield _once_begun(begun)
        finally:
            pool.stop()


def _once_begun(begun: Future[Iterator[SerializedAudit]]) -> Iterator[SerializedAudit]:
    yield from begun.result()


def _bytes(places: Chunk) -> int:
    """How much there is to audit, estimated without reading it."""
    return sum(BESIDE + _bytes_of_workflows(place.path) for place in places)


def _bytes_of_workflows(path: Path) -> int:
    try:
        with os.scandir(path / ".github" / "workflows") as files:
            return sum(file.stat(follow_symlinks=False).st_size for file in files)
    except OSError:
        return CLONE if is_bare(path) else 0


def _here(places: Chunk, planner: Planner) -> Iterator[SerializedAudit]:
    from audits.pipeline.run import audits_of
    from audits.pipeline.serialize import serialize_audit

    snapshots = (read_apart(place.path, place.ref) for place in places)
    yield from map(serialize_audit, audits_of(snapshots, planner()))


def _chunks(places: Chunk, size: int) -> Iterator[Chunk]:
    """The places in chunks of a size; the first and the last ones are smaller."""
    end = max(FIRST, len(places) - LAST)
    most, last = range(FIRST, end, size), range(end, len(places), max(1, size // 4))
    starts = chain((0,), most, last, (len(places),))
    return (places[at:to] for at, to in pairwise(starts))
