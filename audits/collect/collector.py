"""The interface of collectors: they yield snapshots, and gaps for what could not be seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from audits.model.evidence import AdvisoryList, ResolvedRef
from audits.model.settings import OwnerSettings, Unseen
from audits.model.source import Gap, Snapshot
from audits.model.uses import Uses


class Collector(Protocol):
    """A source of repositories."""

    @property
    def source(self) -> str:
        """What is read, for people: a folder's name or an API's host. Never a credential."""

    def snapshots(self) -> Iterator[Snapshot]:
        """Every repository once; what fails becomes a gap of its snapshot."""

    def gaps(self) -> tuple[Gap, ...]:
        """What concerns no single repository; complete once `snapshots` has ended."""


class Resolver(Protocol):
    """Says what refs of actions are today."""

    def resolve(self, uses: tuple[Uses, ...]) -> dict[tuple[str, str], ResolvedRef]:
        """Resolve remote refs; those that could not be asked are left out."""

    def advisories(self) -> AdvisoryList | Unseen:
        """The advisories for actions as of now."""


class SettingsReader(Protocol):
    """Reads settings of the repositories that publish, once it is known which do."""

    def with_settings(self, snapshot: Snapshot, environments: tuple[str, ...]) -> Snapshot:
        """The snapshot with its settings; ``environments`` are the names workflows use."""

    def owner_settings(self, owner: str) -> OwnerSettings | Unseen:
        """The owner's settings."""
