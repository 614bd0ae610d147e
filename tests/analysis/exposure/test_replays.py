"""Compromises that were described in public, as look-alikes, beside what closed them.

Among them Grafana, April 2025 (a branch's name became code beside an app's key) and Kong's ingress
controller, December 2024 (a pull request was built beside the token of the image's registry);
Bitwarden's command line program, April 2026 (a scanner that a tag named ran beside what pushes) and
an agent for triage, reported in 2026 (an issue's title had it start the release).
"""

from __future__ import annotations

import pytest

from audits.model.exposure import Actor, Exposure, Sink, WayIn
from tests.analysis.exposure.repositories import CHECKOUT, OLD_CHECKOUT, RELEASE, exposed, job

APP = (
    "- id: app\n  uses: actions/create-github-app-token@v2\n"
    "  with: {app-id: '${{ secrets.BOT_APP_ID }}', private-key: '${{ secrets.BOT_APP_PEM }}'}\n"
)
DISPATCH = (
    "- uses: actions/github-script@v8\n"
    "  with:\n    github-token: ${{ steps.app.outputs.token }}\n"
    "    script: |\n      await start('%s')\n"
)
HEAD = f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n"
LOGIN = (
    "- uses: docker/login-action@v3\n"
    "  with: {username: orchard, password: '${{ secrets.HUB_TOKEN }}'}\n"
)
IMAGE = f"""\
on: {{push: {{tags: ["v*"]}}}}
permissions: {{contents: read}}
jobs:
  image:
    runs-on: ubuntu-24.04
    steps:
      - uses: {CHECKOUT}
      - uses: docker/login-action@v3
        with: {{username: orchard, password: '${{{{ secrets.HUB_TOKEN }}}}'}}
      - uses: docker/build-push-action@v6
        with: {{push: true, tags: orchard/lumen:latest}}
"""


def _worst(found: Exposure) -> tuple[Actor, WayIn, Sink]:
    return found.paths[0].actor, found.paths[0].way_in, found.paths[0].sink


def test_a_branch_name_beside_an_apps_key() -> None:
    before = job("pull_request_target", APP + DISPATCH % "${{ github.head_ref }}", rights="")
    found = exposed(before)
    assert _worst(found) == (Actor.ANYONE, WayIn.WORDS, Sink.STORED_TOKEN)
    after = job(
        "pull_request_target",
        (APP + DISPATCH % "' + process.env.HEAD + '") + "  env: {HEAD: '${{ github.head_ref }}'}",
        rights="",
    )
    assert exposed(after).may_be is not Actor.ANYONE


def test_a_pull_request_built_beside_the_registrys_token() -> None:
    before = job("pull_request_target", LOGIN + HEAD + "- run: make image", rights="contents: read")
    found = exposed(before, IMAGE)
    assert _worst(found) == (Actor.ANYONE, WayIn.CODE, Sink.SECRET)
    after = job("pull_request", HEAD + "- run: make image", rights="contents: read")
    assert exposed(after, IMAGE).may_be is not Actor.ANYONE


TARGET = "pull_request_target"
COMMENT = "{issue_comment: {types: [created]}}"
PUSHES = "  env: {GH_TOKEN: '${{ secrets.BOT_PAT }}'}\n"
READ = "contents: read"
LISTED = (
    f"- uses: {OLD_CHECKOUT}\n- id: files\n  env: {{N: '${{{{ github.event.number }}}}'}}\n"
    "  run: |\n    FILES=$(gh pr diff $N --name-only | tr '\\n' ' ')\n"
    '    echo "changed=$FILES" >> $GITHUB_OUTPUT\n'
)
OF_HEAD = (
    "- id: pr\n  uses: actions/github-script@v7\n  with:\n    script: |\n"
    "      const pr = await github.rest.pulls.get({...context.repo, pull_number: 1});\n"
    "      core.setOutput('ref', pr.data.head.ref);\n"
    "      core.setOutput('repo', pr.data.head.repo.full_name);\n"
    f"- uses: {CHECKOUT}\n  with: {{repository: '${{{{ steps.pr.outputs.repo }}}}', "
    "ref: '${{ steps.pr.outputs.ref }}'}\n- run: ./version.sh -u"
)
COMMANDED = "github.event.issue.pull_request && startsWith(github.event.comment.body, '/version ')"
MEMBERS = 'contains(fromJSON(\'["OWNER", "MEMBER"]\'), github.event.comment.author_association)'
TWO_TREES = (
    f"- uses: {OLD_CHECKOUT}\n- uses: {OLD_CHECKOUT}\n  with: {{path: pr, ref: "
    "'refs/pull/${{ github.event.pull_request.number }}/merge'}\n"
    "- uses: ./%s.github/actions/setup\n- run: gh pr comment 1 -b ok\n" + PUSHES
)
BODY = "${{ github.event.comment.body }}"
DISPATCHES = "contents: write, actions: write"
INSTALLS = (
    "- run: corepack enable && pnpm install --frozen-lockfile\n- uses: actions/github-script@v8\n"
    "  with: {github-token: '${{ secrets.BOT_PAT }}', script: 'await assign()'}"
)
AGENT = (
    "- uses: anthropics/claude-code-action@v1\n  with:\n    prompt: Review this pull request.\n"
    "    claude_args: --allowedTools Bash,Edit\n"
)
QUALITY = "go run ./.github/scripts/check"
BY_NAME = "- uses: acme/annotate@%s\n  with: {token: '${{ secrets.BOT_PAT }}'}"

# Kinds that were described in public from 2024 to 2026, with invented names: what was open, and
# the same once it is closed.
REPLAYS = {
    "names of files become code": (
        job(TARGET, LISTED + "- run: for f in ${{ steps.files.outputs.changed }}; do wc $f; done"),
        job(
            TARGET,
            LISTED + "- env: {F: '${{ steps.files.outputs.changed }}'}\n  run: wc $F",
        ),
    ),
    "a command in a comment builds the branch": (
        job(COMMENT, OF_HEAD, more=f"if: {COMMANDED}"),
        job(COMMENT, OF_HEAD, more=f"if: {COMMANDED} && {MEMBERS}"),
    ),
    "an action of the branch, in a folder": (
        job(TARGET, TWO_TREES % "pr/", rights=READ),
        job(TARGET, TWO_TREES % "", rights=READ),
    ),
    "a comment dispatches the release": (
        job(COMMENT, f"- run: echo '{BODY}' >> log", rights=DISPATCHES),
        job(COMMENT, f"- env: {{B: '{BODY}'}}\n  run: echo \"$B\" >> log", rights=DISPATCHES),
    ),
    "the branch is installed beside a bot's token": (
        job(TARGET, HEAD + INSTALLS, rights="pull-requests: write"),
        job(TARGET, f"- uses: {OLD_CHECKOUT}\n{INSTALLS}", rights="pull-requests: write"),
    ),
    "an agent is opened to anyone": (
        job(TARGET, HEAD + AGENT + "    allowed_non_write_users: '*'"),
        job(TARGET, HEAD + AGENT),
    ),
    "a checker of the branch is run": (
        job(TARGET, f"{HEAD}- run: {QUALITY}"),
        job(TARGET, f"- uses: {OLD_CHECKOUT}\n- run: {QUALITY}"),
    ),
    "people are found in a text": (
        job(TARGET, HEAD + "- run: make", more="if: contains('mirabot,renobot', github.actor)"),
        job(
            TARGET,
            HEAD + "- run: make",
            more='if: contains(fromJSON(\'["mirabot", "renobot"]\'), github.actor)',
        ),
    ),
}


@pytest.mark.parametrize("name", REPLAYS)
def test_what_was_described_in_public(name: str) -> None:
    before, after = map(exposed, REPLAYS[name])
    assert before.level is Actor.ANYONE
    assert before.cut is not None
    assert Actor.ANYONE not in {after.level, after.may_be}


def test_a_tag_that_moved_beside_a_token_that_pushes() -> None:
    assert exposed(job("push", BY_NAME % "v1", rights=READ)).level is Actor.THIRD_PARTY
    pinned = exposed(job("push", BY_NAME % ("0" * 40), rights=READ))
    assert pinned.may_be is Actor.ONE_WRITER


SCAN = "- uses: acme/scan-action@%s\n  env: {GITHUB_TOKEN: '${{ secrets.RELEASE_BOT_PAT }}'}"


def test_a_scanner_beside_what_pushes() -> None:
    """The scanner's tag moved, and what it found in its job released the package."""
    before = exposed(job("{pull_request: {}, push: {branches: [main]}}", SCAN % "v2", rights=READ))
    assert _worst(before) == (Actor.THIRD_PARTY, WayIn.MOVABLE, Sink.STORED_TOKEN)
    assert before.cut is not None
    assert before.cut.cut.what == "pin `acme/scan-action` to a commit"
    for after in (SCAN % ("0" * 40), "- uses: acme/scan-action@v2"):
        assert exposed(job("push", after, rights=READ)).may_be is Actor.ONE_WRITER


def test_an_agent_for_triage_that_may_start_the_release() -> None:
    """A title had the agent push a tag and dispatch the release with the job's token."""
    triage = AGENT.replace("Review this pull request.", "Sort ${{ github.event.issue.title }}.")
    opened = triage + "    allowed_non_write_users: '*'"
    release = RELEASE.replace('push: {tags: ["v*"]}', "workflow_dispatch:").replace(
        "    environment: npm\n", ""
    )
    before = exposed(job("issues", opened, rights=DISPATCHES), release)
    assert _worst(before) == (Actor.ANYONE, WayIn.AGENT, Sink.JOB_TOKEN)
    assert before.level is Actor.ANYONE
    for after in (job("issues", triage, rights=DISPATCHES), job("issues", opened, rights=READ)):
        assert exposed(after, release).may_be is not Actor.ANYONE


def test_a_bot_that_merges_what_its_own_script_lets_through_is_open() -> None:
    steps = (
        f"- uses: {OLD_CHECKOUT}\n- id: look\n  run: node tools/look.js\n"
        "- if: steps.look.outputs.ok == 'true'\n  run: gh pr merge --squash 1\n" + PUSHES
    )
    found = exposed(job(TARGET, steps, rights=READ))
    assert (found.level, found.may_be) == (Actor.UNKNOWN, Actor.ANYONE)
    by_author = "if: github.event.pull_request.user.login == 'mirabot'"
    assert exposed(job(TARGET, steps, rights=READ, more=by_author)).may_be is not Actor.ANYONE
