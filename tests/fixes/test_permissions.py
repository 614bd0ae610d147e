"""Blocks of permissions are replaced and moved without touching what stands around them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from audits.fixes.permissions import block, drop_scope, move_to_jobs, relying_jobs, replace_block
from audits.model.outcome import Edit
from audits.model.source import SourceFile
from audits.model.workflow import Level, Workflow
from audits.workflow.parse.parse import parse_workflow

REST = "\n# The jobs\njobs:\n  a:\n    runs-on: x\n    steps: []\n  b:\n    uses: ./x\n"


def read(text: str) -> Workflow:
    parsed = parse_workflow(SourceFile.of("w.yml", text.encode()))
    assert parsed.workflow is not None
    assert not parsed.gaps
    return parsed.workflow


def applied(text: str, edits: Iterable[Edit]) -> str:
    for edit in sorted(edits, key=lambda e: -e.start):
        assert text[edit.start : edit.end] == edit.old
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def test_a_block_lists_what_is_given() -> None:
    assert block({}) == ("permissions: {}",)
    assert block({"contents": Level.NONE}) == ("permissions: {}",)
    assert block({"b": Level.READ, "a": Level.WRITE}) == ("permissions:", "  a: write", "  b: read")


@pytest.mark.parametrize(
    "old",
    [
        "permissions: write-all",
        "permissions: {contents: write}",
        "permissions:\n  contents: write # why\n  issues: read",
        "permissions:\n  contents: write\r",
    ],
)
def test_a_block_is_replaced_and_the_rest_stays(old: str) -> None:
    text = f"on: push\n{old}\n{REST}"
    workflow = read(text)
    edits = replace_block(workflow.source, workflow.permissions, block({}))
    end = "\r\n" if "\r" in old else "\n"
    assert applied(text, edits) == f"on: push\npermissions: {{}}{end}{REST}"


def test_an_absent_block_is_not_replaced() -> None:
    workflow = read(f"on: push{REST}")
    assert replace_block(workflow.source, workflow.permissions, block({})) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("permissions:\n  a: read\n  b: write # why", "permissions:\n  a: read"),
        ("permissions:\n  b: write\n  a: read", "permissions:\n  a: read"),
        ("permissions:\n  b: write", "permissions: {}"),
        ("permissions: {a: read, b: write}", "permissions:\n  a: read"),
        ("permissions:\n  b: write\n  a: none", "permissions: {}"),
        ("permissions:\n  a: read", "permissions:\n  a: read"),
    ],
)
def test_a_scope_is_taken_out(old: str, new: str) -> None:
    text = f"on: push\n{old}\n{REST}"
    workflow = read(text)
    edits = drop_scope(workflow.source, workflow.permissions, "b")
    assert applied(text, edits) == f"on: push\n{new}\n{REST}"


def test_permissions_move_to_the_jobs_that_rely_on_them() -> None:
    text = f"on: push\npermissions: write-all\n{REST}"
    workflow = read(text)
    assert [job.id for job in relying_jobs(workflow)] == ["a", "b"]
    one, two = relying_jobs(workflow)
    wanted = {one: {"contents": Level.READ}, two: {}}
    after = read(applied(text, move_to_jobs(workflow.source, workflow, wanted)))
    assert after.permissions.scopes == {}
    assert [dict(job.permissions.scopes) for job in after.jobs] == [{"contents": "read"}, {}]
    assert relying_jobs(after) == ()


def test_nothing_moves_where_a_job_cannot_take_it() -> None:
    text = "on: push\npermissions: write-all\njobs:\n  a: {runs-on: x, steps: []}\n"
    workflow = read(text)
    wanted = {workflow.jobs[0]: {"contents": Level.READ}}
    assert move_to_jobs(workflow.source, workflow, wanted) == ()
