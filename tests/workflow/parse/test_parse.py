"""Parsing: every trap of YAML and of GitHub's dialect by name, and any text at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.model.source import GapReason, SourceFile
from audits.model.uses import UsesKind
from audits.model.workflow import EnvironmentForm, PermissionsState, SecretsPassed, Step, Workflow
from audits.workflow.parse.parse import MOST_BYTES, ParsedWorkflow, parse_action, parse_workflow

PATH = ".github/workflows/x.yml"
JOBS = "jobs: {a: {runs-on: x, steps: []}}"


def parsed(text: str) -> ParsedWorkflow:
    return parse_workflow(SourceFile.of(PATH, text.encode("utf-8", "surrogatepass")))


def workflow(text: str) -> Workflow:
    found = parsed(text)
    assert not found.gaps
    assert found.workflow is not None
    return found.workflow


def with_job(body: str, top: str = "") -> Workflow:
    body = body if "runs-on:" in body else f"runs-on: x\n{body}"
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    return workflow(f"on: push\n{top}\njobs:\n  build:\n{lines}\n    steps: []\n")


def using(uses: str) -> Step:
    text = f"on: push\njobs: {{a: {{runs-on: x, steps: [{{uses: '{uses}'}}]}}}}"
    return workflow(text).jobs[0].steps[0]


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", PermissionsState.ABSENT),
        ("permissions:", PermissionsState.NULL),
        ("permissions: {}", PermissionsState.EMPTY),
        ("permissions: read-all", PermissionsState.READ_ALL),
        ("permissions: write-all", PermissionsState.WRITE_ALL),
        ("permissions:\n  contents: read", PermissionsState.MAP),
        ("permissions: default", PermissionsState.ABSENT),
    ],
)
def test_six_states_of_permissions(text: str, state: PermissionsState) -> None:
    assert with_job("runs-on: x", text).permissions.state is state


@pytest.mark.parametrize(
    ("on", "events"),
    [
        ("push", ["push"]),
        ("[push, release]", ["push", "release"]),
        ("{push: {tags: ['v*']}, workflow_dispatch: null}", ["push", "workflow_dispatch"]),
    ],
)
def test_triggers_in_all_forms(on: str, events: list[str]) -> None:
    found = workflow(f"on: {on}\n{JOBS}")
    assert [trigger.event for trigger in found.triggers] == events


def test_on_is_a_word_and_not_a_boolean() -> None:
    found = workflow(f"on:\n  push:\n    branches: [on, no, 010]\n{JOBS}")
    assert found.triggers[0].branches == ("on", "no", "010")


def test_a_tag_push_is_distinguished_from_a_branch_push() -> None:
    tags = workflow(f"on: {{push: {{tags: ['v*']}}}}\n{JOBS}").triggers[0]
    both = workflow(f"on: {{push: {{tags: ['v*'], branches: [main]}}}}\n{JOBS}")
    assert tags.is_tag_push
    assert not both.triggers[0].is_tag_push


@pytest.mark.parametrize(
    ("uses", "kind", "slug", "path", "ref"),
    [
        ("actions/checkout@v4", UsesKind.REMOTE, "actions/checkout", "", "v4"),
        ("Owner/Repo/sub/dir@main", UsesKind.REMOTE, "owner/repo", "sub/dir", "main"),
        (
            "pypa/gh-action-pypi-publish@release/v1",
            UsesKind.REMOTE,
            "pypa/gh-action-pypi-publish",
            "",
            "release/v1",
        ),
        ("./tools/build", UsesKind.LOCAL, "", "tools/build", ""),
        ("$/tools/../build/", UsesKind.LOCAL, "", "build", ""),
        ("docker://alpine:3", UsesKind.DOCKER, "", "alpine:3", ""),
        ("actions/checkout", UsesKind.INVALID, "", "", ""),
        ("checkout@v4", UsesKind.INVALID, "", "", ""),
    ],
)
def test_uses_in_all_forms(uses: str, kind: UsesKind, slug: str, path: str, ref: str) -> None:
    found = using(uses).uses
    assert found is not None
    assert (found.kind, found.slug, found.path, found.ref) == (kind, slug, path, ref)


def test_a_pin_is_exactly_forty_hexadecimal_digits() -> None:
    for ref, pinned in (("a" * 40, True), ("A" * 40, True), ("a" * 39, False), ("a" * 64, False)):
        step = using(f"o/r@{ref}")
        assert step.uses is not None
        assert step.uses.is_pinned is pinned


def test_the_comment_beside_a_pin_and_its_place() -> None:
    text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: o/r@v1  # v1.2.3 \n      - uses: o/r@v1#no\n"
    steps = workflow(text).jobs[0].steps
    assert steps[0].uses is not None
    assert steps[1].uses is not None
    assert steps[0].uses.comment == "v1.2.3"
    assert text[steps[0].uses.comment_start : steps[0].uses.comment_end] == "# v1.2.3"
    assert steps[1].uses.comment == ""


@pytest.mark.parametrize(
    ("text", "form", "dynamic"),
    [
        ("environment: pypi", EnvironmentForm.STRING, False),
        ("environment: {name: pypi, url: 'https://x.example'}", EnvironmentForm.MAP, False),
        ("environment: ${{ inputs.where }}", EnvironmentForm.EXPRESSION, True),
        ("environment: {name: '${{ inputs.where }}'}", EnvironmentForm.MAP, True),
    ],
)
def test_environment_in_all_forms(text: str, form: EnvironmentForm, dynamic: bool) -> None:
    found = with_job(text).jobs[0].environment
    assert found is not None
    assert (found.form, found.dynamic) == (form, dynamic)


@pytest.mark.parametrize("text", ["environment:", "environment: ''"])
def test_no_environment(text: str) -> None:
    assert with_job(text).jobs[0].environment is None


@pytest.mark.parametrize(
    ("condition", "never"),
    [
        ("false", True),
        ("${{ false }}", True),
        ("true && false", True),
        ("!true", True),
        ("0", True),
        ("github.ref == 'x'", False),
        ("always()", False),
    ],
)
def test_conditions_that_are_false_whatever_happens(condition: str, never: bool) -> None:
    assert with_job(f"if: {condition!r}").jobs[0].never_runs is never


def test_secrets_of_a_call() -> None:
    inherited = workflow("on: push\njobs: {a: {uses: ./x.yml, secrets: inherit}}").jobs[0]
    named = workflow("on: push\njobs: {a: {uses: ./x.yml, secrets: {t: '${{ secrets.T }}'}}}").jobs[
        0
    ]
    assert inherited.secrets_passed is SecretsPassed.INHERITED
    assert named.secrets["t"].value == "${{ secrets.T }}"


def test_anchors_name_the_same_step_twice() -> None:
    text = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - &s\n        run: make\n      - *s\n"
    assert [step.run.value for step in workflow(text).jobs[0].steps if step.run] == ["make"] * 2


def test_places_survive_what_yaml_and_github_count_differently() -> None:
    text = "\ufeffname: '\u2028\U0001f600'\r\non: push\r\njobs:\r\n  a:\r\n    runs-on: x\r\n    steps:\r\n      - run: x\r\n"
    run = workflow(text).jobs[0].steps[0].run
    assert run is not None
    assert (run.line, text[run.start : run.end]) == (7, "x")


def test_lines_inside_a_block_scalar() -> None:
    run = (
        workflow(
            "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          one\n          two\n"
        )
        .jobs[0]
        .steps[0]
        .run
    )
    assert run is not None
    assert run.line_at(run.value.index("two")) == 8


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("on: push\njobs:\n  a:\n    steps: []\n    steps: []\n", 5),
        ("on: push\n\tjobs: x\n", 2),
        ("- a\n- b\n", 1),
        ("a: b: c\n", 1),
    ],
)
def test_what_github_cannot_run_is_a_gap_with_its_line(text: str, line: int) -> None:
    found = parsed(text)
    assert found.workflow is None
    assert [(gap.reason, gap.line) for gap in found.gaps] == [(GapReason.INVALID, line)]
    assert f"line {line}" in found.gaps[0].detail


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_is_a_gap(text: str) -> None:
    assert [gap.reason for gap in parsed(text).gaps] == [GapReason.INVALID]


def test_a_bad_job_costs_that_job() -> None:
    found = parsed("on: push\njobs:\n  good:\n    runs-on: x\n    steps: []\n  bad: 7\n")
    assert found.workflow is not None
    assert [job.id for job in found.workflow.jobs] == ["good"]
    assert [gap.line for gap in found.gaps] == [6]


def test_a_file_too_large_is_a_gap() -> None:
    assert [g.reason for g in parsed("x: " + "y" * MOST_BYTES).gaps] == [GapReason.TOO_LARGE]


def bomb(name: str = "a") -> str:
    lines = [f"a0: &{name}0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &{name}{n} [{', '.join([f'*{name}{n - 1}'] * 9)}]" for n in range(1, 12)]
    return "\n".join([*lines, "on: push", f"jobs: {{j: {{steps: *{name}11, needs: *{name}11}}}}"])


@pytest.mark.parametrize(
    "text", [bomb(), bomb("-"), bomb("_"), "[" * 3000, "a: " + "{b: " * 400, "x: &x [*x]"]
)
def test_bombs_take_no_time(text: str) -> None:
    started = time.process_time()
    parsed(text)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("opening", ["[", "{b: ", "[{b: ", "? "])
def test_what_is_nested_tens_of_thousands_deep_is_a_gap(opening: str) -> None:
    found = parsed("a:\n  " + opening * (200_000 // len(opening)))
    assert [(gap.line, "nested too deeply" in gap.detail) for gap in found.gaps] == [(2, True)]


def test_a_long_file_that_is_not_deep_is_read() -> None:
    text = "on: push\njobs: {j: {runs-on: x, steps: [{run: x}], needs: [" + "a, " * 9 + "]}}\n"
    found = parsed(text + "x: [" + "[1], " * 30_000 + "]\n")
    assert (found.workflow is not None, found.gaps) == (True, ())


@pytest.mark.parametrize(
    "text",
    [
        "on: push\njobs:\n  a:\n    steps:\n      - &s {run: x}\n" + "      - *s\n" * 20_000,
        "on: push\njobs:\n" + "".join(f"  j{n}: {{steps: []}}\n" for n in range(2_000)),
        "on: push\njobs:\n  a: {steps: &s ["
        + "{run: x}, " * 400
        + "]}\n"
        + "".join(f"  j{n}: {{steps: *s}}\n" for n in range(20)),
    ],
)
def test_what_no_person_writes_is_a_gap_and_not_cut_short(text: str) -> None:
    found = parsed(text)
    assert found.workflow is None
    assert [gap.reason for gap in found.gaps] == [GapReason.TOO_LARGE]


def test_a_composite_action() -> None:
    text = "name: A\nruns:\n  using: composite\n  steps:\n    - run: x\n      shell: bash\n"
    action = parse_action(SourceFile.of("action.yml", text.encode())).action
    assert action is not None
    assert (action.using, [step.shell for step in action.steps]) == ("composite", ["bash"])


yaml_text = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=12)
    | st.sampled_from(["push", "write-all", "./x", "${{ a }}", "inherit", "o/r@v1"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "on",
                    "jobs",
                    "a",
                    "steps",
                    "uses",
                    "run",
                    "permissions",
                    "with",
                    "env",
                    "if",
                    "environment",
                    "needs",
                    "strategy",
                    "matrix",
                    "secrets",
                    "runs-on",
                    "container",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=40,
)


@settings(max_examples=150, deadline=None)
@given(yaml_text)
def test_any_structure_gives_a_workflow_or_a_gap(data: object) -> None:
    import json

    found = parsed(json.dumps(data, ensure_ascii=False))
    assert found.workflow is not None or found.gaps


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_workflow_or_a_gap(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    found = parsed(text)
    assert found.workflow is not None or found.gaps
    parse_action(SourceFile.of("action.yml", text.encode()))
