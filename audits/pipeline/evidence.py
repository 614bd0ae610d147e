"""Where evidence beyond a repository's own files comes from, and other analyzers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from audits.model.engine import EngineReport
from audits.model.evidence import AdvisoryList, ImageDigest, PackageIndex, ResolvedRef
from audits.model.repository import NO_INDEX, NO_REFERENCES, Repository
from audits.model.settings import Unseen
from audits.model.source import Gap, Snapshot, SourceFile
from audits.model.uses import Uses


class Engine(Protocol):
    """Another analyser, run over several repositories at once."""

    def run(self, repositories: Sequence[Repository]) -> tuple[EngineReport, ...]:
        """Its results, one for each repository, in their order."""


class Facts(Protocol):
    """Where facts beyond the files come from; each method may be asked for many at once."""

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The repositories' snapshots with what settings can be read of those that publish."""

    def references(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef] | Unseen:
        """What refs of actions are today."""

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex | Unseen:
        """What indexes serve about (registry, package) pairs."""

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories with what their workflow files were at their newest releases."""

    def advisories(self) -> AdvisoryList | None:
        """The advisories for actions."""

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be asked and concerns no single repository."""


class ImageSource(Protocol):
    """Where it is asked which digest the tag of a container image is."""

    def digests(self, references: Iterable[str]) -> dict[str, ImageDigest | Unseen]:
        """The digests of images, by how they are written."""

    def gaps(self) -> tuple[Gap, ...]:
        """What was refused or not served."""


class ActionSource(Protocol):
    """Where files of actions of other owners are read."""

    def action_files(
        self, uses: tuple[Uses, ...], references: Mapping[tuple[str, str], ResolvedRef]
    ) -> dict[str, SourceFile | Gap]:
        """The files that these and, level by level, those in them lead to, by what names them."""


class NoFacts(Struct, frozen=True, kw_only=True):
    """Facts of someone offline: files, and the advisories that ship with the program."""

    known: AdvisoryList | None = None

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The snapshots as they are."""
        return tuple(repository.snapshot for repository in repositories)

    def references(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef] | Unseen:
        """Nobody was asked."""
        return NO_REFERENCES

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex | Unseen:
        """Nobody was asked."""
        return NO_INDEX

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories as they are."""
        return repositories

    def advisories(self) -> AdvisoryList | None:
        """Those that ship with the program."""
        return self.known

    def gaps(self) -> tuple[Gap, ...]:
        """None: nothing was asked."""
        return ()
