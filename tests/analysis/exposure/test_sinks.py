"""What a job holds that leads to a release, beside the look-alike that does not."""

from __future__ import annotations

from datetime import date

import pytest

from audits.model.exposure import Actor, Holds, PathState, Sink, WayIn
from tests.analysis.exposure.repositories import (
    CACHE,
    CHECKOUT,
    OLD_CHECKOUT,
    RELEASE,
    answer,
    exposed,
    job,
)

WORDS = "- run: echo '${{ github.event.issue.title }}'\n"
READ = "contents: read"
DISPATCHED = RELEASE.replace('push: {tags: ["v*"]}', "workflow_dispatch:")
BY_REF = DISPATCHED.replace(
    "workflow_dispatch:", "workflow_dispatch: {inputs: {ref: {type: string}}}"
).replace("persist-credentials: false", "persist-credentials: false, ref: '${{ inputs.ref }}'")
BARE = RELEASE.replace("    environment: npm\n", "")
TOKEN = BARE.replace("id-token: write", "contents: read").replace(
    "npm publish *.tgz",
    "npm publish *.tgz\n        env: {NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}'}",
)
CACHED = RELEASE.replace(
    "      - run: npm ci && npm pack\n",
    f"      - uses: {CACHE}\n        with: {{path: node_modules, key: modules}}\n"
    "      - run: npm ci && npm pack\n",
)
OWN_MACHINE = RELEASE.replace(
    "  build:\n    runs-on: ubuntu-24.04", "  build:\n    runs-on: [self-hosted, linux]"
)


def _env(text: str) -> str:
    return WORDS + f"  env: {{{text}}}\n"


def _app(more: str) -> str:
    key = "app-id: 1, private-key: '${{ secrets.BOT_KEY }}'"
    return f"- uses: actions/create-github-app-token@v2\n  with: {{{key}{more}}}\n" + WORDS


CASES = [
    ("a token that writes contents", "sure", job("issues", WORDS), RELEASE),
    ("one that writes issues", "none", job("issues", WORDS, rights="issues: write"), RELEASE),
    ("no rights", "none", job("issues", WORDS, rights=""), RELEASE),
    (
        "rights of the job",
        "none",
        job("issues", WORDS, more="permissions: {issues: write}"),
        RELEASE,
    ),
    (
        "nothing says",
        "perhaps",
        job("issues", WORDS).replace("permissions: {contents: write}\n", ""),
        RELEASE,
    ),
    ("actions alone", "none", job("issues", WORDS, rights="actions: write"), DISPATCHED),
    (
        "actions, and an input names the commit",
        "perhaps",
        job("issues", WORDS, rights="actions: write"),
        BY_REF,
    ),
    (
        "the same, no environment",
        "sure",
        job("issues", WORDS, rights="actions: write"),
        BY_REF.replace("    environment: npm\n", ""),
    ),
    (
        "a personal token",
        "sure",
        job("issues", _env("GH_TOKEN: '${{ secrets.ROBOT_PAT }}'"), rights=READ),
        RELEASE,
    ),
    (
        "the built-in token",
        "none",
        job("issues", _env("GH_TOKEN: '${{ secrets.GITHUB_TOKEN }}'"), rights=READ),
        RELEASE,
    ),
    (
        "another service's",
        "none",
        job("issues", _env("SLACK_TOKEN: '${{ secrets.SLACK_BOT_TOKEN }}'"), rights=READ),
        RELEASE,
    ),
    (
        "a model's key",
        "none",
        job("issues", _env("KEY: '${{ secrets.OPENAI_API_KEY }}'"), rights=READ),
        RELEASE,
    ),
    (
        "a key to push with",
        "sure",
        job(
            "issues",
            f"- uses: {CHECKOUT}\n  with: {{ssh-key: '${{{{ secrets.SITE_KEY }}}}'}}\n" + WORDS,
            rights=READ,
        ),
        RELEASE,
    ),
    (
        "a secret of a computed name",
        "perhaps",
        job("issues", _env("K: '${{ secrets[github.event.action] }}'"), rights=READ),
        RELEASE,
    ),
    ("an app", "sure", job("issues", _app(""), rights=READ), RELEASE),
    (
        "an app, narrowed",
        "perhaps",
        job("issues", _app(", permission-issues: write"), rights=READ),
        RELEASE,
    ),
    (
        "an app that may push",
        "sure",
        job("issues", _app(", permission-contents: write"), rights=READ),
        RELEASE,
    ),
    (
        "the publish token",
        "sure",
        job("issues", _env("T: '${{ secrets.NPM_TOKEN }}'"), rights=READ),
        TOKEN,
    ),
    (
        "the publish token for all jobs",
        "sure",
        job("issues", WORDS, rights=READ) + "env: {T: '${{ secrets.NPM_TOKEN }}'}\n",
        TOKEN,
    ),
    ("all secrets", "sure", job("issues", _env("T: '${{ toJSON(secrets) }}'"), rights=READ), TOKEN),
    (
        "a token that this release does not use",
        "none",
        job("issues", _env("T: '${{ secrets.NPM_TOKEN }}'"), rights=READ),
        RELEASE,
    ),
    ("packages, not an image", "none", job("issues", WORDS, rights="packages: write"), RELEASE),
]


@pytest.mark.parametrize(
    ("expected", "other", "release"),
    [pytest.param(expected, other, release, id=name) for name, expected, other, release in CASES],
)
def test_each_sink_and_its_twin(expected: str, other: str, release: str) -> None:
    assert answer(exposed(other, release)) == expected


POISON = job(
    "pull_request_target",
    f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n- run: npm ci",
    rights=READ,
)
SERVER = "github.orchard.example"


@pytest.mark.parametrize(
    ("expected", "other", "release", "host", "day"),
    [
        pytest.param(
            "none", POISON, CACHED, "github.com", date(2026, 11, 29), id="read-only caches"
        ),
        pytest.param("sure", POISON, CACHED, "github.com", date(2026, 6, 1), id="before them"),
        pytest.param("sure", POISON, CACHED, SERVER, date(2026, 11, 29), id="on a server"),
        pytest.param("none", POISON, RELEASE, SERVER, date(2026, 11, 29), id="no cache restored"),
        pytest.param(
            "sure",
            POISON.replace("    steps:", "    cache-mode: write\n    steps:"),
            CACHED,
            "github.com",
            date(2026, 11, 29),
            id="declared to write",
        ),
        pytest.param(
            "none",
            POISON.replace("    steps:", "    cache-mode: read\n    steps:"),
            CACHED,
            "github.com",
            date(2026, 11, 29),
            id="declared to read",
        ),
        pytest.param(
            "none",
            POISON.replace("    steps:", "    cache-mode: write\n    steps:"),
            CACHED.replace("  build:\n", "  build:\n    cache-mode: none\n"),
            "github.com",
            date(2026, 11, 29),
            id="the release restores nothing",
        ),
        pytest.param(
            "perhaps",
            job("pull_request_target", "- run: echo ${{ github.head_ref }}"),
            RELEASE,
            "github.com",
            date(2026, 12, 2),
            id="blocked unless a policy allows",
        ),
        pytest.param(
            "sure",
            job("pull_request_target", "- run: echo ${{ github.head_ref }}"),
            RELEASE,
            "github.com",
            date(2026, 12, 1),
            id="the day before",
        ),
        pytest.param(
            "sure",
            job("pull_request_target", "- run: echo ${{ github.head_ref }}"),
            RELEASE,
            SERVER,
            date(2026, 12, 2),
            id="never blocked on a server",
        ),
        pytest.param(
            "sure",
            job("issues", WORDS),
            RELEASE,
            "github.com",
            date(2026, 12, 2),
            id="other events are not blocked",
        ),
    ],
)
def test_the_day_and_the_host_decide(
    expected: str, other: str, release: str, host: str, day: date
) -> None:
    assert answer(exposed(other, release, host=host, as_of=day)) == expected


def test_a_path_that_only_a_server_has_is_listed_and_sets_no_level() -> None:
    found = exposed(POISON, CACHED)
    assert [p.holds for p in found.paths if p.actor is Actor.ANYONE] == [Holds.ENTERPRISE_SERVER]
    assert found.level is not Actor.ANYONE


def test_a_path_says_until_when_it_holds() -> None:
    found = exposed(job("pull_request_target", "- run: echo ${{ github.head_ref }}"))
    assert found.paths[0].until == "2026-12-02"


TEST = job("pull_request", "- run: make test", rights=READ)
SHARED = TEST.replace("ubuntu-24.04", "[self-hosted, linux]")


@pytest.mark.parametrize(
    ("expected", "other", "release"),
    [
        ("sure", SHARED, OWN_MACHINE),
        ("none", TEST, OWN_MACHINE),
        ("none", SHARED, RELEASE),
        ("none", SHARED.replace("[self-hosted, linux]", "[self-hosted, gpu]"), OWN_MACHINE),
        ("none", TEST.replace("ubuntu-24.04", "ubuntu-24.04-16core"), OWN_MACHINE),
        (
            "none",
            SHARED.replace(
                "    steps:",
                "    if: github.event.pull_request.head.repo.full_name == github.repository\n    steps:",
            ),
            OWN_MACHINE,
        ),
    ],
)
def test_a_machine_that_pull_requests_and_releases_share(
    expected: str, other: str, release: str
) -> None:
    found = exposed(other, release)
    assert answer(found) == expected
    if expected == "sure":
        assert found.paths[0].after_merge
        assert found.paths[0].sink is Sink.RUNNER


def test_what_an_outsider_starts_and_publishes_is_direct() -> None:
    canary = job(
        "issue_comment",
        f"- uses: {CHECKOUT}\n  with: {{ref: 'refs/pull/${{{{ github.event.issue.number }}}}/head'}}\n- run: npm publish --tag canary",
        rights="id-token: write",
    )
    found = exposed(canary, "on: push\njobs: {}\n")
    assert (found.level, found.paths[0].sink) == (Actor.ANYONE, Sink.PUBLISHES)


def test_starting_a_release_of_the_default_branch_sets_no_level() -> None:
    nightly = job(
        "issue_comment", f"- uses: {CHECKOUT}\n- run: npm publish", rights="id-token: write"
    )
    found = exposed(nightly, "on: push\njobs: {}\n")
    starts = [path for path in found.paths if path.way_in is WayIn.START]
    assert [path.sets_level for path in starts] == [False]
    assert found.level is Actor.ONE_WRITER


MOVABLE = [
    (
        "an action by tag in the release",
        Actor.THIRD_PARTY,
        "on: push\njobs: {}\n",
        RELEASE.replace("- run: npm ci &&", "- uses: acme/setup@v1\n      - run: npm ci &&"),
    ),
    (
        "GitHub's own",
        Actor.UNKNOWN,
        "on: push\njobs: {}\n",
        RELEASE.replace(
            "- run: npm ci &&", "- uses: actions/setup-node@v5\n      - run: npm ci &&"
        ),
    ),
    (
        "a sibling's",
        Actor.ONE_WRITER,
        "on: push\njobs: {}\n",
        RELEASE.replace(
            "- run: npm ci &&", "- uses: orchard-labs/setup@v1\n      - run: npm ci &&"
        ),
    ),
    ("beside a token that writes", Actor.THIRD_PARTY, job("push", "- uses: acme/tidy@v1"), RELEASE),
    (
        "beside a token that reads",
        Actor.UNKNOWN,
        job("push", "- uses: acme/tidy@v1", rights=READ),
        RELEASE,
    ),
    ("pinned", Actor.UNKNOWN, job("push", f"- uses: acme/tidy@{'0' * 40}"), RELEASE),
    (
        "an image by tag",
        Actor.THIRD_PARTY,
        job("push", "- run: make", more="container: acme/build:3"),
        RELEASE,
    ),
    (
        "an image by digest",
        Actor.UNKNOWN,
        job("push", "- run: make", more=f"container: acme/build@sha256:{'0' * 64}"),
        RELEASE,
    ),
    (
        "a script from a server",
        Actor.THIRD_PARTY,
        job("push", "- run: curl -s https://get.example/x.sh | bash"),
        RELEASE,
    ),
    (
        "a script with its sum",
        Actor.UNKNOWN,
        job(
            "push",
            '- run: |\n    curl -so x.sh https://get.example/x.sh\n    echo "abc  x.sh" | sha256sum -c -\n    bash x.sh',
        ),
        RELEASE,
    ),
]


@pytest.mark.parametrize(
    ("level", "other", "release"),
    [pytest.param(level, other, release, id=name) for name, level, other, release in MOVABLE],
)
def test_names_that_others_can_move(level: Actor, other: str, release: str) -> None:
    assert exposed(other, release).level is level


def test_a_cache_alone_is_listed_for_third_parties() -> None:
    found = exposed(job("push", "- uses: acme/tidy@v1", rights=READ), CACHED)
    listed = [path for path in found.paths if path.sink is Sink.CACHE]
    assert [(p.actor, p.sets_level) for p in listed] == [(Actor.THIRD_PARTY, False)]


@pytest.mark.parametrize(
    ("level", "steps", "rights"),
    [
        (Actor.THIRD_PARTY, "- run: pip install tidier && tidier .", "contents: write"),
        (Actor.UNKNOWN, "- run: pip install tidier && tidier .", "contents: read"),
        (Actor.UNKNOWN, "- run: pip install tidier==3.1 && tidier .", "contents: write"),
    ],
)
def test_a_tool_without_a_version_counts_beside_what_may_push(
    level: Actor, steps: str, rights: str
) -> None:
    assert exposed(job("push", steps, rights=rights)).level is level


def test_a_tool_of_the_build_alone_is_listed() -> None:
    release = RELEASE.replace("npm ci &&", "npm install -g packer && npm ci &&")
    listed = [p for p in exposed("on: push\njobs: {}\n", release).paths if p.way_in is WayIn.TOOL]
    assert [(p.actor, p.sets_level) for p in listed] == [(Actor.THIRD_PARTY, False)]


def test_updates_of_a_bot_that_nobody_looks_at_are_open() -> None:
    merge = job(
        "pull_request_target",
        '- run: gh pr merge --auto "$URL"',
        more="if: github.event.pull_request.user.login == 'dependabot[bot]'",
    )
    found = [path for path in exposed(merge).paths if path.way_in is WayIn.UPDATES]
    assert [(p.actor, p.state) for p in found] == [(Actor.THIRD_PARTY, PathState.OPEN)]


def test_a_label_takes_triage() -> None:
    found = exposed(job("{issues: {types: [labeled]}}", WORDS))
    assert found.level is Actor.ONE_WRITER
    assert any(p.way_in is WayIn.WORDS and "triage" in p.steps[0].what for p in found.paths)
