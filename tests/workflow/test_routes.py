"""What a job's token may do: its own block, else the workflow's, never more than the caller's."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from audits.model.publication import Grant
from audits.model.source import SourceFile
from audits.model.workflow import Level, Permissions, PermissionsState
from audits.workflow.parse.parse import parse_workflow
from audits.workflow.routes import Routes, effective

ORDER = (Level.NONE, Level.READ, Level.WRITE)
SCOPES = ("contents", "id-token", "packages")
BLOCKS = {
    PermissionsState.ABSENT: "",
    PermissionsState.NULL: "permissions:",
    PermissionsState.EMPTY: "permissions: {}",
    PermissionsState.READ_ALL: "permissions: read-all",
    PermissionsState.WRITE_ALL: "permissions: write-all",
    PermissionsState.MAP: "permissions: {contents: write, id-token: write}",
}


def grant(*levels: tuple[str, str]) -> Grant:
    """The grant of the last of some workflows, each (top, job) and called by the one before."""
    workflows = []
    for number, (top, own) in enumerate(levels):
        last = number == len(levels) - 1
        on = "push" if number == 0 else "workflow_call"
        body = (
            "runs-on: x\n    steps: [{run: make}]"
            if last
            else f"uses: ./.github/workflows/{number + 1}.yml"
        )
        text = f"on: {on}\n{top}\njobs:\n  job:\n    {own}\n    {body}\n"
        source = SourceFile.of(f".github/workflows/{number}.yml", text.encode())
        parsed = parse_workflow(source)
        assert parsed.workflow is not None, parsed.gaps
        workflows.append(parsed.workflow)
    (route,) = Routes(workflows).of(workflows[-1], workflows[-1].jobs[0])
    assert len(route.calls) == len(levels) - 1
    return route.grant


@pytest.mark.parametrize(
    ("top", "own", "contents", "identity"),
    [
        ("", "", None, False),
        ("permissions: {id-token: write}", "", Level.NONE, True),
        ("permissions: {id-token: write}", "permissions: {contents: read}", Level.READ, False),
        ("permissions: write-all", "permissions: {}", Level.NONE, False),
        ("permissions: write-all", "permissions:", Level.NONE, False),
        ("permissions: write-all", "", Level.WRITE, True),
        ("permissions: read-all", "", Level.READ, False),
        ("permissions: {}", "permissions: write-all", Level.WRITE, True),
    ],
)
def test_the_block_of_the_job_goes_before_that_of_the_workflow(
    top: str, own: str, contents: Level | None, identity: bool
) -> None:
    found = grant((top, own))
    assert (found.level("contents"), found.id_token) == (contents, identity)


@pytest.mark.parametrize(
    ("caller", "callee"), list(itertools.product(PermissionsState, PermissionsState))
)
def test_a_called_job_never_has_more_than_its_caller(
    caller: PermissionsState, callee: PermissionsState
) -> None:
    given_by = grant(("", BLOCKS[caller]))
    found = grant(("", BLOCKS[caller]), ("", BLOCKS[callee]))
    alone = grant(("", BLOCKS[callee]))
    for scope in SCOPES:
        most, mine = given_by.level(scope), alone.level(scope)
        known = [level for level in (most, mine) if level is not None]
        wanted = min(known, key=ORDER.index) if known else None
        if callee is PermissionsState.ABSENT:
            wanted = most
        assert found.level(scope) == wanted


def test_what_the_first_caller_withholds_the_third_does_not_have() -> None:
    everything = ("", "permissions: write-all")
    assert grant(everything, everything, everything).id_token
    assert not grant(("", "permissions: {contents: write}"), everything, everything).id_token
    assert not grant(everything, ("", "permissions: {contents: write}"), everything).id_token
    assert not grant(("", ""), everything, everything).id_token


levels = st.sampled_from(ORDER)
blocks = st.one_of(
    st.sampled_from([s for s in PermissionsState if s is not PermissionsState.MAP]).map(
        lambda state: Permissions(state=state)
    ),
    st.dictionaries(st.sampled_from(SCOPES), levels).map(
        lambda scopes: Permissions(state=PermissionsState.MAP, scopes=scopes)
    ),
)


@given(st.lists(blocks, min_size=1, max_size=5))
def test_each_call_can_only_take_away(chain: list[Permissions]) -> None:
    source = SourceFile.of("a.yml", b"on: push\njobs: {a: {runs-on: x, steps: [{run: make}]}}\n")
    workflow = parse_workflow(source).workflow
    assert workflow is not None
    before: Grant | None = None
    for block in chain:
        job = replace(workflow.jobs[0], permissions=block)
        now = effective(workflow, job, before)
        for scope in SCOPES if before is not None else ():
            most = before.level(scope) if before is not None else None
            left = now.level(scope)
            if most is not None:
                assert left is not None
                assert ORDER.index(left) <= ORDER.index(most)
        before = now
