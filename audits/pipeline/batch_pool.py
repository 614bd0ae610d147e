"""Audits batches of repositories on workers; a worker that dies costs one repository at most."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from audits.model.source import RepositoryRef, Snapshot

if TYPE_CHECKING:
    from concurrent.futures import Future

    from audits.pipeline.serialized import SerializedAudit

log = logging.getLogger(__name__)

Item = TypeVar("Item")
"""What stands for a repository in a batch."""


class LostWorkerError(Exception):
    """A worker died while it audited a batch."""


class BatchPool(ABC, Generic[Item]):
    """Audits batches of repositories on the workers of a `concurrent.futures.Executor`.

    Results keep the order of batches. Where a worker dies, the repositories of its batch are
    tried one by one, and one on which a worker dies again is recorded as crashed.
    """

    most = 1
    """Batches that may be begun and not yet collected, so that memory does not grow with the
    number of repositories.
    """

    def __init__(self) -> None:
        self._begun: deque[tuple[Sequence[Item], Future[tuple[SerializedAudit, ...]]]] = deque()

    @abstractmethod
    def submit(self, batch: Sequence[Item]) -> Future[tuple[SerializedAudit, ...]]:
        """Have a worker audit a batch."""

    @abstractmethod
    def result(self, future: Future[tuple[SerializedAudit, ...]]) -> tuple[SerializedAudit, ...]:
        """Wait for a batch. LostWorkerError where its worker died, AuditError where nothing can
        be audited any more.
        """

    @abstractmethod
    def ref_of(self, item: Item) -> RepositoryRef:
        """The repository that an item stands for."""

    def after_loss(self) -> None:
        """Called after a worker died and its batch was audited one by one."""

    @property
    def is_full(self) -> bool:
        """Whether the oldest batch has to be collected before another one is begun."""
        return len(self._begun) >= self.most

    def begin(self, batch: Sequence[Item]) -> None:
        """Queue a batch behind those that were begun before it."""
        self._begun.append((batch, self.submit(batch)))

    def ready(self) -> Iterator[tuple[Item, SerializedAudit]]:
        """The results of the oldest batches that are done; waits for one where too many are
        begun.
        """
        while self._begun and (self.is_full or self._begun[0][1].done()):
            yield from self._oldest()

    def rest(self) -> Iterator[tuple[Item, SerializedAudit]]:
        """The results of all other batches that were begun; waits for them."""
        while self._begun:
            yield from self._oldest()

    def _oldest(self) -> Iterator[tuple[Item, SerializedAudit]]:
        batch, future = self._begun.popleft()
        try:
            found = self.result(future)
        except LostWorkerError:
            log.warning("a worker died; its repositories are tried one by one")
            found = tuple(map(self._alone, batch))
            self.after_loss()
        # A worker that is asked to stop returns fewer.
        yield from zip(batch, found, strict=False)

    def _alone(self, item: Item) -> SerializedAudit:
        """The audit of one repository of a batch whose worker died."""
        from audits.pipeline.audit import crashed_audit
        from audits.pipeline.serialize import serialize_audit

        try:
            (found,) = self.result(self.submit([item]))
        except LostWorkerError as error:
            snapshot = Snapshot(ref=self.ref_of(item))
            return serialize_audit(crashed_audit(snapshot, error, "auditing"))
        return found
