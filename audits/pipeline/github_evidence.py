"""The evidence of a GitHub scan: settings, references and packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from audits.analysis.environment_names import environment_names
from audits.model.evidence import (
    AdvisoryList,
    FileThen,
    PackageIndex,
    ReleasedFile,
    ResolvedRef,
)
from audits.model.repository import Repository
from audits.model.settings import OwnerSettings, Unseen
from audits.model.source import Gap, GapReason, Snapshot
from audits.model.uses import Uses
from audits.pipeline.evidence import Facts
from audits.workflow.publisher_status.questions import with_released

Wanted = tuple[Snapshot, tuple[str, ...]]
"""A publishing repository and the environments that its release workflows name."""


class GitHubReader(Protocol):
    """The part of `GitHubCollector` and `ManyOwners` that reads evidence."""

    def prefetch_settings(self, wanted: Iterable[Wanted]) -> None:
        """Read the settings of many repositories at once."""

    def with_settings(self, snapshot: Snapshot, environments: tuple[str, ...]) -> Snapshot:
        """The snapshot with its settings."""

    def owner_settings(self, owner: str) -> OwnerSettings | Unseen:
        """The settings of an owner that is scanned."""

    def resolve(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef]:
        """What refs of actions are today."""

    def released(self, files: Sequence[ReleasedFile]) -> Mapping[ReleasedFile, FileThen | Gap]:
        """What workflow files were at commits."""

    def advisories(self) -> AdvisoryList | Unseen:
        """The advisories for actions as of now."""


@dataclass(kw_only=True)
class GitHubFacts:
    """Evidence for scans of GitHub: settings, references and advisories from GitHub, packages
    from ``others``.

    Settings are read of publishing repositories only. Where GitHub does not give its
    advisories, those of ``others``, which ship with the program, are used and a gap says so.
    """

    reader: GitHubReader
    others: Facts
    _gaps: dict[Gap, None] = field(default_factory=dict, init=False)

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The snapshots, those of publishing repositories with their settings."""
        asked = [r for r in repositories if r.publications and r.snapshot.settings is None]
        found = self.settings((r.snapshot, environments_of(r)) for r in asked)
        completed = {id(r): snapshot for r, snapshot in zip(asked, found, strict=True)}
        return tuple(completed.get(id(r), r.snapshot) for r in repositories)

    def settings(self, wanted: Iterable[Wanted]) -> tuple[Snapshot, ...]:
        """Each snapshot with its settings, all of them asked together."""
        pairs = list(wanted)
        if pairs:
            self.reader.prefetch_settings(pairs)
        return tuple(self.reader.with_settings(snapshot, names) for snapshot, names in pairs)

    def owner_settings(self, owner: str) -> OwnerSettings | Unseen:
        """The owner's settings."""
        return self.reader.owner_settings(owner)

    def references(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef] | Unseen:
        """What refs of actions are today; those that could not be asked are left out."""
        return self.reader.resolve(uses)

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex | Unseen:
        """What the indexes serve about these packages."""
        return self.others.packages(packages)

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories with the workflow files of their newest releases, asked together."""
        return with_released(repositories, self.reader.released)

    def advisories(self) -> AdvisoryList | None:
        """GitHub's advisories as of now, else those that ship with the program."""
        found = self.reader.advisories()
        if isinstance(found, AdvisoryList):
            return found
        known = self.others.advisories()
        day = f" as of {known.taken}" if known else ""
        detail = f"GitHub's advisories: {found.reason} Those{day} were used. Scan again later."
        gap = Gap(
            subject="advisories:*",
            reason=GapReason.UNAVAILABLE,
            detail=detail,
            permission=found.permission,
            optional=bool(found.permission),
        )
        self._gaps[gap] = None
        return known

    def gaps(self) -> tuple[Gap, ...]:
        """What indexes and GitHub's list of advisories did not serve."""
        return (*self.others.gaps(), *self._gaps)


class ReferenceSource(Protocol):
    """A source of the commits that refs of actions stand for, such as `GitHubCollector`."""

    def resolve(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef]:
        """What refs of actions are today; those that could not be asked are left out."""

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be asked."""


@dataclass(kw_only=True)
class ReferenceFacts:
    """Evidence for ``check --online`` of a folder: references from GitHub, all else from
    ``others``. GitHub is asked nothing about the repository itself.
    """

    reader: ReferenceSource
    others: Facts

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The snapshots as the others complete them."""
        return self.others.complete(repositories)

    def references(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef] | Unseen:
        """What refs of actions are today; those that could not be asked are left out."""
        return self.reader.resolve(uses)

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex | Unseen:
        """What the indexes serve about these packages."""
        return self.others.packages(packages)

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories with what the others know of their newest releases."""
        return self.others.released(repositories)

    def advisories(self) -> AdvisoryList | None:
        """The advisories of the others."""
        return self.others.advisories()

    def gaps(self) -> tuple[Gap, ...]:
        """What the others did not serve, and the actions that could not be asked for."""
        return (*self.others.gaps(), *self.reader.gaps())


def environments_of(repository: Repository) -> tuple[str, ...]:
    """Every environment that a release workflow names, or a publication may deploy to."""
    names: dict[str, None] = {}
    for publication in repository.publications:
        if publication.environment is not None:
            names |= dict.fromkeys(environment_names(publication).values)
    for site in repository.jobs():
        declared = site.job.environment
        if declared is not None and not declared.dynamic:
            names[declared.name.value] = None
    return tuple(name for name in names if name.strip())
