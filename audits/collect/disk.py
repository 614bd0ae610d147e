"""Opens files of untrusted folders and keeps absent, refused and broken apart."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import IO

from audits.model.source import Gap, GapReason

_REFUSED = (GapReason.FORBIDDEN, "may not be read by this user", "give it read permission")
_BY_NUMBER = {
    errno.EACCES: _REFUSED,
    errno.EPERM: _REFUSED,
    errno.ELOOP: (
        GapReason.INVALID,
        "is a symbolic link that leads back to itself",
        "put the file itself there",
    ),
    errno.ENAMETOOLONG: (
        GapReason.UNSUPPORTED,
        "has a longer name than this system can open",
        "shorten it",
    ),
}
_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
# A pipe without a writer, or a terminal, must not make its reader wait or take it over.
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | os.O_CLOEXEC
ABSENT = (FileNotFoundError, NotADirectoryError)
"""The errors that mean that there is no such file; every other one is a gap."""


class ReadFault(Exception):  # noqa: N818 - an answer of its own, not an accident
    """Something that is there and was not read: ``said`` continues a sentence that begins with
    its path, ``advice`` is an imperative.
    """

    def __init__(self, reason: GapReason, said: str, advice: str) -> None:
        super().__init__(said)
        self.reason, self.said, self.advice = reason, said, advice

    @classmethod
    def of(cls, error: OSError) -> ReadFault:
        """The fault for an error of the system other than `ABSENT`."""
        if error.errno in _BY_NUMBER:
            return cls(*_BY_NUMBER[error.errno])
        said = f"could not be read ({os.strerror(error.errno or errno.EIO)})"
        return cls(GapReason.UNAVAILABLE, said, "check the disk, then run this again")

    def gap(self, path: str, *, subject: str = "", optional: bool = False) -> Gap:
        """The gap for the file of this path."""
        detail = f"{path} {self.said}; {self.advice}"
        return Gap(subject=subject or path, reason=self.reason, detail=detail, optional=optional)


def leads_out(what: str = "the repository") -> ReadFault:
    """The fault of a path whose symbolic links, or ``..``, lead elsewhere."""
    said = f"leads out of {what} and is not followed"
    return ReadFault(GapReason.UNSUPPORTED, said, "put the file itself there")


def dangling() -> ReadFault:
    """The fault of a symbolic link to nothing."""
    said = "is a symbolic link to a file that is not there"
    return ReadFault(GapReason.NOT_FOUND, said, "put the file itself there, or remove the link")


def replaced() -> ReadFault:
    """The fault of a file that is another one, or has another size, than a moment ago."""
    return ReadFault(GapReason.UNAVAILABLE, "changed while it was read", "run this again")


def too_large(limit: int) -> ReadFault:
    """The fault of a file of more than ``limit`` bytes."""
    said = f"is larger than {limit // 1024} KiB and was not read"
    return ReadFault(GapReason.TOO_LARGE, said, "split it")


def open_regular(place: str, limit: int | None = None) -> IO[bytes] | None:
    """A file, links followed, open for reading; None where there is no file of this name.

    Raises ReadFault for whatever else: no permission, more than ``limit`` bytes, a pipe, a
    file that is replaced meanwhile. Pipes and devices are never opened.
    """
    try:
        found = os.stat(place)
        if stat.S_ISDIR(found.st_mode):
            return None
        if not stat.S_ISREG(found.st_mode):
            raise no_file(found.st_mode)
        if limit is not None and found.st_size > limit:
            raise too_large(limit)
        stream = os.fdopen(os.open(place, _OPEN), "rb", buffering=0)
    except ABSENT:
        return None
    except ValueError:  # a name with a NUL byte, which no file has
        return None
    except OSError as error:
        raise ReadFault.of(error) from error
    if _identity(os.fstat(stream.fileno())) != _identity(found):
        stream.close()
        raise replaced()
    return stream


def read_regular(place: str, limit: int) -> bytes | None:
    """The bytes of a file as `open_regular` finds it."""
    stream = open_regular(place, limit)
    if stream is None:
        return None
    with stream:
        try:
            size = os.fstat(stream.fileno()).st_size
            content = stream.read(size + 1)
        except OSError as error:
            raise ReadFault.of(error) from error
    if len(content) != size:
        raise replaced()
    return content


def _identity(found: os.stat_result) -> tuple[int, int, int, int]:
    return found.st_dev, found.st_ino, found.st_size, stat.S_IFMT(found.st_mode)


def no_file(mode: int) -> ReadFault:
    """The fault of a pipe, a socket or a device, by its mode."""
    what = next((name for is_kind, name in _KINDS if is_kind(mode)), "something special")
    said = f"is {what} and not a file, and was not opened"
    return ReadFault(GapReason.UNSUPPORTED, said, "put a file there, or remove it")


def is_within(place: str, folder: str) -> bool:
    """Whether a path, with its links resolved, is a folder or lies below it."""
    real = os.path.join(os.path.realpath(place), "")
    return real.startswith(os.path.join(os.path.realpath(folder), ""))


def read_below(folder: str, name: str, limit: int) -> bytes | None:
    """`read_regular` of a file below a folder; no symbolic link leads out of that."""
    place = os.path.join(folder, name)
    try:
        inside = is_within(place, folder)
    except ValueError:  # a NUL byte
        return None
    if not inside:
        raise leads_out("its folder")
    content = read_regular(place, limit)
    if content is None and os.path.islink(place) and not os.path.isdir(place):
        raise dangling()
    return content
