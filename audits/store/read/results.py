"""Reads outcomes of checks, deductions, gaps, steps of the lesson and owners' cards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from audits.model.outcome import Area, Outcome
from audits.model.query import GapFilter, OwnerFact
from audits.model.rows import DeductionRow, FindingRow, GapRow, LessonRow, ResultRow
from audits.store.details import Details
from audits.store.read.as_of import AsOf, Scoped, repository_id
from audits.store.read.finding_rows import finding_rows
from audits.store.read.releases import named, shared_values
from audits.store.schema import tables
from audits.store.schema.codes import OUTCOME_WORDS, OUTCOMES, SEVERITY_WORDS
from audits.store.schema.tables import finding, result, rule, unseen
from audits.store.serialize import loads, unpack

_ALL_GAPS = GapFilter()
_ORDER = {area.value: place for place, area in enumerate(Area)}


class ReadResults(Scoped):
    """The results of checks."""

    def results(
        self, owner: str, repository: str, *, scan: int | None = None
    ) -> tuple[ResultRow, ...]:
        """The outcome of every check for one repository, in the order of areas."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            number = repository_id(connection, scope, repository)
            kept = (
                select(result, unseen.c.need, unseen.c.reason, unseen.c.permission)
                .outerjoin(unseen, unseen.c.id == result.c.unseen_id)
                .where(result.c.repository_id == number, scope.valid(result), ~result.c.on_owner)
            )
            found = {row.rule_id: row for row in connection.execute(kept)}
            at = max(scope.scans.values(), default=0)
            owners = select(result.c.rule_id).where(result.c.on_owner)
            known = select(rule).where(rule.c.since <= at, rule.c.id.not_in(owners))
            # Rules of another analyser have a result only where they found something.
            rules = [
                row for row in connection.execute(known) if row.id in found or "/" not in row.name
            ]
            name = connection.scalar(
                select(tables.repository.c.name).where(tables.repository.c.id == number)
            )
        rows = [_result_row(r, found.get(r.id), owner, name or repository) for r in rules]
        return tuple(sorted(rows, key=lambda row: (_ORDER.get(row.area, 9), row.check)))

    def deductions(
        self, owner: str | None, repository: str, *, scan: int | None = None
    ) -> tuple[DeductionRow, ...]:
        """The deductions from a repository's score, largest first."""
        table = tables.deduction
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = named(connection, scope, table, repository).add_columns(
                rule.c.name.label("check")
            )
            statement = statement.join(rule, rule.c.id == table.c.rule_id)
            rows = connection.execute(statement.order_by(table.c.points.desc())).all()
        return tuple(
            DeductionRow(
                owner=scope.logins[row.owner_id],
                repository=row.name,
                area=row.area,
                check=row.check,
                severity=SEVERITY_WORDS[row.severity],
                points=row.points,
                publication=row.publication,
            )
            for row in rows
        )

    def gaps(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        repository: str = "",
        where: GapFilter = _ALL_GAPS,
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[GapRow, ...]:
        """What could not be seen, the owner's own gaps first."""
        table = tables.gap
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = named(connection, scope, table, repository).where(*_of_gaps(where))
            ordered = statement.order_by(table.c.subject, table.c.id)
            rows = connection.execute(ordered.limit(limit).offset(offset)).all()
        return tuple(GapRow(**shared_values(row, table, scope)) for row in rows)

    def first_gaps(
        self, most: int, *, owner: str | None = None, where: GapFilter = _ALL_GAPS
    ) -> tuple[tuple[GapRow, ...], Mapping[str, int]]:
        """The gaps of the first ``most`` repositories of each owner that have any, in the order
        of names, the owner itself first; and how many have some, by the owner's name in lower case.
        """
        gap, repository = tables.gap, tables.repository
        with self.reading() as connection:
            scope = self.scope(connection, owner, None)
            holds = (scope.valid(gap), *_of_gaps(where))
            named = (repository.c.id, repository.c.owner_id, repository.c.key, repository.c.name)
            joined = gap.join(repository, repository.c.id == gap.c.repository_id)
            places = select(*named).select_from(joined).where(*holds).distinct().subquery()
            rank = func.row_number().over(partition_by=places.c.owner_id, order_by=places.c.key)
            ranked = select(places.c.id, places.c.name, rank.label("rank")).subquery()
            first = select(gap, ranked.c.name).join(ranked, ranked.c.id == gap.c.repository_id)
            first = first.where(*holds, ranked.c.rank <= most)
            rows = connection.execute(
                first.order_by(gap.c.owner_id, ranked.c.rank, gap.c.subject, gap.c.id)
            ).all()
            counted = select(places.c.owner_id, func.count()).group_by(places.c.owner_id)
            counts = {scope.logins[number].lower(): n for number, n in connection.execute(counted)}
        return tuple(GapRow(**shared_values(row, gap, scope)) for row in rows), counts

    def count_gaps(
        self, scan: int | None = None, *, owner: str | None = None, where: GapFilter = _ALL_GAPS
    ) -> int:
        """How many gaps match."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = select(func.count()).select_from(tables.gap).where(scope.valid(tables.gap))
            return int(connection.scalar(statement.where(*_of_gaps(where))) or 0)

    def gap_reasons(self, scan: int | None = None, *, owner: str | None = None) -> tuple[str, ...]:
        """The reasons of all gaps, in the order of the alphabet."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            reasons = select(tables.gap.c.reason).where(scope.valid(tables.gap)).distinct()
            return tuple(sorted(connection.scalars(reasons)))

    def lesson(
        self, owner: str, repository: str, *, scan: int | None = None
    ) -> tuple[LessonRow, ...]:
        """The steps of the lesson with a repository's state in each, in the lesson's order."""
        facts, content = tables.facts, tables.content
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = named(connection, scope, facts, repository).add_columns(content.c.data)
            row = connection.execute(
                statement.join(content, content.c.id == facts.c.detail_id)
            ).first()
        steps = loads(Details, unpack(row.data)).lesson if row else ()
        return tuple(
            LessonRow(
                owner=owner,
                repository=row.name if row else repository,
                position=place,
                title=step.title,
                url=step.url,
                state=step.state.value,
                checks=step.checks,
            )
            for place, step in enumerate(steps, start=1)
        )

    def owner_card(
        self, owner: str | None = None, *, scan: int | None = None
    ) -> tuple[OwnerFact, ...]:
        """Results that concern owners as a whole, with how many repositories each affects."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            touched = func.count(func.distinct(result.c.repository_id)).filter(
                tables.repository.c.key != ""
            )
            statement = (
                select(
                    result.c.owner_id,
                    result.c.rule_id,
                    result.c.outcome,
                    rule.c.name,
                    rule.c.title,
                    rule.c.severity,
                    touched.label("touched"),
                    func.max(result.c.unseen_id).label("unseen_id"),
                )
                .join(rule, rule.c.id == result.c.rule_id)
                .join(tables.repository, tables.repository.c.id == result.c.repository_id)
                .where(scope.valid(result), result.c.on_owner)
                .group_by(
                    result.c.owner_id,
                    result.c.rule_id,
                    result.c.outcome,
                    rule.c.name,
                    rule.c.title,
                    rule.c.severity,
                )
                .order_by(result.c.owner_id, rule.c.severity.desc(), rule.c.name)
            )
            rows = connection.execute(statement).all()
            unseen_by_id = {row.id: row for row in connection.execute(select(unseen))}
            return tuple(_fact(connection, scope, row, unseen_by_id) for row in rows)


def _of_gaps(where: GapFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.reasons:
        found.append(tables.gap.c.reason.in_(where.reasons))
    if where.optional is not None:
        found.append(tables.gap.c.optional == where.optional)
    return found


def _result_row(rule_row: Row[Any], row: Row[Any] | None, owner: str, name: str) -> ResultRow:
    none = OUTCOMES[Outcome.NOT_APPLICABLE]
    reason = "" if row is None else row.crash or row.reason or ""
    return ResultRow(
        owner=owner,
        repository=name,
        check=rule_row.name,
        title=rule_row.title,
        area=rule_row.area,
        severity=SEVERITY_WORDS[row.severity if row else rule_row.severity],
        outcome=OUTCOME_WORDS[row.outcome if row else none],
        weight=row.weight if row else 0.0,
        reason=reason,
        permission=(row.permission or "") if row else "",
        need=(row.need or "") if row else "",
        places=row.places if row else 0,
        failing=row.failing if row else 0,
    )


def _fact(
    connection: Connection, scope: AsOf, row: Row[Any], unseen_by_id: dict[int, Row[Any]]
) -> OwnerFact:
    failed = row.outcome == OUTCOMES[Outcome.FAIL]
    shown = _example(connection, scope, row) if failed else None
    why = unseen_by_id.get(row.unseen_id)
    return OwnerFact(
        owner=scope.logins[row.owner_id],
        check=row.name,
        title=row.title,
        severity=SEVERITY_WORDS[row.severity],
        outcome=OUTCOME_WORDS[row.outcome],
        repositories=row.touched,
        message=shown.message if shown else "",
        reason=why.reason if why else "",
        permission=why.permission if why else "",
        links=shown.links if shown else (),
        consequence=_would_break(connection, scope, row.owner_id)
        if failed and row.name == _PINS_REQUIRED
        else "",
    )


def _example(connection: Connection, scope: AsOf, row: Row[Any]) -> FindingRow | None:
    """The first finding of a result that concerns an owner as a whole."""
    statement = select(finding.c.id).where(
        scope.of_owner(row.owner_id).valid(finding),
        finding.c.on_owner,
        finding.c.rule_id == row.rule_id,
    )
    ids = connection.scalars(statement.order_by(finding.c.repository_id).limit(1)).all()
    return next(finding_rows(connection, scope, ids), None)


_PINS_REQUIRED = "sha-pinning-not-required"
_ACTION = "action"
_MOST_NAMED = 3


def _would_break(connection: Connection, scope: AsOf, owner: int) -> str:
    """A sentence on the repositories that would break if actions had to be pinned to commits;
    actions inside other actions count as far as those were read.
    """
    use, action = tables.action_use, tables.action
    refused = (scope.of_owner(owner).valid(use), use.c.kind == _ACTION, ~use.c.pinned)
    each = func.count(func.distinct(use.c.repository_id))
    number = connection.scalar(select(each).where(*refused)) or 0
    if not number:
        return "No repository would break if it were: every use that was read is pinned."
    named = (
        select(action.c.name, use.c.ref, each.label("repositories"))
        .join(action, action.c.id == use.c.action_id)
        .where(*refused)
        .group_by(action.c.name, use.c.ref)
        .order_by(each.desc(), action.c.name, use.c.ref)
    )
    rows = connection.execute(named.limit(_MOST_NAMED)).all()
    worst = ", ".join(f"{row.name}@{row.ref} ({row.repositories})" for row in rows)
    others = connection.scalar(select(func.count()).select_from(named.subquery())) or 0
    more = f" and {others - len(rows)} more" if others > len(rows) else ""
    one = "1 repository" if number == 1 else f"{number} repositories"
    return f"If it were, {one} would break, because of: {worst}{more}."
