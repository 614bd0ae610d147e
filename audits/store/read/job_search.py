"""Finds jobs by the action, secret or runner that they use, as of a scan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from audits.model.evidence import ResolvedRef
from audits.model.query import JobFilter
from audits.model.rows import JobRow
from audits.store.read.as_of import AsOf, Scoped
from audits.store.schema import tables
from audits.store.schema.codes import unbarred
from audits.store.serialize import loads

_job, _use, _state, _score = tables.job, tables.action_use, tables.state, tables.score
_repository = tables.repository
_OF_USES = ("action", "ref", "comment", "pinned")
_WORDS = ("events", "runners", "secrets", "publishes")


class ReadJobs(Scoped):
    """Jobs, found by what they use."""

    def jobs(
        self, scan: int | None = None, *, owner: str | None = None, where: JobFilter
    ) -> tuple[JobRow, ...]:
        """The jobs that match, in the order of repositories and files; where an action is asked
        for, one row for each use. No limit: an incident's answer must be whole.
        """
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = _uses(connection, scope, where) if where.action else _jobs(scope, where)
            ordered = statement.order_by(_repository.c.owner_id, _repository.c.key)
            rows = connection.execute(ordered)
            columns = frozenset(rows.keys())
            own = [name for name in _OF_USES if name in columns]
            return tuple(_job_row(row, scope, own) for row in rows)

    def job_words(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> dict[str, tuple[str, ...]]:
        """The secrets and runners of all jobs, in the order of the alphabet."""
        columns = {"secrets": _job.c.secrets, "runners": _job.c.runners}
        found: dict[str, tuple[str, ...]] = {}
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            for name, column in columns.items():
                cells = connection.scalars(select(column).where(scope.valid(_job)).distinct())
                found[name] = tuple(sorted({word for cell in cells for word in unbarred(cell)}))
        return found


def _jobs(scope: AsOf, where: JobFilter) -> Select[Any]:
    about = select(_job, *_about())
    statement = _joined(about.join(_repository, _repository.c.id == _job.c.repository_id), scope)
    return statement.where(scope.valid(_job), *_of_job(where)).order_by(_job.c.id)


def _uses(connection: Connection, scope: AsOf, where: JobFilter) -> Select[Any]:
    """The uses of an action, each with its job, if it is in one."""
    reference = tables.reference
    mine = and_(
        _job.c.repository_id == _use.c.repository_id,
        _job.c.path == _use.c.path,
        _job.c.job == _use.c.job,
        scope.valid(_job, _use.c.owner_id),
    )
    known = and_(
        reference.c.owner_id == _use.c.owner_id,
        reference.c.slug == _use.c.slug,
        reference.c.ref == _use.c.ref,
        _use.c.slug != "",
        scope.valid(reference, _use.c.owner_id),
    )
    held = [c for c in _job.c if c.name in _WORDS or c.name in ("line", "environment")]
    used = [
        _use.c[name] for name in ("owner_id", "path", "job", "role", "in_release", "permissions")
    ]
    one = [_use.c[name] for name in _OF_USES if name in _use.c]
    statement = (
        select(
            *used, *one, *held, tables.action.c.name.label("action"), reference.c.value, *_about()
        )
        .join(tables.action, tables.action.c.id == _use.c.action_id)
        .join(_repository, _repository.c.id == _use.c.repository_id)
        .outerjoin(_job, mine)
        .outerjoin(reference, known)
    )
    text, name = where.action.lower(), func.lower(tables.action.c.name)
    like = name == text if where.exact else name.contains(text, autoescape=True)
    numbers = connection.scalars(select(tables.action.c.id).where(like)).all()
    chosen = statement.where(scope.valid(_use), _use.c.action_id.in_(numbers), *_of_job(where))
    return _joined(chosen, scope).order_by(_use.c.path, _use.c.id)


def _about() -> tuple[ColumnElement[Any], ...]:
    return _repository.c.name, _state.c.host, _state.c.head, _score.c.level


def _joined(statement: Select[Any], scope: AsOf) -> Select[Any]:
    """The statement, joined with the state and the score of each repository."""
    return (
        statement.join(_state, _state.c.repository_id == _repository.c.id)
        .join(_score, _score.c.repository_id == _repository.c.id)
        .where(
            scope.valid(_state, _repository.c.owner_id), scope.valid(_score, _repository.c.owner_id)
        )
    )


def _of_job(where: JobFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.reads:
        named = _job.c.secrets.contains(f"|{where.reads.lower()}|", autoescape=True)
        found.append(or_(named, _job.c.secrets.contains("|*|")))
    if where.runner:
        found.append(_job.c.runners.contains(f"|{where.runner.lower()}|", autoescape=True))
    return found


def _job_row(row: Row[Any], scope: AsOf, own: Sequence[str]) -> JobRow:
    held = row._mapping
    use: dict[str, Any] = {name: held[name] for name in own}
    words: dict[str, Any] = {name: unbarred(held[name] or "") for name in _WORDS}
    value = held.get("value")
    return JobRow(
        owner=scope.logins[row.owner_id],
        repository=row.name,
        host=row.host,
        audited=row.head,
        level=row.level,
        path=row.path,
        job=row.job,
        line=row.line or 0,
        role=row.role,
        in_release=row.in_release,
        environment=row.environment or "",
        permissions=row.permissions,
        **words,
        **use,
        commit=(loads(ResolvedRef, value).commit or "") if value else "",
    )
