"""The target of a ``uses:``: a repository's action or workflow, a local one, or an image."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cached_property

from msgspec import Struct

from audits.model.location import Scalar

_COMMIT = re.compile("[0-9A-Fa-f]{40}")
_COMMENTED = re.compile(r"[0-9a-fA-F]{40}\s+(#\s*\S.*)")


class UsesKind(StrEnum):
    """REMOTE is ``owner/repo[/path]@ref``; LOCAL ``./path`` or ``$/path``; DOCKER an image."""

    REMOTE = "remote"
    LOCAL = "local"
    DOCKER = "docker"
    INVALID = "invalid"


class Uses(Struct, frozen=True, kw_only=True, dict=True):
    """A parsed ``uses:``; ``comment`` is what follows it on the line, without the ``#``.

    ``path`` is the sub-path of a remote action or workflow, the path from the repository's
    root of a local one, and the image of a docker one. ``comment_start`` and ``comment_end``
    are offsets of the comment (with its ``#``), equal where there is none.
    """

    kind: UsesKind
    raw: Scalar
    owner: str = ""
    repo: str = ""
    path: str = ""
    ref: str = ""
    comment: str = ""
    comment_start: int = 0
    comment_end: int = 0

    @cached_property
    def slug(self) -> str:
        """``owner/repo`` in lower case, as GitHub compares it; empty unless remote."""
        return f"{self.owner}/{self.repo}".lower() if self.kind is UsesKind.REMOTE else ""

    @cached_property
    def action(self) -> str:
        """``owner/repo[/path]`` in lower case; empty unless remote."""
        slug = self.slug
        return f"{slug}/{self.path.lower()}" if slug and self.path else slug

    @property
    def quoted_comment(self) -> str:
        """The comment that stands within the quotes behind a full commit id, as in
        ``"owner/repo@… # v1"``: it is part of the ref then, and no such ref exists; "" for none.
        """
        found = _COMMENTED.fullmatch(self.ref)
        return found[1] if found is not None else ""

    @property
    def is_pinned(self) -> bool:
        """Whether the ref is a full commit id: exactly 40 hexadecimal digits, any case."""
        return _COMMIT.fullmatch(self.ref) is not None
