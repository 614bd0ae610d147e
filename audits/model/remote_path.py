"""Paths of files in other repositories: ``owner/repo/path/to/file.yml@ref``."""

from __future__ import annotations

import re

from msgspec import Struct

from audits.model.uses import Uses, UsesKind

_FORM = re.compile(r"([\w-]+)/([\w.-]+)/(.+\.ya?ml)@(.+)", re.ASCII | re.DOTALL)
_ACTION_FILES = ("/action.yml", "/action.yaml")


class ForeignPath(Struct, frozen=True, kw_only=True):
    """A file of another repository, at the ref that it is called by."""

    owner: str
    repo: str
    path: str
    ref: str

    def __str__(self) -> str:
        return f"{self.owner}/{self.repo}/{self.path}@{self.ref}"

    @property
    def slug(self) -> str:
        """``owner/repo`` in lower case."""
        return f"{self.owner}/{self.repo}".lower()

    @property
    def called_as(self) -> str:
        """How a ``uses:`` names it: an action by its folder."""
        place = f"/{self.path}"
        for name in _ACTION_FILES:
            place = place.removesuffix(name)
        return f"{self.owner}/{self.repo}{place}@{self.ref}"


def foreign_path(path: str) -> ForeignPath | None:
    """The parts of such a path; None for a file of the repository itself."""
    found = None if path.startswith(".github/") else _FORM.fullmatch(path)
    if found is None:
        return None
    owner, repo, inside, ref = found.groups()
    return ForeignPath(owner=owner, repo=repo, path=inside, ref=ref)


def called_name(uses: Uses, inside: str) -> str:
    """What a ``uses:`` in the file ``inside`` calls: a path of the repository (an action's is
    its folder), or the name of what another repository holds; "" for images.

    A called workflow's own ``./`` workflows are of its repository, at the same ref:
    https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations
    Actions by ``./`` are looked for in the checkout, and so in the caller's.
    """
    if uses.kind is UsesKind.REMOTE:
        place = f"/{uses.path}" if uses.path else ""
        return f"{uses.owner}/{uses.repo}{place}@{uses.ref}"
    if uses.kind is not UsesKind.LOCAL:
        return ""
    home = foreign_path(inside)
    if home is not None and uses.path.startswith(".github/workflows/"):
        return f"{home.owner}/{home.repo}/{uses.path}@{home.ref}"
    return uses.path
