"""The second scan: what did not change is neither fetched nor parsed, and only that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.store.cache import StoreMemory
from audits.store.open import open_store
from tests.cli.github_world import OWNER, TOKEN_RELEASE, Scans, results, scanning, small_world
from tests.collect.github.scanning import TOKEN
from tests.collect.github.world import Repo

ALL = {"lumen", "tidepool", "moss", "pipelines", "notes", "cracked"}


@pytest.fixture
def scans(tmp_path: Path) -> Iterator[Scans]:
    with scanning(small_world(), tmp_path) as made:
        made.run()
        assert set(made.audited) == ALL
        made.github.forget()
        yield made


def repo(scans: Scans, name: str) -> Repo:
    return next(r for r in scans.github.world.repositories() if r.name == name)


def test_nothing_changed_nothing_parsed(scans: Scans) -> None:
    before = results(scans.store)
    (scanned,) = scans.run().finished
    assert (scans.audited, set(scans.same)) == ([], ALL)
    assert (scanned.repositories, scanned.changed, scanned.same) == (6, 0, 6)
    assert results(scans.store) == before
    assert scans.github.by_kind()["Texts"] == 0
    assert scans.github.count("graphql") <= 5
    assert {seen.status for seen in scans.github.log if seen.kind == "rest"} == {304}
    changes = scans.store.changes(OWNER)
    assert changes.new_count == changes.fixed_count == changes.not_rechecked_count == 0
    # the owner's card and the advisories are still there
    assert scans.store.owner_settings(OWNER) is not None
    assert {fact.outcome for fact in scans.store.owner_card(OWNER)} >= {"fail"}


def test_a_changed_file_costs_its_repository_alone(scans: Scans) -> None:
    repo(scans, "lumen").change(".github/workflows/release.yml", TOKEN_RELEASE)
    scans.run()
    assert scans.audited == ["lumen"]
    (change,) = scans.store.score_changes(OWNER)
    assert (change.repository, change.grade_before, change.cause) == ("lumen", "A", "repository")


def test_a_changed_callee_costs_its_callers(scans: Scans) -> None:
    called = repo(scans, "pipelines")
    text = str(called.files[".github/workflows/publish.yml"]).replace("pypi", "pypi2", 1)
    called.change(".github/workflows/publish.yml", text)
    called.tag("v1")
    scans.run()
    assert set(scans.audited) == {"pipelines", "moss"}


def test_a_changed_setting_costs_its_repository_alone(scans: Scans) -> None:
    (environment,) = repo(scans, "lumen").environments
    environment.prevent_self_review, environment.admins_can_bypass = True, False
    scans.run()
    assert scans.audited == ["lumen"]
    (change,) = scans.store.score_changes(OWNER)
    assert (change.repository, change.cause) == ("lumen", "setting")


def test_an_owners_setting_costs_those_that_publish(scans: Scans) -> None:
    scans.github.world.owners[0].policy.sha_pinning = True
    scans.run()
    assert set(scans.audited) == {"lumen", "tidepool", "moss", "pipelines"}


def test_new_evidence_of_a_package_costs_its_repository_alone(scans: Scans) -> None:
    index = scans.index
    index.project("lumen", [index.release("lumen", "1.0", 3)], versions=["1.0"])
    index.metadata("lumen", "1.0", {})
    scans.run()
    assert scans.audited == ["lumen"]


def test_new_advisories_and_other_rules_cost_everything(scans: Scans) -> None:
    scans.github.world.advisories.append(
        {
            "ghsa_id": "GHSA-aaaa-bbbb-cccc",
            "cve_id": None,
            "severity": "high",
            "published_at": "2026-05-01T00:00:00Z",
            "withdrawn_at": None,
            "vulnerabilities": [
                {
                    "package": {"ecosystem": "actions", "name": "lanterns/glow"},
                    "vulnerable_version_range": "< 2",
                }
            ],
        }
    )
    scans.run()
    assert set(scans.audited) == ALL
    scans.run(marks=("another waiver",))
    assert set(scans.audited) == ALL
    scans.run(marks=("another waiver",))
    assert scans.audited == []


def test_a_token_that_sees_less_turns_results_unknown_and_keeps_findings(scans: Scans) -> None:
    before = results(scans.store)["tidepool"]["findings"]
    scans.github.tokens[TOKEN].tier = 1
    scans.run()
    assert set(scans.audited) == {"lumen", "tidepool", "moss", "pipelines"}
    scan = scans.store.latest_scan(OWNER)
    assert scan is not None
    assert (scan.tier, scan.changed) == (1, ("token",))
    after = results(scans.store)["tidepool"]["findings"]
    assert isinstance(before, list)
    assert isinstance(after, list)
    assert len(after) == len(before)


def test_a_repository_out_of_sight_is_read_anew_when_it_is_back(scans: Scans) -> None:
    hidden = repo(scans, "tidepool")
    hidden.hidden = True
    scans.run()
    hidden.hidden = False
    scans.run()
    assert scans.audited == ["tidepool"]
    assert scans.store.changes(OWNER).not_rechecked_count == 0
    row = scans.store.latest_scan(OWNER)
    assert row is not None
    assert row.not_reached == 0


@pytest.mark.parametrize("body", ["[", '{"a": 1}', "[1]", "null", '["x", 1, 2, 3]'])
def test_what_was_kept_and_cannot_be_read_costs_its_repository_alone(
    scans: Scans, body: str
) -> None:
    memory = StoreMemory(open_store(scans.database))
    key = f"audit:github.com/{OWNER}/tidepool"
    assert memory.answer(key) is not None
    memory.keep_answer(key, "no mark", body)
    (scanned,) = scans.run().finished
    assert (scans.audited, set(scans.same)) == (["tidepool"], ALL - {"tidepool"})
    assert (scanned.repositories, scanned.missed.crashed) == (6, 0)
    scans.run()
    assert set(scans.same) == ALL
