"""Uploaders of editor extensions: the VS Code Marketplace and Open VSX."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.uploader import ALWAYS, SWITCH_ON, Tokens, Uploader

_MARKETPLACE = "*marketplace.visualstudio.*"
_VSCE_TOKENS = Tokens(
    inputs=("pat", "token", "vsce-token", "vsce_token", "marketplace-pat", "marketplace-token"),
    env=("VSCE_PAT", "VSCE_TOKEN", "VS_MARKETPLACE_TOKEN"),
    options=("-p", "--pat"),
    logins=("vsce login",),
    # https://code.visualstudio.com/api/working-with-extensions/publishing-extension
    login_actions={"azure/login": ("creds",)},
    minted_by=("azure/login",),
)
_OVSX_TOKENS = Tokens(
    inputs=("pat", "token", "ovsx-token", "ovsx_token", "openvsx-token", "open-vsx-token"),
    env=("OVSX_PAT", "OVSX_TOKEN", "OPEN_VSX_TOKEN", "OPEN_VSX_PAT"),
    options=("-p", "--pat"),
)

EDITORS: tuple[Uploader, ...] = (
    Uploader(
        mechanism="vsce publish",
        registry=Registry.VSCODE,
        commands=("vsce publish", "@vscode/vsce publish"),
        tokens=_VSCE_TOKENS,
        oidc=ALWAYS,
        # https://github.com/microsoft/vscode-vsce/pull/1291
        oidc_words=("--oidc",),
    ),
    Uploader(
        mechanism="ovsx publish",
        registry=Registry.OPENVSX,
        commands=("ovsx publish",),
        tokens=_OVSX_TOKENS,
        # https://github.com/eclipse-openvsx/openvsx/wiki/Trusted-Publishing
        oidc=ALWAYS,
    ),
    Uploader(
        mechanism="HaaLeo/publish-vscode-extension",
        registry=Registry.VSCODE,
        actions=("haaleo/publish-vscode-extension",),
        # It uploads to Open VSX unless this says otherwise.
        needs={"registryurl": (_MARKETPLACE,)},
        stops=SWITCH_ON,
        tokens=_VSCE_TOKENS,
    ),
    Uploader(
        mechanism="HaaLeo/publish-vscode-extension",
        registry=Registry.OPENVSX,
        actions=("haaleo/publish-vscode-extension",),
        stops={**SWITCH_ON, "registryurl": (_MARKETPLACE,)},
        tokens=_OVSX_TOKENS,
    ),
    Uploader(
        mechanism="tfx extension publish",
        registry=Registry.VSCODE,
        commands=("tfx extension publish",),
        tokens=Tokens(
            env=("AZURE_DEVOPS_EXT_PAT", *_VSCE_TOKENS.env),
            options=("-t", "--token"),
            logins=("tfx login",),
        ),
    ),
)
"""Every uploader of this module."""
