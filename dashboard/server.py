"""The dashboard behind response headers; `release-audit dashboard` starts this file.

`streamlit run dashboard/app.py` shows the same pages without the headers.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from starlette.middleware import Middleware

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


HEAVY = ("dashboard.data", "dashboard.charts.bars", "dashboard.parts.tables")
"""What takes SQLAlchemy, Altair and pandas along, which no view can do without."""


@asynccontextmanager
async def _prepared(_: st.App) -> AsyncIterator[None]:
    """Import the heavy modules while the server starts: the first viewer waited 2 s for them."""
    for name in HEAVY:
        import_module(name)
    yield


app = st.App(
    Path(__file__).with_name("app.py"), middleware=[Middleware(SecurityHeaders)],
    lifespan=_prepared,
)  # fmt: skip
