"""Addresses of a GitHub server: its API and its web host."""

from __future__ import annotations

from urllib.parse import urlsplit

from audits.collect.errors import CollectError

DEFAULT_API = "https://api.github.com"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def api_address(url: str) -> str:
    """The REST base address for what a person gives as ``--api-url``.

    ``https://ghe.example`` becomes ``https://ghe.example/api/v3`` (Enterprise Server) and
    ``https://x.ghe.com`` becomes ``https://api.x.ghe.com`` (data residency). CollectError for
    anything but https, which would show the token to the network; loopback is exempt.
    """
    parts = urlsplit(url.rstrip("/"))
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise CollectError(
            f"{url!r} is no address of an API.", "It begins with https:// and names a host."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise CollectError(
            "The API's address holds more than a host and a path.",
            "Give credentials by RELEASE_AUDIT_TOKEN instead.",
        )
    if host in ("github.com", "www.github.com", "api.github.com"):
        return DEFAULT_API
    if host.endswith(".ghe.com"):
        return f"https://api.{host.removeprefix('api.')}"
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/api/v3'}"


def web_host(api: str) -> str:
    """The host of web pages that belongs to an API's address."""
    parts = urlsplit(api)
    if parts.hostname == "api.github.com":
        return "github.com"
    host = parts.netloc
    return host.removeprefix("api.") if host.endswith(".ghe.com") else host
