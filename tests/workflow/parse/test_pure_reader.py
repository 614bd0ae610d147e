"""What the fast YAML reader refuses and GitHub accepts is read by the other one, alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.model.source import GapReason, SourceFile
from audits.workflow.parse import parse
from audits.workflow.parse.nodes import Node, parts
from audits.workflow.parse.parse import compose, parse_workflow
from audits.workflow.parse.pure_reader import compose_slowly

RELEASE = ".github/workflows/release.yml"
DEEPEST = 100
JOB = """\
on: {{release: {{types: [published]}}}}
jobs:
  publish:
    runs-on: ubuntu-latest
    {line}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
LINES = [
    "environment: {name: pypi, url: https://pypi.example/p/lumen}",
    "environment: {url: https://pypi.example/p/lumen?a=1&b=2#c, name: pypi}",
    "environment: { name: pypi , url: https://pypi.example:8080/p/lumen }",
    "services: {cache: {image: redis:7, ports: [6379:6379]}}",
    "services: {cache: {image: redis:7-alpine@sha256:abc, ports: [6379:6379, 6380:6380]}}",
    "env: {TIME: 12:30:45, URL: http://x.example:80/y, EMPTY: , LAST: a:}",
    "container: {image: ghcr.io/orchard-labs/lumen:v1, options: --user 1001:1001}",
    "strategy: {matrix: {image: [redis:7, 'postgres:15', \"mysql:8\"], v: [3.10, 3.11]}}",
    "runs: [self-hosted, label:big, ::1]",
    "outputs: {a: file:///srv/x, b: urn:x:y}",
    "env: {\n      A: https://a.example,\n      B: b:c, # a comment\n    }",
]


def tree(node: Node) -> object:
    """A node with its places."""
    inside = [tree(part) for part in parts(node)]
    value = node.value if node.id == "scalar" else inside
    return (
        node.id,
        value,
        getattr(node, "style", "") or "",
        node.start_mark.index,
        node.end_mark.index,
    )


def plain(node: Node) -> object:
    if node.id == "scalar":
        return node.value
    if node.id == "sequence":
        return [plain(item) for item in node.value]
    return {str(plain(key)): plain(value) for key, value in node.value}


@pytest.mark.parametrize("line", LINES)
def test_a_workflow_in_flow_form_is_read(line: str) -> None:
    read = parse_workflow(SourceFile.of(RELEASE, JOB.format(line=line).encode()))
    assert read.gaps == ()
    assert read.workflow is not None
    (job,) = read.workflow.jobs
    assert [step.uses.action for step in job.steps if step.uses] == ["pypa/gh-action-pypi-publish"]


def test_its_values_and_lines_are_the_files() -> None:
    text = JOB.format(line=LINES[0])
    workflow = parse_workflow(SourceFile.of(RELEASE, text.encode())).workflow
    assert workflow is not None
    environment = workflow.jobs[0].environment
    assert environment is not None
    assert environment.url is not None
    assert (environment.name.value, environment.name.line) == ("pypi", 5)
    assert environment.url.value == "https://pypi.example/p/lumen"
    assert text[environment.url.start : environment.url.end] == environment.url.value
    assert workflow.jobs[0].steps[0].at.line == 7


WORD = st.from_regex(r"[a-z][a-z0-9]{0,5}(?::[a-z0-9/.]{1,6}){0,2}", fullmatch=True)
VALUE = st.recursive(
    WORD,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORD, inner, max_size=3)),
)


def flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value)


@settings(deadline=None)
@given(value=VALUE)
def test_any_flow_form_is_read_as_it_is_meant(value: object) -> None:
    text = f"first:\nsecond: {flow(value)}\nlast: x\n"
    _, root = compose(SourceFile.of(RELEASE, text.encode()))
    assert plain(root) == {"first": "", "second": value, "last": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "on:\njobs:\n  a:\n    steps:\n      - run: |\n          b\n\n      - c: 'd'\n\n  e: \n# f\n",
        "a: &x [b, 'c']\nd: *x\ne: >-\n  f\n  g\nh: {i: 1, j: k}\n",
        "\na: 'é\u2028ü'\nb: \"😀 \\n\"\nc:   \nd: [ ]\n",
    ],
)
def test_both_readers_make_the_same_tree(text: str) -> None:
    loader = parse._loader()
    slow = compose_slowly(text, DEEPEST)
    assert slow is not None
    assert tree(loader(text).get_single_node()) == tree(slow)


def test_the_project_reads_alike_without_the_fast_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[3] / ".github" / "workflows"
    files = [SourceFile.of(f"{RELEASE}", path.read_bytes()) for path in root.glob("*.yml")]
    with_it = [tree(compose(file)[1]) for file in files]
    monkeypatch.setattr(parse, "_loader", lambda: None)
    assert files
    assert [tree(compose(file)[1]) for file in files] == with_it


def test_what_both_refuse_is_invalid_with_the_line_of_the_fault() -> None:
    text = "on: {release: {types: [a:b]}}\njobs:\n  a: {b: c d: e}\n"
    (gap,) = parse_workflow(SourceFile.of(RELEASE, text.encode())).gaps
    assert (gap.reason, gap.line) == (GapReason.INVALID, 3)


@pytest.mark.parametrize(
    "text",
    [
        "k: [a:b, " + ("[" * 90 + "]" * 90 + ", ") * 900 + "]",
        "k: [" + "a:b, " * 40_000 + "]",
        "k: [a:b, " + "&a b, " * 30_000 + "]",
    ],
)
def test_a_text_that_takes_too_long_is_given_up(text: str) -> None:
    (gap,) = parse_workflow(SourceFile.of(RELEASE, text.encode())).gaps
    assert gap.reason is GapReason.TOO_LARGE
    assert "takes too long to read" in gap.detail


def test_one_that_nests_too_deeply_says_so() -> None:
    text = "k: [a:b, " + "[" * 200
    (gap,) = parse_workflow(SourceFile.of(RELEASE, text.encode())).gaps
    assert gap.reason is GapReason.INVALID
    assert "nested too deeply" in gap.detail
