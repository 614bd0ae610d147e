"""Trouble on command: what the loopback GitHub does instead of answering."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.collect.github.traffic import Reply

KINDS = (
    "500",
    "502",
    "503",
    "504",
    "reset",
    "truncated",
    "secondary",
    "secondary-200",
    "429",
    "partial",
)


@dataclass
class Faults:
    """``script`` is used up first, one fault a request; then ``rate`` draws from ``kinds``.

    ``too_heavy`` says of a query (its text and price in nodes) whether GitHub runs out of
    time; ``only`` limits faults to ``graphql`` or ``rest``.
    """

    script: deque[str] = field(default_factory=deque)
    rate: float = 0.0
    kinds: tuple[str, ...] = ("500", "502", "503", "reset", "truncated")
    only: str = ""
    too_heavy: Callable[[str, dict[str, object]], bool] | None = None
    retry_after: str = "0"
    latency: float = 0.0
    before: Callable[[str, str], None] | None = None
    """Called with kind and path or query before each request: to change the world meanwhile."""

    change: Callable[[str, str, Reply], Reply] | None = None
    """Called with kind, path or query, and the answer: returns what is sent in its place."""

    def __post_init__(self) -> None:
        self.random = random.Random(7)  # noqa: S311
        self.happened: list[str] = []

    def next(self, kind: str) -> str:
        """The fault of this request, "" for none."""
        if self.only and kind != self.only:
            return ""
        fault = ""
        if self.script:
            fault = self.script.popleft()
        elif self.rate and self.random.random() < self.rate:
            fault = self.random.choice(self.kinds)
        if fault:
            self.happened.append(fault)
        return fault
