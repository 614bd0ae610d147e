"""Reads provenance and trusted publishing of npm packages from the full packument."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from msgspec.structs import replace

from audits.collect.bounds import is_on, moment
from audits.collect.index.provenance import read_sigstore_bundles
from audits.collect.index.pypi import Reading, note_silence, unseen
from audits.collect.index.releases import EARLIER, kept
from audits.collect.index.session import FOREVER, IndexSession
from audits.collect.index.transport import NoAnswerError
from audits.model.evidence import PackageEvidence, Provenance, Release
from audits.model.registry import Registry
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason

_JSON = "application/json"


def mapping(value: object) -> Mapping[str, object]:
    """The value if it is an object of JSON, else an empty one."""
    return value if isinstance(value, Mapping) else {}


class NpmReader:
    """Reads packages of one npm registry; ``base`` is its address without a final slash.

    The abbreviated packument lacks ``_npmUser``, the only sign of trusted publishing.
    """

    def __init__(self, session: IndexSession, base: str) -> None:
        self._session, self._base = session, base

    def read(self, name: str) -> tuple[PackageEvidence, tuple[Gap, ...]]:
        """What the registry serves about a package, and what it does not."""
        reading = Reading(f"npm:{name}", [])
        url = f"{self._base}/{quote(name, safe='@')}"
        releases: tuple[Release, ...] | Unseen = ()
        packument: Mapping[str, object] | None = {}
        try:
            data = self._session.json(url, accept=_JSON, limit=self._session.limits.page_bytes)
            packument = None if data is None else mapping(data)
            if packument is not None:
                releases = self._releases(packument, reading)
                note_silence(reading, releases, f"provenance of {name} was not seen")
        except NoAnswerError as trouble:
            releases = reading.gap(trouble, f"the releases of {name} were not seen")
        evidence = PackageEvidence(
            registry=Registry.NPM,
            name=name,
            releases=releases,
            exists=packument is not None,
            repository_urls=_links(packument or {}),
            seen_at=datetime.now(UTC),
            index_url=self._base,
        )
        trusted = _trusted(packument or {}, evidence.latest)
        return replace(evidence, trusted_publisher=trusted), tuple(dict.fromkeys(reading.gaps))

    def _releases(self, packument: Mapping[str, object], reading: Reading) -> tuple[Release, ...]:
        if not isinstance(packument.get("versions"), Mapping):
            raise NoAnswerError(
                GapReason.UNSUPPORTED, "the answer is no packument: check the address."
            )
        versions, times = mapping(packument.get("versions")), mapping(packument.get("time"))
        uploads = {version: moment(times.get(version)) for version in versions}
        oldest = datetime.min.replace(tzinfo=UTC)
        order = sorted(versions, key=lambda v: uploads[v] or oldest, reverse=True)
        manifests = {version: mapping(versions[version]) for version in order}
        current = [v for v in order if not manifests[v].get("deprecated")] or order
        wanted = set(current[: EARLIER + 1])
        return kept(
            Release(
                version=version,
                uploaded=uploads[version],
                files=1,
                yanked=bool(manifest.get("deprecated")),
                provenance=self._provenance(manifest, version in wanted, reading),
                attested_files=_attested(manifest),
            )
            for version, manifest in manifests.items()
        )

    def _provenance(
        self, manifest: Mapping[str, object], wanted: bool, reading: Reading
    ) -> tuple[Provenance, ...] | Unseen:
        attested = _attested(manifest)
        if attested is None:
            return unseen("the registry does not state who published the release, or how")
        if not attested:
            return ()
        if not wanted:
            return unseen("only newer releases' provenance is read")
        attestations = mapping(mapping(manifest["dist"]).get("attestations"))
        try:
            return self._attestations(attestations.get("url"), _sha512(manifest))
        except NoAnswerError as trouble:
            return reading.gap(trouble, f"provenance of {manifest.get('version')} was not read")

    def _attestations(self, url: object, sha512: str) -> tuple[Provenance, ...]:
        if not is_on(url, self._base):
            raise NoAnswerError(
                GapReason.UNSUPPORTED,
                "it lies on another host, which is not asked: give the address of that registry.",
            )
        limit = self._session.limits.object_bytes
        data = self._session.json(str(url), accept=_JSON, limit=limit, fresh=FOREVER)
        read = read_sigstore_bundles(data, sha512=sha512)
        if not read.provenance:
            self._session.forget(str(url))
            raise NoAnswerError(GapReason.INVALID, f"{'; '.join(read.problems)}.")
        return read.provenance


def _sha512(manifest: Mapping[str, object]) -> str:
    """The file's digest as its ``integrity`` gives it (W3C's SRI), in hex; "" for none of it."""
    integrity = mapping(manifest.get("dist")).get("integrity")
    words = integrity.split() if isinstance(integrity, str) else []
    coded = next((w.removeprefix("sha512-") for w in words if w.startswith("sha512-")), "")
    try:
        return b64decode(coded.partition("?")[0], validate=True).hex()
    except ValueError:
        return ""


def _attested(manifest: Mapping[str, object]) -> int | None:
    """Whether provenance is listed, as a number of files; None where the answer is one of
    those, abbreviated or a mirror's, that leave out who published.
    """
    attestations = mapping(mapping(manifest.get("dist")).get("attestations"))
    if attestations.get("provenance"):
        return 1
    return 0 if "dist" in manifest and "_npmUser" in manifest else None


def _trusted(packument: Mapping[str, object], latest: Release | None) -> bool | None:
    """Whether the latest release came from a trusted publisher, as its publisher's entry says.

    A staged publication may name its approver instead, and the fact is lost (npm/cli#9397).
    """
    manifest = mapping(mapping(packument.get("versions")).get(latest.version if latest else ""))
    user = manifest.get("_npmUser")
    if not isinstance(user, Mapping):
        return None
    if user.get("trustedPublisher"):
        return True
    return None if "approver" in user else False


def _links(packument: Mapping[str, object]) -> tuple[str, ...]:
    repository = packument.get("repository")
    url = mapping(repository).get("url") if isinstance(repository, Mapping) else repository
    texts = [value.strip() for value in (url, packument.get("homepage")) if isinstance(value, str)]
    plain = [text.removeprefix("git+").replace("git://", "https://", 1) for text in texts]
    return tuple(t for t in dict.fromkeys(plain) if t.startswith(("https://", "http://")))
