"""Decides who may see the dashboard: by origin of the request, login, and access list.

Pure: the login's configuration and what is known of a visit come in, a decision goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from urllib.parse import urlsplit

from msgspec import Struct

from audits.login import Login, is_loopback

REFUSED_BIND = (
    "The dashboard has no login, so it is shown on this machine only. To serve it elsewhere, "
    "configure [auth] and [access] in .streamlit/secrets.toml (README, “Serving a team”)."
)
BROKEN = (
    "The dashboard's login is not configured correctly, so it is closed. The reason is in the "
    "server's log."
)

FORWARDED = (
    "forwarded",
    "via",
    "x-forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-",
    "x-envoy-",
    "x-amzn-",
    "x-azure-",
    "true-client-ip",
    "cf-",
    "fly-",
    "fastly-",
    "tailscale-",
)
"""Beginnings of the names of headers that proxies add to the requests they pass on."""


class Decision(Enum):
    """What becomes of a visit."""

    ALLOWED = "allowed"
    LOG_IN = "log in"
    REFUSED = "refused"
    CLOSED = "closed"


class Visit(Struct, frozen=True, kw_only=True):
    """Where a visit comes from. ``address`` is what the server listens on, ``peer`` the other
    end of the connection ("" for this machine); ``headers`` are empty where no request was
    made, as in tests of the pages.
    """

    address: str
    peer: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header."""
        return tuple(value for key, value in self.headers if key.lower() == name)

    @property
    def is_local(self) -> bool:
        """Whether somebody on this machine asks, as far as any sign tells: a name or origin
        from elsewhere, or a proxy's header, means that others are behind it.
        """
        if not is_loopback(self.address) or (self.peer and not is_loopback(self.peer)):
            return False
        if not self.headers:
            return True
        hosts = self.all("host")
        return (
            bool(hosts)
            and all(is_loopback(host_of(host)) for host in hosts)
            and all(is_loopback(host_of(origin)) for origin in self.all("origin"))
            and not any(name.lower().startswith(FORWARDED) for name, _ in self.headers)
        )


def decide(*, login: Login | None, viewer: Mapping[str, object], visit: Visit) -> Decision:
    """What becomes of a visit.

    Without login only this machine is served. With it, a viewer logs in and is then held
    against the allow-list, wherever the visit comes from.
    """
    if login is None:
        return Decision.ALLOWED if visit.is_local else Decision.CLOSED
    if viewer.get("is_logged_in") is not True:
        return Decision.LOG_IN
    return Decision.ALLOWED if login.access.admits(viewer) else Decision.REFUSED


def host_of(value: str) -> str:
    """The host of a Host or Origin header, without its port; "" for what is neither."""
    address = value if "://" in value else f"//{value}"
    if not re.fullmatch(r"[a-z]*:?//[\w.:\[\]-]+", address, re.ASCII | re.IGNORECASE):
        return ""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def knows_host(visit: Visit, hosts: Iterable[str]) -> bool:
    """Whether a visit is for one of the dashboard's own names, and from a page of one: pages
    of other names would read it through a visitor's browser (DNS rebinding).
    """
    known = {host.casefold().strip("[]").removesuffix(".") for host in hosts}
    asked = (*visit.all("host"), *visit.all("origin"))
    names = (host_of(value).casefold().removesuffix(".") for value in asked)
    return bool(visit.all("host")) and all(name in known or is_loopback(name) for name in names)
