"""Commands of a ``run:`` script, as words with their lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct, field


def plain_words(words: Sequence[str], values: frozenset[str]) -> Iterator[tuple[int, str]]:
    """The words that are neither options nor the values of these options, with their index."""
    index = 0
    while index < len(words):
        if words[index].startswith("-") and len(words[index]) > 1:
            index += 2 if words[index] in values else 1
        else:
            yield index, words[index]
            index += 1


def is_assignment(word: str) -> bool:
    """Whether a word gives a variable a value: ``NAME=value``."""
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


class Command(Struct, frozen=True, kw_only=True):
    """One simple command of a script, wrappers removed.

    ``words`` start at the program (``twine``, ``upload`` …), the directory of an installed
    program removed (a project's own ``./scripts/publish`` keeps it); ``wrappers`` are the words
    in front (``sudo``, ``uv run``, ``pipx run``, ``python -m``); ``written`` are all words as
    they stand, wrappers, their options and versions (``twine@6``) included; ``env`` are the
    assignments in front; ``line`` is the file's line; ``redirects`` are its redirections as
    written; ``piped_into`` is the program that reads its output. Expressions ``${{ … }}`` stay
    as they are. ``path`` is the file that holds it where that is a script or task file that a
    step leads to, ``directory`` the folder in which it runs there ("" is the root).
    ``subshells`` are those around it, ``( … )`` and ``bash -c``, by their place in the script,
    the innermost last.
    """

    words: tuple[str, ...]
    line: int
    wrappers: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    piped_into: str = ""
    written: tuple[str, ...] = ()
    path: str = ""
    directory: str = ""
    subshells: tuple[int, ...] = ()

    @property
    def program(self) -> str:
        """The first word, or nothing for a bare assignment."""
        return self.words[0] if self.words else ""

    @property
    def text(self) -> str:
        """The words as they are written, no more of them than people read."""
        return " ".join(self.written or self.words)[:200]

    def option(self, *names: str) -> str | None:
        """The value of the first such option (``--x v``, ``--x=v``, ``-xv`` for one letter).

        An option that ends the command has the value ``""``; None where it is not given.
        """
        return next(self.options(*names), None)

    def options(self, *names: str) -> Iterator[str]:
        """The values of all such options, in their order."""
        marks = {name[:1] for name in names}
        for index, word in enumerate(self.words):
            if word[:1] not in marks:
                continue
            for name in names:
                if word == name or _is_cmdlet_option(word, name):
                    yield self.words[index + 1] if index + 1 < len(self.words) else ""
                    break
                if name.startswith("--") and word.startswith(name + "="):
                    yield word[len(name) + 1 :]
                    break
                if len(name) > 2 and name[1] != "-" and word.startswith((name + "=", name + ":")):
                    yield word[len(name) + 1 :]
                    break
                if len(name) == 2 and word.startswith(name) and not word.startswith("--"):
                    yield word[2:].removeprefix("=")
                    break

    def has(self, *flags: str) -> bool:
        """Whether one of these words is among the arguments."""
        return any(word in flags for word in self.words[1:])


def _is_cmdlet_option(word: str, name: str) -> bool:
    """Whether two words are one parameter of PowerShell, whose case does not matter."""
    return len(name) > 2 and name[1] != "-" and word.lower() == name.lower()
