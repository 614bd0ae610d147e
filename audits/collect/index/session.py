"""A bounded, cached HTTP session for package indexes, one request at a time."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from cachecontrol import CacheControlAdapter
from msgspec import Struct
from urllib3.util.retry import Retry

from audits.collect.bounds import TooSlowError, parse_json, seconds_after, within
from audits.collect.index.transport import (
    NoAnswerError,
    OneHostSession,
    RequestLimits,
    cache_in,
    drop_copy,
    user_agent,
)
from audits.model.source import GapReason

FOREVER = timedelta(days=3650)
"""For what never changes once it is served, such as the provenance of a file."""

_STRIKES = 3
_MOST_VALUES = 1_000_000
"""Of one answer; the page of a project with ten thousand files holds a fifth of it."""
_CODINGS = ("", "identity", "gzip", "x-gzip")
_PIECE = 16384


class IndexLimits(RequestLimits, frozen=True, kw_only=True):
    """Bounds of what is asked: bytes of a decoded body, seconds of waiting.

    ``longest_wait`` caps the pause a host may ask for (``Retry-After``); beyond it the host is
    left alone for the rest of the run. ``total_seconds`` bounds all requests together.
    ``fresh_seconds`` is the age up to which an answer is used without asking again, and
    ``kept_days`` the age at which a cached answer that was not used is deleted.
    """

    page_bytes: int = 32 * 2**20
    object_bytes: int = 4 * 2**20
    longest_wait: float = 30
    total_seconds: float = 900
    fresh_seconds: int = 600
    kept_days: int = 90
    backoff_seconds: float = 0.5


class IndexResponse(Struct, frozen=True, kw_only=True):
    """A body with the address that was asked; ``status`` is 200, 404 or 410."""

    asked: str
    status: int
    body: bytes
    content_type: str
    from_cache: bool


class IndexSession:
    """One run's conversation with package indexes.

    ``directory`` holds cached answers; None keeps them in memory. ``credentials`` are user and
    password by host, sent to that host alone; they never reach the cache's keys or a message.

    urllib3 repeats failed connections and server errors. A 429 is repeated here: urllib3 would
    wait within the time that one answer may take, and it shortens a pause that is too long,
    after which the host would be asked against its will.
    """

    def __init__(
        self,
        directory: Path | None = None,
        limits: IndexLimits | None = None,
        credentials: dict[str, tuple[str, str]] | None = None,
        contact: str = "",
    ) -> None:
        self.limits = limits or IndexLimits()
        self._credentials = credentials or {}
        self._cache = cache_in(directory, self.limits.kept_days)
        retry = Retry(
            total=2,
            connect=2,
            read=0,
            status=2,
            redirect=5,
            backoff_factor=self.limits.backoff_seconds,
            status_forcelist=[500, 502, 503, 504],
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        adapter = CacheControlAdapter(cache=self._cache, max_retries=retry)
        self._session = OneHostSession()
        self._session.max_redirects = 5
        self._session.headers["User-Agent"] = user_agent(contact)
        self._session.headers["Accept-Encoding"] = "gzip"
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)
        self._turn = threading.Lock()
        self._strikes: dict[str, int] = {}
        self._closed: dict[str, NoAnswerError] = {}
        self._spent = 0.0

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def forget(self, url: str) -> None:
        """Drop a cached answer that turned out to be unusable."""
        self._cache.delete(url)

    def json(self, url: str, *, accept: str, limit: int, fresh: timedelta | None = None) -> Any:  # noqa: ANN401  # JSON is anything; its readers check it
        """The decoded body, or None where the host answers 404; NoAnswerError otherwise.

        ``fresh`` is the age up to which a cached answer is used without asking.
        """
        return self.decoded(self.get(url, accept=accept, limit=limit, fresh=fresh))

    def decoded(self, answer: IndexResponse) -> Any:  # noqa: ANN401  # as above
        """The body of an answer, None for 404; NoAnswerError where it is no JSON."""
        if answer.status != 200:
            return None
        try:
            return parse_json(answer.body.decode("utf-8"), most=_MOST_VALUES)
        except ValueError:
            self.forget(answer.asked)
            host = urlsplit(answer.asked).netloc
            raise NoAnswerError(
                GapReason.INVALID,
                f"{host} answered with what is no JSON: check that its address is right.",
            ) from None

    def get(
        self, url: str, *, accept: str, limit: int, fresh: timedelta | None = None
    ) -> IndexResponse:
        """The answer for an address, from the cache or the host; NoAnswerError if none."""
        host = urlsplit(url).netloc
        seconds = self.limits.fresh_seconds if fresh is None else int(fresh.total_seconds())
        headers = {"Accept": accept, "Cache-Control": f"max-age={seconds}"}
        with self._turn:
            if host in self._closed:
                raise self._closed[host]
            started = time.monotonic()
            try:
                answer = self._in_time(url, headers, limit)
                wait = self._pause_asked(answer)
                if wait is not None:
                    time.sleep(wait)
                    answer = self._in_time(url, headers, limit)
            except NoAnswerError as trouble:
                self._strike(host, trouble)
                raise
            finally:
                self._spend(host, time.monotonic() - started)
            return self._judged(host, answer[0])

    def _spend(self, host: str, seconds: float) -> None:
        self._spent += seconds
        if self._spent > self.limits.total_seconds:
            self._closed[host] = NoAnswerError(
                GapReason.UNAVAILABLE,
                f"{host} was given {self.limits.total_seconds:.0f} seconds in this run, "
                "and they are used up: run again, answers so far are cached.",
            )

    def _strike(self, host: str, trouble: NoAnswerError) -> None:
        """Count a failure; a host that fails time after time is left alone in this run."""
        if trouble.reason is GapReason.UNAVAILABLE:
            self._strikes[host] = self._strikes.get(host, 0) + 1
        if self._strikes.get(host, 0) >= _STRIKES:
            self._closed[host] = NoAnswerError(
                GapReason.UNAVAILABLE,
                f"{host} failed {_STRIKES} times in a row and gets no more requests: run again later.",
            )

    def _pause_asked(self, asked: tuple[IndexResponse, str]) -> float | None:
        """Seconds to wait before asking once more; None where there is no need or no use."""
        answer, retry_after = asked
        if answer.status != 429:
            return None
        wait = seconds_after(retry_after) if retry_after else 1.0
        return wait if wait is not None and wait <= self.limits.longest_wait else None

    def _judged(self, host: str, answer: IndexResponse) -> IndexResponse:
        trouble: NoAnswerError
        match answer.status:
            case 200 | 404 | 410:
                self._strikes.pop(host, None)
                return answer
            case 429:
                trouble = self._closed[host] = NoAnswerError(
                    GapReason.RATE_LIMITED, f"{host} asks for fewer requests: run again later."
                )
            case 401 | 403:
                trouble = NoAnswerError(
                    GapReason.FORBIDDEN,
                    f"{host} refuses the request ({answer.status}): give the index's address "
                    "with credentials that may read it.",
                )
            case 406:
                trouble = NoAnswerError(
                    GapReason.UNSUPPORTED,
                    f"{host} does not serve this as JSON: give the address of an index that does.",
                )
            case status if 300 <= status < 400:
                trouble = NoAnswerError(
                    GapReason.UNSUPPORTED,
                    f"{host} sends the request on to another host, which is not followed: "
                    "give that host's address.",
                )
            case status:
                trouble = NoAnswerError(
                    GapReason.UNAVAILABLE, f"{host} answered with error {status}: run again later."
                )
        self._strike(host, trouble)
        raise trouble

    def _in_time(self, url: str, headers: dict[str, str], limit: int) -> tuple[IndexResponse, str]:
        """Ask in a thread that is left behind when it takes too long.

        Timeouts of sockets restart with every byte, so that a body which trickles would
        hold up the run; a daemon thread can be abandoned.
        """
        try:
            return within(self.limits.answer_seconds, lambda: self._ask(url, headers, limit))
        except TooSlowError:
            host = urlsplit(url).netloc
            raise NoAnswerError(
                GapReason.UNAVAILABLE,
                f"{host} took over {self.limits.answer_seconds:.0f} seconds to answer: run later.",
            ) from None

    def _ask(self, url: str, headers: dict[str, str], limit: int) -> tuple[IndexResponse, str]:
        host = urlsplit(url).netloc
        timeout = (self.limits.connect_seconds, self.limits.read_seconds)
        try:
            with self._session.get(
                url, headers=headers, timeout=timeout, stream=True, auth=self._credentials.get(host)
            ) as response:
                _check_coding(response)
                body = bytearray()
                for chunk in response.iter_content(_PIECE):
                    body += chunk
                    if len(body) > limit:
                        drop_copy(response)
                        raise NoAnswerError(
                            GapReason.TOO_LARGE,
                            f"{host} answered with over {limit} bytes, which are not read.",
                        )
                answer = IndexResponse(
                    asked=url,
                    status=response.status_code,
                    body=bytes(body),
                    content_type=response.headers.get("Content-Type", ""),
                    from_cache=bool(getattr(response, "from_cache", False)),
                )
                return answer, response.headers.get("Retry-After", "")
        except (requests.RequestException, OSError, ValueError) as error:
            raise NoAnswerError(
                GapReason.UNAVAILABLE,
                f"{host} gave no whole answer ({type(error).__name__}): check the network and "
                "the index's address, or use --offline.",
            ) from None


def _check_coding(response: requests.Response) -> None:
    """ValueError for an encoding that was not asked for, or one in another: each multiplies
    what is read.
    """
    if response.headers.get("Content-Encoding", "").strip().lower() not in _CODINGS:
        drop_copy(response)
        raise ValueError("an encoding that was not asked for")
