"""Writes changed files into a checkout: whole or not at all, and never outside of it.

No file is written through a symbolic link that leads out of the repository, none that is
another one than the edits were made for, and none in place: a reader sees the old text or the
new one.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from audits.collect.disk import ReadFault, is_within, read_regular
from audits.collect.paths import MAX_BYTES
from audits.model.edit_plan import ChangedFile
from audits.model.errors import AuditError
from audits.model.source import SourceFile

_NOT_UTF8 = re.compile(r"\\udc[89a-f][0-9a-f]")
"""A byte of a name as collectors write it."""


class WriteError(AuditError):
    """A file that could not be written; nothing was, or the message says what."""


class _Ready(Struct, frozen=True):
    """A new text that lies beside the place where it belongs."""

    place: Path
    temporary: Path
    file: ChangedFile


def write_files(root: Path, files: Sequence[ChangedFile]) -> None:
    """Write all files below ``root``; WriteError where one cannot be, before any is written."""
    ready: list[_Ready] = []
    try:
        # One by one, so that what is there already is removed where a later one fails.
        ready.extend(_prepared(root, file) for file in files)
        for each in ready:
            _check(each.place, each.file)
        for each in ready:
            _put(each)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        name = error.filename or root
        raise WriteError(f"{name} cannot be written: {why}.", "Make it writable.") from error
    finally:
        for each in ready:
            with suppress(FileNotFoundError):
                each.temporary.unlink()


def _prepared(root: Path, file: ChangedFile) -> _Ready:
    """Write the new text beside its place."""
    place = (root / file.path).resolve()
    if not is_within(str(place), str(root)):
        raise WriteError(
            f"{file.path} leads out of the repository by a symbolic link.",
            "Put the file itself there; nothing was written.",
        )
    _check(place, file)
    if file.before is None:
        place.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(place.stat().st_mode) if file.before is not None else _new_mode()
    number, name = tempfile.mkstemp(prefix=".release-audit-", dir=place.parent)
    temporary = Path(name)
    with os.fdopen(number, "wb") as stream:
        stream.write(file.text.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())
    temporary.chmod(mode)
    return _Ready(place, temporary, file)


def _check(place: Path, file: ChangedFile) -> None:
    """Refuse a place that does not hold what the edits were made for."""
    try:
        content = read_regular(str(place), MAX_BYTES)
    except ReadFault as fault:
        raise WriteError(f"{file.path} {fault.said}.", f"{fault.advice.capitalize()}.") from None
    if file.before is None:
        if os.path.lexists(place):
            raise WriteError(f"{file.path} exists by now.", "Run this again.")
    elif content is None and _NOT_UTF8.search(file.path):
        raise WriteError(
            f"The name of {file.path} is not UTF-8, and such files are not written.",
            "Rename the file, then run this again; nothing was written.",
        )
    elif content is None:
        raise WriteError(f"{file.path} is gone by now.", "Run this again; nothing was written.")
    elif SourceFile.of(file.path, content).oid != file.before.oid:
        raise WriteError(f"{file.path} changed meanwhile.", "Run this again; nothing was written.")


def _put(each: _Ready) -> None:
    if each.file.before is None:
        # Claims the name, and fails where a file of it has come meanwhile.
        os.close(os.open(each.place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    each.temporary.replace(each.place)


def _new_mode() -> int:
    """The mode of a new file, as the user's mask has it."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
