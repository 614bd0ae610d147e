"""Rows by the driver's own statement: the same as SQLAlchemy's would have written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import delete, select

from audits.store.schema import tables
from audits.store.schema.tables import OPEN
from audits.store.store import Store
from audits.store.write.bulk_insert import insert_rows

Rows = list[dict[str, Any]]


def _place(store: Store) -> dict[str, int]:
    """An owner, a repository, and an interval."""
    with store.writing() as connection:
        connection.execute(tables.owner.insert().values(id=7, login="orchard-labs", key="o"))
        connection.execute(
            tables.repository.insert().values(id=9, owner_id=7, name="lumen", key="lumen")
        )
    return {"owner_id": 7, "repository_id": 9, "opened": 1, "closed": OPEN}


def _both(store: Store, name: str, rows: Rows) -> tuple[list[Any], list[Any]]:
    """What is read back of rows that were inserted either way."""
    table, found = tables.metadata.tables[name], []
    columns = [column for column in table.columns if column.name != "id"]
    for own in (True, False):
        with store.writing() as connection:
            if own:
                insert_rows(connection, table, rows)
            else:
                connection.execute(table.insert(), rows)
            read = connection.execute(select(*columns).order_by(table.c.id)).all()
            found.append([tuple(row) for row in read])
            connection.execute(delete(table))
    return found[0], found[1]


def test_times_flags_and_what_is_left_out(store: Store) -> None:
    at = datetime(2026, 3, 1, 23, 30, 0, 5, tzinfo=timezone(timedelta(hours=-5)))
    rows: Rows = [
        {**_place(store), "committed_at": at, "archived": True, "database_id": 2**40},
        {
            "owner_id": 7,
            "repository_id": 9,
            "opened": 2,
            "closed": OPEN,
            "committed_at": None,
            "archived": False,
            "database_id": None,
        },
    ]
    ours, usual = _both(store, "state", rows)
    assert ours == usual
    assert ours[0][6] == at.astimezone(UTC)
    assert [row[4] for row in ours] == ["", ""]


def test_numbers_and_text_of_any_kind(store: Store) -> None:
    place, text = _place(store), "%s %(x)s ? :x {} '; DROP TABLE gap; -- \u00e9\U0001f600"
    numbers = {"points": 0.1 + 0.2, "strict_points": None, "coverage": 1}
    ours, usual = _both(store, "score", [{**place, "cap": text, **numbers}])
    assert ours == usual
    assert text in ours[0]


def test_no_rows_are_no_statement(store: Store) -> None:
    with store.writing() as connection:
        insert_rows(connection, tables.score, [])


def test_a_time_without_its_zone_is_refused(store: Store) -> None:
    row = {**_place(store), "committed_at": datetime(2026, 3, 1)}
    with pytest.raises(ValueError, match="without its zone"), store.writing() as connection:
        insert_rows(connection, tables.state, [row])
