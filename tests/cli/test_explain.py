"""``explain``: every id that a finding can carry has a page, and a slip has near names."""

from __future__ import annotations

import json

import pytest

from audits.checks import all_checks
from audits.engines.zizmor_rules import KEPT_RULES, ZIZMOR_RULES
from tests.cli.runner import release_audit


@pytest.mark.parametrize("check", [check.id for check in all_checks()][::9])
def test_a_check_has_text_and_json(check: str) -> None:
    text = release_audit("explain", check)
    assert text.code == 0
    assert "## Why it matters" in text.out
    record = json.loads(release_audit("explain", check, "--json").out)
    assert record["id"] == check


def test_the_list_holds_all_checks_and_the_rules_that_are_kept() -> None:
    ids = [check.id for check in all_checks()] + [f"zizmor/{rule}" for rule in sorted(KEPT_RULES)]
    listed = release_audit("explain").out
    assert all(f" {each} " in listed for each in ids)
    records = json.loads(release_audit("explain", "--json").out)
    assert [record["id"] for record in records] == ids
    assert len({frozenset(record) for record in records}) == 1


@pytest.mark.parametrize("rule", sorted(ZIZMOR_RULES))
def test_a_rule_of_zizmor_has_text_and_json(rule: str) -> None:
    shown = release_audit("explain", f"zizmor/{rule}")
    assert shown.code == 0
    known = ZIZMOR_RULES[rule]
    assert known.title in shown.out
    assert f"https://docs.zizmor.sh/audits/#{rule}" in shown.out
    assert ("not kept here" in shown.out) is not known.kept
    record = json.loads(release_audit("explain", f"zizmor/{rule}", "--json").out)
    assert record["scored"] is known.kept
    assert all(each in shown.out for each in record["same_checks"])
    if rule not in {check.id for check in all_checks()}:
        assert release_audit("explain", rule).out == shown.out


@pytest.mark.parametrize(
    ("slip", "near"),
    [
        ("unpined-action", "Did you mean unpinned-action"),
        ("zizmor/bot-condition", "Did you mean zizmor/bot-conditions"),
        ("zizmor/unpinned-action", "zizmor/unpinned-uses"),
        ("bot-condition", "Did you mean zizmor/bot-conditions"),
        ("scorecard/github-envs", "Did you mean zizmor/github-env"),
        ("zizmor/", "'release-audit explain' lists them."),
    ],
)
def test_a_slip_is_answered_with_near_names(slip: str, near: str) -> None:
    ran = release_audit("explain", slip)
    assert ran.code == 2
    assert near in ran.err
