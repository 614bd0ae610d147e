"""Scans the sample organization into a store, once for each of its days."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import platformdirs

from audits.checks import all_checks
from audits.engines.zizmor import Zizmor
from audits.model.index_hosts import IndexHosts
from audits.pipeline.audit import Rules
from audits.pipeline.run import Plan
from audits.pipeline.scan import Scanned, Scanner
from audits.sample.evidence import SampleFacts
from audits.sample.organization import INDEX_URL, SampleCollector, at_noon, dates
from audits.store.errors import StoreError
from audits.store.store import Store
from audits.suppressions.accept import Acceptances
from audits.suppressions.waivers import read_waivers

_WAIVERS = """
[policy]
accept-locally = ["unnamed-step"]

[[waiver]]
repository = "orchard-sample/moss"
check = "shared-environment"
responsible = "release team"
reason = "the rehearsal moves to an environment of its own with the next release"
ticket = "OPS-41"
expires = 2026-07-31

[[waiver]]
repository = "orchard-sample/gatehouse"
path = ".github/workflows/preview.yml"
check = "persisted-checkout-credentials"
responsible = "release team"
reason = "the preview moves to a job without credentials this month"
ticket = "OPS-58"
expires = 2026-10-20
"""


def sample_database() -> str:
    """The URL of the sample's own database, in the user's data directory; an earlier one is
    removed, so that the sample always starts on its first day. StoreError where that cannot be.
    """
    folder = Path(platformdirs.user_data_dir("release-audit", appauthor=False))
    path = folder / "sample.sqlite"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"The sample's database {path} cannot be recreated: {error.strerror}.",
            "Name another one with --database FILE.",
        ) from error
    return str(path)


def scan_sample(
    store: Store, advance: Callable[[str], None], *, engine: bool = True
) -> tuple[Scanned, ...]:
    """One finished scan for each day of the sample, oldest first."""
    checks = all_checks()
    known = frozenset(check.id for check in checks)
    rules_of = {check.id: check.zizmor for check in checks if check.zizmor}
    finished: list[Scanned] = []
    for day in dates():
        accept = Acceptances(read_waivers(_WAIVERS, day, known), rules_of)
        rules = Rules(index=IndexHosts.of(INDEX_URL), accept=accept, checks=checks, as_of=day)
        plan = Plan(rules=rules, facts=SampleFacts(day=day), engine=Zizmor() if engine else None)
        scanner = Scanner(store, plan, started=at_noon(day))
        collector = SampleCollector(day=day)
        finished += scanner.run(collector, lambda ref: advance(ref.name))
    return tuple(finished)
