"""The HTTP transport for package indexes and container registries: limits, redirects, cache."""

from __future__ import annotations

import logging
import time
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from cachecontrol.cache import BaseCache, DictCache
from cachecontrol.caches.file_cache import FileCache
from msgspec import Struct

from audits import __version__
from audits.model.source import GapReason

_LOG = logging.getLogger(__name__)


class RequestLimits(Struct, frozen=True, kw_only=True):
    """Seconds of waiting: for a connection, for the next bytes, and for a whole answer."""

    connect_seconds: float = 10
    read_seconds: float = 20
    answer_seconds: float = 60


class NoAnswerError(Exception):
    """A request that got no usable answer: ``reason`` and one sentence for people."""

    def __init__(self, reason: GapReason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason, self.sentence = reason, sentence


def plain_address(url: str) -> str:
    """An address without credentials and without a slash at its end."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}{parts.path.rstrip('/')}"


def user_agent(contact: str = "", *, distribution: str = "release-audit") -> str:
    """Who asks: the project, its version, and where it can be found (or ``contact``)."""
    if not contact:
        try:
            urls = metadata(distribution).get_all("Project-URL") or []
        except PackageNotFoundError:
            urls = []
        contact = next((url.partition(",")[2].strip() for url in urls), "")
    return f"release-audit/{__version__}" + (f" ({contact})" if contact else "")


class OneHostSession(requests.Session):
    """A session that follows redirects on the host that was asked, and no others."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """A redirect's address, where it stays on the host that was asked.

        An index must not be able to send us to other machines of the network we run in.
        """
        target = super().get_redirect_target(resp)
        try:
            there = urlsplit(urljoin(resp.url, target or ""))
        except ValueError:
            return None
        here = urlsplit(resp.url)
        return target if (there.scheme, there.netloc) == (here.scheme, here.netloc) else None


def drop_copy(response: requests.Response) -> None:
    """Close the copy that the cache keeps of a body which is not read to its end.

    The library closes it only at the end of the body, and so would leave the file to the
    garbage collector; it has no public way to drop it.
    """
    wrapper = getattr(response.raw, "_fp", None)
    copy = getattr(wrapper, "_CallbackFileWrapper__buf", None)
    if copy is not None:
        copy.close()


class _DiskCache(FileCache):
    """A cache that a full or read-only disk turns into none, instead of into an error."""

    def get(self, key: str) -> bytes | None:
        try:
            return super().get(key)
        except OSError as error:
            _LOG.warning("the cache of index answers cannot be read: %s", error.strerror)
            return None

    def set(self, key: str, value: bytes, expires: object = None) -> None:
        try:
            super().set(key, value)
        except OSError as error:
            _LOG.warning("the cache of index answers cannot be written: %s", error.strerror)


def cache_in(directory: Path | None, kept_days: int) -> BaseCache:
    """A cache in that directory, or in memory; entries unused for ``kept_days`` are deleted."""
    if directory is None:
        return DictCache()
    oldest = time.time() - kept_days * 86400
    try:
        for path in directory.rglob("*"):
            if path.is_file() and path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)
    except OSError as error:
        _LOG.warning("the cache of index answers cannot be tidied: %s", error.strerror)
    return _DiskCache(directory)
