"""Every check does what its examples say: these lines, no others, and the fix closes them."""

from __future__ import annotations

import re

import pytest

from audits.check import Check, CheckVerdicts, Example
from audits.checks import all_checks
from audits.model.outcome import Outcome
from audits.pipeline.run_checks import judge
from tests.checks.harness import INDEX, marked_lines, repository_of, texts, unmarked

CASES = [
    pytest.param(check, example, id=f"{check.id}: {example.name}")
    for check in all_checks()
    for example in check.examples
]
FIXED = [
    pytest.param(check, example, id=f"{check.id}: {example.name}")
    for check in all_checks()
    for example in check.examples
    if example.fixed is not None
]


def judged(check: Check, example: Example) -> CheckVerdicts:
    found = judge(check, repository_of(example), INDEX)
    assert not found.crash
    return found


@pytest.mark.parametrize(("check", "example"), CASES)
def test_an_example_has_its_outcome_its_lines_and_its_severity(
    check: Check, example: Example
) -> None:
    found = judged(check, example)
    assert found.outcome is example.expected
    # Exactly the marked lines are reported.
    lines = {(f.finding.at.path, f.finding.at.line) for f in found.findings}
    assert lines == marked_lines(texts(example))
    if example.severity is not None:
        assert {f.severity for f in found.findings} == {example.severity}
    # What follows a message (a reason, an acceptance) makes its sentence longer.
    assert not any(f.finding.message.endswith(".") for f in found.findings)
    # Milder or harsher than its check: then the finding says why.
    assert all(f.severity <= check.severity or f.finding.because for f in found.findings)


@pytest.mark.parametrize(("check", "example"), FIXED)
def test_the_edits_fix_the_example(check: Check, example: Example) -> None:
    found = judged(check, example)
    edits = {edit for f in found.findings for edit in f.finding.edits}
    files = {path: unmarked(text) for path, text in texts(example).items()}
    for edit in sorted(edits, key=lambda e: (e.path, -e.start)):
        text = files.get(edit.path, "")
        assert text[edit.start : edit.end] == edit.old
        files[edit.path] = text[: edit.start] + edit.new + text[edit.end :]
    fixed = example.fixed
    assert fixed is not None
    assert files[example.path] == unmarked(fixed)
    after = judge(check, repository_of(example, files), INDEX)
    assert after.outcome is not Outcome.FAIL


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.id)
def test_the_text_has_what_people_look_for(check: Check) -> None:
    assert 5 <= len(check.title) <= 70
    assert "## Why it matters" in check.text
    assert "## How to fix" in check.text
    assert check.links
    assert all(re.fullmatch(r"https://[\w.-]+/\S*", link) for link in check.links)


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.id)
def test_the_name_states_the_fault(check: Check) -> None:
    cures = r"(use|require|avoid|disallow|ban|no|enable|check|ensure)-"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", check.id)
    assert not re.match(cures, check.id)


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.id)
def test_a_fix_is_shown_where_one_is_promised(check: Check) -> None:
    assert (check.fix is not None) == any(e.fixed is not None for e in check.examples)
