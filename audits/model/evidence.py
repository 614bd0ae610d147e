"""Evidence about other repositories and packages, as GitHub and indexes serve it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from audits.model.registry import PublisherRule, registry_named
from audits.model.settings import Unseen

_SEPARATORS = re.compile(r"[-_.]+")


class ResolvedRef(Struct, frozen=True, kw_only=True):
    """What ``owner/repo@ref`` is today.

    ``commit`` is None where the ref does not exist. ``tags`` are all tags of that commit.
    ``reachable`` is whether the commit is a tag's or on the default branch; `Unseen` where it
    cannot be asked. ``renamed_to`` is the new ``owner/repo`` after a rename. ``ahead_by`` and
    ``behind_by`` are the commits that a branch has beyond the newest release, and lacks of it,
    where that was asked.
    """

    slug: str
    ref: str
    commit: str | None
    is_tag: bool = False
    is_branch: bool = False
    tags: tuple[str, ...] | Unseen = ()
    reachable: bool | Unseen = True
    archived: bool = False
    renamed_to: str = ""
    committed_at: datetime | None = None
    newest_release: str = ""
    newest_release_commit: str = ""
    newest_release_at: datetime | None = None
    ahead_by: int | None = None
    behind_by: int | None = None


class ImageDigest(Struct, frozen=True, kw_only=True):
    """What a container image's tag is today, as its registry says; ``digest`` is ``sha256:…``,
    that of the index where there are several platforms, and None where there is no such tag.
    """

    reference: str
    digest: str | None


class Advisory(Struct, frozen=True, kw_only=True):
    """A published advisory for an action. ``package`` is ``owner/repo[/path]``; ``ranges``
    are version ranges such as ``>=1.0, <2.2.0``; any one suffices. ``commits`` are published
    full ids of compromised commits. ``severity`` may be "".
    """

    id: str
    package: str
    ranges: tuple[str, ...]
    severity: str = ""
    cve: str = ""
    published: str = ""
    commits: tuple[str, ...] = ()


class AdvisoryList(Struct, frozen=True, kw_only=True):
    """The advisories as known on ``taken``, from the page ``source``; ``live`` where GitHub was
    asked in this scan. ``complete``: it names every published advisory of that day, so that
    what it does not name has none.
    """

    taken: date
    advisories: tuple[Advisory, ...]
    live: bool = False
    complete: bool = False
    source: str = ""


class PublisherKind(StrEnum):
    """The kinds of trusted publisher a provenance object can name."""

    GITHUB = "GitHub"
    GITLAB = "GitLab"
    GOOGLE = "Google"
    OTHER = "other"


class Provenance(Struct, frozen=True, kw_only=True):
    """One attested release file, as served by the index (which verified it at upload).

    ``repository``, ``workflow`` (file name) and ``environment`` are the registered
    publisher's; an empty environment means that it is not tied to one. The rest are claims of
    the signing certificate, empty where it does not make them. ``ref`` is ``refs/tags/…``.
    """

    kind: PublisherKind
    repository: str = ""
    workflow: str = ""
    environment: str = ""
    ref: str = ""
    event: str = ""
    runner: str = ""
    run_url: str = ""
    commit: str = ""
    repository_id: str = ""
    owner_id: str = ""
    build_signer: str = ""
    build_config: str = ""
    predicate_types: tuple[str, ...] = ()


class Release(Struct, frozen=True, kw_only=True):
    """One release of a package. ``provenance`` is () where the index says there is none and
    `Unseen` where it does not say. ``attested_files`` counts the files for which the index
    lists provenance, read or not; None where it does not say.
    """

    version: str
    uploaded: datetime | None
    files: int
    yanked: bool = False
    provenance: tuple[Provenance, ...] | Unseen = ()
    attested_files: int | None = None

    @property
    def is_attested(self) -> bool | None:
        """Whether some file is attested; None where that was not seen."""
        if self.attested_files:
            return True
        return None if isinstance(self.provenance, Unseen) else bool(self.provenance)


class PackageEvidence(Struct, frozen=True, kw_only=True):
    """What an index serves about one package: newest release first; ``repository_urls`` are
    the project links of its metadata; ``seen_at`` when it was asked.
    """

    registry: str
    name: str
    releases: tuple[Release, ...] | Unseen
    exists: bool = True
    repository_urls: tuple[str, ...] = ()
    trusted_publisher: bool | None = None
    seen_at: datetime | None = None
    index_url: str = ""

    @property
    def latest(self) -> Release | None:
        """The newest release that is not yanked (the newest, if all are); None if unseen."""
        releases = () if isinstance(self.releases, Unseen) else self.releases
        return next((r for r in releases if not r.yanked), releases[0] if releases else None)

    @property
    def earlier(self) -> tuple[Release, ...]:
        """The releases that were not withdrawn, without the latest one; newest first."""
        releases = () if isinstance(self.releases, Unseen) else self.releases
        return tuple(r for r in releases if r is not self.latest and not r.yanked)

    @property
    def is_trusted(self) -> bool | None:
        """Whether the latest release is known to have come from a trusted publisher; None where
        it is attested and that is left open. PyPI and crates vouch for such uploads alone; npm
        takes provenance with tokens too.
        """
        attested = self.latest is not None and self.latest.is_attested
        if self.trusted_publisher or (attested and _vouches(self.registry)):
            return True
        return None if attested and self.trusted_publisher is None else False


def _vouches(word: str) -> bool:
    """Whether a registry takes attestations from trusted publishers alone."""
    registry = registry_named(word)
    trusted = registry.info.trusted if registry is not None else None
    return trusted is not None and PublisherRule.ATTESTS_ALONE in trusted.rules


class ReleasedFile(Struct, frozen=True, kw_only=True):
    """A workflow file of ``owner/name`` at the commit that a release's certificate names.

    ``today`` is the blob id it has now, "" where it is not there: only another text is read.
    """

    slug: str
    commit: str
    path: str
    today: str = ""

    def __str__(self) -> str:
        return f"{self.slug}/{self.path}@{self.commit}"


class FileThen(Struct, frozen=True, kw_only=True):
    """What a `ReleasedFile` was: ``oid`` its blob id, "" where that commit has no such file,
    or, with ``commit_known`` False, where there is no such commit. ``text`` may be unread.
    """

    oid: str = ""
    text: str | None = None
    commit_known: bool = True


def normalized(registry: str, package: str) -> str:
    """A package's name as its registry compares it; PyPI's as in
    https://packaging.python.org/en/latest/specifications/name-normalization/.
    """
    return _SEPARATORS.sub("-", package).lower() if registry == "pypi" else package


PackageIndex = Mapping[tuple[str, str], PackageEvidence]
"""Evidence by (registry, normalized package name)."""
