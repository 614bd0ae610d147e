"""Quotes text for use in URLs."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote


@lru_cache(maxsize=512)
def quoted_segment(text: str) -> str:
    """The text as one segment of a path.

    Browsers climb at ``.`` and ``..``, percent-encoded too
    (https://url.spec.whatwg.org/#double-dot-path-segment); quoted twice, they lead nowhere
    instead of elsewhere.
    """
    if text in {".", ".."}:
        return text.replace(".", "%252E")
    return quote(text, safe="", errors="replace")


@lru_cache(maxsize=512)
def quoted_path(text: str) -> str:
    """The text as a path: slashes stay, everything else is quoted."""
    return "/".join(quoted_segment(segment) for segment in text.split("/"))
