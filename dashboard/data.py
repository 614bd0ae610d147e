"""Opens the store and caches its answers, for all views.

What a finished scan says never changes and its rows are frozen, so they are kept by scan and
shared between viewers; which scans there are is asked again every few seconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import streamlit as st

from audits.model.edit_plan import EditPlan
from audits.model.query import (
    ActionFilter,
    ActionSummary,
    CheckCount,
    FindingFilter,
    FixTime,
    GapFilter,
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
    LessonRow,
    PackageRow,
    PathRow,
    PublicationRow,
    RepositoryRow,
    ResultRow,
    ScanRow,
    ScoreChange,
    TrendRow,
)
from audits.model.settings import RepositorySettings
from audits.model.timeline import Timeline
from audits.store.errors import StoreError
from audits.store.open import open_store
from audits.store.store import Store
from dashboard import reaudit as readings
from dashboard.frames import overview
from dashboard.reaudit import Reaudit, SelfCheck
from dashboard.scope import ScanScope

DATABASE = "RELEASE_AUDIT_DATABASE"
"""The variable that names the database: an address may hold a password, and argv is public."""

MANY = 2000
"""Over so many repositories, scoring each again would take longer than a view may."""

Trouble = StoreError
"""What any function here raises where the database fails; its words are for people."""

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
    ),
    repr,
)
"""What Streamlit, which knows dataclasses alone, tells structs apart by."""


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


@st.cache_data(ttl=5, show_spinner=False)
def owners() -> tuple[str, ...]:
    """The owners with a finished scan, the one scanned last first."""
    newest: dict[str, int] = {}
    for scan in _store().scans(limit=10_000):
        newest[scan.owner] = max(scan.id, newest.get(scan.owner, 0))
    return tuple(sorted(newest, key=lambda owner: -newest[owner]))


@st.cache_data(ttl=5, show_spinner=False)
def scans(owner: str) -> tuple[ScanRow, ...]:
    """The owner's finished scans, newest first."""
    return _store().scans(owner)


@_kept
def trend(scope: ScanScope) -> tuple[TrendRow, ...]:
    """The owner's scans in numbers up to the scope's, oldest first; at least one."""
    return _store().trend(scope.owner, scan=scope.scan)


@_kept
def rescored(scope: ScanScope) -> tuple[TrendRow, ...]:
    """The same scans judged by later rules, oldest first; nothing where nobody ran `rescore`."""
    newest = trend(scope)[-1].at
    rows = _store().trend(scope.owner, timeline=Timeline.RESCORED)
    return tuple(row for row in rows if row.at <= newest)


@_kept
def past(scope: ScanScope) -> tuple[TrendRow, ...]:
    """The owner's past as rebuilt from commits, oldest first, up to the scope's scan."""
    newest = trend(scope)[-1].at
    return tuple(row for row in _store().rebuilt(scope.owner) if row.at < newest)


@_kept
def repositories(
    scope: ScanScope, where: RepositoryFilter, order: str, start: int, limit: int | None
) -> tuple[RepositoryRow, ...]:
    """A page of the repositories that match."""
    return _store().repositories(
        scope.scan, owner=scope.owner, where=where, order=order, offset=start, limit=limit
    )


@_kept
def count_repositories(scope: ScanScope, where: RepositoryFilter) -> int:
    """How many repositories match."""
    return _store().count_repositories(scope.scan, owner=scope.owner, where=where)


@_kept
def repository_names(scope: ScanScope) -> tuple[str, ...]:
    """Names of all repositories, in the order of the alphabet."""
    return _store().repository_names(scope.scan, owner=scope.owner)


@_kept
def words(scope: ScanScope) -> dict[str, tuple[str, ...]]:
    """Registries and topics that occur, to filter by."""
    return _store().repository_words(scope.scan, owner=scope.owner)


@_kept
def repository(scope: ScanScope, name: str) -> RepositoryRow | None:
    """One repository, None where the scan does not hold it."""
    return _store().repository(scope.owner, name, scan=scope.scan)


@_kept
def first_things(scope: ScanScope) -> tuple[overview.Improvement, ...]:
    """The changes that would raise the owner's mean the most; `MANY` are estimated."""
    now = trend(scope)[-1]
    if now.repositories > MANY:
        return overview.estimated(
            check_counts(scope),
            sum(n for grade, n in now.grades.items() if grade not in {"-", "?"}),
        )
    rows = _store().repositories(scope.scan, owner=scope.owner)
    deducted = _store().deductions(scope.owner, "", scan=scope.scan)
    return overview.improvements(deducted, rows)


@_kept
def deductions(scope: ScanScope, name: str) -> tuple[DeductionRow, ...]:
    """What a repository's score lost."""
    return _store().deductions(scope.owner, name, scan=scope.scan)


@_kept
def score_changes(
    scope: ScanScope, name: str = "", since: int | None = None
) -> tuple[ScoreChange, ...]:
    """Changes of scores: of one repository, after a scan, or of the scope's scan itself."""
    return _store().score_changes(scope.owner, scan=scope.scan, repository=name, since=since)


@_kept
def owner_card(scope: ScanScope) -> tuple[OwnerFact, ...]:
    """What concerns the owner as a whole."""
    return _store().owner_card(scope.owner, scan=scope.scan)


@_kept
def findings(
    scope: ScanScope,
    where: FindingFilter,
    order: str = "severity",
    start: int = 0,
    limit: int | None = None,
) -> tuple[FindingRow, ...]:
    """A page of the findings that match."""
    found = _store().findings(
        scope.scan, owner=scope.owner, where=where, order=order, offset=start, limit=limit
    )
    return tuple(found)


@_kept
def count_findings(scope: ScanScope, where: FindingFilter) -> int:
    """How many findings match."""
    return _store().count_findings(scope.scan, owner=scope.owner, where=where)


@_kept
def check_counts(scope: ScanScope) -> tuple[CheckCount, ...]:
    """Outcomes by check, the costliest first."""
    return _store().check_counts(scope.owner, scan=scope.scan)


@_kept
def fix_times(scope: ScanScope) -> tuple[FixTime, ...]:
    """How long findings were open until they were fixed, by check."""
    return _store().fix_times(scope.owner, scan=scope.scan)


@_kept
def publications(
    scope: ScanScope,
    name: str = "",
    where: PublicationFilter = EVERY_PUBLICATION,
    start: int = 0,
    limit: int | None = None,
) -> tuple[PublicationRow, ...]:
    """A page of the publications that match, of one repository or of all."""
    return _store().publications(
        scope.scan, owner=scope.owner, repository=name, where=where, offset=start, limit=limit
    )


@_kept
def count_publications(scope: ScanScope, where: PublicationFilter = EVERY_PUBLICATION) -> int:
    """How many publications match."""
    return _store().count_publications(scope.scan, owner=scope.owner, where=where)


@_kept
def packages(
    scope: ScanScope,
    name: str = "",
    where: PackageFilter = EVERY_PACKAGE,
    start: int = 0,
    limit: int | None = None,
) -> tuple[PackageRow, ...]:
    """A page of the packages that match, of one repository or of all."""
    return _store().packages(
        scope.scan, owner=scope.owner, repository=name, where=where, offset=start, limit=limit
    )


@_kept
def count_packages(scope: ScanScope, where: PackageFilter = EVERY_PACKAGE) -> int:
    """How many packages match."""
    return _store().count_packages(scope.scan, owner=scope.owner, where=where)


@_kept
def package_registries(scope: ScanScope) -> tuple[str, ...]:
    """The registries of all packages."""
    return _store().package_registries(scope.scan, owner=scope.owner)


@_kept
def paths(scope: ScanScope, name: str = "", limit: int = 2000) -> tuple[PathRow, ...]:
    """Paths from people to publications, of one repository or of all."""
    return _store().paths(
        scope.scan, owner=scope.owner, repository=name, limit=None if name else limit
    )


@_kept
def results(scope: ScanScope, name: str) -> tuple[ResultRow, ...]:
    """The outcome of every check for one repository."""
    return _store().results(scope.owner, name, scan=scope.scan)


@_kept
def gaps(
    scope: ScanScope,
    name: str = "",
    where: GapFilter = EVERY_GAP,
    start: int = 0,
    limit: int | None = None,
) -> tuple[GapRow, ...]:
    """A page of the gaps that match, of one repository or of all."""
    return _store().gaps(
        scope.scan, owner=scope.owner, repository=name, where=where, offset=start, limit=limit
    )


@_kept
def gap_reasons(scope: ScanScope) -> tuple[str, ...]:
    """The reasons of all gaps."""
    return _store().gap_reasons(scope.scan, owner=scope.owner)


@_kept
def settings(scope: ScanScope, name: str) -> RepositorySettings | None:
    """The settings of one repository as the scan read them; None where it read none."""
    found = _store().snapshot(scope.owner, name, scan=scope.scan)
    return None if found is None else found.settings


@_kept
def count_gaps(scope: ScanScope, where: GapFilter = EVERY_GAP) -> int:
    """How many gaps match."""
    return _store().count_gaps(scope.scan, owner=scope.owner, where=where)


@_kept
def permission_counts(scope: ScanScope) -> tuple[PermissionCount, ...]:
    """Unknown results by the permission that would answer them."""
    return _store().permission_counts(scope.owner, scan=scope.scan)


@_kept
def lessons(scope: ScanScope, name: str) -> tuple[LessonRow, ...]:
    """How far a repository is with the lesson."""
    return _store().lesson(scope.owner, name, scan=scope.scan)


@_kept
def action_summaries(scope: ScanScope, where: ActionFilter) -> tuple[ActionSummary, ...]:
    """Actions over all repositories, the most used first."""
    return _store().action_summaries(scope.scan, owner=scope.owner, where=where)


@_kept
def actions(scope: ScanScope, where: ActionFilter, start: int, limit: int) -> tuple[ActionRow, ...]:
    """A page of the uses of actions that match."""
    store = _store()
    return tuple(
        store.actions(scope.scan, owner=scope.owner, where=where, offset=start, limit=limit)
    )


@_kept
def action_owners(where: ActionFilter) -> dict[str, int]:
    """How many uses match as of each owner's newest scan, for owners with any."""
    counted = {owner: _store().count_actions(owner=owner, where=where) for owner in owners()}
    return {owner: number for owner, number in counted.items() if number}


@_kept
def count_actions(scope: ScanScope, where: ActionFilter) -> int:
    """How many uses of actions match."""
    return _store().count_actions(scope.scan, owner=scope.owner, where=where)


@st.cache_resource(ttl=600, max_entries=20, show_spinner=False, hash_funcs=_KEYS)
def reading(scope: ScanScope, name: str) -> Reaudit:
    """One repository's stored texts, parsed and audited again, to be drawn and edited."""
    stored = _store().stored(scope.owner, name, scan=scope.scan)
    if stored is None:
        return Reaudit(why_not="The texts of this repository are not stored for this scan.")
    references = _store().references(scope.owner, scan=scope.scan)
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


def report(scope: ScanScope, name: str, where: Filter | None = None) -> bytes:
    """One of the export's tables as CSV, all rows that match; made when it is asked for."""
    from dashboard import exports

    return exports.csv_bytes(_store(), scope, name, where)


def sarif(scope: ScanScope, name: str) -> bytes:
    """The findings of one repository as SARIF; made when it is asked for."""
    from dashboard import exports

    rows = findings(scope, FindingFilter(repository=name))
    return exports.sarif_bytes(reading(scope, name), rows)
