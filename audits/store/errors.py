"""Errors of the store, with a piece of advice."""

from __future__ import annotations

from collections.abc import Sequence

from audits.model.errors import AuditError

_MOST_OWNERS = 10


class StoreError(AuditError):
    """The store cannot do what was asked; ``advice`` says what to do about it."""


def not_scanned(owner: str, stored: Sequence[str]) -> StoreError:
    """An owner of whom no scan is stored; ``stored`` are the owners of whom there is one."""
    more = f" and {len(stored) - _MOST_OWNERS} more" if len(stored) > _MOST_OWNERS else ""
    known = f"There are scans of {', '.join(stored[:_MOST_OWNERS])}{more}. " if stored else ""
    scan = f"`release-audit scan {owner}` asks GitHub"
    return StoreError(
        f"No scan of {owner} is stored.",
        f"{known}{scan}; `scan --folder DIR --org {owner}` reads checkouts.",
    )
