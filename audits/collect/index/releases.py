"""Groups the files of a project page by release, and selects provenance to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice

from msgspec import Struct
from packaging.version import InvalidVersion, Version

from audits.model.evidence import Provenance, Release
from audits.model.settings import Need, Unseen

KEPT = 10
"""Releases kept of a package, newest first; and the newest attested one, if it is older."""
MOST_FILES = 5_000
"""Files that are read of one page: more than projects upload in years of nightly builds."""
EARLIER = 3
"""Earlier releases, yanked ones aside, whose provenance is read to see a regression."""


class ListedFile(Struct, frozen=True, kw_only=True):
    """One file of a project page. ``tells`` is whether the page says if it is attested."""

    filename: str
    version: str
    uploaded: datetime | None
    yanked: bool
    is_sdist: bool
    tells: bool
    provenance_url: str = ""
    sha256: str = ""


def newest_entries(files: object) -> list[object]:
    """The entries of a page that are read: all of them, unless there are thousands. Of these
    the newest by their upload, or the last of the page where it does not say when, and the
    newest that are attested.
    """
    entries = list(files) if isinstance(files, list) else []
    if len(entries) <= MOST_FILES:
        return entries
    order = sorted(range(len(entries)), key=lambda i: (_uploaded(entries[i]), i), reverse=True)
    chosen = order[:MOST_FILES]
    older = (i for i in order[MOST_FILES:] if _is_attested(entries[i]))
    return [entries[i] for i in sorted([*chosen, *islice(older, 1)])]


def _uploaded(entry: object) -> str:
    """When a file was uploaded, as the page writes it: such times are in the order of texts."""
    text = entry.get("upload-time") if isinstance(entry, Mapping) else None
    return text if isinstance(text, str) else ""


def _is_attested(entry: object) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("provenance"), str)


def listed_file(raw: object, project: str, url: str, *, tells: bool) -> ListedFile | None:
    """A file entry, read; None for the formats of old that carry no version to go by.

    ``tells``: the index speaks a version of the API that has provenance. Only ``null`` says
    that there is none; an absent key says nothing. ValueError for an entry that is broken.
    """
    from pypi_simple import DistributionPackage

    entry = dict(raw) if isinstance(raw, Mapping) else {}
    says = tells and "provenance" in entry
    try:
        package = DistributionPackage.from_json_data(entry, project, url)
    except ValueError:
        if "provenance" not in entry:
            raise
        # An address that is none must not hide the release it belongs to.
        del entry["provenance"]
        says = False
        package = DistributionPackage.from_json_data(entry, project, url)
    if package.version is None:
        return None
    uploaded = package.upload_time
    if uploaded is not None:
        # Indexes write UTC (PEP 700); a time without a zone is meant so too.
        zone = uploaded.tzinfo or UTC
        uploaded = uploaded.replace(tzinfo=zone).astimezone(UTC)
    return ListedFile(
        filename=package.filename,
        version=_canonical(package.version),
        uploaded=uploaded,
        yanked=package.is_yanked,
        is_sdist=package.package_type == "sdist",
        tells=says,
        provenance_url=(package.provenance_url or "") if says else "",
        sha256=package.digests.get("sha256", "").lower(),
    )


def _canonical(version: str) -> str:
    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def kept(releases: Iterable[Release]) -> tuple[Release, ...]:
    """The newest of a package's releases, given newest first, and the newest attested one."""
    found = list(releases)
    attested = next((release for release in found[KEPT:] if release.is_attested), None)
    earlier = any(release.is_attested for release in found[:KEPT] if not release.yanked)
    return (*found[:KEPT], *([attested] if attested and not earlier else []))


Releases = Mapping[str, tuple[ListedFile, ...]]
"""Files by version, newest release first."""


def newest_first(files: Iterable[ListedFile]) -> Releases:
    """Files by version, in the order of their first upload; by version where that is unknown.

    The newest upload shows how the project releases now, whatever its number: a fix of an
    old series is released the way of its day too.
    """
    by_version: dict[str, list[ListedFile]] = {}
    for file in files:
        by_version.setdefault(file.version, []).append(file)
    order = sorted(by_version, key=lambda version: _age(version, by_version[version]), reverse=True)
    return {version: tuple(by_version[version]) for version in order}


def _age(version: str, files: list[ListedFile]) -> tuple[datetime, int, Version]:
    try:
        number = Version(version)
    except InvalidVersion:
        number = Version("0")
    return _first_upload(files) or datetime.min.replace(tzinfo=UTC), 0, number


def _first_upload(files: Iterable[ListedFile]) -> datetime | None:
    return min((file.uploaded for file in files if file.uploaded is not None), default=None)


def choose(releases: Releases) -> dict[str, tuple[ListedFile, ...]]:
    """Files to read provenance of, by version.

    Of the latest release that is not yanked a source archive and a wheel, which may come
    from different jobs; of `EARLIER` ones before it one file each; and of the newest attested
    release one, wherever it stands.
    """
    current = [v for v, files in releases.items() if not all(f.yanked for f in files)]
    order = current or list(releases)
    attested = [v for v in order if any(f.provenance_url for f in releases[v])]
    chosen: dict[str, tuple[ListedFile, ...]] = {}
    for version in dict.fromkeys([*order[: EARLIER + 1], *attested[:1]]):
        listed = [file for file in releases[version] if file.provenance_url]
        archives = [file for file in listed if file.is_sdist][:1]
        wheels = [file for file in listed if not file.is_sdist][:1]
        files = archives + wheels
        if files:
            chosen[version] = tuple(files if version == order[0] else files[:1])
    return chosen


def releases_of(
    listed: Releases, read: Mapping[str, tuple[Provenance, ...] | Unseen], silent: Unseen
) -> tuple[Release, ...]:
    """The newest releases, and those whose provenance was read.

    ``silent`` stands where the index does not say whether there is provenance.
    """
    kept = [version for i, version in enumerate(listed) if i < KEPT or version in read]
    return tuple(_release(version, listed[version], read, silent) for version in kept)


def _release(
    version: str,
    files: tuple[ListedFile, ...],
    read: Mapping[str, tuple[Provenance, ...] | Unseen],
    silent: Unseen,
) -> Release:
    attested = sum(1 for file in files if file.provenance_url)
    says = attested or all(file.tells for file in files)
    provenance: tuple[Provenance, ...] | Unseen
    if version in read:
        provenance = read[version]
    elif not says:
        provenance = silent
    elif attested:
        provenance = Unseen(need=Need.INDEX, reason="only newer releases' provenance is read")
    else:
        provenance = ()
    return Release(
        version=version,
        uploaded=_first_upload(files),
        files=len(files),
        yanked=all(file.yanked for file in files),
        provenance=provenance,
        attested_files=attested if says else None,
    )
