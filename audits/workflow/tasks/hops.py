"""Follows a step's commands into the repository's scripts and tasks.

One hop is followed after the other, from a task to the script that it runs, as far as the
files were read and never in a circle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from posixpath import basename, dirname

from msgspec import Struct
from msgspec.structs import replace

from audits.model.command import Command
from audits.model.hop import Hop
from audits.model.location import Scalar
from audits.model.source import SourceFile
from audits.model.working_folders import in_folders
from audits.workflow.shell.commands import Patience, reached_commands
from audits.workflow.tasks.embedded import Inside, given_arguments
from audits.workflow.tasks.invocations import Invocation, invocations, is_script, joined
from audits.workflow.tasks.source_code import (
    javascript_commands,
    python_commands,
    ruby_commands,
)
from audits.workflow.tasks.task_files import task_commands
from audits.workflow.uploaders.consumers import (
    PLAIN_PROGRAMS,
    RUNS_OWN,
    speaks_of_publishing,
)

_DEEPEST = 4
_MOST_COMMANDS = 3000
_MOST_HOPS = 60
_MOST_FOLLOWED = 150
# Builds that bring their own launcher: the uploaders know what their tasks publish.
_LAUNCHERS = frozenset({"gradlew", "gradlew.bat", "mvnw", "mvnw.cmd", "sbtx"})
# What may send anything anywhere, so that a script with one is not known to upload nothing.
_SENDERS = frozenset(
    {"wireit", "curl", "wget", "http", "https", "rsync", "scp", "sftp", "aws", "gsutil"}
)
_JAVASCRIPT = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_SHELLS = {".ps1": "pwsh", ".cmd": "cmd", ".bat": "cmd"}


class Expansion(Struct, frozen=True, kw_only=True):
    """What one command leads to: the hop, all commands behind it, and further hops on the way."""

    hop: Hop
    commands: tuple[Command, ...] = ()
    further: tuple[Hop, ...] = ()


class _ScriptCommands(Struct, frozen=True, kw_only=True):
    """The commands of a script or task; ``whole`` where its language leaves none unseen."""

    path: str
    commands: tuple[Command, ...]
    whole: bool


class Hops:
    """The files of a repository that steps can lead to; each is taken apart once."""

    def __init__(
        self, files: Mapping[str, SourceFile], patience: Callable[[str], Patience]
    ) -> None:
        self._files = files
        self._patience = patience
        self._known: dict[tuple[object, ...], _ScriptCommands | None] = {}

    def text(self, path: str) -> str:
        """The text of a file; "" where it was not read."""
        found = self._files.get(path)
        return "" if found is None else found.text

    def follow(
        self, commands: Sequence[Command], directory: str, checkouts: tuple[str, ...] = ()
    ) -> tuple[Expansion, ...]:
        """What each of these commands leads to, in their order; most lead nowhere.

        ``directory`` is where they run. ``checkouts`` are the folders into which the
        repository is checked out.
        """
        found: list[Expansion] = []
        seen: set[tuple[object, ...]] = set()
        for command, place in _placed(commands, directory):
            for led in self._led(command, place, checkouts, seen, 0):
                found.append(led)
                if len(found) >= _MOST_HOPS:
                    return tuple(found)
        return tuple(found)

    def _led(
        self,
        command: Command,
        directory: str,
        checkouts: tuple[str, ...],
        seen: set[tuple[object, ...]],
        depth: int,
    ) -> Iterator[Expansion]:
        missing: list[Invocation] = []
        taken: set[str] = set()
        for invocation in invocations(command, directory, self._files):
            found = self._find(invocation, command, checkouts)
            if found is None:
                missing.append(invocation)
            else:
                taken.add(invocation.task)
                key = (found.path, invocation.task, invocation.arguments, invocation.directory)
                if key not in seen and len(seen) < _MOST_FOLLOWED:
                    seen.add(key)
                    yield self._inside(command, invocation, found, checkouts, seen, depth + 1)
        for invocation in missing:
            if invocation.task not in taken and not invocation.optional and _is_own(invocation):
                yield Expansion(hop=_hop(command, invocation, self._nearest(invocation, checkouts)))
                return

    def _inside(
        self,
        command: Command,
        invocation: Invocation,
        found: _ScriptCommands,
        checkouts: tuple[str, ...],
        seen: set[tuple[object, ...]],
        depth: int,
    ) -> Expansion:
        commands, hops = list(found.commands), []
        settled = found.whole and bool(found.commands) and not any(map(_is_open, found.commands))
        if depth < _DEEPEST:
            for inner, place in _placed(found.commands, None):
                for led in self._led(inner, place, checkouts, seen, depth):
                    commands += led.commands
                    hops += [led.hop, *led.further]
                    settled = settled and led.hop.settled
        elif any(self._leads_on(c, place) for c, place in _placed(found.commands, None)):
            settled = False
        hop = replace(_hop(command, invocation, found.path), read=True, settled=settled)
        return Expansion(
            hop=hop, commands=tuple(commands[:_MOST_COMMANDS]), further=tuple(hops[:_MOST_HOPS])
        )

    def _leads_on(self, command: Command, directory: str) -> bool:
        """Whether a command runs something of the repository's own, which is not followed here."""
        return any(not each.optional for each in invocations(command, directory, self._files))

    def _nearest(self, invocation: Invocation, checkouts: tuple[str, ...]) -> str:
        """The file of an invocation that was read, else the likeliest one."""
        paths = list(_in_checkouts(invocation.paths, checkouts))
        return next((path for path in paths if path in self._files), paths[0])

    def _find(
        self, invocation: Invocation, command: Command, checkouts: tuple[str, ...]
    ) -> _ScriptCommands | None:
        for path in _in_checkouts(invocation.paths, checkouts):
            if path in self._files:
                called = frozenset({command.program}) if invocation.sourced else frozenset()
                key = (path, invocation.task, invocation.arguments, invocation.directory, called)
                if key not in self._known:
                    self._known[key] = self._read(path, invocation)
                if (found := self._known[key]) is not None:
                    return found
        return None

    def _read(self, path: str, invocation: Invocation) -> _ScriptCommands | None:
        directory = invocation.directory
        inside = Inside(
            path=path,
            text=self._files[path].text,
            patience=self._patience(path),
            directory=dirname(path) if directory is None else directory,
            arguments=invocation.arguments,
        )
        name = basename(path)
        if invocation.kind:
            found = task_commands(name, invocation.kind, invocation.task, inside)
            whole = not name.endswith((".py", ".rb", "Rakefile", "rakefile"))
            whole = whole and not _has_includes(inside.text)
        else:
            found, whole = _script_commands(name, inside, invocation)
        if found is None:
            return None
        given = given_arguments(found, invocation.arguments)
        return _ScriptCommands(path=path, commands=tuple(_first(given)), whole=whole)


_INCLUDES = re.compile(
    # make: conditions, macros, includes and another recipe prefix; Taskfile; just
    r"\n[ \t]*(?:-?s?include\b|ifn?eq\b|ifn?def\b|define\b|\.RECIPEPREFIX\b|includes:|import\??[ \t]+['\"]"
    r"|mod\??[ \t]+\w)"
)
"""Lines that bring commands into a task file which are not read, each with the break before it: a
pattern that begins with a character is found fastest."""
_CALLED_MACRO = re.compile(r"\$\((?:call|eval|foreach|shell)\b")
"""The same in the middle of a line of make."""


@lru_cache(maxsize=8)
def _has_includes(text: str) -> bool:
    """Whether commands of a task file are not read; kept, since a file has many tasks."""
    return _CALLED_MACRO.search(text) is not None or _INCLUDES.search(f"\n{text}") is not None


_RUNS_ARGUMENTS = re.compile(
    r"(?:^|[;{&|(!]|\b(?:then|do|else)\b)[ \t]*[\"']?\$\{?[@*1]\}?", re.MULTILINE
)
"""A script that runs what it, or one of its functions, is given."""
_RUNNERS = frozenset(
    {
        ".",
        "source",
        "bash",
        "sh",
        "zsh",
        "eval",
        "exec",
        "xargs",
        "env",
        "node",
        "python",
        "python3",
    }
)


_FOLLOWED = frozenset(
    {"npm", "pnpm", "yarn", "bun", "npx", "pnpx", "bunx", "make", "gmake", "just", "task", "tox"}
    | {"nox", "rake", "inv", "invoke", "doit", "poe", "turbo", "nx", "gradle", "gradlew", "mvn"}
    | {"mvnw", "sbt"}
)
"""Programs whose tasks are followed, or known to the uploaders."""


def _is_open(command: Command) -> bool:
    """Whether the text of a command does not show what it runs, or it may send files: it may
    also be an uploader that is not known, such as ``acme publish``.
    """
    words = command.words or (command.program,)
    if command.program in _SENDERS or words[0].startswith(("$", "{{", '"$', "`")):
        return True
    if command.program in _RUNNERS:
        return any("$" in word for word in words[1:3])
    # `--version 1.0` names what is released, and alone asks for the program's own.
    if command.has("--dry-run", "--dryrun", "--help") or words[-1] == "--version":
        return False
    if words[1:2] and words[1] in RUNS_OWN.get(command.program, ()):
        return True
    if command.program in PLAIN_PROGRAMS or command.program in _FOLLOWED:
        return False
    return any(map(_asks_to_publish, words[1:3]))


_LABEL = re.compile(r"(?:@[\w.-]*)?//[\w./-]*:([\w.-]+)")
"""A target of Bazel or Buck."""


def _asks_to_publish(word: str) -> bool:
    """Whether a command's word is a task such as ``publish``, ``publish:all`` or the label
    ``//pkg:npm.publish``, and no place.
    """
    if label := _LABEL.fullmatch(word):
        word = label[1].rpartition(".")[2]
    return not set(word) & set("/\\.=$") and word[:1] != "-" and speaks_of_publishing(word)


def _first(commands: Iterable[Command]) -> Iterator[Command]:
    for index, command in enumerate(commands):
        if index >= _MOST_COMMANDS:
            return
        yield command


def _script_commands(
    name: str, inside: Inside, invocation: Invocation
) -> tuple[Iterator[Command] | None, bool]:
    """The commands of a script, by its ending or its first line, and whether those are all."""
    first = inside.text[:120].partition("\n")[0]
    ending = name[name.rfind(".") :] if is_script(name) else ""
    shebang = first if first.startswith("#!") else ""
    if ending == ".py" or (not ending and "python" in shebang):
        entry = python_commands(inside.text, inside, invocation.task)
        # An entry point may also be an object, such as a command line's.
        return entry or python_commands(inside.text, inside, ""), False
    if ending in _JAVASCRIPT or (not ending and ("node" in shebang or "deno" in shebang)):
        return javascript_commands(inside.text, inside), False
    if ending == ".rb" or (not ending and "ruby" in shebang):
        return ruby_commands("", inside), False
    if ending == ".pl" or "perl" in shebang:
        return None, False
    script = Scalar(inside.text.replace("\r\n", "\n"), 1, 1, 0, len(inside.text))
    shell = _SHELLS.get(ending, "bash")
    arguments = None if invocation.sourced else inside.arguments
    found = reached_commands(script, shell, inside.patience, arguments)
    whole = _RUNS_ARGUMENTS.search(inside.text) is None
    return (replace(c, path=inside.path, directory=inside.directory) for c in found), whole


def _hop(command: Command, invocation: Invocation, path: str) -> Hop:
    return Hop(
        at=command.path,
        line=command.line,
        written=command.text,
        path=path,
        task=invocation.task,
    )


def _is_own(invocation: Invocation) -> bool:
    """Whether it can only be a file of the repository: no variable, no place elsewhere."""
    path = invocation.paths[-1]
    if path.startswith(("..", "~")) or any(mark in path for mark in ("$", "{", "node_modules/")):
        return False
    return basename(path) not in _LAUNCHERS and not path.startswith(("usr/", "opt/", "tmp/"))


def _in_checkouts(paths: Iterable[str], checkouts: tuple[str, ...]) -> Iterator[str]:
    """Paths from where steps work, and the same from the root of what is checked out there."""
    for path in paths:
        yield path
        for folder in checkouts:
            if path.startswith(f"{folder}/"):
                yield path[len(folder) + 1 :]


def _placed(commands: Iterable[Command], directory: str | None) -> Iterator[tuple[Command, str]]:
    """Each command with the folder in which it runs, after each ``cd`` of the same script;
    without a ``directory`` the commands' own.
    """
    if directory is not None:
        yield from _placed_from(directory, commands)
        return
    for (_, start), inside in groupby(commands, lambda c: (c.path, c.directory)):
        yield from _placed_from(start, inside)


def _placed_from(start: str, commands: Iterable[Command]) -> Iterator[tuple[Command, str]]:
    """The same for the commands of one script; where only a variable tells where ``cd`` leads,
    it is the folder at the start.
    """

    def changed(place: str, word: str) -> str:
        return start if word.startswith("/") or "$" in word else joined(place, word)

    return in_folders(commands, start, changed)
