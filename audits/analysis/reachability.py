"""Decides whether a kind of run reaches a place, and lists the conditions on the way."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from audits.model.workflow import Condition

_MOST_NAMED = 20


class Reachability(Struct, frozen=True, kw_only=True):
    """Whether a kind of run reaches a place.

    ``runs`` is None where that hangs on ``unseen`` outputs. What only the run itself knows
    (a matrix value, a commit message, who acts) is taken to come out in favour of running.
    ``assumed`` names these. ``conditions`` stand on the way and ask for more than the
    repository's name; ``guard`` names the environment's rule that stops the run.
    """

    runs: bool | None = True
    conditions: tuple[Condition, ...] = ()
    unseen: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    guard: str = ""

    def then(self, other: Reachability) -> Reachability:
        """Both, one after the other."""
        runs = None if self.runs is None or other.runs is None else True
        if self.runs is False or other.runs is False:
            runs = False
        return Reachability(
            runs=runs,
            conditions=(*self.conditions, *other.conditions),
            unseen=(*self.unseen, *other.unseen),
            assumed=(*self.assumed, *other.assumed),
            guard=self.guard or other.guard,
        )


_FREE = Reachability()


def joined(found: Iterable[Reachability]) -> Reachability:
    """All of them, one after the other: each condition once, and not more than anybody reads,
    since many jobs may wait for the same.
    """
    runs: bool | None = True
    guard = ""
    conditions: dict[int, Condition] = {}
    unseen: dict[str, None] = {}
    assumed: dict[str, None] = {}
    for each in found:
        if each is _FREE:
            continue
        runs = False if runs is False or each.runs is False else None if each.runs is None else runs
        guard = guard or each.guard
        if len(conditions) < _MOST_NAMED:
            conditions |= {id(condition): condition for condition in each.conditions}
        if len(unseen) < _MOST_NAMED:
            unseen |= dict.fromkeys(each.unseen)
        if len(assumed) < _MOST_NAMED:
            assumed |= dict.fromkeys(each.assumed)
    if runs is True and not (guard or conditions or unseen or assumed):
        return _FREE
    return Reachability(
        runs=runs,
        conditions=tuple(conditions.values())[:_MOST_NAMED],
        unseen=tuple(unseen)[:_MOST_NAMED],
        assumed=tuple(assumed)[:_MOST_NAMED],
        guard=guard,
    )
