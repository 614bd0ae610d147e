"""Why a score changed: what differs between two states of a repository."""

from __future__ import annotations

import json
from collections.abc import Mapping

from msgspec import Struct

from audits.store.codec import KIND

REPOSITORY, SETTING, INDEX, POLICY, TOKEN = "repository", "setting", "index", "policy", "token"
REFERENCES, ACCEPTANCE = "references", "acceptance"


class Difference(Struct, frozen=True, kw_only=True):
    """What differs. ``settings`` are the JSON texts before and after; ``lost_or_found`` is
    whether all checks that changed did so to or from unknown.
    """

    policy: bool = False
    tier: bool = False
    files: bool = False
    index: bool = False
    settings: tuple[str, str] | None = None
    accepted: bool = False
    lost_or_found: bool = False

    def cause(self) -> str:
        """The one word for it. A change that nothing here explains came from elsewhere: a
        tag that moved, a release, an advisory.
        """
        seen_only = self.settings is not None and differ_in_sight(*self.settings)
        token = self.tier or seen_only
        if self.policy:
            return POLICY
        if token and (self.lost_or_found or not self.files):
            return TOKEN
        if self.files:
            return REPOSITORY
        if self.settings is not None:
            return SETTING
        if self.index:
            return INDEX
        return ACCEPTANCE if self.accepted else REFERENCES


def differ_in_sight(before: str, after: str) -> bool:
    """Whether two settings differ only in what could be read."""
    one, other = (json.loads(text)["value"] for text in (before, after))
    # A folder has no settings at all: that, too, is a matter of what was asked.
    return one is None or other is None or _agree(one, other)


def _agree(one: object, other: object) -> bool:
    if _hidden(one) or _hidden(other):
        return True
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        # A key that is left out has its default, which is a fact of its own.
        return all(_agree(one.get(k, ""), other.get(k, "")) for k in one.keys() | other.keys())
    return bool(one == other)


def _hidden(value: object) -> bool:
    return isinstance(value, Mapping) and value.get(KIND) == "Unseen"
