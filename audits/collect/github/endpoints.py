"""Which of GitHub's endpoints count as down in this scan, and how often a request is repeated."""

from __future__ import annotations

import re
import threading
from collections import Counter

from audits.collect.github.errors import GitHubError

DOWN_AFTER = 3
"""Requests to one endpoint that fail in a row, each after all its attempts."""

_ALL_DOWN_AFTER = 5
"""The same for all endpoints of an interface together."""

_HEAVY_DOWN_AFTER = 8
"""Single repositories in a row for which a query takes too long: some are only very large."""

_TRUSTED_AFTER = 10
_ATTEMPTS_IN_DOUBT = 2

_REPOSITORY = re.compile(r"^/repos/[^/]+/[^/]+")
_NAMED = re.compile(r"/(orgs|users|environments|secrets|blobs|compare|installations)/[^/]+(?=/|$)")


def endpoint_of(path: str) -> str:
    """A REST path without the names in it: ``/repos/o/r/releases/latest`` is one endpoint."""
    return _NAMED.sub(r"/\1/*", _REPOSITORY.sub("/repos/*", path))


class Endpoints:
    """Counts failures by endpoint and interface (``rest``, ``graphql``); safe to use from threads.

    Whatever GitHub answers ends a row of failures, a refusal too. What is down stays so until
    the scan ends: the next one tries again.
    """

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts
        self._failures: Counter[tuple[str, str]] = Counter()
        self._heavy: Counter[tuple[str, str]] = Counter()
        self._doubt: Counter[tuple[str, str]] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._down: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def attempts(self, kind: str, endpoint: str) -> int:
        """How often a request is tried: less where the last ones failed for good."""
        with self._lock:
            doubtful = self._in_a_row[kind] or self._doubt[kind, endpoint]
            return min(self._attempts, _ATTEMPTS_IN_DOUBT) if doubtful else self._attempts

    def is_down(self, kind: str, endpoint: str) -> bool:
        """Whether this scan sends it no more requests."""
        with self._lock:
            return (kind, endpoint) in self._down or (kind, "") in self._down

    def answered(self, kind: str, endpoint: str) -> None:
        """Record an answer."""
        with self._lock:
            self._failures[kind, endpoint] = self._heavy[kind, endpoint] = self._in_a_row[kind] = 0
            self._doubt[kind, endpoint] = max(0, self._doubt[kind, endpoint] - 1)

    def failed(self, kind: str, endpoint: str) -> None:
        """Record a request that failed after all its attempts."""
        with self._lock:
            self._failures[kind, endpoint] += 1
            self._doubt[kind, endpoint] = _TRUSTED_AFTER
            self._in_a_row[kind] += 1
            if self._failures[kind, endpoint] >= DOWN_AFTER:
                self._down.add((kind, endpoint))
            if self._in_a_row[kind] >= _ALL_DOWN_AFTER:
                self._down.add((kind, ""))

    def too_heavy(self, kind: str, endpoint: str) -> None:
        """Record that not even the smallest question was answered in time."""
        with self._lock:
            self._heavy[kind, endpoint] += 1
            if self._heavy[kind, endpoint] >= _HEAVY_DOWN_AFTER:
                self._down.add((kind, endpoint))


def down_error(kind: str) -> GitHubError:
    """What a request to an endpoint that is down ends with, unasked."""
    what = "GraphQL" if kind == "graphql" else "REST"
    return GitHubError(
        f"GitHub's {what} interface failed several times in a row and was not asked again.",
        "Scan again later.",
    )
