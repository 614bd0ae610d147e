"""Verdicts of checks, and the result of each check."""

from __future__ import annotations

from datetime import date
from enum import IntEnum, StrEnum

from msgspec import Struct

from audits.model.location import Location
from audits.model.publication import Publication
from audits.model.settings import Unseen
from audits.model.workflow import Job


class Severity(IntEnum):
    """How bad a fault is, in rising order; ``label`` is the word shown."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """The word in lower case, as in CSV and on the command line."""
        return self.name.lower()


class Area(StrEnum):
    """The five areas of a score, in the order they are shown."""

    PINNING = "pinning"
    PERMISSIONS = "permissions"
    ENVIRONMENT = "environment"
    TRUSTED_PUBLISHER = "trusted-publisher"
    INTEGRITY = "integrity"


class Outcome(StrEnum):
    """The outcome of a check for a repository or one of its publications."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"
    UNKNOWN = "unknown"


class FixKind(StrEnum):
    """What is known of an edit at its place.

    SAFE: proved from what was read that no run changes except in what the check is about.
    REVIEW: a person has to look at what the finding's advice names.
    """

    SAFE = "safe"
    REVIEW = "review"


class Edit(Struct, frozen=True, kw_only=True):
    """Replace ``text[start:end]`` of a file, which must read ``old``, by ``new``.

    Offsets count characters of the file's text. An insertion has ``start == end``. ``oid`` is
    git's blob id of the text that the edit was made for, "" for a file that it creates: on any
    other text the edit is refused.
    """

    path: str
    start: int
    end: int
    old: str
    new: str
    oid: str = ""


class SettingsPage(StrEnum):
    """The settings page that closes a finding; `links` turns it into an address."""

    ENVIRONMENTS = "environments"
    ACTIONS = "actions"
    RULES = "rules"
    SECRETS = "secrets"
    RELEASES = "releases"
    PUBLISHER = "publisher"


class Link(Struct, frozen=True, kw_only=True):
    """A labelled address; ``kind`` is one of permalink, edit, settings, publisher, lesson
    and documentation.
    """

    kind: str
    label: str
    url: str


class AcceptanceKind(StrEnum):
    """Accepted in the reviewed file, or by a comment in the workflow."""

    WAIVER = "waiver"
    LOCAL = "local acceptance"


class Acceptance(Struct, frozen=True, kw_only=True):
    """Why a finding is accepted. ``counts`` is False where the waiver file does not allow the
    check to be accepted locally: shown, but the score does not change.
    """

    kind: AcceptanceKind
    reason: str
    responsible: str = ""
    ticket: str = ""
    expires: date | None = None
    counts: bool = True


class Finding(Struct, frozen=True, kw_only=True):
    """One fault at one place.

    ``severity`` is None for the check's own; ``because`` says why it is milder. Of ``job``
    and ``publication``, those given say whom it concerns; with neither, every publication
    that the file at ``at`` belongs to, and with a file outside workflows, all of them.
    ``concerns`` names the publications instead, for a fault outside a release that reaches it.
    ``anchor`` is the text that names the fault across line shifts (``actions/checkout``).
    ``extra_lines`` are further lines to mark. ``edits`` fix it, all or none; ``fix`` is their
    kind at this place, None for the check's own, and ``advice`` one sentence: what to look at
    before they are applied, or why there are none. ``advisories`` are the ids (GHSA, CVE) of
    those that cover what is used.
    """

    message: str
    at: Location
    job: Job | None = None
    publication: Publication | None = None
    severity: Severity | None = None
    because: str = ""
    anchor: str = ""
    edits: tuple[Edit, ...] = ()
    fix: FixKind | None = None
    advice: str = ""
    settings_page: SettingsPage | None = None
    environment: str = ""
    extra_lines: tuple[Location, ...] = ()
    concerns: tuple[Publication, ...] | None = None
    advisories: tuple[str, ...] = ()


class Clean(Struct, frozen=True, kw_only=True):
    """A place that was looked at and is in order; without one, nothing has passed."""

    at: Location
    job: Job | None = None
    publication: Publication | None = None
    concerns: tuple[Publication, ...] | None = None


class Unknown(Struct, frozen=True, kw_only=True):
    """A place that could not be judged, because of what is unseen."""

    at: Location
    unseen: Unseen
    job: Job | None = None
    publication: Publication | None = None
    concerns: tuple[Publication, ...] | None = None


Verdict = Finding | Clean | Unknown
"""What a check yields. Nothing at all means not applicable."""


class EngineFinding(Struct, frozen=True, kw_only=True):
    """A finding of another analyser, under its own rule."""

    rule: str
    title: str
    severity: Severity
    url: str
    finding: Finding
