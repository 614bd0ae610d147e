"""A repository as the first pass lists it: its state, and the ids of files to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha1

from msgspec import Struct
from msgspec.structs import replace

from audits.collect import paths
from audits.collect.bounds import moment
from audits.collect.github.errors import Json
from audits.collect.github.responses import Folder, Light, TreeEntry, read_as
from audits.model.source import Gap, GapReason

SYMLINK = 0o120000
_SHA1_LENGTH = 40


class Entry(Struct, frozen=True, kw_only=True):
    """One file of a tree; ``oid`` is git's blob id and ``size`` its length in bytes."""

    path: str
    oid: str
    size: int


class Listed(Struct, frozen=True, kw_only=True):
    """One repository of the list.

    ``folders`` are those at the root that may hold a package of their own, ``top`` all that is
    there. ``permission`` is
    the person's role, "" where GitHub does not say (Apps). ``release`` is the newest
    release's tag and time. ``doubtful`` are folders, by path, whose entries are not those that
    their ids stand for.
    """

    node_id: str
    slug: str
    database_id: int | None = None
    archived: bool = False
    fork: bool = False
    disabled: bool = False
    private: bool = False
    public: bool | None = None
    permission: str = ""
    topics: tuple[str, ...] = ()
    branch: str = ""
    commit: str = ""
    committed_at: datetime | None = None
    release: str = ""
    root: str = ""
    entries: tuple[Entry, ...] = ()
    folders: tuple[str, ...] = ()
    top: tuple[TreeEntry, ...] = ()
    doubtful: tuple[tuple[str, Folder], ...] = ()
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


def parse_listed(node: Mapping[str, Json]) -> Listed:
    """Read a ``Light`` fragment; GitHubError where GitHub sent something else."""
    light = read_as(Light, node)
    branch, release = light.default_branch_ref, light.latest_release
    target = branch.target if branch else None
    topics = light.repository_topics.nodes if light.repository_topics else ()
    entries, gaps = _entries(light)
    return Listed(
        node_id=light.id,
        slug=light.name_with_owner,
        database_id=light.database_id,
        archived=light.is_archived,
        fork=light.is_fork,
        disabled=light.is_disabled,
        private=light.visibility in ("PRIVATE", "INTERNAL"),
        public=light.visibility == "PUBLIC" if light.visibility else None,
        permission=light.viewer_permission or "",
        topics=tuple(t.topic.name for t in topics if t),
        branch=branch.name if branch else "",
        commit=target.oid if target else "",
        committed_at=moment(target.committed_date) if target else None,
        release=release.name if release else "",
        root=light.root.oid if light.root else "",
        entries=entries,
        folders=tuple(
            e.name
            for e in (light.root.entries if light.root else ())
            if e.type == "tree" and paths.may_hold_package(e.name)
        ),
        top=light.root.entries if light.root else (),
        doubtful=tuple(
            (path, folder)
            for path, folder in _folders(light).items()
            if folder is not None and not is_whole(folder)
        ),
        gaps=(*gaps, *_state_gaps(light), *_hidden(light)),
    )


def _state_gaps(light: Light) -> Iterator[Gap]:
    if light.is_disabled:
        detail = "GitHub has disabled the repository. Its owner can ask GitHub's support why."
        yield Gap(subject="repository", reason=GapReason.FORBIDDEN, detail=detail)
    elif light.root is None and not light.is_empty:
        # contents that a token may not read come as null without an error
        yield Gap(
            subject="files",
            reason=GapReason.FORBIDDEN,
            permission="Contents: read",
            detail="The repository's files cannot be read. Grant Contents: read for it.",
        )


def _folders(light: Light) -> dict[str, Folder | None]:
    return {
        "": light.root,
        ".github": light.github,
        paths.WORKFLOWS: light.workflows,
        paths.ACTIONS: light.actions,
    }


def _hidden(light: Light) -> Iterator[Gap]:
    """Folders that are listed and not shown, which would look like files that are not there."""
    folders = _folders(light)
    for path, folder in folders.items():
        above, _, name = path.rpartition("/")
        parent = folders[above] if path else None
        if parent is None or folder is not None:
            continue
        if any(e.name == name and e.type == "tree" for e in parent.entries):
            yield cut_short(path)


def cut_short(path: str) -> Gap:
    """The gap of a folder of which not all was shown."""
    detail = "Not all of the folder was shown, so that files may be missing. Scan again later."
    return Gap(subject=path or "root folder", reason=GapReason.UNAVAILABLE, detail=detail)


def is_whole(folder: Folder) -> bool:
    """Whether the entries are all that the folder's id stands for, as git computes it; True
    where that is unknown: other hashes than SHA-1, and names that are no UTF-8.

    https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
    """
    if len(folder.oid) != _SHA1_LENGTH or any(_is_lossy(e) for e in folder.entries):
        return True
    if not folder.entries:
        return True  # a file, or an empty tree that no commit holds
    order = sorted(folder.entries, key=lambda e: e.name.encode() + b"/" * (e.type == "tree"))
    content = b"".join(
        f"{e.mode:o} {e.name}".encode() + b"\0" + bytes.fromhex(e.oid) for e in order
    )
    header = b"tree %d\0" % len(content)
    return sha1(header + content, usedforsecurity=False).hexdigest() == folder.oid


def _is_lossy(entry: TreeEntry) -> bool:
    return "\ufffd" in entry.name or not entry.mode or len(entry.oid) != _SHA1_LENGTH


def _entries(light: Light) -> tuple[tuple[Entry, ...], tuple[Gap, ...]]:
    found: list[Entry] = []
    gaps: list[Gap] = []
    for path, entry in _walk(light):
        if entry.type == "tree":
            continue
        if entry.type == "commit" and path in (".github", paths.WORKFLOWS, paths.ACTIONS):
            gaps.append(unsupported(path, "a submodule"))
        elif not paths.wanted(path):
            continue
        elif (gap := _unfit(path, entry)) is not None:
            gaps.append(gap)
        else:
            found.append(Entry(path=path, oid=entry.oid, size=entry.size))
    return tuple(found), tuple(gaps)


def _unfit(path: str, entry: TreeEntry) -> Gap | None:
    """Why a wanted file is not read, if so."""
    gap = None
    if entry.type != "blob":
        gap = unsupported(path, "a submodule")
    elif entry.mode == SYMLINK:
        gap = unsupported(path, "a symbolic link")
    elif entry.size > paths.most_bytes(path):
        gap = too_large(path, entry.size)
    return replace(gap, optional=paths.is_code_owners(path)) if gap else None


def too_large(path: str, size: int) -> Gap:
    """The gap of a file that is too long to be read."""
    detail = f"The file has {size:,} bytes and is not read. Make it shorter."
    return Gap(subject=path, reason=GapReason.TOO_LARGE, detail=detail)


def unsupported(path: str, what: str) -> Gap:
    """The gap of an entry that is no file."""
    detail = f"It is {what}, which is not followed. Put the file itself there."
    return Gap(subject=path, reason=GapReason.UNSUPPORTED, detail=detail)


def _walk(light: Light) -> Iterator[tuple[str, TreeEntry]]:
    """Every listed entry with its path, `.github/actions` three levels deep."""
    yield from _tree(light.root, "")
    yield from _tree(light.github, ".github/")
    yield from _tree(light.workflows, f"{paths.WORKFLOWS}/")
    yield from _tree(light.actions, f"{paths.ACTIONS}/")


def _tree(tree: Folder | None, folder: str) -> Iterator[tuple[str, TreeEntry]]:
    for entry in tree.entries if tree else ():
        path = f"{folder}{entry.name}"
        yield path, entry
        if entry.object is not None:
            yield from _tree(entry.object, f"{path}/")
