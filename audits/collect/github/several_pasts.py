"""Reads what one owner's repositories were on earlier days, with several credentials.

What one is not shown, or is refused, another one reads; and each day is read by those that have
more left of the hour. See `audits.collect.github.several_credentials` for what is there today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from audits.collect.errors import BudgetSpentError, CollectError
from audits.collect.github.connect import Connection
from audits.collect.github.errors import GitHubError
from audits.collect.github.past import GitHubPast, Known
from audits.collect.github.rate_limits import Usage
from audits.collect.github.remaining import left_of
from audits.collect.past import Past
from audits.model.cache import Memory
from audits.model.source import Gap, GapReason, RepositoryRef, Snapshot

_MUCH_MORE = 2
"""How many times as much another credential must have left to read a day instead."""

Wanted = tuple[RepositoryRef, str]
"""A repository and the commit at which it is to be read."""


class SeveralPasts:
    """The past of one owner's repositories; otherwise as `GitHubPast`."""

    def __init__(self, owner: str, connections: Sequence[Connection], memory: Memory) -> None:
        known: Known = {}
        self._readers = [GitHubPast(owner, each, memory, known=known) for each in connections]

    @property
    def source(self) -> str:
        """What is read, for people."""
        return self._readers[0].source

    @property
    def usage(self) -> Usage:
        """The requests to GitHub so far, with all credentials."""
        return sum((reader.usage for reader in self._readers), Usage())

    def gaps(self) -> tuple[Gap, ...]:
        """What concerns no single repository. What one credential was not shown is none where
        another one was shown all of it.
        """
        most = max(len(reader.shown) for reader in self._readers)
        if any(not reader.gaps() and len(reader.shown) == most for reader in self._readers):
            return ()
        return tuple(dict.fromkeys(gap for reader in self._readers for gap in reader.gaps()))

    def pasts(self, days: Sequence[date]) -> Iterator[Past]:
        """The past of every repository once. CollectError where a credential cannot list them:
        what only that one is shown would be missing from days that are not rebuilt again.
        """
        read: set[str] = set()
        unread: dict[str, Past] = {}
        for reader in _by_left(self._readers):
            try:
                for past in reader.pasts(days, read):
                    slug = str(past.ref).lower()
                    if any(map(_may_be_read, past.gaps.values())):
                        unread.setdefault(slug, past)
                    else:
                        read.add(slug)
                        yield past
            except GitHubError as error:
                said = f"With the {reader.name}: {error.message}"
                raise CollectError(said, error.advice) from error
        yield from (past for slug, past in unread.items() if slug not in read)

    def snapshots(self, wanted: Sequence[Wanted]) -> Iterator[Snapshot]:
        """The repositories at these commits."""
        shares: dict[tuple[GitHubPast, ...], list[Wanted]] = {}
        order = _by_left(self._usable())
        for ref, commit in wanted:
            shown = tuple(reader for reader in order if str(ref).lower() in reader.shown)
            shares.setdefault(shown or tuple(order), []).append((ref, commit))
        found: dict[Wanted, Snapshot] = {}
        for readers, share in shares.items():
            found |= _read(readers, share)
        yield from (found[pair] for pair in wanted)

    def _usable(self) -> list[GitHubPast]:
        """The credentials that GitHub accepts, as far as is known; all where it accepts none."""
        return [reader for reader in self._readers if not reader.client.is_refused] or self._readers


def past_of(owner: str, connection: Connection, memory: Memory) -> GitHubPast | SeveralPasts:
    """What reads an owner's past with all credentials that are for it; CollectError where none
    is.
    """
    connections = connection.apart(owner)
    if len(connections) == 1:
        return GitHubPast(owner, connections[0], memory)
    return SeveralPasts(owner, connections, memory)


def _read(readers: Sequence[GitHubPast], wanted: Sequence[Wanted]) -> dict[Wanted, Snapshot]:
    """Snapshots by the first of these; what that one cannot finish is read by the next."""
    reader, *others = readers
    try:
        found = dict(zip(wanted, reader.snapshots(wanted), strict=True))
    except BudgetSpentError:
        if not others:
            raise
        return _read(others, wanted)
    left = [pair for pair, snapshot in found.items() if snapshot.gaps]
    if left and others and reader.client.is_refused:
        found |= _read(others, left)
    return found


def _by_left(readers: Iterable[GitHubPast]) -> list[GitHubPast]:
    """The credentials in the order of their lines, but one with much more left goes first."""
    left: dict[GitHubPast, float] = {}
    for reader in readers:
        try:
            left[reader] = left_of(reader.client)
        except GitHubError:
            left[reader] = -1.0
    first, *_ = left
    most = max(left, key=lambda reader: left[reader])
    if left[most] > _MUCH_MORE * max(left[first], 0):
        return [most, *(reader for reader in left if reader is not most)]
    return list(left)


def _may_be_read(gap: Gap) -> bool:
    """Whether another credential may read what this gap says was not read."""
    return gap.reason is not GapReason.TOO_LARGE
