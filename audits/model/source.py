"""A snapshot: files of one repository at one commit, and the gaps of reading it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha1
from itertools import accumulate

from msgspec import Struct, field
from msgspec.structs import force_setattr

from audits.model.platform_facts import is_enterprise_server
from audits.model.redaction import masked
from audits.model.settings import OwnerSettings, RepositorySettings
from audits.model.storable import storable


def _keep_storable(made: Struct, *names: str) -> None:
    """Write out what no database holds in texts that a struct is made with."""
    for name in names:
        text = getattr(made, name)
        if (clean := storable(text)) is not text:
            force_setattr(made, name, clean)


class GapReason(StrEnum):
    """Why something could not be seen; the words are part of the CSV contract."""

    INVALID = "invalid"
    TOO_LARGE = "too-large"
    NOT_FOUND = "not-found"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate-limited"
    UNAVAILABLE = "unavailable"
    UNSUPPORTED = "unsupported"
    CRASHED = "crashed"
    UNRECOGNIZED = "unrecognized-publication"


class Gap(Struct, frozen=True, kw_only=True):
    """Something that could not be seen, and why.

    ``subject`` is a path, an environment, a package, a setting or a file's comment; ``detail``
    one sentence with a piece of advice; ``permission`` names the right that would have shown
    it, if any; ``job`` the job of a workflow that it is about. Credentials that the detail
    quotes are redacted.

    ``optional`` marks what was not asked for explicitly: a setting that only sharpens checks,
    a directory that is no repository, an ignore comment without effect. It makes checks unknown
    or is a remark; every other gap means that something asked for was not read (exit status 3).
    """

    subject: str
    reason: GapReason
    detail: str
    line: int | None = None
    permission: str = ""
    optional: bool = False
    job: str = ""

    def __post_init__(self) -> None:
        _keep_storable(self, "subject", "detail", "permission", "job")
        if (shown := masked(self.detail)) != self.detail:
            force_setattr(self, "detail", shown)


class RepositoryRef(Struct, frozen=True, kw_only=True):
    """A repository's name and where it lives; ``host`` is the web host, no scheme, and ""
    where it is not known whose it is: ``owner`` is a guess then, and nothing links there.
    """

    owner: str
    name: str
    host: str = "github.com"

    def __post_init__(self) -> None:
        _keep_storable(self, "owner", "name", "host")

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def is_known(self) -> bool:
        """Whether it is known whose repository it is, so that addresses lead to it."""
        return bool(self.host)

    @property
    def is_enterprise_server(self) -> bool:
        """Whether it lives on a GitHub Enterprise Server, whose OIDC issuer is its own."""
        return is_enterprise_server(self.host)


def blob_id(content: bytes) -> str:
    """The id that git gives a file of this content, by SHA-1."""
    return sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class SourceFile(Struct, frozen=True, kw_only=True):
    """The text of one file; ``oid`` is git's blob id, so equal texts have equal ids."""

    path: str
    text: str
    oid: str

    def __post_init__(self) -> None:
        _keep_storable(self, "path")

    @classmethod
    def of(cls, path: str, content: bytes) -> SourceFile:
        """The file with this content, which must be UTF-8 (UnicodeDecodeError otherwise)."""
        return cls(path=path, text=content.decode("utf-8"), oid=blob_id(content))


_AND_BREAK = (1).__add__


@lru_cache(maxsize=8)
def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a file as GitHub counts them; kept, since findings come file by file."""
    return tuple(text.split("\n"))


@lru_cache(maxsize=8)
def line_starts(text: str) -> tuple[int, ...]:
    """The offset at which each of these lines starts."""
    lengths = map(len, lines_of(text)[:-1])
    return tuple(accumulate(map(_AND_BREAK, lengths), initial=0))


class Snapshot(Struct, frozen=True, kw_only=True):
    """What a collector read of one repository at one commit.

    ``settings`` is None where the collector has no access to settings at all (a folder);
    single facts it was refused are `Unseen` inside. ``remote_files`` are called workflows and
    composite actions of other repositories of the owner, by ``owner/repo/path@ref``. ``unread``
    are scripts and the like that the text of a workflow seems to lead to and that could not be
    read: gaps only where a release depends on them. ``alone`` marks a workflow that was given
    without its repository: a file that is missing here was not seen, which says nothing of
    whether it exists.
    """

    ref: RepositoryRef
    commit: str = ""
    committed_at: datetime | None = None
    branch: str = "main"
    archived: bool = False
    files: tuple[SourceFile, ...] = ()
    settings: RepositorySettings | None = None
    owner_settings: OwnerSettings | None = None
    remote_files: dict[str, SourceFile] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    unread: tuple[Gap, ...] = ()
    database_id: int | None = None
    alone: bool = False

    def __post_init__(self) -> None:
        _keep_storable(self, "commit", "branch")
