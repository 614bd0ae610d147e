"""Finds programs and libraries that a command downloads, and whether it names their version.

Of Python, Node, Rust, Ruby, Go, .NET, Deno and conda; what the project's own lock file brings is
not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from audits.model.command import Command


class FetchedProgram(Struct, frozen=True, kw_only=True):
    """One program or library: the name that is installed, and whether a version is said.

    ``is_run``: it is run at once. ``is_local`` programs may come from the project's own lock
    file (``npx x`` after ``npm ci``).
    """

    name: str
    versioned: bool
    is_run: bool = False
    is_local: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[\w,.\s-]*\])?(?P<version>.*)", re.DOTALL
)
_VALUES = _words(
    "-r --requirement --requirements -i --index-url --extra-index-url -f --find-links -t --target"
    " --prefix --root --python --python-version -e --editable --default-index --index -p --cache-dir"
    " -n --name --channel --platform --proxy --timeout --retries --trusted-host --pip-args"
    " --upgrade-strategy --config-settings --no-binary --only-binary -c --constraint --constraints"
    " --group --extra --suffix --with --report --abi --implementation --exclude-newer"
)
_CONSTRAINTS = ("-c", "--constraint", "--constraints", "--require-hashes", "--no-index")
_PIP = re.compile(r"pip[\d.]*|pipx")
_CONDAS = frozenset({"conda", "mamba", "micromamba"})
_PYTHON_RUNNERS = frozenset({"uvx", "uv tool run", "pipx run"})
_NODE_RUNNERS = frozenset({"npx", "bunx", "bun x", "npm exec", "npm x", "pnpm dlx", "yarn dlx"})
_NEVER_LOCAL = frozenset({"pnpm dlx", "yarn dlx"})
_COMMIT = re.compile(r"@[0-9a-f]{40}\b")


def fetched(command: Command) -> tuple[FetchedProgram, ...]:
    """What a command fetches by name; files, folders and lock files of the project apart."""
    return tuple(dict.fromkeys((*_installed(command), *_run(command))))


def _installed(command: Command) -> Iterator[FetchedProgram]:
    words = command.words
    rest: Sequence[str] = ()
    if _PIP.fullmatch(command.program) and "install" in words[1:3]:
        rest = words[words.index("install") + 1 :]
    elif words[:3] in {("uv", "pip", "install"), ("uv", "tool", "install")}:
        rest = words[3:]
    if rest:
        sure = any(word.partition("=")[0] in _CONSTRAINTS for word in rest)
        for found in _python(rest):
            yield found if not sure else FetchedProgram(name=found.name, versioned=True)
    elif command.program in _CONDAS and words[1:2] in {("install",), ("create",)}:
        yield from _conda(words[2:])
    else:
        yield from _of_other_languages(command)


def _python(words: Sequence[str], exact: bool = False) -> Iterator[FetchedProgram]:
    """The requirements of a command line; ``exact``: a range is no version."""
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = word in _VALUES and not skip
            continue
        if word.startswith("git+"):
            yield FetchedProgram(name=word.partition("@")[0], versioned=bool(_COMMIT.search(word)))
            continue
        match = _REQUIREMENT.fullmatch(word)
        local = word.startswith(("$", ".", "~")) or word.endswith((".whl", ".tar.gz", ".zip"))
        if match is None or local or "/" in word or "${" in word or "*" in word:
            continue
        version = match["version"].partition(";")[0].strip()
        said = ("==", "@") if exact else ("=", "<", ">", "~", "!", "@")
        sure = version.startswith(said) and not version.startswith("@latest")
        yield FetchedProgram(name=re.sub(r"[-_.]+", "-", match["name"]).lower(), versioned=sure)


def _conda(words: Sequence[str]) -> Iterator[FetchedProgram]:
    skip = False
    for word in words:
        if skip or word.startswith("-"):
            skip = (word == "--file" or word in _VALUES) and not skip
            continue
        name = re.match(r"(?:[\w./-]+::)?([\w.-]+)", word)
        if name is not None and "/" not in name[1] and not word.endswith((".yml", ".yaml")):
            sure = re.search(r"[=<>]", word) is not None
            yield FetchedProgram(name=name[1].lower(), versioned=sure)


def _of_other_languages(command: Command) -> Iterator[FetchedProgram]:
    """Programs of npm (global ones), cargo, RubyGems, Go and .NET."""
    words = command.words
    names = [word for word in words[2:] if not word.startswith("-")]
    first = names[0] if names else ""
    match command.program, words[1:2]:
        case "npm" | "pnpm" | "yarn" | "bun", ("install" | "i" | "add" | "global",):
            if command.has("-g", "--global", "global"):
                packages = (n for n in names if n != "add" and (n[0] == "@" or "/" not in n))
                yield from map(_node, packages)
        case "cargo", ("install" | "binstall",) if first and "/" not in first:
            given = command.option("--version", "--vers", "--path", "--git", "--rev") is not None
            yield FetchedProgram(name=first.partition("@")[0], versioned=given or "@" in first)
        case "gem", ("install",) if first and not first.endswith(".gem"):
            given = command.option("--version", "-v") is not None
            yield FetchedProgram(name=first.partition(":")[0], versioned=given or ":" in first)
        case "go", ("install",) if "@" in first:
            yield _go(first)
        case "dotnet", ("tool",) if words[2:3] in {("install",), ("update",)}:
            tools = [word for word in words[3:] if not word.startswith("-")]
            if tools:
                given = command.option("--version") is not None
                yield FetchedProgram(
                    name=tools[0].partition("@")[0], versioned=given or "@" in tools[0]
                )
        case "deno", ("run" | "install",):
            for word in names:
                if word.startswith(("npm:", "jsr:")):
                    sure = re.search(r"\w@\^?~?\d", word) is not None
                    yield FetchedProgram(name=word, versioned=sure, is_run=True)


def _go(word: str, is_run: bool = False) -> FetchedProgram:
    name, _, version = word.partition("@")
    sure = re.match(r"v\d|[0-9a-f]{7}", version) is not None
    return FetchedProgram(name=name, versioned=sure, is_run=is_run)


def _node(word: str, is_run: bool = False, is_local: bool = False) -> FetchedProgram:
    name, at, version = word.rpartition("@")
    sure = bool(at and name) and version[:1].isdigit()
    return FetchedProgram(
        name=name if at and name else word, versioned=sure, is_run=is_run, is_local=is_local
    )


def _run(command: Command) -> Iterator[FetchedProgram]:
    """What ``uvx``, ``pipx run``, ``npx``, ``go run`` of a module and their like fetch and run."""
    wrapper = command.wrappers[-1] if command.wrappers else ""
    before = len(command.written) - len(command.words)
    options = command.written[:before]
    if wrapper == "uv run" or wrapper in _PYTHON_RUNNERS:
        yield from (_as_run(f) for f in _python(_values(options, "--with", "-w")))
    if not command.words or before < 0:
        return
    program = command.written[before]
    if "$" in program or program.startswith((".", "/")):
        return
    if wrapper in _PYTHON_RUNNERS:
        source = _values(options, "--from", "--spec")
        yield from (_as_run(f) for f in _python(source or [program], exact=True))
    elif wrapper == "go run" and "@" in program:
        yield _go(program, is_run=True)
    elif wrapper in _NODE_RUNNERS and not {"--no-install", "--no", "--offline"} & set(options):
        packages = _values(options, "--package", "-p")
        for word in packages or [program]:
            if not word.startswith((".", "file:")) and "${{" not in word:
                yield _node(word, is_run=True, is_local=wrapper not in _NEVER_LOCAL)


def _as_run(found: FetchedProgram) -> FetchedProgram:
    return FetchedProgram(name=found.name, versioned=found.versioned, is_run=True)


def _values(options: Sequence[str], *names: str) -> list[str]:
    """The values of options among the words in front of a command."""
    found = [options[i + 1] for i, word in enumerate(options[:-1]) if word in names]
    return found + [
        w.partition("=")[2] for w in options if w.partition("=")[0] in names and "=" in w
    ]
