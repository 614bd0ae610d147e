"""A package index on the loopback: PEP 691, 700 and 740, with ETags and all sorts of trouble."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, cast

from msgspec import Struct, field

from tests.collect.index.objects import Json, Run, provenance_object

SIMPLE = "application/vnd.pypi.simple.v1+json"


class Reply(Struct, kw_only=True):
    """One answer. ``trickle`` sends a byte now and then; ``cut`` breaks off half-way."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    etag: bool = True
    trickle: bool = False
    cut: bool = False


class Asked(Struct, frozen=True):
    """One request that came in, and the status of its answer."""

    path: str
    status: int
    headers: dict[str, str]


class PackageIndexServer:
    """Holds pages by path, and what was asked. ``fail_first`` answers a path once (or more
    often) with a reply before the page itself.
    """

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}
        self.fail_first: dict[str, list[Reply]] = {}
        self.asked: list[Asked] = []
        self.base = ""

    @property
    def simple(self) -> str:
        return f"{self.base}/simple/"

    def put(self, path: str, data: object, **options: object) -> None:
        """Serve an object as JSON at a path."""
        kind = SIMPLE if path.startswith("/simple/") else "application/json"
        body = json.dumps(data).encode()
        values: dict[str, object] = {"body": body, "content_type": kind, **options}
        self.replies[path] = Reply(**values)  # type: ignore[arg-type]  # checked by the class

    def project(self, name: str, files: list[Json], *, api: str = "1.4", **extra: object) -> None:
        """Serve a project's page."""
        page = {"meta": {"api-version": api, "_last-serial": 7}, "name": name, "files": files}
        self.put(f"/simple/{name}/", {**page, **extra})

    def release(
        self,
        name: str,
        version: str,
        day: int,
        run: Run | None = None,
        *,
        wheel: bool = False,
        yanked: bool | str = False,
        provenance: object = "by run",
    ) -> Json:
        """A file entry of a release of that day of May; its provenance is served for ``run``."""
        filename = f"{name}-{version}" + ("-py3-none-any.whl" if wheel else ".tar.gz")
        content = filename.encode()
        entry: Json = {
            "filename": filename,
            "url": f"/files/{filename}",
            "yanked": yanked,
            "hashes": {"sha256": sha256(content).hexdigest()},
            "size": len(content),
            "upload-time": f"2026-05-{day:02d}T10:00:00.123456Z",
            "provenance": None,
        }
        path = f"/integrity/{name}/{version}/{filename}/provenance"
        if run is not None:
            entry["provenance"] = self.base + path
            data = provenance_object(run, filename=filename, content=content)
            self.put(path, data if provenance == "by run" else provenance)
        return entry

    def metadata(self, name: str, version: str, urls: dict[str, str]) -> None:
        """Serve a release's metadata."""
        info = {"name": name, "version": version, "project_urls": urls, "home_page": ""}
        self.put(f"/pypi/{name}/{version}/json", {"info": info, "urls": []})

    def paths(self, status: int | None = None) -> list[str]:
        """The paths asked for, in order, of one status or of all."""
        return [asked.path for asked in self.asked if status in {None, asked.status}]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: apart, each answer waits 40 ms for an acknowledgement.
    wbufsize = -1
    index: ClassVar[PackageIndexServer]

    def do_GET(self) -> None:
        path = self.path
        waiting = self.index.fail_first.get(path)
        reply = waiting.pop(0) if waiting else self.index.replies.get(path, Reply(status=404))
        tag = f'"{sha256(reply.body).hexdigest()[:16]}"'
        fresh = reply.etag and reply.status == 200
        if fresh and self.headers.get("If-None-Match") == tag:
            reply = Reply(status=304, headers=reply.headers)
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.index.asked.append(Asked(path, reply.status, headers))
        self.send_response(reply.status)
        if fresh:
            self.send_header("ETag", tag)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 304:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        if reply.cut:
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.close_connection = True
        elif reply.trickle:
            try:
                for byte in reply.body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                self.close_connection = True
        else:
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the tests ask what was asked."""


@contextmanager
def serving() -> Iterator[PackageIndexServer]:
    """A running index on a free port of the loopback."""
    index = PackageIndexServer()
    handler = cast("type[_Handler]", type("Handler", (_Handler,), {"index": index}))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    index.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
