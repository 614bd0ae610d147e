"""Invented workflows for the rules on triggers, secrets, injection, caches and tokens."""

from __future__ import annotations

from tests.engines.zizmor_cases import PIN, RELEASE, UPLOAD, Case, workflow

_TEST = "https://test.{host}/legacy/"
_TWO = "  other:\n    name: Other\n    permissions: {}\n    runs-on: %s\n    steps:\n      - run: make\n"


def _triggers() -> tuple[Case, ...]:
    rule = "dangerous-triggers"
    own = "github.event.comment.author_association == 'OWNER'"
    return (
        Case(rule=rule, name="as a list", agrees=1,
             text=workflow(UPLOAD, on="\n  - push\n  - pull_request_target")),
        Case(rule=rule, name="as a map", agrees=2, text=workflow(
            UPLOAD, on="\n  workflow_run: {workflows: [Tests]}\n  issue_comment:\n  release:")),
        Case(rule=rule, name="events that zizmor leaves out", agrees=0, text=workflow(
            UPLOAD, on="\n  issues: {types: [opened]} ## ours=other-event\n  release:")),
        Case(rule=rule, name="only the owner", agrees=0, text=workflow(
            UPLOAD, on="\n  issue_comment: ## zizmor=guarded-trigger", job=f"if: {own}\nenvironment: pypi")),
        Case(rule=rule, name="labels only", agrees=0, text=workflow(UPLOAD), files={
            ".github/workflows/label.yml": workflow(
                f"- uses: actions/labeler@{PIN}", on="pull_request_target", job="")}),
        Case(rule=rule, name="beside the release", agrees=1, text=workflow(UPLOAD), files={
            ".github/workflows/greet.yml": workflow("- run: make greet", on="pull_request_target",
                                                    job="permissions: {issues: write}")}),
        Case(rule=rule, name="beside the release, without rights", agrees=0, text=workflow(UPLOAD), files={
            ".github/workflows/greet.yml": workflow(
                "- run: make greet", on="\n  pull_request_target: ## zizmor=no-rights", job="")}),
    )  # fmt: skip


def _secrets() -> tuple[Case, ...]:
    rule = "secrets-outside-env"
    twine = "- run: twine upload dist/*\n  env:\n    TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}"
    call = "  call:\n    name: Call\n    permissions: {}\n    uses: ./.github/workflows/build.yml\n    secrets: inherit\n"
    build = workflow("- run: make", on="{workflow_call: {secrets: {KEY: {}}}}", job="")
    mark = " ## ours=%s"
    return (
        Case(rule=rule, name="a token", agrees=1, text=workflow(twine, job="")),
        Case(rule=rule, name="other secrets", agrees=0, text=workflow(
            f"- run: make sign\n  env:\n    KEY: ${{{{ secrets.SIGNING_KEY }}}} ## zizmor=other-secret\n"
            f"    TOKEN: ${{{{ secrets.GITHUB_TOKEN }}}}\n{UPLOAD}", job="")),
        Case(rule=rule, name="in an environment", agrees=0, text=workflow(twine)),
        Case(rule=rule, name="in an environment without a name", agrees=0, text=workflow(
            twine + mark % "empty-environment", job="environment: ''")),
        Case(rule=rule, name="for the whole workflow", agrees=0, text=workflow(
            "- run: twine upload dist/*", job="", top="permissions: {}\nenv:\n"
            "  TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}" + mark % "top-env")),
        Case(rule=rule, name="in a workflow that may be called", agrees=0,
             text=workflow(twine + mark % "called", job="", on="[release, workflow_call]")),
        Case(rule="secrets-inherit", name="a call", agrees=1, text=workflow(UPLOAD, more=call),
             files={".github/workflows/build.yml": build}),
        Case(rule="overprovisioned-secrets", name="all of them", agrees=3, text=workflow(
            "- run: make\n  env:\n    ALL: ${{ toJSON(secrets) }}\n"
            "    ONE: ${{ secrets[format('{0}_KEY', github.ref_name)] }}\n"
            "    MANY: ${{ join(secrets.*) }} ## ours=filtered-secrets\n"
            "    NAMED: ${{ secrets['DOCS_KEY'] }}\n"
            f"- run: >-\n    echo\n    ${{{{ toJSON(secrets) }}}}\n{UPLOAD}")),
    )  # fmt: skip


def _injection() -> tuple[Case, ...]:
    rule = "template-injection"
    typed = (
        "\n  workflow_dispatch:\n    inputs:\n      tag: {type: string}\n"
        "      kind: {type: choice, options: [a, b]}"
    )
    return (
        Case(rule=rule, name="what outsiders and writers set", agrees=4, text=workflow(
            "- run: echo ${{ github.event.release.name }}\n"
            "- run: |\n    make\n    echo '${{ github.ref_name }}'\n"
            "- run: >-\n    gh release create\n    '${{ github.ref_name }}' dist/*\n"
            f"- uses: actions/github-script@{PIN}\n  with:\n    script: log('${{{{ github.event.release.body }}}}')\n{UPLOAD}")),
        Case(rule=rule, name="inputs", agrees=1, text=workflow(
            "- run: echo ${{ inputs.tag }}\n- run: echo ${{ inputs.kind }} ## zizmor=command-output\n" + UPLOAD, on=typed)),
        Case(rule=rule, name="outputs and the repository", agrees=0, text=workflow(
            "- run: echo ${{ steps.build.outputs.digest }} ## zizmor=command-output\n"
            "- run: echo ${{ github.event.repository.name }} ## zizmor=repository-name\n"
            f"- run: echo ${{{{ github.sha }}}} ## zizmor=repository-name\n{UPLOAD}")),
        Case(rule=rule, name="variables", agrees=1, text=workflow(
            f"- run: echo ${{{{ env.NAME }}}}\n- run: echo ${{{{ env.PLAIN }}}} ## zizmor=repository-name\n{UPLOAD}",
            job="environment: pypi\nenv:\n  NAME: ${{ github.ref_name }}\n  PLAIN: apples")),
    )  # fmt: skip


def _caches() -> tuple[Case, ...]:
    rule = "cache-poisoning"
    uv = "- uses: astral-sh/setup-uv@v6"
    steps = (
        f"- uses: actions/cache@{PIN}\n  with: {{path: x, key: y}}\n"
        f"- uses: actions/setup-python@{PIN}\n  with: {{cache: pip}}\n"
        f"- uses: actions/setup-python@{PIN}\n- uses: actions/setup-go@{PIN}\n"
        f"- uses: actions/setup-go@{PIN}\n  with: {{cache: false}}\n"
        f"{uv}\n{uv}\n  with: {{enable-cache: false}}\n"
    )
    tagged = "{push: {tags: ['v*']}}"
    guard = "  with:\n    enable-cache: ${{ !startsWith(github.ref, 'refs/tags/') }}\n"
    return (
        Case(rule=rule, name="on release", agrees=4, text=workflow(steps + UPLOAD)),
        Case(rule=rule, name="on tags", agrees=1, text=workflow(
            f"{uv}\n{uv} ## zizmor=decided-expression\n{guard}{UPLOAD}", on=tagged)),
        Case(rule=rule, name="a manual start", agrees=1, text=workflow(
            f"{uv}\n{UPLOAD}", on="workflow_dispatch")),
        Case(rule=rule, name="a manual start, another uploader", agrees=0, text=workflow(
            f"{uv} ## ours=any-upload\n- run: twine upload dist/*", on="workflow_dispatch")),
        Case(rule=rule, name="restored only", agrees=0, text=workflow(
            f"- uses: actions/cache/restore@{PIN} ## ours=cache-restore\n  with: {{path: x, key: y}}\n{UPLOAD}")),
        Case(rule=rule, name="the version in the comment", agrees=1, text=workflow(
            f"- uses: astral-sh/setup-uv@{PIN} # v10.0.0\n- uses: astral-sh/setup-uv@{PIN} # v9.0.0\n{UPLOAD}")),
    )  # fmt: skip


def _tokens() -> tuple[Case, ...]:
    rule = "use-trusted-publishing"
    secret = "${{ secrets.INDEX_TOKEN }}"
    action = f"{UPLOAD}\n  with:\n    password: '{secret}'"
    twine = f"- run: twine upload dist/*%s\n  env:\n    TWINE_PASSWORD: {secret}"
    write = "environment: pypi\npermissions: {id-token: write}"
    return (
        Case(rule=rule, name="the action", agrees=1, text=workflow(action)),
        Case(rule=rule, name="the action, with an identity", agrees=1, text=workflow(action, job=write)),
        Case(rule=rule, name="a command", agrees=1, text=workflow(twine % "")),
        Case(rule=rule, name="a command, with an identity", agrees=0,
             text=workflow(twine % "" + " ## ours=token-and-identity", job=write)),
        Case(rule=rule, name="an identity alone", agrees=0, text=workflow(UPLOAD, job=write)),
        Case(rule=rule, name="an uploader of its own", agrees=0, text=workflow(
            f"- run: flit publish\n  env:\n    FLIT_PASSWORD: {secret} ## ours=other-uploader")),
        Case(rule=rule, name="the test index", agrees=0, text=workflow(
            action.replace("- uses", "- uses", 1).replace("# v1.12.4", "# v1.12.4 ## zizmor=test-index")
            + f"\n    repository-url: {_TEST}")),
        Case(rule=rule, name="no token", agrees=0, text=workflow(
            "- run: cargo publish ## zizmor=no-token")),
    )  # fmt: skip


def _others() -> tuple[Case, ...]:
    images = (
        "environment: pypi\ncontainer:\n  image: python\n  credentials: {username: pip, password: apples}\n"
        "services:\n  db:\n    image: postgres\n    credentials: ## zizmor=credentials-key\n      username: pip\n      password: pears ## ours=credentials-key\n"
        "  ok:\n    image: redis\n    credentials: {username: pip, password: '${{ secrets.REDIS }}'}\n"
        "  own:\n    image: localhost:5000/pip\n    credentials: {username: pip, password: pears} ## zizmor=local-registry"
    )
    bad = "  - package-ecosystem: %s\n    directory: /\n    schedule: {interval: weekly}\n%s"
    wait = "    cooldown:\n      default-days: %d\n"
    return (
        Case(rule="hardcoded-container-credentials", name="passwords of images", agrees=1,
             text=workflow(UPLOAD, job=images)),
        Case(rule="hardcoded-container-credentials", name="another password", agrees=0,
             text=workflow(f"{UPLOAD}\n  with:\n    password: apples ## ours=other-credential")),
        Case(rule="self-hosted-runner", name="runners", agrees=1, text=workflow(
            UPLOAD, more=_TWO % "[self-hosted, linux] ## zizmor=other-runner").replace(
                "runs-on: ubuntu-latest\n    env", "runs-on: self-hosted\n    env")),
        Case(rule="unsound-condition", name="text around a fence", agrees=2, text=workflow(
            f"- run: make\n  if: ${{{{ github.ref_type == 'tag' }}}} && true\n{UPLOAD}\n"
            "  if: |\n    ${{ github.ref_type == 'tag' }}")),
        Case(rule="unsound-condition", name="an alternative without a comparison", agrees=0,
             text=workflow(f"{UPLOAD}\n  if: github.ref == 'a' || 'b' ## ours=always-true")),
        Case(rule="dependabot-cooldown", name="short and missing cooldowns", agrees=1, text=workflow(UPLOAD),
             files={".github/dependabot.yml": "version: 2\nupdates:\n" + bad % ("github-actions", "")
                    + bad % ("pip", (wait % 3).replace("3", "3 ## zizmor=other-ecosystem"))}),
        Case(rule="dependabot-cooldown", name="a good update first", agrees=0, text=workflow(UPLOAD),
             files={".github/dependabot.yml": "version: 2\nupdates:\n"
                    + bad % ("pip", wait % 7)
                    + (bad % ("github-actions", "")).replace("actions", "actions ## ours=first-good-update")}),
        Case(rule="dependabot-cooldown", name="pre-commit", agrees=1, text=workflow(UPLOAD),
             files={".github/dependabot.yml": "version: 2\nupdates:\n" + bad % ("github-actions", "")
                    + (bad % ("pre-commit", "")).replace("commit", "commit ## zizmor=other-ecosystem")}),
        Case(rule="dependabot-cooldown", name="no bot", agrees=0,
             text=workflow(UPLOAD).replace("Release\n", "Release ## ours=no-bot\n", 1),
             files={".github/dependabot.yml": "version: 2\nupdates: []\n"}),
        Case(rule="archived-uses", name="an archived action", agrees=0,
             text=workflow(f"- uses: actions/create-release@{PIN} ## zizmor=asks-github\n{UPLOAD}")),
    )  # fmt: skip


CASES = (*_triggers(), *_secrets(), *_injection(), *_caches(), *_tokens(), *_others())
__all__ = ["CASES", "RELEASE"]
