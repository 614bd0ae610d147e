"""The policy's version stands for one digest of the rules."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from msgspec.structs import replace

from audits.check import Check
from audits.checks import all_checks
from audits.model.outcome import Area, FixKind, Severity
from audits.model.platform_facts import begun
from audits.model.settings import Need
from audits.pipeline.audit import Rules
from audits.scoring.policy import constants, engine_version, policy_digest
from audits.scoring.score import WEIGHTS
from audits.scoring.version import POLICY
from tests.generated import INDEX

VERSION, DIGEST = "v2026-2", "5acba4fd8ea5d02b-3833238a"
"""Of the rules as they are. A released version keeps its digest for good."""


def _engine() -> str:
    """zizmor as it is asked for, whichever of these versions is installed."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    wanted = project["project"]["dependencies"]
    return next(str(line) for line in wanted if line.startswith("zizmor"))


def test_a_change_of_the_rules_has_a_new_version() -> None:
    found = policy_digest(all_checks(), engine=_engine())
    assert (POLICY, found) == (VERSION, DIGEST), (
        f"The rules of scores changed: their digest is {found}. Give audits.scoring.version.POLICY the next "
        "version, v<year>-<n>, and write version and digest into this file; as long as "
        f"{POLICY} was never released, a new digest is enough."
    )


def test_the_version_is_no_number() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        float(POLICY)


_CHANGES: list[dict[str, object]] = [
    {"id": "another"},
    {"area": Area.INTEGRITY},
    {"severity": Severity.INFO},
    {"needs": frozenset({Need.SECRET_NAMES})},
    {"sharpened_by": frozenset({Need.ADMINISTRATION})},
    {"fix": FixKind.REVIEW},
    {"lesson": "another"},
]
_FLAGS = ("any_workflow", "milder_in_other_jobs", "counts_places", "scored", "on_owner")


def _check() -> Check:
    return next(check for check in all_checks() if check.id == "unpinned-action")


@pytest.mark.parametrize("change", _CHANGES)
def test_every_part_of_a_declaration_counts(change: dict[str, object]) -> None:
    check = _check()
    assert policy_digest([check]) != policy_digest([replace(check, **change)])


@pytest.mark.parametrize("flag", _FLAGS)
def test_every_flag_of_a_declaration_counts(flag: str) -> None:
    check = _check()
    other = replace(check, **{flag: not getattr(check, flag)})
    assert policy_digest([check]) != policy_digest([other])


def test_texts_and_examples_do_not_count() -> None:
    check = _check()
    assert policy_digest([check]) == policy_digest([replace(check, text="x", examples=())])


def test_the_order_of_checks_does_not_count_and_their_number_does() -> None:
    checks = all_checks()
    assert policy_digest(checks) == policy_digest(checks[::-1])
    assert policy_digest(checks) != policy_digest(checks[1:])


def test_the_engine_and_the_index_count() -> None:
    checks = all_checks()
    ways = [
        policy_digest(checks),
        policy_digest(checks, engine="1.33.0"),
        policy_digest(checks, engine="1.34.0"),
        policy_digest(checks, index="https://a.example"),
    ]
    assert len(set(ways)) == len(ways)
    assert engine_version()


def test_the_numbers_of_scores_are_among_the_constants() -> None:
    text = repr(constants())
    assert all(str(weight) in text for weight in WEIGHTS.values())
    assert "adhoc-packages" in text


def test_scores_bear_the_digest() -> None:
    rules = Rules(index=INDEX, engine="1.0")
    assert rules.digest == policy_digest(
        all_checks(), engine="1.0", index=INDEX.base, begun=begun(rules.as_of)
    )
