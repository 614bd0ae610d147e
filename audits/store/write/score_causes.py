"""Decides why a score changed, from what differs between two audits of a repository."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

from audits.model.causes import Cause
from audits.store.serialize import KIND, Json


class Differs(Enum):
    """How two facts differ: not at all, only in what could be read, or in their content."""

    SAME = 0
    VISIBILITY = 1
    CONTENT = 2


class Difference(Struct, frozen=True, kw_only=True):
    """What differs between a repository's last audit and the present one.

    ``tier`` is the tier of evidence; ``files`` and ``gaps`` are the repository's own.
    ``crashed``: a check that changed the score crashed in one of the scans. ``accepted``: the
    acceptance of a finding differs for each check that changed the score. ``lost_or_found``:
    every outcome that changed did so to or from unknown. ``program`` is this tool's version.
    """

    tier: bool = False
    files: bool = False
    gaps: bool = False
    settings: Differs = Differs.SAME
    index: Differs = Differs.SAME
    references: Differs = Differs.SAME
    advisories: Differs = Differs.SAME
    accepted: bool = False
    crashed: bool = False
    lost_or_found: bool = False
    program: bool = False

    def cause(self) -> Cause:
        """The cause, `Cause.UNKNOWN` where nothing differs that a score depends on."""
        token = self.tier or self.settings is Differs.VISIBILITY
        if token and (self.lost_or_found or not self.files):
            return Cause.TOKEN
        found = (
            (self.crashed, Cause.UNREAD),
            (self.files, Cause.REPOSITORY),
            (self.settings is Differs.CONTENT, Cause.SETTING),
            (self.accepted, Cause.ACCEPTANCE),
            (self.gaps or self.lost_or_found, Cause.UNREAD),
            (self.references is Differs.CONTENT, Cause.REFERENCES),
            (self.index is Differs.CONTENT, Cause.INDEX),
            (self.advisories is Differs.CONTENT, Cause.ADVISORIES),
            (Differs.VISIBILITY in (self.references, self.index), Cause.UNREAD),
            (self.program, Cause.RULES),
        )
        return next((cause for differs, cause in found if differs), Cause.UNKNOWN)


CONTENT = frozenset(
    {
        Cause.REPOSITORY,
        Cause.SETTING,
        Cause.ACCEPTANCE,
        Cause.REFERENCES,
        Cause.INDEX,
        Cause.ADVISORIES,
    }
)
"""Causes in what was audited. They are named beside a change of the rules, all others are not."""


def compared(before: Json, after: Json) -> Differs:
    """How two facts differ, given as decoded JSON; None is a fact that was not asked for."""
    if before == after:
        return Differs.SAME
    if before is None or after is None:
        return Differs.VISIBILITY
    return Differs.VISIBILITY if _agree(before, after) else Differs.CONTENT


def _agree(one: Json, other: Json) -> bool:
    """Whether two values are equal wherever both were seen."""
    if _hidden(one) or _hidden(other):
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        # A key that is left out has its default, which is a fact of its own.
        return all(_agree(one.get(k, ""), other.get(k, "")) for k in one.keys() | other.keys())
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return all(map(_agree, one, other))
    return bool(one == other)


def _hidden(value: object) -> bool:
    return isinstance(value, Mapping) and value.get(KIND) == "Unseen"
