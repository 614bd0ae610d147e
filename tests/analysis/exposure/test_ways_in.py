"""Each way into a job for people without write access, beside the look-alike that is safe."""

from __future__ import annotations

import pytest

from tests.analysis.exposure.repositories import (
    CHECKOUT,
    OLD_CHECKOUT,
    answer,
    exposed,
    job,
)

TARGET = "pull_request_target"
COMMENT = "{issue_comment: {types: [created]}}"
HEAD = f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.event.pull_request.head.sha }}}}'}}\n"
TOKEN = "  env: {GH_TOKEN: '${{ github.token }}'}\n"
TITLE = "${{ github.event.issue.title }}"
MERGE = '- run: gh pr merge --auto --squash "$URL"\n'
RUN_ID = "run-id: '${{ github.event.workflow_run.id }}', github-token: '${{ github.token }}'"
TAKE = f"- uses: actions/download-artifact@v8\n  with: {{%s{RUN_ID}}}\n"

CODE = [
    ("built", "sure", job(TARGET, HEAD + "- run: npm ci")),
    (
        "old checkout without a comment",
        "perhaps",
        job(TARGET, HEAD.replace(" # v5.0.0", "") + "- run: npm ci"),
    ),
    (
        "patched release of an old line",
        "none",
        job(TARGET, HEAD.replace("v5.0.0", "v5.1.0") + "- run: npm ci"),
    ),
    ("before the patch", "sure", job(TARGET, HEAD.replace("v5.0.0", "v4.3.1") + "- run: npm ci")),
    (
        "floating v3",
        "none",
        job(TARGET, HEAD.replace(OLD_CHECKOUT, "actions/checkout@v3") + "- run: npm ci"),
    ),
    (
        "floating v1",
        "sure",
        job(TARGET, HEAD.replace(OLD_CHECKOUT, "actions/checkout@v1") + "- run: npm ci"),
    ),
    (
        "opted out by a string",
        "sure",
        job(
            TARGET,
            f"- uses: {CHECKOUT}\n  with: {{allow-unsafe-pr-checkout: 'true', ref: 'refs/pull/${{{{ github.event.number }}}}/merge'}}\n- run: make",
        ),
    ),
    (
        "the refusal does not cover comments",
        "sure",
        job(
            COMMENT,
            f"- uses: {CHECKOUT}\n  with: {{ref: 'refs/pull/${{{{ github.event.issue.number }}}}/head'}}\n- run: make",
        ),
    ),
    ("only compared", "none", job(TARGET, HEAD + "- run: git diff --stat origin/main")),
    ("only linted without plug-ins", "none", job(TARGET, HEAD + "- run: ruff check .")),
    ("linted with the project's configuration", "sure", job(TARGET, HEAD + "- run: npx eslint .")),
    (
        "the base is built",
        "none",
        job(TARGET, f"- uses: {OLD_CHECKOUT}\n- run: npm ci && npm test"),
    ),
    (
        "base ref",
        "none",
        job(
            TARGET,
            f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.base_ref }}}}'}}\n- run: npm ci",
        ),
    ),
    (
        "a branch's name without its repository",
        "none",
        job(
            TARGET,
            f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.head_ref }}}}'}}\n- run: npm ci",
        ),
    ),
    (
        "name and repository",
        "sure",
        job(
            TARGET,
            f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.head_ref }}}}', repository: '${{{{ github.event.pull_request.head.repo.full_name }}}}'}}\n- run: npm ci",
        ),
    ),
    (
        "a script of the base beside it",
        "none",
        job(
            TARGET,
            f"- uses: {OLD_CHECKOUT}\n"
            + HEAD.replace("'}\n", "', path: head}\n")
            + "- run: node tools/size.js head/dist",
        ),
    ),
    (
        "a script of the head",
        "sure",
        job(
            TARGET,
            f"- uses: {OLD_CHECKOUT}\n"
            + HEAD.replace("'}\n", "', path: head}\n")
            + "- run: node head/tools/size.js",
        ),
    ),
    (
        "in the head's folder",
        "sure",
        job(
            TARGET,
            f"- uses: {OLD_CHECKOUT}\n"
            + HEAD.replace("'}\n", "', path: head}\n")
            + "- run: npm ci\n  working-directory: head",
        ),
    ),
    (
        "after cd",
        "sure",
        job(
            TARGET,
            f"- uses: {OLD_CHECKOUT}\n"
            + HEAD.replace("'}\n", "', path: head}\n")
            + "- run: cd head && make",
        ),
    ),
    ("install scripts off", "none", job(TARGET, HEAD + "- run: npm ci --ignore-scripts")),
    (
        "replaced by the base again",
        "none",
        job(TARGET, HEAD + f"- uses: {OLD_CHECKOUT}\n- run: make"),
    ),
    ("an action of the head", "sure", job(TARGET, HEAD + "- uses: ./.github/actions/check")),
    (
        "through a variable",
        "sure",
        job(
            TARGET,
            f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ env.SHA }}}}'}}\n- run: make",
            more="env: {SHA: '${{ github.event.pull_request.head.sha }}'}",
        ),
    ),
    (
        "by git",
        "sure",
        job(
            TARGET,
            f"- uses: {CHECKOUT}\n- run: |\n    git fetch origin pull/${{{{ github.event.number }}}}/head:pr\n    git checkout pr\n    make",
        ),
    ),
    (
        "fetched and compared",
        "none",
        job(
            TARGET,
            f"- uses: {CHECKOUT}\n- run: |\n    git fetch origin pull/${{{{ github.event.number }}}}/head:pr\n    git diff main...pr\n    make",
        ),
    ),
    (
        "gh, on a comment",
        "sure",
        job(COMMENT, "- run: gh pr checkout ${{ github.event.issue.number }} && tox\n" + TOKEN),
    ),
    (
        "commit of an output that asks for it",
        "sure",
        job(
            COMMENT,
            f"- id: pr\n  uses: actions/github-script@v8\n  with: {{script: 'const p = await github.rest.pulls.get({{...context.repo, pull_number: context.issue.number}}); core.setOutput(\"sha\", p.data.head.sha)'}}\n- uses: {CHECKOUT}\n  with: {{ref: '${{{{ steps.pr.outputs.sha }}}}'}}\n- run: make",
        ),
    ),
    (
        "commit of some output",
        "perhaps",
        job(
            COMMENT,
            f"- id: pr\n  run: ./find-it\n- uses: {CHECKOUT}\n  with: {{ref: '${{{{ steps.pr.outputs.sha }}}}'}}\n- run: make",
        ),
    ),
    (
        "of the run that came before",
        "sure",
        job(
            "{workflow_run: {workflows: [CI], types: [completed]}}",
            f"- uses: {OLD_CHECKOUT}\n  with: {{ref: '${{{{ github.event.workflow_run.head_sha }}}}'}}\n- run: make",
        ),
    ),
    (
        "tried again until it works",
        "sure",
        job(
            TARGET,
            HEAD
            + "- uses: nick-fields/retry@v3\n  with: {timeout_minutes: 5, command: 'cd . && npm test'}",
        ),
    ),
    (
        "a command of none of it, tried again",
        "none",
        job(TARGET, HEAD + "- uses: nick-fields/retry@v3\n  with: {command: 'git fetch --tags'}"),
    ),
    (
        "the pull request's repository, cloned",
        "sure",
        job(
            COMMENT,
            '- run: |\n    gh repo clone "$(gh pr view 1 --json headRepository -q .headRepository.name)" pr\n    cd pr && make\n'
            + TOKEN,
        ),
    ),
    (
        "its own repository, cloned",
        "none",
        job(
            COMMENT,
            '- run: |\n    gh repo clone "$GITHUB_REPOSITORY" base\n    cd base && make\n' + TOKEN,
        ),
    ),
    ("with read rights", "none", job(TARGET, HEAD + "- run: npm ci", rights="contents: read")),
    ("on pull_request", "none", job("pull_request", HEAD + "- run: npm ci")),
]
GUARDS = [
    (
        "same repository",
        "none",
        job(
            TARGET,
            HEAD + "- run: make",
            more="if: github.event.pull_request.head.repo.full_name == github.repository",
        ),
    ),
    (
        "not a fork",
        "none",
        job(
            TARGET,
            HEAD + "- run: make",
            more="if: ${{ !github.event.pull_request.head.repo.fork }}",
        ),
    ),
    (
        "members",
        "none",
        job(
            COMMENT,
            "- run: gh pr checkout 1 && make\n" + TOKEN,
            more='if: contains(fromJSON(\'["OWNER", "MEMBER"]\'), github.event.comment.author_association)',
        ),
    ),
    (
        "everyone but newcomers",
        "sure",
        job(
            COMMENT,
            "- run: gh pr checkout 1 && make\n" + TOKEN,
            more="if: github.event.comment.author_association != 'NONE'",
        ),
    ),
    (
        "members and contributors",
        "sure",
        job(
            COMMENT,
            "- run: gh pr checkout 1 && make\n" + TOKEN,
            more="if: contains('OWNER MEMBER CONTRIBUTOR', github.event.comment.author_association)",
        ),
    ),
    (
        "one person",
        "none",
        job(
            COMMENT, "- run: gh pr checkout 1 && make\n" + TOKEN, more="if: github.actor == 'mira'"
        ),
    ),
    (
        "a part of a name",
        "sure",
        job(
            COMMENT,
            "- run: gh pr checkout 1 && make\n" + TOKEN,
            more="if: contains('mira jonas', github.actor)",
        ),
    ),
    (
        "a label",
        "none",
        job(
            TARGET,
            HEAD + "- run: make",
            more="if: contains(github.event.pull_request.labels.*.name, 'safe')",
        ),
    ),
    (
        "a label that stays",
        "sure",
        job(
            "{pull_request_target: {types: [labeled, synchronize]}}",
            HEAD + "- run: make",
            more="if: contains(github.event.pull_request.labels.*.name, 'safe')",
        ),
    ),
    (
        "a patch of the pull request",
        "sure",
        job(
            TARGET,
            f"- uses: {CHECKOUT}\n- run: curl -L https://x.example/a/b/pull/$N.patch | git am\n- run: make",
        ),
    ),
    (
        "a patch of the project's own",
        "none",
        job(
            TARGET,
            f"- uses: {CHECKOUT}\n- run: curl -L https://x.example/fix.patch | git am\n- run: make",
        ),
    ),
    (
        "labelled, and pushed later",
        "sure",
        job("{pull_request_target: {types: [labeled, synchronize]}}", HEAD + "- run: make"),
    ),
    (
        "not locked",
        "sure",
        job(
            COMMENT,
            "- run: gh pr checkout 1 && make\n" + TOKEN,
            more="if: github.event.issue.locked == false",
        ),
    ),
    (
        "pushes only",
        "none",
        job(
            "{workflow_run: {workflows: [CI], types: [completed]}}",
            TAKE % "" + "- run: bash run.sh",
            more="if: github.event.workflow_run.event == 'push'",
        ),
    ),
    (
        "success only",
        "sure",
        job(
            "{workflow_run: {workflows: [CI], types: [completed]}}",
            TAKE % "name: site, path: out, " + "- run: bash out/run.sh",
            more="if: github.event.workflow_run.conclusion == 'success'",
        ),
    ),
    (
        "an action that refuses",
        "none",
        job(TARGET, "- uses: dependabot/fetch-metadata@v2\n" + HEAD + "- run: make"),
    ),
    (
        "one that is told not to",
        "sure",
        job(
            TARGET,
            "- uses: dependabot/fetch-metadata@v2\n  with: {skip-verification: true}\n"
            + HEAD
            + "- run: make",
        ),
    ),
    (
        "one whose failure is ignored",
        "sure",
        job(
            TARGET,
            "- uses: dependabot/fetch-metadata@v2\n  continue-on-error: true\n"
            + HEAD
            + "- run: make",
        ),
    ),
    (
        "one that stands behind",
        "sure",
        job(TARGET, HEAD + "- run: make\n- uses: dependabot/fetch-metadata@v2"),
    ),
    (
        "a step that asks for rights",
        "perhaps",
        job(
            COMMENT,
            "- uses: actions/github-script@v8\n  with: {script: 'const r = await github.rest.repos.getCollaboratorPermissionLevel({...context.repo, username: context.actor})'}\n- run: gh pr checkout 1 && make\n"
            + TOKEN,
        ),
    ),
    (
        "an output of the job above",
        "perhaps",
        "on: issue_comment\npermissions: {contents: write}\njobs:\n  ask:\n    runs-on: ubuntu-24.04\n    outputs: {ok: '${{ steps.a.outputs.ok }}'}\n    steps:\n      - {id: a, run: ./ask}\n  act:\n    needs: ask\n    if: needs.ask.outputs.ok == 'true'\n    runs-on: ubuntu-24.04\n    steps:\n      - run: gh pr checkout 1 && make\n",
    ),
    ("an environment", "perhaps", job(TARGET, HEAD + "- run: make", more="environment: review")),
    (
        "the step's own condition",
        "none",
        job(
            COMMENT,
            "- if: github.event.comment.author_association == 'OWNER'\n  run: gh pr checkout 1 && make\n"
            + TOKEN,
        ),
    ),
]
WORDS = [
    ("title", "sure", job("issues", f"- run: echo '{TITLE}'")),
    ("through env", "none", job("issues", f"- env: {{T: '{TITLE}'}}\n  run: echo \"$T\"")),
    ("number", "none", job("issues", "- run: echo ${{ github.event.issue.number }}")),
    (
        "in an action's script",
        "sure",
        job(
            "issues",
            f"- uses: actions/github-script@v8\n  with: {{script: 'core.info(`{TITLE}`)'}}",
        ),
    ),
    (
        "as an action's argument",
        "none",
        job(
            "issues",
            f"- uses: acme/greet@0123456789012345678901234567890123456789\n  with: {{title: '{TITLE}'}}",
        ),
    ),
    (
        "a discussion",
        "sure",
        job("discussion", "- run: echo '${{ github.event.discussion.body }}'"),
    ),
    ("a branch's name", "sure", job(TARGET, "- run: echo ${{ github.head_ref }}")),
    ("a wiki page", "none", job("gollum", "- run: echo ${{ github.event.pages[0].action }}")),
    (
        "compared only",
        "none",
        job("issues", "- run: echo ${{ contains(github.event.issue.title, 'x') }}"),
    ),
    ("labels only", "none", job("{issues: {types: [labeled]}}", f"- run: echo {TITLE}")),
    ("an issue's label", "none", job("issues", "- run: echo ${{ github.event.label.name }}")),
    (
        "in an env of the job",
        "sure",
        job("issues", "- run: echo ${{ env.T }}", more=f"env: {{T: '{TITLE}'}}"),
    ),
]
_CLAUDE = (
    "- uses: anthropics/claude-code-action@v1\n  with: {%sprompt: 'Triage %s', claude_args: '%s'}"
)
AGENTS = [
    ("closed", "none", job("issues", _CLAUDE % ("", TITLE, "--allowedTools Bash"))),
    (
        "opened to named people",
        "sure",
        job("issues", _CLAUDE % ("allowed_non_write_users: '*', ", TITLE, "--allowedTools Bash")),
    ),
    (
        "no shell to be seen",
        "perhaps",
        job("issues", _CLAUDE % ("allowed_non_write_users: '*', ", TITLE, "--model x")),
    ),
    (
        "one that asks nobody",
        "sure",
        job(
            "issues",
            f"- uses: google-github-actions/run-gemini-cli@v0\n  with: {{prompt: 'Triage {TITLE}', settings: '{{\"coreTools\": [\"run_shell_command\"]}}'}}",
        ),
    ),
    (
        "one that asks nobody, not fed",
        "none",
        job(
            "issues",
            "- uses: google-github-actions/run-gemini-cli@v0\n  with: {prompt: 'Say hello', settings: '{\"coreTools\": [\"run_shell_command\"]}'}",
        ),
    ),
    (
        "Codex opened",
        "sure",
        job(
            "issues",
            f"- uses: openai/codex-action@v1\n  with: {{allow-users: '*', prompt: '{TITLE}'}}",
        ),
    ),
    (
        "Codex as it comes",
        "none",
        job("issues", f"- uses: openai/codex-action@v1\n  with: {{prompt: '{TITLE}'}}"),
    ),
    (
        "a command",
        "sure",
        job(
            "issues",
            f"- env: {{T: '{TITLE}'}}\n  run: claude -p \"Triage $T\" --dangerously-skip-permissions",
        ),
    ),
    (
        "a package that is fetched",
        "sure",
        job(
            "issues",
            f"- env: {{T: '{TITLE}'}}\n  run: npx -y @google/gemini-cli --yolo -p \"Triage $T\"",
        ),
    ),
    (
        "another package of that kind",
        "none",
        job("issues", f"- env: {{T: '{TITLE}'}}\n  run: npx -y @google/forms-cli -p \"$T\""),
    ),
    (
        "a command without a shell",
        "perhaps",
        job("issues", f"- env: {{T: '{TITLE}'}}\n  run: claude -p \"Triage $T\""),
    ),
    (
        "for members",
        "none",
        job(
            "issues",
            _CLAUDE % ("allowed_non_write_users: '*', ", TITLE, "--allowedTools Bash"),
            more="if: github.event.issue.author_association == 'MEMBER'",
        ),
    ),
]
RUN = "{workflow_run: {workflows: [CI], types: [completed]}}"
ARTIFACTS = [
    ("run", "sure", job(RUN, TAKE % "path: out, " + "- run: ./out/install.sh")),
    (
        "shown",
        "none",
        job(RUN, TAKE % "path: out, " + "- run: cat out/report.md >> $GITHUB_STEP_SUMMARY"),
    ),
    (
        "a number of it",
        "none",
        job(RUN, TAKE % "" + '- run: echo "N=$(cat pr | tr -cd 0-9)" >> $GITHUB_ENV'),
    ),
    ("read as variables", "perhaps", job(RUN, TAKE % "" + "- run: cat vars >> $GITHUB_ENV")),
    (
        "deployed as pages",
        "none",
        job(
            RUN,
            TAKE % "path: site, "
            + "- uses: peaceiris/actions-gh-pages@v4\n  with: {github_token: '${{ github.token }}', publish_dir: site}",
        ),
    ),
    (
        "of this run",
        "none",
        job(
            RUN,
            "- uses: actions/download-artifact@v8\n  with: {path: out}\n- run: ./out/install.sh",
        ),
    ),
]
_BOT = "if: github.actor == 'dependabot[bot]'"
MERGES = [
    (
        "by the actor",
        "sure",
        job(TARGET, MERGE, rights="contents: write, pull-requests: write", more=_BOT),
    ),
    (
        "by the author",
        "none",
        job(
            TARGET,
            MERGE,
            rights="contents: write",
            more="if: github.event.pull_request.user.login == 'dependabot[bot]'",
        ),
    ),
    (
        "by both",
        "none",
        job(
            TARGET,
            MERGE,
            rights="contents: write",
            more="if: github.actor == 'dependabot[bot]' && github.event.pull_request.user.login == 'dependabot[bot]'",
        ),
    ),
    ("of a fork's token", "none", job("pull_request", MERGE, rights="contents: write", more=_BOT)),
    (
        "by an action",
        "sure",
        job(
            TARGET,
            "- uses: pascalgn/automerge-action@v0.16.4\n  env: {GITHUB_TOKEN: '${{ github.token }}'}",
            rights="contents: write, pull-requests: write",
            more=_BOT,
        ),
    ),
    (
        "verified by an action",
        "none",
        job(
            TARGET,
            "- uses: dependabot/fetch-metadata@v2\n" + MERGE,
            rights="contents: write",
            more=_BOT,
        ),
    ),
    (
        "approved only",
        "none",
        job(
            TARGET,
            '- run: gh pr review --approve "$URL"',
            rights="contents: read, pull-requests: write",
            more=_BOT,
        ),
    ),
]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        pytest.param(expected, text, id=f"{kind}: {name}")
        for kind, cases in (
            ("code", CODE),
            ("guard", GUARDS),
            ("words", WORDS),
            ("agent", AGENTS),
            ("artifact", ARTIFACTS),
            ("merge", MERGES),
        )
        for name, expected, text in cases
    ],
)
def test_each_way_in_and_its_twin(expected: str, text: str) -> None:
    assert answer(exposed(text)) == expected
