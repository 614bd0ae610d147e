"""Of two workflows that differ in one thing, the one that a reviewer calls safer scores no lower.

Each pair is the lesson's workflow with one change, or two changes of which one is the worse.
"""

from __future__ import annotations

import pytest
from msgspec import Struct

from audits.model.score import Score
from audits.pipeline.audit import Rules, audit
from tests.generated import INDEX
from tests.scoring.test_score import LESSON, lesson_repository

CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
SETUP = "actions/setup-python@5fda3b95a4ea91299a34e894583c3862153e4b97 # v7.0.0"
UPLOAD = "pypa/gh-action-pypi-publish@dc37677b2e1c63e2034f94d8a5b11f265b73ba33 # v1.14.2"
FETCH = "      - uses: actions/download-artifact@3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c # v8.0.1\n        with:\n          name: dist.zip\n          path: dist/\n"
ENVIRONMENT = "    environment:\n      name: pypi\n      url: https://pypi.example/p/lumen\n"
ON = "on:\n  release:\n    types:\n      - published\n"
TOKEN = f"{UPLOAD}\n        with:\n          password: ${{{{ secrets.INDEX_TOKEN }}}}"
BUILD_RIGHTS = "    permissions:\n      contents: read\n    steps:\n      - uses: actions/checkout"


class Workflow(Struct, frozen=True):
    """The lesson's workflow, or another text, and a workflow beside it."""

    text: str
    beside: str = ""


def lesson(*changes: tuple[str, str], beside: str = "") -> Workflow:
    text = LESSON
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return Workflow(text, beside)


SAFE = lesson()
PREVIEW = """\
on: {event}
permissions: {{}}
jobs:
  preview:
    {guard}
    runs-on: ubuntu-latest
    permissions: {{contents: write}}
    steps:
      - uses: actions/checkout@08eba0b27e820071cde6df949e0beb9ba4906955 # v4.3.0
        with: {{ref: "${{{{ github.event.pull_request.head.sha }}}}", persist-credentials: false}}
      - run: make test
"""
TOGETHER = lesson(
    (
        FETCH,
        f"      - uses: {CHECKOUT}\n        with: {{persist-credentials: false}}\n      - run: hatch build\n",
    ),
)
TAG = lesson((SETUP, "actions/setup-python@v7"))
TAGS = lesson((SETUP, "actions/setup-python@v7"), (CHECKOUT, "actions/checkout@v7"))
WITH_TOKEN = lesson((UPLOAD, TOKEN))
WITHOUT_ENVIRONMENT = lesson((ENVIRONMENT, ""))
TOKEN_ALONE = lesson((UPLOAD, TOKEN), (ENVIRONMENT, ""))
OPEN = lesson(beside=PREVIEW.format(event="pull_request_target", guard="name: Preview"))
GUARDED = lesson(
    beside=PREVIEW.format(
        event="pull_request_target",
        guard="if: github.event.pull_request.head.repo.full_name == github.repository",
    )
)
HARMLESS = lesson(beside=PREVIEW.format(event="pull_request", guard="name: Preview"))
PAIRS = {
    "a pin, a tag": (SAFE, TAG),
    "one tag, two tags": (TAG, TAGS),
    "a comment on the pin, none": (SAFE, lesson((" # v7.0.0", ""))),
    "a tag of the publishing action": (SAFE, lesson((UPLOAD, "pypa/gh-action-pypi-publish@v1"))),
    "a release tag, a branch": (
        lesson((UPLOAD, "pypa/gh-action-pypi-publish@v1.14.2")),
        lesson((UPLOAD, "pypa/gh-action-pypi-publish@release/v1")),
    ),
    "an identity, a token": (SAFE, WITH_TOKEN),
    "a token in an environment, without one": (WITH_TOKEN, TOKEN_ALONE),
    "an identity without environment, a token without one": (WITHOUT_ENVIRONMENT, TOKEN_ALONE),
    "a stored token, one in the file": (
        WITH_TOKEN,
        lesson(
            (UPLOAD, TOKEN.replace("${{ secrets.INDEX_TOKEN }}", "pypi-" + "AgEIcHlwaS5vcmc" * 5))
        ),
    ),
    "an environment, none": (SAFE, WITHOUT_ENVIRONMENT),
    "a build apart, in the publishing job": (SAFE, TOGETHER),
    "a build apart without environment, together without one": (
        WITHOUT_ENVIRONMENT,
        Workflow(TOGETHER.text.replace(ENVIRONMENT, "")),
    ),
    "rights for each job, the default": (
        SAFE,
        lesson(
            ("permissions: {}\n", ""),
            ("    permissions:\n      contents: read\n    steps", "    steps"),
        ),
    ),
    "a build that reads, one that writes": (
        SAFE,
        lesson((BUILD_RIGHTS, BUILD_RIGHTS.replace("contents: read", "contents: write"))),
    ),
    "a build that writes, one that may all": (
        lesson((BUILD_RIGHTS, BUILD_RIGHTS.replace("contents: read", "contents: write"))),
        lesson((BUILD_RIGHTS, BUILD_RIGHTS.replace("\n      contents: read", " write-all"))),
    ),
    "the identity for the upload, for the build too": (
        SAFE,
        lesson(
            (
                BUILD_RIGHTS,
                BUILD_RIGHTS.replace("contents: read", "contents: read\n      id-token: write"),
            )
        ),
    ),
    "a release, a push of a branch": (SAFE, lesson((ON, "on: {push: {branches: [main]}}\n"))),
    "a tag, a push of a branch": (
        lesson((ON, "on: {push: {tags: ['v*']}}\n")),
        lesson((ON, "on: {push: {branches: [main]}}\n")),
    ),
    "a push of a branch, anybody's pull request": (
        lesson((ON, "on: {push: {branches: [main]}}\n")),
        lesson((ON, "on: pull_request_target\n")),
    ),
    "no cache, a cache": (
        SAFE,
        lesson(
            (
                '          python-version: "3.12"\n',
                '          python-version: "3.12"\n          cache: pip\n',
            )
        ),
    ),
    "a hosted runner, an own one": (
        SAFE,
        lesson(
            (
                "    needs: [build_package]\n    runs-on: ubuntu-latest",
                "    needs: [build_package]\n    runs-on: [self-hosted, release]",
            )
        ),
    ),
    "a runner that is there, one that is gone": (SAFE, lesson(("ubuntu-latest", "ubuntu-20.04"))),
    "attestations, none": (
        SAFE,
        lesson((UPLOAD, f"{UPLOAD}\n        with:\n          attestations: false")),
    ),
    "a workflow for pull requests of forks, one with the repository's rights": (HARMLESS, OPEN),
    "outsiders kept out, let in": (GUARDED, OPEN),
    "secrets by name, all of them": (
        WITH_TOKEN,
        lesson(
            (UPLOAD, TOKEN),
            (
                "        run: hatch build\n",
                "        run: hatch build\n        env: {ALL: '${{ toJSON(secrets) }}'}\n",
            ),
        ),
    ),
}


def scored(workflow: Workflow) -> Score:
    repo = lesson_repository(None, workflow.text, workflow.beside)
    assert repo.publications
    return audit(repo, Rules(index=INDEX)).score


@pytest.mark.parametrize("name", PAIRS)
def test_the_safer_one_scores_no_lower(name: str) -> None:
    safer, worse = map(scored, PAIRS[name])
    assert safer.points is not None
    assert worse.points is not None
    assert safer.points >= worse.points
    assert safer.grade <= worse.grade or "?" in (safer.grade, worse.grade)


def test_of_most_pairs_the_safer_one_scores_higher() -> None:
    both = [[scored(each).points or 0.0 for each in pair] for pair in PAIRS.values()]
    assert sum(safer > worse for safer, worse in both) >= 20


def test_no_open_path_from_anyone_scores_above_the_cap() -> None:
    found = scored(OPEN)
    assert found.points is not None
    assert found.points <= 39.0
