"""Reads findings as of a scan, and differences between two scans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct, field
from sqlalchemy import ColumnElement, Connection, Row, Select, exists, false, func, or_, select

from audits.model.query import FindingFilter, FixTime, ScanChanges
from audits.model.rows import FindingRow
from audits.store import difference as moved
from audits.store.read.as_of import AsOf, Scoped, repository_id
from audits.store.read.finding_rows import finding_rows
from audits.store.schema import tables
from audits.store.schema.codes import (
    ACCEPTANCES,
    FIX_WORDS,
    FIXES,
    NOT_RECHECKED,
    NOT_RECHECKED_WORD,
    SEEN,
    SEVERITY_NUMBERS,
    SEVERITY_WORDS,
)
from audits.store.schema.tables import finding
from audits.store.survival import Lifetime, median_days

_ALL = FindingFilter()
WAIVED = "waiver"
_BY_PEOPLE = ("repair", "removal")
"""Ends that count as fixes. Other rules, archiving and waivers end a finding unfixed."""
_DAY = 86_400

_repository = tables.repository

ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "severity": (finding.c.severity.desc(), finding.c.rule_id, finding.c.repository_id),
    "repository": (_repository.c.owner_id, _repository.c.key, finding.c.severity.desc()),
    "check": (finding.c.rule_id, finding.c.repository_id),
    "newest": (finding.c.first.desc(), finding.c.severity.desc()),
    "oldest": (finding.c.first, finding.c.severity.desc()),
}
"""What findings can be ordered by; the worst first where several are equal."""


def _moved_rows(
    connection: Connection, scope: AsOf, limit: int | None, *conditions: ColumnElement[bool]
) -> tuple[FindingRow, ...]:
    """The scored findings that meet these conditions, worst first."""
    chosen = select(finding.c.id).where(*conditions, moved.scored(), scope.within(finding))
    ordered = chosen.order_by(*ORDERS["severity"], finding.c.id).limit(limit)
    return tuple(finding_rows(connection, scope, connection.scalars(ordered).all()))


class ReadFindings(Scoped):
    """Findings, one at a time, so that an export needs no memory."""

    def findings(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: FindingFilter = _ALL,
        order: str = "severity",
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[FindingRow]:
        """Findings that are open as of a scan, accepted ones included unless filtered."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            chosen = select(finding.c.id).where(
                scope.valid(finding), *_conditions(connection, scope, where)
            )
            if order == "repository":
                chosen = chosen.join(_repository, _repository.c.id == finding.c.repository_id)
            ordered = (*ORDERS.get(order, ORDERS["severity"]), finding.c.id)
            ids = connection.scalars(chosen.order_by(*ordered).limit(limit).offset(offset)).all()
            yield from finding_rows(connection, scope, ids)

    def finding_checks(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> tuple[str, ...]:
        """The checks that any finding open as of a scan is of."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            of = select(finding.c.rule_id).where(scope.valid(finding)).distinct()
            rules = connection.scalars(of).all()
            rule = tables.rule.c
            return tuple(connection.scalars(select(rule.name).where(rule.id.in_(rules))).all())

    def fixed_findings(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> Iterator[FindingRow]:
        """Findings that are fixed as of a scan, each as it was when it was last open."""
        later = finding.alias("later")
        same = [
            later.c[name] == finding.c[name]
            for name in ("repository_id", "rule_id", "fingerprint", "ordinal")
        ]
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            ranges = [
                (finding.c.owner_id == number) & (finding.c.closed <= at) & (later.c.opened <= at)
                for number, at in scope.scans.items()
            ]
            if not ranges:
                return
            came_back = exists().where(*same, later.c.opened >= finding.c.closed, or_(*ranges))
            bounded = or_(
                *(
                    (finding.c.owner_id == n) & (finding.c.closed <= at)
                    for n, at in scope.scans.items()
                )
            )
            chosen = (
                select(finding.c.id)
                .join(_repository, _repository.c.id == finding.c.repository_id)
                .where(
                    bounded,
                    scope.within(finding),
                    finding.c.ended.in_(FIXES),
                    ~finding.c.on_owner,
                    ~came_back,
                )
                .order_by(*ORDERS["repository"], finding.c.id)
            )
            yield from finding_rows(connection, scope, connection.scalars(chosen).all())

    def not_rechecked(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> dict[tuple[str, str], dict[str, int]]:
        """How many findings that count were not re-checked, by severity, of each
        (owner, repository).
        """
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            named = (finding.c.owner_id, _repository.c.name, finding.c.severity)
            statement = (
                select(*named, func.count())
                .join(_repository, _repository.c.id == finding.c.repository_id)
                .where(
                    scope.valid(finding),
                    finding.c.state == NOT_RECHECKED,
                    ~finding.c.accepted,
                    moved.scored(),
                )
                .group_by(*named)
            )
            found: dict[tuple[str, str], dict[str, int]] = {}
            for number, name, severity, count in connection.execute(statement):
                key = (scope.logins[number], name)
                found.setdefault(key, {})[SEVERITY_WORDS[severity]] = count
            return found

    def count_findings(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: FindingFilter = _ALL,
    ) -> int:
        """How many findings of that kind are open as of a scan."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = (
                select(func.count())
                .select_from(finding)
                .where(scope.valid(finding), *_conditions(connection, scope, where))
            )
            return int(connection.scalar(statement) or 0)

    def changes(
        self,
        owner: str,
        *,
        scan: int | None = None,
        since: int | None = None,
        limit: int | None = None,
    ) -> ScanChanges:
        """The findings that are new, fixed, reopened and not re-checked since another scan, by
        default the one before. All counts are 0 where there is none. ``limit`` bounds each list.
        """
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            if not scope.scans:
                return ScanChanges(owner=owner, scan=0, since=0)
            number, at = next(iter(scope.scans.items()))
            before = scope.before(number, at) if since is None else since
            if not before:
                return ScanChanges(owner=scope.logins[number], scan=at, since=0)
            within = scope.within(finding)
            counts = moved.counts(connection, number, before, at, within)
            rows = partial(_moved_rows, connection, scope, limit)
            came = moved.appeared(number, before, at)
            return ScanChanges(
                owner=scope.logins[number],
                scan=at,
                since=before,
                new=rows(came, moved.is_new(before)),
                reopened=rows(came, ~moved.is_new(before)),
                fixed=rows(moved.vanished(number, before, at)),
                not_rechecked=rows(moved.no_longer_seen(number, before, at)),
                new_count=counts.new,
                fixed_count=counts.fixed,
                reopened_count=counts.reopened,
                not_rechecked_count=counts.not_rechecked,
            )

    def fix_times(
        self, owner: str | None = None, *, scan: int | None = None, since: int = 0
    ) -> tuple[FixTime, ...]:
        """How long findings stay open, by check: of those fixed after the scan ``since`` and up
        to ``scan``, and of those open as of it.
        """
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            if not scope.scans:
                return ()
            fixed, left = _ended(connection, scope, since), _still_open(connection, scope)
            return tuple(_fix_times(fixed, left, scope, since))


def _of_checks(*columns: ColumnElement[Any]) -> Select[Any]:
    """Counts scored findings by check, owner, the scan that saw them first, and these columns."""
    rule = tables.rule
    named = (rule.c.name, rule.c.title, finding.c.owner_id, finding.c.first, *columns)
    counted = select(*named, func.count()).join(rule, rule.c.id == finding.c.rule_id)
    return counted.where(moved.scored()).group_by(*named)


def _ended(connection: Connection, scope: AsOf, since: int) -> Sequence[Row[Any]]:
    ranges = (
        (finding.c.owner_id == o) & (finding.c.closed > since) & (finding.c.closed <= s)
        for o, s in scope.scans.items()
    )
    statement = _of_checks(finding.c.closed, finding.c.ended)
    statement = statement.where(or_(*ranges), scope.within(finding), finding.c.ended.in_(FIXES))
    return connection.execute(statement).all()


def _still_open(connection: Connection, scope: AsOf) -> Sequence[Row[Any]]:
    statement = _of_checks(finding.c.opened, finding.c.accepted)
    return connection.execute(statement.where(scope.valid(finding))).all()


def _conditions(
    connection: Connection, scope: AsOf, where: FindingFilter
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [~finding.c.on_owner]
    if where.repository:
        number = repository_id(connection, scope, where.repository)
        found.append(finding.c.repository_id == number)
    if where.checks or where.areas:
        rule = tables.rule
        wanted = select(rule.c.id)
        wanted = wanted.where(rule.c.name.in_(where.checks)) if where.checks else wanted
        wanted = wanted.where(rule.c.area.in_(where.areas)) if where.areas else wanted
        found.append(finding.c.rule_id.in_(connection.scalars(wanted).all()))
    if where.severities:
        numbers = [SEVERITY_NUMBERS[word] for word in where.severities if word in SEVERITY_NUMBERS]
        found.append(finding.c.severity.in_(numbers))
    if where.states:
        states = [NOT_RECHECKED if word == NOT_RECHECKED_WORD else SEEN for word in where.states]
        found.append(finding.c.state.in_(states))
    if where.accepted is not None:
        found.append(finding.c.accepted == where.accepted)
    if where.with_acceptance:
        found.append(finding.c.acceptance != ACCEPTANCES[None])
    if where.in_release is not None:
        found.append(finding.c.in_release == where.in_release)
    if where.path:
        found.append(finding.c.path == where.path)
    if where.fingerprint:
        found.append(finding.c.fingerprint == where.fingerprint)
    if where.seen_since is not None:
        later = (
            (finding.c.owner_id == owner) & (finding.c.first > scope.start(owner, where.seen_since))
            for owner in scope.scans
        )
        found.append(or_(false(), *later))
    return found


class _Spans(Struct):
    """One check's findings: how they were fixed, and for how long each was open, in days."""

    title: str
    lifetimes: list[Lifetime] = field(default_factory=list)
    fixed: dict[str, int] = field(default_factory=dict)
    spans: list[tuple[float, int]] = field(default_factory=list)
    ages: list[tuple[float, int]] = field(default_factory=list)


def _fix_times(
    fixed: Sequence[Row[Any]], left: Sequence[Row[Any]], scope: AsOf, since: int
) -> Iterator[FixTime]:
    start = scope.started.get(since)
    found: dict[str, _Spans] = {}
    for name, title, _, first, closed, ended, count in map(tuple, fixed):
        spans, days = found.setdefault(name, _Spans(title)), _days(scope, first, closed)
        word = FIX_WORDS[ended]
        spans.fixed[word] = spans.fixed.get(word, 0) + count
        spans.spans.append((days, count))
        by_people = word in _BY_PEOPLE
        spans.lifetimes.append(Lifetime(days, by_people, count, _since(scope, first, start, days)))
    for name, title, owner, first, opened, accepted, count in map(tuple, left):
        spans = found.setdefault(name, _Spans(title))
        days = _days(scope, first, opened if accepted else scope.scans[owner])
        if accepted:
            spans.fixed[WAIVED] = spans.fixed.get(WAIVED, 0) + count
        else:
            spans.ages.append((days, count))
        spans.lifetimes.append(Lifetime(days, False, count, _since(scope, first, start, days)))
    for name in sorted(found):
        yield _fix_time(name, found[name])


def _days(scope: AsOf, first: int, last: int) -> float:
    """Days from one scan to another; none where a clock went backwards between them."""
    return max(0.0, (scope.started[last] - scope.started[first]).total_seconds() / _DAY)


def _since(scope: AsOf, first: int, start: datetime | None, days: float) -> float:
    """The age from which on a finding is watched."""
    if start is None:
        return 0.0
    return min(days, max(0.0, (start - scope.started[first]).total_seconds() / _DAY))


def _fix_time(name: str, spans: _Spans) -> FixTime:
    total = sum(count for _, count in spans.spans)
    return FixTime(
        check=name,
        title=spans.title,
        fixed=total,
        mean_days=sum(days * n for days, n in spans.spans) / total if total else 0.0,
        longest_days=max((days for days, _ in spans.spans), default=0.0),
        median_days=median_days(spans.lifetimes),
        how=spans.fixed,
        open=sum(count for _, count in spans.ages),
        oldest_open_days=max((days for days, _ in spans.ages), default=0.0),
    )
