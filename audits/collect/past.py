"""The interface of collectors of the past: what a repository's branch was on each of some days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Protocol

from msgspec import Struct

from audits.model.source import Gap, RepositoryRef, Snapshot


def midnight(day: date) -> datetime:
    """The moment at which a day begins, in UTC."""
    return datetime.combine(day, time(), UTC)


class PastCommit(Struct, frozen=True, kw_only=True):
    """What a branch was on a day: the commit's id, and ``texts`` where equal words mean that
    every file is the same, "" where that is not known.
    """

    commit: str
    texts: str = ""


class Past(Struct, frozen=True, kw_only=True):
    """One repository's past: the commit of each day on which it existed, and why there is none
    of days that are not known.
    """

    ref: RepositoryRef
    commits: Mapping[date, PastCommit]
    gaps: Mapping[date, Gap]


class PastCollector(Protocol):
    """Reads what repositories were; days count from midnight, in UTC."""

    @property
    def source(self) -> str:
        """What is read, for people. Never a credential."""

    def pasts(self, days: Sequence[date]) -> Iterator[Past]:
        """The past of every repository on these days, which are in order."""

    def snapshots(self, wanted: Sequence[tuple[RepositoryRef, str]]) -> Iterator[Snapshot]:
        """The repositories at these commits, in this order; what fails is a gap of its own."""

    def gaps(self) -> tuple[Gap, ...]:
        """What concerns no single repository; complete once `pasts` has ended."""
