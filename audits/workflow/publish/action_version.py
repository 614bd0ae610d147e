"""Finds the version of an action that a ``uses:`` names."""

from __future__ import annotations

import re

from audits.model.uses import Uses

Version = tuple[int, ...]

_NEWEST = 10**9
_VERSION = re.compile(r"(?:^|[/ @-])v?(\d{1,9}(?:\.\d{1,9}){0,3})(?![\w.]*[a-zA-Z])")
_BRANCHES = frozenset({"main", "master", "unstable/v1", "latest", "develop"})


def version_of(uses: Uses, old_refs: tuple[str, ...] = ()) -> Version | None:
    """The version of a tag, of a branch (its newest) or of a pin's comment; None if unknown.

    ``v1`` and ``release/v1`` move, so they mean the newest version that starts so.
    ``old_refs`` are branches that the action's maintainers left behind.
    """
    if uses.ref in old_refs:
        return (0,)
    if uses.ref in _BRANCHES:
        return (_NEWEST,)
    text = uses.comment if uses.is_pinned else uses.ref
    match = _VERSION.search(text.strip())
    if match is None:
        return None
    parts = tuple(int(part) for part in match[1].split("."))
    return parts if len(parts) > 2 else (*parts, _NEWEST)


def reaches(version: Version | None, wanted: str) -> bool | None:
    """Whether a version is ``wanted`` or later; None where the version is not known."""
    floor = tuple(int(part) for part in wanted.split("."))
    if not any(floor):
        return True
    return None if version is None else version >= floor
