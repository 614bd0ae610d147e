"""The one list of uploaders, and what follows from it; a new uploader is one entry of a page."""

from __future__ import annotations

from audits.model.registry import Registry
from audits.workflow.uploaders.containers import CONTAINERS
from audits.workflow.uploaders.pypi import PYPI
from audits.workflow.uploaders.registries import REGISTRIES
from audits.workflow.uploaders.releases import RELEASES
from audits.workflow.uploaders.uploader import RunByAction, Uploader

ALL: tuple[Uploader, ...] = (*PYPI, *REGISTRIES, *CONTAINERS, *RELEASES)
"""Every uploader there is."""

RUN_BY_ACTION: dict[str, RunByAction] = {
    "pyo3/maturin-action": RunByAction(words=("maturin",), inputs=("command", "args")),
    "messense/maturin-action": RunByAction(words=("maturin",), inputs=("command", "args")),
    "actions-rs/cargo": RunByAction(words=("cargo",), inputs=("command", "args")),
    "goreleaser/goreleaser-action": RunByAction(
        words=("goreleaser",), inputs=("args",), off=("install-only",)
    ),
    "borales/actions-yarn": RunByAction(words=("yarn",), inputs=("cmd",)),
    "nick-fields/retry": RunByAction(inputs=("command",)),
    "nick-invision/retry": RunByAction(inputs=("command",)),
    "wandalen/wretry.action": RunByAction(inputs=("command",)),
}
"""Actions that run a command given in their inputs."""

WORDS_OF_RELEASE = ("publish", "release", "upload", "deploy", "push")
"""What a project calls a script of its own that uploads."""

MINTING_ACTIONS: dict[str, tuple[str, ...]] = {
    action: tuple(uploader.tokens.login_actions.get(action, ()))
    for uploader in ALL
    for action in uploader.tokens.minted_by
}
"""Actions that exchange an identity for a short-lived credential, unless one of these inputs
gives them a stored one.
"""


def _script_tokens(registry: Registry) -> tuple[str, ...]:
    names = (name for u in ALL if u.registry is registry for name in u.tokens.env)
    return tuple(dict.fromkeys((*names, *registry.info.token_variables)))


SCRIPT_TOKENS: dict[Registry, tuple[str, ...]] = {
    registry: _script_tokens(registry)
    for registry in Registry
    if registry.info.found_by_token and any(u.registry is registry for u in ALL)
}
"""Variables whose presence tells that a script of the project uploads, by registry."""
