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
def test_project_code_is_distinguished_from_signing(body: str, answer: bool | None) -> None:
    repo, _, job = job_of(body)
    assert runs_project_code(repo, job) is answer


LOGIN = (
    "uses: docker/login-action@v4\n"
    "        with: {registry: ghcr.io, password: '${{ github.token }}'}"
)


@pytest.mark.parametrize(
    "lines",
    [
        ("uses: ko-build/setup-ko@v0.9", "run: ko build ./cmd/x"),
        ("uses: imjasonh/setup-crane@v0.4", "run: crane copy a b"),
        (LOGIN, "run: cosign sign --yes ghcr.io/orchard/lumen@sha256:0"),
        (
            "uses: redhat-actions/push-to-registry@v2\n"
            "        with: {password: '${{ github.token }}'}",
        ),
    ],
)
def test_a_login_that_nobody_asked_for_is_one(lines: tuple[str, ...]) -> None:
    needed = needed_scopes(*job_of(steps(*lines)))
    assert needed is not None
    assert needed["packages"] == "write"


@pytest.mark.parametrize(
    "given",
    [
        "${{ toJSON(github) }}",
        "${{ toJSON(secrets) }}",
        "${{ join(secrets.*) }}",
        "${{ github[inputs.x] }}",
    ],
)
def test_whole_contexts_hold_the_token(given: str) -> None:
    body = steps(f"run: ./x.sh\n        env: {{X: '{given}'}}")
    assert needed_scopes(*job_of(body)) is None
    quiet = steps("run: ./x.sh\n        env: {X: '${{ toJSON(github.event) }}'}")
    assert needed_scopes(*job_of(quiet)) == {}


ACTION = """\
inputs:
  token: {default: '${{ github.token }}'}
runs:
  using: composite
  steps:
    - {run: ./publish.sh, shell: bash, env: {T: '${{ inputs.token }}'}}
"""
CALLED = """\
on: {workflow_call: {secrets: {t: {}}}}
jobs:
  c:
    runs-on: ubuntu-latest
    steps:
      - {run: ./publish.sh, env: {T: '${{ secrets.t }}'}}
"""
CALL = "    uses: ./.github/workflows/called.yml\n"


@pytest.mark.parametrize(
    ("body", "scopes"),
    [
        (steps("uses: ./act"), None),
        (steps("uses: ./act\n        with: {token: ''}"), None),
        (CALL + "    secrets: {t: '${{ github.token }}'}\n", None),
        (CALL + "    secrets: {t: '${{ secrets.OTHER }}'}\n", {}),
        (
            "    strategy: {matrix: {t: ['${{ github.token }}']}}\n"
            + steps("run: ./x.sh\n        env: {T: '${{ matrix.t }}'}"),
            None,
        ),
    ],
)
def test_a_token_that_is_handed_on_is_followed(body: str, scopes: dict[str, str] | None) -> None:
    files = {"act/action.yml": ACTION, ".github/workflows/called.yml": CALLED}
    repo = repository_of(Example(name="x", workflow=HEAD + body, files=files))
    workflow = next(w for w in repo.workflows if w.path.endswith("release.yml"))
    job = workflow.job("other")
    assert job is not None
    assert needed_scopes(repo, workflow, job) == scopes
