"""Compares versions of actions: in refs, in comments, and in the ranges of advisories."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import inf

from msgspec import Struct

_VERSION = re.compile(
    r"[vV]?(?P<numbers>\d{1,9}(?:\.\d{1,9}){0,4})(?P<pre>[-.]?[A-Za-z][\w.+-]*|\+[\w.-]+)?"
)
_BOUND = re.compile(r"(?P<operator>>=|<=|>|<|=)\s*(?P<version>[^\s,]+)")
# What update bots and pinning tools write in front of the version; see the table in zizmor's
# documentation of ref-version-mismatch and Renovate's of the github-actions manager.
_COMMENT = re.compile(
    r"(?:(?:renovate:\s*)?(?:tag|version|ver|pin)\s*(?:[=:]\s*)?@?|ratchet:\S+@|@)?(?P<token>\S+)"
)
_LENGTH = 5


class Version(Struct, frozen=True):
    """A version such as ``v4``, ``1.2.3`` or ``v2.0.0-beta.1``; ``numbers`` as written.

    ``v4`` and ``v4.1`` are partial: they name the newest release below them, today.
    """

    numbers: tuple[int, ...]
    pre: str = ""

    @property
    def major(self) -> int:
        """The first number."""
        return self.numbers[0]

    @property
    def is_partial(self) -> bool:
        """Whether it names more than one release."""
        return len(self.numbers) < 3 and not self.pre

    @property
    def lowest(self) -> tuple[float, ...]:
        """The key of the lowest release it can mean; keys compare as releases do."""
        missing = (0,) * (_LENGTH - len(self.numbers))
        return (*self.numbers, *missing, 0 if self.pre else 1)

    @property
    def highest(self) -> tuple[float, ...]:
        """The key of the highest release it can mean."""
        if not self.is_partial:
            return self.lowest
        return (*self.numbers, *(inf,) * (_LENGTH - len(self.numbers)), 1)


def parse_version(text: str) -> Version | None:
    """The version that a whole text spells; None for names such as ``main``."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    pre = match["pre"] or ""
    numbers = tuple(map(int, match["numbers"].split(".")))
    return Version(numbers=numbers, pre="" if pre.startswith("+") else pre)


def version_of_ref(ref: str) -> Version | None:
    """The version in a ref: ``v4``, ``release/v1``, ``action-v2.1``."""
    return parse_version(ref) or parse_version(re.split(r"[/-](?=[vV]\d)", ref)[-1])


def version_comment(comment: str) -> str:
    """The version that a comment behind a commit names, as update bots would read it: ``""``
    where it names none. ``main`` and other names of branches are none.
    """
    for part in comment.split("#"):
        words = part.split() or [""]
        match = _COMMENT.fullmatch(part.strip())
        if match is not None and version_of_ref(match["token"]) is not None:
            return match["token"]
        for word in (words[0].rstrip(",;:"), words[-1]):
            # A bare number in a sentence (`for Node 20`) is no version of the action.
            if re.match(r"[vV]\d|\d+\.\d", word) and parse_version(word):
                return word
    return ""


def best_tag(tags: Iterable[str]) -> str:
    """The tag that says most: a full version before ``v4``, a release before a candidate."""
    found = [(version, tag) for tag in tags if (version := parse_version(tag)) is not None]
    if not found:
        return ""
    return max(found, key=lambda f: (not f[0].pre, len(f[0].numbers), f[0].lowest, f[1]))[1]


class _Range(Struct, frozen=True):
    low: tuple[float, ...] = (-inf,)
    low_is_in: bool = True
    high: tuple[float, ...] = (inf,)
    high_is_in: bool = True

    def has(self, key: tuple[float, ...]) -> bool:
        above = key > self.low or (self.low_is_in and key == self.low)
        return above and (key < self.high or (self.high_is_in and key == self.high))

    def overlaps(self, version: Version) -> bool:
        """Whether some release that a version can mean is in the range."""
        low, high = version.lowest, version.highest
        ends_before = self.high < low or (self.high == low and not self.high_is_in)
        starts_after = self.low > high or (self.low == high and not self.low_is_in)
        return not (ends_before or starts_after)


def _parse_range(text: str) -> _Range | None:
    """An advisory's range: bounds joined by commas, each ``<``, ``<=``, ``=``, ``>`` or ``>=``."""
    low: tuple[tuple[float, ...], bool] = ((-inf,), True)
    high: tuple[tuple[float, ...], bool] = ((inf,), True)
    for part in text.split(","):
        match = _BOUND.fullmatch(part.strip())
        version = parse_version(match["version"]) if match else None
        if match is None or version is None:
            return None
        key, operator = version.lowest, match["operator"]
        if operator in {">", ">=", "="}:
            low = (key, operator != ">")
        if operator in {"<", "<=", "="}:
            high = (key, operator != "<")
    return _Range(*low, *high)


def is_range(text: str) -> bool:
    """Whether a text is a range of versions as advisories write them."""
    return _parse_range(text) is not None


def newest_is_within(version: Version, ranges: Iterable[str]) -> bool:
    """Whether the newest release that a version can mean is in one of these ranges.

    That is what a tag such as ``v4`` resolves to, which its owner moves to each new release.
    """
    return any(known.has(version.highest) for known in map(_parse_range, ranges) if known)


def is_within(version: Version, ranges: Iterable[str]) -> bool | None:
    """Whether a version is in one of these ranges; None where a partial one could be, or where
    a range cannot be read.
    """
    doubt = False
    for known in map(_parse_range, ranges):
        if known is None:
            doubt = True
        elif known.has(version.lowest) and known.has(version.highest):
            return True
        else:
            doubt = doubt or known.overlaps(version)
    return None if doubt else False
