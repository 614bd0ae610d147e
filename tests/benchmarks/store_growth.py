"""How large the database becomes: 10,000 repositories with a year of nightly scans.

Run by hand: ``python -m tests.benchmarks.store_growth [REPOSITORIES] [SCANS]``. Fewer of both
are recorded, and the rest is extrapolated: the first night and the later ones grow linearly.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from audits.store.open import open_store
from audits.store.schema import tables
from tests.benchmarks.large_database import Nights, build

WANTED, YEAR = 10_000, 365
BUSY = Nights(edited=0.01, pushed=0.10, released=0.005)
"""A busy organization: every repository's release workflow is edited four times a year, one
repository in ten is pushed to between two nights, and one in two hundred releases."""


def year_in_bytes(repositories: int, scans: int) -> float:
    """What 10,000 repositories take after a year, from fewer of both."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        sizes = [_size(path) for _ in build(f"sqlite:///{path}", repositories, scans, BUSY)]
    nightly = (sizes[-1] - sizes[0]) / (scans - 1)
    return (sizes[0] + nightly * (YEAR - 1)) * WANTED / repositories


def rows_of_a_quiet_night(repositories: int) -> int:
    """Rows that a scan adds when nothing changed."""
    counts = []
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'history.sqlite'}"
        for _ in build(url, repositories, 2, Nights(edited=0, pushed=0, released=0)):
            store = open_store(url, read_only=True)
            with store.reading() as connection:
                counted = (
                    connection.scalar(select(func.count()).select_from(table))
                    for table in tables.metadata.tables.values()
                )
                counts.append(sum(number or 0 for number in counted))
            store.close()
    return counts[1] - counts[0]


def main() -> None:
    """Record, measure, extrapolate."""
    sizes = [int(word) for word in sys.argv[1:]] or [1_000, 40]
    repositories, scans = sizes
    with TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite"
        nights = build(f"sqlite:///{path}", repositories, scans, BUSY)
        bytes_after = [_size(path) for _ in nights]
        first, nightly = bytes_after[0], (bytes_after[-1] - bytes_after[0]) / (scans - 1)
        scale = WANTED / repositories
        year = (first + nightly * (YEAR - 1)) * scale
        print(f"{repositories} repositories, {scans} scans: {bytes_after[-1] / 1e6:.1f} MB")
        print(f"first night {first / repositories / 1e3:.1f} kB a repository")
        print(f"later nights {nightly / 1e3:.1f} kB, {nightly / repositories:.0f} B a repository")
        print(f"{WANTED} repositories, {YEAR} nights: {year / 1e9:.2f} GB (bar: 2 GB)")
        _rows(path)


def _size(path: Path) -> int:
    """Bytes of the file once the log is folded in; free pages are used again."""
    store = open_store(f"sqlite:///{path}")
    with store.reading() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    store.close()
    return path.stat().st_size


def _rows(path: Path) -> None:
    store = open_store(f"sqlite:///{path}", read_only=True)
    with store.reading() as connection:
        for name, table in tables.metadata.tables.items():
            count = connection.scalar(select(func.count()).select_from(table))
            print(f"  {name:14} {count:9} rows")


if __name__ == "__main__":
    main()
