"""One HTTP exchange with GitHub, bounded in bytes, seconds and redirections.

PyGithub reads a body of any size, follows any number of redirections, says so on standard
error, and turns headers into numbers without looking. It takes other classes for its
connections, though: these.
"""

from __future__ import annotations

import threading
from collections.abc import ItemsView, Mapping
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from github.Requester import Requester

from audits.collect.bounds import TooSlowError, body_of, within

MOST_BYTES = 32 * 2**20
"""Of one answer, decompressed."""

MOST_SECONDS = 120.0
"""For one answer from its first byte to its last: a server may send a byte now and then."""

_MOST_REDIRECTIONS = 5
_REDIRECTIONS = (301, 302, 303, 307, 308)
_MOST_DIGITS = 15
_RATE = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
_DEFAULT_PORTS = {"https": 443, "http": 80}


class ElsewhereError(Exception):
    """GitHub redirects to another host, or in circles; the token is not sent there."""


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add nothing: without it requests would look for credentials in a .netrc file."""
    return request


class _Sessions(threading.local):
    """A session of each thread: PyGithub makes a new connection object for every request."""

    held: requests.Session | None = None

    def get(self) -> requests.Session:
        if self.held is None:
            self.held = requests.Session()
            self.held.auth = _anonymous
        return self.held

    def drop(self) -> None:
        self.held = None


_SESSIONS = _Sessions()


class _Response:
    """What PyGithub needs to know of an answer."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        # PyGithub sleeps and asks again, without end, where a status says "accepted"
        self.status = 503 if status == 202 else status
        self.headers = dict(headers)
        self._body = body

    def getheaders(self) -> ItemsView[str, str]:
        """The headers, without those of limits that PyGithub could not turn into numbers."""
        lower = {name.lower(): value for name, value in self.headers.items()}
        for name in _RATE:
            text = lower.get(name, "")
            if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
                lower.pop(name, None)
        return lower.items()

    def read(self) -> str:
        """The body; bytes that are no UTF-8 are replaced, so that JSON's reader decides."""
        return self._body.decode("utf-8", "replace")


class BoundedConnection:
    """A connection as PyGithub uses it, to one host over https."""

    scheme = "https"

    def __init__(
        self, host: str, port: int | None = None, *, timeout: int | None = None, **_others: object
    ) -> None:
        self.host = host
        # a literal IPv6 address needs its brackets again
        place = f"[{host}]" if ":" in host else host
        self._base = f"{self.scheme}://{place}{f':{port}' if port else ''}"
        self._timeout = timeout
        self._asked: tuple[str, str, Any, dict[str, str]] = ("GET", "/", None, {})

    def request(
        self,
        verb: str,
        url: str,
        input: object,  # PyGithub's name
        headers: dict[str, str],
        stream: bool = False,
    ) -> None:
        """Keep what is to be sent."""
        self._asked = (verb, url, input, headers)

    def getresponse(self) -> _Response:
        """Send it; TooLargeError, TooSlowError, ElsewhereError or what requests raises."""
        session = _SESSIONS.get()
        try:
            return within(MOST_SECONDS, lambda: self._answer(session))
        except TooSlowError:
            # the thread that still waits keeps this session for itself
            _SESSIONS.drop()
            raise

    def close(self) -> None:
        """Keep the session: the next request of this thread uses it."""

    def _answer(self, session: requests.Session) -> _Response:
        verb, path, body, headers = self._asked
        address = self._base + path
        for _ in range(_MOST_REDIRECTIONS + 1):
            with session.request(
                verb,
                address,
                data=body,
                headers={**headers, "Accept-Encoding": "gzip"},
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                target = answer.headers.get("location", "")
                if answer.status_code in _REDIRECTIONS and target:
                    address = self._followed(verb, address, target)
                    continue
                content = body_of(answer, MOST_BYTES)
                return _Response(answer.status_code, answer.headers, content)
        raise ElsewhereError

    @staticmethod
    def _followed(verb: str, address: str, target: str) -> str:
        """Where a redirection leads, if that is the same host; the query is kept."""
        try:
            there, here = urlsplit(urljoin(address, target)), urlsplit(address)
            same = _place(there) == _place(here) and there.username is None
        except ValueError:
            raise ElsewhereError from None
        if verb != "GET" or not same or there.geturl() == address:
            raise ElsewhereError
        return there._replace(query=there.query or here.query, fragment="").geturl()


class BoundedPlainConnection(BoundedConnection):
    """The same without encryption, which the client allows on loopback alone."""

    scheme = "http"


def install() -> None:
    """Make PyGithub use these connections; doing so twice changes nothing."""
    Requester.injectConnectionClasses(BoundedPlainConnection, BoundedConnection)  # type: ignore[arg-type]


def _place(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)
