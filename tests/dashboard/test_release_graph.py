"""The drawing of a release: what it holds, where it is weak, and that names stay letters."""

from __future__ import annotations

import json

import pytest

from dashboard.charts import bars, release_graph, trends
from dashboard.frames import trends as trend_frames
from dashboard.reaudit import self_check
from dashboard.release_graph import Pipeline, pipelines
from dashboard.theme import DARK, LIGHT, Ink
from tests.dashboard.rows import HOSTILE, finding, trend

LESSON = """\
name: Release
on:
  release:
    types: [published]
permissions: {}
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pytest
        env:
          TOKEN: ${{ secrets.COVERAGE_TOKEN || secrets.GITHUB_TOKEN }}
  build:
    needs: test
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: actions/upload-artifact@v4
        with: {name: dist, path: dist}
  publish:
    needs: [build, test]
    runs-on: ubuntu-latest
    environment: pypi
    permissions:
      id-token: write
      contents: read
    steps:
      - uses: actions/download-artifact@v4
        with: {name: dist, path: dist}
      - uses: pypa/gh-action-pypi-publish@v1.12.4
"""


def drawn(workflow: str, **changes: object) -> Pipeline:
    checked = self_check(workflow, pyproject='[project]\nname = "lumen"\n')
    found = pipelines(checked.audit.repository, [finding(**changes)])
    assert len(found) == 1
    return found[0]


def test_it_runs_from_the_trigger_over_needs_to_the_upload() -> None:
    shown = drawn(LESSON)
    rows = {node.title: node.row for node in shown.nodes}
    assert list(rows) == ["release.yml", "test", "build", "publish", "lumen"]
    assert list(rows.values()) == [0, 1, 2, 3, 4]
    names = {node.id: node.title for node in shown.nodes}
    ways = {(names[start], names[end]) for start, end in shown.edges}
    assert ways == {
        ("release.yml", "test"),
        ("test", "build"),
        ("test", "publish"),
        ("build", "publish"),
        ("publish", "lumen"),
    }


def test_each_upload_of_one_step_has_a_box() -> None:
    text = LESSON.replace(
        "uses: pypa/gh-action-pypi-publish@v1.12.4",
        "run: npm publish && twine upload -r testpypi dist/* && twine upload dist/*",
    )
    assert sum(node.kind == "upload" for node in drawn(text).nodes) == 3


def test_boxes_say_what_they_hold_and_where_they_are_weak() -> None:
    nodes = {node.title: node for node in drawn(LESSON).nodes}
    assert nodes["release.yml"].lines == ("release (types published)",)
    assert nodes["test"].lines == ("token: no rights", "secrets: COVERAGE_TOKEN")
    assert nodes["build"].lines == ("token: contents read",)
    assert nodes["publish"].lines == ("token: id-token write, contents read", "environment: pypi")
    assert nodes["publish"].faults == "▲ high: unpinned-action"
    assert nodes["build"].faults == ""
    assert nodes["lumen"].lines == ("pypi · production", "by trusted publishing")


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "fixed"},
        {"acceptance": "waiver", "accepted": True},
        {"severity": "info"},
        {"job": "other"},
    ],
)
def test_what_is_not_open_in_the_job_does_not_mark_it(changes: dict[str, str]) -> None:
    assert all(not node.faults for node in drawn(LESSON, **changes).nodes)


def test_a_called_workflow_stands_between_trigger_and_upload() -> None:
    workflow = """\
on: push
jobs:
  call:
    uses: ./.github/workflows/release.yml
    secrets: inherit
"""
    nodes = drawn(
        workflow + "  send:\n    needs: call\n    runs-on: x\n    steps:\n"
        "      - run: twine upload dist/*\n        env:\n"
        "          TWINE_PASSWORD: ${{ secrets.PYPI }}\n"
    ).nodes
    held = {node.title: node.lines for node in nodes}
    assert "secrets: all (inherited)" in held["call"]
    assert "token: the repository's default" in held["send"]
    assert "secrets: PYPI" in held["send"]
    upload = next(node for node in nodes if node.kind == "upload")
    assert (upload.severity, upload.lines[1]) == ("high", "with a stored token")


def test_many_jobs_beside_each_other_take_further_rows() -> None:
    jobs = "".join(f"  b{n}:\n    runs-on: x\n    steps: [{{run: make}}]\n" for n in range(7))
    needs = ", ".join(f"b{n}" for n in range(7))
    nodes = drawn(
        f"on: push\njobs:\n{jobs}  out:\n    needs: [{needs}]\n    runs-on: x\n"
        "    steps: [{run: twine upload dist/*}]\n"
    ).nodes
    assert max(node.columns for node in nodes) == 3
    assert [node.row for node in nodes if node.kind == "upload"] == [5]
    places = [(node.row, node.column) for node in nodes]
    assert len(set(places)) == len(places)


@pytest.mark.parametrize("ink", [LIGHT, DARK])
def test_hostile_names_reach_the_drawing_as_data_only(ink: Ink) -> None:
    quoted = json.dumps(HOSTILE)
    shown = drawn(
        f"on: {{push: {{tags: [{quoted}]}}}}\njobs:\n  publish:\n    runs-on: x\n"
        f"    environment: {quoted}\n    steps: [{{run: twine upload dist/*}}]\n"
    )
    spec = release_graph.drawing(shown, ink).to_dict(validate=True)
    data = spec.pop("datasets")
    assert "evil.example" in json.dumps(data)
    assert "evil.example" not in json.dumps(spec)
    assert "\u202e" not in json.dumps(data, ensure_ascii=False)
    assert "href" not in json.dumps(spec)
    assert '"url"' not in json.dumps(spec)


def test_charts_of_one_scan_and_of_nothing_are_still_charts() -> None:
    rows = [trend(1, changed=("policy",))]
    one = trend_frames.over_time(rows, trend_frames.grades)
    marks = trend_frames.marks(rows)
    letters = [trends.Band(word=word, title=word, colour="#123456") for word in "ABC"]
    span = [rows[0].at]
    for made in (
        trends.bands(one, LIGHT, letters, unit="repositories", span=span, marks=marks),
        trends.bands(one, DARK, letters, unit="repositories", span=span, past=one),
        trends.flow(trend_frames.flow([trend(1), trend(2)]), LIGHT),
        bars.grades({}, LIGHT),
        bars.ladder({"mismatch": 1}, DARK),
        bars.severities({}, LIGHT),
        bars.areas({"pinning": None}, LIGHT),
    ):
        text = json.dumps(made.to_dict(validate=True), default=str)
        assert "NaN" not in text
        assert "tooltip" in text
    assert "n/a" in json.dumps(bars.areas({"pinning": None}, LIGHT).to_dict(validate=True))
    ladder = json.dumps(
        bars.ladder({"mismatch": 1}, DARK).to_dict(validate=True), ensure_ascii=False
    )
    assert "✗ mismatch" in ladder
    assert "★ attested" in ladder
