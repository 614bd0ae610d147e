"""Packs what a scan read of a repository, so that later runs can show and score it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct, field
from msgspec.structs import replace

from audits.model.evidence import AdvisoryList, PackageEvidence, normalized
from audits.model.repository import Repository
from audits.model.score import Audit
from audits.model.settings import OwnerSettings, RepositorySettings, Unseen
from audits.model.source import Gap, Snapshot, SourceFile

_ANY_DAY = date(1970, 1, 1)


class Settings(Struct, frozen=True, kw_only=True):
    """A repository's settings, or None where none were asked."""

    value: RepositorySettings | None


class OwnersSettings(Struct, frozen=True, kw_only=True):
    """The owner's settings, or None where none were asked."""

    value: OwnerSettings | Unseen | None


class Index(Struct, frozen=True, kw_only=True):
    """Evidence by (registry, package), or why there is none."""

    value: Mapping[tuple[str, str], PackageEvidence] | Unseen


class Advisories(Struct, frozen=True, kw_only=True):
    """The advisories that a scan knew."""

    value: AdvisoryList | None


class Listing(Struct, frozen=True, kw_only=True):
    """The files of a snapshot as (path, blob id), and its gaps. ``remote`` are files of other
    repositories, by the key that `Snapshot.remote_files` has for them.
    """

    files: tuple[tuple[str, str], ...] = ()
    remote: dict[str, tuple[str, str]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


def listing_of(snapshot: Snapshot) -> Listing:
    """The listing of a snapshot."""
    return Listing(
        files=tuple((file.path, file.oid) for file in snapshot.files),
        remote={key: (f.path, f.oid) for key, f in sorted(snapshot.remote_files.items())},
        gaps=snapshot.gaps,
    )


def texts_of(snapshot: Snapshot) -> dict[str, str]:
    """The texts of a snapshot by blob id."""
    return {file.oid: file.text for file in (*snapshot.files, *snapshot.remote_files.values())}


def index_of(audit: Audit) -> Mapping[tuple[str, str], PackageEvidence] | Unseen:
    """The indexes' evidence about this repository's packages, without the time of asking, so
    that the same answer of another night is the same evidence.
    """
    repository = audit.repository
    if isinstance(repository.index, Unseen):
        return repository.index
    wanted = _packages(repository) | {(s.registry, s.package) for s in audit.statuses}
    found: dict[tuple[str, str], PackageEvidence] = {}
    for registry, name in sorted((registry, normalized(registry, n)) for registry, n in wanted):
        evidence = repository.evidence(registry, name)
        if not isinstance(evidence, Unseen):
            found[(registry, name)] = replace(evidence, seen_at=None)
    return found


def _packages(repository: Repository) -> set[tuple[str, str]]:
    published = {(p.registry.value, name) for p in repository.publications for name in p.packages}
    named = repository.package_names.items()
    return published | {(registry, name) for registry, names in named for name in names}


def dateless(advisories: AdvisoryList | None) -> AdvisoryList | None:
    """The advisories, a live list without its day, so that an unchanged one is stored once."""
    return replace(advisories, taken=_ANY_DAY) if advisories and advisories.live else advisories


def dated(advisories: AdvisoryList | None, day: date) -> AdvisoryList | None:
    """The advisories, a live list with the day on which it was read."""
    return replace(advisories, taken=day) if advisories and advisories.live else advisories


def rebuilt(frame: Snapshot, listing: Listing, texts: Mapping[str, str]) -> Snapshot:
    """The snapshot with its files; a text that is not stored leaves its file out."""
    return replace(
        frame,
        files=tuple(
            SourceFile(path=path, text=texts[oid], oid=oid)
            for path, oid in listing.files
            if oid in texts
        ),
        remote_files={
            key: SourceFile(path=path, text=texts[oid], oid=oid)
            for key, (path, oid) in listing.remote.items()
            if oid in texts
        },
    )
