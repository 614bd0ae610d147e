"""Repositories read again: edits as diffs, self-checks, downloads, and the server's policy."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.model.query import FindingFilter
from audits.model.redaction import MASK
from audits.model.source import RepositoryRef, Snapshot
from audits.report.export import TABLES
from audits.store.open import open_store
from audits.store.store import Store
from dashboard import server
from dashboard.exports import csv_bytes, sarif_bytes, with_acceptances
from dashboard.frames import findings
from dashboard.frames import self_check as frames
from dashboard.frames.reports import dictionary
from dashboard.reaudit import (
    WORKFLOW_PATH,
    Reaudit,
    index_hosts,
    read_again,
    redacted_patch,
    safe_changes,
    self_check,
)
from dashboard.scope import ScanScope
from tests.dashboard.rows import NOON, finding
from tests.dashboard.sample import TOKEN


@pytest.fixture
def store(databases: dict[str, str]) -> Iterator[Store]:
    opened = open_store(databases["many"], read_only=True)
    yield opened
    opened.close()


def scope_of(store: Store) -> ScanScope:
    scan = store.scans("orchard-labs")[0]
    return ScanScope(owner="orchard-labs", scan=scan.id, at=scan.started, since=scan.started)


def test_a_self_check_finds_scores_and_offers_edits() -> None:
    checked = self_check(TOKEN, pyproject='[project]\nname = "lumen"\n')
    rows = frames.finding_rows(checked.audit, NOON)
    by_check = {row.check: row for row in rows}
    assert by_check["long-lived-token"].severity == "high"
    assert by_check["long-lived-token"].title
    assert {link.kind for row in rows for link in row.links} == {"lesson", "documentation"}
    persisted = by_check["persisted-checkout-credentials"]
    change = checked.reading.edits[persisted.fingerprint]
    assert "+          persist-credentials: false" in change.splitlines()
    assert frames.areas_of(checked.audit)["trusted-publisher"] is not None
    lost = frames.deduction_table(checked.audit)
    assert "long-lived-token" in set(lost["check"])
    assert (lost["points lost"] > 0).all()
    assert "missing-environment" not in {row.check for row in rows}
    assert frames.unknown_sentence(checked.audit).startswith("Not checked here")


def test_no_credential_of_the_text_is_drawn() -> None:
    secret = "Plum7Blossom"
    steps = f"      - run: |\n          echo {secret}\n          twine upload -p {secret} dist/*\n"
    checked = self_check(TOKEN + steps)
    shown = checked.reading.text(WORKFLOW_PATH)
    assert len(shown.splitlines()) == len((TOKEN + steps).splitlines())
    plan = safe_changes(checked.reading)
    assert plan is not None
    drawn = [shown, redacted_patch(plan), *checked.reading.edits.values()]
    assert all(text and secret not in text for text in drawn)
    assert shown.count(MASK) >= 2
    for row in frames.finding_rows(checked.audit, NOON):
        assert secret not in findings.lines_of(row, shown) + row.message + row.excerpt


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=300))
def test_a_self_check_of_any_text_is_a_result_or_a_gap(text: str) -> None:
    checked = self_check(text)
    assert checked.audit.score.grade.value in {"-", "?", "A", "B", "C", "D", "F"}
    assert frames.finding_rows(checked.audit, NOON) is not None


def test_a_snapshot_without_workflows_is_read_to_nothing() -> None:
    reading = read_again(Snapshot(ref=RepositoryRef(owner="o", name="r")))
    assert reading.audit is not None
    assert reading.edits == {}
    assert reading.text(".github/workflows/release.yml") == ""


def test_the_operator_may_name_another_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELEASE_AUDIT_INDEX_URL", "https://index.example/simple/")
    assert index_hosts().host == "index.example"


@pytest.mark.parametrize("name", [table.name for table in TABLES])
def test_every_table_of_the_export_is_csv_with_its_dictionary(store: Store, name: str) -> None:
    table = next(table for table in TABLES if table.name == name)
    rows = list(csv.reader(io.StringIO(csv_bytes(store, scope_of(store), name).decode())))
    assert rows[0] == list(dictionary(table)["column"])
    assert dictionary(table)["meaning"].str.len().min() > 3
    expected = {"repositories": 6, "trend": 4, "publications": 5}
    if name in expected:
        assert len(rows) == 1 + expected[name]


def test_sarif_carries_the_findings_and_the_recorded_acceptances(store: Store) -> None:
    scope = scope_of(store)
    rows = tuple(store.findings(owner="orchard-labs", where=FindingFilter(repository="pith")))
    stored = store.stored(scope.one_owner, "pith", scan=scope.scan)
    assert stored is not None
    reading = read_again(stored.snapshot, index=stored.index)
    log = json.loads(sarif_bytes(reading, rows))
    assert log["version"] == "2.1.0"
    ids = {result["ruleId"] for result in log["runs"][0]["results"]}
    assert "long-lived-token" in ids
    assert json.loads(sarif_bytes(Reaudit(), rows)) == {}

    assert reading.audit is not None
    one = reading.audit.findings[0]
    accepted = finding(
        fingerprint=one.fingerprint,
        path=one.finding.at.path,
        acceptance="waiver",
        acceptance_reason="known",
        expires="2027-01-01",
    )
    marked = with_acceptances(reading.audit, [accepted]).findings[0].acceptance
    assert marked is not None
    assert (marked.reason, marked.expires) == ("known", date(2027, 1, 1))


def test_the_policy_allows_inline_scripts_by_hash_only() -> None:
    page = "<script>let a = 1</script><script src='x.js'></script>"
    assert server.inline_scripts(page) == ("'sha256-LAfYd7pbFUgwfQu8b4q135PeTG2z+/coPEUYCd74eCQ='",)
    directives = dict(part.split(" ", 1) for part in server.policy().split("; "))
    assert "unsafe-inline" not in directives["script-src"]
    assert "'unsafe-eval'" not in directives["script-src"]
    assert "http" not in server.policy()
