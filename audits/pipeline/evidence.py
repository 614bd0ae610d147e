"""What an audit needs beside a repository's own files: sources of evidence, other analysers."""

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
    """A source of evidence; each method takes many questions, so that they share requests."""

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The repositories' snapshots, those of publishing ones with the settings that are seen."""

    def references(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef] | Unseen:
        """What refs of actions are today, by (``owner/repo`` in lower case, ref)."""

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex | Unseen:
        """What indexes serve about (registry, package) pairs."""

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories with their workflow files as they were at the newest releases."""

    def advisories(self) -> AdvisoryList | None:
        """The advisories for actions."""

    def gaps(self) -> tuple[Gap, ...]:
        """What could not be read of packages, whole indexes or the list of advisories."""


class ImageSource(Protocol):
    """A source of the digests that tags of container images stand for."""

    def digests(self, references: Iterable[str]) -> dict[str, ImageDigest | Unseen]:
        """The digests of images, by how they are written."""

    def gaps(self) -> tuple[Gap, ...]:
        """What was refused or not served."""


class ActionSource(Protocol):
    """A source of the files of other owners' actions."""

    def action_files(
        self, uses: tuple[Uses, ...], references: Mapping[tuple[str, str], ResolvedRef]
    ) -> dict[str, SourceFile | Gap]:
        """The files of these actions and, level by level, of the actions that those use, by
        ``owner/repo[/path]@ref``.
        """


class NoFacts(Struct, frozen=True, kw_only=True):
    """The evidence of an offline audit: only the advisories that ship with the program."""

    known: AdvisoryList | None = None

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The snapshots as they are."""
        return tuple(repository.snapshot for repository in repositories)

    def references(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef] | Unseen:
        """Unseen."""
        return NO_REFERENCES

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex | Unseen:
        """Unseen."""
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
