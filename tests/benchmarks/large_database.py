"""Make a database of many repositories and scans, and time what the dashboard asks of it.

Run by hand: ``python -m tests.benchmarks.large_database PATH [REPOSITORIES] [SCANS]``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from msgspec import Struct

from audits.model.query import ActionFilter, FindingFilter, RepositoryFilter
from audits.store.chunks import chunks
from audits.store.open import open_store
from audits.store.store import Store
from audits.store.write.audit_record import record_of
from audits.store.write.record import AuditRecord
from tests.benchmarks.invented import ACTIONS, CHECKS, RULES, invented

OWNER = "orchard-labs"
_TOGETHER = 200
"""Repositories that are recorded in one transaction."""
TITLES = {rule.id: rule.title for rule in RULES}
FIRST = datetime(2025, 1, 1, 2, tzinfo=UTC)


class Nights(Struct, frozen=True, kw_only=True):
    """Shares of repositories that change from one night to the next."""

    edited: float = 0.004
    pushed: float = 0.01
    released: float = 0.002


def build(
    url: str, repositories: int = 10_000, scans: int = 100, nights: Nights | None = None
) -> Iterator[int]:
    """Record that many nights; yields the number of each finished scan."""
    shares, noise = nights or Nights(), Random(1)  # noqa: S311 - repeatable, nothing secret
    store = open_store(url)
    done = {number: [0, 0, 0] for number in range(repositories)}
    names = [f"project-{number:05d}" for number in range(repositories)]
    for night in range(scans):
        started = FIRST + timedelta(days=night)
        (scan,) = store.begin_scans(
            [OWNER], source="invented", started=started, tier=1, policy="1", tool_version="0"
        )
        changed = set(done) if night == 0 else _change(noise, done, shares)
        for some in chunks(sorted(changed), _TOGETHER):
            store.record_all([(scan, _invented(number, done[number])) for number in some])
        store.record_unchanged(scan, (names[n] for n in done if n not in changed))
        store.finish_scan(scan, started + timedelta(minutes=9))
        yield scan
    store.close()


def _invented(number: int, done: Sequence[int]) -> AuditRecord:
    edits, pushes, releases = done
    found = invented(OWNER, number, edits=edits, pushes=pushes, releases=releases)
    return record_of(found, TITLES.__getitem__)


def _change(noise: Random, done: dict[int, list[int]], nights: Nights) -> set[int]:
    changed: set[int] = set()
    for kind, share in enumerate((nights.edited, nights.pushed, nights.released)):
        for number in noise.sample(sorted(done), round(share * len(done))):
            done[number][kind] += 1
            changed.add(number)
    return changed


def questions(store: Store) -> dict[str, Callable[[], object]]:
    """What views ask, each by a name."""
    name, middle = "project-00007", store.scans(OWNER)[len(store.scans(OWNER)) // 2].id
    return {
        "trend": lambda: store.trend(OWNER),
        "check counts": lambda: store.check_counts(OWNER),
        "owner's card": lambda: store.owner_card(OWNER),
        "changes since the scan before": lambda: store.changes(OWNER, limit=50),
        "changes since the middle": lambda: store.changes(OWNER, since=middle, limit=50),
        "score changes": lambda: store.score_changes(OWNER, since=middle),
        "50 worst repositories": lambda: store.repositories(owner=OWNER, order="points", limit=50),
        "all repositories": lambda: store.repositories(owner=OWNER),
        "filtered repositories": lambda: store.repositories(
            owner=OWNER,
            limit=50,
            where=RepositoryFilter(grades=("F",), topics=("team-3",), failing=CHECKS[3]),
        ),
        "words to filter by": lambda: store.repository_words(owner=OWNER),
    } | _more_questions(store, name, middle)


def _more_questions(store: Store, name: str, middle: int) -> dict[str, Callable[[], object]]:
    worst = FindingFilter(severities=("high",), areas=("pinning",))
    last = store.scans(OWNER)[-1].id
    return {
        "50 worst findings": lambda: list(store.findings(owner=OWNER, limit=50)),
        "findings, page 1000": lambda: list(store.findings(owner=OWNER, limit=50, offset=50_000)),
        "findings in the middle": lambda: list(store.findings(middle, owner=OWNER, limit=50)),
        "findings at first": lambda: list(store.findings(last, owner=OWNER, limit=50)),
        "findings, filtered": lambda: list(store.findings(owner=OWNER, where=worst, limit=50)),
        "findings by repository": lambda: list(
            store.findings(owner=OWNER, order="repository", limit=50)
        ),
        "count findings": lambda: store.count_findings(owner=OWNER, where=worst),
        "count at first": lambda: store.count_findings(last, owner=OWNER),
        "time to fix": lambda: store.fix_times(OWNER),
        "actions": lambda: store.action_summaries(owner=OWNER, limit=100),
        "who uses an action": lambda: list(
            store.actions(
                owner=OWNER, where=ActionFilter(action=f"invented/{ACTIONS[7]}", exact=True)
            )
        ),
        "packages": lambda: store.packages(owner=OWNER, limit=100),
        "publications": lambda: store.publications(owner=OWNER, limit=100),
        "gaps": lambda: store.gaps(owner=OWNER, limit=100),
        "one repository": lambda: (
            store.repository(OWNER, name),
            store.results(OWNER, name),
            store.deductions(OWNER, name),
            store.lesson(OWNER, name),
            store.snapshot(OWNER, name),
            list(store.findings(owner=OWNER, where=FindingFilter(repository=name))),
            store.score_changes(OWNER, repository=name),
        ),
        "all, of all owners": lambda: store.repositories(limit=50),
    }


def main() -> None:
    """Build if need be, then time each question twice."""
    path = Path(sys.argv[1])
    repositories, scans = [int(word) for word in sys.argv[2:]] or (10_000, 100)
    if not path.exists():
        begun = time.perf_counter()
        for scan in build(f"sqlite:///{path}", repositories, scans):
            if scan % 10 == 1:
                print(f"scan {scan}: {time.perf_counter() - begun:.0f} s", flush=True)
    print(f"{path.stat().st_size / 1e6:.0f} MB")
    store = open_store(f"sqlite:///{path}", read_only=True)
    for name, ask in questions(store).items():
        spans = []
        for _ in range(2):
            begun = time.perf_counter()
            ask()
            spans.append(time.perf_counter() - begun)
        print(f"{name:32} {spans[0] * 1000:7.0f} ms  {spans[1] * 1000:7.0f} ms")


if __name__ == "__main__":
    main()
