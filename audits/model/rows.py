"""Rows of the store as reports and the dashboard read them.

Times are aware and in UTC. Text that was not there is ``""``, a number that is not known None.
"""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct, field

from audits.model.outcome import Link
from audits.model.score import ScoreStep
from audits.model.timeline import Timeline


class ScanRow(Struct, frozen=True, kw_only=True):
    """One scan. ``finished`` is None while it runs or if it was killed. ``cause`` words are
    ``policy``, ``platform`` and ``token`` where that changed since the scan before. ``as_of`` is the day whose
    facts of the platform counted, None where that was not recorded; ``rules`` the digest of the
    rules.
    """

    id: int
    owner: str
    source: str
    started: datetime
    finished: datetime | None
    tool_version: str
    policy: str
    tier: int
    repositories: int = 0
    not_reached: int = 0
    changed: tuple[str, ...] = ()
    as_of: date | None = None
    rules: str = ""


class RepositoryRow(Struct, frozen=True, kw_only=True):
    """One repository as of a scan. ``areas`` and ``coverages`` by the area's word; ``open``
    counts unaccepted findings by severity's word, ``not_rechecked`` those of them that were
    not re-checked, where that was asked; ``registries`` and ``ladders`` distinct;
    ``unrecognized`` counts release-like jobs that are not understood. ``level`` is the least
    privileged who can publish something, ``may_be`` who perhaps can; "" where nothing is published.
    ``steps`` and ``not_counted`` as in `Score`; ``ask`` and ``code_owners`` are the owners and the
    answer of `CodeOwners`.
    """

    owner: str
    repository: str
    host: str
    commit: str
    branch: str
    archived: bool
    topics: tuple[str, ...]
    grade: str
    points: float | None
    strict_points: float | None
    coverage: float | None
    tier: int
    policy: str
    cap: str
    areas: dict[str, float | None]
    coverages: dict[str, float | None]
    open: dict[str, int]
    accepted: int
    publications: int
    registries: tuple[str, ...]
    ladders: tuple[str, ...]
    gaps: int
    last_seen: datetime
    changed: datetime
    not_rechecked: int = 0
    unrecognized: int = 0
    level: str = ""
    may_be: str = ""
    steps: tuple[ScoreStep, ...] = ()
    not_counted: dict[str, int] = field(default_factory=dict)
    ask: tuple[str, ...] = ()
    code_owners: str = ""


class FindingRow(Struct, frozen=True, kw_only=True):
    """One finding as of a scan. ``state`` is open, not-re-checked, fixed; ``acceptance`` the
    kind's word or "", ``accepted`` whether that counts. ``line`` is the line in the newest scan.
    """

    owner: str
    repository: str
    host: str
    fingerprint: str
    check: str
    title: str
    area: str
    severity: str
    state: str
    message: str
    because: str
    path: str
    line: int
    end_line: int | None
    excerpt: str
    workflow: str
    job: str
    publication: str
    environment: str
    in_release: bool
    fix: str
    advice: str
    acceptance: str
    acceptance_reason: str
    responsible: str
    ticket: str
    expires: str
    commit: str
    first_seen: datetime
    last_seen: datetime
    accepted: bool = False
    closed: datetime | None = None
    fixed_by: str = ""
    links: tuple[Link, ...] = ()


class WaiverRow(Struct, frozen=True, kw_only=True):
    """What one waiver or comment accepts in one file; ``findings`` is how many. ``state`` is
    accepts, or accepts-nothing and expired for an entry of a waiver file, whose ``repository``
    and ``path`` are patterns. ``counts`` is None there; ``expires`` a day, "" for a comment.
    """

    owner: str
    repository: str
    path: str
    check: str
    severity: str
    acceptance: str
    responsible: str
    reason: str
    ticket: str
    expires: str
    findings: int
    state: str = "accepts"
    counts: bool | None = None


class PublicationRow(Struct, frozen=True, kw_only=True):
    """One publication as of a scan; the words are those of the CSV contract."""

    owner: str
    repository: str
    workflow: str
    job: str
    step: int
    line: int
    registry: str
    channel: str
    package: str
    mechanism: str
    auth: str
    credential: str
    environment: str
    environment_form: str
    id_token: bool
    indirect: bool
    attests: str
    triggers: str
    called: str
    publisher_workflow: str


class ResultRow(Struct, frozen=True, kw_only=True):
    """The outcome of one check for one repository; ``permission`` what would make it known."""

    owner: str
    repository: str
    check: str
    title: str
    area: str
    severity: str
    outcome: str
    weight: float
    reason: str
    permission: str
    need: str
    places: int
    failing: int


class DeductionRow(Struct, frozen=True, kw_only=True):
    """Points that a check takes from an area of a repository's worst publication."""

    owner: str
    repository: str
    area: str
    check: str
    severity: str
    points: float
    publication: str


class GapRow(Struct, frozen=True, kw_only=True):
    """Something that could not be seen; ``repository`` is "" for the owner as a whole,
    ``optional`` and ``job`` as in `Gap`.
    """

    owner: str
    repository: str
    subject: str
    reason: str
    detail: str
    line: int | None
    permission: str
    optional: bool = False
    job: str = ""


class SettingRow(Struct, frozen=True, kw_only=True):
    """One setting of GitHub as it was read; ``repository`` is "" for the account's own.

    ``scope`` is what it is a setting of: ``account``, ``repository``, ``actions``,
    ``environment``, ``tag-ruleset``, ``branch-ruleset`` or ``workflow-policy``, the last four
    with their ``name``. ``value`` is its text, None where it was not read: ``unseen`` then says
    why, and ``permission`` which right would show it. ``set_by`` says whose choice it is, ""
    where GitHub does not.
    """

    owner: str
    repository: str
    scope: str
    name: str
    setting: str
    value: str | None
    set_by: str = ""
    unseen: str = ""
    permission: str = ""


class PackageRow(Struct, frozen=True, kw_only=True):
    """One package: where it comes from, its place on the ladder, and the evidence."""

    owner: str
    repository: str
    registry: str
    package: str
    state: str
    previous_state: str
    why: str
    workflow: str
    job: str
    environment: str
    auth: str
    last_release: str
    last_release_at: datetime | None
    attested: str
    publisher_repository: str
    publisher_workflow: str
    publisher_environment: str
    release_ref: str
    release_event: str
    release_runner: str
    release_run: str
    evidence_at: datetime | None
    publisher_form: str
    level: str = ""
    may_be: str = ""
    level_accepted: bool = False
    holds: str = ""
    until: str = ""
    paths_anyone: int = 0
    paths_third_party: int = 0
    paths_one_writer: int = 0
    cut: str = ""
    cut_path: str = ""
    cut_line: int | None = None
    cut_edits: int = 0
    cut_leaves: str = ""
    needs: str = ""
    writers: int | None = None
    writers_unseen: str = ""


class SharedCut(Struct, frozen=True, kw_only=True):
    """One change that closes paths of several packages: the same action pinned, the same setting.

    ``alone`` counts the packages whose level it raises by itself; ``level`` is the least
    privileged of theirs, ``leaves`` that of what it alone leaves, "" where others are needed too.
    """

    change: str
    packages: int
    alone: int
    repositories: int
    level: str
    leaves: str


class StepRow(Struct, frozen=True, kw_only=True):
    """One step of a path; ``kind`` as in `PathStep`."""

    kind: str
    what: str
    path: str
    line: int
    job: str


class CutRow(Struct, frozen=True, kw_only=True):
    """A change that closes a path; ``path`` is "" where it is made in settings."""

    what: str
    path: str
    line: int


class PathRow(Struct, frozen=True, kw_only=True):
    """One path from people to a publication; the words are those of `ExposurePath`. ``since`` is
    when the scan began that saw it first.
    """

    owner: str
    repository: str
    publication: str
    registry: str
    package: str
    path_id: str
    actor: str
    state: str
    holds: str
    until: str
    way_in: str
    sink: str
    starts: str
    sets_level: bool
    way_in_path: str
    way_in_line: int
    way_in_job: str
    sink_path: str
    sink_line: int
    steps: tuple[StepRow, ...]
    cuts: tuple[CutRow, ...]
    needs: tuple[str, ...]
    finding: str
    accepted: bool
    since: datetime | None = None


class ActionRow(Struct, frozen=True, kw_only=True):
    """One use of an action, reusable workflow or image."""

    owner: str
    repository: str
    action: str
    ref: str
    comment: str
    pinned: bool
    kind: str
    path: str
    line: int
    job: str
    role: str
    in_release: bool
    permissions: str
    advisories: str
    newest_release: str
    archived: str


class JobRow(Struct, frozen=True, kw_only=True):
    """One job that can run, with what it holds, and of an action that was asked for the use in
    it: ``commit`` what its ref resolved to, "" where nobody asked. ``job`` is "" for a use in a
    composite action. ``secrets`` are names in lower case, ``*`` where all are read; ``publishes``
    are registries with packages.
    """

    owner: str
    repository: str
    host: str
    audited: str
    path: str
    job: str
    line: int
    role: str
    in_release: bool
    events: tuple[str, ...]
    runners: tuple[str, ...]
    environment: str
    permissions: str
    secrets: tuple[str, ...]
    publishes: tuple[str, ...]
    level: str = ""
    action: str = ""
    ref: str = ""
    comment: str = ""
    pinned: bool = False
    commit: str = ""


class LessonRow(Struct, frozen=True, kw_only=True):
    """One step of the lesson for one repository."""

    owner: str
    repository: str
    position: int
    title: str
    url: str
    state: str
    checks: tuple[str, ...]


class TrendRow(Struct, frozen=True, kw_only=True):
    """Sums over one scan of an owner: means of points, and counts by word; ``levels`` counts
    packages by who can publish them. ``timeline`` says whether it was scanned, rebuilt from git
    or scored again: points of two timelines rest on different evidence.
    """

    scan: int
    at: datetime
    points: float | None
    coverage: float
    repositories: int
    publishing: int
    areas: dict[str, float | None]
    grades: dict[str, int]
    ladders: dict[str, int]
    open: dict[str, int]
    checks: dict[str, int]
    new: int
    fixed: int
    policy: str
    tier: int
    changed: tuple[str, ...] = ()
    levels: dict[str, int] = field(default_factory=dict)
    timeline: Timeline = Timeline.SCAN


class ScoreChange(Struct, frozen=True, kw_only=True):
    """A change of one repository's score, with its cause: a word of `audits.model.causes`."""

    owner: str
    repository: str
    scan: int
    at: datetime
    before: float | None
    after: float | None
    grade_before: str
    grade_after: str
    cause: str
    checks: tuple[str, ...] = field(default=())


class PackageMove(Struct, frozen=True, kw_only=True):
    """A package between two scans: its trusted-publisher status and who can publish it, "" where
    it was not known then.
    """

    owner: str
    repository: str
    registry: str
    package: str
    state_before: str
    state_after: str
    level_before: str
    level_after: str


class RepositoryPoints(Struct, frozen=True, kw_only=True):
    """A repository in the numbers that groups are compared by; ``grave`` counts open critical and
    high findings.
    """

    owner: str
    repository: str
    grade: str
    points: float | None
    grave: int
    ladders: tuple[str, ...]


class RepositoryTopics(Struct, frozen=True, kw_only=True):
    """A repository with its topics and code owners, and nothing else of it."""

    owner: str
    repository: str
    topics: tuple[str, ...]
    ask: tuple[str, ...] = ()
