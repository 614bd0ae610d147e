"""Each way in and each sink has a repository in which it is seen, and one where it is not."""

from __future__ import annotations

import pytest
from msgspec import Struct

from audits.model.exposure import Sink, WayIn
from tests.analysis.exposure.repositories import (
    CACHE,
    CHECKOUT,
    OLD_CHECKOUT,
    RELEASE,
    exposed,
    job,
)

TITLE = "- run: echo '${{ github.event.issue.title }}'\n"
HEAD = f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n- run: npm ci"
ARTIFACT = (
    "- uses: actions/download-artifact@v8\n  with: {path: out, run-id: "
    "'${{ github.event.workflow_run.id }}', github-token: '${{ github.token }}'}\n"
    "- run: ./out/install.sh"
)
AGENT = (
    "- uses: anthropics/claude-code-action@v1\n"
    "  with: {allowed_non_write_users: '*', prompt: go, claude_args: '--allowedTools Bash'}"
)
MERGE = '- run: gh pr merge --auto "$URL"'
RUN = "{workflow_run: {workflows: [CI], types: [completed]}}"
TARGET = "pull_request_target"
QUIET = job("push", "- run: make", rights="contents: read")
TAGS = 'push: {tags: ["v*"]}'
PACKED = "npm ci && npm pack"
RUNS_ON = "runs-on: ubuntu-24.04"
OWN = "runs-on: [self-hosted, linux]"
TESTED = job("pull_request", f"- uses: {CHECKOUT}\n- run: make")
DIGEST = "sha256:" + "0" * 64
CACHED = RELEASE.replace(
    f"      - run: {PACKED}\n",
    f"      - uses: {CACHE}\n        with: {{path: node_modules, key: modules}}\n"
    f"      - run: {PACKED}\n",
)
WRITES_CACHE = job("issues", TITLE, rights="contents: read", more="cache-mode: write")
BESIDE = RELEASE.replace(TAGS, f"{TAGS}, issues: {{types: [opened]}}").replace(
    "jobs:\n",
    f"jobs:\n  hello:\n    {RUNS_ON}\n    environment: npm\n    permissions: {{id-token: write}}\n"
    f"    steps:\n      {TITLE}",
)
TOKEN = RELEASE.replace("    environment: npm\n", "").replace(
    "npm publish *.tgz",
    "npm publish *.tgz\n        env: {NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}'}",
)
CONTAINER = f"    {RUNS_ON}\n    container: acme/builder"


def with_secret(name: str) -> str:
    return job(
        "issues", f"{TITLE}  env: {{T: '${{{{ secrets.{name} }}}}'}}", rights="contents: read"
    )


class Twins(Struct, frozen=True):
    """A repository with a kind and one without it: each another workflow, and its release."""

    bad: str
    good: str
    release: str = RELEASE
    good_release: str = ""


WAYS: dict[WayIn, Twins] = {
    WayIn.CODE: Twins(job(TARGET, HEAD), job(TARGET, HEAD.replace(".head", ".base"))),
    WayIn.WORDS: Twins(
        job("issues", TITLE), job("issues", TITLE.replace("issue.title", "issue.number"))
    ),
    WayIn.AGENT: Twins(
        job("issues", AGENT), job("issues", AGENT.replace("allowed_non_write_users: '*', ", ""))
    ),
    WayIn.ARTIFACT: Twins(
        job(RUN, ARTIFACT),
        job(RUN, ARTIFACT, more="if: github.event.workflow_run.event == 'push'"),
    ),
    WayIn.RUNNER: Twins(TESTED.replace(RUNS_ON, OWN), TESTED, RELEASE.replace(RUNS_ON, OWN, 1)),
    WayIn.MERGE: Twins(
        job(TARGET, MERGE, more="if: github.actor == 'dependabot[bot]'"),
        job(TARGET, MERGE, more="if: github.event.pull_request.user.login == 'dependabot[bot]'"),
    ),
    WayIn.START: Twins(QUIET, QUIET, RELEASE.replace(TAGS, "issues"), RELEASE),
    WayIn.MOVABLE: Twins(
        QUIET,
        QUIET,
        RELEASE.replace(f"    {RUNS_ON}", f"{CONTAINER}:1", 1),
        RELEASE.replace(f"    {RUNS_ON}", f"{CONTAINER}@{DIGEST}", 1),
    ),
    WayIn.TOOL: Twins(
        job("push", "- run: pip install tidy"), job("push", "- run: pip install tidy==1.2.3")
    ),
    WayIn.WRITER_WORDS: Twins(
        QUIET,
        QUIET,
        RELEASE.replace(PACKED, f"echo ${{{{ github.ref_name }}}} && {PACKED}").replace(
            TAGS, "push"
        ),
        RELEASE.replace(PACKED, f"echo ${{{{ github.sha }}}} && {PACKED}").replace(TAGS, "push"),
    ),
    WayIn.UPDATES: Twins(
        job(
            "pull_request",
            MERGE,
            more="if: github.event.pull_request.user.login == 'dependabot[bot]'",
        ),
        job(
            "pull_request",
            '- run: gh pr review --approve "$URL"',
            more="if: github.event.pull_request.user.login == 'dependabot[bot]'",
        ),
    ),
}
SINKS: dict[Sink, Twins] = {
    Sink.PUBLISHES: Twins(
        QUIET,
        QUIET,
        RELEASE.replace(TAGS, "issues").replace(
            PACKED, f"echo '${{{{ github.event.issue.title }}}}' && {PACKED}"
        ),
        RELEASE,
    ),
    Sink.SECRET: Twins(with_secret("NPM_TOKEN"), with_secret("CHAT_HOOK"), TOKEN),
    Sink.STORED_TOKEN: Twins(with_secret("BOT_PAT"), with_secret("CODECOV_TOKEN")),
    Sink.JOB_TOKEN: Twins(job("issues", TITLE), job("issues", TITLE, rights="issues: write")),
    Sink.DEFAULT_TOKEN: Twins(
        job("issues", TITLE).replace("permissions: {contents: write}\n", ""),
        job("issues", TITLE, rights=""),
    ),
    Sink.CACHE: Twins(
        WRITES_CACHE, WRITES_CACHE.replace(": write\n    steps", ": none\n    steps"), CACHED
    ),
    Sink.RUNNER: WAYS[WayIn.RUNNER],
    Sink.IDENTITY: Twins(
        QUIET, QUIET, BESIDE, BESIDE.replace("{id-token: write}\n    steps", "{}\n    steps", 1)
    ),
    Sink.MERGED: WAYS[WayIn.UPDATES],
}


def without_writers(other: str, release: str) -> tuple[set[WayIn], set[Sink]]:
    """The kinds of the paths, but for that of a single writer, which each repository has."""
    paths = [p for p in exposed(other, release).paths if p.way_in is not WayIn.WRITER]
    return {path.way_in for path in paths}, {path.sink for path in paths}


@pytest.mark.parametrize("kind", WAYS)
def test_each_way_in(kind: WayIn) -> None:
    twins = WAYS[kind]
    assert kind in without_writers(twins.bad, twins.release)[0]
    assert kind not in without_writers(twins.good, twins.good_release or twins.release)[0]


@pytest.mark.parametrize("kind", SINKS)
def test_each_sink(kind: Sink) -> None:
    twins = SINKS[kind]
    assert kind in without_writers(twins.bad, twins.release)[1]
    assert kind not in without_writers(twins.good, twins.good_release or twins.release)[1]


def test_a_single_writer_publishes_where_no_environment_is_bound() -> None:
    ways = {path.way_in for path in exposed(QUIET, TOKEN).paths}
    assert ways == {WayIn.WRITER}


def test_no_kind_is_without_its_twins() -> None:
    assert {*WAYS, WayIn.WRITER} == set(WayIn)
    assert set(SINKS) == set(Sink)
