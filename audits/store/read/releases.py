"""Reads publications, packages and uses of actions as of a scan."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, case, func, select

from audits.model.query import ActionFilter, ActionSummary, PackageFilter, PublicationFilter
from audits.model.rows import (
    ActionRow,
    CutRow,
    PackageRow,
    PathRow,
    PublicationRow,
    StepRow,
)
from audits.store.base import Connected
from audits.store.details import use_key
from audits.store.read.as_of import AsOf, repository_id, scope_of
from audits.store.read.finding_rows import Blocks
from audits.store.schema import tables
from audits.store.schema.codes import yes_no
from audits.store.write.ids import chunks

_ALL = ActionFilter()
_ALL_PACKAGES, _ALL_PUBLICATIONS = PackageFilter(), PublicationFilter()
_UNKNOWN = ("", "")
_use, _action, _repository = tables.action_use, tables.action, tables.repository


class ReadReleases(Connected):
    """What is released, and with whose code."""

    def publications(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        repository: str = "",
        where: PublicationFilter = _ALL_PUBLICATIONS,
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[PublicationRow, ...]:
        """Publications, in the order of repositories, files and jobs."""
        table = tables.publication
        order = (table.c.workflow, table.c.job, table.c.step, table.c.id)
        with self.reading() as connection:
            scope = scope_of(connection, owner, scan)
            statement = named(connection, scope, table, repository)
            chosen = statement.where(*_of_publications(where)).order_by(*order)
            rows = connection.execute(chosen.limit(limit).offset(offset))
            return tuple(PublicationRow(**_shared(row, table, scope)) for row in rows)

    def count_publications(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: PublicationFilter = _ALL_PUBLICATIONS,
    ) -> int:
        """How many publications match."""
        return self._count(tables.publication, owner, scan, _of_publications(where))

    def packages(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        repository: str = "",
        where: PackageFilter = _ALL_PACKAGES,
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[PackageRow, ...]:
        """Packages, with the state they had in the owner's scan before."""
        table = tables.package
        with self.reading() as connection:
            scope = scope_of(connection, owner, scan)
            statement = named(connection, scope, table, repository).where(*_of_packages(where))
            ordered = statement.order_by(table.c.registry, table.c.package, table.c.id)
            rows = connection.execute(ordered.limit(limit).offset(offset)).all()
            earlier = _earlier_states(connection, scope, rows)
            return tuple(_package_row(row, scope, earlier) for row in rows)

    def count_packages(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: PackageFilter = _ALL_PACKAGES,
    ) -> int:
        """How many packages match."""
        return self._count(tables.package, owner, scan, _of_packages(where))

    def package_registries(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> tuple[str, ...]:
        """The registries of all packages, in the order of the alphabet."""
        table = tables.package
        with self.reading() as connection:
            scope = scope_of(connection, owner, scan)
            statement = select(table.c.registry).where(scope.valid(table)).distinct()
            return tuple(sorted(connection.scalars(statement)))

    def count_actions(
        self, scan: int | None = None, *, owner: str | None = None, where: ActionFilter = _ALL
    ) -> int:
        """How many uses of actions match."""
        with self.reading() as connection:
            scope = scope_of(connection, owner, scan)
            conditions = (_valid(scope, where), *_conditions(connection, scope, where))
            counted = select(func.count()).select_from(_use).where(*conditions)
            return int(connection.scalar(counted) or 0)

    def _count(
        self,
        table: Table,
        owner: str | None,
        scan: int | None,
        conditions: list[ColumnElement[bool]],
    ) -> int:
        with self.reading() as connection:
            scope = scope_of(connection, owner, scan)
            counted = select(func.count()).select_from(table)
            return int(connection.scalar(counted.where(scope.valid(table), *conditions)) or 0)

    def paths(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        repository: str = "",
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[PathRow, ...]:
        """Paths to publications, in the order of repositories, the worst of each first."""
        table = tables.path
        with self.reading() as connection:
            scope = scope_of(connection, owner, scan)
            statement = named(connection, scope, table, repository).order_by(table.c.id)
            rows = connection.execute(statement.limit(limit).offset(offset)).all()
            since = _first_seen(connection, rows)
            return tuple(_path_row(row, scope, since) for row in rows)
