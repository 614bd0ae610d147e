"""Where GitHub looks for CODEOWNERS, and what the file can say of whom to ask."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""The first that exists counts.

https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners#codeowners-file-location
"""

MOST_BYTES = 256 * 1024
"""A longer file is not read, and its repository has no answer; GitHub's own limit is 3 MB."""


class OwnersAnswer(StrEnum):
    """What CODEOWNERS says of the release; the words are part of the CSV contract."""

    OWNED = "owned"
    UNOWNED = "unowned"
    ABSENT = "absent"
    NOT_READ = "not-read"
    UNREADABLE = "unreadable"


class CodeOwners(Struct, frozen=True, kw_only=True):
    """Who owns the files of a release: ``@user``, ``@org/team`` or a mail address, in the order
    of the file; ``answer`` says why where there is nobody.
    """

    answer: OwnersAnswer
    owners: tuple[str, ...] = ()
