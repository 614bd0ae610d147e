"""Tables for the exposure analysis: AI agents, actions that refuse outsiders, tokens, tools.

Each list says where it comes from. What is not listed is not known, and makes no path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Agent(Struct, frozen=True, kw_only=True):
    """An AI agent that runs as an action.

    ``opened_by`` are inputs that let people without write access use it, with the values that do
    (any text where empty); without such inputs it starts for everybody (``for_everybody``). ``shell_words`` are
    words in its inputs that give it a shell, and ``has_shell`` whether it has one anyway.
    ``fed_by_event``: it reads the event by itself, without a prompt that names it. ``source`` is
    where its documentation says so.
    """

    opened_by: Mapping[str, tuple[str, ...]]
    shell_words: tuple[str, ...]
    source: str
    for_everybody: bool = False
    has_shell: bool = False
    fed_by_event: bool = False


_SHELL_TOOLS = ("bash", "shell", "run_shell_command", "execute", "danger", "yolo", "terminal")
AGENTS: Mapping[str, Agent] = {
    "anthropics/claude-code-action": Agent(
        opened_by={"allowed_non_write_users": ("*",)},
        shell_words=_SHELL_TOOLS,
        fed_by_event=True,
        source="https://github.com/anthropics/claude-code-action/blob/main/docs/security.md",
    ),
    "anthropics/claude-code-base-action": Agent(
        opened_by={},
        for_everybody=True,
        shell_words=_SHELL_TOOLS,
        source="https://github.com/anthropics/claude-code-base-action",
    ),
    "openai/codex-action": Agent(
        opened_by={"allow-users": ("*",), "allow-bots": ("true",)},
        shell_words=_SHELL_TOOLS,
        has_shell=True,
        source="https://github.com/openai/codex-action/blob/main/docs/security.md",
    ),
    "google-github-actions/run-gemini-cli": Agent(
        opened_by={},
        for_everybody=True,
        shell_words=_SHELL_TOOLS,
        source="https://github.com/google-github-actions/run-gemini-cli/blob/main/docs/best-practices.md",
    ),
    "google-gemini/gemini-cli-action": Agent(
        opened_by={},
        for_everybody=True,
        shell_words=_SHELL_TOOLS,
        source="https://github.com/google-gemini/gemini-cli-action",
    ),
    "qwenlm/qwen-code-action": Agent(
        opened_by={},
        for_everybody=True,
        shell_words=_SHELL_TOOLS,
        source="https://github.com/QwenLM/qwen-code-action",
    ),
    "sst/opencode/github": Agent(
        opened_by={},
        for_everybody=True,
        has_shell=True,
        shell_words=_SHELL_TOOLS,
        fed_by_event=True,
        source="https://opencode.ai/docs/github",
    ),
    "anomalyco/opencode/github": Agent(
        opened_by={},
        for_everybody=True,
        has_shell=True,
        shell_words=_SHELL_TOOLS,
        fed_by_event=True,
        source="https://opencode.ai/docs/github",
    ),
    "augmentcode/augment-agent": Agent(
        opened_by={},
        for_everybody=True,
        has_shell=True,
        shell_words=_SHELL_TOOLS,
        source="https://github.com/augmentcode/augment-agent",
    ),
    "openhands/openhands-resolver": Agent(
        opened_by={},
        for_everybody=True,
        has_shell=True,
        shell_words=_SHELL_TOOLS,
        fed_by_event=True,
        source="https://docs.all-hands.dev/usage/how-to/github-action",
    ),
}
"""Agents that run as actions. Claude's and Codex's refuse people without write access unless an
input opens them; the others ask nobody.
"""


class AgentProgram(Struct, frozen=True, kw_only=True):
    """An AI agent that runs as a command; ``shell_words`` are options that give it a shell without
    asking, and ``has_shell`` whether it has one anyway when nobody is there to ask.
    """

    shell_words: tuple[str, ...]
    source: str
    has_shell: bool = False


_PROGRAMS: Mapping[str, AgentProgram] = {
    "claude": AgentProgram(
        shell_words=("--dangerously-skip-permissions", "bash", "bypasspermissions"),
        source="https://docs.claude.com/en/docs/claude-code/cli-reference",
    ),
    "codex": AgentProgram(
        shell_words=(
            "--full-auto",
            "--yolo",
            "--dangerously-bypass-approvals-and-sandbox",
            "danger-full-access",
        ),
        has_shell=True,
        source="https://developers.openai.com/codex/cli/reference",
    ),
    "gemini": AgentProgram(
        shell_words=("--yolo", "-y", "yolo", "run_shell_command"),
        source="https://github.com/google-gemini/gemini-cli/blob/main/docs/cli/configuration.md",
    ),
    "qwen": AgentProgram(
        shell_words=("--yolo", "-y", "yolo", "run_shell_command"),
        source="https://github.com/QwenLM/qwen-code",
    ),
    "copilot": AgentProgram(
        shell_words=("--allow-all-tools", "--allow-all", "--yolo", "shell"),
        source="https://docs.github.com/en/copilot/concepts/agents/about-copilot-cli",
    ),
    "opencode": AgentProgram(shell_words=(), has_shell=True, source="https://opencode.ai/docs/cli"),
    "aider": AgentProgram(
        shell_words=("--yes-always", "--yes", "--auto-test"),
        source="https://aider.chat/docs/config/options.html",
    ),
    "goose": AgentProgram(shell_words=(), has_shell=True, source="https://block.github.io/goose"),
    "cursor-agent": AgentProgram(
        shell_words=("--force", "-f"), source="https://cursor.com/docs/cli/headless"
    ),
    "amp": AgentProgram(
        shell_words=("--dangerously-allow-all",), source="https://ampcode.com/manual"
    ),
    "crush": AgentProgram(
        shell_words=("--yolo", "-y"), source="https://github.com/charmbracelet/crush"
    ),
    "auggie": AgentProgram(
        shell_words=(), has_shell=True, source="https://docs.augmentcode.com/cli/automation"
    ),
    "cn": AgentProgram(
        shell_words=("--auto", "bash"), source="https://docs.continue.dev/guides/cli"
    ),
    "kiro-cli": AgentProgram(
        shell_words=("--trust-all-tools", "execute_bash"), source="https://kiro.dev/docs/cli"
    ),
    "droid": AgentProgram(
        shell_words=("--auto", "--skip-permissions-unsafe"), source="https://docs.factory.ai/cli"
    ),
}
_PACKAGES = {
    "@anthropic-ai/claude-code": "claude",
    "@openai/codex": "codex",
    "@google/gemini-cli": "gemini",
    "@qwen-code/qwen-code": "qwen",
    "@github/copilot": "copilot",
    "opencode-ai": "opencode",
    "aider-chat": "aider",
    "@sourcegraph/amp": "amp",
    "@charmland/crush": "crush",
    "@augmentcode/auggie": "auggie",
    "@continuedev/cli": "cn",
}
AGENT_PROGRAMS: Mapping[str, AgentProgram] = {
    **_PROGRAMS,
    **{package: _PROGRAMS[name] for package, name in _PACKAGES.items()},
}
"""Programs that are agents, also by the packages that `npx` and `uvx` run them from."""


class Refuser(Struct, frozen=True, kw_only=True):
    """An action that fails for people without write access. ``off`` are inputs that turn that
    off, with the values that do (any text where empty); ``on`` is an input without which it only
    says who came. ``source`` is where its documentation says so.
    """

    source: str
    off: Mapping[str, tuple[str, ...]] = {}
    on: str = ""


REFUSERS: Mapping[str, Refuser] = {
    "dependabot/fetch-metadata": Refuser(
        off={"skip-verification": ("true",)},
        source="https://github.com/dependabot/fetch-metadata#usage-instructions",
    ),
    "peter-evans/slash-command-dispatch": Refuser(
        off={"permission": ("none", "read", "triage")},
        source="https://github.com/peter-evans/slash-command-dispatch#action-inputs",
    ),
    "xt0rted/slash-command-action": Refuser(
        off={"permission-level": ("none", "read")},
        source="https://github.com/xt0rted/slash-command-action#options",
    ),
    "github/command": Refuser(
        off={"permissions": ("read", "triage"), "allow_forks": ()},
        source="https://github.com/github/command#inputs",
    ),
    "github/branch-deploy": Refuser(
        off={"permissions": ("read", "triage")},
        source="https://github.com/github/branch-deploy#inputs",
    ),
    "lannonbr/repo-permission-check-action": Refuser(
        off={"permission": ("none", "read", "triage")},
        source="https://github.com/lannonbr/repo-permission-check-action",
    ),
    "skjnldsv/check-actor-permission": Refuser(
        off={"require": ("none", "read", "triage")},
        on="require",
        source="https://github.com/skjnldsv/check-actor-permission",
    ),
    "prince-chrismc/check-actor-permissions-action": Refuser(
        off={"permission": ("none", "read", "triage")},
        source="https://github.com/prince-chrismc/check-actor-permissions-action",
    ),
    "tspascoal/get-user-teams-membership": Refuser(
        on="fail", source="https://github.com/tspascoal/get-user-teams-membership"
    ),
    "sushichop/action-repository-permission": Refuser(
        off={"required-permission": ("none", "read", "triage")},
        source="https://github.com/sushichop/action-repository-permission",
    ),
}
"""Actions that end the job for people without write access."""

ASKERS = _words(
    "actions-cool/check-user-permission tspascoal/get-user-teams-membership"
    " skjnldsv/check-actor-permission peter-murray/team-membership-action"
    " im-open/is-actor-authorized morfien101/actions-authorized-user"
    " scherermichael-oss/action-has-permission actions-ecosystem/action-check-permission"
    " prince-chrismc/check-actor-permissions-action github/issue-permission-check"
    " jamesmontemagno/check-permission getsentry/action-check-permission"
)
"""Actions that tell in an output what rights somebody has; what is made of it is not seen."""

PERMISSION_QUESTION = re.compile(
    r"collaborators/[^\s\"']+|getCollaboratorPermissionLevel|checkCollaborator"
    r"|teams/[^\s\"']+/memberships|getMembershipForUser|checkMembershipForUser"
    r"|orgs/[^\s\"']+/(?:public_)?members/|checkPublicMembershipForUser"
    r"|author_association|authorAssociation|viewerPermission|role_name",
    re.IGNORECASE,
)
"""Words of a script that asks what rights somebody has: GitHub's endpoints and their
names in octokit. https://docs.github.com/en/rest/collaborators/collaborators
"""

MUST_BE_TAGS: Mapping[str, str] = {
    "slsa-framework/slsa-github-generator": "https://github.com/slsa-framework/slsa-github-generator#referencing-slsa-builders-and-generators",
}
"""Workflows and actions that refuse to run unless they are called by a tag."""

TRUSTED_OWNERS = _words("actions github dependabot")
"""Owners whose repositories belong to the platform itself."""

SERVICE = re.compile(
    r"CODECOV|COVERALLS|CODACY|CODECLIMATE|SONAR|SNYK|FOSSA|SEMGREP|DEEPSOURCE|QLTY|COVERITY"
    r"|SLACK|DISCORD|TELEGRAM|TEAMS_WEBHOOK|MATRIX_|ZULIP|MASTODON|TWITTER|BLUESKY|WEBHOOK"
    r"|OPENAI|ANTHROPIC|CLAUDE|GEMINI|MISTRAL|MODEL_|GROQ|COHERE|LLM|DEEPSEEK|OPENROUTER"
    r"|AWS_|AZURE_|GCP_|GCLOUD|GOOGLE_|CLOUDFLARE|NETLIFY|VERCEL|HEROKU|FLY_|RENDER_|FIREBASE"
    r"|SENTRY|DATADOG|NEWRELIC|HONEYCOMB|GRAFANA|CODSPEED|BENCHER|CHROMATIC|PERCY|ARGOS|LOST_PIXEL"
    r"|BROWSERSTACK|SAUCE|LAMBDATEST|CYPRESS|HF_|HUGGING|KAGGLE|WANDB|CACHIX|TURBO|NX_CLOUD"
    r"|CROWDIN|TRANSIFEX|WEBLATE|LOCALAZY|POEDITOR|READTHEDOCS|RTD_|ZENODO|ALGOLIA|GPG|SIGNING"
    r"|PASSPHRASE|APPLE_|KEYSTORE|LINEAR|JIRA|TRELLO|NOTION|AIRTABLE|MAIL|SMTP|PYPI|NPM|CARGO"
    r"|CRATES|RUBYGEMS|GEM_|NUGET|DOCKER|QUAY|SONATYPE|OSSRH|MAVEN|ANACONDA|CONDA|HEX_|VSCE|OVSX"
    r"|BUILDKITE|CIRCLE|TRAVIS|GRADLE_ENT|DEVELOCITY|PYROSCOPE|SCORECARD|STEPSECURITY|LIGHTHOUSE|LHCI"
    r"|PROJECT_BOARD|PROJECTS_TOKEN|ADD_TO_PROJECT|LABELER|CLA_",
    re.IGNORECASE,
)
"""Names of secrets that belong to other services: they push nothing to GitHub. Which service
each is comes from the service's own documentation of its action or command.
"""

PUSHES = re.compile(
    r"(?:^|_)PATS?(?:_|$)|PERSONAL_ACCESS|ACCESS_TOKEN_GITHUB|(?:^|_)GH_|GITHUB_(?!TOKEN$)|_GH(?:_|$)|_GITHUB(?:_|$)|GHA?_TOKEN|GH_?PAT|PUSH|DEPLOY_KEY|SSH_(?:PRIVATE_)?KEY|RELEASE_TOKEN|BOT_(?:TOKEN|PAT|KEY)|ADMIN_TOKEN"
    r"|MAINTAINER|REPO_TOKEN|WORKFLOW_TOKEN|AUTOMATION_TOKEN|MERGE_TOKEN|CI_TOKEN|APP_(?:PRIVATE_)?KEY|BOT_PRIVATE_KEY",
    re.IGNORECASE,
)
"""Names that people give to tokens and keys that push to GitHub."""

GITHUB_VARIABLES = _words(
    "gh_token github_token gh_pat github_pat gh_enterprise_token github_api_token github_auth"
    " homebrew_github_api_token release_plz_token semantic_release_token git_token"
    " input_github_token github_oauth_token"
)
"""Variables from which programs take a token for GitHub."""

GITHUB_INPUTS = _words(
    "token github-token github_token gh-token gh_token repo-token repo_token"
    " personal-access-token personal_access_token access-token pat push-token"
    " ssh-key ssh_key ssh-private-key deploy_key deploy-key actions_deploy_key"
    " github-personal-access-token git-token merge-token auth-token"
)
"""Inputs in which actions take a token or key for GitHub."""

SERVICE_ACTIONS = _words(
    "codecov/codecov-action coverallsapp/github-action codacy/codacy-coverage-reporter-action"
    " sonarsource/sonarcloud-github-action sonarsource/sonarqube-scan-action snyk/actions"
    " slackapi/slack-github-action rtcamp/action-slack-notify chromaui/action cloudflare/wrangler-action"
    " cloudflare/pages-action amondnet/vercel-action nwtgck/actions-netlify codspeedhq/action"
    " argos-ci/cli cachix/cachix-action fossas/fossa-action bencherdev/bencher"
    " getsentry/action-release crowdin/github-action cypress-io/github-action qltysh/qlty-action"
    " deepsourcelabs/test-coverage-action hashicorp/setup-terraform treosh/lighthouse-ci-action"
    " actions/add-to-project docker/login-action pypa/gh-action-pypi-publish"
    " js-devtools/npm-publish gradle/actions"
)
"""Actions whose token belongs to another service, or only adds to a project board."""

APP_TOKENS = _words(
    "actions/create-github-app-token tibdex/github-app-token"
    " peter-murray/workflow-application-token-action getsentry/action-github-app-token"
    " navikt/github-app-token-generator getgrafana/create-github-app-token"
    " wow-actions/use-app-token cybozu/octoken-action jnwng/github-app-installation-token-action"
    " suzuki-shunsuke/github-token-action electron/github-app-auth-action"
    " machine-learning-apps/actions-app-token"
)
"""Actions that turn an app's private key into a token of the app."""

APP_KEYS = _words("private-key private_key privatekey app_pem application_private_key creds")

MERGERS: Mapping[str, str] = {
    "pascalgn/automerge-action": "https://github.com/pascalgn/automerge-action",
    "fastify/github-action-merge-dependabot": "https://github.com/fastify/github-action-merge-dependabot",
    "ahmadnassri/action-dependabot-auto-merge": "https://github.com/ahmadnassri/action-dependabot-auto-merge",
    "peter-evans/enable-pull-request-automerge": "https://github.com/peter-evans/enable-pull-request-automerge",
    "alexwilson/enable-github-automerge-action": "https://github.com/alexwilson/enable-github-automerge-action",
    "koj-co/dependabot-pr-action": "https://github.com/koj-co/dependabot-pr-action",
    "sudo-bot/action-pull-request-merge": "https://github.com/sudo-bot/action-pull-request-merge",
    "juliangruber/merge-pull-request-action": "https://github.com/juliangruber/merge-pull-request-action",
    "ridedott/merge-me-action": "https://github.com/ridedott/merge-me-action",
    "reitermarkus/automerge": "https://github.com/reitermarkus/automerge",
}
"""Actions that merge pull requests."""
CHECKED_MERGERS = _words(
    "fastify/github-action-merge-dependabot ahmadnassri/action-dependabot-auto-merge"
    " koj-co/dependabot-pr-action ridedott/merge-me-action"
)
"""Of these, the ones that look at the pull request's author themselves."""

MERGE_CALL = re.compile(
    r"\bpulls\.merge\b|enablePullRequestAutoMerge|mergePullRequest\b|/pulls/[^\s\"']+/merge\b"
)
"""Words of a script that merges a pull request, or sets it to merge by itself."""

COMMAND_INPUTS: Mapping[str, tuple[str, ...]] = {
    "coactions/setup-xvfb": ("run",),
    "gabrielbb/xvfb-action": ("run",),
    "nick-fields/retry": ("command",),
    "nick-invision/retry": ("command",),
    "pyvista/setup-headless-display-action": ("command",),
    "reactivecircus/android-emulator-runner": ("script",),
    "wandalen/wretry.action": ("command",),
}
"""Actions that run the commands of an input in the workspace, by that input."""
PROJECT_ACTIONS = _words(
    "pre-commit/action pypa/cibuildwheel joerick/cibuildwheel hynek/build-and-inspect-python-package"
    " pyo3/maturin-action messense/maturin-action goreleaser/goreleaser-action changesets/action"
    " preactjs/compressed-size-action andresz1/size-limit-action cypress-io/github-action"
    " bahmutov/npm-install borales/actions-yarn actions-rs/cargo "
    " github/codeql-action/autobuild google/clusterfuzzlite/actions/build_fuzzers"
    " chromaui/action jestaction/jest artiomtr/jest-coverage-report-action"
    " davelosert/vitest-coverage-report-action wagoid/commitlint-github-action"
    " wearerequired/lint-action reviewdog/action-eslint reviewdog/action-rubocop"
    " helaili/jekyll-action treosh/lighthouse-ci-action"
    " ruby/setup-ruby gradle/gradle-build-action gradle/actions/setup-gradle eskatos/gradle-command-action"
    " burrunan/gradle-cache-action withastro/action"
    " ammaraskar/sphinx-action relekang/python-semantic-release cloudflare/wrangler-action"
    " python-semantic-release/python-semantic-release cycjimmy/semantic-release-action"
    " ramsey/composer-install shivammathur/composer tox-dev/action-pre-commit-uv"
    " casperdcl/deploy-pypi etils-actions/pypi-auto-publish openastronomy/build-python-dist"
    " rubygems/release-gem js-devtools/npm-publish"
    " pnpm/action-setup r-lib/actions/setup-r-dependencies r-lib/actions/check-r-package"
    " julia-actions/julia-runtest julia-actions/julia-buildpkg julia-actions/julia-docdeploy"
    " quarto-dev/quarto-actions/render quarto-dev/quarto-actions/publish devcontainers/ci"
    " firebaseextended/action-hosting-deploy azure/static-web-apps-deploy danger/danger-js danger/swift"
    " tauri-apps/tauri-action samuelmeuli/action-electron-builder xu-cheng/latex-action"
    " dante-ev/latex-action ansible/ansible-lint oxsecurity/megalinter trunk-io/trunk-action"
    " super-linter/super-linter github/super-linter google/oss-fuzz/infra/cifuzz/actions/build_fuzzers"
    " houseabsolute/actions-rust-cross erlangpack/github-action"
) - _words("docker://jekyll/builder actions/jekyll-build-pages")
"""Actions that build, install or test what lies in the workspace, and so run its code."""
ONLY_WITH: Mapping[str, str] = {
    "gradle/gradle-build-action": "arguments",
    "gradle/actions/setup-gradle": "arguments",
    "burrunan/gradle-cache-action": "arguments",
    "ruby/setup-ruby": "bundler-cache",
    "cloudflare/wrangler-action": "prebuild",
    "wearerequired/lint-action": "eslint",
    "pnpm/action-setup": "run_install",
}
"""Of these, the ones that do so only where an input asks for it."""

BUILD_ON_PUBLISH = _words("docker/build-push-action docker/bake-action")
"""Actions that build the workspace in a container of their own, and may publish what they build."""

DEPENDENCIES_UNRUN = _words("--ignore-scripts --package-lock-only --dry-run --version --help -h -v")

PROJECT_PROGRAMS = _words(
    "make gmake cmake ninja meson bazel bazelisk buck2 scons waf just task invoke inv doit poe rake"
    " tox nox pytest py.test unittest pre-commit prek hatch poetry pdm flit maturin rye pipenv build"
    " pyproject-build cibuildwheel sphinx-build mkdocs"
    " mvn mvnw gradle gradlew sbt ant lein mill dotnet msbuild nuke swift xcodebuild fastlane pod"
    " bundle jekyll rspec mix rebar3 cabal stack zig crystal nimble opam dune composer phpunit"
    " jest vitest mocha ava karma webpack rollup vite esbuild parcel turbo nx lerna gulp grunt tsc-watch"
    " eslint stylelint commitlint playwright cypress wrangler serverless semantic-release changeset"
    " release-it storybook build-storybook size-limit next nuxt astro gatsby docusaurus vitepress"
    " terraform terragrunt pulumi cdk ansible-playbook vagrant melange earthly dagger"
    " docker-compose tilt skaffold colcon catkin_make snapcraft flatpak-builder"
    " check-wheel-build wasm-pack trunk hugo-dev asv airspeed mage ko goreleaser"
    " prettier pylint flake8 mypy rubocop standardrb phpstan psalm php-cs-fixer rector checkov"
    " ansible-lint moon lake latexmk autoreconf autogen.sh buildozer briefcase pyinstaller cpanm prove"
    " carton raco spago gleam fpm premake5 xmake bjam b2 gn qmake ndk-build tup redo pants plz please"
    " gprbuild alr truffle hardhat forge anchor run-s run-p npm-run-all tsup unbuild rspack rsbuild bunchee"
    " lage rush ng react-scripts vue-cli-service expo ember svelte-kit svelte-check knip lint-staged"
    " typedoc antora honkit quarto papermill mdbook pelican nikola lektor hexo eleventy coverage trial"
    " nose2 behave robot locust danger danger-js helmfile werf garden sst sam chalice zappa melos"
    " carthage tuist electron-builder electron-forge ncc oclif ganache paver"
)
"""Programs that run what a project's own files say: its build, its tests or its configuration."""

SUBCOMMANDS: Mapping[str, frozenset[str]] = {
    "npm": _words(
        "ci install i run test t start pack publish rebuild run-script install-test it exec x"
    ),
    "pnpm": _words(
        "install i run test build start pack publish exec dlx rebuild recursive -r lint"
    ),
    "yarn": _words("install run test build start pack publish workspaces workspace lint exec"),
    "bun": _words("install i run test build publish x"),
    "npx": frozenset(),
    "uv": _words("sync run build publish"),
    "pip": _words("install wheel"),
    "pip3": _words("install wheel"),
    "cargo": _words(
        "build b test t run r check c clippy bench publish package nextest doc install hack llvm-cov miri xtask"
    ),
    "go": _words("test run generate"),
    "gem": _words("build"),
    "docker": _words("compose"),
    "nix": _words("develop build run shell"),
    "pixi": _words("run install shell"),
    "deno": _words("run task test publish bench"),
    "mise": _words("run r exec x install i tasks watch"),
    "conda": _words("build"),
    "conan": _words("create install build export-pkg test"),
    "vcpkg": _words("install"),
    "flutter": _words("test build run pub drive analyze"),
    "dart": _words("run test pub compile build"),
    "fvm": _words("flutter dart"),
    "luarocks": _words("make install build test"),
    "packer": _words("build init validate"),
    "r": _words("CMD"),
    "netlify": _words("build deploy dev"),
    "vercel": _words("build deploy dev"),
    "firebase": _words("deploy"),
    "jupyter": _words("execute nbconvert"),
    "rattler-build": _words("build"),
    "twine": frozenset(),
}
"""Programs that do so with some subcommands; a bare ``yarn`` installs."""
PLAIN = _words("yarn bun pnpm")
"""Of these, the ones whose scripts are also called without ``run``."""
