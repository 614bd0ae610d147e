"""Which commands and actions run code of the workspace, and which folder of it."""

from __future__ import annotations

import posixpath
import re
import shlex
import sys
from collections.abc import Iterator
from itertools import pairwise

from audits.analysis.container_commands import in_container
from audits.analysis.exposure.rules import (
    COMMAND_INPUTS,
    DEPENDENCIES_UNRUN,
    ONLY_WITH,
    PLAIN,
    PROJECT_ACTIONS,
    PROJECT_PROGRAMS,
    SUBCOMMANDS,
)
from audits.model.command import Command
from audits.model.uses import UsesKind
from audits.model.workflow import Step
from audits.model.working_folders import in_folders

_SHELLS = frozenset(
    ["bash", "sh", "zsh", "dash", "ash", "ksh", "fish", "source", ".", "pwsh", "powershell"]
)
_INTERPRETERS = frozenset(
    [
        "python",
        "python3",
        "py",
        "node",
        "ruby",
        "perl",
        "php",
        "deno",
        "bun",
        "ts-node",
        "tsx",
        "pypy",
        "pypy3",
        "lua",
        "rscript",
        "julia",
    ]
)
_FOLDER_OPTIONS = (
    "-C",
    "--directory",
    "--prefix",
    "--cwd",
    "--dir",
    "--project",
    "--project-dir",
    "--manifest-path",
    "--working-directory",
    "--chdir",
    "--root",
    "--source",
)
_PROJECT_WRAPPERS = frozenset(
    {"uv run", "poetry run", "pdm run", "hatch run", "rye run", "pipenv run", "bundle exec"}
    | {"pixi run", "mise exec", "mise x"}
)
_STILL = frozenset(
    [
        "audit",
        "why",
        "config",
        "cache",
        "outdated",
        "list",
        "ls",
        "view",
        "info",
        "login",
        "logout",
        "whoami",
        "version",
        "set-script",
        "add",
        "dlx",
        "create",
        "init",
        "policies",
        "set",
        "plugin",
        "import",
        "store",
        "root",
        "bin",
        "help",
        "env",
        "setup",
        "approve-builds",
    ]
)
_HERE = re.compile(
    r"^(?:\$\{\{\s*github\.workspace\s*\}\}|\$\{?GITHUB_WORKSPACE\}?|\$\{?PWD\}?|\$\(pwd\))/?"
)
_REQUIRED = re.compile(
    r"""\b(?:require|import|readFileSync)\s*\(\s*['"`](?:\./|\.\./|\$\{process\.env\.GITHUB_WORKSPACE\}/|\$\{\{\s*github\.workspace\s*\}\}/)([^'"`]*)"""
)
_INSTALLED = re.compile(r"venv|node_modules|vendor/|env/bin|\.tox|\.nox|\.local|\.cargo|[${}@]")
# The options by which interpreters take code, by their names without a version.
_CODE_OPTIONS = {
    "python": ("-c",),
    "pypy": ("-c",),
    "node": ("-e", "-p", "-pe", "--eval", "--print"),
    "bun": ("-e", "-p", "--eval", "--print"),
    "tsx": ("-e", "-p", "--eval", "--print"),
    "ruby": ("-e",),
}
# The options with which they only look whether a file can be read as code.
_CHECKS_ONLY = {
    "node": "--check",
    "bash": "-n",
    "sh": "-n",
    "zsh": "-n",
    "dash": "-n",
    "ksh": "-n",
    "php": "-l",
}
# Python's options that leave the current folder out.
_ISOLATING = frozenset({"-I", "-P", "-Ic", "-Im"})
_IMPORTED = re.compile(r"(?:^|[;\n])\s*(?:import|from)\s+(\w+)")
_LOADED = re.compile(
    r"""\b(?:require|import|require_relative|load)\b\s*\(?\s*['"`](\.{1,2}/[^'"`]*)"""
)
_SHELL_COMMAND = re.compile(r"-[a-z]*c")
_FOLDER_INPUTS = (
    "working-directory",
    "working_directory",
    "cwd",
    "package-dir",
    "package_dir",
    "build-root-directory",
    "project",
    "directory",
    "root",
    "workdir",
)


def inside(path: str, folder: str = "") -> str:
    """A path of the workspace from its root, "" for the root itself; ``folder`` is where it is
    read from.
    """
    plain = _HERE.sub("/", path.strip("\"'"))
    whole = posixpath.normpath(posixpath.join("/", folder, plain)).lstrip("/")
    return "" if whole == "." else whole


def folders_around(path: str, longest: int) -> Iterator[str]:
    """A path of the workspace and the folders in which it lies, the innermost first and the
    workspace ("") last; none that is longer than ``longest``, as a word of a script may be.
    """
    if len(path) <= longest:
        yield path
    parts = re.finditer("/", path[: longest + 1])
    yield from (path[:end] for end in sorted((part.start() for part in parts), reverse=True))
    if path:
        yield ""


def reads_code(program: str) -> bool:
    """Whether a program runs what it reads from another, as in ``curl … | bash``."""
    name = program.lower().rpartition("/")[2]
    return name in _SHELLS or name in _INTERPRETERS


def is_outside(path: str) -> bool:
    """Whether a path is not in the workspace, or nothing says that it is."""
    plain = path.strip("\"'")
    return plain.startswith(("/", "~", "$")) and _HERE.match(plain) is None


def run_by(command: Command) -> str | None:
    """The file or folder of the workspace that a command runs code of, as it is written: "" for
    the current one; None where it runs none.
    """
    words = command.words
    if not words or not DEPENDENCIES_UNRUN.isdisjoint(words[1:]):
        return None
    program = words[0]
    name = program.lower().rpartition("/")[2]
    if "/" in program and not program.startswith(("/", "~", "$HOME")):
        return program
    if (own := _own_program(command)) is not None:
        return own
    if name in _SHELLS or name in _INTERPRETERS:
        if words[1:2] == (_CHECKS_ONLY.get(name),):
            return None
        if (given := _inline(name, words)) is not None:
            return _loaded_by(name, given)
        if (script := _script(words)) is not None:
            return script
        if name not in SUBCOMMANDS:
            return "" if "xargs" in command.wrappers else _started_in(name, words)
    if name in {"pip", "pip3"} or words[:2] == ("uv", "pip"):
        return _installed(words[2:] if name == "uv" else words[1:])
    if name in PROJECT_PROGRAMS or (name in SUBCOMMANDS and _has_subcommand(name, words)):
        return _folder(command)
    if not _PROJECT_WRAPPERS.isdisjoint(command.wrappers) and "--no-project" not in command.written:
        return _folder(command)
    return None


def _script(words: tuple[str, ...]) -> str | None:
    """The file that a shell or an interpreter is given, if any."""
    for word in words[1:]:
        if word in {"-c", "-e", "-m", "-", "-s", "--eval"}:
            return None
        if not word.startswith("-"):
            known = word.startswith(("/", "<(", "$(", "`", "http"))
            return None if known or ("." not in word and "/" not in word) else word
    return None


def _started_in(name: str, words: tuple[str, ...]) -> str | None:
    """The current folder, for interpreters that read settings there whatever they are given.

    https://stat.ethz.ch/R-manual/R-devel/library/base/html/Startup.html
    https://docs.julialang.org/en/v1/manual/code-loading/
    """
    if name == "rscript":
        return None if {"--vanilla", "--no-init-file"} & set(words) else ""
    if name == "julia" and any(word.startswith("--project") for word in words):
        return ""
    return None


def _own_program(command: Command) -> str | None:
    """The path of a program in a folder of the workspace, such as ``bin``; None for others, and
    where installed programs are.
    """
    before = len(command.written) - len(command.words)
    written = command.written[before] if 0 <= before < len(command.written) else ""
    own = "/" in written and not written.startswith(("/", "~", "$", "@")) and "://" not in written
    return written if own and _INSTALLED.search(written) is None else None


def _inline(name: str, words: tuple[str, ...]) -> str | None:
    """The code that an interpreter is given as an argument, if any; "" where it is not in sight."""
    kind = name.rstrip("0123456789.")
    wanted = _CODE_OPTIONS.get(kind, ())
    for index, word in enumerate(words[1:], 1):
        if word in _ISOLATING and kind in {"python", "pypy"}:
            return ""
        if word in wanted:
            return words[index + 1] if index + 1 < len(words) else ""
        if not word.startswith("-"):
            return None
    return None


def _loaded_by(name: str, code: str) -> str | None:
    """The file or folder of the workspace from which such code loads more; None for none.

    Python looks for modules in the current folder first, those of its library among them:
    https://docs.python.org/3/using/cmdline.html#cmdoption-c
    """
    if name.startswith(("python", "pypy")):
        modules = {found[1] for found in _IMPORTED.finditer(code)}
        return "" if modules - sys.stdlib_module_names else None
    loaded = (found[1] for found in _LOADED.finditer(code))
    return next((path for path in loaded if not path.endswith(".json")), None)


def _installed(words: tuple[str, ...]) -> str | None:
    """The folder or file of the project that pip installs, if any."""
    if words[:1] not in {("install",), ("wheel",)}:
        return None
    for index, word in enumerate(words[1:], 1):
        if words[index - 1] in {"-r", "--requirement", "-e", "--editable"}:
            return word
        if word.startswith("-r") and len(word) > 2 and not word.startswith("-r="):
            return word[2:]
        path = word.partition("[")[0]
        if path in {".", ".."} or path.startswith(("./", "../")):
            return path
        if path.endswith((".whl", ".tar.gz")) and "://" not in path and not path.startswith("$"):
            return path
    return None


def _has_subcommand(name: str, words: tuple[str, ...]) -> bool:
    rest = [word for word in words[1:] if not word.startswith("-")]
    if "-g" in words or "--global" in words:
        return False
    if not rest:
        return name in {"yarn"}
    if rest[0] in SUBCOMMANDS[name]:
        return True
    # `yarn lint` runs the script of that name; an option's value may come first.
    if name in PLAIN and rest[0] not in _STILL:
        return True
    return any(word in SUBCOMMANDS[name] for word in rest[1:2]) and words[1].startswith("-")


def _folder(command: Command) -> str:
    given = command.option(*_FOLDER_OPTIONS)
    if given is None and command.program in {
        "make",
        "gmake",
        "just",
        "tox",
        "nox",
        "docker-compose",
        "gradle",
        "mvn",
    }:
        given = command.option("-f", "--file", "-c", "--justfile", "-p", "--makefile")
    return given or ""


def run_by_shell(step: Step) -> str | None:
    """The file or folder of the workspace that the shell of a script runs code of, as in
    ``shell: ./ci/wrap {0}``; None where it runs none.
    """
    return None if step.template is None else _run_by_text(step.template.value)


def run_by_action(step: Step) -> str | None:
    """The folder of the workspace that an action runs code of; None where it runs none."""
    uses = step.uses
    if uses is None:
        return None
    if uses.kind is UsesKind.LOCAL:
        return None if uses.raw.value.startswith("$/") else uses.path
    if uses.action == "actions/github-script" and (script := step.input("script")) is not None:
        found = _REQUIRED.search(script.value)
        return found[1] if found else None
    if uses.action in COMMAND_INPUTS:
        given = step.input(*COMMAND_INPUTS[uses.action])
        return _run_by_text(given.value) if given is not None else None
    if uses.action not in PROJECT_ACTIONS:
        return None
    wanted = ONLY_WITH.get(uses.action)
    if wanted is not None:
        given = step.input(wanted)
        if given is None or given.value == "false":
            return None
    folder = step.input(*_FOLDER_INPUTS)
    return folder.value if folder is not None else ""


def run_in_container(command: Command) -> str | None:
    """The folder of the workspace that a container is given, where what it runs is code of it, as
    in ``docker run -v "$PWD:/src" image make``; None where it is given or runs none.
    """
    started = in_container(command.words)
    mounts = (_mounted(value) for value in command.options("-v", "--volume", "--mount"))
    folder = next((path for path in mounts if path is not None), None)
    if started is None or folder is None:
        return None
    script = _shell_script(started.words)
    ran = run_by(Command(words=started.words, line=0)) if script is None else _run_by_text(script)
    return None if ran is None else folder


def _shell_script(words: tuple[str, ...]) -> str | None:
    """The script that a shell is given as an argument; None for others."""
    if words[0].rpartition("/")[2] not in _SHELLS:
        return None
    given = (after for word, after in pairwise(words) if _SHELL_COMMAND.fullmatch(word))
    return next(given, None)


def _mounted(value: str) -> str | None:
    """The folder of the workspace that an option mounts; None for others."""
    parts = dict(part.partition("=")[::2] for part in value.split(","))
    source = parts.get("source") or parts.get("src") or value.partition(":")[0]
    if "$(pwd)" in value or "`pwd`" in value:
        return "."
    return None if is_outside(source) or not source.startswith((".", "$")) else source


def _run_by_text(text: str) -> str | None:
    """The file or folder of the workspace that the first such command of a text runs code of."""
    for line in re.split(r"\n|&&|\|\||;", text):
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            words = line.split()
        found = run_by(Command(words=tuple(words), line=0))
        if found is not None:
            return found
    return None


def moves(commands: tuple[Command, ...], start: str) -> Iterator[tuple[Command, str]]:
    """The commands of a script, each with the folder of the workspace in which it runs."""
    return in_folders(commands, inside(start), lambda folder, word: inside(word, folder))
