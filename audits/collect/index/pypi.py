"""Reads packages from an index that serves the Simple API as JSON (PEP 691, 700, 740)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.bounds import is_on
from audits.collect.index.provenance import read_provenance
from audits.collect.index.releases import (
    ListedFile,
    choose,
    listed_file,
    newest_entries,
    newest_first,
    releases_of,
)
from audits.collect.index.session import FOREVER, IndexSession
from audits.collect.index.transport import NoAnswerError
from audits.model.evidence import PackageEvidence, Provenance, Release
from audits.model.index_hosts import IndexHosts
from audits.model.registry import Registry
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, GapReason

_JSON = "application/json"
_INTEGRITY = "application/vnd.pypi.integrity.v1+json"
_FRUITLESS = 3


def normalized_name(name: str) -> str:
    """The name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def unseen(reason: str) -> Unseen:
    """A fact that an index did not tell."""
    return Unseen(need=Need.INDEX, reason=reason)


class Reading(Struct):
    """Evidence of one package while it is gathered, with what could not be read."""

    subject: str
    gaps: list[Gap]

    def gap(self, trouble: NoAnswerError, what: str) -> Unseen:
        """Note a gap and give the same as an unseen fact."""
        self.gaps.append(
            Gap(
                subject=self.subject,
                reason=trouble.reason,
                detail=f"{what}: {trouble.sentence}",
                # An index that does not tell something was asked, and nothing of it is broken.
                optional=trouble.reason is GapReason.UNSUPPORTED,
            )
        )
        return unseen(trouble.sentence)


def note_silence(reading: Reading, releases: tuple[Release, ...], what: str) -> None:
    """Note a gap where no release of a package says how it was published."""
    if releases and all(release.is_attested is None for release in releases):
        trouble = NoAnswerError(
            GapReason.UNSUPPORTED,
            "the registry leaves out who published its releases: give the address of the registry "
            "itself.",
        )
        reading.gap(trouble, what)


class PyPIReader:
    """Reads packages of one index; ``simple_url`` is its simple index, with its slash."""

    def __init__(self, session: IndexSession, hosts: IndexHosts) -> None:
        self._session, self._hosts = session, hosts
        self._fruitless = {"release": 0, "project": 0}

    def read(self, name: str) -> tuple[PackageEvidence, tuple[Gap, ...]]:
        """What the index serves about a package, and what it does not."""
        name = normalized_name(name)
        reading = Reading(f"pypi:{name}", [])
        url = f"{self._hosts.simple}{quote(name, safe='')}/"
        exists, unchanged = True, False
        urls: tuple[str, ...] = ()
        releases: tuple[Release, ...] | Unseen
        try:
            page, unchanged = self._page(url)
            releases = self._releases(page, name, url, reading) if page is not None else ()
            exists = page is not None
        except NoAnswerError as trouble:
            releases = reading.gap(trouble, f"the releases of {name} were not seen")
        if not isinstance(releases, Unseen) and releases:
            urls = self._project_urls(name, releases[0].version, unchanged, reading)
        evidence = PackageEvidence(
            registry=Registry.PYPI,
            name=name,
            releases=releases,
            exists=exists,
            repository_urls=urls,
            seen_at=datetime.now(UTC),
            index_url=self._hosts.base,
        )
        return _with_trust(evidence), tuple(dict.fromkeys(reading.gaps))

    def _page(self, url: str) -> tuple[Mapping[str, object] | None, bool]:
        """A project's page, None if there is none, and whether it is as it was last time."""
        from pypi_simple import ACCEPT_JSON_ONLY

        limit = self._session.limits.page_bytes
        answer = self._session.get(url, accept=ACCEPT_JSON_ONLY, limit=limit)
        page = self._session.decoded(answer)
        if page is None:
            return None, False
        if not isinstance(page, Mapping) or not isinstance(page.get("files"), list):
            self._session.forget(url)
            raise NoAnswerError(
                GapReason.UNSUPPORTED,
                "the answer is no page of the Simple API as JSON: give an index that serves it "
                "(PEP 691).",
            )
        major, _ = _api_version(page)
        if major != 1:
            raise NoAnswerError(
                GapReason.UNSUPPORTED,
                f"the index serves version {major} of the Simple API, which is not known here: "
                "update this program.",
            )
        return page, answer.from_cache

    def _releases(
        self, page: Mapping[str, object], name: str, url: str, reading: Reading
    ) -> tuple[Release, ...]:
        version = _api_version(page)
        tells = version >= (1, 3)
        files, broken = _files(newest_entries(page["files"]), name, url, tells=tells)
        if broken:
            reading.gap(
                NoAnswerError(GapReason.INVALID, f"{broken} entries are not as PEP 691 says."),
                f"some files of {name} were not read",
            )
        if files and not any(file.tells for file in files):
            # An old API is one fact about the index, not one about each package of it.
            about = Reading(reading.subject if tells else "pypi:*", reading.gaps)
            what = f"provenance of {name}" if tells else "provenance of packages"
            about.gap(_silent(version, tells), f"{what} was not seen")
        silent = unseen(_silent(version, tells).sentence)
        listed = newest_first(files)
        wanted = choose(listed)
        read = {v: self._provenance(chosen, reading) for v, chosen in wanted.items()}
        return releases_of(listed, read, silent)

    def _provenance(
        self, files: Iterable[ListedFile], reading: Reading
    ) -> tuple[Provenance, ...] | Unseen:
        """Provenance of some files of one release; unseen only where none could be read."""
        found: list[Provenance] = []
        missed: Unseen | None = None
        for file in files:
            try:
                found += self._file_provenance(file, reading)
            except NoAnswerError as trouble:
                missed = reading.gap(trouble, f"provenance of {file.filename} was not read")
        if found or missed is None:
            return tuple(dict.fromkeys(found))
        return missed

    def _file_provenance(self, file: ListedFile, reading: Reading) -> tuple[Provenance, ...]:
        if not is_on(file.provenance_url, self._hosts.simple):
            raise NoAnswerError(
                GapReason.UNSUPPORTED,
                "it lies on another host, which is not asked: give the address of that index.",
            )
        data = self._session.json(
            file.provenance_url,
            accept=_INTEGRITY,
            fresh=FOREVER,
            limit=self._session.limits.object_bytes,
        )
        if data is None:
            raise NoAnswerError(GapReason.NOT_FOUND, "the index lists it and does not serve it.")
        read = read_provenance(data, sha256=file.sha256)
        problems = "; ".join(read.problems)
        if not read.provenance:
            self._session.forget(file.provenance_url)
            raise NoAnswerError(GapReason.INVALID, f"{problems}: ask the index's operators.")
        if problems:
            reading.gap(
                NoAnswerError(GapReason.INVALID, f"{problems}."),
                f"provenance of {file.filename} was read in part",
            )
        return read.provenance

    def _project_urls(
        self, name: str, version: str, unchanged: bool, reading: Reading
    ) -> tuple[str, ...]:
        """Project links of the newest release; () where the index serves no metadata.

        A release's own metadata never changes, and the project's only with its page: an index
        where nothing is new is asked one question a package. A place that has no metadata for
        the first packages is taken to have none.
        """
        base = f"{self._hosts.base}/pypi/{quote(name, safe='')}"
        places = {
            "release": (f"{base}/{quote(version)}/json", FOREVER),
            "project": (f"{base}/json", FOREVER if unchanged else timedelta()),
        }
        try:
            for place, (url, fresh) in places.items():
                if self._fruitless[place] >= _FRUITLESS:
                    continue
                data = self._session.json(
                    url, accept=_JSON, fresh=fresh, limit=self._session.limits.page_bytes
                )
                if data is not None:
                    self._fruitless[place] = -sys.maxsize
                    return _links(data)
                self._fruitless[place] += 1
        except NoAnswerError as trouble:
            reading.gap(trouble, f"project links of {name} were not seen")
        return ()


def _files(
    entries: Iterable[object], name: str, url: str, *, tells: bool
) -> tuple[list[ListedFile], int]:
    """The files of a page, and how many entries are broken."""
    files: list[ListedFile] = []
    broken = 0
    for raw in entries:
        try:
            found = listed_file(raw, name, url, tells=tells)
        except (ValueError, TypeError, OverflowError):
            broken += 1
            continue
        files += [found] if found is not None else []
    return files, broken


def _with_trust(evidence: PackageEvidence) -> PackageEvidence:
    """Attestations are made for trusted publishers only; their absence proves nothing."""
    latest = evidence.latest
    return replace(evidence, trusted_publisher=True) if latest and latest.is_attested else evidence


def _api_version(page: Mapping[str, object]) -> tuple[int, int]:
    meta = page.get("meta")
    text = meta.get("api-version") if isinstance(meta, Mapping) else None
    found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", text) if isinstance(text, str) else None
    return (int(found[1]), int(found[2])) if found else (1, 0)


def _silent(version: tuple[int, int], tells: bool) -> NoAnswerError:
    what = (
        "it gives no provenance key for its files"
        if tells
        else f"it serves Simple API {version[0]}.{version[1]}, and provenance comes with 1.3"
    )
    return NoAnswerError(
        GapReason.UNSUPPORTED,
        f"the index does not state which files are attested ({what}): ask another index.",
    )


def _links(data: object) -> tuple[str, ...]:
    """Addresses among the project links of a package's metadata."""
    info = data.get("info") if isinstance(data, Mapping) else None
    if not isinstance(info, Mapping):
        return ()
    named = info.get("project_urls")
    values = [*(named.values() if isinstance(named, Mapping) else ()), info.get("home_page")]
    texts = (value.strip() for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(t for t in texts if t.startswith(("https://", "http://"))))
