"""Reads stored commits, trees and blobs within bounds, without running git."""

from __future__ import annotations

import os
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cache, cached_property
from hashlib import sha1
from typing import IO, TYPE_CHECKING

from audits.collect.disk import (
    ABSENT,
    ReadFault,
    is_within,
    leads_out,
    open_regular,
    read_below,
    too_large,
)
from audits.collect.paths import MAX_BYTES
from audits.model.source import GapReason

if TYPE_CHECKING:
    from dulwich.pack import PackIndex

FOLDER, SUBMODULE, _FILE, _FORMAT = 0o040000, 0o160000, 0o100000, 0o170000
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_DELTAS = (6, 7)
# git's own limits: `pack.depth` is at most 4095, alternates are followed five deep.
_LONGEST_CHAIN, _DEEPEST_ALTERNATE = 4095, 5
_MOST_PACKS, _MOST_ALTERNATES = 1000, 20
_MOST_TAGS = 5
# Text may be stored as its difference from a larger one.
_LARGEST_BASE = 16 * 1024 * 1024
# What reading one repository may take: each object costs about 0.1 ms, 100 MB about 0.3 s.
_MOST_OBJECTS, _MOST_BYTES = 4000, 64 * 1024 * 1024
_MOST_COMMITS = 200_000
_OID = re.compile(rb"[0-9a-f]{40}")
_TIME = re.compile(rb"^committer .*> (\d{1,12}) ([+-])(\d\d)(\d\d)$", re.MULTILINE)


class MissingObject(ReadFault):
    """The object is in none of the places where the repository keeps its own."""

    def __init__(self) -> None:
        super().__init__(
            GapReason.INVALID,
            "is not among the repository's stored objects",
            "check it with 'git fsck', or clone it again",
        )


def _corrupt(what: str = "is stored in a form that cannot be read") -> ReadFault:
    advice = "check the repository with 'git fsck', or clone it again"
    return ReadFault(GapReason.INVALID, what, advice)


@cache
def _broken() -> tuple[type[Exception], ...]:
    """What readers of damaged data raise."""
    from dulwich.errors import ApplyDeltaError, FileFormatException

    return (
        ApplyDeltaError,
        FileFormatException,
        ValueError,
        LookupError,
        AssertionError,
        TypeError,  # dulwich says so of an index that ends too early
        OverflowError,
        struct.error,
        zlib.error,
        OSError,
    )


@dataclass(frozen=True)
class GitTreeEntry:
    """One entry of a folder: git's mode, and the id of what it is."""

    mode: int
    oid: str

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.mode & _FORMAT == FOLDER

    @property
    def is_file(self) -> bool:
        """Whether it is a file, and no link or submodule."""
        return self.mode & _FORMAT == _FILE


@dataclass(frozen=True)
class GitCommit:
    """A commit's folder, its time where that is known, and its first parent, "" for none."""

    tree: str
    committed_at: datetime | None
    parent: str = ""


@dataclass
class _Pack:
    """One pack: its index and its data."""

    index: PackIndex
    data: IO[bytes]


@dataclass
class Objects:
    """What the folder ``objects`` of a repository holds, with those it borrows from.

    Close it after use. Every method raises ReadFault for what cannot be read.
    """

    folder: str
    _open: ExitStack = field(default_factory=ExitStack)
    _objects_left: int = _MOST_OBJECTS
    _bytes_left: int = _MOST_BYTES
    _folders: dict[str, dict[str, GitTreeEntry]] = field(default_factory=dict)

    def close(self) -> None:
        """Close the packs."""
        self._open.close()

    def blob(self, oid: str) -> bytes:
        """The content of a file, at most `MAX_BYTES`."""
        return self._read(oid, "blob")

    def tree(self, oid: str) -> dict[str, GitTreeEntry]:
        """What a folder holds, by name; names that are not UTF-8 as `os.fsdecode` gives them."""
        if oid not in self._folders:
            self._folders[oid] = dict(_entries(self._read(oid, "tree")))
        return self._folders[oid]

    def commit(self, oid: str) -> GitCommit:
        """A commit, also by a tag of it."""
        for _ in range(_MOST_TAGS):
            kind, content = self._find(oid)
            if kind == "commit":
                return _commit(content)
            if kind != "tag":
                raise _corrupt(f"names a {kind} where a commit should be")
            oid = _header(content, b"object ")
        raise _corrupt("is a tag of a tag of a tag")

    def first_parents(self, oid: str) -> Iterator[tuple[str, GitCommit]]:
        """A commit and those before it, each the first parent of the one before: what the
        branch was, whatever was merged into it. MissingObject where a shallow clone ends.
        """
        for _ in range(_MOST_COMMITS):
            # A commit is a small object, and the walk has a bound of its own.
            self._objects_left, self._bytes_left = _MOST_OBJECTS, _MOST_BYTES
            commit = self.commit(oid)
            yield oid, commit
            if not commit.parent:
                return
            oid = commit.parent
        said = f"has more than {_MOST_COMMITS:,} commits in a row"
        raise ReadFault(GapReason.TOO_LARGE, said, "ask for a shorter past by --since")

    def at(self, tree: str, path: str) -> GitTreeEntry | None:
        """The entry of a path below a folder; None where there is none."""
        folder, _, name = path.rpartition("/")
        if folder:
            above = self.at(tree, folder)
            if above is None or not above.is_folder:
                return None
            tree = above.oid
        return self.tree(tree).get(name)

    def is_empty(self) -> bool:
        """Whether nothing at all is stored."""
        return not any(
            any(_listed(os.path.join(self.folder, name)))
            for name in _listed(self.folder)
            if name != "info"
        )

    def _read(self, oid: str, kind: str) -> bytes:
        found, content = self._find(oid)
        if found != kind:
            raise _corrupt(f"is a {found} where a {kind} should be")
        return content

    def _find(self, oid: str) -> tuple[str, bytes]:
        """The object, from wherever it is whole; the first fault where it is nowhere."""
        fault: ReadFault | None = None
        for look in (self._loose, self._packed):
            for number in range(len(self._places)):
                try:
                    found = look(oid, number)
                    if found is not None:
                        return _checked(oid, *found)
                except ReadFault as error:
                    fault = fault or error
        raise fault or MissingObject()

    def _spend(self, size: int) -> None:
        self._objects_left -= 1
        self._bytes_left -= size
        if self._objects_left < 0 or self._bytes_left < 0:
            said = "takes more to read than one repository may"
            raise ReadFault(GapReason.TOO_LARGE, said, "read it from a checkout instead")

    @cached_property
    def _places(self) -> list[str]:
        """The folders of objects: its own, and those it borrows from (``info/alternates``)."""
        places, borrowed = [self.folder], [self.folder]
        for _ in range(_DEEPEST_ALTERNATE):
            borrowed = [p for place in borrowed for p in _alternates(place) if p not in places]
            places += dict.fromkeys(borrowed)
            if len(places) > _MOST_ALTERNATES:
                said = f"borrows objects from more than {_MOST_ALTERNATES} places"
                raise ReadFault(GapReason.TOO_LARGE, said, "clone it again without --shared")
        return places

    def _loose(self, oid: str, number: int) -> tuple[str, bytes] | None:
        packed = read_below(self._places[number], f"{oid[:2]}/{oid[2:]}", _LARGEST_BASE)
        if packed is None:
            return None
        stream = zlib.decompressobj()
        try:
            start = stream.decompress(packed, 64)
            head, separator, content = start.partition(b"\0")
            kind, _, length = head.partition(b" ")
            if not separator or kind.decode("ascii", "replace") not in _KINDS.values():
                raise _corrupt()
            size = _number(length)
            if size > MAX_BYTES:
                raise too_large(MAX_BYTES)
            self._spend(size)
            content += stream.decompress(stream.unconsumed_tail, size - len(content) + 1)
        except zlib.error as error:
            raise _corrupt() from error
        if len(content) != size:
            raise _corrupt()
        return kind.decode("ascii"), content

    def _packed(self, oid: str, number: int) -> tuple[str, bytes] | None:
        fault: ReadFault | None = None
        for name in self._pack_names[number]:
            try:
                pack = self._pack(name)
                offset = _offset(pack, bytes.fromhex(oid))
                if offset is not None:
                    return self._unpacked(pack, offset)
            except ReadFault as error:
                fault = fault or error
        if fault is not None:
            raise fault
        return None

    @cached_property
    def _pack_names(self) -> list[list[str]]:
        """The packs of each place, without the ending."""
        names = []
        for place in self._places:
            folder = os.path.join(place, "pack")
            if not is_within(folder, place):
                raise leads_out("its folder")
            found = sorted(name for name in _listed(folder) if name.endswith(".pack"))
            names.append([os.path.join(folder, name.removesuffix(".pack")) for name in found])
        if sum(map(len, names)) > _MOST_PACKS:
            said = f"is stored in more than {_MOST_PACKS} packs"
            raise ReadFault(GapReason.TOO_LARGE, said, "run 'git gc' in it")
        return names

    @cached_property
    def _packs(self) -> dict[str, _Pack | ReadFault]:
        return {}

    def _pack(self, name: str) -> _Pack:
        if name not in self._packs:
            try:
                self._packs[name] = self._opened(name)
            except ReadFault as fault:
                self._packs[name] = fault
        found = self._packs[name]
        if isinstance(found, ReadFault):
            raise found
        return found

    def _opened(self, name: str) -> _Pack:
        from dulwich.object_format import SHA1
        from dulwich.pack import load_pack_index_file

        listing = self._file(f"{name}.idx")
        try:
            index = load_pack_index_file(f"{name}.idx", listing, SHA1)
        except _broken() as error:
            raise _corrupt("has an index of its packs that cannot be read") from error
        self._open.callback(index.close)
        return _Pack(index, self._file(f"{name}.pack"))

    def _file(self, place: str) -> IO[bytes]:
        """An open file, closed with the rest; never a pipe, nor what a link leads out to."""
        if not is_within(place, os.path.dirname(place)):
            raise leads_out("its folder")
        found = open_regular(place)
        if found is None:
            raise _corrupt("has a pack without its index")
        return self._open.enter_context(found)

    def _unpacked(self, pack: _Pack, offset: int) -> tuple[str, bytes]:
        from dulwich.pack import apply_delta

        deltas: list[bytes] = []
        kind = 0
        for _ in range(_LONGEST_CHAIN):
            kind, content, base = self._record(pack, offset)
            if kind not in _DELTAS:
                break
            if not deltas and _result_size(content) > MAX_BYTES:
                raise too_large(MAX_BYTES)
            deltas.append(content)
            offset = offset - base if isinstance(base, int) else _base(pack, base)
        if kind not in _KINDS:
            raise _corrupt()
        if not deltas and len(content) > MAX_BYTES:
            raise too_large(MAX_BYTES)
        for delta in reversed(deltas):
            size = _result_size(delta)
            if size > _LARGEST_BASE:
                raise too_large(_LARGEST_BASE)
            self._spend(size)
            try:
                content = b"".join(apply_delta(content, delta))
            except _broken() as error:
                raise _corrupt() from error
        return _KINDS[kind], content

    def _record(self, pack: _Pack, offset: int) -> tuple[int, bytes, int | bytes]:
        """One stored record: kind, content, and what it is the difference from."""
        from dulwich.pack import unpack_object

        try:
            kind, size = _declared(_Window(pack.data, offset, 32).read(32))
            if size > _LARGEST_BASE:
                raise too_large(MAX_BYTES)
            self._spend(size)
            # Deflated data are hardly longer than what they hold; a pack ends with its hash.
            window = _Window(pack.data, offset, size + size // 8 + 1024)
            found, _ = unpack_object(window.read, sha1, window.read, zlib_bufsize=8192)
        except _broken() as error:
            raise _corrupt() from error
        return kind, b"".join(found.decomp_chunks), found.delta_base or 0


@dataclass
class _Window:
    """A part of a file; nothing behind it is read."""

    file: IO[bytes]
    offset: int
    left: int

    def read(self, size: int) -> bytes:
        self.file.seek(self.offset)
        found = self.file.read(min(size, self.left))
        self.offset += len(found)
        self.left -= len(found)
        return found


def _checked(oid: str, kind: str, content: bytes) -> tuple[str, bytes]:
    """The object, if its content is what its id says."""
    head = f"{kind} {len(content)}\0".encode("ascii")
    if sha1(head + content, usedforsecurity=False).hexdigest() != oid:
        raise _corrupt("is not what its id says")
    return kind, content


def _entries(content: bytes) -> Iterator[tuple[str, GitTreeEntry]]:
    from dulwich.objects import parse_tree

    try:
        for name, mode, oid in parse_tree(content, 20):
            if name in {b"", b".", b".."} or b"/" in name:
                raise _corrupt("holds a name that no checkout can have")
            yield os.fsdecode(name), GitTreeEntry(mode, oid.decode("ascii"))
    except _broken() as error:
        raise _corrupt() from error


def _commit(content: bytes) -> GitCommit:
    head = content.partition(b"\n\n")[0]
    found = _TIME.search(head)
    when = None
    if found:
        seconds, sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        # A zone that no clock has shifts nothing: the seconds alone say when it was.
        zone = UTC if offset >= timedelta(days=1) else timezone(-offset if sign == b"-" else offset)
        try:
            when = datetime.fromtimestamp(int(seconds), UTC).astimezone(zone)
        except (ValueError, OverflowError, OSError):
            when = None  # a year that no calendar has
    tree, _, rest = head.partition(b"\n")
    parent = _header(rest, b"parent ") if rest.startswith(b"parent ") else ""
    return GitCommit(_header(tree, b"tree "), when, parent)


def _header(content: bytes, name: bytes) -> str:
    """The id in the first line of a commit or tag."""
    line = content.partition(b"\n")[0]
    if not line.startswith(name) or not _OID.fullmatch(line, len(name)):
        raise _corrupt()
    return line[len(name) :].decode("ascii")


def _number(text: bytes) -> int:
    if not text.isdigit() or len(text) > 15:
        raise _corrupt()
    return int(text)


def _alternates(place: str) -> list[str]:
    """The folders that a folder of objects borrows from, as its ``info/alternates`` says."""
    content = read_below(place, "info/alternates", 64 * 1024) or b""
    named = [line for line in content.split(b"\n") if line and not line.startswith(b"#")]
    paths = [os.path.normpath(os.path.join(place, os.fsdecode(line))) for line in named]
    return [path for path in paths if "\0" not in path and os.path.isdir(path)]


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except ABSENT:
        return []
    except OSError as error:
        raise ReadFault.of(error) from error


def _offset(pack: _Pack, name: bytes) -> int | None:
    from dulwich.objects import RawObjectID

    try:
        return pack.index.object_offset(RawObjectID(name))
    except KeyError:
        return None
    except _broken() as error:
        raise _corrupt("has an index of its packs that cannot be read") from error


def _base(pack: _Pack, name: bytes) -> int:
    offset = _offset(pack, name)
    if offset is None:
        raise _corrupt()
    return offset


def _result_size(delta: bytes) -> int:
    """The size of what a difference makes: the second of the two numbers it begins with."""
    position = size = 0
    for _ in range(2):
        size, position = _variable(delta, position)
    return size


def _declared(record: bytes) -> tuple[int, int]:
    """Kind and size of a record (https://git-scm.com/docs/gitformat-pack)."""
    if not record:
        raise _corrupt()
    size = record[0] & 15
    if record[0] & 0x80:
        size += _variable(record, 1)[0] << 4
    return record[0] >> 4 & 7, size


def _variable(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the position behind it."""
    number = shift = 0
    for byte in data[position : position + 10]:
        number |= (byte & 0x7F) << shift
        shift += 7
        position += 1
        if not byte & 0x80:
            return number, position
    raise _corrupt()
