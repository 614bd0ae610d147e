"""A repository as the first pass lists it: its state, and the ids of files to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from audits.collect import paths
from audits.collect.github.errors import Json
from audits.model.source import Gap, GapReason

_SYMLINK = 0o120000


class Entry(Struct, frozen=True, kw_only=True):
    """One file of a tree; ``oid`` is git's blob id and ``size`` its length in bytes."""

    path: str
    oid: str
    size: int


class Listed(Struct, frozen=True, kw_only=True):
    """One repository of the list.

    ``folders`` are those at the root that may hold a package of their own. ``permission`` is
    the person's role, "" where GitHub does not say (Apps). ``release`` is the newest
    release's tag and time.
    """

    node_id: str
    slug: str
    database_id: int | None = None
    archived: bool = False
    fork: bool = False
    disabled: bool = False
    private: bool = False
    permission: str = ""
    topics: tuple[str, ...] = ()
    branch: str = ""
    commit: str = ""
    committed_at: datetime | None = None
    release: str = ""
    root: str = ""
    entries: tuple[Entry, ...] = ()
    folders: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def owner(self) -> str:
        """The account that it belongs to."""
        return self.slug.partition("/")[0]

    @property
    def name(self) -> str:
        """The name without the owner."""
        return self.slug.partition("/")[2]

    @property
    def has_workflows(self) -> bool:
        """Whether GitHub would run anything of it."""
        return any(paths.is_workflow(e.path) for e in self.entries)


def parse_time(value: Json) -> datetime | None:
    """A time as GitHub writes it; None for anything else."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def parse_listed(node: Mapping[str, Json]) -> Listed:
    """Read a ``Light`` fragment; KeyError or TypeError where GitHub sent something else."""
    branch = node.get("defaultBranchRef") or {}
    target = branch.get("target") or {}
    release = node.get("latestRelease") or {}
    root = node.get("root") or {}
    topics = (node.get("repositoryTopics") or {}).get("nodes") or ()
    entries, gaps = _entries(node)
    return Listed(
        node_id=node["id"],
        slug=node["nameWithOwner"],
        database_id=node.get("databaseId"),
        archived=bool(node.get("isArchived")),
        fork=bool(node.get("isFork")),
        disabled=bool(node.get("isDisabled")),
        private=node.get("visibility") in ("PRIVATE", "INTERNAL"),
        permission=node.get("viewerPermission") or "",
        topics=tuple(t["topic"]["name"] for t in topics if t),
        branch=branch.get("name") or "",
        commit=target.get("oid") or "",
        committed_at=parse_time(target.get("committedDate")),
        release="@".join(filter(None, (release.get("tagName"), release.get("publishedAt")))),
        root=root.get("oid") or "",
        entries=entries,
        folders=tuple(
            e["name"]
            for e in root.get("entries") or ()
            if e["type"] == "tree" and paths.may_hold_package(e["name"])
        ),
        gaps=(*gaps, *_state_gaps(node)),
    )


def _state_gaps(node: Mapping[str, Json]) -> Iterator[Gap]:
    if node.get("isDisabled"):
        detail = "GitHub has disabled the repository. Its owner can ask GitHub's support why."
        yield Gap(subject="repository", reason=GapReason.FORBIDDEN, detail=detail)
    elif node.get("root") is None and not node.get("isEmpty"):
        # contents that a token may not read come as null without an error
        yield Gap(
            subject="files",
            reason=GapReason.FORBIDDEN,
            permission="Contents: read",
            detail="The repository's files cannot be read. Grant Contents: read for it.",
        )


def _entries(node: Mapping[str, Json]) -> tuple[tuple[Entry, ...], tuple[Gap, ...]]:
    found: list[Entry] = []
    gaps: list[Gap] = []
    for path, entry in _walk(node):
        if entry["type"] == "tree":
            continue
        if entry["type"] == "commit" and path in (".github", paths.WORKFLOWS, paths.ACTIONS):
            gaps.append(_unsupported(path, "a submodule"))
        elif not paths.wanted(path):
            continue
        elif entry["type"] != "blob":
            gaps.append(_unsupported(path, "a submodule"))
        elif entry.get("mode") == _SYMLINK:
            gaps.append(_unsupported(path, "a symbolic link"))
        elif entry["size"] > paths.MAX_BYTES:
            detail = f"The file has {entry['size']:,} bytes and is not read. Make it shorter."
            gaps.append(Gap(subject=path, reason=GapReason.TOO_LARGE, detail=detail))
        else:
            found.append(Entry(path=path, oid=entry["oid"], size=entry["size"]))
    return tuple(found), tuple(gaps)


def _unsupported(path: str, what: str) -> Gap:
    detail = f"It is {what}, which is not followed. Put the file itself there."
    return Gap(subject=path, reason=GapReason.UNSUPPORTED, detail=detail)


def _walk(node: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Every listed entry with its path, `.github/actions` three levels deep."""
    for field, folder in (
        ("root", ""),
        ("github", ".github/"),
        ("workflows", f"{paths.WORKFLOWS}/"),
        ("actions", f"{paths.ACTIONS}/"),
    ):
        yield from _tree(node.get(field), folder)


def _tree(tree: Json, folder: str) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for entry in (tree or {}).get("entries") or ():
        path = f"{folder}{entry['name']}"
        yield path, entry
        if entry.get("object"):
            yield from _tree(entry["object"], f"{path}/")
