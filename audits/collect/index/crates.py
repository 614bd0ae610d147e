"""Reads who published each version of a package from a crates registry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from msgspec.structs import replace

from audits.collect.bounds import moment
from audits.collect.index.npm import mapping
from audits.collect.index.pypi import Reading, note_silence, unseen
from audits.collect.index.releases import kept
from audits.collect.index.session import IndexSession
from audits.collect.index.transport import NoAnswerError
from audits.model.evidence import PackageEvidence, Provenance, PublisherKind, Release
from audits.model.registry import Registry
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason

_KINDS = {"github": PublisherKind.GITHUB, "gitlab": PublisherKind.GITLAB}


class CratesReader:
    """Reads packages of one registry; ``base`` is its address without a final slash."""

    def __init__(self, session: IndexSession, base: str) -> None:
        self._session, self._base = session, base

    def read(self, name: str) -> tuple[PackageEvidence, tuple[Gap, ...]]:
        """What the registry serves about a package, and what it does not."""
        reading = Reading(f"crates:{name}", [])
        url = f"{self._base}/api/v1/crates/{quote(name, safe='')}"
        releases: tuple[Release, ...] | Unseen = ()
        exists, crate = True, mapping(None)
        try:
            data = self._session.json(
                url, accept="application/json", limit=self._session.limits.page_bytes
            )
            exists = data is not None
            if exists:
                crate = mapping(mapping(data).get("crate"))
                releases = _releases(mapping(data).get("versions"))
                note_silence(reading, releases, f"who published {name} was not seen")
        except NoAnswerError as trouble:
            releases = reading.gap(trouble, f"the releases of {name} were not seen")
        links = (crate.get("repository"), crate.get("homepage"))
        evidence = PackageEvidence(
            registry=Registry.CRATES,
            name=name,
            releases=releases,
            exists=exists,
            repository_urls=tuple(
                dict.fromkeys(t for t in links if isinstance(t, str) and t.startswith("http"))
            ),
            seen_at=datetime.now(UTC),
            index_url=self._base,
        )
        trusted = evidence.latest.is_attested if evidence.latest else None
        return replace(evidence, trusted_publisher=trusted), tuple(reading.gaps)


def _releases(versions: object) -> tuple[Release, ...]:
    if not isinstance(versions, list):
        raise NoAnswerError(
            GapReason.UNSUPPORTED, "the answer lists no versions: check the address."
        )
    entries = [mapping(entry) for entry in versions]
    releases = [_release(entry) for entry in entries if isinstance(entry.get("num"), str)]
    oldest = datetime.min.replace(tzinfo=UTC)
    return kept(sorted(releases, key=lambda r: r.uploaded or oldest, reverse=True))


def _release(entry: Mapping[str, object]) -> Release:
    """One version; trusted publishing stands where PyPI has attestations, and proves as much."""
    provenance: tuple[Provenance, ...] | Unseen
    trusted = entry.get("trustpub_data")
    if "trustpub_data" not in entry:
        provenance = unseen("the registry does not state who published the version")
    elif not isinstance(trusted, Mapping):
        provenance = ()
    else:
        provenance = (_provenance(trusted),)
    return Release(
        version=str(entry["num"]),
        uploaded=moment(entry.get("created_at")),
        files=1,
        yanked=entry.get("yanked") is True,
        provenance=provenance,
        attested_files=None if isinstance(provenance, Unseen) else len(provenance),
    )


def _provenance(trusted: Mapping[str, object]) -> Provenance:
    def text(*names: str) -> str:
        values = (trusted.get(name) for name in names)
        return next((str(value) for value in values if isinstance(value, str | int)), "")

    kind = _KINDS.get(text("provider"), PublisherKind.OTHER)
    repository, run = text("repository", "project_path"), text("run_id")
    at_github = kind is PublisherKind.GITHUB and repository and run.isdecimal()
    return Provenance(
        kind=kind,
        repository=repository,
        commit=text("sha"),
        run_url=f"https://github.com/{quote(repository)}/actions/runs/{run}" if at_github else "",
    )
