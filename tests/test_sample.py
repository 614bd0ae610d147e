"""The sample organization shows packages on every step of the ladder, and says why."""

from __future__ import annotations

from audits.model.index_hosts import IndexHosts
from audits.model.score import Audit, PackageStatus
from audits.pipeline.audit import Rules
from audits.pipeline.run import Plan, audits_of
from audits.sample.evidence import SampleFacts
from audits.sample.organization import INDEX_URL, SampleCollector, dates


def audits() -> dict[str, Audit]:
    day = dates()[-1]
    plan = Plan(rules=Rules(index=IndexHosts.of(INDEX_URL)), facts=SampleFacts(day=day))
    found = audits_of(SampleCollector(day=day).snapshots(), plan)
    return {audit.repository.ref.name: audit for audit in found}


def test_packages_stand_where_their_evidence_puts_them() -> None:
    found: dict[str, PackageStatus] = {s.package: s for a in audits().values() for s in a.statuses}
    assert {package: status.state.value for package, status in found.items()} == {
        "lumen": "attested",
        "tidepool": "attested",
        "driftwood-tides": "attested",
        "moss-core": "attested",
        "moss-cli": "manual",
        "quillwort": "oidc",
        "gatehouse": "oidc",
        "one-basket": "oidc",
        "@orchard-labs/pebble": "oidc",
        "old-mill": "mismatch",
        "saltmarsh": "token",
        "heron": "mixed",
        "kiln": "oidc",
        "drystone": "unknown",
        "cracked-bell": "unknown",
    }
    ends = {
        "lumen": "that file is as it was at the release's commit ",
        "quillwort": "that file has changed since the release's commit ",
        "old-mill": "attested for millers-sample/old-mill on github.com, not for ",
        "saltmarsh": "release 2.3.0 is not attested, though 2.2.0 was, which proves nothing ",
        "gatehouse": "the present workflow makes attestations, so the release came before ",
    }
    assert all(words in found[package].why for package, words in ends.items())


def test_ids_and_commits_tell_repositories_apart() -> None:
    snapshots = list(SampleCollector(day=dates()[-1]).snapshots())
    assert len({s.database_id for s in snapshots}) == len({s.commit for s in snapshots})
    mismatched = [
        name
        for name, audit in audits().items()
        if any(f.check == "publisher-mismatch" for f in audit.findings)
    ]
    assert mismatched == ["old-mill"]
