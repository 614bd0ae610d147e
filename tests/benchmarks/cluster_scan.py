"""What judging on two workers of a Dask cluster takes beside judging in one process.

Run by hand: ``python -m tests.benchmarks.cluster_scan [REPOSITORIES]``. A folder of generated
repositories is scanned both ways, by whole processes; what both find must be the same. Processor
time is compared, as it depends less than the clock on what else the machine does.
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from audits.model.query import FindingFilter
from audits.store.open import open_store
from tests.benchmarks.folder_scan import INDEX
from tests.benchmarks.whole_process import Used, program, run
from tests.collect.github.generate import OWNER, organization
from tests.pipeline.dask_cluster import two_workers, used_by_workers

_TOGETHER = 500
"""Repositories that are generated at once."""
_WARM = 4
"""A scan of a quarter of the repositories comes first, in which workers load what they need and
fill their caches."""


class Compared(Struct, frozen=True, kw_only=True):
    """One scan each way: CPU seconds of the one process, of the process that reads and records,
    and of both workers. ``grown`` is by how many MiB a worker's peak is more than after a quarter
    as many repositories, ``more`` by how many that of the process that reads and records is;
    ``differ`` is how many findings only one of both ways has.
    """

    alone: Used
    coordinator: Used
    workers: float
    largest: float
    grown: float
    more: float
    differ: int

    @property
    def ratio(self) -> float:
        """The processor time of all that judge and record, beside that of the one process."""
        return (self.coordinator.cpu + self.workers) / self.alone.cpu


def generated(folder: Path, count: int) -> Path:
    """A folder of so many repositories."""
    for start in range(0, count, _TOGETHER):
        owner, _ = organization(min(_TOGETHER, count - start) - 1, seed=start + 1)
        for repo in owner.repos:
            for path, text in repo.files.items():
                place = folder / OWNER / f"{repo.name}-{start}" / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(text if isinstance(text, bytes) else str(text).encode())
    return folder / OWNER


def compared(count: int) -> Compared:
    """Scan so many repositories both ways."""
    with TemporaryDirectory() as temporary:
        work = Path(temporary)
        folder = generated(work / "folder", count)
        # Where a scan may have to be resumed, one process does all.
        alone = _scan(folder, work, "alone", "--resume")
        few = generated(work / "few", count // _WARM)
        with two_workers(work) as address:
            less = _scan(few, work, "few", "--scheduler", address)
            before = used_by_workers(address)
            coordinator = _scan(folder, work, "together", "--scheduler", address)
            after = used_by_workers(address)
        differ = _findings(work / "alone.sqlite") ^ _findings(work / "together.sqlite")
    return Compared(
        alone=alone,
        coordinator=coordinator,
        workers=after.cpu - before.cpu,
        largest=after.peak_mib,
        grown=after.peak_mib - before.peak_mib,
        more=coordinator.peak_mib - less.peak_mib,
        differ=len(differ),
    )


def _scan(folder: Path, work: Path, name: str, *more: str) -> Used:
    words = ["scan", "--folder", str(folder), "--index-url", INDEX, "--offline", "--no-engine"]
    database = ["--allow-gaps", "--database", str(work / f"{name}.sqlite")]
    return run([program("release-audit"), *words, *database, *more], work)


def _findings(path: Path) -> set[tuple[str, str, str]]:
    with closing(open_store(str(path), read_only=True)) as store:
        rows = store.findings(where=FindingFilter(in_release=None))
        return {(row.repository, row.check, row.fingerprint) for row in rows}


def main() -> None:
    """Compare, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    found = compared(count)
    print(f"{count} repositories, CPU milliseconds for each")
    print(f"  one process: {1000 * found.alone.cpu / count:.1f}")
    print(f"  reading and recording: {1000 * found.coordinator.cpu / count:.1f}")
    print(f"  both workers: {1000 * found.workers / count:.1f}")
    print(f"  all beside one process: {found.ratio:.2f}")
    print(
        f"largest worker {found.largest:.0f} MiB, {found.grown:.0f} more than after a quarter as "
        f"many repositories; reading process "
        f"{found.coordinator.peak_mib:.0f} MiB, {found.more:.0f} more; one process "
        f"{found.alone.peak_mib:.0f} MiB"
    )
    print(f"findings that differ: {found.differ}")


if __name__ == "__main__":
    main()
