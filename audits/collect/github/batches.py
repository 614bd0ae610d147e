"""Sends GraphQL queries in batches, halved where GitHub runs out of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from audits.collect.github.client import GitHubClient, GraphAnswer
from audits.collect.github.errors import GitHubError, TooHeavyError

Item = TypeVar("Item")

_TRUSTED_AFTER = 4
_LAST_TRIES = 3


class BatchSize:
    """How much to ask for at once: halves on trouble, and remembers what worked.

    A size that failed twice is not tried again; one failure may have been GitHub's bad day.
    """

    def __init__(self, most: int) -> None:
        self.size = most
        self._most = most
        self._failures: dict[int, int] = {}
        self._successes = 0

    def failed(self, asked: int) -> bool:
        """Record that a batch of this size failed; False where it cannot become smaller."""
        self._failures[self.size] = self._failures.get(self.size, 0) + 1
        self._successes = 0
        if asked <= 1:
            return False
        self.size = max(1, min(asked, self.size) // 2)
        return True

    def worked(self) -> None:
        """Record that this size was answered; after a few times try the larger one again."""
        self._successes += 1
        larger = min(self.size * 2, self._most)
        if self._successes >= _TRUSTED_AFTER and self._failures.get(larger, 0) < 2:
            self.size, self._successes = larger, 0


def ask(
    client: GitHubClient,
    items: Sequence[Item],
    size: BatchSize,
    write: Callable[[Sequence[Item]], str],
    *,
    weight: Callable[[Item], float] | None = None,
    heaviest: float = float("inf"),
) -> Iterator[tuple[Sequence[Item], GraphAnswer | GitHubError]]:
    """Ask for every item, in batches whose query ``write`` makes; answers in order.

    A batch is bounded by its number of items and by their ``weight``. What cannot be
    answered even alone comes back with its error, and loses nothing else.
    """
    start = 0
    tries = 0
    while start < len(items):
        chosen = _take(items, start, size.size, weight, heaviest)
        query = write(chosen)
        try:
            answer: GraphAnswer | GitHubError = client.graphql(query)
        except TooHeavyError as error:
            tries += 1
            if size.failed(len(chosen)) or tries < _LAST_TRIES:
                client.pacer.wait(client.pacer.limits.backoff, "GitHub has trouble")
                continue
            client.gave_up(query)
            answer = error
        except GitHubError as error:
            answer = error
        else:
            size.worked()
        tries = 0
        yield chosen, answer
        start += len(chosen)


def _take(
    items: Sequence[Item],
    start: int,
    most: int,
    weight: Callable[[Item], float] | None,
    heaviest: float,
) -> Sequence[Item]:
    """The next items that fit; at least one."""
    if weight is None:
        return items[start : start + most]
    end, total = start, 0.0
    while end < len(items) and end - start < most:
        total += weight(items[end])
        if total > heaviest and end > start:
            break
        end += 1
    return items[start:end]
