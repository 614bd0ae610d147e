"""The dashboard's web server: accepted requests and security headers.

`python -m dashboard` runs it. `streamlit run dashboard/app.py` shows the same pages with their
login, but without what is here.
"""

from __future__ import annotations

import os
import re
import sys
import webbrowser
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse

from audits.login import LoginError
from dashboard.access import BROKEN, REFUSED_BIND, Visit, knows_host
from dashboard.login import ADMITTED, configured, report

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_scripts(page: str) -> tuple[str, ...]:
    """The hashes by which a policy allows exactly the inline scripts of this page.

    Source: https://www.w3.org/TR/CSP3/#grammardef-hash-source
    """
    digests = (sha256(text.encode()).digest() for text in _INLINE.findall(page))
    return tuple(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)


def policy() -> str:
    """The content security policy: nothing is loaded from, or sent to, another host.

    Streamlit's components style themselves while they run ('unsafe-inline' styles), its page
    has an inline script, and its tables and code views use WebAssembly and workers.
    """
    page = Path(st.__file__).with_name("static") / "index.html"
    scripts = " ".join(inline_scripts(page.read_text("utf-8")))
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'wasm-unsafe-eval' {scripts}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


HEADERS = {
    b"content-security-policy": policy().encode(),
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
    b"cross-origin-opener-policy": b"same-origin",
}


class SecurityHeaders:
    """Adds `HEADERS` to every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; name the headers when the response starts."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message.get("headers", ()) if pair[0] not in HEADERS]
                message["headers"] = [*kept, *HEADERS.items()]
            await send(message)

        await self.app(scope, receive, with_headers)


CORE = "/_stcore/"
ANSWERED = frozenset({"health", "host-config", "stream"})
"""What Streamlit's pages need of its inner routes. Its metrics, its interface for agents and
whatever a newer one brings are not answered to anybody."""
UPLOADS = "upload_file"

CLOSED_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>release-audit: not open here</title></head>
<body><main><h1>Not open here</h1><p>{sentence}</p></main></body></html>
"""


class Guard:
    """Turns requests away before Streamlit sees them: of other machines where there is no login, of
    pages of other names, and for inner routes that no page needs.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a refusal, or pass the request on."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        sentence = closed(visit_of(scope))
        if sentence:
            page = CLOSED_PAGE.format(sentence=sentence)
            await HTMLResponse(page, status_code=403)(scope, receive, send)
        elif not is_answered(scope["path"]):
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def closed(visit: Visit) -> str:
    """Why a visit is not answered at all, "" where it is."""
    if visit.is_local:
        return ""  # the gate of the pages decides
    try:
        login = configured()
    except LoginError as error:
        report(str(error))
        return BROKEN
    if login is None:
        return REFUSED_BIND
    if not knows_host(visit, st.get_option("server.allowedHosts")):
        return "The dashboard is not served under this name (`--allow-host`)."
    return ""


def visit_of(scope: Scope) -> Visit:
    """Where a request comes from."""
    peer = scope.get("client")
    return Visit(
        address=str(st.get_option("server.address") or ""),
        peer=peer[0] if peer else "",
        headers=tuple(Headers(scope=scope).items()),
    )


def is_answered(path: str) -> bool:
    """Whether a path is one that pages need; files are taken from admitted viewers only."""
    _, inner, rest = path.partition(CORE)
    if not inner or rest in ANSWERED:
        return True
    name, _, session = rest.partition("/")
    return name == UPLOADS and session.partition("/")[0] in ADMITTED


HEAVY = ("dashboard.data", "dashboard.charts.bars", "dashboard.parts.tables")
"""What takes SQLAlchemy, Altair and pandas along, which no view can do without."""


@asynccontextmanager
async def _prepared(_: st.App) -> AsyncIterator[None]:
    """Import the heavy modules while the server starts: the first viewer waited 2 s for them.

    Then the port is bound and requests are answered, and then its address is printed.
    """
    for name in HEAVY:
        import_module(name)
    address = str(st.get_option("server.address"))
    host = f"[{address}]" if ":" in address else address
    url = f"http://{host}:{st.get_option('server.port')}"
    try:
        sys.stdout.write(f"The dashboard listens on {url}; Ctrl-C stops it.\n")
        sys.stdout.flush()
    except OSError:  # a full disk or a reader that is gone is no reason to serve nobody
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - kept to the end
    if not st.get_option("server.headless"):
        webbrowser.open(url)
    yield


app = st.App(
    Path(__file__).with_name("app.py"),
    middleware=[Middleware(SecurityHeaders), Middleware(Guard)],
    lifespan=_prepared,
)
