"""Parses the value of a ``uses:``."""

from __future__ import annotations

from audits.model.location import Scalar
from audits.model.uses import Uses, UsesKind


def read_uses(raw: Scalar, comment: tuple[str, int, int]) -> Uses:
    """What a ``uses:`` names; INVALID where GitHub would not take it.

    Split as zizmor does: the last ``@``, then owner, repository, sub-path. ``$/`` is GitHub's
    form for "this repository" and means what ``./`` means.
    """
    words, start, end = comment
    text = raw.value.strip()

    def made(
        kind: UsesKind, owner: str = "", repo: str = "", path: str = "", ref: str = ""
    ) -> Uses:
        return Uses(
            kind=kind,
            raw=raw,
            owner=owner,
            repo=repo,
            path=path,
            ref=ref,
            comment=words,
            comment_start=start,
            comment_end=end,
        )

    if text.startswith(("./", "$/")):
        return made(UsesKind.LOCAL, path=_root_path(text[2:]))
    if text.startswith("docker://"):
        return made(UsesKind.DOCKER, path=text.removeprefix("docker://"))
    slug, mark, ref = text.rpartition("@")
    parts = slug.split("/", 2)
    if not mark or len(parts) < 2 or not parts[0] or not parts[1] or "${{" in slug:
        return made(UsesKind.INVALID)
    return made(UsesKind.REMOTE, parts[0], parts[1], parts[2] if len(parts) > 2 else "", ref)


def _root_path(path: str) -> str:
    """A path from the root with ``.`` and ``..`` worked out and no slash at its ends."""
    found: list[str] = []
    for part in path.split("/"):
        if part == ".." and found:
            found.pop()
        elif part not in {"", ".", ".."}:
            found.append(part)
    return "/".join(found)
