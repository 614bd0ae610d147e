"""Estimates how long findings stay open; those that are still open count too."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate

from msgspec import Struct


class Lifetime(Struct, frozen=True):
    """``count`` findings that were watched from the age ``since`` to the age ``until``, in days.
    ``fixed``: they were fixed then, rather than still open or gone for another reason.
    """

    until: float
    fixed: bool
    count: int = 1
    since: float = 0.0


def median_days(lifetimes: Iterable[Lifetime]) -> float | None:
    """The age by which half of the findings are fixed; None where fewer than half ever are.

    The product-limit estimate: a mean over what was fixed alone would count quick fixes and
    leave out all that nobody ever fixed. E. L. Kaplan, P. Meier, "Nonparametric estimation from
    incomplete observations", 1958, https://doi.org/10.1080/01621459.1958.10501452; findings that
    were watched from a later age on count from there (delayed entry).
    """
    known = list(lifetimes)
    came, left = (
        _counted((e.since, e.count) for e in known),
        _counted((e.until, e.count) for e in known),
    )
    fixes: dict[float, int] = {}
    for each in known:
        if each.fixed:
            fixes[each.until] = fixes.get(each.until, 0) + each.count
    surviving = 1.0
    for age in sorted(fixes):
        watched = came[1][bisect_right(came[0], age)] - left[1][bisect_left(left[0], age)]
        surviving *= 1 - fixes[age] / watched
        if surviving <= 0.5:
            return age
    return None


def _counted(pairs: Iterable[tuple[float, int]]) -> tuple[list[float], list[int]]:
    """The ages in order, and for each place the sum of the counts before it."""
    ordered = sorted(pairs)
    return [age for age, _ in ordered], [0, *accumulate(count for _, count in ordered)]
