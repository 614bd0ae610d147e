"""Groups of repositories: by a file, whose format README describes, by topics and by teams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from msgspec import Struct

from audits.model.exposure import Actor
from audits.model.outcome import Severity
from audits.model.query import ScanChanges
from audits.model.rows import (
    FindingRow,
    PackageRow,
    RepositoryPoints,
    RepositoryRow,
    RepositoryTopics,
)

ADVICE = "A group has a name, repositories (a list of patterns on owner/name) and a contact."


_SHOWN = {"topic": "topic", "owners": "owned by"}
"""How a group that no file names is shown, by the first word of its key."""


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
        kind, _, _ = self.key.partition(":")
        return f"{_SHOWN[kind]} {self.name}" if kind in _SHOWN else self.name


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
    except RecursionError:
        return GroupList(problem=f"{path} is no file of groups: it nests too deeply. {ADVICE}")
    except ValueError as error:  # no TOML, another form, or a number beyond what Python reads
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


_Row = RepositoryRow | RepositoryTopics


def groups_of(entries: Iterable[GroupEntry], rows: Sequence[_Row]) -> dict[str, Group]:
    """The groups of these repositories by key: those of the file that have any, then those of a
    topic, then those that a team owns by CODEOWNERS.
    """
    whole = [(row.owner, row.repository) for row in rows]
    made = (group_of(entry, whole) for entry in entries)
    found = {group.key: group for group in made if group.members}
    found |= _grouped("topic", rows, lambda row: row.topics)
    return found | _grouped("owners", rows, lambda row: [name for name in row.ask if is_team(name)])


def is_team(owner: str) -> bool:
    """Whether a code owner is a team, as ``@org/team``."""
    return owner.startswith("@") and "/" in owner


def _grouped(
    kind: str, rows: Sequence[_Row], words: Callable[[_Row], Iterable[str]]
) -> dict[str, Group]:
    """A group for each word of these rows, in order."""
    members: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        for word in words(row):
            members.setdefault(word, set()).add((row.owner, row.repository))
    return {
        f"{kind}:{word}": Group(name=word, key=f"{kind}:{word}", members=frozenset(mine))
        for word, mine in sorted(members.items())
    }


class GroupProgress(Struct, frozen=True, kw_only=True):
    """How a group stands, and what became of it since an earlier scan: ``before`` is None where
    nothing is known from then. ``anyone`` are packages that anyone can publish; ``grave`` open
    findings that are critical or high.
    """

    name: str
    contact: str
    repositories: int
    publishing: int
    points: float | None
    before: float | None
    anyone: int
    grave: int
    new: int
    fixed: int


_GRAVE = (Severity.CRITICAL.label, Severity.HIGH.label)


def progress_of(
    group: Group,
    rows: Iterable[RepositoryRow],
    before: Iterable[RepositoryRow],
    packages: Iterable[PackageRow],
    changes: ScanChanges,
) -> GroupProgress:
    """The part of an owner's rows that is the group's, in numbers."""
    mine = [row for row in rows if _has(group, row)]
    level = Counter(package.level for package in packages if _has(group, package))
    return GroupProgress(
        name=group.label,
        contact=group.contact,
        repositories=len(mine),
        publishing=sum(bool(row.publications or row.unrecognized) for row in mine),
        points=mean_points(mine),
        before=mean_points(row for row in before if _has(group, row)),
        anyone=level[Actor.ANYONE.value],
        grave=sum(row.open.get(word, 0) for row in mine for word in _GRAVE),
        new=sum(_has(group, row) for row in changes.new),
        fixed=sum(_has(group, row) for row in changes.fixed),
    )


def _has(group: Group, row: RepositoryRow | PackageRow | FindingRow) -> bool:
    return (row.owner, row.repository) in group.members


def mean_points(rows: Iterable[RepositoryRow | RepositoryPoints]) -> float | None:
    """The mean of the repositories that have points; None where none has."""
    points = [row.points for row in rows if row.points is not None]
    return sum(points) / len(points) if points else None
