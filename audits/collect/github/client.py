"""Sends requests to GitHub through PyGithub, with all waits, retries and refusals."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import requests
from github import Auth, Github
from github.GithubException import GithubException
from msgspec import Struct, field

from audits import __version__
from audits.collect.github import log_redaction
from audits.collect.github.address import api_address, web_host
from audits.collect.github.auth import InstallationAuth
from audits.collect.github.errors import (
    GitHubError,
    GraphError,
    Json,
    TooHeavyError,
    graph_errors,
    refusal,
)
from audits.collect.github.rate_limits import Pacer, required_pause
from audits.model.source import GapReason
from audits.model.storable import read_json

_SERVER_ERRORS = range(500, 600)
_TOO_HEAVY = (502, 504)


class Answer(Struct, frozen=True, kw_only=True):
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
    where nobody sees it, and give up with three unrelated classes.
    """

    def __init__(
        self, auth: Auth.Auth | None, *, api_url: str, pacer: Pacer, host: str = ""
    ) -> None:
        log_redaction.install()
        self.api_url = api_address(api_url)
        self.host = host or web_host(self.api_url)
        self.pacer = pacer
        self.auth = auth
        self._local = threading.local()

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

        reply, body = self._perform("graphql", send)
        data = body.get("data") if isinstance(body, dict) else None
        errors = graph_errors(body.get("errors") if isinstance(body, dict) else None, reply.headers)
        if not isinstance(data, dict):
            self._no_data(errors)
        self._record(data.get("rateLimit"))
        return GraphAnswer(data=data, errors=errors, headers=reply.headers)

    @staticmethod
    def _no_data(errors: tuple[GraphError, ...]) -> NoReturn:
        if errors:
            raise GitHubError(
                "GitHub refused a query.", errors[0].detail, reason=errors[0].reason, status=200
            )
        raise TooHeavyError("GitHub answered a query without data.", "Scan again later.")

    def _record(self, rate: Json) -> None:
        if isinstance(rate, dict):
            left = rate.get("remaining")
            self.pacer.spent(int(rate.get("cost") or 0), left if isinstance(left, int) else None)

    def get(
        self, path: str, parameters: Mapping[str, Json] | None = None, *, etag: str = ""
    ) -> Answer:
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

        reply, body = self._perform("rest", send)
        if reply.status == 304:
            self.pacer.count(not_modified=1)
            body = None
        return Answer(status=reply.status, headers=reply.headers, body=body)

    def _perform(self, kind: str, send: Callable[[], _Reply]) -> tuple[_Reply, Json]:
        """Send until there is an answer or a reason to give up."""
        limits = self.pacer.limits
        renewed = False
        for attempt in range(limits.attempts):
            last = attempt == limits.attempts - 1
            self.pacer.before(kind)
            self.pacer.count(**{f"{kind}_requests": 1}, retries=int(attempt > 0))
            outcome = self._attempt(kind, send)
            if isinstance(outcome, GitHubError):
                if last or isinstance(outcome, TooHeavyError) or outcome.status in range(400, 500):
                    raise outcome
                self.pacer.wait(limits.backoff * 2**attempt, "GitHub has trouble")
                continue
            reply, body = outcome
            if pause := required_pause(reply.status, reply.headers, body, limits, attempt):
                if last:
                    raise GitHubError(
                        "GitHub's limit did not lift.",
                        "Scan again later.",
                        reason=GapReason.RATE_LIMITED,
                        status=reply.status,
                    )
                self.pacer.hold(*pause)
                continue
            if reply.status == 401 and not renewed and isinstance(self.auth, InstallationAuth):
                # GitHub may end an installation's token before its time
                renewed = True
                self.auth.forget()
            elif reply.status >= 400:
                raise refusal(reply.status, reply.headers)
            else:
                return reply, body
        raise GitHubError("GitHub does not accept this credential.", "Make a new one.", status=401)

    def _attempt(self, kind: str, send: Callable[[], _Reply]) -> tuple[_Reply, Json] | GitHubError:
        """One request: its answer, or what went wrong with it."""
        reply = self._send(kind, send)
        if isinstance(reply, GitHubError):
            return reply
        self.pacer.count(bytes_read=len(reply.text))
        if kind == "graphql" and reply.status in _TOO_HEAVY:
            return TooHeavyError(
                "A query took GitHub too long.", "Scan again later.", status=reply.status
            )
        if reply.status in _SERVER_ERRORS:
            return GitHubError("GitHub has trouble.", "Scan again later.", status=reply.status)
        try:
            return reply, read_json(reply.text) if reply.text else None
        except ValueError:
            if reply.status >= 400:
                return reply, None
            return GitHubError("GitHub's answer was cut off.", "Scan again later.")

    @staticmethod
    def _send(kind: str, send: Callable[[], _Reply]) -> _Reply | GitHubError:
        """The reply, or which of the many classes of failure it was."""
        try:
            return send()
        except requests.exceptions.ReadTimeout:
            error = TooHeavyError if kind == "graphql" else GitHubError
            return error("GitHub gave no answer in time.", "Scan again later.")
        except GithubException as refused:
            return refusal(refused.status, refused.headers or {})
        except (RuntimeError, AssertionError):
            # PyGithub raises these for a redirection to another host or scheme
            return GitHubError(
                "GitHub redirects to another address.", "Check --api-url.", status=421
            )
        except (requests.exceptions.RequestException, OSError, ValueError):
            return GitHubError(
                "GitHub could not be reached.", "Check the network, then scan again."
            )
