"""Literal credentials of a repository: those that stand in the files, by where they are used.

A password may be given in one file and used as one in another: in the environment of a workflow
for a script, in a caller's inputs for a called workflow or an action. It is hidden wherever the
repository's texts are quoted.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

from msgspec import Struct

from audits.model.redaction import (
    MASK,
    hide,
    literals,
    longest_first,
    masked,
    named_by,
    named_credentials,
    placed_credentials,
)
from audits.model.repository import Repository

_WORD = r"(?:[A-Z]?[a-z]+|[A-Z]+)"
_WORD_LIKE = re.compile(
    rf"\W*{_WORD}(?:[-_./: ]+{_WORD})*\W*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[\d.]+|.*[${{(].*|.{{0,5}}",
    re.DOTALL,
)
"""Words, names and numbers: hidden in the files where they are a credential's value, and shown
in others, where they mostly mean something else.
"""
_LAST_WORD = re.compile(r"(?<![^\s`\"'=:/@…])[^\s`\"'=:/@…]{4,}(?=…|`|$)")
"""The last word of a quotation, which may be the first part of a longer one."""
_MOST = 1000
"""More values than this are not looked for: a file of a thousand passwords is a test's data."""
_ACTION_FILES = ("action.yml", "action.yaml")


class LiteralCredentials(Struct, frozen=True, kw_only=True):
    """The values to hide, the longest first: in every text, in those of single files, and
    those that a text itself gives to variables, by text.
    """

    everywhere: tuple[str, ...] = ()
    by_file: Mapping[str, tuple[str, ...]] = {}
    by_text: Mapping[str, tuple[str, ...]] = {}

    def redact(self, line: str, path: str, text: str) -> str:
        """A line that is quoted from a file of this text, or that says something of it."""
        named = self.by_text.get(text)
        own = hide(masked(line), named_credentials(text) if named is None else named)
        return self.hide(hide(own, self.by_file.get(path, ())))

    def hide(self, sentence: str) -> str:
        """A sentence about the repository without the values that are hidden everywhere, nor
        their beginnings where a quotation was cut.
        """
        shown = hide(sentence, self.everywhere)
        return _LAST_WORD.sub(self._without_beginning, shown) if self.everywhere else shown

    def _without_beginning(self, found: re.Match[str]) -> str:
        word = found[0]
        return MASK if any(value.startswith(word) for value in self.everywhere) else word


def credentials_of(repository: Repository) -> LiteralCredentials:
    """The literal credentials of a repository; asked once, see `Repository.once`."""
    return repository.once(_credentials)


def _credentials(repository: Repository) -> LiteralCredentials:
    texts = {file.path: file.text for file in repository.snapshot.files}
    texts |= {path: file.text for path, file in repository.snapshot.remote_files.items()}
    found = {path: placed_credentials(text) for path, text in texts.items()}
    placed = {value for each in found.values() for value in each.values}
    by_file: dict[str, set[str]] = {}
    callers = cache(partial(_callers, texts=texts))
    for path, each in found.items():
        for giver, value in _given(path, each.names, texts, callers):
            placed.add(value)
            by_file.setdefault(giver, set()).add(value)
            by_file.setdefault(path, set()).add(value)
    strong = [value for value in placed if not _WORD_LIKE.fullmatch(value)]
    return LiteralCredentials(
        everywhere=longest_first(strong)[:_MOST],
        by_file={path: longest_first(values)[:_MOST] for path, values in by_file.items()},
        by_text={texts[path]: named_by(each, texts[path]) for path, each in found.items()},
    )


def _given(
    path: str,
    names: Iterable[str],
    texts: Mapping[str, str],
    callers: Callable[[str], Sequence[str]],
) -> Iterator[tuple[str, str]]:
    """The literals that a file and its callers give to names, each with the file that gives it:
    also through variables that are given to variables, and from callers of callers.
    """
    waiting = deque((path, name) for name in names)
    seen = set(waiting)
    while waiting:
        user, name = waiting.popleft()
        for giver in (user, *callers(user)):
            called = name.removeprefix("secrets.") if giver != user else name
            given = [literals(each, texts[giver]) for each in _names(called)]
            yield from ((giver, value) for each in given for value in each.values)
            further = {(giver, other) for each in given for other in each.names}
            further |= {(giver, called)} if giver != user else set()
            further -= seen
            if len(seen) < _MOST:
                seen |= further
                waiting.extend(sorted(further))


def _names(name: str) -> Iterator[str]:
    """A name, and the input that GitHub passes to an action's program as ``INPUT_<NAME>``:
    https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax#inputs
    """
    yield name
    if name.startswith("INPUT_"):
        yield name.removeprefix("INPUT_").lower()
        yield name.removeprefix("INPUT_").lower().replace("_", "-")


def _callers(path: str, texts: Mapping[str, str]) -> tuple[str, ...]:
    """The other files that may give a value to what a file uses: those that name a called
    workflow or an action, and for scripts and tasks the workflows and actions.
    """
    folder, _, name = path.partition("@")[0].rpartition("/")
    others = [other for other in texts if other != path]
    if name in _ACTION_FILES:
        called = folder or "./"
    elif "/workflows/" in f"/{path}":
        called = name
    else:
        return tuple(other for other in others if other.endswith((".yml", ".yaml")))
    return tuple(other for other in others if called in texts[other] and "uses" in texts[other])
