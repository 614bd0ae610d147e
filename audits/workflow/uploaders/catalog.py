"""The catalog of all uploaders, joined from the modules of this package."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.conda import CONDA
from audits.workflow.uploaders.containers import CONTAINERS
from audits.workflow.uploaders.editors import EDITORS
from audits.workflow.uploaders.github_releases import RELEASES
from audits.workflow.uploaders.java import JAVA
from audits.workflow.uploaders.node import JSR, NPM
from audits.workflow.uploaders.other_languages import REGISTRIES
from audits.workflow.uploaders.pypi import PYPI
from audits.workflow.uploaders.uploader import RunByAction, Uploader

ALL: tuple[Uploader, ...] = (
    *(*PYPI, *NPM, *JSR, *REGISTRIES, *CONTAINERS, *CONDA),
    *(*RELEASES, *EDITORS, *JAVA),
)
"""Every known uploader."""

RUN_BY_ACTION: dict[str, RunByAction] = {
    "pyo3/maturin-action": RunByAction(words=("maturin",), inputs=("command", "args")),
    "messense/maturin-action": RunByAction(words=("maturin",), inputs=("command", "args")),
    "actions-rs/cargo": RunByAction(words=("cargo",), inputs=("command", "args")),
    "goreleaser/goreleaser-action": RunByAction(
        words=("goreleaser",), inputs=("args",), off=("install-only",)
    ),
    "borales/actions-yarn": RunByAction(words=("yarn",), inputs=("cmd",)),
    "burrunan/gradle-cache-action": RunByAction(words=("gradle",), inputs=("arguments",)),
    "cloudflare/wrangler-action": RunByAction(words=("wrangler",), inputs=("command",)),
    "eskatos/gradle-command-action": RunByAction(words=("gradle",), inputs=("arguments",)),
    "gradle/actions/setup-gradle": RunByAction(words=("gradle",), inputs=("arguments",)),
    "gradle/gradle-build-action": RunByAction(words=("gradle",), inputs=("arguments",)),
    "jreleaser/release-action": RunByAction(words=("jreleaser",), inputs=("arguments",)),
    "lannonbr/vsce-action": RunByAction(words=("vsce",), inputs=("args",)),
    "nick-fields/retry": RunByAction(inputs=("command",)),
    "nick-invision/retry": RunByAction(inputs=("command",)),
    "wandalen/wretry.action": RunByAction(inputs=("command",)),
}
"""Actions that run a command given in their inputs."""

WORDS_OF_RELEASE = ("publish", "release", "upload", "deploy", "push")
"""Words in the names of projects' own scripts that upload."""

NODE_TOOLS = frozenset(
    command.split()[0]
    for uploader in ALL
    if uploader.registry in {Registry.NPM, Registry.JSR, Registry.VSCODE, Registry.OPENVSX}
    for command in uploader.commands
) - {"npm", "pnpm", "yarn", "bun", "deno"}
"""Uploaders that package managers run by name: `yarn changeset publish`."""

SECRET_STORES = frozenset(
    {
        "1password/load-secrets-action",
        "akeyless-community/akeyless-github-action",
        "aws-actions/aws-secretsmanager-get-secrets",
        "azure/get-keyvault-secrets",
        "bitwarden/sm-action",
        "cyberark/conjur-action",
        "dopplerhq/secrets-fetch-action",
        "google-github-actions/get-secretmanager-secrets",
        "grafana/shared-workflows/actions/get-vault-secrets",
        "hashicorp/vault-action",
        "infisical/secrets-action",
        "pulumi/esc-action",
        "rancher-eio/read-vault-secrets",
    }
)
"""Actions whose outputs are secrets from a store outside GitHub."""

MINTING_ACTIONS: dict[str, tuple[str, ...]] = {
    action: tuple(uploader.tokens.login_actions.get(action, ()))
    for uploader in ALL
    for action in uploader.tokens.minted_by
}
"""Actions that exchange an identity for a short-lived credential, unless one of these inputs
gives them a stored one.
"""

MINTING_VARIABLES = {"docker/login-action": "DOCKERHUB_OIDC_CONNECTIONID"}
"""Variables without which such an action asks for no identity."""

CLOUD_LOGINS = frozenset(
    {
        "aws-actions/configure-aws-credentials",
        "google-github-actions/auth",
        "azure/login",
    }
)
"""Logins of clouds: tokens that their command lines give out later are as good as the login."""


# Variables that serve many other purposes.
_OF_GITHUB = frozenset({"GH_TOKEN", "GITHUB_TOKEN", "AZURE_DEVOPS_EXT_PAT"})


def _script_tokens(registry: Registry) -> tuple[str, ...]:
    names = (name for u in ALL if u.registry is registry for name in u.tokens.env)
    own = (name for name in names if name not in _OF_GITHUB)
    return tuple(dict.fromkeys((*own, *registry.info.token_variables)))


SCRIPT_TOKENS: dict[Registry, tuple[str, ...]] = {
    registry: _script_tokens(registry)
    for registry in Registry
    if registry.info.found_by_token and any(u.registry is registry for u in ALL)
}
"""Variables whose presence shows that a script of the project uploads, by registry."""
