"""Git's objects of an invented repository, with the ids that git itself would give them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1

TEXT_LIMIT = 512_000
"""Bytes at which GraphQL cuts ``Blob.text``."""


def object_id(kind: str, content: bytes) -> str:
    header = f"{kind} {len(content)}".encode() + b"\0"
    return sha1(header + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Link:
    """A symbolic link in a repository's files."""

    target: str


@dataclass(frozen=True)
class Submodule:
    """A submodule in a repository's files."""

    commit: str = "5" * 40


Content = str | bytes | Link | Submodule


@dataclass
class Blob:
    content: bytes
    typename = "Blob"

    def __post_init__(self) -> None:
        self.oid = object_id("blob", self.content)
        self.id = f"B_{self.oid}"
        self.byteSize = len(self.content)
        self.isBinary = b"\0" in self.content[:8000]
        self.isTruncated = not self.isBinary and len(self.content) > TEXT_LIMIT

    @property
    def text(self) -> str | None:
        return None if self.isBinary else self.content[:TEXT_LIMIT].decode("utf-8", "replace")


@dataclass
class Entry:
    name: str
    path: str
    type: str
    mode: int
    oid: str
    object: Blob | Tree | None

    @property
    def size(self) -> int:
        return self.object.byteSize if isinstance(self.object, Blob) else 0


@dataclass
class Tree:
    path: str = ""
    children: dict[str, Entry] = field(default_factory=dict)
    oid: str = ""
    typename = "Tree"

    @property
    def id(self) -> str:
        return f"T_{self.oid}"

    @property
    def entries(self) -> list[Entry]:
        return list(self.children.values())

    def seal(self) -> None:
        """Compute ids from the leaves up, entries in git's order."""
        for entry in self.children.values():
            if isinstance(entry.object, Tree):
                entry.object.seal()
                entry.oid = entry.object.oid
        order = sorted(
            self.children.values(), key=lambda e: e.name + ("/" if e.type == "tree" else "")
        )
        self.children = {entry.name: entry for entry in order}
        content = b"".join(
            f"{e.mode:o} {e.name}".encode() + b"\0" + bytes.fromhex(e.oid) for e in order
        )
        self.oid = object_id("tree", content)

    def find(self, path: str) -> Blob | Tree | None:
        node: Blob | Tree | None = self
        for part in filter(None, path.split("/")):
            entry = node.children.get(part) if isinstance(node, Tree) else None
            node = entry.object if entry else None
        return node


def _entry(path: str, content: Content) -> Entry:
    name = path.rpartition("/")[2]
    if isinstance(content, Submodule):
        return Entry(name, path, "commit", 0o160000, content.commit, None)
    data = content.target if isinstance(content, Link) else content
    blob = Blob(data.encode() if isinstance(data, str) else data)
    mode = 0o120000 if isinstance(content, Link) else 0o100644
    return Entry(name, path, "blob", mode, blob.oid, blob)


def build_tree(files: dict[str, Content]) -> Tree:
    root = Tree()
    for path, content in files.items():
        tree = root
        *folders, name = path.split("/")
        for folder in folders:
            below = f"{tree.path}/{folder}".lstrip("/")
            entry = tree.children.setdefault(
                folder, Entry(folder, below, "tree", 0o040000, "", Tree(path=below))
            )
            assert isinstance(entry.object, Tree)
            tree = entry.object
        tree.children[name] = _entry(path, content)
    root.seal()
    return root


@dataclass
class Commit:
    tree: Tree
    message: str
    when: datetime = datetime(2026, 5, 1, tzinfo=UTC)
    typename = "Commit"

    def __post_init__(self) -> None:
        stamp = int(self.when.timestamp())
        text = f"tree {self.tree.oid}\nauthor a <a@lumen.example> {stamp} +0000\n\n{self.message}\n"
        self.oid = object_id("commit", text.encode())
        self.id = f"C_{self.oid}"

    @property
    def committedDate(self) -> str:  # noqa: N802
        return self.when.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Tag:
    """An annotated tag."""

    name: str
    target: Commit | Tag
    typename = "Tag"

    def __post_init__(self) -> None:
        self.oid: str
        text = f"object {self.target.oid}\ntag {self.name}\n"
        self.oid = object_id("tag", text.encode())
        self.id = f"TA_{self.oid}"


def peel(target: Commit | Tag) -> Commit:
    while isinstance(target, Tag):
        target = target.target
    return target
