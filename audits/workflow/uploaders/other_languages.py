"""Uploaders of crates, gems, .NET, Dart, Elixir and PowerShell packages."""

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

_CARGO_TOKENS = Tokens(
    inputs=("registry-token", "cargo-registry-token"),
    env=("CARGO_REGISTRY_TOKEN", "CARGO_REGISTRIES_*_TOKEN"),
    options=("--token",),
    logins=("cargo login", ".cargo/credentials", "CARGO_HOME/credentials"),
    minted_by=("rust-lang/crates-io-auth-action",),
)
_CARGO_TARGET = Target(
    name_options=("--registry",),
    url_options=("--index",),
    name_env=("CARGO_REGISTRY_DEFAULT",),
    in_files=True,
)
_CARGO_VALUES = frozenset({"--manifest-path", "--color", "--config", "-C", "-Z"})
_GEM_TOKENS = Tokens(
    inputs=("api_key", "api-key", "api-token"),
    env=("GEM_HOST_API_KEY", "RUBYGEMS_API_KEY", "RUBYGEMS_AUTH_TOKEN", "BUNDLE_GEM__PUSH_KEY"),
    options=("-k", "--key"),
    logins=(".gem/credentials", ".local/share/gem/credentials", "gem signin"),
    login_actions={"rubygems/configure-rubygems-credentials": ("api-token",)},
    minted_by=("rubygems/configure-rubygems-credentials",),
)
_NUGET_TOKENS = Tokens(
    inputs=("nuget_key", "nuget-key", "api-key"),
    env=("NUGET_API_KEY", "NUGET_AUTH_TOKEN", "NUGET_TOKEN"),
    options=("-k", "--api-key", "-ApiKey"),
    logins=("setapikey", "setApiKey", "SetApiKey", "nuget add source", "nuget update source"),
    minted_by=("nuget/login",),
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
        target=Target(in_files=True),
        actions=("release-plz/action", "marcoieni/release-plz-action"),
        stops={"command": ("release-pr", "update"), "dry_run": TRUE, "dry-run": TRUE},
        tokens=_CARGO_TOKENS,
        oidc="0.5.100",
    ),
    Uploader(
        mechanism="release-plz release",
        registry=Registry.CRATES,
        target=Target(in_files=True),
        commands=("release-plz release",),
        tokens=_CARGO_TOKENS,
        oidc=ALWAYS,
    ),
    Uploader(
        mechanism="katyo/publish-crates",
        registry=Registry.CRATES,
        actions=("katyo/publish-crates",),
        target=Target(in_files=True),
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
        target=Target(url_options=("--host",), url_env=("RUBYGEMS_HOST",), in_files=True),
        attests_words=("--attestation",),
    ),
    Uploader(
        mechanism="rake release",
        registry=Registry.RUBYGEMS,
        # Bundler's tasks, and those that projects build upon them.
        commands=(
            *("rake release", "rake release:rubygem_push", "rake gem:release", "rake gem:push"),
            *("rake publish", "rake push", "gem release"),
        ),
        needs_proof=True,
        tokens=_GEM_TOKENS,
        target=Target(url_env=("RUBYGEMS_HOST",), in_files=True),
        attests_known=False,
    ),
    Uploader(
        mechanism="rubygems/release-gem",
        registry=Registry.RUBYGEMS,
        actions=("rubygems/release-gem",),
        target=Target(in_files=True),
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
        target=Target(in_files=True),
        tokens=_GEM_TOKENS,
    ),
)

_NUGET: tuple[Uploader, ...] = (
    Uploader(
        mechanism="dotnet nuget push",
        registry=Registry.NUGET,
        commands=("dotnet nuget push", "nuget push", "dotnet paket push", "paket push"),
        tokens=_NUGET_TOKENS,
        target=Target(url_options=("-s", "--source", "-Source", "-src"), in_files=True),
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

_PUB_TOKENS = Tokens(
    inputs=("accesstoken", "refreshtoken", "credential", "credentials", "credentialjson"),
    env=Registry.PUB.info.token_variables,
    logins=("pub-credentials.json", "pub token add"),
)
_HEX_TOKENS = Tokens(
    inputs=("hex-api-key", "hex_api_key", "api-key"),
    env=Registry.HEX.info.token_variables,
    logins=("hex.organization auth", "hex.user key"),
)
_POWERSHELL_TOKENS = Tokens(
    inputs=("token", "nugetapikey", "apikey", "api-key"),
    env=Registry.POWERSHELL.info.token_variables,
    options=("-NuGetApiKey", "-ApiKey"),
)

_PUB: tuple[Uploader, ...] = (
    Uploader(
        mechanism="dart pub publish",
        registry=Registry.PUB,
        commands=("dart pub publish", "flutter pub publish", "pub publish"),
        value_options=frozenset({"-C", "--directory", "--server"}),
        dry=DRY | {"-n"},
        tokens=_PUB_TOKENS,
        target=Target(url_options=("--server",), url_env=("PUB_HOSTED_URL",), in_files=True),
        oidc=ALWAYS,
    ),
    Uploader(
        mechanism="melos publish",
        registry=Registry.PUB,
        commands=("melos publish",),
        # It only tries unless this is given: https://melos.invertase.dev/commands/publish
        needs_words=("--no-dry-run", "--dry-run=false"),
        dry=frozenset({"--help"}),
        tokens=_PUB_TOKENS,
        target=Target(in_files=True),
        oidc=ALWAYS,
    ),
    Uploader(
        mechanism="dart-lang publishing workflow",
        registry=Registry.PUB,
        actions=(
            "dart-lang/setup-dart/.github/workflows/publish.yml",
            "dart-lang/ecosystem/.github/workflows/publish.yml",
            "dart-lang/ecosystem/.github/workflows/publish.yaml",
        ),
        environment_input="environment",
        oidc=ALWAYS,
    ),
    Uploader(
        mechanism="pub publishing action",
        registry=Registry.PUB,
        actions=(
            "flutter-actions/pubdev-publish",
            "k-paxian/dart-package-publisher",
            "leancodepl/mobile-tools/.github/actions/pub-release",
            "sakebook/actions-flutter-pub-publisher",
        ),
        stops={**SWITCH_ON, "dryrunonly": TRUE},
        tokens=_PUB_TOKENS,
        oidc=ALWAYS,
    ),
)

_HEX: tuple[Uploader, ...] = (
    Uploader(
        mechanism="mix hex.publish",
        registry=Registry.HEX,
        commands=("mix hex.publish", "mix do hex.publish", "rebar3 hex publish", "gleam publish"),
        tokens=_HEX_TOKENS,
        target=Target(name_options=("--organization",), in_files=True),
    ),
    Uploader(
        mechanism="Hex publishing action",
        registry=Registry.HEX,
        actions=("erlangpack/github-action", "wesleimp/action-publish-hex"),
        tokens=_HEX_TOKENS,
    ),
)

_POWERSHELL: tuple[Uploader, ...] = (
    Uploader(
        mechanism="Publish-PSResource",
        registry=Registry.POWERSHELL,
        commands=("publish-module", "publish-psresource", "publish-script"),
        dry=frozenset({"-whatif", "-WhatIf", "-WhatIf:$true"}),
        tokens=_POWERSHELL_TOKENS,
        target=Target(name_options=("-Repository",)),
    ),
    Uploader(
        mechanism="PowerShell Gallery action",
        registry=Registry.POWERSHELL,
        actions=("pcgeek86/publish-powershell-module-action", "psmodule/publish-psmodule"),
        stops={**SWITCH_ON, "whatif": TRUE},
        tokens=_POWERSHELL_TOKENS,
    ),
)

_CONAN: tuple[Uploader, ...] = (
    Uploader(
        mechanism="conan upload",
        registry=Registry.CONAN,
        commands=("conan upload",),
        dry=DRY | {"--skip-upload"},
        tokens=Tokens(
            env=Registry.CONAN.info.token_variables,
            logins=("conan remote login", "conan user", "conan remote auth"),
        ),
        target=Target(name_options=("-r", "--remote")),
    ),
)

# It uploads a provider's packages in all languages: https://github.com/pulumi/pulumi-package-publisher
_PULUMI: tuple[Uploader, ...] = tuple(
    Uploader(
        mechanism="pulumi/pulumi-package-publisher",
        registry=registry,
        actions=("pulumi/pulumi-package-publisher",),
        stops={"sdk": stops},
        tokens=Tokens(env=(*registry.info.token_variables, *more)),
    )
    for registry, more, stops in (
        (Registry.PYPI, ("PYPI_PASSWORD",), ("all,!python",)),
        (Registry.NPM, ("NODE_AUTH_TOKEN",), ("all,!nodejs",)),
        (Registry.NUGET, ("NUGET_PUBLISH_KEY",), ("all,!dotnet",)),
        (Registry.MAVEN, ("PUBLISH_REPO_PASSWORD",), ("all,!java",)),
    )
)

REGISTRIES: tuple[Uploader, ...] = (
    *(*_CRATES, *_GEMS, *_NUGET),
    *(*_PUB, *_HEX, *_POWERSHELL, *_CONAN, *_PULUMI),
)
"""Every uploader of this module."""
