"""What a scan at night and the views ask finds its rows by an index, on both databases.

A store keeps years: a query that reads a table of history from end to end is slow long before
its answer is large. So every statement is explained by the database that runs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from sqlalchemy import Connection, Engine, event

from audits.model.query import ExposureMove, JobFilter, PackageFilter
from audits.store.schema import tables
from audits.store.store import Store
from tests.cli.runner import release_audit
from tests.store.recorded import begin, scan
from tests.store.samples import OWNER, audit, fault, night

HISTORY = {table.name for table in (*tables.FAMILIES, tables.reference, tables.score_change)}
NAMES = [f"lumen{number}" for number in range(12)]
_ALIAS = re.compile(r"\b(?:FROM|JOIN|,)\s+(\w+) AS (\w+)")
_WALKED = "action_use.owner_id + "
"""All uses of an owner are read in the table's order on purpose, see `audits.store.read.releases`:
of as many rows, looking up each by an index is slower."""
_OF_OWNER = re.compile(r"\((?:owner_id=\?|opened<\?|closed[=>]\?| AND )+\)")
"""How SQLite finds all rows of an owner."""
_READS_ROWS = re.compile(r"\s*(SELECT|WITH|UPDATE|DELETE)\b", re.IGNORECASE)


class Asked(Struct, frozen=True):
    """A statement, and the parameters that it was executed with first."""

    statement: str
    parameters: Any


@contextmanager
def asked() -> Iterator[list[Asked]]:
    """The statements on tables of history that are executed meanwhile, each once."""
    found: dict[str, Asked] = {}

    def note(
        _: object, __: object, statement: str, values: list[object], ___: object, many: bool
    ) -> None:
        if _WALKED in statement:
            return
        if _READS_ROWS.match(statement) and HISTORY & set(re.findall(r"\w+", statement)):
            found.setdefault(statement, Asked(statement, values[0] if many else values))

    statements: list[Asked] = []
    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        statements += found.values()


def whole_reads(connection: Connection, each: Asked) -> list[str]:
    """The tables of history that the database would read from end to end, or all of an owner's for
    each row of another table, each with how.
    """
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each.statement}", each.parameters)
        names = {alias: name for name, alias in _ALIAS.findall(each.statement)}
        read: set[int] = set()
        found = []
        for row in plan:
            how, _, rest = row.detail.partition(" ")
            name = rest.split()[0] if rest else ""
            if how not in {"SCAN", "SEARCH"}:
                continue
            is_history = names.get(name, name) in HISTORY
            # Of a table that is joined to another, all rows of the owner are read once for each.
            again = row.parent in read and _OF_OWNER.search(row.detail)
            if is_history and (how == "SCAN" or again):
                found.append(row.detail)
            read.add(row.parent)
        return found
    # Small tables PostgreSQL reads whole and merges, whatever indexes there are.
    for way in ("seqscan", "mergejoin", "hashjoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {each.statement}", each.parameters)
    found = plan.scalar_one()
    (root,) = json.loads(found) if isinstance(found, str) else found
    return list(_postgres_reads(root["Plan"]))


def _postgres_reads(node: dict[str, Any]) -> Iterator[str]:
    kind, where = node["Node Type"], node.get("Relation Name", node.get("Index Name", ""))
    is_history = any(where == name or where.startswith(f"ix_{name}_") for name in HISTORY)
    by_index = kind in {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}
    if is_history and (kind == "Seq Scan" or (by_index and "Index Cond" not in node)):
        yield f"{kind} on {where}"
    for child in node.get("Plans", ()):
        yield from _postgres_reads(child)


def _forget_statistics(connection: Connection) -> None:
    """Let PostgreSQL plan as for tables that it has not looked at, and does not know to be small.

    It looks by itself at some moment, after which any plan is as good for a dozen rows.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DELETE FROM pg_statistic")
        connection.exec_driver_sql(
            "UPDATE pg_class SET reltuples = -1, relpages = 0"
            " WHERE relnamespace = 'public'::regnamespace"
        )


def check_plans(store: Store, statements: list[Asked]) -> None:
    assert statements
    with store.reading() as reading, reading.engine.connect() as connection:
        _forget_statistics(connection)
        found = {
            each.statement: reads for each in statements if (reads := whole_reads(connection, each))
        }
        connection.rollback()
    assert not found, "\n\n".join(f"{reads}\n{statement}" for statement, reads in found.items())


@pytest.fixture
def filled_store(store: Store) -> Store:
    """Three nights, after each of which something differs."""
    for number in range(3):
        scan(store, number, *(audit(name, fault("a"), fault(f"n{number}")) for name in NAMES))
    return store


def test_a_scan_at_night_reads_no_history_from_end_to_end(filled_store: Store) -> None:
    with asked() as statements:
        running = begin(filled_store, 3)
        for name in NAMES[:4]:
            filled_store.record(running, audit(name, fault("a"), fault("new")))
        filled_store.record_unchanged(running, NAMES[4:-1])
        filled_store.finish_scan(running, night(3), gone=NAMES[-2:-1])
    check_plans(filled_store, statements)


@pytest.mark.parametrize("at", [None, 2])
def test_what_views_ask_reads_no_history_from_end_to_end(
    filled_store: Store, at: int | None
) -> None:
    with asked() as statements:
        for rows in (
            filled_store.repositories(owner=OWNER, scan=at),
            filled_store.findings(owner=OWNER, scan=at),
            filled_store.publications(owner=OWNER, scan=at),
            filled_store.packages(owner=OWNER, scan=at),
            filled_store.packages(owner=OWNER, scan=at, worst_first=True),
            *(
                filled_store.packages(owner=OWNER, scan=at, where=PackageFilter(moved=way, since=1))
                for way in ExposureMove
            ),
            filled_store.gaps(owner=OWNER, scan=at),
            filled_store.jobs(owner=OWNER, scan=at, where=JobFilter(action="check")),
            filled_store.jobs(owner=OWNER, scan=at, where=JobFilter(reads="token")),
            filled_store.trend(OWNER),
            filled_store.scans(OWNER),
        ):
            list(rows)
        filled_store.changes(OWNER, since=1)
        filled_store.repository(OWNER, NAMES[0])
        filled_store.count_findings()
        filled_store.first_gaps(3, owner=OWNER)
        filled_store.fix_times()
    check_plans(filled_store, statements)


def test_two_scans_are_compared_without_reading_history_from_end_to_end(
    filled_store: Store,
) -> None:
    with asked() as statements:
        for owner in (OWNER, None):
            filled_store.compared(1, 3, owner=owner)
            filled_store.count_compared(1, 3, owner=owner)
            filled_store.packages_compared(1, 3, owner=owner)
            filled_store.finding_counts(1, 3, owner=owner)
            filled_store.points(2, owner=owner)
            filled_store.repository_topics(2, owner=owner)
    check_plans(filled_store, statements)


def test_reports_and_tables_read_no_history_from_end_to_end(
    filled_store: Store, filled: str, tmp_path: Path
) -> None:
    with asked() as statements:
        for words in (
            ("report", "--since", "last"),
            ("report", "--format", "html"),
            ("export", str(tmp_path / "out")),
        ):
            assert release_audit(*words, "--database", filled).code == 0
    check_plans(filled_store, statements)


def test_scores_of_two_scans_are_joined_by_repository(filled_store: Store) -> None:
    with asked() as statements:
        filled_store.count_compared(1, 3, owner=OWNER)
    with filled_store.reading() as connection:
        if connection.dialect.name != "sqlite":
            return
        for each in statements:
            explained = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {each.statement}", tuple(each.parameters)
            )
            steps = [
                row.detail for row in explained if re.match(r"\w+ (earlier|later)", row.detail)
            ]
            assert len(steps) == 2
            assert all("repository_id=?" in step for step in steps), steps


def test_a_query_without_an_index_is_found(filled_store: Store) -> None:
    with asked() as statements, filled_store.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM finding AS f WHERE f.ordinal = 7").all()
    with pytest.raises(AssertionError, match="ordinal"):
        check_plans(filled_store, statements)


def test_all_rows_of_an_owner_for_each_of_its_repositories_are_found(filled_store: Store) -> None:
    with asked() as statements, filled_store.reading() as connection:
        sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql(
            "SELECT count(*) FROM action_use JOIN job"
            " ON job.owner_id = action_use.owner_id AND job.job = action_use.job"
            " WHERE action_use.repository_id = 1 AND action_use.closed = 1"
        ).all()
    if sqlite:
        with pytest.raises(AssertionError, match="SEARCH job"):
            check_plans(filled_store, statements)
