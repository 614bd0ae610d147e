"""Uploaders of the other registries with trusted publishing: npm, crates, RubyGems, NuGet."""

from __future__ import annotations

from audits.model.registry import Registry
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

_NPM_TOKENS = Tokens(
    inputs=("token", "npm-token", "npm_token"),
    env=("NODE_AUTH_TOKEN", "NPM_TOKEN", "NPM_AUTH_TOKEN", "YARN_NPM_AUTH_TOKEN"),
    options=("--_auth", "--_authToken"),
    logins=("_authToken", "npmAuthToken", ".npmrc"),
)
_NPM_TARGET = Target(
    url_inputs=("registry", "registry-url"),
    url_options=("--registry",),
    url_env=("NPM_CONFIG_REGISTRY", "npm_config_registry", "YARN_NPM_PUBLISH_REGISTRY"),
    setup_actions={"actions/setup-node": ("registry-url",), "pnpm/setup": ("registry-url",)},
)
_NPM_CONTENTS = Contents(
    directory_options=("--prefix", "-C", "--dir"),
    name_options=("--filter", "-F", "-w", "--workspace"),
)
_CARGO_TOKENS = Tokens(
    inputs=("registry-token", "cargo-registry-token"),
    env=("CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_*_TOKEN"),
    options=("--token",),
    logins=("cargo login",),
    minted_by=("rust-lang/crates-io-auth-action",),
)
_CARGO_TARGET = Target(
    name_options=("--registry",), url_options=("--index",), name_env=("CARGO_REGISTRY_DEFAULT",)
)
_CARGO_VALUES = frozenset({"--manifest-path", "--color", "--config", "-C", "-Z"})
_GEM_TOKENS = Tokens(
    inputs=("api_key", "api-key", "api-token"),
    env=("GEM_HOST_API_KEY", "RUBYGEMS_API_KEY", "RUBYGEMS_AUTH_TOKEN"),
    logins=(".gem/credentials", ".local/share/gem/credentials"),
    login_actions={"rubygems/configure-rubygems-credentials": ("api-token",)},
    minted_by=("rubygems/configure-rubygems-credentials",),
)
_NUGET_TOKENS = Tokens(
    inputs=("nuget_key", "nuget-key", "api-key"),
    env=("NUGET_API_KEY", "NUGET_AUTH_TOKEN", "NUGET_TOKEN"),
    options=("-k", "--api-key", "-ApiKey", "-apikey"),
    minted_by=("nuget/login",),
)

_NPM: tuple[Uploader, ...] = (
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
            "yarn workspaces foreach npm publish",
            "pnpm recursive publish",
        ),
        value_options=frozenset(
            {"--prefix", "-C", "--dir", "--filter", "-F", "-w", "--workspace", "--cwd"}
            | {"--registry", "--include", "--exclude", "--from"}
        ),
        tokens=_NPM_TOKENS,
        target=_NPM_TARGET,
        contents=_NPM_CONTENTS,
        # Provenance comes by itself with trusted publishing, as the registry documents.
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="bun publish",
        registry=Registry.NPM,
        commands=("bun publish",),
        tokens=_NPM_TOKENS,
        target=_NPM_TARGET,
    ),
    Uploader(
        mechanism="lerna publish",
        registry=Registry.NPM,
        commands=(
            "lerna publish",
            "nx release publish",
            "changeset publish",
            "np",
            "beachball publish",
        ),
        tokens=_NPM_TOKENS,
        target=_NPM_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="semantic-release",
        registry=Registry.NPM,
        commands=("semantic-release",),
        dry=DRY | {"-d", "--noop", "version", "publish", "changelog", "print-version"},
        needs_token=True,
        tokens=_NPM_TOKENS,
        target=_NPM_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="cycjimmy/semantic-release-action",
        registry=Registry.NPM,
        actions=("cycjimmy/semantic-release-action", "codfish/semantic-release-action"),
        stops=SWITCH_ON,
        needs_token=True,
        tokens=_NPM_TOKENS,
        target=_NPM_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="changesets/action",
        registry=Registry.NPM,
        actions=("changesets/action",),
        # Without `publish` it only opens the pull request.
        needs={"publish": ()},
        tokens=_NPM_TOKENS,
        target=_NPM_TARGET,
        oidc=ALWAYS,
        attests=ALWAYS,
    ),
    Uploader(
        mechanism="JS-DevTools/npm-publish",
        registry=Registry.NPM,
        actions=("js-devtools/npm-publish",),
        stops=SWITCH_ON,
        tokens=_NPM_TOKENS,
        target=_NPM_TARGET,
        contents=Contents(directory_inputs=("package",)),
        oidc="4",
        attests="4",
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

_CRATES: tuple[Uploader, ...] = (
    Uploader(
        mechanism="cargo publish",
        registry=Registry.CRATES,
        commands=(
            "cargo publish",
            "cargo workspaces publish",
            "cargo ws publish",
            "cargo mono publish",
            "cargo-workspaces publish",
        ),
        value_options=_CARGO_VALUES,
        dry=DRY | {"-n"},
        tokens=_CARGO_TOKENS,
        target=_CARGO_TARGET,
        contents=Contents(name_options=("-p", "--package"), directory_options=("--manifest-path",)),
    ),
    Uploader(
        mechanism="cargo release",
        registry=Registry.CRATES,
        commands=("cargo release", "cargo smart-release"),
        value_options=_CARGO_VALUES,
        needs_words=("--execute", "-x"),
        dry=DRY | {"--no-publish"},
        tokens=_CARGO_TOKENS,
        target=_CARGO_TARGET,
        contents=Contents(name_options=("-p", "--package")),
    ),
    Uploader(
        mechanism="release-plz",
        registry=Registry.CRATES,
        actions=("release-plz/action", "marcoieni/release-plz-action"),
        stops={"command": ("release-pr", "update"), "dry_run": TRUE, "dry-run": TRUE},
        tokens=_CARGO_TOKENS,
        oidc="0.5.100",
    ),
    Uploader(
        mechanism="release-plz release",
        registry=Registry.CRATES,
        commands=("release-plz release",),
        tokens=_CARGO_TOKENS,
        oidc=ALWAYS,
    ),
    Uploader(
        mechanism="katyo/publish-crates",
        registry=Registry.CRATES,
        actions=("katyo/publish-crates",),
        stops=SWITCH_ON,
        tokens=_CARGO_TOKENS,
        contents=Contents(directory_inputs=("path",)),
    ),
)

_GEMS: tuple[Uploader, ...] = (
    Uploader(
        mechanism="gem push",
        registry=Registry.RUBYGEMS,
        commands=("gem push",),
        tokens=_GEM_TOKENS,
        target=Target(url_options=("--host",), url_env=("RUBYGEMS_HOST",)),
        attests_words=("--attestation",),
    ),
    Uploader(
        mechanism="rubygems/release-gem",
        registry=Registry.RUBYGEMS,
        actions=("rubygems/release-gem",),
        tokens=_GEM_TOKENS,
        oidc=ALWAYS,
        attests=ALWAYS,
        attests_input="attestations",
        oidc_switch="setup-trusted-publisher",
    ),
    Uploader(
        mechanism="dawidd6/action-publish-gem",
        registry=Registry.RUBYGEMS,
        actions=("dawidd6/action-publish-gem", "cadwallion/publish-rubygems-action"),
        tokens=_GEM_TOKENS,
    ),
)

_NUGET: tuple[Uploader, ...] = (
    Uploader(
        mechanism="dotnet nuget push",
        registry=Registry.NUGET,
        commands=("dotnet nuget push", "nuget push"),
        tokens=_NUGET_TOKENS,
        target=Target(url_options=("-s", "--source", "-Source", "-src")),
    ),
    Uploader(
        mechanism="NuGet publishing action",
        registry=Registry.NUGET,
        actions=(
            "alirezanet/publish-nuget",
            "brandedoutcast/publish-nuget",
            "rohith/publish-nuget",
        ),
        tokens=_NUGET_TOKENS,
        target=Target(url_inputs=("nuget_source",)),
        contents=Contents(name_inputs=("package_name",)),
    ),
)

REGISTRIES: tuple[Uploader, ...] = (*_NPM, *_CRATES, *_GEMS, *_NUGET)
"""All of this page."""
