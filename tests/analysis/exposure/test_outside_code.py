"""What takes a pull request's code, and what runs it, beside look-alikes that do not."""

from __future__ import annotations

import pytest

from tests.analysis.exposure.repositories import CHECKOUT, OLD_CHECKOUT, answer, exposed, job

TARGET = "pull_request_target"
BOTH = "{push: {branches: [main]}, pull_request_target: {types: [opened]}}"
OWN = "github.event.pull_request.head.repo.full_name == github.repository"
BESIDE = (
    f"- uses: {CHECKOUT}\n- uses: {OLD_CHECKOUT}\n"
    "  with: {ref: '${{ github.event.pull_request.head.sha }}', path: theirs}\n"
)


def head(ref: str = "${{ github.event.pull_request.head.sha }}") -> str:
    return f'- uses: {OLD_CHECKOUT}\n  with: {{ref: "{ref}"}}\n'


RUNS = [
    ("a version is printed from JSON", "none", "node -p 'require(\"./package.json\").version'"),
    ("a module of theirs is loaded", "sure", "node -e 'require(\"./tools/size.js\").go()'"),
    ("a module of Node's is", "none", "node -e 'console.log(require(\"os\").cpus())'"),
    ("their package is imported", "sure", "python -c 'import lumen; print(lumen.__version__)'"),
    ("a part of it is", "sure", "python3 -c 'from lumen import about'"),
    ("not from the current folder", "none", "python3 -I -c 'import lumen'"),
    ("Python's own is imported", "none", "python -c 'import platform; print(platform.node())'"),
    ("nothing is imported", "none", "python -c 'print(1 + 1)'"),
]


@pytest.mark.parametrize(
    ("expected", "command"), [pytest.param(expected, run, id=name) for name, expected, run in RUNS]
)
def test_code_that_is_given_as_an_argument(expected: str, command: str) -> None:
    step = f"- run: |\n    {command}\n"
    assert answer(exposed(job(TARGET, head() + step))) == expected


@pytest.mark.parametrize(
    ("expected", "ref"),
    [
        ("sure", "${{ format('refs/pull/{0}/merge', github.event.number) }}"),
        ("none", "${{ format('refs/heads/{0}', github.base_ref) }}"),
        ("sure", "${{ github.event.pull_request.head.sha || github.sha }}"),
        (
            "sure",
            "${{ github.event_name == 'pull_request_target' && github.event.pull_request.head.sha || github.ref }}",
        ),
        (
            "none",
            "${{ github.event_name == 'pull_request' && github.event.pull_request.head.sha || github.ref }}",
        ),
        ("none", "${{ github.event.pull_request.head.sha != '' && 'main' || 'next' }}"),
        (
            "none",
            "${{ github.event.pull_request.head.repo.fork && github.sha || github.event.pull_request.head.sha }}",
        ),
    ],
)
def test_refs_that_an_expression_chooses(expected: str, ref: str) -> None:
    assert answer(exposed(job(BOTH, head(ref) + "- run: make"))) == expected


def test_a_checkout_that_does_not_run_for_them_changes_nothing() -> None:
    back = f"- if: {OWN}\n  uses: {OLD_CHECKOUT}\n"
    assert answer(exposed(job(TARGET, head() + back + "- run: make"))) == "sure"
    always = f"- uses: {OLD_CHECKOUT}\n"
    assert answer(exposed(job(TARGET, head() + always + "- run: make"))) == "none"


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("sure", "cp -r theirs/. . && npm ci"),
        ("sure", "rsync -a theirs/ work/ && make -C work"),
        ("sure", "mv theirs/* ."),
        ("none", "cp theirs/docs/data.json site/data.json && npm ci"),
        ("none", "cp -r theirs /tmp/seen && npm ci"),
    ],
)
def test_a_whole_checkout_that_is_copied(expected: str, command: str) -> None:
    steps = f"{BESIDE}- run: |\n    {command}\n"
    if command.startswith("mv"):
        steps += "- run: npm test\n"
    assert answer(exposed(job(TARGET, steps))) == expected


RUN = "{workflow_run: {workflows: [CI], types: [completed]}}"
TOKEN = "  env: {GH_TOKEN: '${{ github.token }}'}\n"


@pytest.mark.parametrize(
    ("expected", "then"), [("sure", "sh tool/start"), ("none", "wc -l tool/report.txt")]
)
def test_an_artifact_that_the_same_script_downloads(expected: str, then: str) -> None:
    script = f"- run: |\n    gh run download ${{{{ github.event.workflow_run.id }}}} -D tool\n    {then}\n"
    assert answer(exposed(job(RUN, script + TOKEN))) == expected


def test_a_merge_by_an_address_with_an_expression() -> None:
    merge = "- run: gh api -X PUT repos/a/b/pulls/${{ github.event.number }}/%s\n" + TOKEN
    rights = "contents: write, pull-requests: write"
    assert answer(exposed(job(TARGET, merge % "merge", rights=rights))) == "sure"
    assert answer(exposed(job(TARGET, merge % "reviews", rights=rights))) == "none"
