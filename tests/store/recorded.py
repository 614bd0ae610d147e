"""Scans for tests, recorded from first to last, and how many statements they take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from audits.model.rows import ScanRow
from audits.model.score import Audit
from audits.store.store import Store
from tests.store.samples import OWNER, POLICY, night


def begin(
    store: Store,
    number: int,
    *,
    owner: str = OWNER,
    tier: int = 1,
    policy: str = POLICY,
    version: str = "1.0",
) -> int:
    """Begin the n-th night's scan."""
    return store.begin_scans(
        [owner],
        source="github.com",
        started=night(number),
        tier=tier,
        policy=policy,
        tool_version=version,
        titles={"unpinned-action": "Actions are not pinned"},
    )[0]


def scan(
    store: Store,
    number: int,
    *audits: Audit,
    owner: str = OWNER,
    gone: Iterable[str] = (),
    tier: int = 1,
    policy: str = POLICY,
    version: str = "1.0",
) -> ScanRow:
    """Record the n-th night's scan as a whole."""
    scan_id = begin(store, number, owner=owner, tier=tier, policy=policy, version=version)
    for found in audits:
        store.record(scan_id, found)
    return store.finish_scan(scan_id, night(number), gone=gone)


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    found: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)
