"""Keeps requests within GitHub's limits: pacing, cancellable waits, a points budget.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from audits.collect.bounds import seconds_after
from audits.collect.errors import BudgetSpentError, ScanCancelledError

WaitCallback = Callable[[float, str], None]
"""Called about once a second while waiting, with the seconds left and why; from any thread."""

_SLICE = 0.2
_YEAR = 366 * 86400.0
_MOST_DIGITS = 15
_RESOURCES = {"core": "rest", "graphql": "graphql"}
"""Our names of the kinds of requests that GitHub counts apart."""


def _quiet(_seconds: float, _why: str) -> None:
    """Say nothing while waiting."""


def _never() -> bool:
    return False


class Limits(Struct, frozen=True, kw_only=True):
    """How much may be asked, and how long may be waited.

    ``max_points`` bounds the GraphQL points of a scan; ``max_wait`` the seconds of waiting for
    a limit until one request is answered: limits lift within an hour, so that a server which
    asks for more is not obeyed. GitHub allows 900 REST requests and 2,000 GraphQL points a
    minute; the defaults stay below. ``secondary_wait`` is what GitHub asks for where it names
    no time. ``backoff`` is the first pause after a server's error; all of them together may
    take ``patience`` seconds and one more for each answer.
    """

    max_points: int | None = None
    max_wait: float = 3900.0
    patience: float = 600.0
    rest_per_minute: int = 850
    graphql_per_minute: int = 300
    secondary_wait: float = 60.0
    backoff: float = 1.0
    attempts: int = 6
    timeout: int = 30


class Usage(Struct, kw_only=True):
    """The requests to GitHub so far."""

    graphql_requests: int = 0
    rest_requests: int = 0
    not_modified: int = 0
    points: int = 0
    bytes_read: int = 0
    retries: int = 0
    seconds_waited: float = 0.0
    remaining: int | None = None

    def __add__(self, other: Usage) -> Usage:
        """The sum, for a scan of several owners."""
        return Usage(
            graphql_requests=self.graphql_requests + other.graphql_requests,
            rest_requests=self.rest_requests + other.rest_requests,
            not_modified=self.not_modified + other.not_modified,
            points=self.points + other.points,
            bytes_read=self.bytes_read + other.bytes_read,
            retries=self.retries + other.retries,
            seconds_waited=self.seconds_waited + other.seconds_waited,
            remaining=self.remaining if other.remaining is None else other.remaining,
        )


class Points:
    """The GraphQL points that a scan has cost, with whichever credentials; safe for threads."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def add(self, cost: int) -> None:
        """Count what a query cost."""
        with self._lock:
            self.count += cost


class Pacer:
    """Spreads requests, waits where GitHub asks for it, and stops at the budget.

    ``left`` is what GitHub said last that the credential has left of the hour, by the kind of
    request; ``points`` is shared by credentials that have one budget.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        on_wait: WaitCallback | None = None,
        cancelled: Callable[[], bool] | None = None,
        points: Points | None = None,
    ) -> None:
        self.limits = limits
        self.left: dict[str, float] = {}
        self._points = points or Points()
        self.usage = Usage()
        self._on_wait = on_wait or _quiet
        self._cancelled = cancelled or _never
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = {"rest": deque(), "graphql": deque()}
        self._stopped = False
        self._not_before = 0.0
        self._why = ""
        self._held = 0.0
        self._backed_off = 0.0
        self._answers = 0

    def stop(self) -> None:
        """Let no thread wait or send any more: the process has to end."""
        self._stopped = True

    def check(self) -> None:
        """Raise where the scan was asked to stop."""
        if self._stopped or self._cancelled():
            raise ScanCancelledError(
                "The scan was stopped.", "What was read is kept; go on with --resume."
            )

    def wait(self, seconds: float, why: str) -> None:
        """Wait, visibly; BudgetSpentError where that takes longer than allowed,
        ScanCancelledError on a request to stop.
        """
        self._check_wait(seconds, why)
        end = time.monotonic() + seconds
        said = float("inf")
        while (left := end - time.monotonic()) > 0:
            self.check()
            if said - left >= 1 or said == float("inf"):
                self._on_wait(left, why)
                said = left
            time.sleep(min(_SLICE, left))
        with self._lock:
            self.usage.seconds_waited += seconds

    def _check_wait(self, seconds: float, why: str) -> None:
        longest = self.limits.max_wait
        if not seconds <= longest:  # also where it is no number
            asked = f"{seconds:.0f} seconds" if seconds < _YEAR else "more than a year"
            raise BudgetSpentError(
                f"GitHub asks to wait {asked} ({why}).",
                f"That is more than the {longest:.0f} seconds allowed; go on later with --resume.",
            )

    def back_off(self, seconds: float) -> bool:
        """Wait before the same request is sent again; False where that was done enough."""
        with self._lock:
            if self._backed_off + seconds > self.limits.patience + self._answers:
                return False
            self._backed_off += seconds
        self.wait(seconds, "GitHub has trouble")
        return True

    def hold(self, seconds: float, why: str) -> None:
        """Keep every thread from sending for this long; `before` does the waiting.

        BudgetSpentError where GitHub has asked for more than is allowed since it answered last.
        """
        self._check_wait(seconds, why)
        with self._lock:
            now = time.monotonic()
            until = now + seconds
            if until > self._not_before:
                self._held += until - max(now, self._not_before)
                self._not_before, self._why = until, why
            held = self._held
        self._check_wait(held, why)

    @property
    def held_for(self) -> float:
        """Seconds for which GitHub lets this credential send nothing."""
        with self._lock:
            return max(self._not_before - time.monotonic(), 0.0)

    def answered(self) -> None:
        """Record an answer: the limit has lifted."""
        with self._lock:
            self._held = 0.0
            self._answers += 1

    def before(self, kind: str) -> None:
        """To be called before each request of this kind (``rest`` or ``graphql``)."""
        self.check()
        while (delay := self._delay(kind)) is not None:
            self.wait(*delay)
        limit = self.limits.max_points
        if kind == "graphql" and limit is not None and self._points.count >= limit:
            raise BudgetSpentError(
                f"The budget of {limit} points is used up.",
                "Raise --max-points, or go on later with --resume.",
            )

    def _delay(self, kind: str) -> tuple[float, str] | None:
        """How long to wait before the next request and why; None takes the turn."""
        limits = self.limits
        most = limits.rest_per_minute if kind == "rest" else limits.graphql_per_minute
        with self._lock:
            now = time.monotonic()
            if self._not_before > now:
                return self._not_before - now, self._why
            sent = self._sent[kind]
            while sent and sent[0] <= now - 60:
                sent.popleft()
            if len(sent) >= most:
                return sent[0] + 60 - now, "own pacing"
            sent.append(now)
            return None

    def count(self, **amounts: int) -> None:
        """Add to the usage."""
        with self._lock:
            for name, amount in amounts.items():
                setattr(self.usage, name, getattr(self.usage, name) + amount)

    def spent(self, cost: int, remaining: int | None) -> None:
        """Record what GitHub says that a query cost, and what is left of the hour's points."""
        self._points.add(cost)
        with self._lock:
            self.usage.points += cost
            self.usage.remaining = remaining

    def note_left(self, headers: Mapping[str, Any]) -> None:
        """Record what an answer's headers say that is left of the hour."""
        kind = _RESOURCES.get(str(headers.get("x-ratelimit-resource", "")))
        left = _number(str(headers.get("x-ratelimit-remaining", "")).strip())
        if kind is not None and left is not None:
            with self._lock:
                self.left[kind] = left


def _is_primary(status: int, headers: Mapping[str, Any], message: str) -> bool:
    """Whether the hour's limit is used up."""
    if status not in (200, 403, 429):
        return False
    exhausted = str(headers.get("x-ratelimit-remaining", "")) == "0"
    return message.lower().startswith("api rate limit") or (status != 200 and exhausted)


def _is_secondary(status: int, headers: Mapping[str, Any], message: str) -> bool:
    """Whether GitHub asks to slow down."""
    if status not in (200, 403, 429):
        return False
    text = message.lower()
    return (
        status == 429
        or "secondary rate limit" in text
        or "abuse detection" in text
        or (status == 403 and "retry-after" in headers)
    )


def _said(body: object) -> tuple[str, bool]:
    """What a body says about itself: its message, and whether GraphQL calls it a limit."""
    if not isinstance(body, dict):
        return "", False
    entries = body.get("errors")
    errors = [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []
    message = " ".join(str(e.get("message", "")) for e in (body, *errors)).strip()
    return message, any(e.get("type") == "RATE_LIMITED" for e in errors)


def required_pause(
    status: int, headers: Mapping[str, Any], body: object, limits: Limits, attempt: int
) -> tuple[float, str] | None:
    """How long to wait and why, where an answer says that a limit is reached; else None.

    GraphQL says so with status 200; a 429 may come without Retry-After.
    """
    message, limited = _said(body)
    primary = limited or _is_primary(status, headers, message)
    if not primary and not _is_secondary(status, headers, message):
        return None
    after = seconds_after(str(headers.get("retry-after", "")).strip())
    if after is not None:
        return after, "GitHub asks for a pause"
    reset = _number(str(headers.get("x-ratelimit-reset", "")).strip())
    if primary and reset is not None:
        # the reset falls somewhere within that second
        return max(reset - time.time(), 0.0) + 1, "GitHub's hourly limit"
    return limits.secondary_wait * 2 ** min(attempt, 3), "GitHub asks for a pause"


def _number(text: str) -> float | None:
    """A count of seconds as HTTP writes it; None for anything else, `inf` for absurd ones."""
    if not (text.isascii() and text.isdigit()):
        return None
    return float(text) if len(text) < _MOST_DIGITS else float("inf")
