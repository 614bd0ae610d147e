"""Follows the folder in which each command of a script runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from audits.model.command import Command

# Of bash, cmd and PowerShell, in lower case.
_ENTERS = frozenset({"cd", "pushd", "chdir", "set-location", "push-location", "sl"})
_KEEPS = frozenset({"pushd", "push-location"})
_LEAVES = frozenset({"popd", "pop-location"})
_BY_WRAPPER = {
    "env": ("-C", "--chdir"),
    "sudo": ("-D", "--chdir"),
    "uv": ("--directory",),
    "poetry": ("-C", "--directory"),
    "pnpm": ("-C", "--dir"),
    "yarn": ("--cwd",),
    **dict.fromkeys(("conda", "mamba", "micromamba"), ("--cwd",)),
}
"""Options of programs that run others in another folder."""
_EACH = frozenset({"find", "fd", "fdfind", "xargs", "parallel", "lerna", "watchexec"})
"""Programs that run another one for each of what they find or read."""
_OF_WORKSPACES = frozenset({"npm", "npx", "pnpm", "pnpx", "yarn", "bun", "bunx"})
_EACH_WORKSPACE = ("-r", "--recursive", "-w", "--workspace", "--filter", "-F")
"""Options with which those run a program in packages of a workspace."""


def in_folders(
    commands: Iterable[Command], start: str, changed: Callable[[str, str], str]
) -> Iterator[tuple[Command, str]]:
    """Each command with the folder in which it runs, ``start`` for the first: ``cd`` holds for the
    rest of its subshell. ``changed`` says to which folder ``cd WORD`` leads from another.
    """
    shells: dict[tuple[int, ...], list[str]] = {(): [start]}
    before: dict[tuple[int, ...], str] = {}
    for command in commands:
        folders = _of_subshell(shells, command.subshells)
        by_wrapper = _of_wrapper(command)
        yield command, changed(folders[-1], by_wrapper) if by_wrapper else folders[-1]
        word = next((w for w in command.words[1:] if w == "-" or not w.startswith("-")), "")
        program, shell = command.program.lower(), command.subshells
        if program in _LEAVES:
            folders[:] = folders[:-1] or [start]
        elif program in _ENTERS and word:
            last = next(
                (before[shell[:n]] for n in range(len(shell), -1, -1) if shell[:n] in before), start
            )
            to = last if word == "-" else changed(folders[-1], word)
            before[shell] = folders[-1]
            folders[-1:] = [folders[-1], to] if program in _KEEPS else [to]


def _of_wrapper(command: Command) -> str:
    """The folder that ``env -C`` and its like run a command in; "" where none says."""
    found = ""
    if command.wrappers:
        options = {o for name in command.wrappers for o in _BY_WRAPPER.get(name.split()[0], ())}
        for word, value in pairwise((*wrapping(command), "")):
            name, equals, joined = word.partition("=")
            if name in options:
                found = joined if equals else value
    return found


def runs_anywhere(command: Command) -> bool:
    """Whether what runs a command says in which folder, or adds words to it, that stand nowhere in
    the script: ``find -execdir``, ``xargs``, ``pnpm -r exec``.
    """
    programs = {name.split()[0] for name in command.wrappers}
    if not programs.isdisjoint(_EACH):
        return True
    return not programs.isdisjoint(_OF_WORKSPACES) and any(
        word.startswith(_EACH_WORKSPACE) for word in wrapping(command)
    )


def wrapping(command: Command) -> tuple[str, ...]:
    """The words in front of a command, of what runs it."""
    return command.written[: max(0, len(command.written) - len(command.words))]


def _of_subshell(shells: dict[tuple[int, ...], list[str]], which: tuple[int, ...]) -> list[str]:
    """The folders of a subshell, the present one last; it begins where the one around it is."""
    if which not in shells:
        shells[which] = [_of_subshell(shells, which[:-1])[-1]]
    return shells[which]
