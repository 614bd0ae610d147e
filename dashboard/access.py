"""Who may look: the allow-list of a deployment with login, and the rule for open addresses.

Pure: what the viewer claims and what the operator allows come in, a decision goes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from ipaddress import ip_address

from msgspec import Struct

REFUSED_BIND = (
    "The dashboard has no login, so it is shown on this machine only. To serve it elsewhere, "
    "configure [auth] and [access] in .streamlit/secrets.toml (README, “Serving a team”)."
)


class Decision(Enum):
    """What becomes of a visit."""

    ALLOWED = "allowed"
    LOG_IN = "log in"
    REFUSED = "refused"
    CLOSED = "closed"


class AllowList(Struct, frozen=True, kw_only=True):
    """Who may see everything; a viewer who matches any entry may.

    ``domains`` are what follows the ``@`` of a verified address, exactly. ``claims`` maps a
    claim of the identity token (``groups``, ``hd`` …) to the values that admit.
    """

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    claims: Mapping[str, frozenset[str]] | None = None

    @classmethod
    def read(cls, section: Mapping[str, object]) -> AllowList:
        """The ``[access]`` section of the secrets: addresses, domains, and a claims table."""
        claims = section.get("claims")
        table = claims if isinstance(claims, Mapping) else {}
        return cls(
            addresses=_words(section.get("addresses")),
            domains=frozenset(word.lstrip("@") for word in _words(section.get("domains"))),
            claims={str(name): _exact(values) for name, values in table.items()},
        )

    @property
    def is_empty(self) -> bool:
        """Whether nobody is let in by it."""
        return not (self.addresses or self.domains or any((self.claims or {}).values()))

    def admits(self, viewer: Mapping[str, object]) -> bool:
        """Whether a logged-in viewer with these claims may look.

        An address counts unless the provider says that it is not verified: anybody can type
        somebody else's into a profile.
        """
        verified = viewer.get("email_verified", True) in {True, "true"}
        address = str(viewer.get("email") or "").casefold() if verified else ""
        if address and address in self.addresses:
            return True
        if address.count("@") == 1 and address.partition("@")[2] in self.domains:
            return True
        return any(
            values & _exact(viewer.get(claim)) for claim, values in (self.claims or {}).items()
        )


def decide(
    *, auth: bool, access: AllowList, viewer: Mapping[str, object], address: str
) -> Decision:
    """What becomes of a visit.

    Without login the server must listen on loopback (``address``); with it, a viewer logs in
    and is then held against the allow-list; an empty list lets nobody in.
    """
    if not auth:
        return Decision.ALLOWED if is_loopback(address) else Decision.CLOSED
    if viewer.get("is_logged_in") is not True:
        return Decision.LOG_IN
    return Decision.ALLOWED if access.admits(viewer) else Decision.REFUSED


def is_loopback(address: str) -> bool:
    """Whether a server that listens there is reached from its own machine only."""
    try:
        return ip_address(address.strip("[] ")).is_loopback
    except ValueError:
        return address.strip().lower() == "localhost"


def _exact(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value})
    if isinstance(value, (list, tuple, set, frozenset)):
        return frozenset(str(item) for item in value)
    return frozenset()


def _words(value: object) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in _exact(value) if word.strip())
