"""Nondeterministic automata that match glob patterns in linear time.

They match patterns that outsiders write: the time grows with the length of the text alone, a
thousand states costing hardly more than one.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Spread(Struct, frozen=True):
    """Goes from states to all that come after them in the same span.

    A number has one bit for each state. ``first`` and ``last`` are the ends of all spans,
    ``inside`` all their states but the first ones. Spans share no state.
    """

    first: int = 0
    last: int = 0
    inside: int = 0

    @classmethod
    def over(cls, spans: Iterable[tuple[int, int]]) -> Spread:
        """Over the states from the first to the last of each span, both included."""
        first = last = inside = 0
        for low, high in spans:
            first |= 1 << low
            last |= 1 << high
            inside |= (1 << high + 1) - (1 << low + 1)
        return cls(first, last, inside)

    def __call__(self, states: int) -> int:
        """These states, and those after them.

        Taking one from a span changes its bits up to the lowest that is set, and those that
        stay the same are the ones after it (G. Navarro, NR-grep, 2001).
        """
        ends = states | self.last
        return states | (self.inside & ~((ends - self.first) ^ ends))


def runs_of(wanted: Iterable[bool], start: int = 0) -> list[tuple[int, int]]:
    """The spans of states in which those that are wanted lead on freely to the next state."""
    spans: list[tuple[int, int]] = []
    for state, free in enumerate(wanted, start):
        if not free:
            continue
        if spans and spans[-1][1] == state:
            spans[-1] = (spans[-1][0], state + 1)
        else:
            spans.append((state, state + 1))
    return spans
