"""Matches names of downloaded artifacts with uploaded ones; names may hold expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from audits.expressions.automaton import Spread, runs_of
from audits.expressions.syntax import replace_fences

_ANY = ""
# Names of artifacts are short; what is longer is not compared.
_LONGEST = 300


class ArtifactNames:
    """Names of uploaded artifacts, all compared at once with what a download asks for."""

    def __init__(self, names: Iterable[str]) -> None:
        self.always: list[str] = []
        self.ends: dict[int, str] = {}
        self.accepting: dict[str, int] = {}
        self.wild = 0
        spans: list[tuple[int, int]] = []
        wild_runs: list[tuple[int, int]] = []
        start = 0
        for name in dict.fromkeys(names):
            characters = _open(name)
            if len(characters) > _LONGEST:
                self.always.append(name)
                continue
            for state, character in enumerate(characters, start):
                self.accepting[character] = self.accepting.get(character, 0) | 1 << state
            wild_runs += runs_of((character == _ANY for character in characters), start)
            spans.append((start, start + len(characters)))
            start += len(characters)
            self.ends[start] = name
            start += 1
        self.wild = self.accepting.pop(_ANY, 0)
        self.all_after, self.past_wild = Spread.over(spans), Spread.over(wild_runs)

    def taken(self, name: str, pattern: str = "") -> frozenset[str]:
        """Those that a download of ``name``, of ``pattern`` or (both empty) of everything may
        take; an expression may stand for any text.
        """
        asked = _open(name) if name else _open(pattern, wild="*?[{")
        everything = not name and not pattern
        if everything or len(asked) > _LONGEST:
            return frozenset((*self.always, *self.ends.values()))
        states = self.past_wild(self.all_after.first)
        for character in asked:
            if character == _ANY:
                states = self.all_after(states)
            else:
                # An open place stands for this character and perhaps for more.
                stay = states & self.wild
                taken = states & self.accepting.get(character, 0)
                states = self.past_wild(stay | taken << 1)
        ended = (name for end, name in self.ends.items() if states >> end & 1)
        return frozenset((*self.always, *ended))


def file_name(path: str) -> str:
    """The name of an artifact that is not archived: its file's, wildcards as expressions.

    https://github.com/actions/upload-artifact#inputs
    """
    name = replace_fences(path, "${{}}").strip().rpartition("/")[2]
    return re.sub(r"[*?\[]+", "${{}}", name)


def _open(text: str, *, wild: str = "") -> tuple[str, ...]:
    """The characters of a name, and `_ANY` for each expression and each of ``wild``."""
    loose = replace_fences(text.strip(), "\0")
    return tuple(_ANY if character in "\0" + wild else character for character in loose)
