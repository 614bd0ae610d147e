"""Ways that get at single secrets, or only start a workflow: each beside its safe twin."""

from __future__ import annotations

import pytest

from audits.model.exposure import Actor, PathState
from audits.model.settings import RepositorySettings
from tests.analysis.exposure.repositories import OLD_CHECKOUT, RELEASE, exposed, job

TOKEN = RELEASE.replace("    environment: npm\n", "").replace(
    "npm publish *.tgz",
    "npm publish *.tgz\n        env: {NODE_AUTH_TOKEN: '${{ secrets.NPM_TOKEN }}'}",
)
SHA = "'${{ github.event.pull_request.head.sha }}'"
HEAD = f"- uses: {OLD_CHECKOUT}\n  with: {{persist-credentials: false, ref: {SHA}}}\n"
UPLOAD = "- uses: actions/upload-artifact@v4\n  with: {include-hidden-files: true, path: PATH}\n"
WRITTEN = "- run: echo \"//npm.example/:_authToken=$T\" > .npmrc\n  env: {T: '${{ secrets.NPM_TOKEN }}'}\n"
HEREDOC = (
    "- run: |\n    cat > .npmrc <<EOF\n    //npm.example/:_authToken=$T\n    EOF\n"
    "  env: {T: '${{ secrets.NPM_TOKEN }}'}\n"
)
PUSHES = f"- uses: {OLD_CHECKOUT}\n  with: {{token: '${{{{ secrets.PUSH_PAT }}}}'}}\n"
BUILD = "- uses: docker/build-push-action@v6\n  with: {context: ., secrets: 'npm=SECRET'}\n"
DISPATCHED = (
    RELEASE.replace('push: {tags: ["v*"]}', "workflow_dispatch: {inputs: {commit: {type: string}}}")
    .replace(
        "with: {persist-credentials: false}",
        "with: {persist-credentials: false, ref: '${{ inputs.commit }}'}",
    )
    .replace("    environment: npm\n", "")
)
FIXED = DISPATCHED.replace(", ref: '${{ inputs.commit }}'", "")
BY_REPOSITORY = DISPATCHED.replace(
    "workflow_dispatch: {inputs: {commit: {type: string}}}", "repository_dispatch: {types: [ship]}"
).replace("inputs.commit", "github.event.client_payload.sha")
START = f"- run: gh workflow run release.yml -f commit={SHA[1:-1]}\n"
STARTS_LATE = START.replace("release.yml", "--ref main -f dry=true release.yml")
BY_ADDRESS = (
    "- run: gh api repos/{owner}/{repo}/actions/workflows/42/dispatches"
    f" -f ref=main -f 'inputs[commit]={SHA[1:-1]}'\n"
)
IN_FOLDER = HEAD.replace("{persist-credentials: false", "{path: theirs")
BAKE = "- uses: docker/bake-action@v5\n  with: {set: 'x.args.T=${{ secrets.NPM_TOKEN }}'}\n"
OTHER = START.replace("release.yml", "tests.yml")
SCRIPT = (
    "- uses: actions/github-script@v8\n  with:\n    script: |\n"
    "      github.rest.actions.createWorkflowDispatch({workflow_id: 'release.yml', ref: 'main',\n"
    "        inputs: {commit: '${{ github.event.pull_request.head.sha }}'}})\n"
)
SENT = (
    "- uses: peter-evans/repository-dispatch@v3\n"
    '  with: {event-type: ship, client-payload: \'{"sha": "${{ github.event.comment.body }}"}\'}\n'
)
TARGET, WRITES, READS = "pull_request_target", "actions: write", "contents: read"
WRAPPED = HEAD + "- run: echo hello\n  shell: ./ci/wrap.sh {0}\n"
TITLE_SHELL = "- run: echo hello\n  shell: bash -c '${{ github.event.issue.title }}' {0}\n"

CASES = {
    "a file with the credential is uploaded": (
        job("push", WRITTEN + UPLOAD.replace("PATH", ".")),
        job("push", WRITTEN + UPLOAD.replace("PATH", "dist")),
        TOKEN,
        Actor.ANYONE,
    ),
    "hidden files are left out unasked": (
        job("push", WRITTEN + UPLOAD.replace("PATH", ".npmrc")),
        job(
            "push",
            WRITTEN + UPLOAD.replace("PATH", ".").replace("include-hidden-files: true, ", ""),
        ),
        TOKEN,
        Actor.ANYONE,
    ),
    "a checkout with a token that pushes is uploaded": (
        job("push", PUSHES + UPLOAD.replace("PATH", "."), rights=READS),
        job("push", PUSHES + UPLOAD.replace("PATH", '"dist\\n!.git"'), rights=READS),
        RELEASE,
        Actor.ANYONE,
    ),
    "a token by an index, beside a key that is not in the folder": (
        job(
            "push",
            PUSHES.replace("secrets.PUSH_PAT", "secrets[''PUSH_PAT'']").replace(
                "{token", "{persist-credentials: True, token"
            )
            + UPLOAD.replace("PATH", "."),
            rights=READS,
        ),
        job("push", PUSHES.replace("token", "ssh-key") + UPLOAD.replace("PATH", "."), rights=READS),
        RELEASE,
        Actor.ANYONE,
    ),
    "the folder of git is removed": (
        job("push", PUSHES + "- run: rm -rf dist\n" + UPLOAD.replace("PATH", "."), rights=READS),
        job("push", PUSHES + "- run: rm -rf .git\n" + UPLOAD.replace("PATH", "."), rights=READS),
        RELEASE,
        Actor.ANYONE,
    ),
    "the file is removed before": (
        job("push", WRITTEN + UPLOAD.replace("PATH", ".") + "- run: rm -f .npmrc\n"),
        job("push", WRITTEN + "- run: rm -f .npmrc\n" + UPLOAD.replace("PATH", ".")),
        TOKEN,
        Actor.ANYONE,
    ),
    "a pipe writes the file": (
        job("push", WRITTEN.replace("> .npmrc", "| tee .npmrc") + UPLOAD.replace("PATH", ".")),
        job(
            "push", WRITTEN.replace("> .npmrc", "| wc -c; tee .npmrc") + UPLOAD.replace("PATH", ".")
        ),
        TOKEN,
        Actor.ANYONE,
    ),
    "a heredoc writes the file": (
        job("push", HEREDOC + UPLOAD.replace("PATH", ".")),
        job("push", HEREDOC.replace("$T", "x") + UPLOAD.replace("PATH", ".")),
        TOKEN,
        Actor.ANYONE,
    ),
    "the file of the workspace": (
        job(
            "push", WRITTEN.replace("> ", "2>x > $GITHUB_WORKSPACE/") + UPLOAD.replace("PATH", ".")
        ),
        job(
            "push", WRITTEN.replace("> ", ">x 2> $RUNNER_TEMP/") + UPLOAD.replace("PATH", ".npmrc")
        ),
        TOKEN,
        Actor.ANYONE,
    ),
    "a newer checkout keeps the token elsewhere": (
        job("push", PUSHES + UPLOAD.replace("PATH", "./"), rights=READS),
        job(
            "push", PUSHES.replace("v5.0.0", "v6.0.0") + UPLOAD.replace("PATH", "./"), rights=READS
        ),
        RELEASE,
        Actor.ANYONE,
    ),
    "an image built from theirs is given the credential": (
        job(TARGET, HEAD + BUILD.replace("SECRET", "${{ secrets.NPM_TOKEN }}"), rights=READS),
        job(TARGET, HEAD + BUILD.replace("SECRET", "${{ secrets.CODECOV_TOKEN }}"), rights=READS),
        TOKEN,
        Actor.ANYONE,
    ),
    "an image built from theirs takes the token that checkout left": (
        job(TARGET, HEAD.replace("persist-credentials: false, ", "") + "- run: docker build .\n"),
        job(TARGET, HEAD + "- run: docker build .\n"),
        RELEASE,
        Actor.ANYONE,
    ),
    "their commit is handed to the release": (
        job(TARGET, START, rights=WRITES),
        job(TARGET, OTHER, rights=WRITES),
        DISPATCHED,
        Actor.ANYONE,
    ),
    "options stand in front of the workflow's name": (
        job(TARGET, STARTS_LATE, rights=WRITES),
        job(TARGET, STARTS_LATE.replace("release.yml", "tests.yml"), rights=WRITES),
        DISPATCHED,
        Actor.ANYONE,
    ),
    "the repository is named": (
        job(
            TARGET, START.replace("release.yml", "release.yml -R Orchard-Labs/lumen"), rights=WRITES
        ),
        job(TARGET, START.replace("release.yml", "release.yml --repo=acme/x"), rights=WRITES),
        DISPATCHED,
        Actor.ANYONE,
    ),
    "the address names the repository, and the workflow's number": (
        job(TARGET, BY_ADDRESS, rights=WRITES),
        job(TARGET, BY_ADDRESS.replace("{owner}/{repo}", "acme/lumen"), rights=WRITES),
        DISPATCHED,
        Actor.ANYONE,
    ),
    "the folder of the image's build stands in front of its name": (
        job(TARGET, IN_FOLDER + "- run: docker build theirs -t x\n"),
        job(TARGET, IN_FOLDER + "- run: docker build ours -t x\n"),
        RELEASE,
        Actor.ANYONE,
    ),
    "a build of the workspace": (
        job(TARGET, HEAD + BUILD.replace("SECRET", "${{ secrets.NPM_TOKEN }}"), rights=READS),
        job(
            TARGET,
            HEAD + BUILD.replace("SECRET", "${{ secrets.NPM_TOKEN }}").replace("context: ., ", ""),
            rights=READS,
        ),
        TOKEN,
        Actor.ANYONE,
    ),
    "a bake of the workspace": (
        job(TARGET, HEAD + BAKE, rights=READS),
        job(TARGET, HEAD + BAKE.replace("@v5", "@v6"), rights=READS),
        TOKEN,
        Actor.ANYONE,
    ),
    "the release builds what it is told": (
        job(TARGET, SCRIPT, rights=WRITES),
        job(TARGET, SCRIPT.replace(".head.sha", ".base.sha"), rights=WRITES),
        DISPATCHED,
        Actor.ANYONE,
    ),
    "a token that may start nothing": (
        job(TARGET, START, rights=WRITES),
        job(TARGET, START, rights=READS),
        DISPATCHED,
        Actor.ANYONE,
    ),
    "a comment is handed over as a payload": (
        job("issue_comment", SENT, rights="contents: write"),
        job("issue_comment", SENT.replace("comment.body", "comment.created_at"), rights=READS),
        BY_REPOSITORY,
        Actor.ANYONE,
    ),
    "a shell of their tree": (
        job(TARGET, WRAPPED),
        job(TARGET, WRAPPED.replace("./ci/wrap.sh {0}", "bash -e {0}")),
        RELEASE,
        Actor.ANYONE,
    ),
    "their words are a part of the shell": (
        job("issues", TITLE_SHELL),
        job("issues", TITLE_SHELL.replace("issue.title", "issue.number")),
        RELEASE,
        Actor.ANYONE,
    ),
}


@pytest.mark.parametrize(("bad", "good", "release", "actor"), CASES.values(), ids=CASES)
def test_the_way_is_seen_and_its_twin_is_closed(
    bad: str, good: str, release: str, actor: Actor
) -> None:
    assert exposed(bad, release=release).level is actor
    assert exposed(good, release=release).may_be is not actor


def test_a_release_that_builds_its_own_ref_takes_no_commit() -> None:
    assert exposed(job(TARGET, START, rights=WRITES), release=FIXED).may_be is not Actor.ANYONE


def test_only_the_secret_of_the_build_is_reached() -> None:
    """What else the job holds is not in the image's build."""
    build = HEAD + BUILD.replace("SECRET", "${{ secrets.CODECOV_TOKEN }}")
    later = "- run: echo ok\n  env: {T: '${{ secrets.NPM_TOKEN }}'}\n"
    text = job(TARGET, build + later, rights="contents: write, actions: write")
    assert exposed(text, release=TOKEN).may_be is not Actor.ANYONE


def test_the_jobs_own_token_ends_with_it() -> None:
    whole = f"- uses: {OLD_CHECKOUT}\n" + UPLOAD.replace("PATH", ".")
    found = exposed(job("push", whole))
    assert (found.level, found.may_be) != (Actor.ANYONE, Actor.ANYONE)
    assert found.may_be is Actor.ANYONE
    worst = next(path for path in found.paths if path.actor is Actor.ANYONE)
    assert worst.state is PathState.OPEN
    assert "downloaded before the job ends" in worst.needs[0].what or len(worst.needs) > 1


@pytest.mark.parametrize(("public", "level"), [(True, Actor.ANYONE), (False, Actor.ONE_WRITER)])
def test_only_who_may_read_the_run_downloads_it(public: bool, level: Actor) -> None:
    settings = RepositorySettings.partial(is_public=public)
    text = job("push", WRITTEN + UPLOAD.replace("PATH", "."))
    assert exposed(text, release=TOKEN, settings=settings).level is level
