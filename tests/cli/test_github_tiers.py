"""What each tier of token leaves unknown, and what ``doctor`` says of it beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest

from audits.checks import all_checks
from audits.model.settings import Need
from tests.cli.github_world import OWNER, command_line, small_world
from tests.cli.runner import release_audit
from tests.collect.github.scanning import TOKEN

LACKING = {
    1: {Need.ADMINISTRATION.value, Need.SECRET_NAMES.value},
    2: {Need.SECRET_NAMES.value},
    3: set[str](),
}
TOKENS = {Need.SETTINGS.value, Need.ADMINISTRATION.value, Need.SECRET_NAMES.value}
PERMISSIONS = {
    1: {
        "Administration: read",
        "Secrets: read",
        "Organization administration: read",
        "Organization secrets: read",
        "Organization self hosted runners: read",
    },
    2: {"Secrets: read", "Organization secrets: read"},
    3: set[str](),
}


@pytest.mark.parametrize("tier", [1, 2, 3])
def test_a_tier_leaves_what_it_lacks_unknown_and_nothing_else(tmp_path: Path, tier: int) -> None:
    with command_line(small_world(), tmp_path, tier=tier) as cli:
        scanned = cli.scan(OWNER)
        assert scanned.code == 0
        store = cli.store
        assert store.totals(OWNER).publishing == 4
        unknown = [
            row
            for name in ("lumen", "tidepool", "moss", "pipelines")
            for row in store.results(OWNER, name)
            if row.outcome == "unknown" and row.need in TOKENS
        ]
        card = [fact for fact in store.owner_card(OWNER) if fact.outcome == "unknown"]
        doctor = release_audit("doctor", OWNER, "--api-url", cli.github.url, **cli.environment)
    assert {row.need for row in unknown} <= LACKING[tier]
    assert {row.permission for row in unknown} <= PERMISSIONS[tier]
    assert bool(card) == (tier == 1)
    assert all(fact.permission in PERMISSIONS[tier] for fact in card)
    # What the account's own settings do wrong is printed where it can be seen.
    failed = {fact.check for fact in store.owner_card(OWNER) if fact.outcome == "fail"}
    assert bool(failed) == (tier > 1)
    assert ("the account's settings:" in scanned.out) == bool(failed)
    assert all(check in scanned.out for check in failed)
    assert {row.tier for row in store.repositories(owner=OWNER) if row.publications} == {tier}
    assert f"Tier {tier}: " in doctor.out
    refused = {
        line.strip()[2:].partition(": the token was not given it: edit")[0]
        for line in doctor.out.splitlines()
        if line.strip()[:1] == "✗"
    }
    assert refused == PERMISSIONS[tier]
    assert TOKEN not in doctor.out + doctor.err


def test_the_doctor_names_every_check_that_stays_unknown(tmp_path: Path) -> None:
    with command_line(small_world(), tmp_path, tier=1) as cli:
        cli.github.tokens[TOKEN].expires = "2026-01-01 10:00:00 UTC"
        ran = release_audit("doctor", OWNER, "--api-url", cli.github.url, **cli.environment)
    assert ran.code == 0
    said = [line for line in ran.out.splitlines() if line.startswith("  unknown: ")]
    names = {name for line in said for name in line.removeprefix("  unknown: ").split(", ")}
    lacking = {Need.ADMINISTRATION, Need.SECRET_NAMES}
    assert names == {check.id for check in all_checks() if check.needs & lacking}
    assert "Expires: 2026-01-01 10:00 UTC, in 0 days: make a new one soon." in ran.out
    assert "A first scan of 6 repositories asks at most" in ran.out
    assert "fine-grained token from RELEASE_AUDIT_TOKEN" in ran.out


def test_the_doctor_of_an_unknown_owner_or_with_a_wrong_token(tmp_path: Path) -> None:
    with command_line(small_world(), tmp_path) as cli:
        words = ("--api-url", cli.github.url)
        assert release_audit("doctor", "nobody", *words, **cli.environment).code == 3
        assert release_audit("doctor", "two words", *words, **cli.environment).code == 2
        assert release_audit("doctor", OWNER, *words, "--offline", **cli.environment).code == 2
        wrong = release_audit("doctor", OWNER, *words, **{"RELEASE_AUDIT_TOKEN": "wrong"})
    assert wrong.code == 3
    assert "GitHub does not accept this credential." in wrong.err
