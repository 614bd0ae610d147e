"""Edits change what they say they do, leave the rest alone, and keep the file a workflow."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.fixes.edits import (
    add_to_job,
    add_to_workflow,
    add_under,
    delete_lines,
    insert_below,
    quoted,
    replace_scalar,
    set_input,
    set_scope,
)
from audits.model.outcome import Edit
from audits.model.source import SourceFile
from audits.model.workflow import Workflow
from audits.report.escape import markdown
from audits.workflow.parse.parse import parse_workflow

PATH = ".github/workflows/release.yml"


def read(text: str) -> Workflow:
    parsed = parse_workflow(SourceFile.of(PATH, text.encode()))
    assert parsed.workflow is not None, parsed.gaps
    assert not parsed.gaps
    return parsed.workflow


def applied(text: str, edits: Iterable[Edit]) -> str:
    for edit in sorted(edits, key=lambda e: -e.start):
        assert text[edit.start : edit.end] == edit.old
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def with_input(text: str, value: str = "false") -> str:
    workflow = read(text)
    edits = set_input(workflow.source, workflow.jobs[0].steps[0], "persist-credentials", value)
    return applied(text, edits)


HEAD = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
ADDED = "persist-credentials: false"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("      - uses: a/b@v1\n", f"      - uses: a/b@v1\n        with:\n          {ADDED}\n"),
        ("      - uses: a/b@v1", f"      - uses: a/b@v1\n        with:\n          {ADDED}"),
        (
            "      - name: n\n        uses: 'a/b@v1' # v\n        if: x\n",
            "      - name: n\n        uses: 'a/b@v1' # v\n        with:\n"
            f"          {ADDED}\n        if: x\n",
        ),
        (
            "      - uses: a/b@v1\n        with:\n            # deep\n            ref: x\n",
            f"      - uses: a/b@v1\n        with:\n            # deep\n            ref: x\n"
            f"            {ADDED}\n",
        ),
        (
            "      - with: {ref: x}\n        uses: a/b@v1\n",
            f"      - with: {{ref: x, {ADDED}}}\n        uses: a/b@v1\n",
        ),
        (
            "      - uses: a/b@v1\n        with: { }\n",
            f"      - uses: a/b@v1\n        with: {{ {ADDED} }}\n",
        ),
        (
            "      - uses: a/b@v1\n        with:\n      - run: x\n",
            f"      - uses: a/b@v1\n        with:\n          {ADDED}\n      - run: x\n",
        ),
        (
            "      - uses: a/b@v1\n        with:\n          Persist-Credentials: 'yes' # why\n",
            "      - uses: a/b@v1\n        with:\n          Persist-Credentials: false # why\n",
        ),
    ],
)
def test_an_input_is_set(before: str, after: str) -> None:
    assert with_input(HEAD + before) == HEAD + after
    assert with_input(HEAD + after) == HEAD + after


@pytest.mark.parametrize(
    "step",
    [
        "      - {uses: a/b@v1}\n",
        "      - run: x\n",
        "      - uses: a/b@v1\n        with: ${{ fromJSON(inputs.all) }}\n",
        "      - uses: a/b@v1\n        with: &shared\n          ref: x\n",
    ],
)
def test_where_a_line_cannot_be_added_there_is_no_edit(step: str) -> None:
    assert with_input(HEAD + step) == HEAD + step


def test_lines_keep_the_line_breaks_of_the_file() -> None:
    text = (HEAD + "      - uses: a/b@v1\n").replace("\n", "\r\n")
    edited = with_input(text)
    assert edited.count("\r\n") == edited.count("\n")
    assert edited.endswith(f"with:\r\n          {ADDED}\r\n")


def test_lines_are_added_to_a_job_above_its_steps_and_their_comment() -> None:
    text = (
        "on: push\njobs:\n  a: # job\n\n      runs-on: x\n      # what it does\n      steps: []\n"
    )
    workflow = read(text)
    lines = ("permissions:", "  contents: read")
    edited = applied(text, add_to_job(workflow.source, workflow.jobs[0], lines))
    assert edited == text.replace(
        "      # what", "      permissions:\n        contents: read\n      # what"
    )
    assert read(edited).jobs[0].permissions.scopes == {"contents": "read"}


@pytest.mark.parametrize("job", ["{runs-on: x, steps: []}", "&a\n    runs-on: x\n    steps: []"])
def test_jobs_in_braces_or_behind_anchors_are_left_alone(job: str) -> None:
    workflow = read(f"on: push\njobs:\n  a: {job}\n")
    assert add_to_job(workflow.source, workflow.jobs[0], ("permissions: {}",)) == ()


def test_lines_are_added_to_the_workflow_above_its_jobs() -> None:
    text = "name: R\non: push\n\n# The jobs\njobs:\n  a:\n    runs-on: x\n    steps: []\n"
    edits = add_to_workflow(read(text).source, ("permissions: {}",))
    assert applied(text, edits) == text.replace("# The", "permissions: {}\n\n# The")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("permissions: {}", "permissions: { id-token: write }"),
        ("permissions:", "permissions:\n  id-token: write"),
        (
            "permissions:\n    contents: read",
            "permissions:\n    id-token: write\n    contents: read",
        ),
        ("permissions: {contents: read}", "permissions: {id-token: write, contents: read}"),
        ("permissions:\n  id-token: none # no", "permissions:\n  id-token: write # no"),
        ("permissions: {id-token: 'read', a: b}", "permissions: {id-token: 'write', a: b}"),
        ("permissions: read-all", "permissions: read-all"),
    ],
)
def test_a_scope_is_set(before: str, after: str) -> None:
    rest = "\non: push\njobs:\n  a:\n    runs-on: x\n    steps: []\n"
    text = (before + rest).replace("a: b", "packages: read")
    workflow = read(text)
    edits = set_scope(workflow.source, workflow.permissions, "id-token", "write")
    assert applied(text, edits) == (after + rest).replace("a: b", "packages: read")


def test_a_line_is_added_under_a_trigger() -> None:
    text = "on:\n  release:\n  push:\njobs:\n  a:\n    runs-on: x\n    steps: []\n"
    workflow = read(text)
    edits = add_under(workflow.source, workflow.triggers[0].span, "types: [published]")
    assert applied(text, edits) == text.replace("release:\n", "release:\n    types: [published]\n")
    listed = read(text.replace("on:\n  release:\n  push:\n", "on: [release, push]\n"))
    assert add_under(listed.source, listed.triggers[0].span, "types: [published]") == ()


def test_whole_lines_are_inserted_and_deleted() -> None:
    source = SourceFile.of("a.yml", b"one\ntwo\nthree")
    assert applied(source.text, [delete_lines(source, 2, 2)]) == "one\nthree"
    assert applied(source.text, [delete_lines(source, 3, 3)]) == "one\ntwo\n"
    assert applied(source.text, insert_below(source, 1, ("x", "y"))) == "one\nx\ny\ntwo\nthree"
    assert applied(source.text, insert_below(source, 3, ("x",))) == "one\ntwo\nthree\nx"


def test_a_scalar_is_replaced_with_its_quotes() -> None:
    workflow = read("name: 'Old one' # why\non: push\njobs:\n  a:\n    uses: ./x\n")
    assert workflow.name is not None
    edit = replace_scalar(workflow.source, workflow.name, "New")
    assert applied(workflow.source.text, [edit]).startswith("name: New # why\n")


names = st.sampled_from(["ref", "path", "fetch-depth", "persist-credentials"])
values = st.sampled_from(["x", "'1 # 2'", '"a: b"', "true", "${{ github.ref }}"])
inputs = st.dictionaries(names, values, max_size=3)
breaks = st.sampled_from(["", "\n", "        # a note\n", "      # another\n"])


@st.composite
def steps(draw: st.DrawFn) -> str:
    """A step of any layout: keys in any order, notes and empty lines between them."""
    lines = ["uses: actions/checkout@v4"]
    if draw(st.booleans()):
        lines.append("name: 'Check: out'")
    given: dict[str, str] = draw(inputs)
    in_braces: bool = draw(st.booleans())
    # Braces of an expression end a mapping in braces.
    if given and in_braces and not any("{" in v for v in given.values()):
        lines.append("with: {" + ", ".join(f"{k}: {v}" for k, v in given.items()) + "}")
    elif given:
        deep = draw(st.sampled_from(["  ", "    "]))
        body = "".join(f"\n        {deep}{k}: {v}" for k, v in given.items())
        lines.append(f"with:{body}")
    text: str = "      - "
    for number, line in enumerate(draw(st.permutations(lines))):
        text += (draw(breaks) + "        " if number else "") + line + "\n"
    return text + draw(breaks)


@given(st.lists(steps(), min_size=1, max_size=3))
def test_setting_an_input_changes_that_input_and_nothing_else(made: list[str]) -> None:
    text = HEAD + "".join(made)
    workflow = read(text)
    for number, step in enumerate(workflow.jobs[0].steps):
        edits = set_input(workflow.source, step, "persist-credentials", "false")
        assert edits
        after = read(applied(text, edits)).jobs[0].steps
        for old, new in zip(workflow.jobs[0].steps, after, strict=True):
            expected = {k: v.value for k, v in old.inputs.items()}
            if old.index == number:
                expected["persist-credentials"] = "false"
            assert {k: v.value for k, v in new.inputs.items()} == expected
            assert (old.name and old.name.value) == (new.name and new.name.value)


def test_a_quoted_comment_is_code_alone() -> None:
    shown = quoted("closes #1 @team `x` [a](https://a.example)" + "y" * 200)
    assert shown.startswith("`closes #1 @team 'x' [a](https://a.example)y")
    assert shown.count("`") == 2
    assert len(shown) == 122
    assert markdown(f"Its comment: {shown}.") == f"Its comment: {shown}."
