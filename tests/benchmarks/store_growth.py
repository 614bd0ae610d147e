"""How large the database becomes: 10,000 repositories with a year of nightly scans.

Run by hand: ``python -m tests.benchmarks.store_growth [REPOSITORIES] [SCANS] [postgresql]``.
Fewer of both are recorded, and the rest is extrapolated: the first night and the later ones grow
linearly.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from sqlalchemy import func, select

from audits.store.open import open_store
from audits.store.schema import tables
from tests.benchmarks.large_database import Nights, build
from tests.store.postgres_server import database, postgres_server

WANTED, YEAR = 10_000, 365
BUSY = Nights(edited=0.01, pushed=0.10, released=0.005)
"""A busy organization: every repository's release workflow is edited four times a year, one
repository in ten is pushed to between two nights, and one in two hundred releases."""
QUIET = Nights(edited=0, pushed=0, released=0)
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@contextmanager
def empty(kind: str) -> Iterator[str]:
    """The address of an empty database of this kind."""
    if kind == POSTGRESQL:
        with postgres_server() as server, database(server) as url:
            yield url
    else:
        with TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'history.sqlite'}"


def year_in_bytes(repositories: int, scans: int, kind: str = SQLITE) -> float:
    """What 10,000 repositories take after a year, from fewer of both."""
    with empty(kind) as url:
        sizes = [_size(url) for _ in build(url, repositories, scans, BUSY)]
    return _year(sizes, repositories)


def _year(sizes: list[int], repositories: int) -> float:
    nightly = (sizes[-1] - sizes[0]) / (len(sizes) - 1)
    return (sizes[0] + nightly * (YEAR - 1)) * WANTED / repositories


def rows_of_a_quiet_night(repositories: int, kind: str = SQLITE) -> int:
    """Rows that a scan adds when nothing changed."""
    with empty(kind) as url:
        counts = [sum(rows_of(url).values()) for _ in build(url, repositories, 2, QUIET)]
    return counts[1] - counts[0]


def rows_of(url: str) -> dict[str, int]:
    """The rows of each table."""
    with closing(open_store(url, read_only=True)) as store, store.reading() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in tables.metadata.tables.items()
        }


def main() -> None:
    """Record, measure, extrapolate."""
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()] or [1_000, 40]
    repositories, scans = numbers
    with empty(POSTGRESQL if POSTGRESQL in sys.argv else SQLITE) as url:
        sizes = [_size(url) for _ in build(url, repositories, scans, BUSY)]
        first, nightly = sizes[0], (sizes[-1] - sizes[0]) / (scans - 1)
        print(f"{repositories} repositories, {scans} scans: {sizes[-1] / 1e6:.1f} MB")
        print(f"first night {first / repositories / 1e3:.1f} kB a repository")
        print(f"later nights {nightly / 1e3:.1f} kB, {nightly / repositories:.0f} B a repository")
        year = _year(sizes, repositories)
        print(f"{WANTED} repositories, {YEAR} nights: {year / 1e9:.2f} GB (bar: 2 GB)")
        for name, count in rows_of(url).items():
            print(f"  {name:14} {count:9} rows")


def _size(url: str) -> int:
    """Bytes of the database after SQLite's log is folded in or PostgreSQL is vacuumed; pages that
    are free then count, as later scans use them.
    """
    if url.startswith(POSTGRESQL):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM")
            row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        return int(row[0]) if row else 0
    with closing(open_store(url)) as store, store.reading() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    return Path(url.removeprefix("sqlite:///")).stat().st_size


if __name__ == "__main__":
    main()
