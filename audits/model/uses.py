"""What a ``uses:`` names: a repository's action or workflow, a local one, or an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from audits.model.place import Scalar


class UsesKind(StrEnum):
    """REMOTE is ``owner/repo[/path]@ref``; LOCAL ``./path`` or ``$/path``; DOCKER an image."""

    REMOTE = "remote"
    LOCAL = "local"
    DOCKER = "docker"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """A parsed ``uses:``; ``comment`` is what follows it on the line, without the ``#``.

    ``path`` is the sub-path of a remote action or workflow, the path from the repository's
    root of a local one, and the image of a docker one. ``comment_start`` and ``comment_end``
    are offsets of the comment (with its ``#``), equal where there is none. ``slug`` is
    ``owner/repo`` and ``action`` ``owner/repo[/path]`` in lower case, as GitHub compares them;
    both are empty unless remote.
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
    slug: str = field(init=False, repr=False, compare=False)
    action: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        slug = f"{self.owner}/{self.repo}".lower() if self.kind is UsesKind.REMOTE else ""
        action = f"{slug}/{self.path.lower()}" if slug and self.path else slug
        object.__setattr__(self, "slug", slug)
        object.__setattr__(self, "action", action)

    @property
    def is_pinned(self) -> bool:
        """Whether the ref is a full commit id: exactly 40 hexadecimal digits, any case."""
        return len(self.ref) == 40 and all(c in "0123456789abcdefABCDEF" for c in self.ref)
