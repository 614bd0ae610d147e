"""The scope of a view: whose repositories, which of them, as of when, and what counts as new."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

ALL_OWNERS = "*"
"""All owners, in an address: no account has that name."""
EVERY_REPOSITORY = "all"
"""No group, in an address; names of groups have a prefix."""


class ScanScope(Struct, frozen=True, kw_only=True):
    """One owner, or all (None), as of one finished scan, begun at ``at``; ``newest`` where none
    is later. ``group`` names some of the repositories; ``since`` is when the period begins whose
    changes are shown, ``period`` its word in the address.
    """

    owner: str | None
    scan: int
    at: datetime
    since: datetime
    newest: bool = True
    group: str = EVERY_REPOSITORY
    period: str = "7"

    @property
    def address(self) -> dict[str, str]:
        """The parameters that lead another view to the same scope."""
        return {
            "owner": self.owner or ALL_OWNERS,
            "group": self.group,
            "period": self.period,
            "scan": "newest" if self.newest else str(self.scan),
        }

    @property
    def one_owner(self) -> str:
        """The owner, for what only one owner's repositories can be asked."""
        if self.owner is None:
            raise ValueError("a scope of all owners has no repository of its own")
        return self.owner

    @property
    def is_mixed(self) -> bool:
        """Whether its numbers are of several owners or a group, and so of no single scan."""
        return self.owner is None or self.is_narrowed

    @property
    def steps(self) -> tuple[str, str]:
        """What its trend has a row for, as one and as many: a scan, or the end of a day with
        scans.
        """
        return ("day of scans", "days of scans") if self.is_mixed else ("scan", "scans")

    @property
    def is_narrowed(self) -> bool:
        """Whether it is of some of the repositories only."""
        return self.group != EVERY_REPOSITORY
