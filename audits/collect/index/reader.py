"""Reads evidence about packages, with one reader per registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from audits.collect.index.crates import CratesReader
from audits.collect.index.default_index import index_hosts
from audits.collect.index.npm import NpmReader
from audits.collect.index.pypi import PyPIReader, normalized_name, unseen
from audits.collect.index.session import IndexLimits, IndexSession
from audits.collect.index.transport import plain_address
from audits.faults import crash_gap
from audits.model.evidence import PackageEvidence, PackageIndex
from audits.model.registry import Registry, Trait
from audits.model.source import Gap, GapReason

OTHER_REGISTRIES = tuple(
    registry.value
    for registry in Registry
    if Trait.CAN_BE_READ in registry.info.traits and registry is not Registry.PYPI
)
"""Words of the registries that can be read beside the index, once they have an address."""


class RegistryReader(Protocol):
    """Reads packages of one registry; answers without exceptions."""

    def read(self, name: str) -> tuple[PackageEvidence, tuple[Gap, ...]]:
        """What the registry serves about a package, and what it does not."""


def default_cache() -> Path:
    """Where answers are kept between runs, for this user."""
    from platformdirs import user_cache_path

    return user_cache_path("release-audit", appauthor=False) / "index"


class IndexReader:
    """Reads packages of all registries that have an address.

    ``index_url`` is a simple index (the public one if empty); ``registries`` are base
    addresses of other registries by their word (`Registry`). ``offline``: nothing is asked.
    ``cache`` is the directory of cached answers, None for none on disk.
    """

    def __init__(
        self,
        index_url: str = "",
        *,
        registries: Mapping[str, str] | None = None,
        offline: bool = False,
        cache: Path | None = None,
        limits: IndexLimits | None = None,
        contact: str = "",
    ) -> None:
        self._offline = offline
        self._readers: dict[str, RegistryReader] = {}
        self._session: IndexSession | None = None
        if offline:
            return
        hosts = index_hosts(index_url)
        others = dict(registries or {})
        credentials = _credentials([index_url, *others.values()])
        session = self._session = IndexSession(cache, limits, credentials, contact)
        self._readers[Registry.PYPI] = PyPIReader(session, hosts)
        if base := others.get(Registry.NPM):
            self._readers[Registry.NPM] = NpmReader(session, plain_address(base))
        if base := others.get(Registry.CRATES):
            self._readers[Registry.CRATES] = CratesReader(session, plain_address(base))

    def __enter__(self) -> IndexReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        if self._session is not None:
            self._session.close()

    def evidence(self, packages: Iterable[tuple[str, str]]) -> tuple[PackageIndex, tuple[Gap, ...]]:
        """Evidence by (registry, name), under the name as asked and the one indexes compare.

        One request a package where nothing changed since the last run. Offline: nothing.
        """
        found: dict[tuple[str, str], PackageEvidence] = {}
        gaps: list[Gap] = []
        if self._offline:
            return found, ()
        for registry, name in sorted(set(packages)):
            key = (registry, normalized_name(name) if registry == Registry.PYPI else name)
            if key not in found:
                found[key], missed = self._read(*key)
                gaps += missed
            found[registry, name] = found[key]
        return found, tuple(dict.fromkeys(gaps))

    def _read(self, registry: str, name: str) -> tuple[PackageEvidence, tuple[Gap, ...]]:
        reader = self._readers.get(registry)
        if reader is not None:
            try:
                return reader.read(name)
            except Exception as error:
                gap = crash_gap(error, f"reading what {registry} serves", f"{registry}:{name}")
                seen = unseen("release-audit failed to read it")
                return PackageEvidence(registry=registry, name=name, releases=seen), (gap,)
        reason = f"packages of {registry} cannot be read by this program"
        detail = f"{reason}: see their releases on the registry's own pages."
        if registry in OTHER_REGISTRIES:
            reason = "no address of this registry is configured"
            advice = f"name it by --registry {registry}=URL to see them"
            detail = f"packages of {registry} were not looked up, as {reason}: {advice}."
        gap = Gap(
            subject=f"{registry}:*", reason=GapReason.UNSUPPORTED, detail=detail, optional=True
        )
        return PackageEvidence(registry=registry, name=name, releases=unseen(reason)), (gap,)


def _credentials(urls: Iterable[str]) -> dict[str, tuple[str, str]]:
    """User and password by host, from addresses that hold them."""
    found: dict[str, tuple[str, str]] = {}
    for url in urls:
        parts = urlsplit(url)
        if parts.username or parts.password:
            host = parts.netloc.rpartition("@")[2].lower()
            found[host] = (unquote(parts.username or ""), unquote(parts.password or ""))
    return found
