"""Reads commands from texts inside another file, with that file's path and lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from audits.model.command import Command
from audits.model.location import Scalar
from audits.workflow.shell.commands import Patience, commands
from audits.workflow.shell.wrappers import unwrap


class Inside(Struct, frozen=True, kw_only=True):
    """The file in which commands stand, and what a task or script was given.

    ``directory`` is where they run, from the repository's root; ``arguments`` are the words
    behind the script or task; ``patience`` is the budget for the file.
    """

    path: str
    text: str
    patience: Patience
    directory: str = ""
    arguments: tuple[str, ...] = ()
    called: frozenset[str] = frozenset()


def shell_commands(text: str, line: int, inside: Inside, shell: str = "bash") -> Iterator[Command]:
    """The commands of a shell text that starts on ``line`` of the file."""
    yield from scalar_commands(Scalar(text, line, 1, 0, len(text)), inside, shell)


def scalar_commands(script: Scalar, inside: Inside, shell: str = "bash") -> Iterator[Command]:
    """The commands of a shell text that is a scalar of the file."""
    for command in commands(script, shell, inside.patience):
        yield replace(command, path=inside.path, directory=inside.directory)


def word_command(words: Sequence[str], line: int, inside: Inside) -> Iterator[Command]:
    """One command that is given as words, as programs in other languages start them."""
    if not words:
        return
    env: dict[str, str] = {}
    rest, wrappers = unwrap(words, env)
    command = Command(
        words=tuple(rest),
        line=line,
        wrappers=tuple(wrappers),
        env=env,
        written=tuple(words),
        path=inside.path,
        directory=inside.directory,
    )
    yield command
    if len(rest) > 2 and rest[0] in {"bash", "sh"} and rest[1] == "-c":
        yield from shell_commands(rest[2], line, inside)


def line_of_key(text: str, key: str, after: int = 0) -> int:
    """The line on which a key of a JSON, TOML or INI file stands, 1 where it is not found."""
    name = re.escape(key)
    match = re.compile(rf"""^[ \t,{{]*["']?{name}["']?[ \t]*[:=]""", re.M).search(text, after)
    if match is None:
        match = re.compile(rf"""["']{name}["'][ \t]*[:=]|[.\[:]{name}\]""").search(text, after)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def given_arguments(found: Iterable[Command], arguments: tuple[str, ...]) -> Iterator[Command]:
    """The commands of a script with its arguments in place of ``$1`` and ``$@``."""
    for command in found:
        if any("$" in word for word in command.words):
            words = tuple(w for word in command.words for w in _filled(word, arguments))
            yield replace(command, words=words)
        else:
            yield command


_POSITION = re.compile(r"\$\{?([1-9])\}?(?!\w)")


def _filled(word: str, arguments: tuple[str, ...]) -> tuple[str, ...]:
    if word in {"$@", "$*", "${@}", "${*}"}:
        return arguments

    def given(match: re.Match[str]) -> str:
        index = int(match[1]) - 1
        return arguments[index] if index < len(arguments) else match.group()

    return (_POSITION.sub(given, word),)
