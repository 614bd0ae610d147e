"""A container registry on the loopback, with tokens for anybody and all sorts of trouble."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct, field

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).encode()
DIGEST = f"sha256:{sha256(MANIFEST).hexdigest()}"


class Registry(Struct, kw_only=True):
    """What is served: manifests by ``name:tag``. ``private`` names take no token of anybody's.
    ``statuses`` answer a ``name:tag`` with an error, ``bodies`` the GET with something else.
    """

    tags: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    statuses: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    needs_token: bool = True
    says_digest: bool = True
    has_head: bool = True
    realm: str = ""
    token: bytes = b'{"token": "anybody"}'
    asked: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    base: str = ""


class _Handler(BaseHTTPRequestHandler):
    registry: ClassVar[Registry]

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        known, place = self.registry, urlsplit(self.path)
        known.asked.append(f"{self.command} {self.path}")
        if place.path == "/token":
            assert "Authorization" not in self.headers
            assert parse_qs(place.query)["scope"][0].endswith(":pull")
            self._reply(200, known.token)
            return
        known.accepted.append(self.headers.get("Accept", ""))
        name, _, tag = place.path.removeprefix("/v2/").partition("/manifests/")
        given = self.headers.get("Authorization") == "Bearer anybody"
        key = f"{name}:{tag}"
        if (known.needs_token and not given) or name in known.private:
            realm = known.realm or f"{known.base}/token"
            challenge = f'Bearer realm="{realm}",service="registry.example"'
            self._reply(401, headers={"WWW-Authenticate": challenge})
        elif key in known.statuses:
            self._reply(known.statuses[key], headers={"Location": "http://elsewhere.example/"})
        elif self.command == "HEAD" and not known.has_head:
            self._reply(405)
        elif key in known.tags:
            headers = {"Docker-Content-Digest": DIGEST} if known.says_digest else {}
            self._reply(200, known.bodies.get(key, MANIFEST), headers)
        else:
            self._reply(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')

    def _reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(registry: Registry) -> Iterator[Registry]:
    """Serve a registry at its ``base`` while the block runs."""
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    registry.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
