"""The scope of a view: one owner as of one finished scan."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class ScanScope(Struct, frozen=True, kw_only=True):
    """One owner as of one finished scan, begun at ``at``; ``newest`` where none is later."""

    owner: str
    scan: int
    at: datetime
    newest: bool = True

    @property
    def address(self) -> dict[str, str]:
        """The parameters that lead another view to the same owner and scan."""
        return {"owner": self.owner, "scan": "newest" if self.newest else str(self.scan)}
