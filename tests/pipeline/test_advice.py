"""What is said of a finding's edit is the same in every output."""

from __future__ import annotations

from audits.check import Example
from audits.cli.plan import make_plan
from audits.model.finding_record import FindingRecord
from audits.model.outcome import FixKind
from audits.pipeline.audit import audit
from audits.report.json import finding_document
from tests.checks.harness import repository_of

HEAD = "on: release\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n"
UPLOAD = "      - run: twine upload dist/*\n"
PUSHED = "      - uses: actions/checkout@v5\n      - run: git push\n"
SHARED = """\
on: release
jobs:
  one:
    runs-on: ubuntu-latest
    steps: &steps
      - uses: actions/checkout@v5
      - run: twine upload dist/*
  two:
    runs-on: ubuntu-latest
    steps: *steps
"""


def records(workflow: str, check: str) -> list[FindingRecord]:
    rules = make_plan(index_url="https://pypi.example/simple/", engine=False).rules
    found = audit(repository_of(Example(name="x", workflow=workflow)), rules).findings
    chosen = [each for each in found if each.check == check]
    assert [finding_document(each)["advice"] for each in chosen] == [
        FindingRecord.of(each).advice for each in chosen
    ]
    return [FindingRecord.of(each) for each in chosen]


def test_a_finding_says_why_no_edit_is_made() -> None:
    (found,) = records(HEAD + PUSHED + UPLOAD, "persisted-checkout-credentials")
    assert (found.fix, found.advice[:10]) == ("", "`git push`")
    (found, *_) = records(HEAD + PUSHED + UPLOAD, "unnamed-step")
    assert "explain unnamed-step" in found.advice


def test_a_safe_edit_needs_no_advice() -> None:
    checkout = "      - uses: actions/checkout@v5\n"
    (found,) = records(HEAD + checkout + UPLOAD, "persisted-checkout-credentials")
    assert (found.fix, found.advice) == ("safe", "")


def test_a_place_that_an_alias_uses_again_is_to_be_reviewed() -> None:
    found = records(SHARED, "persisted-checkout-credentials")
    assert {each.fix for each in found} == {FixKind.REVIEW}
    assert all("alias" in each.advice for each in found)
