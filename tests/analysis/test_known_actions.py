"""What a job needs, and whether it runs project code, is said only where it is known."""

from __future__ import annotations

import pytest

from audits.analysis.action_table import ACTIONS
from audits.analysis.known_actions import needed_scopes, runs_project_code
from audits.check import Example
from audits.model.repository import Repository
from audits.model.workflow import Job, Workflow
from tests.checks.harness import repository_of

HEAD = """\
on: release
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
  other:
    needs: publish
    runs-on: ubuntu-latest
"""


def job_of(body: str) -> tuple[Repository, Workflow, Job]:
    repo = repository_of(Example(name="x", workflow=HEAD + body))
    workflow = repo.workflows[0]
    job = workflow.job("other")
    assert job is not None
    return repo, workflow, job


def steps(*lines: str) -> str:
    return "    steps:\n" + "".join(f"      - {line}\n" for line in lines)


def test_the_table_is_in_the_words_of_comparison() -> None:
    assert all(name == name.lower() and "/" in name for name in ACTIONS)


@pytest.mark.parametrize(
    ("body", "scopes"),
    [
        (steps("run: echo hello"), {}),
        (steps("uses: actions/checkout@v4"), {"contents": "read"}),
        (
            steps("uses: actions/checkout@v4", "uses: softprops/action-gh-release@v2"),
            {"contents": "write"},
        ),
        (steps("uses: juniper-ci/announce@v1"), None),
        (steps("uses: ./local"), None),
        (steps("run: gh release list\n        env:\n          T: ${{ github.token }}"), None),
        (steps("run: echo ${{ secrets.GITHUB_TOKEN }}"), None),
        ("    env:\n      T: ${{ secrets['GITHUB_TOKEN'] }}\n" + steps("run: ls"), None),
        (
            steps("uses: actions/checkout@v4", "run: git push origin main"),
            {"contents": "write"},
        ),
        (steps("uses: actions/checkout@v4", "run: make release"), None),
        (
            steps(
                "uses: actions/checkout@v4\n        with: {persist-credentials: false}",
                "run: make release",
            ),
            {"contents": "read"},
        ),
    ],
)
def test_scopes_are_known_or_not(body: str, scopes: dict[str, str] | None) -> None:
    assert needed_scopes(*job_of(body)) == scopes


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (steps("uses: actions/attest@v3", "run: cosign sign-blob dist.tgz"), False),
        (steps("run: python -m build"), True),
        (steps("uses: pypa/cibuildwheel@v3"), True),
        (steps("uses: ./.github/actions/build"), True),
        (steps("uses: juniper-ci/announce@v1"), None),
        (steps("run: print(1)\n        shell: python"), None),
        (steps("uses: google-github-actions/auth@v3", "run: gcloud storage cp x gs://y"), False),
        (steps("run: gcloud storage cp x gs://y", "uses: google-github-actions/auth@v3"), True),
        (steps("uses: azure/login@v2", "run: aws s3 sync x s3://y"), True),
        (steps("uses: azure/login@v2", "run: az webapp up && make"), True),
    ],
)
def test_project_code_is_told_from_signing(body: str, answer: bool | None) -> None:
    repo, _, job = job_of(body)
    assert runs_project_code(repo, job) is answer
