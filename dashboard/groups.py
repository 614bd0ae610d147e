"""Groups of repositories: from a file of groups, whose format README describes, and from topics."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from msgspec import Struct

ADVICE = "A group has a name, repositories (a list of patterns on owner/name) and a contact."


class GroupEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of the file: ``repositories`` are patterns on ``owner/name``."""

    name: str
    repositories: tuple[str, ...]
    contact: str = ""


class _GroupFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    group: tuple[GroupEntry, ...] = ()


class Group(Struct, frozen=True, kw_only=True):
    """Some repositories, as (owner, name), and whom to ask about them; ``key`` is the group's
    word in an address.
    """

    name: str
    key: str
    members: frozenset[tuple[str, str]]
    contact: str = ""

    @property
    def label(self) -> str:
        """What the box of groups shows."""
        return f"topic {self.name}" if self.key.startswith("topic:") else self.name


class GroupList(Struct, frozen=True, kw_only=True):
    """The groups of a file, and what is wrong with it: then there are none."""

    entries: tuple[GroupEntry, ...] = ()
    problem: str = ""


def read_groups(path: str) -> GroupList:
    """The groups of a file; none where no file is named."""
    if not path:
        return GroupList()
    try:
        found = msgspec.toml.decode(Path(path).read_bytes(), type=_GroupFile).group
    except OSError as error:
        return GroupList(problem=f"{path} cannot be read: {error.strerror}.")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return GroupList(problem=f"{path} is no file of groups: {error}. {ADVICE}")
    names = [entry.name.lower() for entry in found]
    if twice := next((e.name for e in found if names.count(e.name.lower()) > 1), ""):
        return GroupList(problem=f"{path} has two groups that are called {twice!r}; rename one.")
    return GroupList(entries=found)


def group_of(entry: GroupEntry, repositories: Iterable[tuple[str, str]]) -> Group:
    """The repositories that an entry names; names compare without case, as on GitHub."""
    patterns = [pattern.lower() for pattern in entry.repositories]
    members = (
        (owner, name)
        for owner, name in repositories
        if any(fnmatchcase(f"{owner}/{name}".lower(), pattern) for pattern in patterns)
    )
    return Group(
        name=entry.name,
        key=f"group:{entry.name}",
        members=frozenset(members),
        contact=entry.contact,
    )
