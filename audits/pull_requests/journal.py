"""Journals each pull request that was begun, so that a killed run can continue.

Branches of others are never touched.

One JSON object a line, appended and flushed before each request that writes. It holds names,
commits and states, no texts and no credential.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from audits.model.errors import AuditError
from audits.model.proposal import Proposal, change_digest


class JournalError(AuditError):
    """The journal cannot be read or written."""


class JournalEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one branch: the commit it was made at, the change that was to be put on
    it, and the commit that did, "" until then.
    """

    host: str
    repository: str
    branch: str
    base: str
    digest: str
    commit: str = ""
    url: str = ""

    def is_outdated_by(self, proposal: Proposal) -> bool:
        """Whether what was put on the branch has other texts than are proposed now; that the
        base moved alone says nothing.
        """
        return bool(self.commit) and change_digest(self.base, proposal.files) != self.digest


class Journal:
    """The entries of a file, the newest of each branch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[tuple[str, str, str], JournalEntry] = {}
        for line in self._lines():
            try:
                entry = msgspec.json.decode(line, type=JournalEntry)
            except msgspec.MsgspecError:
                continue  # the last line of a run that was killed while it wrote
            self._entries[_key(entry.host, entry.repository, entry.branch)] = entry

    def _lines(self) -> list[bytes]:
        try:
            return self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise JournalError(
                f"{self._path} cannot be read ({os.strerror(error.errno or 0)}).",
                "Make it readable, or name another by --journal.",
            ) from error

    def of(self, proposal: Proposal) -> JournalEntry | None:
        """What was last begun on the branch of a proposal."""
        ref = proposal.ref
        return self._entries.get(_key(ref.host, str(ref), proposal.branch))

    def note(self, proposal: Proposal, *, commit: str = "", url: str = "") -> None:
        """Record what is about to be done, or was done, for a proposal."""
        ref = proposal.ref
        entry = JournalEntry(
            host=ref.host,
            repository=str(ref),
            branch=proposal.branch,
            base=proposal.head,
            digest=proposal.digest,
            commit=commit,
            url=url,
        )
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(number, "ab") as stream:
                # A line that a kill cut off must not run into this one.
                stream.write(b"\n" + msgspec.json.encode(entry) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise JournalError(
                f"{self._path} cannot be written ({os.strerror(error.errno or 0)}).",
                "Make room, or name another by --journal.",
            ) from error
        self._entries[_key(entry.host, entry.repository, entry.branch)] = entry


def _key(host: str, repository: str, branch: str) -> tuple[str, str, str]:
    return host.lower(), repository.lower(), branch
