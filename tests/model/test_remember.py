"""Results are remembered by text, within bounds."""

from __future__ import annotations

import pytest

from audits.model.location import Scalar
from audits.model.remember import LONGEST, remembered
from audits.model.source import SourceFile
from audits.workflow.parse.parse import parse_workflow
from audits.workflow.shell.commands import MOST_SECONDS, Patience, commands

WORKFLOW = b"on: push\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make\n"


def scalar(script: str, line: int = 1) -> Scalar:
    return Scalar(script, line, 1, 0, len(script))


def test_a_short_text_is_read_once_and_a_long_one_each_time() -> None:
    read: list[int] = []

    @remembered(2)
    def length(text: str) -> int:
        read.append(len(text))
        return len(text)

    for text in ("short", "short", "x" * (LONGEST + 1), "x" * (LONGEST + 1)):
        assert length(text) == len(text)
    assert read == [5, LONGEST + 1, LONGEST + 1]


def test_an_error_is_not_remembered() -> None:
    calls: list[str] = []

    @remembered(2)
    def failing(text: str) -> str:
        calls.append(text)
        raise ValueError(text)

    for _ in range(2):
        with pytest.raises(ValueError, match="odd"):
            failing("odd")
    assert calls == ["odd", "odd"]


def test_equal_workflows_are_one_and_places_in_other_files_are_their_own() -> None:
    path = ".github/workflows/ci.yml"
    first, second = (parse_workflow(SourceFile.of(path, WORKFLOW)).workflow for _ in range(2))
    other = parse_workflow(SourceFile.of(".github/workflows/b.yml", WORKFLOW)).workflow
    assert first is second
    assert other is not None
    assert other.path == ".github/workflows/b.yml"
    assert other.jobs[0].path == ".github/workflows/b.yml"


def test_a_script_read_before_counts_its_commands_and_keeps_its_own_lines() -> None:
    script = "make one\nenv A=1 make two\n"
    budget = Patience(commands=3)
    first = commands(scalar(script, line=4), "bash", budget)
    second = commands(scalar(script, line=9), "bash", budget)
    assert [c.line for c in first] == [4, 5]
    assert [(c.line, c.words) for c in second] == [(9, ("make", "one"))]
    assert budget.cut_short
    assert first[1].env == {"A": "1"}


def test_a_budget_that_is_spent_is_not_spent_on_the_grammar() -> None:
    budget = Patience(seconds=-MOST_SECONDS)
    found = commands(scalar("if true; then make it; fi"), "bash", budget)
    assert ("make", "it") in [c.words for c in found]
    assert budget.seconds == -MOST_SECONDS
