"""Names of container images, as a workflow writes them: which registry serves them, and the tag."""

from __future__ import annotations

import re

from msgspec import Struct

DOCKER_HUB = "registry-1.docker.io"
"""The host of Docker Hub's registry; names without a host are looked for there.
https://docs.docker.com/reference/cli/docker/image/tag/#description
"""

_HUB_NAMES = frozenset({"docker.io", "index.docker.io", DOCKER_HUB})
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9-]+(?::\d{1,5})?", re.IGNORECASE)
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
_NAME = re.compile(
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
_LONGEST = 255
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


class ImageName(Struct, frozen=True, kw_only=True):
    """An image without a digest: the ``host`` of its registry with a port, its ``name`` there in
    full, and its ``tag``, "latest" where none is written.
    """

    host: str
    name: str
    tag: str


def registry_host(name: str) -> str:
    """The host that serves the images of a registry, by a name that people write for it."""
    host = name.lower()
    return DOCKER_HUB if host in _HUB_NAMES else host


def has_digest(reference: str) -> bool:
    """Whether a reference ends in a digest, which alone counts then."""
    return _DIGEST.search(reference) is not None


def image_name(reference: str) -> ImageName | None:
    """The parts of a reference; None for one with a digest or an expression, or that is none."""
    text = reference.strip().removeprefix("docker://")
    first, slash, rest = text.partition("/")
    has_host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, path = (registry_host(first), rest) if has_host else (DOCKER_HUB, text)
    name, colon, tag = path.partition(":")
    if host == DOCKER_HUB and "/" not in name:
        name = f"library/{name}"
    tag = tag if colon else "latest"
    if len(text) > _LONGEST or not (_HOST.fullmatch(host) and _TAG.fullmatch(tag)):
        return None
    return ImageName(host=host, name=name, tag=tag) if _NAME.fullmatch(name) else None
