"""Invented workflows for the rules on triggers, secrets, injection, caches and tokens."""

from __future__ import annotations

from tests.engines.zizmor_cases import PIN, RELEASE, UPLOAD, Case, workflow

_TEST = "https://test.{host}/legacy/"
_TWO = "  other:\n    name: Other\n    permissions: {}\n    runs-on: %s\n    steps:\n      - run: make\n"


_TRIGGERS_RULE = "dangerous-triggers"
_TRIGGERS_OWN = "github.event.comment.author_association == 'OWNER'"
_TRIGGERS: tuple[Case, ...] = (
    Case(
        rule=_TRIGGERS_RULE,
        name="as a list",
        agrees=1,
        text=workflow(UPLOAD, on="\n  - push\n  - pull_request_target"),
    ),
    Case(
        rule=_TRIGGERS_RULE,
        name="as a map",
        agrees=2,
        text=workflow(
            UPLOAD, on="\n  workflow_run: {workflows: [Tests]}\n  issue_comment:\n  release:"
        ),
    ),
    Case(
        rule=_TRIGGERS_RULE,
        name="events that zizmor leaves out",
        agrees=0,
        text=workflow(UPLOAD, on="\n  issues: {types: [opened]} ## ours=other-event\n  release:"),
    ),
    Case(
        rule=_TRIGGERS_RULE,
        name="only the owner",
        agrees=0,
        text=workflow(
            UPLOAD,
            on="\n  issue_comment: ## zizmor=guarded-trigger",
            job=f"if: {_TRIGGERS_OWN}\nenvironment: pypi",
        ),
    ),
    Case(
        rule=_TRIGGERS_RULE,
        name="labels only",
        agrees=0,
        text=workflow(UPLOAD),
        files={
            ".github/workflows/label.yml": workflow(
                f"- uses: actions/labeler@{PIN}", on="pull_request_target", job=""
            )
        },
    ),
    Case(
        rule=_TRIGGERS_RULE,
        name="beside the release",
        agrees=1,
        text=workflow(UPLOAD),
        files={
            ".github/workflows/greet.yml": workflow(
                "- run: make greet",
                on="pull_request_target",
                job="permissions: {issues: write}",
            )
        },
    ),
    Case(
        rule=_TRIGGERS_RULE,
        name="beside the release, without rights",
        agrees=0,
        text=workflow(UPLOAD),
        files={
            ".github/workflows/greet.yml": workflow(
                "- run: make greet", on="\n  pull_request_target: ## zizmor=no-rights", job=""
            )
        },
    ),
)


_SECRETS_RULE = "secrets-outside-env"
_SECRETS_TWINE = (
    "- run: twine upload dist/*\n  env:\n    TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}"
)
_SECRETS_CALL = "  call:\n    name: Call\n    permissions: {}\n    uses: ./.github/workflows/build.yml\n    secrets: inherit\n"
_SECRETS_BUILD = workflow("- run: make", on="{workflow_call: {secrets: {KEY: {}}}}", job="")
_SECRETS_MARK = " ## ours=%s"
_SECRETS: tuple[Case, ...] = (
    Case(rule=_SECRETS_RULE, name="a token", agrees=1, text=workflow(_SECRETS_TWINE, job="")),
    Case(
        rule=_SECRETS_RULE,
        name="other secrets",
        agrees=0,
        text=workflow(
            f"- run: make sign\n  env:\n    KEY: ${{{{ secrets.SIGNING_KEY }}}} ## zizmor=other-secret\n"
            f"    TOKEN: ${{{{ secrets.GITHUB_TOKEN }}}}\n{UPLOAD}",
            job="",
        ),
    ),
    Case(rule=_SECRETS_RULE, name="in an environment", agrees=0, text=workflow(_SECRETS_TWINE)),
    Case(
        rule=_SECRETS_RULE,
        name="in an environment without a name",
        agrees=0,
        text=workflow(_SECRETS_TWINE + _SECRETS_MARK % "empty-environment", job="environment: ''"),
    ),
    Case(
        rule=_SECRETS_RULE,
        name="for the whole workflow",
        agrees=0,
        text=workflow(
            "- run: twine upload dist/*",
            job="",
            top="permissions: {}\nenv:\n"
            "  TWINE_PASSWORD: ${{ secrets.INDEX_TOKEN }}" + _SECRETS_MARK % "top-env",
        ),
    ),
    Case(
        rule=_SECRETS_RULE,
        name="in a workflow that may be called",
        agrees=0,
        text=workflow(
            _SECRETS_TWINE + _SECRETS_MARK % "called", job="", on="[release, workflow_call]"
        ),
    ),
    Case(
        rule="secrets-inherit",
        name="a call",
        agrees=1,
        text=workflow(UPLOAD, more=_SECRETS_CALL),
        files={".github/workflows/build.yml": _SECRETS_BUILD},
    ),
    Case(
        rule="overprovisioned-secrets",
        name="all of them",
        agrees=3,
        text=workflow(
            "- run: make\n  env:\n    ALL: ${{ toJSON(secrets) }}\n"
            "    ONE: ${{ secrets[format('{0}_KEY', github.ref_name)] }}\n"
            "    MANY: ${{ join(secrets.*) }} ## ours=filtered-secrets\n"
            "    NAMED: ${{ secrets['DOCS_KEY'] }}\n"
            f"- run: >-\n    echo\n    ${{{{ toJSON(secrets) }}}}\n{UPLOAD}"
        ),
    ),
)


_INJECTION_RULE = "template-injection"
_INJECTION_TYPED = (
    "\n  workflow_dispatch:\n    inputs:\n      tag: {type: string}\n"
    "      kind: {type: choice, options: [a, b]}"
)
_INJECTION: tuple[Case, ...] = (
    Case(
        rule=_INJECTION_RULE,
        name="what outsiders and writers set",
        agrees=4,
        text=workflow(
            "- run: echo ${{ github.event.release.name }}\n"
            "- run: |\n    make\n    echo '${{ github.ref_name }}'\n"
            "- run: >-\n    gh release create\n    '${{ github.ref_name }}' dist/*\n"
            f"- uses: actions/github-script@{PIN}\n  with:\n    script: log('${{{{ github.event.release.body }}}}')\n{UPLOAD}"
        ),
    ),
    Case(
        rule=_INJECTION_RULE,
        name="inputs",
        agrees=1,
        text=workflow(
            "- run: echo ${{ inputs.tag }}\n- run: echo ${{ inputs.kind }} ## zizmor=command-output\n"
            + UPLOAD,
            on=_INJECTION_TYPED,
        ),
    ),
    Case(
        rule=_INJECTION_RULE,
        name="outputs and the repository",
        agrees=0,
        text=workflow(
            "- run: echo ${{ steps.build.outputs.digest }} ## zizmor=command-output\n"
            "- run: echo ${{ github.event.repository.name }} ## zizmor=repository-name\n"
            f"- run: echo ${{{{ github.sha }}}} ## zizmor=repository-name\n{UPLOAD}"
        ),
    ),
    Case(
        rule=_INJECTION_RULE,
        name="variables",
        agrees=1,
        text=workflow(
            f"- run: echo ${{{{ env.NAME }}}}\n- run: echo ${{{{ env.PLAIN }}}} ## zizmor=repository-name\n{UPLOAD}",
            job="environment: pypi\nenv:\n  NAME: ${{ github.ref_name }}\n  PLAIN: apples",
        ),
    ),
)


_CACHES_RULE = "cache-poisoning"
_CACHES_UV = "- uses: astral-sh/setup-uv@v6"
_CACHES_STEPS = (
    f"- uses: actions/cache@{PIN}\n  with: {{path: x, key: y}}\n"
    f"- uses: actions/setup-python@{PIN}\n  with: {{cache: pip}}\n"
    f"- uses: actions/setup-python@{PIN}\n- uses: actions/setup-go@{PIN}\n"
    f"- uses: actions/setup-go@{PIN}\n  with: {{cache: false}}\n"
    f"{_CACHES_UV}\n{_CACHES_UV}\n  with: {{enable-cache: false}}\n"
)
_CACHES_TAGGED = "{push: {tags: ['v*']}}"
_CACHES_GUARD = "  with:\n    enable-cache: ${{ !startsWith(github.ref, 'refs/tags/') }}\n"
_CACHES: tuple[Case, ...] = (
    Case(rule=_CACHES_RULE, name="on release", agrees=4, text=workflow(_CACHES_STEPS + UPLOAD)),
    Case(
        rule=_CACHES_RULE,
        name="on tags",
        agrees=1,
        text=workflow(
            f"{_CACHES_UV}\n{_CACHES_UV} ## zizmor=decided-expression\n{_CACHES_GUARD}{UPLOAD}",
            on=_CACHES_TAGGED,
        ),
    ),
    Case(
        rule=_CACHES_RULE,
        name="a manual start",
        agrees=1,
        text=workflow(f"{_CACHES_UV}\n{UPLOAD}", on="workflow_dispatch"),
    ),
    Case(
        rule=_CACHES_RULE,
        name="a manual start, another uploader",
        agrees=0,
        text=workflow(
            f"{_CACHES_UV} ## ours=any-upload\n- run: twine upload dist/*", on="workflow_dispatch"
        ),
    ),
    Case(
        rule=_CACHES_RULE,
        name="restored only",
        agrees=0,
        text=workflow(
            f"- uses: actions/cache/restore@{PIN} ## ours=cache-restore\n  with: {{path: x, key: y}}\n{UPLOAD}"
        ),
    ),
    Case(
        rule=_CACHES_RULE,
        name="the version in the comment",
        agrees=1,
        text=workflow(
            f"- uses: astral-sh/setup-uv@{PIN} # v10.0.0\n- uses: astral-sh/setup-uv@{PIN} # v9.0.0\n{UPLOAD}"
        ),
    ),
)


_TOKENS_RULE = "use-trusted-publishing"
_TOKENS_SECRET = "${{ secrets.INDEX_TOKEN }}"
_TOKENS_ACTION = f"{UPLOAD}\n  with:\n    password: '{_TOKENS_SECRET}'"
_TOKENS_TWINE = f"- run: twine upload dist/*%s\n  env:\n    TWINE_PASSWORD: {_TOKENS_SECRET}"
_TOKENS_WRITE = "environment: pypi\npermissions: {id-token: write}"
_TOKENS: tuple[Case, ...] = (
    Case(rule=_TOKENS_RULE, name="the action", agrees=1, text=workflow(_TOKENS_ACTION)),
    Case(
        rule=_TOKENS_RULE,
        name="the action, with an identity",
        agrees=1,
        text=workflow(_TOKENS_ACTION, job=_TOKENS_WRITE),
    ),
    Case(rule=_TOKENS_RULE, name="a command", agrees=1, text=workflow(_TOKENS_TWINE % "")),
    Case(
        rule=_TOKENS_RULE,
        name="a command, with an identity",
        agrees=0,
        text=workflow(_TOKENS_TWINE % "" + " ## ours=token-and-identity", job=_TOKENS_WRITE),
    ),
    Case(
        rule=_TOKENS_RULE,
        name="an identity alone",
        agrees=0,
        text=workflow(UPLOAD, job=_TOKENS_WRITE),
    ),
    Case(
        rule=_TOKENS_RULE,
        name="an uploader of its own",
        agrees=0,
        text=workflow(
            f"- run: flit publish\n  env:\n    FLIT_PASSWORD: {_TOKENS_SECRET} ## ours=other-uploader"
        ),
    ),
    Case(
        rule=_TOKENS_RULE,
        name="the test index",
        agrees=0,
        text=workflow(
            _TOKENS_ACTION.replace("- uses", "- uses", 1).replace(
                "# v1.12.4", "# v1.12.4 ## zizmor=test-index"
            )
            + f"\n    repository-url: {_TEST}"
        ),
    ),
    Case(
        rule=_TOKENS_RULE,
        name="no token",
        agrees=0,
        text=workflow("- run: cargo publish ## zizmor=no-token"),
    ),
)


_OTHERS_IMAGES = (
    "environment: pypi\ncontainer:\n  image: python\n  credentials: {username: pip, password: apples}\n"
    "services:\n  db:\n    image: postgres\n    credentials: ## zizmor=credentials-key\n      username: pip\n      password: pears ## ours=credentials-key\n"
    "  ok:\n    image: redis\n    credentials: {username: pip, password: '${{ secrets.REDIS }}'}\n"
    "  own:\n    image: localhost:5000/pip\n    credentials: {username: pip, password: pears} ## zizmor=local-registry"
)
_OTHERS_BAD = "  - package-ecosystem: %s\n    directory: /\n    schedule: {interval: weekly}\n%s"
_OTHERS_WAIT = "    cooldown:\n      default-days: %d\n"
_OTHERS: tuple[Case, ...] = (
    Case(
        rule="hardcoded-container-credentials",
        name="passwords of images",
        agrees=1,
        text=workflow(UPLOAD, job=_OTHERS_IMAGES),
    ),
    Case(
        rule="hardcoded-container-credentials",
        name="another password",
        agrees=0,
        text=workflow(f"{UPLOAD}\n  with:\n    password: apples ## ours=other-credential"),
    ),
    Case(
        rule="self-hosted-runner",
        name="runners",
        agrees=1,
        text=workflow(UPLOAD, more=_TWO % "[self-hosted, linux] ## zizmor=other-runner").replace(
            "runs-on: ubuntu-latest\n    env", "runs-on: self-hosted\n    env"
        ),
    ),
    Case(
        rule="unsound-condition",
        name="text around a fence",
        agrees=2,
        text=workflow(
            f"- run: make\n  if: ${{{{ github.ref_type == 'tag' }}}} && true\n{UPLOAD}\n"
            "  if: |\n    ${{ github.ref_type == 'tag' }}"
        ),
    ),
    Case(
        rule="unsound-condition",
        name="an alternative without a comparison",
        agrees=0,
        text=workflow(f"{UPLOAD}\n  if: github.ref == 'a' || 'b' ## ours=always-true"),
    ),
    Case(
        rule="dependabot-cooldown",
        name="short and missing cooldowns",
        agrees=1,
        text=workflow(UPLOAD),
        files={
            ".github/dependabot.yml": "version: 2\nupdates:\n"
            + _OTHERS_BAD % ("github-actions", "")
            + _OTHERS_BAD % ("pip", (_OTHERS_WAIT % 3).replace("3", "3 ## zizmor=other-ecosystem"))
        },
    ),
    Case(
        rule="dependabot-cooldown",
        name="a good update first",
        agrees=0,
        text=workflow(UPLOAD),
        files={
            ".github/dependabot.yml": "version: 2\nupdates:\n"
            + _OTHERS_BAD % ("pip", _OTHERS_WAIT % 7)
            + (_OTHERS_BAD % ("github-actions", "")).replace(
                "actions", "actions ## ours=first-good-update"
            )
        },
    ),
    Case(
        rule="dependabot-cooldown",
        name="pre-commit",
        agrees=1,
        text=workflow(UPLOAD),
        files={
            ".github/dependabot.yml": "version: 2\nupdates:\n"
            + _OTHERS_BAD % ("github-actions", "")
            + (_OTHERS_BAD % ("pre-commit", "")).replace(
                "commit", "commit ## zizmor=other-ecosystem"
            )
        },
    ),
    Case(
        rule="dependabot-cooldown",
        name="no bot",
        agrees=0,
        text=workflow(UPLOAD).replace("Release\n", "Release ## ours=no-bot\n", 1),
        files={".github/dependabot.yml": "version: 2\nupdates: []\n"},
    ),
    Case(
        rule="archived-uses",
        name="an archived action",
        agrees=0,
        text=workflow(f"- uses: actions/create-release@{PIN} ## zizmor=asks-github\n{UPLOAD}"),
    ),
)


CASES = (*_TRIGGERS, *_SECRETS, *_INJECTION, *_CACHES, *_TOKENS, *_OTHERS)
__all__ = ["CASES", "RELEASE"]
