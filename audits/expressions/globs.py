"""Matches GitHub's two kinds of glob patterns in linear time."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from audits.expressions.automaton import Spread, runs_of

_PIECE = re.compile(r"\*+|\[[!^]?[^\]]+\]|\\.|.", re.DOTALL)


class _Token(Struct, frozen=True):
    """One character of a text: which are accepted, and whether it may be absent or repeat."""

    accepts: Callable[[str], bool]
    optional: bool = False
    repeats: bool = False


def filter_takes(name: str, patterns: Sequence[str]) -> bool:
    """Whether the patterns of ``branches:`` or ``tags:`` take a name: the last one that matches
    decides, and one with ``!`` in front says no.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
    """
    plain = tuple(pattern.removeprefix("!") for pattern in patterns)
    last = _filters(plain).last_that_takes(name)
    return last >= 0 and not patterns[last].startswith("!")


def ruleset_matches(pattern: str, name: str) -> bool:
    """Whether a ruleset's pattern (without ``refs/tags/``) takes a name.

    Ruby's ``File.fnmatch`` with FNM_PATHNAME: a star stops at a slash, ``**/`` is any folders.
    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/creating-rulesets-for-a-repository#using-fnmatch-syntax
    """
    segments = pattern.split("/")
    states = _skipping(segments, {0})
    for part in name.split("/"):
        following = set()
        for state in states:
            if state == len(segments):
                continue
            if segments[state] == "**" and state < len(segments) - 1:
                following.add(state)
            elif _ruleset_segment(segments[state]).last_that_takes(part) == 0:
                following.add(state + 1)
        states = _skipping(segments, following)
    return len(segments) in states


def _skipping(segments: list[str], states: set[int]) -> set[int]:
    """These states and those reached because ``**/`` may stand for no folder at all."""
    for state in range(len(segments) - 1):
        if state in states and segments[state] == "**":
            states.add(state + 1)
    return states


class _Patterns:
    """Patterns as one automaton: a state is how many tokens of one of them are behind."""

    def __init__(self, patterns: Iterable[Iterable[_Token]]) -> None:
        self.accepting: dict[str, int] = {}
        self.first = self.repeats = self.last = 0
        self.tokens: list[tuple[int, _Token]] = []
        self.ends: list[int] = []
        skipped: list[tuple[int, int]] = []
        state = 0
        for pattern in patterns:
            tokens = tuple(pattern)
            self.first |= 1 << state
            skipped += runs_of((token.optional for token in tokens), state)
            self.tokens += enumerate(tokens, state)
            state += len(tokens)
            self.ends.append(state)
            self.last |= 1 << state
            state += 1
        self.skip = Spread.over(skipped)
        self.repeats = sum(1 << state for state, token in self.tokens if token.repeats)

    def last_that_takes(self, text: str) -> int:
        """The place of the last pattern that takes the whole text; -1 where none does."""
        states = self.skip(self.first)
        for character in text:
            states &= self._accepting(character)
            stay = states & self.repeats
            states = self.skip(stay | (states ^ stay) << 1)
        ended = states & self.last
        return bisect_left(self.ends, ended.bit_length() - 1) if ended else -1

    def _accepting(self, character: str) -> int:
        """The states whose next token accepts a character."""
        if character not in self.accepting:
            found = (1 << state for state, token in self.tokens if token.accepts(character))
            self.accepting[character] = sum(found)
        return self.accepting[character]


@lru_cache(maxsize=256)
def _filters(patterns: tuple[str, ...]) -> _Patterns:
    return _Patterns(map(_filter_tokens, patterns))


def _filter_tokens(pattern: str) -> list[_Token]:
    tokens: list[_Token] = []
    for match in _PIECE.finditer(pattern):
        piece = match[0]
        if piece == "?" and tokens:
            tokens[-1] = replace(tokens[-1], optional=True)
        elif piece == "+" and tokens:
            if not tokens[-1].repeats:
                tokens.append(replace(tokens[-1], optional=True, repeats=True))
        elif piece.startswith("*"):
            anything = len(piece) > 1
            accepts = _anything if anything else _no_slash
            tokens.append(_Token(accepts, optional=True, repeats=True))
        else:
            tokens.append(_Token(_one_of(piece)))
    return tokens


@lru_cache(maxsize=1024)
def _ruleset_segment(segment: str) -> _Patterns:
    return _Patterns([[_ruleset_token(match[0]) for match in _PIECE.finditer(segment)]])


def _ruleset_token(piece: str) -> _Token:
    if piece.startswith("*"):
        return _Token(_no_slash, optional=True, repeats=True)
    return _Token(_no_slash if piece == "?" else _one_of(piece))


def _anything(_: str) -> bool:
    return True


def _no_slash(character: str) -> bool:
    return character != "/"


def _one_of(piece: str) -> Callable[[str], bool]:
    """Accepts the character of a piece: itself, escaped, or one of a set such as ``[a-z_]``."""
    if not piece.startswith("[") or len(piece) == 1:
        return piece[-1].__eq__
    inside = piece[1:-1]
    negated = inside[0] in "!^" and len(inside) > 1
    ranges = tuple(ranges_of(inside[1:] if negated else inside))
    return lambda c: any(first <= c <= last for first, last in ranges) is not negated


def ranges_of(members: str) -> Iterator[tuple[str, str]]:
    """The ranges of a set's inside: ``a-z_`` is from a to z, and from _ to _."""
    position = 0
    while position < len(members):
        is_range = members[position + 1 : position + 2] == "-" and position + 2 < len(members)
        last = position + 2 if is_range else position
        yield members[position], members[last]
        position = last + 1


def pieces(pattern: str) -> Iterator[str]:
    """The pieces of a pattern: stars, sets with their brackets, and single characters."""
    return (match[0] for match in _PIECE.finditer(pattern))
