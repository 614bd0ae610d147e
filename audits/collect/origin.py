"""Which repository a checkout is of, from the address of its remote."""

from __future__ import annotations

import re
from pathlib import Path

from audits.collect.git import git
from audits.model.source import RepositoryRef

_ADDRESS = re.compile(
    r"(?:[a-z+]+://(?:[^/@]*@)?|(?:[\w.-]+@)?)(?P<host>[\w.-]+)(?::\d+)?[:/]"
    r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


def origin_of(path: Path) -> RepositoryRef:
    """The repository that ``origin`` names; without one, the folder's name below ``local``.

    A user name or password in the address is dropped.
    """
    answer = git(path, "config", "--get", "remote.origin.url") if (path / ".git").exists() else None
    match = _ADDRESS.fullmatch(answer.decode("utf-8", "replace").strip()) if answer else None
    if match is None:
        return RepositoryRef(owner="local", name=path.resolve().name or "repository")
    return RepositoryRef(owner=match["owner"], name=match["name"], host=match["host"].lower())
