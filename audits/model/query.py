"""Queries to the store, and answers that are not rows of a table."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from audits.model.outcome import Link
from audits.model.rows import FindingRow


class Direction(StrEnum):
    """Where a repository's score went between two scans; OTHER where it came, left, or began or
    stopped to publish.
    """

    FELL = "fell"
    ROSE = "rose"
    OTHER = "other"


class ExposureMove(StrEnum):
    """What became of a package between two scans: anyone can publish it now and could not then,
    or the other way round, where it is known who can now.
    """

    OPENED = "opened"
    CLOSED = "closed"


class RepositoryFilter(Struct, frozen=True, kw_only=True):
    """Which repositories; every part that is given must hold, of several words any one.

    ``text`` is part of the name. ``area`` with ``below`` keeps those with fewer points there
    (without ``area``: in all). ``failing`` is a check's id.
    """

    text: str = ""
    grades: tuple[str, ...] = ()
    ladders: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    area: str = ""
    below: float | None = None
    coverage_below: float | None = None
    publishing: bool | None = None
    archived: bool | None = None
    failing: str = ""


class FindingFilter(Struct, frozen=True, kw_only=True):
    """Which findings. ``states`` are open and not-re-checked; ``accepted`` None for both;
    ``with_acceptance`` leaves out what nobody accepts, and keeps acceptances that do not count;
    ``in_release`` None also brings what only ``--all`` looks at. ``seen_since`` is a scan, or a
    moment, which stands for each owner's last scan begun by then: first seen after it.
    """

    repository: str = ""
    checks: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    accepted: bool | None = None
    with_acceptance: bool = False
    in_release: bool | None = True
    path: str = ""
    fingerprint: str = ""
    seen_since: int | datetime | None = None


class ActionFilter(Struct, frozen=True, kw_only=True):
    """Which uses. ``action`` is part of a name, or the whole of it where ``exact``."""

    action: str = ""
    exact: bool = False
    ref: str = ""
    repository: str = ""
    kinds: tuple[str, ...] = ()
    pinned: bool | None = None
    in_release: bool | None = None


class PackageFilter(Struct, frozen=True, kw_only=True):
    """Which packages: publisher statuses, registries, and levels of who can publish them; of
    several words any one. ``moved``: those that moved so after the scan ``since``.
    """

    states: tuple[str, ...] = ()
    registries: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    moved: ExposureMove | None = None
    since: int | None = None


class PublicationFilter(Struct, frozen=True, kw_only=True):
    """Which publications: registries, and how they authenticate (oidc, token …)."""

    registries: tuple[str, ...] = ()
    auths: tuple[str, ...] = ()


class GapFilter(Struct, frozen=True, kw_only=True):
    """Which gaps: reasons; ``optional`` None for both."""

    reasons: tuple[str, ...] = ()
    optional: bool | None = None


class JobFilter(Struct, frozen=True, kw_only=True):
    """Which jobs. ``action`` is part of the name of an action, called workflow or image that the
    job runs, or the whole of it where ``exact``; ``reads`` the name of a stored secret, in any
    case, which a job that reads all secrets reads too; ``runner`` a label.
    """

    action: str = ""
    exact: bool = False
    reads: str = ""
    runner: str = ""


class ActionSummary(Struct, frozen=True, kw_only=True):
    """One action over all repositories. ``advisories`` are ids, joined by commas."""

    action: str
    kind: str
    uses: int
    repositories: int
    refs: int
    unpinned: int
    in_release: int
    advisories: str
    newest_release: str
    archived: str


class CheckCount(Struct, frozen=True, kw_only=True):
    """How many repositories a check passes, fails or leaves unknown, and what it costs."""

    check: str
    title: str
    area: str
    severity: str
    passed: int
    failed: int
    unknown: int
    places: int
    points: float


class PermissionCount(Struct, frozen=True, kw_only=True):
    """Unknown results that a permission would answer."""

    permission: str
    unknown: int
    repositories: int


class OwnerFact(Struct, frozen=True, kw_only=True):
    """One line of the owner's card; ``repositories`` are those it touches, and ``consequence``
    says what would follow from changing the setting, "" where nothing is known of that.
    """

    owner: str
    check: str
    title: str
    severity: str
    outcome: str
    repositories: int
    message: str
    reason: str
    permission: str
    links: tuple[Link, ...] = ()
    consequence: str = ""


class FixTime(Struct, frozen=True, kw_only=True):
    """How long findings of a check are open, in days. ``fixed``, ``mean_days`` and ``longest_days``
    are of those that are no more; ``median_days`` is the age by which half of all are fixed, open
    ones counted in, None where fewer ever are. ``how`` counts ends: repair, removal, archive,
    rules, and waiver for those that are accepted; ``open`` are those that count and stay.
    """

    check: str
    title: str
    fixed: int
    mean_days: float
    longest_days: float
    median_days: float | None = None
    how: dict[str, int] = field(default_factory=dict)
    open: int = 0
    oldest_open_days: float = 0.0


class FindingCounts(Struct, frozen=True, kw_only=True):
    """How many findings are new, fixed, reopened, or not re-checked since another scan."""

    new: int = 0
    fixed: int = 0
    reopened: int = 0
    not_rechecked: int = 0


class ScanChanges(Struct, frozen=True, kw_only=True):
    """What is different between two scans of an owner; counts tell all, rows may be fewer."""

    owner: str
    scan: int
    since: int
    new: tuple[FindingRow, ...] = ()
    fixed: tuple[FindingRow, ...] = ()
    reopened: tuple[FindingRow, ...] = ()
    not_rechecked: tuple[FindingRow, ...] = ()
    new_count: int = 0
    fixed_count: int = 0
    reopened_count: int = 0
    not_rechecked_count: int = 0
