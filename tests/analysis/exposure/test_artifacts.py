"""Artifacts that others made: what is done with them, beside look-alikes that are safe."""

from __future__ import annotations

import pytest

from tests.analysis.exposure.repositories import CHECKOUT, OLD_CHECKOUT, answer, exposed, job

RUN = "{workflow_run: {workflows: [CI], types: [completed]}}"
TOKEN = "github-token: '${{ github.token }}'"
TAKES = (
    "- uses: actions/download-artifact@v8\n"
    f"  with: {{%srun-id: '${{{{ github.event.workflow_run.id }}}}', {TOKEN}}}\n"
)
BUILDS = "- run: npm ci && npm test\n"


@pytest.mark.parametrize(
    ("expected", "steps"),
    [
        pytest.param(
            "sure", f"- uses: {CHECKOUT}\n{TAKES % 'name: site, '}{BUILDS}", id="over the project"
        ),
        pytest.param(
            "perhaps", f"- uses: {CHECKOUT}\n{TAKES % ''}{BUILDS}", id="in folders of their own"
        ),
        pytest.param(
            "sure", f"- uses: {CHECKOUT}\n{TAKES % 'merge-multiple: true, '}{BUILDS}", id="merged"
        ),
        pytest.param(
            "none", f"{TAKES % 'name: site, '}- uses: {CHECKOUT}\n{BUILDS}", id="swept away"
        ),
        pytest.param(
            "none",
            f"- uses: {CHECKOUT}\n{TAKES % 'name: site, path: out, '}{BUILDS}",
            id="beside it",
        ),
    ],
)
def test_where_an_artifact_comes_to_lie(expected: str, steps: str) -> None:
    assert answer(exposed(job(RUN, steps))) == expected


IN_ONE_RUN = f"""\
on: pull_request_target
permissions: {{}}
jobs:
  try:
    runs-on: ubuntu-24.04
    steps:
      - uses: {OLD_CHECKOUT}
        with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}
      - run: make
      - uses: actions/upload-artifact@v7
        with: {{name: tool, path: tool}}
  act:
    needs: try
    runs-on: ubuntu-24.04
    permissions: {{contents: write}}
    steps:
      - uses: actions/download-artifact@v8
        with: {{name: tool, path: tool}}
      - run: bash tool/apply
"""


@pytest.mark.parametrize(
    ("expected", "old", "new"),
    [
        ("sure", "", ""),
        ("none", "bash tool/apply", "wc -l tool/report"),
        ("none", "      - run: make\n", ""),
        (
            "none",
            "        with: {name: tool, path: tool}\n      - run: bash",
            "        with: {name: other, path: tool}\n      - run: bash",
        ),
        ("none", "contents: write", "contents: read"),
    ],
)
def test_a_job_that_ran_their_code_hands_something_on(expected: str, old: str, new: str) -> None:
    text = IN_ONE_RUN.replace(old, new) if old else IN_ONE_RUN
    assert answer(exposed(text)) == expected


NEWEST = (
    "- uses: dawidd6/action-download-artifact@v11\n  with: {workflow: ci.yml, path: out%s}\n"
    "- run: sh out/bench\n"
)


@pytest.mark.parametrize(
    ("expected", "filters", "ci"),
    [
        ("sure", "", "[push, pull_request]"),
        ("sure", ", branch: main", "[push, pull_request]"),
        ("none", ", event: push", "[push, pull_request]"),
        ("none", ", allow_forks: false", "[push, pull_request]"),
        ("none", ", commit: '${{ github.sha }}'", "[push, pull_request]"),
        ("none", "", "push"),
    ],
)
def test_the_newest_artifact_of_a_workflow(expected: str, filters: str, ci: str) -> None:
    tests = job(ci, "- run: make", rights="contents: read")
    takes = job("{push: {branches: [main]}}", NEWEST % filters)
    assert answer(exposed(takes, files={".github/workflows/ci.yml": tests})) == expected


@pytest.mark.parametrize(("expected", "event"), [("sure", "pull_request"), ("none", "schedule")])
def test_the_newest_artifact_of_the_same_workflow(expected: str, event: str) -> None:
    events = f"{{push: {{branches: [main]}}, {event}: }}"
    assert answer(exposed(job(events, NEWEST.replace("workflow: ci.yml, ", "") % ""))) == expected


def test_what_is_sure_counts_though_something_else_comes_first() -> None:
    both = (
        f"{TAKES % 'name: site, path: out, '}- run: cat out/env >> $GITHUB_ENV\n- run: sh out/x\n"
    )
    assert answer(exposed(job(RUN, both))) == "sure"
    assert answer(exposed(job(RUN, both.partition("- run: sh")[0] + "- run: ls\n"))) == "perhaps"


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("sure", "pip install out/*.whl"),
        ("sure", "bin/../out/bin/check"),
        ("none", "pip install tidy==1.2 && ls out"),
    ],
)
def test_what_is_installed_or_called_from_an_artifact(expected: str, command: str) -> None:
    steps = f"{TAKES % 'name: site, path: out, '}- run: {command}\n"
    assert answer(exposed(job(RUN, steps))) == expected
