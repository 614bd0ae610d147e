"""Jobs that look like a release and are not understood, and jobs that only look busy."""

from __future__ import annotations

import json
import re

import pytest

from audits.model.index_hosts import IndexHosts
from audits.model.score import Audit, Grade, Ladder
from audits.model.source import GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.workflow.publish import unrecognized
from audits.workflow.repository import read_repository

INDEX = IndexHosts.of("https://pypi.example/simple/")
RELEASE = ".github/workflows/release.yml"
ON_RELEASE = "on: {release: {types: [published]}}\n"
ON_TAG = "on: {push: {tags: ['v*']}}\n"
ON_PUSH = "on: {push: {branches: [main]}}\n"
NIGHTLY = "on: {schedule: [{cron: '0 3 * * *'}]}\n"
IDENTITY = "contents: read, id-token: write"


def workflow(
    steps: str,
    *,
    on: str = ON_RELEASE,
    name: str = "Release",
    job: str = "publish",
    permissions: str = "contents: read",
    head: str = "",
) -> str:
    lines = "\n".join(f"      {line}" for line in steps.strip("\n").splitlines())
    return (
        f"name: {name}\n{on}permissions: {{}}\njobs:\n  {job}:\n    runs-on: ubuntu-latest\n"
        f"    permissions: {{{permissions}}}\n{head}    steps:\n"
        f"      - uses: actions/checkout@v7\n{lines}\n"
    )


def audited(text: str, **files: str) -> Audit:
    texts = {RELEASE: text, **{path.replace("__", "."): body for path, body in files.items()}}
    snapshot = Snapshot(
        ref=RepositoryRef(owner="orchard-labs", name="lumen"),
        commit="a" * 40,
        files=tuple(SourceFile.of(path, body.encode()) for path, body in texts.items()),
    )
    shown = read_repository(snapshot, channel=INDEX.channel_of, index_hosts=INDEX)
    return audit(shown, Rules(index=INDEX))


def run(command: str, env: str = "") -> str:
    return f"- run: {command}\n" + (f"  env: {{{env}}}\n" if env else "")


def secret(name: str, variable: str = "TOKEN") -> str:
    return f"{variable}: '${{{{ secrets.{name} }}}}'"


LOUD = {
    "an action that publishes, given a secret called after a service": workflow(
        "- uses: acme/publish-to-depot@v1\n  with: {" + secret("DEPOT_TOKEN", "token") + "}",
        name="Ship",
        job="ship",
    ),
    "an action that releases, given one": workflow(
        "- uses: acme/release-to-store@v1\n  with: {" + secret("CLOUD_API_KEY", "api-key") + "}"
    ),
    "a command that publishes, given one": workflow(
        run("acme publish", secret("CLOUD_API_TOKEN", "ACME_TOKEN")), name="Ship", job="ship"
    ),
    "a property that says so, of a task that does not": workflow(
        run("./gradlew :notesPush -Prelease=true -Pacme.publish.key=${{ secrets.PORTAL_KEY }}"),
        on="on: workflow_dispatch\n",
        name="deploy",
        job="build",
    ),
    "a project property of Gradle in its environment": workflow(
        run("./gradlew goPublic", secret("NEXUS_PASS64", "ORG_GRADLE_PROJECT_nexus_pass64")),
        on="on: workflow_dispatch\n",
    ),
    "an identity and a tool of the project": workflow(
        run("yarn shipper publish --yes"), permissions=IDENTITY
    ),
    "an identity and a task of a program": workflow(
        "- uses: acme/configure-credentials@v1\n- run: bundle exec thor gem:release",
        permissions=IDENTITY,
        job="push",
    ),
    "an identity in an environment called after a registry": workflow(
        run("./ci/go.sh"), permissions=IDENTITY, job="go", head="    environment: crates-io\n"
    ),
    "an identity and a trigger": workflow(
        run("mage all"), on=ON_TAG, name="Go", job="go", permissions=IDENTITY
    ),
    "a key for an installer that also pushes": workflow(
        run("choco push glow.nupkg --api-key $env:KEY", secret("SHELF", "KEY")), job="main"
    ),
    "a build system's target that publishes": workflow(
        run("cmake --build . --target publish", secret("SHELF")), job="main", on=ON_TAG
    ),
    "an option that uploads": workflow(
        run("xcrun altool --upload-app -f out/glow.ipa", secret("SHELF")), job="main"
    ),
    "an option of a build that publishes": workflow(
        run("msbuild app.sln -t:Publish", secret("SHELF")), job="main"
    ),
    "a login that is a credential to what takes it": workflow(
        f"- uses: acme/action-publish@v1\n  env: {{{secret('STORE_LOGIN', 'SHELF_CREDENTIALS')}}}",
        job="main",
    ),
    "a request that has a method and no body": workflow(
        run("curl -XPOST https://shelf.example/update?key=${{ secrets.SHELF }}"), job="release"
    ),
    "a token for an action that nobody knows": workflow(
        f"- uses: acme/registry-publish@v1\n  with: {{{secret('HARBOUR_TOKEN', 'key')}}}",
        on=ON_PUSH,
        name="CI",
        job="main",
    ),
    "an action that another action runs": workflow(
        "- uses: Wandalen/wretry.action@v3\n  with:\n    action: acme/npm-publish@v3\n"
        f"    {secret('NPM_TOKEN', 'with')}\n",
        job="publish",
    ),
    "an option that pushes": workflow(
        run("mvn package -Dimage.push=true", secret("HARBOUR_TOKEN")), on=ON_PUSH, name="CI"
    ),
    "a token for a script": workflow(
        run("./scripts/upload_all.sh", secret("CHEESESHOP_PASSWORD")),
        on=ON_PUSH,
        name="CI",
        job="release",
    ),
    "a token in the command itself": workflow(
        run("'cloudsmith push deb acme/x x.deb -k ${{ secrets.CLOUDSMITH_KEY }}'"), on=ON_TAG
    ),
    "a token of the job": workflow(
        run("just publish-everything"), head=f"    env: {{{secret('STORE_TOKEN')}}}\n"
    ),
    "packages: write and a task": workflow(
        run("mage publish:all"), permissions="packages: write", on=ON_TAG, job="main"
    ),
    "packages: write and an action": workflow(
        "- uses: acme/oci-releaser@v2", permissions="packages: write", on=ON_TAG
    ),
    "a login, then a script that is called after a release": workflow(
        "- uses: aws-actions/configure-aws-credentials@v5\n  with: {role-to-assume: r}\n"
        "- run: ./hack/publish-packages.sh",
        permissions=IDENTITY,
    ),
    "a script of another language": workflow(
        "- shell: python\n  run: |\n    import uploader\n    uploader.run()",
        permissions=IDENTITY,
    ),
    "a request by hand": workflow(
        run("curl --fail -T x.deb https://apt.example/upload -u ci:$TOKEN", secret("APT_TOKEN")),
        job="publish-deb",
    ),
    "a second way beside a known one": workflow(
        "- run: twine upload dist/*\n"
        f"  env: {{{secret('PYPI_TOKEN', 'TWINE_PASSWORD')}}}\n"
        f"- run: fastlane release\n  env: {{{secret('APP_STORE_KEY')}}}"
    ),
    "the job's own token under the name of an uploader's variable": workflow(
        "- run: scripts/chart-release.sh\n  env: {CR_TOKEN: '${{ github.token }}'}",
        permissions="contents: write",
    ),
    "in a hardened job": workflow(
        "- uses: step-security/harden-runner@v2\n- run: ./tool/ship publish",
        permissions=IDENTITY,
    ),
    "a login, then a step with two purposes": workflow(
        "- uses: docker/login-action@v4\n  with: {registry: ghcr.io, password: x}\n"
        "- name: Build & Publish Artifacts\n  run: task container\n",
        permissions="packages: write",
        on=ON_PUSH,
        name="CI",
        job="build-publish",
    ),
    "a program of the project, by go": workflow(run("go run ./tools/rel", secret("TOKEN"))),
    "a program of the project, by cargo": workflow(run("cargo xtask ship", secret("CRATES_KEY"))),
    "a build that is given a secret and was not read": workflow(
        run("docker build --secret id=t,env=TOKEN -f out/Dockerfile .", secret("NPM_TOKEN"))
    ),
    "an entry point that was not read": workflow(run("uv run lumen-go", secret("PYPI_TOKEN"))),
    "a script that PowerShell puts together": workflow(
        f"- shell: pwsh\n  run: '\"gh release create v1 x.zip\" | iex'\n  env: {{{secret('SHIP_TOKEN')}}}"
    ),
    "a target of a build by labels": workflow(
        run("bazel run //lib:wheel.publish", secret("SHIP_TOKEN")),
        on=ON_PUSH,
        name="CI",
        job="main",
    ),
    "code on the command line": workflow(
        run("python -c 'import twine.cli; twine.cli.dispatch([x])'", secret("SHIP_TOKEN")),
        on=ON_PUSH,
        name="CI",
        job="main",
    ),
    "packages of a cloud": workflow(
        run("aws codeartifact publish-package-version --package x", secret("SHIP_TOKEN")),
        on=ON_PUSH,
        name="CI",
        job="main",
    ),
    "write-all": workflow(run("make publish")).replace(
        "    permissions: {contents: read}\n", "    permissions: write-all\n"
    ),
}

QUIET = {
    "an action that publishes results, given such a secret": workflow(
        "- uses: acme/publish-test-results@v1\n  with: {" + secret("CLOUD_TOKEN", "token") + "}",
        name="CI",
        job="ci",
    ),
    "a property that switches publishing off": workflow(
        run("./gradlew notesPush -Dskip.publish=true -Ppublish=false", secret("NEXUS_PASS")),
        on="on: workflow_dispatch\n",
        name="deploy",
        job="build",
    ),
    "an installer that installs": workflow(
        run("choco install release-notes-tool", secret("SHELF")), on=ON_PUSH, name="CI", job="main"
    ),
    "a message to a topic": workflow(
        run("az pubsub topic publish releases", secret("SHELF")),
        on=ON_PUSH,
        name="CI",
        job="main",
    ),
    "a build system that builds": workflow(
        run("cmake --build . --target all", secret("SHELF")), on=ON_PUSH, name="CI", job="main"
    ),
    "a user's name for a user's name": workflow(
        f"- uses: acme/action-publish@v1\n  with: {{{secret('STORE_USERNAME', 'username')}}}",
        job="main",
    ),
    "pages": workflow(
        "- run: make html\n- uses: actions/upload-pages-artifact@v4\n"
        "- uses: actions/deploy-pages@v4",
        permissions="pages: write, id-token: write",
        job="publish-docs",
        head="    environment: github-pages\n",
    ),
    "attests what it builds": workflow(
        "- run: make dist\n- uses: actions/attest-build-provenance@v3\n"
        "  with: {subject-path: dist/*}",
        permissions="contents: read, id-token: write, attestations: write",
        job="build",
    ),
    "signs": workflow(
        "- uses: sigstore/cosign-installer@v4\n- run: cosign sign-blob --yes lumen.tar.gz",
        permissions=IDENTITY,
        job="sign-release",
    ),
    "analyses": workflow(
        run("./gradlew sonar", secret("SONAR_TOKEN", "SONAR_TOKEN")), on=ON_PUSH, name="Quality"
    ),
    "measures coverage of tags": workflow(
        "- run: pytest --cov\n- uses: codecov/codecov-action@v5\n"
        f"  with: {{{secret('CODECOV_TOKEN', 'token')}}}",
        on=ON_TAG,
        job="test",
    ),
    "measures coverage with an identity": workflow(
        "- run: pytest --cov\n- uses: codecov/codecov-action@v5\n  with: {use_oidc: true}",
        on=ON_TAG,
        job="test",
        permissions=IDENTITY,
    ),
    "writes release notes": workflow(
        run("python scripts/notes.py > notes.md"),
        job="release-notes",
        permissions="contents: write, pull-requests: read",
    ),
    "drafts a changelog": workflow(
        f"- uses: release-drafter/release-drafter@v6\n  env: {{{secret('BOT_PAT')}}}",
        on=ON_PUSH,
        job="draft",
    ),
    "opens the release's pull request": workflow(
        "- run: ./scripts/prepare-release.sh\n- uses: peter-evans/create-pull-request@v7\n"
        f"  with: {{{secret('BOT_TOKEN', 'token')}}}",
        job="release-pr",
        on="on: workflow_dispatch\n",
    ),
    "labels": workflow(
        f"- uses: actions/labeler@v6\n  with: {{{secret('LABEL_TOKEN', 'repo-token')}}}",
        on="on: pull_request_target\n",
        name="Labels",
        job="label",
    ),
    "tells a chat of the release": workflow(
        f"- uses: acme/chat-post@v1\n  with: {{{secret('SLACK_WEBHOOK', 'url')}}}",
        job="announce-release",
    ),
    "posts the release": workflow(
        f"- uses: acme/release-for-reddit-action@v2\n  with: {{{secret('REDDIT_PASSWORD', 'key')}}}",
        job="post",
    ),
    "tests against a cloud at night": workflow(
        "- uses: google-github-actions/auth@v3\n  with: {workload_identity_provider: p}\n"
        "- run: pytest tests/e2e",
        on=NIGHTLY,
        name="Nightly",
        job="integration",
        permissions=IDENTITY,
    ),
    "deploys to a cloud": workflow(
        "- uses: aws-actions/configure-aws-credentials@v5\n  with: {role-to-assume: r}\n"
        "- run: aws ecs update-service --cluster c --service s",
        permissions=IDENTITY,
        job="deploy",
        head="    environment: production\n",
    ),
    "deploys to its own server": workflow(
        "- uses: appleboy/ssh-action@v1\n"
        f"  with: {{host: web.example, {secret('SSH_PRIVATE_KEY', 'key')}, script: ./deploy.sh}}",
        job="deploy",
    ),
    "builds what is released": workflow(
        "- run: cargo build --release\n- run: python -m build\n"
        "- uses: actions/upload-artifact@v7\n  with: {path: dist}",
        permissions=IDENTITY,
        job="build",
    ),
    "installs private packages for the tests": workflow(
        f"- run: npm ci\n  env: {{{secret('NPM_TOKEN', 'NODE_AUTH_TOKEN')}}}\n- run: npm test",
        on="on: pull_request\n",
        name="CI",
        job="test",
    ),
    "signs an application": workflow(
        "- uses: apple-actions/import-codesign-certs@v5\n"
        f"  with: {{{secret('MACOS_CERTIFICATE', 'p12-file-base64')}}}\n"
        f"- run: ./scripts/sign.sh\n  env: {{{secret('MACOS_CERTIFICATE_PWD')}}}",
        job="build-app",
    ),
    "sets nothing that may publish": workflow(run("make publish"), permissions="contents: read"),
    "publishes by a known way": workflow(
        "- uses: pypa/gh-action-pypi-publish@release/v1", permissions="id-token: write"
    ),
    "tries a release": workflow(
        run("./scripts/release.sh --dry-run", secret("NPM_THINGS")), on=ON_PUSH, job="test-release"
    ),
    "is switched off": workflow(run("make publish"), permissions=IDENTITY, head="    if: false\n"),
    "uploads test results": workflow(
        f"- uses: acme/publish-test-results@v1\n  with: {{{secret('RESULTS_KEY', 'key')}}}",
        on=ON_PUSH,
        name="CI",
        job="test",
    ),
    "triggers another repository": workflow(
        "- uses: peter-evans/repository-dispatch@v4\n"
        f"  with: {{{secret('DISPATCH_PAT', 'token')}, repository: acme/tap, event-type: bump}}",
        job="update-tap",
    ),
    "caches builds": workflow(
        run("npx turbo build", secret("TURBO_TOKEN", "TURBO_TOKEN")), on=ON_TAG, job="compile"
    ),
    "hands its own token to GitHub's program": workflow(
        "- run: ./scripts/release.sh\n  env: {GH_TOKEN: '${{ github.token }}'}",
        permissions="contents: write",
    ),
    "generates and checks by programs of the project": workflow(
        run("go run ./tools/gen", secret("TOKEN"))
        + run("cargo xtask codegen", secret("TOKEN"))
        + run("dotnet run --project tools/Lint", secret("TOKEN"))
    ),
    "builds, tests and asks by the same programs": workflow(
        run("bazel test //lib:publish_test", secret("SHIP_TOKEN"))
        + run("bazel run //tools:lint", secret("SHIP_TOKEN"))
        + run("aws codeartifact login --tool pip", secret("SHIP_TOKEN"))
        + run("gh api repos/orchard-labs/lumen/releases", secret("SHIP_TOKEN")),
        on=ON_PUSH,
        name="CI",
        job="main",
    ),
    "caches images": workflow(
        "- uses: docker/build-push-action@v7\n  with: {push: false}",
        permissions="packages: write",
        on=ON_PUSH,
        job="image",
    ),
}


@pytest.mark.parametrize("text", LOUD.values(), ids=LOUD)
def test_a_job_that_looks_like_a_release_is_a_gap(text: str) -> None:
    found = audited(text)
    (gap,) = found.repository.gaps
    assert (gap.subject, gap.reason, gap.optional) == (RELEASE, GapReason.UNRECOGNIZED, False)
    (job,) = found.repository.workflows[0].jobs
    assert gap.job == job.id
    assert (gap.line or 0) > job.at.line
    assert found.score.grade is Grade.UNKNOWN
    assert (found.score.coverage or 0) < 1


@pytest.mark.parametrize("text", QUIET.values(), ids=QUIET)
def test_a_job_that_publishes_nothing_is_none(text: str) -> None:
    found = audited(text)
    assert found.repository.graph.unrecognized == ()
    assert found.repository.gaps == ()


@pytest.mark.parametrize("text", LOUD.values(), ids=LOUD)
def test_no_check_says_that_it_publishes_nothing(text: str) -> None:
    found = audited(text)
    assert not [f for f in found.findings if "publishes nothing" in f.finding.message]
    job = found.repository.workflows[0].jobs[0]
    assert job in found.repository.graph.release_jobs


def test_tasks_deeper_than_what_is_followed_are_not_called_nothing() -> None:
    tasks = "".join(f"a{n}:\n\t$(MAKE) a{n + 1}\n" for n in range(9)) + "a9:\n\tnpm publish\n"
    text = workflow(run("make publish"), permissions=IDENTITY, job="publish")
    loud = audited(text, Makefile=f"publish: a0\n{tasks}")
    assert {gap.reason for gap in loud.repository.gaps} == {GapReason.UNRECOGNIZED}
    quiet = audited(text, Makefile="publish:\n\t@echo nothing yet\n")
    assert not quiet.repository.gaps


# Beside a known release, the workflow's trigger alone says nothing of a further job.
BESIDE = {name: text for name, text in LOUD.items() if name != "an identity and a trigger"}


@pytest.mark.parametrize(
    ("script", "is_gap"),
    [
        ("release publish", True),
        ("acme-ship publish --all && echo done", True),
        ("node tools/none.js", True),
        ("dotnet run --project build -- x", True),
        ("bazel run //pkg:npm.publish", True),
        ("bazel test //pkg:all", False),
        ("acme-ship publish --version 1.0", True),
        ("acme-ship publish --version", False),
        ("release notes", False),
        ("release publish --dry-run", False),
        ("echo publish", False),
        ("tsc && git push --follow-tags", False),
    ],
)
def test_a_script_that_asks_an_unknown_program_to_publish_is_one(script: str, is_gap: bool) -> None:
    text = workflow(run("pnpm release"), permissions=IDENTITY, job="release")
    package = json.dumps({"name": "lumen", "scripts": {"release": script}})
    found = audited(text, package__json=package)
    reasons = {gap.reason for gap in found.repository.gaps}
    assert (GapReason.UNRECOGNIZED in reasons) is is_gap
    assert (found.score.grade is Grade.UNKNOWN) is is_gap


@pytest.mark.parametrize("text", BESIDE.values(), ids=BESIDE)
def test_nor_does_one_beside_a_known_release_with_its_credential(text: str) -> None:
    match = re.search(r"secrets\.(\w+)", text)
    name = match[1] if match else "PYPI_TOKEN"
    environment = re.search(r"environment: (\S+)", text)
    beside = f"""  index:
    runs-on: ubuntu-latest
    environment: {environment[1] if environment else "pypi"}
    steps:
      - run: twine upload dist/*
        env: {{TWINE_PASSWORD: '${{{{ secrets.{name} }}}}'}}
"""
    found = audited(text + beside)
    assert "index" in {publication.job.id for publication in found.publications}
    assert not [f for f in found.findings if "publishes nothing" in f.finding.message]


def test_a_package_that_it_may_publish_is_not_on_the_ladders_lowest_rung() -> None:
    text = LOUD["an identity and a tool of the project"]
    package = '{"name": "@orchard-labs/lumen", "version": "1.0.0"}'
    (status,) = audited(text, package__json=package).statuses
    assert status.state is Ladder.UNKNOWN
    assert "`publish`" in status.why
    (quiet,) = audited(QUIET["writes release notes"], package__json=package).statuses
    assert quiet.state is Ladder.NONE


def test_variables_of_uploaders_consist_of_what_they_are_found_by() -> None:
    names = unrecognized._UPLOADERS_VARIABLES
    assert names
    assert [name for name in names if not unrecognized._CAPITALS.fullmatch(name)] == []
