"""Reads publications, packages and uses of actions as of a scan."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    case,
    func,
    select,
    tuple_,
)

from audits.model.exposure import Actor
from audits.model.query import (
    ActionFilter,
    ActionSummary,
    ExposureMove,
    PackageFilter,
    PublicationFilter,
)
from audits.model.rows import (
    ActionRow,
    CutRow,
    PackageRow,
    PathRow,
    PublicationRow,
    SharedCut,
    StepRow,
)
from audits.model.score import Ladder
from audits.store.chunks import chunks
from audits.store.details import use_key
from audits.store.read.as_of import AsOf, Scoped, repository_id
from audits.store.read.finding_rows import Blocks
from audits.store.schema import tables
from audits.store.schema.codes import yes_no

_ALL = ActionFilter()
_ALL_PACKAGES, _ALL_PUBLICATIONS = PackageFilter(), PublicationFilter()
_UNKNOWN = ("", "")
_use, _action, _repository = tables.action_use, tables.action, tables.repository


_LEVELS = (Actor.ANYONE, Actor.THIRD_PARTY, Actor.UNKNOWN, "", Actor.ONE_WRITER, Actor.TWO_PEOPLE)
"""Exposure levels, worst first. What is not known comes before what takes one of the owner's
people."""
_STATES = (
    *(Ladder.MISMATCH, Ladder.TOKEN, Ladder.MIXED, Ladder.MANUAL, Ladder.UNKNOWN),
    *(Ladder.NONE, Ladder.OIDC, Ladder.ATTESTED),
)


_CLOSED = (Actor.THIRD_PARTY, Actor.ONE_WRITER, Actor.TWO_PEOPLE)


class ReadReleases(Scoped):
    """Publications, packages, paths to them, and the actions that are used."""

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
            scope = self.scope(connection, owner, scan)
            statement = named(connection, scope, table, repository)
            chosen = statement.where(*_of_publications(where)).order_by(*order)
            rows = connection.execute(chosen.limit(limit).offset(offset))
            return tuple(PublicationRow(**shared_values(row, table, scope)) for row in rows)

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
        worst_first: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> tuple[PackageRow, ...]:
        """Packages in the order of repositories and names, or worst first: by exposure level,
        then by trusted-publisher status. Each has the status of the owner's scan before.
        """
        table = tables.package
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            wanted = self._of_packages(connection, owner, where)
            statement = named(connection, scope, table, repository).where(*wanted)
            if worst_first:  # before the order of repositories
                worst = (_place(table.c.level, _LEVELS), _place(table.c.state, _STATES))
                statement = statement.order_by(None).order_by(*worst)
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
        with self.reading() as connection:
            wanted = self._of_packages(connection, owner, where)
        return self._count(tables.package, owner, scan, wanted)

    def shared_cuts(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: PackageFilter = _ALL_PACKAGES,
        limit: int = 20,
    ) -> tuple[SharedCut, ...]:
        """Changes that close paths to several packages: worst exposure level first, then by
        number of packages.
        """
        table = tables.package
        columns = (
            *(table.c.cut, table.c.cut_edits, table.c.cut_leaves),
            *(table.c.level, table.c.repository_id),
        )
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            counted = select(*columns, func.count()).where(
                scope.valid(table),
                table.c.cut != "",
                *self._of_packages(connection, owner, where),
            )
            rows = connection.execute(counted.group_by(*columns)).all()
        return _shared_cuts(rows)[:limit]

    def package_registries(
        self, scan: int | None = None, *, owner: str | None = None
    ) -> tuple[str, ...]:
        """The registries of all packages, in the order of the alphabet."""
        table = tables.package
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = select(table.c.registry).where(scope.valid(table)).distinct()
            return tuple(sorted(connection.scalars(statement)))

    def count_actions(
        self, scan: int | None = None, *, owner: str | None = None, where: ActionFilter = _ALL
    ) -> int:
        """How many uses of actions match."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            conditions = (_valid(scope, where), *_conditions(connection, scope, where))
            counted = select(func.count()).select_from(_use).where(*conditions)
            return int(connection.scalar(counted) or 0)

    def _of_packages(
        self, connection: Connection, owner: str | None, where: PackageFilter
    ) -> list[ColumnElement[bool]]:
        table = tables.package
        found = _among(table, state=where.states, registry=where.registries, level=where.levels)
        if where.moved is None:
            return found
        earlier = self.scope(connection, owner, where.since)
        return [*found, *_moved(where.moved, earlier)]

    def _count(
        self,
        table: Table,
        owner: str | None,
        scan: int | None,
        conditions: list[ColumnElement[bool]],
    ) -> int:
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
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
        """Paths to publications, in the order of repositories; each one's worst path first."""
        table = tables.path
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            statement = named(connection, scope, table, repository).order_by(table.c.id)
            rows = connection.execute(statement.limit(limit).offset(offset)).all()
            since = _first_seen(connection, rows)
            return tuple(_path_row(row, scope, since) for row in rows)

    def actions(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: ActionFilter = _ALL,
        limit: int | None = None,
        offset: int = 0,
    ) -> Iterator[ActionRow]:
        """Uses of actions, reusable workflows and images, one at a time."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            chosen = (
                select(_use.c.id)
                .join(_action)
                .join(_repository)
                .where(_valid(scope, where), *_conditions(connection, scope, where))
                .order_by(_repository.c.owner_id, _repository.c.key, _use.c.path, _use.c.id)
            )
            ids = connection.scalars(chosen.limit(limit).offset(offset)).all()
            blocks = Blocks(connection)
            for part in chunks(ids):
                rows = {row.id: row for row in connection.execute(_joined(scope, part))}
                blocks.load({row.detail_id for row in rows.values()})
                for number in part:
                    yield _action_row(rows[number], scope, blocks)

    def action_summaries(
        self,
        scan: int | None = None,
        *,
        owner: str | None = None,
        where: ActionFilter = _ALL,
        limit: int | None = 200,
        offset: int = 0,
    ) -> tuple[ActionSummary, ...]:
        """Actions over all repositories, those that most repositories use first."""
        with self.reading() as connection:
            scope = self.scope(connection, owner, scan)
            conditions = (_valid(scope, where), *_conditions(connection, scope, where))
            repositories = func.count(func.distinct(_use.c.repository_id))
            grouped = (
                select(
                    _use.c.action_id,
                    repositories.label("repositories"),
                    func.count().label("uses"),
                    func.count(func.distinct(_use.c.ref)).label("refs"),
                    func.min(_use.c.kind).label("kind"),
                    func.min(_use.c.slug).label("slug"),
                    func.sum(case((_use.c.pinned, 0), else_=1)).label("unpinned"),
                    func.sum(case((_use.c.in_release, 1), else_=0)).label("in_release"),
                    func.max(_use.c.advisories).label("advisories"),
                )
                .where(*conditions)
                .group_by(_use.c.action_id)
                .order_by(repositories.desc(), _use.c.action_id)
            )
            rows = connection.execute(grouped.limit(limit).offset(offset)).all()
            return _summaries(connection, scope, conditions, rows)


def _moved(way: ExposureMove, earlier: AsOf) -> tuple[ColumnElement[bool], ...]:
    """That a package was opened or closed to anyone since earlier scans: closed where it is known
    who can publish it now, opened wherever no repository of its owner had it open before.
    """
    now, then = tables.package, tables.package.alias("then")
    # A package may move to another repository.
    of = "repository_id" if way is ExposureMove.CLOSED else "owner_id"
    key = (of, "registry", "package")
    opened = select(*(then.c[name] for name in key))
    # Read once, as a set: asked for each package, all of the owner's would be read each time.
    was_open = tuple_(*(now.c[name] for name in key)).in_(
        opened.where(earlier.holds(then), then.c.level == Actor.ANYONE)
    )
    if way is ExposureMove.CLOSED:
        return now.c.level.in_(_CLOSED), was_open
    return now.c.level == Actor.ANYONE, ~was_open


def _place(column: ColumnElement[str], words: Sequence[str]) -> ColumnElement[int]:
    """The place of a column's word among words; other words come last."""
    places: ColumnElement[int] = case(
        {word: place for place, word in enumerate(words)}, value=column, else_=len(words)
    )
    return places


def _of_publications(where: PublicationFilter) -> list[ColumnElement[bool]]:
    return _among(tables.publication, registry=where.registries, auth=where.auths)


def _among(table: Table, **words: tuple[str, ...]) -> list[ColumnElement[bool]]:
    """For each column with words, that it holds one of them."""
    return [table.c[name].in_(some) for name, some in words.items() if some]


def named(connection: Connection, scope: AsOf, table: Table, repository: str) -> Select[Any]:
    """Valid rows of a table with their repository's name, in the order of names."""
    statement = select(table, _repository.c.name).join(
        _repository, _repository.c.id == table.c.repository_id
    )
    statement = statement.where(scope.valid(table))
    if repository:
        number = repository_id(connection, scope, repository)
        statement = statement.where(table.c.repository_id == number)
    return statement.order_by(_repository.c.owner_id, _repository.c.key)


def _shared_cuts(rows: Iterable[Row[Any]]) -> tuple[SharedCut, ...]:
    """The changes that several packages' cuts share; rows hold cut, its edits, the level that it
    leaves, level, repository and count.
    """
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        for change in dict.fromkeys(row[0].split("; ")):
            found.setdefault(change, []).append(tuple(row[1:]))
    shared = []
    for change, several in found.items():
        alone = [each for each in several if each[0] == 1]
        leaves = [Actor(each[1]) for each in alone if each[1]]
        shared.append(
            SharedCut(
                change=change,
                packages=sum(each[-1] for each in several),
                alone=sum(each[-1] for each in alone),
                repositories=len({each[3] for each in several}),
                level=min((Actor(each[2]) for each in several), key=_rank).value,
                leaves=min(leaves, key=_rank).value if leaves else "",
            )
        )
    wide = (each for each in shared if each.packages > 1)
    return tuple(sorted(wide, key=lambda s: (Actor(s.level).rank, -s.packages, s.change)))


def _rank(actor: Actor) -> int:
    return actor.rank


def shared_values(row: Row[Any], table: Table, scope: AsOf) -> dict[str, Any]:
    """The columns of a row that a row for readers has by the same names."""
    hidden = {"id", "owner_id", "repository_id", "opened", "closed"}
    values = {c.name: getattr(row, c.name) for c in table.c if c.name not in hidden}
    return {"owner": scope.logins[row.owner_id], "repository": row.name, **values}


def _package_row(
    row: Row[Any], scope: AsOf, earlier: dict[tuple[int, str, str], str]
) -> PackageRow:
    values = shared_values(row, tables.package, scope)
    has_evidence = values.pop("has_evidence")
    return PackageRow(
        **values,
        previous_state=earlier.get((row.repository_id, row.registry, row.package), ""),
        evidence_at=scope.at(row.owner_id) if has_evidence else None,
    )


def _first_seen(connection: Connection, rows: Sequence[Row[Any]]) -> dict[tuple[int, str], int]:
    """The scan that saw each path first; its lines may have moved since."""
    table = tables.path
    found: dict[tuple[int, str], int] = {}
    for part in chunks(sorted({row.repository_id for row in rows})):
        oldest = select(table.c.repository_id, table.c.path_id, func.min(table.c.opened)).where(
            table.c.repository_id.in_(part)
        )
        grouped = oldest.group_by(table.c.repository_id, table.c.path_id)
        found |= {(number, name): first for number, name, first in connection.execute(grouped)}
    return found


def _path_row(row: Row[Any], scope: AsOf, since: dict[tuple[int, str], int]) -> PathRow:
    values = shared_values(row, tables.path, scope)
    first = since.get((row.repository_id, row.path_id), row.opened)
    values |= {
        "steps": tuple(
            StepRow(kind=kind, what=what, path=path, line=line, job=job)
            for kind, what, path, line, job in json.loads(row.steps)
        ),
        "cuts": tuple(
            CutRow(what=what, path=path, line=line) for what, path, line in json.loads(row.cuts)
        ),
        "needs": tuple(what for what, _ in json.loads(row.needs)),
    }
    return PathRow(**values, since=scope.started.get(first))


def _earlier_states(
    connection: Connection, scope: AsOf, rows: Sequence[Row[Any]]
) -> dict[tuple[int, str, str], str]:
    """The status of these packages as of each owner's scan before."""
    table = tables.package
    mine = {row.owner_id for row in rows}
    before = {owner: scope.before(owner, at) for owner, at in scope.scans.items() if owner in mine}
    earlier = replace(scope, scans=before)
    found: dict[tuple[int, str, str], str] = {}
    for part in chunks(sorted({row.repository_id for row in rows})):
        statement = select(table).where(table.c.repository_id.in_(part), earlier.holds(table))
        for row in connection.execute(statement):
            found[(row.repository_id, row.registry, row.package)] = row.state
    return found


def _valid(scope: AsOf, where: ActionFilter) -> ColumnElement[bool]:
    """Whether a use holds, written so that reading all uses of an owner walks the table in order.

    SQLite would look up every row by an index, in the order of actions: two to five times as
    slow. A term that is not the bare column keeps it from that: https://www.sqlite.org/optoverview.html
    """
    if len(scope.scans) != 1 or scope.only is not None or where.action or where.repository:
        return scope.valid(_use)
    [(owner, at)] = scope.scans.items()
    return and_(_use.c.owner_id + 0 == owner, _use.c.opened <= at, _use.c.closed > at)


def _conditions(
    connection: Connection, scope: AsOf, where: ActionFilter
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.action:
        text = where.action.lower()
        name = func.lower(_action.c.name)
        like = name == text if where.exact else name.contains(text, autoescape=True)
        found.append(
            _use.c.action_id.in_(connection.scalars(select(_action.c.id).where(like)).all())
        )
    if where.ref:
        found.append(_use.c.ref == where.ref)
    if where.repository:
        number = repository_id(connection, scope, where.repository)
        found.append(_use.c.repository_id == number)
    if where.kinds:
        found.append(_use.c.kind.in_(where.kinds))
    if where.pinned is not None:
        found.append(_use.c.pinned == where.pinned)
    if where.in_release is not None:
        found.append(_use.c.in_release == where.in_release)
    return found


def _joined(scope: AsOf, ids: Sequence[int]) -> Select[Any]:
    facts, reference = tables.facts, tables.reference
    known = and_(
        reference.c.slug == _use.c.slug,
        reference.c.ref == _use.c.ref,
        scope.valid(reference),
        reference.c.owner_id == _use.c.owner_id,
        _use.c.slug != "",
    )
    return (
        select(
            _use,
            _action.c.name.label("action"),
            _repository.c.name,
            facts.c.detail_id,
            reference.c.newest_release,
            reference.c.archived,
        )
        .join(_action)
        .join(_repository, _repository.c.id == _use.c.repository_id)
        .join(facts, facts.c.repository_id == _use.c.repository_id)
        .outerjoin(reference, known)
        .where(_use.c.id.in_(ids), scope.valid(facts))
    )


def _action_row(row: Row[Any], scope: AsOf, blocks: Blocks) -> ActionRow:
    key = use_key(row.path, row.job, row.action, row.ref, row.ordinal)
    return ActionRow(
        owner=scope.logins[row.owner_id],
        repository=row.name,
        action=row.action,
        ref=row.ref,
        comment=row.comment,
        pinned=row.pinned,
        kind=row.kind,
        path=row.path,
        job=row.job,
        line=blocks.line(row.detail_id, key),
        role=row.role,
        in_release=row.in_release,
        permissions=row.permissions,
        advisories=row.advisories,
        newest_release=row.newest_release or "",
        archived=_archived(row.archived),
    )


def _archived(archived: bool | None) -> str:
    """``yes`` or ``no``; "" where it is not known."""
    return "" if archived is None else yes_no(archived)


def _summaries(
    connection: Connection,
    scope: AsOf,
    conditions: Sequence[ColumnElement[bool]],
    rows: Sequence[Row[Any]],
) -> tuple[ActionSummary, ...]:
    """The groups with names, advisories and what is known of the actions' repositories.

    Each is read for all groups at once: a query for each group takes most of a second.
    """
    names: dict[int, str] = {}
    for part in chunks([row.action_id for row in rows]):
        named_so = select(_action.c.id, _action.c.name).where(_action.c.id.in_(part))
        names |= {row.id: row.name for row in connection.execute(named_so)}
    advisories = _advisories(connection, conditions, [r.action_id for r in rows if r.advisories])
    known = _known(connection, scope, sorted({row.slug for row in rows if row.slug}))
    return tuple(
        ActionSummary(
            action=names[row.action_id],
            kind=row.kind,
            uses=row.uses,
            refs=row.refs,
            repositories=row.repositories,
            unpinned=int(row.unpinned),
            in_release=int(row.in_release),
            advisories=advisories.get(row.action_id, ""),
            newest_release=known.get(row.slug, _UNKNOWN)[0],
            archived=known.get(row.slug, _UNKNOWN)[1],
        )
        for row in rows
    )


def _advisories(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], actions: Sequence[int]
) -> dict[int, str]:
    """The ids of advisories on the versions in use of these actions, joined by commas."""
    found: dict[int, set[str]] = {}
    for part in chunks(actions):
        advised = select(_use.c.action_id, _use.c.advisories).where(
            *conditions, _use.c.action_id.in_(part), _use.c.advisories != ""
        )
        for action, cell in connection.execute(advised.distinct()):
            found.setdefault(action, set()).update(cell.split(", "))
    return {action: ", ".join(sorted(ids)) for action, ids in found.items()}


def _known(connection: Connection, scope: AsOf, slugs: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Newest release and whether archived, by ``owner/repo``; none for those not asked about."""
    table = tables.reference
    found: dict[str, tuple[str, str]] = {}
    for part in chunks(slugs):
        statement = select(table).where(table.c.slug.in_(part), scope.valid(table))
        for row in connection.execute(statement.order_by(table.c.id)):
            found.setdefault(row.slug, (row.newest_release, _archived(row.archived)))
    return found
