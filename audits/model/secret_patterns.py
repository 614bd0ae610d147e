"""Recognizes credentials in files, by their position and by their shape."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from msgspec import Struct

from audits.model.location import Scalar

# Tokens that say themselves what they are; formats as their issuers publish them for scanners:
# https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
_UPLOADERS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("a PyPI token", ("pypi-AgE",), r"pypi-AgE[\w-]{70,}"),
    ("an npm token", ("npm_",), r"npm_[A-Za-z0-9]{36}"),
    (
        "a GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{82})",
    ),
    ("a RubyGems key", ("rubygems_",), r"rubygems_[0-9a-f]{48}"),
    ("a crates.io token", ("cio",), r"(?<![A-Za-z0-9])cio[A-Za-z0-9]{32}(?![A-Za-z0-9])"),
    ("a NuGet key", ("oy2",), r"(?<![A-Za-z0-9])oy2[a-z0-9]{43}(?![A-Za-z0-9])"),
    ("a Docker Hub token", ("dckr_pat_",), r"dckr_pat_[\w-]{27,}"),
)
"""What a publishing credential looks like, and how it begins: most texts hold no such beginning."""
_OTHERS: tuple[tuple[str, str], ...] = (
    ("AIza", r"AIza[\w-]{35}"),
    ("eyJ", r"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}"),
    ("glpat-", r"glpat-[\w-]{20,}"),
    ("hf_", r"hf_[A-Za-z]{34}"),
    ("SG.", r"SG\.[\w-]{22}\.[\w-]{43}"),
    ("sk_live_", r"sk_live_[A-Za-z0-9]{24,}"),
    ("xapp-", r"xapp-\d-[\w-]{20,}"),
    ("xox", r"xox[abeoprs]-[\w-]{20,}"),
)
"""Credentials of other services: they publish nothing, but must not be shown either."""
_SHAPES = tuple(
    (what, heads, re.compile(rf"(?<![\w-]){pattern}(?![\w-])", re.ASCII))
    for what, heads, pattern in _UPLOADERS
)
TOKEN_HEADS = (*(head for _, heads, _ in _UPLOADERS for head in heads), *(h for h, _ in _OTHERS))
"""How tokens begin that are known by their look."""
ANY_TOKEN = re.compile(
    rf"(?:{'|'.join([*(p for _, _, p in _UPLOADERS), *(p for _, p in _OTHERS)])})[\w-]*", re.ASCII
)
"""A token of any service, wherever it is in a text."""

# Variables from which uploaders read a secret; a star stands for any rest.
_VARIABLES = re.compile(
    r"TWINE_PASSWORD|UV_PUBLISH_(TOKEN|PASSWORD)|HATCH_INDEX_AUTH|FLIT_PASSWORD"
    r"|POETRY_PYPI_TOKEN_\w+|POETRY_HTTP_BASIC_\w+_PASSWORD|PDM_PUBLISH_PASSWORD"
    r"|MATURIN_(PASSWORD|PYPI_TOKEN)|NPM_TOKEN|NODE_AUTH_TOKEN|CARGO_REGISTRY_TOKEN"
    r"|GEM_HOST_API_KEY|NUGET_API_KEY|ANACONDA_API_TOKEN"
)

LOGIN_ACTIONS = {
    "docker/login-action": ("password", "registry"),
    "azure/docker-login": ("password", "login-server"),
    "redhat-actions/podman-login": ("password", "registry"),
}
"""Actions that log in to a registry of images, with their inputs for password and registry."""

_LOCAL = frozenset({"localhost", "0.0.0.0", "::1", "host.docker.internal"})  # noqa: S104 - compared, never bound
_LOOPBACK = re.compile(r"127(\.[0-9]{1,3}){3}")
_URL_HOST = re.compile(r"https?://(?:[^\s\"'/@]*@)?([^\s\"'/<>|;]+)")


class Shape(Struct, frozen=True):
    """A token found by its look, from ``start`` in the text."""

    what: str
    start: int
    is_test: bool


def shapes(text: str) -> Iterator[Shape]:
    """Every token in a text that says itself what it is."""
    for what, heads, pattern in _SHAPES:
        for match in pattern.finditer(text) if any(map(text.__contains__, heads)) else ():
            yield Shape(what, match.start(), _is_for_test(match[0]))


def _is_for_test(token: str) -> bool:
    """Whether a token of the package index names its test instance: the issuer's host stands
    readable at its beginning.
    """
    head = token.removeprefix("pypi-")[:40]
    return head != token[:40] and b"test." in urlsafe_b64decode(head)


def is_literal(value: Scalar) -> bool:
    """Whether a value is in the file itself, rather than in a secret or a variable."""
    text = value.value.strip()
    plain = not value.is_null and not value.is_true and not value.is_false
    return plain and bool(text) and "${{" not in text and not text.startswith(("$", "%"))


def carries_credential(variable: str) -> bool:
    """Whether an uploader reads a secret from a variable of this name."""
    return _VARIABLES.fullmatch(variable) is not None


def is_local_host(host: str) -> bool:
    """Whether a host (with or without port) is the machine itself."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return False
    return name in _LOCAL or name.endswith(".localhost") or _LOOPBACK.fullmatch(name) is not None


def is_local_image(reference: str) -> bool:
    """Whether an image comes from a registry on the machine itself."""
    host, slash, _ = reference.removeprefix("docker://").partition("/")
    return bool(slash) and is_local_host(host)


def names_local_url(texts: Iterable[str]) -> bool:
    """Whether one of these texts holds an address on the machine itself."""
    return any(is_local_host(match[1]) for text in texts for match in _URL_HOST.finditer(text))
