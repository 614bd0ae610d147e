"""Uploaders of npm packages and of JSR."""

from __future__ import annotations

from msgspec.structs import replace

from audits.model.publication import Channel
from audits.model.registry import Registry
from audits.workflow.uploaders.github_releases import GITHUB_BY_TOOL
from audits.workflow.uploaders.uploader import (
    ALWAYS,
    DRY,
    SWITCH_ON,
    TRUE,
    Contents,
    Target,
    Tokens,
    Uploader,
)

_TOKENS = Tokens(
    inputs=("token", "npm-token", "npm_token", "npm-auth-token", "npm_auth_token"),
    env=(
        *("NODE_AUTH_TOKEN", "NPM_TOKEN", "NPM_AUTH_TOKEN", "NPM_CONFIG_TOKEN"),
        *("YARN_NPM_AUTH_TOKEN", "NPM_CONFIG_*AUTHTOKEN", "NPM_CONFIG__AUTH", "BUN_AUTH_TOKEN"),
        "YARN_NPM_AUTH_IDENT",
    ),
    options=("--_auth", "--_authToken", "--token"),
    logins=("_authToken", "npmAuthToken", "npmAuthIdent", ":_auth", ".npmrc", ".yarnrc.yml"),
)
_TARGET = Target(
    url_inputs=("registry", "registry-url"),
    url_options=("--registry",),
    url_env=("NPM_CONFIG_REGISTRY", "npm_config_registry", "YARN_NPM_PUBLISH_REGISTRY"),
    setup_actions={"actions/setup-node": ("registry-url",), "pnpm/setup": ("registry-url",)},
)
_VALUES = frozenset(
    {"--prefix", "-C", "--dir", "--filter", "-F", "-w", "--workspace", "--cwd"}
    | {"--registry", "--include", "--exclude", "--from", "--loglevel", "--tag", "--access"}
    | {"--userconfig", "--globalconfig", "--cache", "--otp", "--script-shell", "--reporter"}
)
_CONTENTS = Contents(
    directory_options=("--prefix", "-C", "--dir", "--cwd"),
    name_options=("--filter", "-F", "-w", "--workspace", "--include", "--scope"),
)

NPM: tuple[Uploader, ...] = (
    Uploader(
        mechanism="npm publish",
        registry=Registry.NPM,
        commands=(
            "npm publish",
            "pnpm publish",
            "yarn publish",
            "yarn npm publish",
            "yarn workspace * publish",
            "yarn workspace * npm publish",
            "yarn workspace * exec npm publish",
            "yarn workspaces foreach npm publish",
            "pnpm recursive publish",
        ),
        value_options=_VALUES,
        tokens=_TOKENS,
        target=_TARGET,
        contents=_CONTENTS,
        # Provenance comes by itself with trusted publishing, as the registry documents.
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="npm stage publish",
        registry=Registry.NPM,
        # A maintainer approves the release on the registry's pages:
        # https://github.com/npm/cli/pull/9379
        commands=("npm stage publish", "pnpm stage publish"),
        value_options=_VALUES,
        tokens=_TOKENS,
        target=_TARGET,
        contents=_CONTENTS,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="pkg-pr-new publish",
        registry=Registry.NPM,
        # Previews of commits, installed by their address and never by the package's name:
        # https://github.com/stackblitz-labs/pkg.pr.new
        commands=("pkg-pr-new publish", "pkg-pr-new"),
        only_channel=Channel.TEST,
    ),
    Uploader(
        mechanism="bun publish",
        registry=Registry.NPM,
        commands=("bun publish",),
        value_options=_VALUES,
        tokens=_TOKENS,
        target=_TARGET,
        contents=_CONTENTS,
    ),
    Uploader(
        mechanism="lerna publish",
        registry=Registry.NPM,
        commands=(
            "lerna publish",
            "lerna-lite publish",
            "@lerna-lite/cli publish",
            "nx release publish",
            "changeset publish",
            "changesets publish",
            "@changesets/cli publish",
            "np",
            "release-plan publish",
            "multi-semantic-release",
            "@qiwi/multi-semantic-release",
            "@anolilab/multi-semantic-release",
        ),
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="beachball publish",
        registry=Registry.NPM,
        commands=("beachball publish",),
        dry=DRY | {"--no-publish"},
        # https://microsoft.github.io/beachball/cli/options.html
        tokens=replace(_TOKENS, options=(*_TOKENS.options, "-n")),
        target=replace(_TARGET, url_options=("--registry", "-r")),
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="rush publish",
        registry=Registry.NPM,
        commands=("rush publish",),
        # Without it nothing leaves the machine: https://rushjs.io/pages/commands/rush_publish/
        needs_words=("--publish", "-p"),
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="nx release",
        registry=Registry.NPM,
        commands=("nx release",),
        dry=DRY | {"-d", "--skip-publish", "--skipPublish", "--printConfig", "--print-config"},
        not_words=("version", "changelog", "plan", "plan:check"),
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="napi prepublish",
        registry=Registry.NPM,
        # It publishes the packages of each platform on the side:
        # https://napi.rs/docs/cli/pre-publish
        commands=(
            "napi prepublish",
            "napi pre-publish",
            "@napi-rs/cli prepublish",
            "@napi-rs/cli pre-publish",
        ),
        dry=DRY | {"--skip-optional-publish", "--no-optional-publish"},
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="semantic-release",
        registry=Registry.NPM,
        commands=("semantic-release",),
        dry=DRY | {"-d", "--noop", "version", "publish", "changelog", "print-version"},
        needs_proof=True,
        otherwise=GITHUB_BY_TOOL,
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="release-it",
        registry=Registry.NPM,
        commands=("release-it",),
        dry=DRY
        | {"-d", "--release-version", "--changelog", "--no-npm", "--no-npm.publish"}
        | {"--npm=false", "--npm.publish=false"},
        needs_proof=True,
        otherwise=GITHUB_BY_TOOL,
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="auto",
        registry=Registry.NPM,
        # https://intuit.github.io/auto/docs/generated/shipit
        commands=("auto shipit", "auto latest", "auto next", "auto canary", "auto release"),
        dry=DRY | {"-d", "--list-plugins"},
        needs_proof=True,
        otherwise=GITHUB_BY_TOOL,
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="semantic-release action",
        registry=Registry.NPM,
        actions=(
            "codfish/semantic-release-action",
            "cycjimmy/semantic-release-action",
            "ridedott/release-me-action",
            "splunk/semantic-release-action",
            "open-turo/actions-release/semantic-release",
        ),
        stops=SWITCH_ON,
        needs_proof=True,
        otherwise=GITHUB_BY_TOOL,
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="changesets/action",
        registry=Registry.NPM,
        actions=("changesets/action",),
        # Without `publish` it only opens the pull request.
        needs={"publish": ()},
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="changesets/action/publish",
        registry=Registry.NPM,
        # Version 2 has an action for each half: https://github.com/changesets/action
        actions=("changesets/action/publish",),
        tokens=_TOKENS,
        target=_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="JS-DevTools/npm-publish",
        registry=Registry.NPM,
        actions=("js-devtools/npm-publish",),
        stops=SWITCH_ON,
        tokens=_TOKENS,
        target=_TARGET,
        contents=Contents(directory_inputs=("package",)),
        oidc="4",
        attests="4",
    ),
    Uploader(
        mechanism="npm publishing action",
        registry=Registry.NPM,
        actions=(
            "pascalgn/npm-publish-action",
            "primer/publish",
            "mikeal/merge-release",
            "typefox/gh-publish-npm",
        ),
        stops=SWITCH_ON,
        tokens=_TOKENS,
        target=_TARGET,
        attests_known=False,
    ),
    Uploader(
        mechanism="jupyter_releaser",
        registry=Registry.NPM,
        actions=(
            "jupyter-server/jupyter_releaser/.github/actions/finalize-release",
            "jupyter-server/jupyter-releaser/.github/actions/finalize-release",
        ),
        stops={"dry_run": TRUE},
        # Most of its users have no npm package; the token is the sign of one.
        needs_token=True,
        tokens=Tokens(inputs=("npm_token",), env=("NPM_TOKEN",)),
    ),
)
"""Uploaders of npm."""

JSR: tuple[Uploader, ...] = (
    Uploader(
        mechanism="deno publish",
        registry=Registry.JSR,
        commands=("deno publish", "jsr publish", "@jsr/cli publish"),
        value_options=frozenset({"-c", "--config", "--token"}),
        tokens=Tokens(
            env=("JSR_TOKEN", "DENO_AUTH_TOKENS"),
            options=("--token",),
        ),
        oidc=ALWAYS,
        attests=ALWAYS,
        attests_not_words=("--no-provenance",),
    ),
)
"""Uploaders of JSR."""
