"""Collects evidence from package indexes, and from the history of local clones."""

from __future__ import annotations

from dataclasses import dataclass, field

from audits.collect.folder.release_files import FolderHistory
from audits.collect.index.reader import IndexReader
from audits.model.evidence import AdvisoryList, PackageIndex, ResolvedRef
from audits.model.repository import NO_REFERENCES, Repository
from audits.model.settings import Unseen
from audits.model.source import Gap, Snapshot
from audits.model.uses import Uses
from audits.workflow.publisher_status.questions import with_released


@dataclass(kw_only=True)
class IndexFacts:
    """Evidence for scans of folders: package indexes, and the history of local clones; settings
    and references stay unseen.
    """

    reader: IndexReader
    known: AdvisoryList | None = None
    history: FolderHistory | None = None
    _gaps: dict[Gap, None] = field(default_factory=dict, init=False)

    def complete(self, repositories: tuple[Repository, ...]) -> tuple[Snapshot, ...]:
        """The snapshots as they are."""
        return tuple(repository.snapshot for repository in repositories)

    def references(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef] | Unseen:
        """Unseen."""
        return NO_REFERENCES

    def packages(self, packages: tuple[tuple[str, str], ...]) -> PackageIndex | Unseen:
        """What the indexes serve about these packages."""
        found, gaps = self.reader.evidence(packages)
        self._gaps.update(dict.fromkeys(gaps))
        return found

    def released(self, repositories: tuple[Repository, ...]) -> tuple[Repository, ...]:
        """The repositories with the workflow files of their newest releases, from clones."""
        return with_released(repositories, self.history.released) if self.history else repositories

    def advisories(self) -> AdvisoryList | None:
        """Those that ship with the program."""
        return self.known

    def gaps(self) -> tuple[Gap, ...]:
        """What the indexes did not serve: ``registry:package``, or ``registry:*``."""
        return tuple(self._gaps)
