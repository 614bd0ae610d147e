"""Sends requests to GitHub through PyGithub, with all waits, retries and refusals."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import requests
from github import Auth, Github
from github.GithubException import GithubException
from msgspec import Struct, field
from urllib3.exceptions import HTTPError

from audits import __version__
from audits.collect.bounds import TooLargeError, TooSlowError, parse_json
from audits.collect.errors import BudgetSpentError
from audits.collect.github import log_redaction, transport
from audits.collect.github.address import api_address, web_host
from audits.collect.github.auth import InstallationAuth
from audits.collect.github.endpoints import Endpoints, down_error, endpoint_of
from audits.collect.github.errors import (
    GitHubError,
    GraphError,
    Json,
    TooHeavyError,
    UnusableError,
    graph_errors,
    refusal,
    unexpected,
)
from audits.collect.github.rate_limits import Pacer, required_pause

_SERVER_ERRORS = range(500, 600)
_TOO_HEAVY = (502, 504)
_NOT_MODIFIED = 304
_UNAUTHORIZED = 401
_OPERATION = re.compile(r"\bquery (\w+)")
_MOST_POINTS = 10_000
"""Of one query; GitHub allows 5,000 to 10,000 an hour."""


class RestResponse(Struct, frozen=True, kw_only=True):
    """A REST answer; ``body`` is None where nothing changed (304) and for an empty one."""

    status: int
    headers: Mapping[str, str]
    body: Json

    @property
    def etag(self) -> str:
        """What a conditional request sends back; "" if the answer has none."""
        return str(self.headers.get("etag", ""))


class GraphAnswer(Struct, frozen=True, kw_only=True):
    """A GraphQL answer: what could be read, and the errors of what could not."""

    data: Mapping[str, Json]
    errors: tuple[GraphError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def errors_at(self, *path: str | int) -> tuple[GraphError, ...]:
        """The errors at or below a path; one without a path concerns everything."""
        return tuple(
            e for e in self.errors if not e.path or e.path[: len(path)] == path[: len(e.path)]
        )


class _Reply(Struct, frozen=True):
    status: int
    headers: Mapping[str, Any]
    text: str


class GitHubClient:
    """Sends GraphQL queries and REST reads with one credential; safe to use from threads.

    PyGithub's own pauses and retries are off: they make each query wait a second, sleep
    where nobody sees it, and give up with three unrelated classes. urllib3 and tenacity cannot
    replace them: GraphQL announces its limits in answers of status 200, a limit stops all
    threads at once, waiting is shown and can be stopped, and failures of an endpoint count over
    all requests. ``reader`` stands for the credential in keys of what is remembered
    (`GitHubCredential.digest`). ``is_refused`` once GitHub has not accepted the credential.
    """

    def __init__(
        self,
        auth: Auth.Auth | None,
        *,
        api_url: str,
        pacer: Pacer,
        host: str = "",
        reader: str = "",
    ) -> None:
        log_redaction.install()
        transport.install()
        self.api_url = api_address(api_url)
        self.host = host or web_host(self.api_url)
        self.pacer = pacer
        self.auth = auth
        self.endpoints = Endpoints(pacer.limits.attempts)
        self.is_refused = False
        self._reader = reader
        self._local = threading.local()

    def memory_key(self, what: str) -> str:
        """The key under which something is remembered for this credential alone: what one may
        see, another may not.
        """
        return f"github:{self._reader}:{self.api_url}{what}"

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a client holds a credential and is never pickled or copied")

    @property
    def _github(self) -> Github:
        """PyGithub of the running thread: its session and rate attributes are not made for sharing."""
        found: Github | None = getattr(self._local, "github", None)
        if found is None:
            found = self._local.github = Github(
                auth=self.auth,
                base_url=self.api_url,
                timeout=self.pacer.limits.timeout,
                user_agent=f"release-audit/{__version__}",
                per_page=100,
                retry=None,
                seconds_between_requests=None,
                seconds_between_writes=None,
            )
        return found

    def graphql(self, query: str, variables: Mapping[str, Json] | None = None) -> GraphAnswer:
        """Run a query; partial data is kept with its errors.

        TooHeavyError where GitHub ran out of time, GitHubError for every other failure,
        BudgetSpentError where the scan's budget is used up.
        """
        requester = self._github.requester
        document = {"query": query, "variables": dict(variables or {})}

        def send() -> _Reply:
            return _Reply(
                *requester.requestJson("POST", requester.graphql_url, None, None, document)
            )

        reply, body = self._perform("graphql", operation_of(query), send)
        if not isinstance(body, dict):
            raise unexpected()
        data = body.get("data")
        errors = graph_errors(body.get("errors"), reply.headers)
        if not isinstance(data, dict):
            self._no_data(errors)
        self._record(data.get("rateLimit"))
        return GraphAnswer(data=data, errors=errors, headers=reply.headers)

    def gave_up(self, query: str) -> None:
        """Record that not even the smallest part of a query was answered in time."""
        self.endpoints.too_heavy("graphql", operation_of(query))

    @staticmethod
    def _no_data(errors: tuple[GraphError, ...]) -> NoReturn:
        if errors:
            raise GitHubError(
                "GitHub refused a query.", errors[0].detail, reason=errors[0].reason, status=200
            )
        raise TooHeavyError("GitHub answered a query without data.", "Scan again later.")

    def _record(self, rate: Json) -> None:
        """Count a query's points; one where GitHub does not say how many."""
        rate = rate if isinstance(rate, dict) else {}
        cost, left = rate.get("cost"), rate.get("remaining")
        known = type(cost) is int and 0 <= cost <= _MOST_POINTS
        self.pacer.spent(cost if known else 1, left if type(left) is int else None)

    def get(
        self, path: str, parameters: Mapping[str, Json] | None = None, *, etag: str = ""
    ) -> RestResponse:
        """Read a REST resource by its path (from ``/``, parts already quoted).

        With ``etag`` the answer may be a 304, which is free of the hour's limit. GitHubError
        for what is refused or fails. Only paths are taken, never addresses, so that the
        token cannot be sent to another host.
        """
        if not path.startswith("/") or path.startswith("//"):
            raise ValueError("a path is needed, not an address")
        requester = self._github.requester
        headers = {"X-GitHub-Api-Version": "2022-11-28"}
        if etag:
            headers["If-None-Match"] = etag

        def send() -> _Reply:
            # PyGithub writes into the headers that it is given
            return _Reply(*requester.requestJson("GET", path, dict(parameters or {}), {**headers}))

        reply, body = self._perform("rest", endpoint_of(path), send)
        if reply.status == _NOT_MODIFIED:
            self.pacer.count(not_modified=1)
            body = None
        return RestResponse(status=reply.status, headers=reply.headers, body=body)

    def _perform(self, kind: str, endpoint: str, send: Callable[[], _Reply]) -> tuple[_Reply, Json]:
        """Send until there is an answer or a reason to give up; nothing to what is down."""
        if self.endpoints.is_down(kind, endpoint):
            raise down_error(kind)
        try:
            reply, body = self._repeated(kind, endpoint, send)
        except TooHeavyError:
            raise
        except GitHubError as error:
            self.is_refused |= error.status == _UNAUTHORIZED
            if error.status in range(400, 500):
                self._answered(kind, endpoint)
            else:
                self.endpoints.failed(kind, endpoint)
            raise
        self._answered(kind, endpoint)
        return reply, body

    def _answered(self, kind: str, endpoint: str) -> None:
        self.endpoints.answered(kind, endpoint)
        self.pacer.answered()

    def _repeated(
        self, kind: str, endpoint: str, send: Callable[[], _Reply]
    ) -> tuple[_Reply, Json]:
        limits = self.pacer.limits
        renewed = False
        failures = pauses = 0
        while True:
            self.pacer.before(kind)
            self.pacer.count(**{f"{kind}_requests": 1}, retries=int(failures + pauses > 0))
            outcome = self._attempt(kind, send)
            if isinstance(outcome, GitHubError):
                failures += 1
                self._back_off(kind, endpoint, outcome, failures)
                continue
            reply, body = outcome
            if pause := required_pause(reply.status, reply.headers, body, limits, pauses):
                pauses += 1
                self._pause(pause, pauses)
            elif reply.status == 401 and not renewed and isinstance(self.auth, InstallationAuth):
                # GitHub may end an installation's token before its time
                renewed = True
                self.auth.forget()
            elif reply.status >= 400:
                raise refusal(reply.status, reply.headers)
            else:
                return reply, body

    def _back_off(self, kind: str, endpoint: str, error: GitHubError, failures: int) -> None:
        """Wait before the next attempt; the error itself where there is to be none."""
        most = self.endpoints.attempts(kind, endpoint)
        if isinstance(error, UnusableError):
            # what is cut off may be whole the next time; what is no JSON stays so
            most = min(most, 2)
        final = isinstance(error, TooHeavyError) or error.status in range(400, 500)
        if final or failures >= most or self.endpoints.is_down(kind, endpoint):
            raise error
        if not self.pacer.back_off(self.pacer.limits.backoff * 2 ** (failures - 1)):
            raise error

    def _pause(self, pause: tuple[float, str], pauses: int) -> None:
        """Let every thread wait for GitHub's limit."""
        if pauses >= self.pacer.limits.attempts:
            raise BudgetSpentError(
                "GitHub's limit does not lift.", "Go on later with --resume; what was read is kept."
            )
        self.pacer.hold(*pause)

    def _attempt(self, kind: str, send: Callable[[], _Reply]) -> tuple[_Reply, Json] | GitHubError:
        """One request: its answer, or what went wrong with it."""
        reply = self._send(kind, send)
        if isinstance(reply, GitHubError):
            return reply
        self.pacer.note_left(reply.headers)
        self.pacer.count(bytes_read=len(reply.text))
        if kind == "graphql" and reply.status in _TOO_HEAVY:
            return TooHeavyError(
                "A query took GitHub too long.", "Scan again later.", status=reply.status
            )
        if reply.status in _SERVER_ERRORS:
            return GitHubError("GitHub has trouble.", "Scan again later.", status=reply.status)
        if reply.status in range(300, 400) and reply.status != _NOT_MODIFIED:
            return _elsewhere()
        try:
            return reply, parse_json(reply.text) if reply.text else None
        except ValueError:
            if reply.status >= 400:
                return reply, None
            return UnusableError(
                "GitHub's answer is cut off, or no JSON.", "Scan again later, or check --api-url."
            )

    @staticmethod
    def _send(kind: str, send: Callable[[], _Reply]) -> _Reply | GitHubError:
        """The reply, or which of the many classes of failure it was."""
        heavy = TooHeavyError if kind == "graphql" else GitHubError
        try:
            return send()
        except (requests.exceptions.ReadTimeout, TooSlowError):
            return heavy("GitHub gave no answer in time.", "Scan again later.")
        except TooLargeError:
            most = transport.MOST_BYTES // 2**20
            unusable = TooHeavyError if kind == "graphql" else UnusableError
            return unusable(
                f"GitHub's answer is larger than {most} MiB and was not read.", "Scan again later."
            )
        except transport.ElsewhereError:
            return _elsewhere()
        except GithubException as refused:
            return refusal(refused.status, refused.headers or {})
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError):
            return GitHubError(
                "GitHub could not be reached.", "Check the network, then scan again."
            )


def operation_of(query: str) -> str:
    """The name of a query, which stands for its endpoint."""
    found = _OPERATION.search(query)
    return found.group(1) if found else "query"


def _elsewhere() -> GitHubError:
    return GitHubError("GitHub redirects to another address.", "Check --api-url.", status=421)
