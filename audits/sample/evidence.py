"""Evidence of the sample package index on each day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from msgspec import Struct
from msgspec.structs import replace

from audits.collect.advisories import bundled
from audits.model.evidence import (
    AdvisoryList,
    FileThen,
    PackageEvidence,
    PackageIndex,
    Provenance,
    PublisherKind,
    Release,
    ReleasedFile,
)
from audits.model.repository import NO_REFERENCES, Repository
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, Snapshot
from audits.model.uses import Uses
from audits.sample.organization import (
    INDEX_URL,
    OWNER,
    at_noon,
    commit_of,
    dates,
    files_of,
    number_of,
)
from audits.workflow.publisher_status.questions import with_released

_HOST = "https://github.com"
_NOT_ASKED = Unseen(need=Need.INDEX, reason="no address of this registry is configured")


def _attested(
    repository: str,
    workflow: str,
    *,
    tag: str,
    environment: str = "pypi",
    event: str = "release",
    owner: str = OWNER,
) -> Provenance:
    slug = f"{owner}/{repository}"
    ref = f"refs/tags/{tag}"
    signer = f"{_HOST}/{slug}/.github/workflows/{workflow}@{ref}"
    return Provenance(
        kind=PublisherKind.GITHUB,
        repository=slug,
        workflow=workflow,
        environment=environment,
        ref=ref,
        event=event,
        runner="github-hosted",
        repository_id=str(number_of(slug)),
        run_url=f"{_HOST}/{slug}/actions/runs/1900000{len(slug)}/attempts/1",
        build_signer=signer,
        build_config=signer,
    )


def _release(version: str, day: str, made: Provenance | None = None) -> Release:
    """A release of a day, attested at the commit of that day."""
    uploaded = datetime.fromisoformat(f"{day}T10:30:00").replace(tzinfo=UTC)
    files = files_of(uploaded.date()).get(made.repository.partition("/")[2], {}) if made else {}
    provenance = (replace(made, commit=commit_of(files)),) if made else ()
    return Release(
        version=version,
        uploaded=uploaded,
        files=2,
        provenance=provenance,
        attested_files=2 if provenance else 0,
    )


_HOMES = {"driftwood-tides": "driftwood", "moss-core": "moss", "moss-cli": "moss"}
"""Repositories of packages that have another name."""

_RELEASES: dict[str, tuple[Release, ...]] = {
    "lumen": (
        _release("1.2.0", "2026-09-21", _attested("lumen", "release.yml", tag="v1.2.0")),
        _release("1.1.0", "2026-05-11", _attested("lumen", "release.yml", tag="v1.1.0")),
    ),
    "tidepool": (
        _release("0.9.0", "2026-09-14", _attested("tidepool", "publish.yml", tag="0.9.0")),
        _release("0.8.0", "2026-04-02"),
    ),
    "quillwort": (
        _release(
            "3.1.0",
            "2026-05-20",
            _attested("quillwort", "release.yml", tag="v3.1.0", environment=""),
        ),
    ),
    "one-basket": (_release("0.3.0", "2026-03-03"),),
    "driftwood-tides": (
        _release(
            "2.0.0", "2026-07-30", _attested("driftwood", "publish.yml", tag="v2.0.0", event="push")
        ),
    ),
    "moss-core": (
        _release(
            "1.4.0", "2026-08-19", _attested("moss", "release.yml", tag="core-v1.4.0", event="push")
        ),
    ),
    "moss-cli": (_release("1.1.0", "2026-02-10"),),
    "gatehouse": (_release("0.1.0", "2026-01-15"),),
    "heron": (_release("1.8.0", "2026-04-21"),),
    "kiln": (_release("0.5.0", "2026-05-27"),),
    "drystone": (_release("4.1.0", "2026-03-09"),),
    "old-mill": (
        _release(
            "5.0.1",
            "2026-07-02",
            _attested("old-mill", "wheels.yml", tag="v5.0.1", owner="millers-sample"),
        ),
        _release("5.0.0", "2026-03-28", _attested("old-mill", "release.yml", tag="v5.0.0")),
    ),
    "saltmarsh": (
        _release("2.3.0", "2026-10-01"),
        _release("2.2.0", "2026-08-12", _attested("saltmarsh", "release.yml", tag="v2.2.0")),
    ),
}


class SampleFacts(Struct, frozen=True, kw_only=True):
    """Facts of the sample on a day: settings come with its snapshots, packages from here."""

    day: date

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The snapshots as they are: the sample's bear their settings."""
        return tuple(repository.snapshot for repository in repositories)

    def references(self, uses: tuple[Uses, ...]) -> Unseen:
        """Nobody was asked: the sample is read offline."""
        return NO_REFERENCES

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex:
        """What the sample's index serves about these packages."""
        found = {}
        for registry, name in packages:
            releases = tuple(
                release
                for release in _RELEASES.get(name, ())
                if release.uploaded is not None and release.uploaded.date() <= self.day
            )
            home = f"{_HOST}/{OWNER}/{_HOMES.get(name, name)}"
            found[registry, name] = PackageEvidence(
                registry=registry,
                name=name,
                releases=releases,
                exists=bool(releases),
                repository_urls=(home,) if releases else (),
                seen_at=at_noon(self.day),
                index_url=INDEX_URL,
            )
            if registry != "pypi":
                found[registry, name] = PackageEvidence(
                    registry=registry, name=name, releases=_NOT_ASKED
                )
        return found

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories with the workflow files of their newest releases."""
        return with_released(repositories, _files_then)

    def advisories(self) -> AdvisoryList:
        """Those that ship with the program."""
        return replace(bundled(), taken=self.day, live=True, complete=True)

    def gaps(self) -> tuple[Gap, ...]:
        """None: nobody was asked."""
        return ()


def _files_then(files: Iterable[ReleasedFile]) -> dict[ReleasedFile, FileThen | Gap]:
    """What files were at the commits that stand for the sample's days."""
    states = [repositories for day in dates() for repositories in files_of(day).items()]
    known = {(name, commit_of(listed)): listed for name, listed in states}
    found: dict[ReleasedFile, FileThen | Gap] = {}
    for file in files:
        then = known.get((file.slug.partition("/")[2], file.commit), {}).get(file.path)
        found[file] = FileThen(oid=then.oid, text=then.text) if then else FileThen()
    return found
