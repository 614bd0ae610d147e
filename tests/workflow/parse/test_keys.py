"""Keys without a typed field are kept, each with its place."""

from __future__ import annotations

from audits.model.source import SourceFile
from audits.model.workflow import Workflow
from audits.model.yaml_value import YamlValue
from audits.workflow.parse.parse import parse_workflow

TEXT = """\
name: Release
on:
  schedule:
    - cron: "0 4 * * 1"
  push:
    paths: ["src/**"]
concurrency:
  group: release-${{ github.ref }}
  cancel-in-progress: false
cache-mode: read-only
jobs:
  build:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    strategy:
      fail-fast: false
      matrix:
        python: ["3.11", "3.14"]
    x-unknown: [a, {b: c}]
    steps:
      - run: make
        continue-on-error: true
        timeout-minutes: ${{ inputs.minutes }}
"""


def _parsed(text: str) -> Workflow:
    parsed = parse_workflow(SourceFile.of(".github/workflows/x.yml", text.encode()))
    assert parsed.workflow is not None
    return parsed.workflow


def _text(value: YamlValue | None, *path: str) -> str:
    assert value is not None
    found = value.get(*path)
    assert found is not None
    return found.text


def test_every_key_is_kept_with_its_line() -> None:
    workflow = _parsed(TEXT)
    job = workflow.jobs[0]
    step = job.steps[0]
    assert {k: v.at.line for k, v in workflow.keys.items()} == {"concurrency": 7, "cache-mode": 10}
    assert workflow.keys["cache-mode"].text == "read-only"
    assert _text(workflow.keys["concurrency"], "cancel-in-progress") == "false"
    assert {k: v.at.line for k, v in job.keys.items()} == {
        "timeout-minutes": 14,
        "strategy": 15,
        "x-unknown": 19,
    }
    matrix = job.keys["strategy"].get("matrix", "python")
    assert matrix is not None
    assert [item.text for item in matrix.items] == ["3.11", "3.14"]
    assert [item.text for item in job.keys["x-unknown"].items] == ["a", ""]
    assert _text(job.keys["x-unknown"].items[1], "b") == "c"
    assert {k: v.at.line for k, v in step.keys.items()} == {
        "continue-on-error": 22,
        "timeout-minutes": 23,
    }
    schedule, push = workflow.triggers
    assert _text(schedule.keys["schedule"].items[0], "cron") == "0 4 * * 1"
    assert push.keys["paths"].items[0].text == "src/**"
    assert job.keys["strategy"].get("matrix", "os") is None


def test_a_file_of_aliases_stays_small() -> None:
    levels = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 4))
    text = f"on: push\nx-a:\n  l0: &l0 [a, b]\n{levels}jobs:\n  a: {{runs-on: x, steps: [{{run: ls}}]}}\n"
    workflow = _parsed(text)
    assert workflow.keys["x-a"].truncated
