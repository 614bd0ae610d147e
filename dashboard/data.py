"""Opens the store and caches its answers, for all views.

What a finished scan says never changes and its rows are frozen, so they are kept by scan and
shared between viewers; which scans there are is asked again every few seconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

import streamlit as st
from msgspec.structs import replace

from audits.model.edit_plan import EditPlan
from audits.model.query import (
    ActionFilter,
    ActionSummary,
    CheckCount,
    Direction,
    FindingCounts,
    FindingFilter,
    FixTime,
    GapFilter,
    JobFilter,
    OwnerFact,
    PackageFilter,
    PermissionCount,
    PublicationFilter,
    RepositoryFilter,
)
from audits.model.rows import (
    ActionRow,
    DeductionRow,
    FindingRow,
    GapRow,
    JobRow,
    LessonRow,
    PackageMove,
    PackageRow,
    PathRow,
    PublicationRow,
    RepositoryPoints,
    RepositoryRow,
    ResultRow,
    ScanRow,
    ScoreChange,
    SharedCut,
    TrendRow,
)
from audits.model.settings import RepositorySettings
from audits.model.timeline import Timeline
from audits.report.groups import Group, groups_of, read_groups
from audits.report.table import csv_lines
from audits.report.tables.incident import JOBS
from audits.store.errors import StoreError
from audits.store.open import open_store
from audits.store.store import Store
from audits.suppressions.ineffective import known_checks
from audits.suppressions.waivers import WaiverProblem, Waivers, read_waivers
from dashboard import reaudit as readings
from dashboard.frames import home
from dashboard.frames.cells import as_named
from dashboard.reaudit import Reaudit, SelfCheck
from dashboard.scope import EVERY_REPOSITORY, ScanScope

DATABASE = "RELEASE_AUDIT_DATABASE"
"""The variable that names the database: an address may hold a password, and argv is public."""

GROUPS, WAIVERS = "RELEASE_AUDIT_GROUPS", "RELEASE_AUDIT_WAIVERS"
"""The variables that name the file of groups and the file of waivers; neither need be."""

MANY = 2000
"""The most repositories that are scored again for a view; more would take too long."""

Trouble = StoreError
"""What any function here raises where the database fails; its words are for people."""

ACCEPTED = FindingFilter(with_acceptance=True, in_release=None)

EVERY_PACKAGE, EVERY_PUBLICATION, EVERY_GAP = PackageFilter(), PublicationFilter(), GapFilter()

Filter = (
    RepositoryFilter | FindingFilter | ActionFilter | PackageFilter | PublicationFilter | GapFilter
)
"""The filters of lists; each matches the table of the same kind."""

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


_KEYS: dict[str | type, Callable[[object], object]] = dict.fromkeys(
    (
        ScanScope,
        RepositoryFilter,
        FindingFilter,
        ActionFilter,
        PackageFilter,
        PublicationFilter,
        GapFilter,
        JobFilter,
    ),
    repr,
)
"""How Streamlit tells structs apart as arguments of cached functions: by their repr."""


def _kept(function: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """Keep what a function read, for all viewers."""
    return st.cache_resource(ttl=3600, max_entries=300, show_spinner=False, hash_funcs=_KEYS)(
        function
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def _opened(url: str) -> Store:
    return open_store(url or None, read_only=True)


def _store() -> Store:
    """The store; it connects for every question, so that tabs never share a connection."""
    return _opened(os.environ.get(DATABASE, ""))


@st.cache_resource(ttl=5, max_entries=50, show_spinner=False)
def _held(scan: int | None = None) -> dict[str, ScanRow]:
    """Of each owner the scan that held as of a scan, or its newest: all in one question."""
    return {row.owner: row for row in _store().owners_scans(scan)}


def owners() -> tuple[str, ...]:
    """The owners with a finished scan, the one scanned last first."""
    return tuple(_held())


@st.cache_data(ttl=5, show_spinner=False)
def scans(owner: str | None) -> tuple[ScanRow, ...]:
    """Finished scans of an owner, newest first; of all owners, the last one of each day."""
    found = _store().scans(owner, limit=10_000 if owner is None else 400)
    if owner is not None:
        return found
    days = {scan.started.date(): scan for scan in reversed(found)}
    return tuple(sorted(days.values(), key=lambda scan: -scan.id))[:400]


def of_owner(scope: ScanScope, owner: str) -> ScanScope:
    """The same scope of one owner and all its repositories."""
    owner = as_named(owner, owners()) or owner
    if scope.owner == owner and not scope.is_narrowed:
        return scope
    newest = _held()[owner]
    held = _held(scope.scan).get(owner, newest)  # first scanned a moment ago
    return replace(
        scope,
        owner=owner,
        scan=held.id,
        at=held.started,
        newest=held.id == newest.id,
        group=EVERY_REPOSITORY,
    )


def one_repository(scope: ScanScope, listed: str) -> tuple[ScanScope, str]:
    """A repository as `repository_names` lists it: the scope of its owner, and its name."""
    if scope.owner is not None:
        return of_owner(scope, scope.owner), listed
    owner, _, name = listed.partition("/")
    return of_owner(scope, owner), name


@st.cache_resource(ttl=60, max_entries=50, show_spinner=False)
def groups(owner: str | None, scan: int) -> dict[str, Group]:
    """The groups of repositories by their word in an address: those of the file of groups, then
    the topics, then the teams of CODEOWNERS.
    """
    entries = read_groups(os.environ.get(GROUPS, "")).entries
    return groups_of(entries, _store().repository_topics(scan, owner=owner))


def groups_problem() -> str:
    """What is wrong with the file of groups, "" if nothing is."""
    return read_groups(os.environ.get(GROUPS, "")).problem


def _of(scope: ScanScope) -> Store:
    """The store, narrowed to the scope's group."""
    store = _store()
    if not scope.is_narrowed:
        return store
    group = groups(scope.owner, scope.scan).get(scope.group)
    return store.narrowed(group.members if group else ())


@_kept
def trend(scope: ScanScope) -> tuple[TrendRow, ...]:
    """The owner's scans, or days of scans, in numbers up to the scope's, oldest first; at least
    one.
    """
    return _of(scope).trend(scope.owner, scan=scope.scan)


@_kept
def period(scope: ScanScope) -> tuple[TrendRow, ...]:
    """The trend from what held when the scope's period began to what holds; one row where
    nothing is known from before.
    """
    rows = trend(scope)
    first = max((n for n, row in enumerate(rows) if row.at <= scope.since), default=0)
    return rows[first:]


@_kept
def then(scope: ScanScope) -> ScanScope | None:
    """The scope as it was when its period began, or as of the first scan since; None where
    nothing is known from before.
    """
    rows = period(scope)
    return None if len(rows) < 2 else replace(scope, scan=rows[0].scan, at=rows[0].at, newest=False)


@_kept
def standings(scope: ScanScope, earlier: ScanScope | None) -> dict[str, tuple[home.Standing, ...]]:
    """Owners, where there are several, and groups, side by side, with what they were earlier."""
    if scope.is_narrowed:
        return {}
    rows, before = _points(scope), _points(earlier) if earlier else {}
    parts: dict[str, dict[tuple[str, str], Collection[tuple[str, str]]]] = {}
    if scope.owner is None:
        mine: dict[str, list[tuple[str, str]]] = {name: [] for name in owners()}
        for key in {**rows, **before}:
            mine.setdefault(key[0], []).append(key)
        parts["owner"] = {(name, name): keys for name, keys in mine.items()}
    if found := groups(scope.owner, scope.scan):
        parts["group"] = {(g.label, g.key): g.members for g in found.values()}
    return {
        what: tuple(
            home.standing(
                name,
                word,
                [rows[key] for key in members if key in rows],
                [before[key] for key in members if key in before],
            )
            for (name, word), members in each.items()
        )
        for what, each in parts.items()
    }


def _points(scope: ScanScope) -> dict[tuple[str, str], RepositoryPoints]:
    found = _of(scope).points(scope.scan, owner=scope.owner)
    return {(row.owner, row.repository): row for row in found}


@_kept
def compared(
    scope: ScanScope, before: int, direction: Direction | None, start: int, limit: int | None
) -> tuple[ScoreChange, ...]:
    """A page of the repositories whose score differs from that of an earlier scan."""
    return _of(scope).compared(
        before, scope.scan, owner=scope.owner, direction=direction, offset=start, limit=limit
    )


@_kept
def count_compared(scope: ScanScope, before: int) -> dict[Direction, int]:
    """How many repositories moved in which direction since an earlier scan."""
    return _of(scope).count_compared(before, scope.scan, owner=scope.owner)


@_kept
def packages_compared(scope: ScanScope, before: int) -> tuple[PackageMove, ...]:
    """Packages whose status, or who can publish them, differs from an earlier scan."""
    return _of(scope).packages_compared(before, scope.scan, owner=scope.owner)


@_kept
def finding_counts(scope: ScanScope, before: int) -> FindingCounts:
    """How many findings are new and fixed since an earlier scan."""
    return _of(scope).finding_counts(before, scope.scan, owner=scope.owner)


def contact_of(scope: ScanScope, owner: str, name: str) -> str:
    """Whom the file of groups names for a repository, "" if nobody."""
    found = groups(scope.owner, scope.scan).values()
    return next((g.contact for g in found if g.contact and (owner, name) in g.members), "")


@_kept
def rescored(scope: ScanScope) -> tuple[TrendRow, ...]:
    """The same scans judged by later rules, oldest first; nothing where nobody ran `rescore`."""
    newest = trend(scope)[-1].at
    if scope.is_mixed:
        return ()
    rows = _store().trend(scope.owner, timeline=Timeline.RESCORED)
    return tuple(row for row in rows if row.at <= newest)


@_kept
def past(scope: ScanScope) -> tuple[TrendRow, ...]:
    """The owner's past as rebuilt from commits, oldest first, up to the scope's scan."""
    if scope.is_mixed:
        return ()
    newest = trend(scope)[-1].at
    return tuple(row for row in _of(scope).rebuilt(scope.owner) if row.at < newest)


@_kept
def repositories(
    scope: ScanScope, where: RepositoryFilter, order: str, start: int, limit: int | None
) -> tuple[RepositoryRow, ...]:
    """A page of the repositories that match."""
    return _of(scope).repositories(
        scope.scan, owner=scope.owner, where=where, order=order, offset=start, limit=limit
    )


@_kept
def count_repositories(scope: ScanScope, where: RepositoryFilter) -> int:
    """How many repositories match."""
    return _of(scope).count_repositories(scope.scan, owner=scope.owner, where=where)


@_kept
def repository_names(scope: ScanScope) -> tuple[str, ...]:
    """Names of all repositories, in the order of the alphabet."""
    return _of(scope).repository_names(scope.scan, owner=scope.owner)


@_kept
def words(scope: ScanScope) -> dict[str, tuple[str, ...]]:
    """Registries and topics that occur, to filter by."""
    return _of(scope).repository_words(scope.scan, owner=scope.owner)


@_kept
def repository(scope: ScanScope, name: str) -> RepositoryRow | None:
    """One repository, None where the scan does not hold it."""
    return _of(scope).repository(scope.one_owner, name, scan=scope.scan)


@_kept
def first_things(scope: ScanScope) -> tuple[home.Improvement, ...]:
    """The changes that would raise the owner's mean the most; estimated from the counts of
    checks where there are more than ``MANY`` repositories.
    """
    now = trend(scope)[-1]
    if now.repositories > MANY:
        return home.estimated(
            check_counts(scope),
            sum(n for grade, n in now.grades.items() if grade not in {"-", "?"}),
        )
    rows = _of(scope).repositories(scope.scan, owner=scope.owner)
    deducted = _of(scope).deductions(scope.owner, "", scan=scope.scan)
    return home.improvements(deducted, rows)


@_kept
def deductions(scope: ScanScope, name: str) -> tuple[DeductionRow, ...]:
    """What a repository's score lost."""
    return _of(scope).deductions(scope.owner, name, scan=scope.scan)


@_kept
def score_changes(
    scope: ScanScope, name: str = "", since: int | datetime | None = None
) -> tuple[ScoreChange, ...]:
    """Changes of scores: of one repository, after a scan or moment, or of the scope's scan."""
    return _of(scope).score_changes(scope.owner, scan=scope.scan, repository=name, since=since)


@_kept
def owner_card(scope: ScanScope) -> tuple[OwnerFact, ...]:
    """What concerns the owner as a whole."""
    return _of(scope).owner_card(scope.owner, scan=scope.scan)


@_kept
def findings(
    scope: ScanScope,
    where: FindingFilter,
    order: str = "severity",
    start: int = 0,
    limit: int | None = None,
) -> tuple[FindingRow, ...]:
    """A page of the findings that match."""
    found = _of(scope).findings(
        scope.scan, owner=scope.owner, where=where, order=order, offset=start, limit=limit
    )
    return tuple(found)


def every_scope(scope: ScanScope) -> ScanScope:
    """All owners and repositories as of the same scan."""
    return replace(scope, owner=None, group=EVERY_REPOSITORY)


def waiver_file(day: date) -> Waivers | None:
    """The waiver file that the dashboard was given, as of a day; None where it was given none."""
    path = os.environ.get(WAIVERS, "")
    if not path:
        return None
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Waivers(
            today=day, problems=(WaiverProblem(line=1, detail=f"{path} cannot be read: {error}."),)
        )
    return read_waivers(text, day, known_checks())


@_kept
def count_findings(scope: ScanScope, where: FindingFilter) -> int:
    """How many findings match."""
    return _of(scope).count_findings(scope.scan, owner=scope.owner, where=where)


@_kept
def check_counts(scope: ScanScope) -> tuple[CheckCount, ...]:
    """Outcomes by check, the costliest first."""
    return _of(scope).check_counts(scope.owner, scan=scope.scan)


@_kept
def finding_checks(scope: ScanScope) -> tuple[str, ...]:
    """The checks that any finding is of, accepted and outside releases too, the costliest first."""
    costly = [row.check for row in check_counts(scope)]
    found = set(_of(scope).finding_checks(scope.scan, owner=scope.owner))
    return (*(name for name in costly if name in found), *sorted(found.difference(costly)))


@_kept
def fix_times(scope: ScanScope) -> tuple[FixTime, ...]:
    """How long findings were open until they were fixed, by check."""
    return _of(scope).fix_times(scope.owner, scan=scope.scan)


@_kept
def publications(
    scope: ScanScope,
    name: str = "",
    where: PublicationFilter = EVERY_PUBLICATION,
    start: int = 0,
    limit: int | None = None,
) -> tuple[PublicationRow, ...]:
    """A page of the publications that match, of one repository or of all."""
    return _of(scope).publications(
        scope.scan, owner=scope.owner, repository=name, where=where, offset=start, limit=limit
    )


@_kept
def count_publications(scope: ScanScope, where: PublicationFilter = EVERY_PUBLICATION) -> int:
    """How many publications match."""
    return _of(scope).count_publications(scope.scan, owner=scope.owner, where=where)


@_kept
def packages(
    scope: ScanScope,
    name: str = "",
    where: PackageFilter = EVERY_PACKAGE,
    start: int = 0,
    limit: int | None = None,
) -> tuple[PackageRow, ...]:
    """A page of the packages that match, worst first, of one repository or of all."""
    return _of(scope).packages(
        scope.scan,
        owner=scope.owner,
        repository=name,
        where=where,
        worst_first=True,
        offset=start,
        limit=limit,
    )


@_kept
def count_packages(scope: ScanScope, where: PackageFilter = EVERY_PACKAGE) -> int:
    """How many packages match."""
    return _of(scope).count_packages(scope.scan, owner=scope.owner, where=where)


@_kept
def shared_cuts(scope: ScanScope, where: PackageFilter = EVERY_PACKAGE) -> tuple[SharedCut, ...]:
    """The changes that close paths of several packages."""
    return _of(scope).shared_cuts(scope.scan, owner=scope.owner, where=where)


@_kept
def package_registries(scope: ScanScope) -> tuple[str, ...]:
    """The registries of all packages."""
    return _of(scope).package_registries(scope.scan, owner=scope.owner)


@_kept
def paths(scope: ScanScope, name: str = "", limit: int = 2000) -> tuple[PathRow, ...]:
    """Paths from people to publications, of one repository or of all."""
    return _of(scope).paths(
        scope.scan, owner=scope.owner, repository=name, limit=None if name else limit
    )


@_kept
def results(scope: ScanScope, name: str) -> tuple[ResultRow, ...]:
    """The outcome of every check for one repository."""
    return _of(scope).results(scope.one_owner, name, scan=scope.scan)


@_kept
def gaps(
    scope: ScanScope,
    name: str = "",
    where: GapFilter = EVERY_GAP,
    start: int = 0,
    limit: int | None = None,
) -> tuple[GapRow, ...]:
    """A page of the gaps that match, of one repository or of all."""
    return _of(scope).gaps(
        scope.scan, owner=scope.owner, repository=name, where=where, offset=start, limit=limit
    )


@_kept
def gap_reasons(scope: ScanScope) -> tuple[str, ...]:
    """The reasons of all gaps."""
    return _of(scope).gap_reasons(scope.scan, owner=scope.owner)


@_kept
def settings(scope: ScanScope, name: str) -> RepositorySettings | None:
    """The settings of one repository as the scan read them; None where it read none."""
    found = _of(scope).snapshot(scope.one_owner, name, scan=scope.scan)
    return None if found is None else found.settings


@_kept
def count_gaps(scope: ScanScope, where: GapFilter = EVERY_GAP) -> int:
    """How many gaps match."""
    return _of(scope).count_gaps(scope.scan, owner=scope.owner, where=where)


@_kept
def permission_counts(scope: ScanScope) -> tuple[PermissionCount, ...]:
    """Unknown results by the permission that would answer them."""
    return _of(scope).permission_counts(scope.owner, scan=scope.scan)


@_kept
def lessons(scope: ScanScope, name: str) -> tuple[LessonRow, ...]:
    """The state of every step of the lesson in a repository."""
    return _of(scope).lesson(scope.one_owner, name, scan=scope.scan)


@_kept
def jobs(scope: ScanScope, where: JobFilter) -> tuple[JobRow, ...]:
    """All jobs that match."""
    return _of(scope).jobs(scope.scan, owner=scope.owner, where=where)


@_kept
def job_words(scope: ScanScope) -> dict[str, tuple[str, ...]]:
    """The secrets and runners that jobs name."""
    return _of(scope).job_words(scope.scan, owner=scope.owner)


def incident_csv(rows: Sequence[JobRow]) -> bytes:
    """These jobs as a table of the export's form."""
    return "".join(csv_lines(JOBS, rows)).encode("utf-8")


@_kept
def action_summaries(scope: ScanScope, where: ActionFilter) -> tuple[ActionSummary, ...]:
    """Actions over all repositories, the most used first."""
    return _of(scope).action_summaries(scope.scan, owner=scope.owner, where=where)


@_kept
def actions(scope: ScanScope, where: ActionFilter, start: int, limit: int) -> tuple[ActionRow, ...]:
    """A page of the uses of actions that match."""
    store = _of(scope)
    return tuple(
        store.actions(scope.scan, owner=scope.owner, where=where, offset=start, limit=limit)
    )


@_kept
def count_actions(scope: ScanScope, where: ActionFilter) -> int:
    """How many uses of actions match."""
    return _of(scope).count_actions(scope.scan, owner=scope.owner, where=where)


@st.cache_resource(ttl=600, max_entries=20, show_spinner=False, hash_funcs=_KEYS)
def reading(scope: ScanScope, name: str) -> Reaudit:
    """One repository's stored texts, parsed and audited again, to be drawn and edited."""
    stored = _of(scope).stored(scope.one_owner, name, scan=scope.scan)
    if stored is None:
        return Reaudit(why_not="The texts of this repository are not stored for this scan.")
    references = _of(scope).references(scope.one_owner, scan=scope.scan)
    return readings.read_again(
        stored.snapshot, references=references, index=stored.index, advisories=stored.advisories
    )


@st.cache_resource(ttl=600, max_entries=20, show_spinner=False, hash_funcs=_KEYS)
def safe_changes(scope: ScanScope, name: str) -> EditPlan | None:
    """One repository's safe edits, proved and all together; None where its texts are unread."""
    return readings.safe_changes(reading(scope, name))


def self_check(workflow: str, pyproject: str, dependabot: str) -> SelfCheck:
    """The audit of pasted texts; neither stored nor cached."""
    return readings.self_check(workflow, pyproject, dependabot)


def report(scope: ScanScope, name: str, where: Filter | None = None, repository: str = "") -> bytes:
    """One of the export's tables as CSV, all rows that match, of one repository or of all; made
    when it is asked for.
    """
    from dashboard import exports

    store = _of(scope)
    if repository:
        store = store.narrowed(((scope.one_owner, repository),))
    return exports.csv_bytes(store, scope, name, where, repository)


def sarif(scope: ScanScope, name: str) -> bytes:
    """The findings of one repository as SARIF; made when it is asked for."""
    from dashboard import exports

    rows = findings(scope, FindingFilter(repository=name))
    return exports.sarif_bytes(reading(scope, name), rows)
