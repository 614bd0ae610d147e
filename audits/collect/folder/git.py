"""Reads HEAD, refs and the remote of a git repository, without running git.

Nothing that a repository or the environment names is run: of its configuration the address of
``origin`` and the form of its storage are read, includes are not followed, and no variable
such as ``GIT_DIR`` has an effect. https://git-scm.com/docs/gitrepository-layout
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from audits.collect.disk import ABSENT, ReadFault, is_within, open_regular, read_below
from audits.collect.folder.git_objects import GitCommit, MissingObject, Objects
from audits.model.source import GapReason

if TYPE_CHECKING:
    from dulwich.config import ConfigFile

_SMALL, _MOST_CONFIG = 4096, 256 * 1024
_MOST_PACKED_REFS, _AT_ONCE = 128 * 1024 * 1024, 1024 * 1024
_MOST_SYMBOLIC = 5
_MOST_FOLDERS = 1000
_OID = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")
# https://git-scm.com/docs/git-check-ref-format
_REF = re.compile(rb"refs(?:/(?!\.)(?:(?!\.\.|@\{)[^\x00-\x20\x7f~^:?*\[\\/])+)+")
_OF_WORKTREE = ("refs/bisect/", "refs/rewritten/", "refs/worktree/")


@dataclass(frozen=True)
class GitHead:
    """Commit and branch of HEAD: "" for a branch without a commit, or for no branch."""

    commit: str = ""
    branch: str = ""


@dataclass
class GitRepository:
    """``top`` holds HEAD, ``common`` what worktrees share: references, objects, settings."""

    top: str
    common: str
    _closing: ExitStack = field(default_factory=ExitStack)

    def close(self) -> None:
        """Close what was opened of it."""
        self._closing.close()

    @cached_property
    def objects(self) -> Objects:
        """Its stored objects; ReadFault where a link leads elsewhere for them."""
        folder = os.path.join(self.common, "objects")
        if not is_within(folder, self.common):
            raise ReadFault(GapReason.UNSUPPORTED, "keeps its objects elsewhere", "clone it again")
        objects = Objects(folder)
        self._closing.callback(objects.close)
        return objects

    def head(self) -> GitHead:
        """HEAD; ReadFault where it is unknown."""
        if self._setting("extensions", "refstorage") == "reftable" or os.path.isdir(
            os.path.join(self.common, "reftable")
        ):
            advice = "convert it with 'git refs migrate --ref-format=files'"
            said = "keeps its branches as a reftable, which is not read"
            raise ReadFault(GapReason.UNSUPPORTED, said, advice)
        content = _reference(self.top, "HEAD")
        if content is None:
            raise _broken("has no HEAD")
        branch = ""
        for _ in range(_MOST_SYMBOLIC):
            if not content.startswith(b"ref:"):
                return GitHead(_id(content), branch.removeprefix("refs/heads/"))
            name = content.removeprefix(b"ref:").strip()
            if not _REF.fullmatch(name) or len(name) > 1024:
                raise _broken("has a HEAD that names no branch")
            branch = os.fsdecode(name)
            found = self._ref(branch)
            if found is None:
                return GitHead("", branch.removeprefix("refs/heads/"))
            content = found
        raise _broken("has a HEAD that leads through too many names")

    def commit(self, oid: str) -> GitCommit:
        """The commit of this full id."""
        if len(oid) > 40 or self._setting("extensions", "objectformat") not in {"", "sha1"}:
            said = "stores objects by SHA-256, which is not read"
            raise ReadFault(GapReason.UNSUPPORTED, said, "read it from GitHub, or as SHA-1")
        return self.objects.commit(oid)

    def is_unborn(self) -> bool:
        """Whether nothing was ever committed: there are neither references nor objects."""
        return not self._has_references() and self.objects.is_empty()

    def is_shallow(self) -> bool:
        """Whether earlier commits were left out when it was cloned (``--depth``)."""
        return os.path.lexists(os.path.join(self.common, "shallow"))

    def is_partial(self) -> bool:
        """Whether the server may have objects that are missing here."""
        if self._setting("extensions", "partialclone"):
            return True
        try:
            packs = os.listdir(os.path.join(self.common, "objects", "pack"))
        except OSError:
            return False
        return any(name.endswith(".promisor") for name in packs)

    def origin(self) -> str:
        """The address of the remote ``origin``, "" where there is none."""
        return self._setting("remote", "url", "origin")

    def worktree(self) -> str:
        """The folder of its files, where its configuration names one; "" otherwise."""
        named = self._setting("core", "worktree")
        return os.path.join(self.top, named) if named else ""

    def _has_references(self) -> bool:
        if read_below(self.common, "packed-refs", _MOST_PACKED_REFS):
            return True
        walk = os.walk(os.path.join(self.common, "refs"), onerror=_refused)
        return any(names or seen > _MOST_FOLDERS for seen, (_, _, names) in enumerate(walk))

    def _ref(self, name: str) -> bytes | None:
        """What a reference holds; None where there is none."""
        base = self.top if name.startswith(_OF_WORKTREE) else self.common
        found = _reference(base, name)
        return found if found is not None else _packed(self.common, os.fsencode(name))

    def _setting(self, section: str, name: str, of: str = "") -> str:
        place = (section.encode(), of.encode()) if of else (section.encode(),)
        try:
            return self._config.get(place, name.encode()).decode("utf-8", "replace")
        except KeyError:
            return ""

    @cached_property
    def _config(self) -> ConfigFile:
        """The configuration, without what it includes."""
        from dulwich.config import ConfigFile

        content = read_below(self.common, "config", _MOST_CONFIG) or b""
        try:
            return ConfigFile.from_file(BytesIO(content), expand_includes=False)
        except (ValueError, LookupError, AssertionError) as error:
            raise _broken("has a config that cannot be read") from error


@contextmanager
def git_repository(path: Path, *, bare: bool = False) -> Iterator[GitRepository | None]:
    """The repository whose files lie in a folder, or that the folder is; None where the folder
    is of no repository. Raises ReadFault where that is unknown.
    """
    top = os.fspath(path) if bare else _git_folder(os.fspath(path))
    if top is None:
        yield None
        return
    repository = GitRepository(top, _common(top))
    try:
        yield repository
    finally:
        repository.close()


def lacks(repository: GitRepository, fault: ReadFault) -> ReadFault:
    """The fault, or, where an object is missing of a partial clone, what to do then."""
    if isinstance(fault, MissingObject) and repository.is_partial():
        said, advice = "is not in this partial clone", "clone it without --filter"
        return ReadFault(GapReason.NOT_FOUND, said, advice)
    return fault


def _git_folder(path: str) -> str | None:
    """What ``.git`` stands for: itself, or the folder of a worktree or submodule."""
    place = os.path.join(path, ".git")
    try:
        os.lstat(place)
    except ABSENT:
        return None
    except OSError as error:
        raise ReadFault.of(error) from error
    if os.path.islink(place):
        raise ReadFault(
            GapReason.UNSUPPORTED, "is a symbolic link, which is not followed", "clone it again"
        )
    content = read_below(path, ".git", _SMALL)
    if content is not None:
        return _linked(path, content)
    try:
        held = set(os.listdir(place))
    except OSError as error:
        raise ReadFault.of(error) from error
    # An empty folder of that name is no repository; one that lost its HEAD is a broken one.
    return place if held & {"HEAD", "objects", "refs"} else None


def _linked(path: str, content: bytes) -> str:
    """The folder that a file ``.git`` names, if that is a worktree's or submodule's own and
    points back here: whoever wrote the files of a repository could name any folder.
    """
    if not content.startswith(b"gitdir:") or b"\0" in content:
        raise _broken("is a file that names no folder")
    named = os.fsdecode(content.removeprefix(b"gitdir:").strip())
    top = os.path.normpath(os.path.join(path, named))
    if not os.path.lexists(top):
        said = "names a folder that is not there"
        raise ReadFault(GapReason.NOT_FOUND, said, "repair it with 'git worktree repair'")
    if is_within(top, path) or not (_is_worktree(top, path) or _is_submodule(top, path)):
        said = "names a folder that does not point back to it, which is not followed"
        raise ReadFault(GapReason.UNSUPPORTED, said, "clone the repository again")
    return top


def _is_worktree(top: str, path: str) -> bool:
    """Whether a folder is git's own of a worktree at ``path`` (``git worktree add``)."""
    if os.path.basename(os.path.dirname(top)) != "worktrees":
        return False
    back = read_below(top, "gitdir", _SMALL)
    return back is not None and _is_same(_line(top, back), os.path.join(path, ".git"))


def _is_submodule(top: str, path: str) -> bool:
    """Whether a folder is git's own of a submodule at ``path``."""
    if "modules" not in top.split(os.sep)[:-1]:
        return False
    return _is_same(GitRepository(top, top).worktree(), path)


def _common(top: str) -> str:
    """What a worktree shares with others (``commondir``), which lies two folders up."""
    content = read_below(top, "commondir", _SMALL)
    if content is None:
        return top
    common = _line(top, content)
    if os.path.basename(os.path.dirname(top)) == "worktrees" and _is_same(
        common, os.path.dirname(os.path.dirname(top))
    ):
        return common
    said = "shares the objects of a folder that is not its own, which is not followed"
    raise ReadFault(GapReason.UNSUPPORTED, said, "clone the repository again")


def _line(folder: str, content: bytes) -> str:
    """The path in a file of git's, from the folder of that file."""
    named = os.fsdecode(content.strip().replace(b"\0", b""))
    return os.path.normpath(os.path.join(folder, named))


def _is_same(one: str, other: str) -> bool:
    return bool(one) and os.path.realpath(one) == os.path.realpath(other)


def _reference(folder: str, name: str) -> bytes | None:
    """The content of a reference's own file; old ones are links to the name of another."""
    place = os.path.join(folder, name)
    try:
        target = os.readlink(place)
    except OSError:
        target = ""
    if target.startswith("refs/"):
        return b"ref: " + os.fsencode(target)
    content = read_below(folder, name, _SMALL)
    return None if content is None else content.strip()


def _packed(common: str, name: bytes) -> bytes | None:
    """A reference's id in ``packed-refs``, which may have millions of lines."""
    if not is_within(os.path.join(common, "packed-refs"), common):
        raise _broken("has a packed-refs that leads elsewhere")
    stream = open_regular(os.path.join(common, "packed-refs"), _MOST_PACKED_REFS)
    if stream is None:
        return None
    looked_for, before = b" " + name + b"\n", b"\n"
    with stream:
        while part := stream.read(_AT_ONCE):
            text = before + part
            found = text.find(looked_for)
            if found >= 0:
                return text[:found].rpartition(b"\n")[2]
            before = text[-(len(looked_for) + 70) :]
        found = before.endswith(looked_for[:-1])
    return before[: -len(looked_for) + 1].rpartition(b"\n")[2] if found else None


def _id(content: bytes) -> str:
    if not _OID.fullmatch(content):
        raise _broken("has a reference that is no commit's id")
    return content.decode("ascii")


def _broken(said: str) -> ReadFault:
    advice = "check it with 'git fsck', or clone it again"
    return ReadFault(GapReason.INVALID, said, advice)


def _refused(error: OSError) -> None:
    if not isinstance(error, ABSENT):
        raise ReadFault.of(error) from error
