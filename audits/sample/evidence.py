"""What the sample's package index serves on a day: attested, foreign, lapsed, and none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from audits.collect.advisories import bundled
from audits.model.evidence import (
    AdvisoryList,
    PackageEvidence,
    PackageIndex,
    Provenance,
    PublisherKind,
    Release,
)
from audits.model.repository import NO_REFERENCES, Repository
from audits.model.settings import Unseen
from audits.model.source import Gap, Snapshot
from audits.model.uses import Uses
from audits.sample.organization import INDEX_URL, OWNER, at_noon

_HOST = "https://github.com"


def _attested(
    repository: str, workflow: str, *, environment: str = "pypi", ref: str = "refs/tags/v1.0.0",
    event: str = "release", owner: str = OWNER,
) -> tuple[Provenance, ...]:  # fmt: skip
    slug = f"{owner}/{repository}"
    signer = f"{_HOST}/{slug}/.github/workflows/{workflow}@{ref}"
    return (
        Provenance(
            kind=PublisherKind.GITHUB, repository=slug, workflow=workflow, environment=environment,
            ref=ref, event=event, runner="github-hosted",
            run_url=f"{_HOST}/{slug}/actions/runs/1900000{len(slug)}/attempts/1",
            build_signer=signer, build_config=signer,
        ),
    )  # fmt: skip


def _release(version: str, day: str, provenance: tuple[Provenance, ...] = ()) -> Release:
    uploaded = datetime.fromisoformat(f"{day}T10:30:00").replace(tzinfo=UTC)
    return Release(version=version, uploaded=uploaded, files=2, provenance=provenance)


_RELEASES: dict[str, tuple[Release, ...]] = {
    "lumen": (
        _release("1.2.0", "2026-09-21", _attested("lumen", "release.yml", ref="refs/tags/v1.2.0")),
        _release("1.1.0", "2026-05-11", _attested("lumen", "release.yml", ref="refs/tags/v1.1.0")),
    ),
    "tidepool": (
        _release("0.9.0", "2026-09-14", _attested("tidepool", "publish.yml", ref="refs/tags/0.9.0")),
        _release("0.8.0", "2026-04-02"),
    ),
    "quillwort": (
        _release("3.1.0", "2026-05-20", _attested("quillwort", "release.yml", environment="")),
    ),
    "one-basket": (_release("0.3.0", "2026-03-03"),),
    "driftwood-tides": (
        _release("2.0.0", "2026-07-30", _attested("driftwood", "publish.yml", event="push")),
    ),
    "moss-core": (
        _release("1.4.0", "2026-08-19", _attested("moss", "release.yml", event="push", ref="refs/tags/core-v1.4.0")),
    ),
    "moss-cli": (_release("1.1.0", "2026-02-10"),),
    "gatehouse": (_release("0.1.0", "2026-01-15"),),
    "old-mill": (
        _release("5.0.1", "2026-07-02", _attested("old-mill", "wheels.yml", owner="millers-sample")),
        _release("5.0.0", "2026-03-28", _attested("old-mill", "release.yml")),
    ),
    "saltmarsh": (
        _release("2.3.0", "2026-10-01"),
        _release("2.2.0", "2026-08-12", _attested("saltmarsh", "release.yml", ref="refs/tags/v2.2.0")),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFacts:
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
            if registry == "pypi":
                found[registry, name] = PackageEvidence(
                    registry=registry, name=name, releases=releases, exists=bool(releases),
                    seen_at=at_noon(self.day), index_url=INDEX_URL,
                )  # fmt: skip
        return found

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories as they are: the sample is read offline."""
        return repositories

    def advisories(self) -> AdvisoryList:
        """Those that ship with the program."""
        return bundled()

    def gaps(self) -> tuple[Gap, ...]:
        """None: nobody was asked."""
        return ()
