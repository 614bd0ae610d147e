"""A GitHub on 127.0.0.1: real requests, real paging and limits, trouble on command."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.collect.github.apps import Apps
from tests.collect.github.faults import Faults
from tests.collect.github.graph import run_query
from tests.collect.github.partial import leave_out
from tests.collect.github.rest import RefusedError, answer
from tests.collect.github.traffic import Bucket, Reply, Seen, json_reply, query_name
from tests.collect.github.world import Token, World
from tests.collect.github.writes import write

PREFIX = "/api/v3"
GRAPHQL = "/api/graphql"


class LoopbackGitHub:
    """The server; use it as a context manager and talk to ``url``.

    ``tokens`` are known by their text, ``apps`` exchange installation tokens. ``log`` holds
    what was asked, ``points`` what it cost.
    """

    def __init__(self, world: World, *tokens: Token) -> None:
        self.world = world
        self.tokens = {token.text: token for token in tokens}
        self.faults = Faults()
        self.buckets = {"core": Bucket(), "graphql": Bucket()}
        self.apps = Apps()
        self.log: list[Seen] = []
        self.points = 0
        self.lock = threading.RLock()
        handler = type("Handler", (_Handler,), {"github": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{PREFIX}"

    def __enter__(self) -> LoopbackGitHub:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def count(self, kind: str = "") -> int:
        """How many requests of a kind (``graphql``, ``rest``) arrived."""
        return sum(1 for seen in self.log if seen.kind == kind or not kind)

    def by_kind(self) -> Counter[str]:
        """Requests by their last word: the query's name, or the end of the path."""
        return Counter(
            seen.query if seen.kind == "graphql" else seen.path.rpartition("/")[2]
            for seen in self.log
        )

    def forget(self) -> None:
        """Reset the counters."""
        self.log.clear()
        self.points = 0

    def token_of(self, header: str) -> Token | None:
        text = header.partition(" ")[2]
        token = self.tokens.get(text) or self.apps.token(text)
        return None if token is None or token.revoked else token


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is not the tests' business."""


class _Handler(BaseHTTPRequestHandler):
    github: LoopbackGitHub
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests are in ``log``."""

    def do_GET(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        self._handle(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def do_PATCH(self) -> None:
        self.do_POST()

    def do_DELETE(self) -> None:
        self._handle(b"")

    def _handle(self, content: bytes) -> None:
        github = self.github
        path = urlsplit(self.path).path
        kind = "graphql" if path == GRAPHQL else "rest"
        if github.faults.latency:
            time.sleep(github.faults.latency)
        with github.lock:
            if github.faults.before:
                github.faults.before(kind, content.decode() or self.path)
            fault = github.faults.next(kind)
            reply = self._troubled(fault) or self._reply(kind, path, content, fault)
            if github.faults.change:
                reply = github.faults.change(kind, content.decode() or self.path, reply)
            name = query_name(content) if kind == "graphql" else ""
            github.log.append(
                Seen(
                    kind,
                    path.removeprefix(PREFIX),
                    reply.status,
                    name,
                    len(reply.body),
                    self.command,
                    self._authorization[-1:],
                )
            )
        self._send(reply, fault)

    def _send(self, reply: Reply, fault: str) -> None:
        if fault == "reset":
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if fault == "truncated":
            self.close_connection = True
            self.wfile.write(reply.body[: len(reply.body) // 2])
            return
        self.wfile.write(reply.body)
        self.wfile.flush()

    def _troubled(self, fault: str) -> Reply | None:
        after = {"Retry-After": self.github.faults.retry_after}
        message = {
            "message": "You have exceeded a secondary rate limit. Please wait a few minutes."
        }
        if fault.isdigit() and fault != "429":
            return Reply(int(fault), b"<html>Unicorn!</html>")
        if fault == "429":
            return json_reply(429, {"message": "Too many requests"})
        if fault == "secondary":
            return json_reply(403, message, after)
        return json_reply(200, message, after) if fault == "secondary-200" else None

    def _reply(self, kind: str, path: str, content: bytes, fault: str) -> Reply:
        github = self.github
        if path.startswith(f"{PREFIX}/app/") or path.endswith("/installation"):
            status, body = github.apps.answer(path.removeprefix(PREFIX), self._authorization)
            return json_reply(status, body)
        token = github.token_of(self._authorization)
        if token is None:
            return json_reply(401, {"message": "Bad credentials"})
        buckets = github.buckets | token.buckets
        bucket = buckets["graphql" if kind == "graphql" else "core"]
        bucket.roll()
        headers = self._headers(token, bucket, kind)
        if path == f"{PREFIX}/rate_limit":
            rows = {name: {"remaining": b.remaining} for name, b in buckets.items()}
            return json_reply(200, {"resources": rows}, headers)
        if bucket.remaining <= 0:
            return self._exhausted(kind, headers)
        if kind == "graphql":
            reply = self._graphql(token, content, bucket, headers)
            if fault == "partial" and reply.status == 200:
                return json_reply(200, leave_out(json.loads(reply.body)), reply.headers)
            return reply
        if self.command in {"POST", "PATCH", "DELETE"}:
            return self._written(token, path, content, bucket, headers)
        return self._rest(token, path, bucket, headers)

    @property
    def _authorization(self) -> str:
        return self.headers.get("Authorization", "")

    @staticmethod
    def _headers(token: Token, bucket: Bucket, kind: str) -> dict[str, str]:
        headers = {
            "X-RateLimit-Limit": str(bucket.limit),
            "X-RateLimit-Remaining": str(bucket.remaining),
            "X-RateLimit-Reset": str(bucket.reset),
            "X-RateLimit-Resource": "graphql" if kind == "graphql" else "core",
        }
        if token.scopes is not None:
            headers["X-OAuth-Scopes"] = token.scopes
        if token.expires:
            headers["GitHub-Authentication-Token-Expiration"] = token.expires
        return headers

    @staticmethod
    def _exhausted(kind: str, headers: dict[str, str]) -> Reply:
        message = "API rate limit exceeded for user ID 1."
        if kind == "graphql":
            return json_reply(
                200, {"errors": [{"type": "RATE_LIMITED", "message": message}]}, headers
            )
        return json_reply(403, {"message": message}, headers)

    def _graphql(
        self, token: Token, content: bytes, bucket: Bucket, headers: dict[str, str]
    ) -> Reply:
        body = json.loads(content)
        query, variables = body["query"], body.get("variables") or {}
        heavy = self.github.faults.too_heavy
        if heavy is not None and heavy(query, variables):
            return Reply(502, b"<html>Unicorn!</html>", headers)
        reset = datetime.fromtimestamp(bucket.reset, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        rate: dict[str, Any] = {
            "limit": bucket.limit,
            "remaining": bucket.remaining,
            "resetAt": reset,
            "used": 0,
        }
        result, points, _ = run_query(self.github.world, token, query, variables, rate)
        bucket.used += points
        self.github.points += points
        if any("extensions" in error for error in result.get("errors", ())):
            headers["X-GitHub-SSO"] = "required; url=https://github.example/orgs/x/sso?token=1"
        headers["X-RateLimit-Remaining"] = str(bucket.remaining)
        return json_reply(200, result, headers)

    def _rest(self, token: Token, path: str, bucket: Bucket, headers: dict[str, str]) -> Reply:
        query = dict(parse_qsl(urlsplit(self.path).query))
        try:
            body, own = answer(self.github.world, token, path.removeprefix(PREFIX), query)
        except RefusedError as refused:
            bucket.used += 1
            return self._refusal(refused, headers)
        text = json.dumps(body).encode()
        etag = f'W/"{sha256(text + token.text.encode()).hexdigest()}"'
        headers |= own | {"ETag": etag}
        if self.headers.get("If-None-Match") == etag:
            return Reply(304, b"", headers)
        bucket.used += 1
        return Reply(200, text, headers)

    def _written(
        self, token: Token, path: str, content: bytes, bucket: Bucket, headers: dict[str, str]
    ) -> Reply:
        bucket.used += 1
        body = json.loads(content) if content else {}
        try:
            status, made = write(
                self.github.world, token, self.command, path.removeprefix(PREFIX), body
            )
        except RefusedError as refused:
            return self._refusal(refused, headers)
        return Reply(204, b"", headers) if made is None else json_reply(status, made, headers)

    def _refusal(self, refused: RefusedError, headers: dict[str, str]) -> Reply:
        if refused.status == 301:
            headers["Location"] = f"http://{self.headers['Host']}{PREFIX}{refused.message}"
            return json_reply(301, {"message": "Moved Permanently"}, headers)
        if refused.right == "saml":
            headers["X-GitHub-SSO"] = "required; url=https://github.example/orgs/x/sso?token=1"
        elif refused.right:
            headers["X-Accepted-GitHub-Permissions"] = refused.right
        return json_reply(refused.status, {"message": refused.message}, headers)
