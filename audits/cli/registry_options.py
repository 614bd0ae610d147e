"""Reads the addresses of package registries from options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult, urlsplit

from audits.cli.exits import UsageError
from audits.collect.index.default_index import index_hosts
from audits.model.index_hosts import IndexHosts

_WORD = re.compile(r"[A-Za-z0-9._-]{1,100}(?::\d{1,5})?")
_ADDRESS = re.compile(r"[\x21-\x7e]+")


def read_hosts(index_url: str) -> IndexHosts:
    """The hosts of the index that was asked for, or of the public one."""
    try:
        return index_hosts(index_url)
    except ValueError as error:
        raise UsageError(str(error), "") from error


def read_registries(values: Iterable[str]) -> dict[str, str]:
    """Addresses by the registry's word; UsageError for what cannot be one.

    Messages name the registry alone: an address may hold a password.
    """
    found: dict[str, str] = {}
    for name, url in _named(values):
        if not _serves_images(name):
            _check_name(name)
            found[name] = url
    return found


def read_image_registries(values: Iterable[str]) -> dict[str, str]:
    """Addresses of container registries by their host, as images name it; UsageError as above,
    and for one with a password.
    """
    return {name: url for name, url in _named(values) if _serves_images(name)}


def _serves_images(name: str) -> bool:
    """Whether a registry is named by its host, as container registries are."""
    return "." in name or ":" in name


def _named(values: Iterable[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for value in values:
        name, equals, url = value.strip().partition("=")
        if not equals or not _WORD.fullmatch(name):
            raise UsageError(
                "A registry was given without its name.",
                "Write NAME=URL, as in npm=https://registry.npm.example.",
            )
        if name in seen:
            raise UsageError(f"The registry {name} was given two addresses.", "Leave one out.")
        seen.add(name)
        yield name, _checked(name, url)


def _check_name(name: str) -> None:
    # Slow to import, and not needed where no registry is named.
    from audits.collect.index.reader import OTHER_REGISTRIES

    if name == "pypi":
        raise UsageError("PyPI's address is no --registry.", "Give it by --index-url.")
    if name not in OTHER_REGISTRIES:
        raise UsageError(
            f"Packages of a registry {name!r} cannot be read.",
            f"Name one of: {', '.join(OTHER_REGISTRIES)}.",
        )


def _checked(name: str, url: str) -> str:
    """The address, if it leads by https to a host, or by http to this machine."""
    parts = _split(url)
    if parts is None or not parts.hostname or not _is_private(parts):
        raise UsageError(
            f"The address of the registry {name} is none that can be asked.",
            f"Begin it with https:// and a host, as in {name}=https://registry.{name}.example; "
            "http:// is for this machine alone.",
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"The address of the registry {name} holds more than a host and a path.",
            "Leave out what follows ? or #.",
        )
    if "@" in parts.netloc and _serves_images(name):
        raise UsageError(
            f"The address of the registry {name} holds a user or a password.",
            "Leave it out: container registries are asked without an account.",
        )
    return url


def _split(url: str) -> SplitResult | None:
    """The parts of an address; None where it is none."""
    if not _ADDRESS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _is_private(parts: SplitResult) -> bool:
    """Whether nobody on the way can change what the address answers."""
    from audits.login import is_loopback

    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
