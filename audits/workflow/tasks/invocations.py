"""Finds the repository's script or task that a command runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from posixpath import dirname, normpath

from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.image_uses import IMAGE_BUILDERS, image_context
from audits.model import mise_tasks
from audits.model.command import Command, plain_words
from audits.model.source import SourceFile
from audits.model.workflow import Step

Files = Mapping[str, SourceFile]
_Runner = Callable[[Sequence[str], str, Files], "Iterator[Invocation]"]


class Invocation(Struct, frozen=True, kw_only=True):
    """A script or task that a command runs.

    ``paths`` are where its file may lie, likely ones first; ``task`` is its name, or that of a
    function, "" the file's first or all of a script; ``kind`` is the usual name of a task's file;
    ``directory`` is where it runs, None where its file lies. ``sourced`` says that the script's
    functions are the caller's, ``optional`` that the name may as well be a program's.
    """

    paths: tuple[str, ...]
    task: str = ""
    kind: str = ""
    arguments: tuple[str, ...] = ()
    directory: str | None = ""
    sourced: bool = False
    optional: bool = False


_SCRIPT = re.compile(r"\.(?:sh|bash|py|[mc]?js|[mc]?ts|rb|ps1|cmd|bat|pl)$")
_ROOTED = re.compile(
    r"^(?:\$\{\{ *github\.workspace *\}\}|\$\{?(?:GITHUB_WORKSPACE|PWD|(?:REPO_?)?ROOT(?:_?DIR)?)\}?"
    r"|\$env:GITHUB_WORKSPACE|\$\(pwd\)|\$\(git rev-parse --show-toplevel\)|/github/workspace)[/\\]"
)
_BESIDE = re.compile(
    r"^(?:\$\{\{ *github\.action_path *\}\}|\$\{?(?:GITHUB_ACTION_PATH|SCRIPT_?DIR|HERE|here|DIR|dir"
    r"|__dir|BASEDIR)\}?|\$PSScriptRoot|\$\(dirname [^)]*\))[/\\]"
)
_PYTHON = re.compile(r"python[\d.]*t?|py|pypy[\d.]*")
_INTERPRETERS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("bash", "sh", "zsh", "dash", "ksh"), frozenset({"-o", "-O", "--rcfile"})),
    **dict.fromkeys(("source", "."), frozenset()),
    **dict.fromkeys(
        ("node", "tsx", "ts-node", "ts-node-esm", "zx", "esno", "jiti", "vite-node", "babel-node"),
        frozenset({"--import", "-r", "--require", "--loader", "-P", "--project", "--env-file"}),
    ),
    "deno": frozenset(),
    "ruby": frozenset({"-I", "-r", "-C"}),
    "perl": frozenset({"-I"}),
    "pwsh": frozenset({"-ExecutionPolicy", "-WorkingDirectory"}),
    "powershell": frozenset({"-ExecutionPolicy"}),
}
_NO_FILE: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("bash", "sh", "zsh", "dash", "ksh"), frozenset({"-c"})),
    **dict.fromkeys(("node", "ruby", "perl", "tsx"), frozenset({"-e", "--eval", "-p"})),
    **dict.fromkeys(("pwsh", "powershell"), frozenset({"-c", "-Command", "-command"})),
}
"""Options that give the script itself."""

_MAKE_VALUES = frozenset({"-C", "--directory", "-f", "--file", "--makefile", "-j", "-o", "-I"})
_NODE = frozenset({"npm", "pnpm", "yarn", "bun", "nr"})
_NODE_VALUES = frozenset(
    {"--prefix", "-C", "--dir", "--cwd", "--filter", "-F", "-w", "--workspace", "--registry"}
    | {"--include", "--exclude", "--from", "--loglevel", "--tag", "--concurrency", "--scope"}
)
_ALL_PACKAGES = frozenset({"-r", "--recursive", "-ws", "--workspaces", "-A", "--all", "-W"})
_RUN_WORDS = frozenset({"run", "run-script", "rum", "urn"})
_NEVER_SCRIPTS = frozenset(
    {"add", "audit", "ci", "config", "create", "deploy", "dedupe", "dlx", "exec", "help", "i"}
    | {"import", "info", "init", "install", "link", "list", "login", "logout", "ls", "node"}
    | {"outdated", "owner", "pack", "patch", "prune", "publish", "rebuild", "remove", "root"}
    | {"set", "setup", "store", "unlink", "up", "update", "upgrade", "view", "whoami", "why"}
    | {"x", "cache", "dist-tag", "access", "token", "pkg", "version", "npm", "stage", "env"}
)
_MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_JUSTFILES = ("justfile", "Justfile", ".justfile")
_TASKFILES = ("Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml")
_RAKEFILES = ("Rakefile", "rakefile", "Rakefile.rb")
_TOX = ("tox.ini", "tox.toml", "pyproject.toml", "setup.cfg")
_PIXI = ("pixi.toml", "pyproject.toml")
_MISE = ("mise.toml", ".mise.toml")
_DENO = ("deno.json", "deno.jsonc")
_WRAPPED: Mapping[str, tuple[str, ...]] = {
    "pdm run": ("pyproject.toml",),
    "hatch run": ("hatch.toml", "pyproject.toml"),
    "pixi run": _PIXI,
    "rye run": ("pyproject.toml",),
    "uv run": ("pyproject.toml",),
    "poetry run": ("pyproject.toml",),
    "pipenv run": ("pyproject.toml",),
}
"""Wrappers that look among the project's tasks and entry points before other programs."""


_MAY_LEAD = re.compile(
    r"(?<![\w./-])(?:npm|pnpm|yarn|bun|nr|turbo|nx|lerna|lage|wsrun|make|gmake|just|task|go-task|tox"
    r"|nox|rake|inv|invoke|doit|poe|poethepoet|mise|cargo|pdm|hatch|pixi|rye|poetry|pipenv|deno|npm-run-all2?"
    r"|run-[sp]|concurrently|docker|podman|buildah|nerdctl|source|python[\d.]*|py|bash|sh|zsh"
    r"|node|tsx|zx|ruby|pwsh|uv)[ \n]"
    r"|[\w}]/[\w.-]|\./|\.(?:sh|bash|py|[mc]?[jt]s|rb|ps1|cmd|bat)(?!\w)"
)


def may_lead(script: str) -> bool:
    """Whether a script of a workflow may run anything of the repository's own."""
    return _MAY_LEAD.search(script) is not None


def is_script(path: str) -> bool:
    """Whether a path ends as those of scripts do."""
    return _SCRIPT.search(path) is not None


def invocations(command: Command, directory: str, files: Files) -> Iterator[Invocation]:
    """What a command runs of the repository's own, in the order in which it is looked for.

    ``directory`` is where the command runs, from the root.
    """
    words = command.words
    if not words:
        return
    for wrapper in command.wrappers:
        if wrapper in _WRAPPED:
            yield _named(_WRAPPED[wrapper], words[0], directory, words[1:], optional=True)
    program = words[0]
    if "python -m" in command.wrappers or "uv run -m" in command.wrappers:
        # An entry point, `module:function`, is the project's own; a module may be a program's.
        module, own, function = program.partition(":")
        yield replace(_module(module, directory, words[1:]), task=function, optional=not own)
    elif program in _NODE:
        yield from _node(program, words[1:], directory, files)
    elif program in _RUNNERS:
        yield from _RUNNERS[program](words[1:], directory, files)
    elif program in _INTERPRETERS or _PYTHON.fullmatch(program) or program == "deno":
        yield from _interpreted(program, words, command, directory)
    else:
        written = _written(command)
        if "/" in written or "\\" in written or is_script(written):
            yield _script(written, command, directory, words[1:])


def _written(command: Command) -> str:
    """The program as it is written, with its directory."""
    count = len(command.words)
    # A function's `"$@"` is written as one word and stands for any number of them.
    if not 0 < count <= len(command.written):
        return command.program
    written = command.written[-count]
    return written if written.endswith(command.program) else command.program


def _in(directory: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(joined(directory, name) for name in names)


def joined(directory: str, path: str) -> str:
    """A path from the repository's root; one that leads out of it stays with its ``..``."""
    whole = normpath(f"{directory}/{path}" if directory else path)
    return "" if whole == "." else whole.lstrip("/")


def _named(
    names: Sequence[str],
    task: str,
    directory: str,
    arguments: Sequence[str] = (),
    *,
    kind: str = "",
    optional: bool = False,
) -> Invocation:
    return Invocation(
        kind=kind or "task",
        optional=optional,
        paths=_in(directory, names),
        task=task,
        directory=None,
        arguments=tuple(arguments),
    )


def _script(word: str, command: Command, directory: str, arguments: Sequence[str]) -> Invocation:
    word = word.replace("\\", "/")
    paths: tuple[str, ...]
    rooted, beside = _ROOTED.sub("", word), _BESIDE.sub("", word)
    if rooted != word:
        paths = (joined("", rooted), joined(directory, rooted))
    elif beside != word:
        paths = (joined(dirname(command.path), beside), joined(directory, beside))
    else:
        paths = (joined(directory, word), joined(dirname(command.path), word), joined("", word))
    return Invocation(
        paths=tuple(dict.fromkeys(paths)),
        directory=directory,
        arguments=tuple(arguments),
        sourced=command.program in {"source", "."},
    )


def _module(name: str, directory: str, arguments: Sequence[str]) -> Invocation:
    place = name.replace(".", "/")
    paths = [f"{place}.py", f"{place}/__main__.py", f"src/{place}.py", f"src/{place}/__main__.py"]
    return Invocation(paths=_in(directory, paths), directory=directory, arguments=tuple(arguments))


def _interpreted(
    program: str, words: tuple[str, ...], command: Command, directory: str
) -> Iterator[Invocation]:
    values = _INTERPRETERS.get(program, frozenset({"-W", "-X", "-I"}))
    index = 1
    while index < len(words):
        word = words[index]
        if word == "-" or word in _NO_FILE.get(program, {"-c", "-m"}):
            return
        if program == "deno" and word in {"task"}:
            if index + 1 < len(words):
                yield _named(_DENO, words[index + 1], directory, words[index + 2 :])
            return
        if word.startswith("-"):
            index += 2 if word in values else 1
        elif word in {"run", "watch"} and program in {"deno", "tsx"}:
            index += 1
        else:
            yield _script(word, command, directory, words[index + 1 :])
            return


def _value(words: Sequence[str], *names: str) -> Iterator[str]:
    for index, word in enumerate(words):
        for name in names:
            if word == name and index + 1 < len(words):
                yield words[index + 1]
            elif word.startswith(name + "="):
                yield word[len(name) + 1 :]


def _make(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    place = directory
    for folder in _value(words, "-C", "--directory"):
        place = joined(place, folder)
    names = (*_value(words, "-f", "--file", "--makefile"), *_MAKEFILES)
    given = tuple(word for word in words if "=" in word)
    targets = [w for _, w in plain_words(words, _MAKE_VALUES) if "=" not in w] or [""]
    for target in targets:
        yield _named(names, target, place, given, kind="Makefile")


def _just(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    found = list(plain_words(words, frozenset({"-f", "--justfile", "-d", "--working-directory"})))
    names = (*_value(words, "-f", "--justfile"), *_JUSTFILES)
    index, recipe = found[0] if found else (len(words), "")
    yield _named(names, recipe, directory, words[index + 1 :], kind="justfile")


def _task(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    for folder in _value(words, "-d", "--dir"):
        directory = joined(directory, folder)
    for _index, name in plain_words(words, frozenset({"-d", "--dir", "-t", "--taskfile"})):
        yield _named((*_TASKFILES, "pyproject.toml"), name, directory)


def _tox(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    names = tuple(_value(words, "-c", "--conf")) or _TOX
    rest = words[words.index("--") + 1 :] if "--" in words else ()
    for chosen in _value(words, "-e", "-m", "--env"):
        for name in re.split(r"[,\s]+", chosen):
            yield _named(names, name, directory, rest)


def _nox(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    names = tuple(_value(words, "-f", "--noxfile")) or ("noxfile.py",)
    inside = False
    for word in words:
        if word == "--":
            return
        if word.startswith("-"):
            option, equals, value = word.partition("=")
            inside = option in {"-s", "--session", "--sessions", "-e"}
            if inside and equals:
                yield _named(names, value, directory)
        elif inside:
            yield _named(names, word, directory)


def _rake(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    for _index, name in plain_words(words, frozenset({"-f", "--rakefile", "-C"})):
        if "=" not in name:
            yield _named(_RAKEFILES, name.partition("[")[0], directory)


def _invoke(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    for _index, name in plain_words(words, frozenset({"-c", "--collection", "-r"})):
        yield _named(("tasks.py",), name, directory)


def _poe(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    for folder in _value(words, "-C", "--directory", "--root"):
        directory = joined(directory, folder)
    for index, name in plain_words(words, frozenset({"-C", "--directory", "--root", "-e"})):
        yield _named(("poe_tasks.toml", "pyproject.toml"), name, directory, words[index + 1 :])
        return


def _second(names: tuple[str, ...], *runs: str) -> _Runner:
    """A runner whose tasks stand behind one of these words."""

    def run(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
        plain = list(plain_words(words, frozenset({"-C", "--cd", "-E", "--env", "-e"})))
        if len(plain) > 1 and plain[0][1] in runs:
            yield _named(names, plain[1][1], directory, words[plain[1][0] + 1 :])

    return run


def _mise(words: Sequence[str], directory: str, files: Files) -> Iterator[Invocation]:
    """A task of the configuration, or a file in a folder of tasks."""
    for task in _second(_MISE, "run", "r")(words, directory, files):
        places = mise_tasks.paths_of(task.task)
        found = next((p for p in _in(directory, places) if p in files), "")
        yield Invocation(paths=(found,), arguments=task.arguments) if found else task


def _npm_run_all(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    for _index, name in plain_words(words, frozenset()):
        yield _named(("package.json",), name.removeprefix("npm:"), directory)


def _over_packages(words: Sequence[str], directory: str, files: Files) -> Iterator[Invocation]:
    """``turbo run x``, ``nx run project:x``, ``lerna run x``: scripts of all packages, or some."""
    plain = [
        word for _, word in plain_words(words, _NODE_VALUES | {"-t", "--target", "--targets", "-p"})
    ]
    chosen = list(_value(words, "--filter", "-F", "--scope", "-p", "--projects", "--project"))
    names = [n for v in _value(words, "-t", "--target", "--targets") for n in v.split(",")]
    plain = [word for word in plain if word not in {"run", "run-many", "affected", "run-one"}]
    for word in [*names, *(plain if not names else ())]:
        project, colon, target = word.partition(":")
        picked = [project] if colon else chosen
        for place in _packages(files, picked, directory):
            yield _named(("package.json",), target if colon else word, place, optional=True)
            if colon:
                yield _named(("package.json",), word, place, optional=True)


def _node(program: str, words: Sequence[str], directory: str, files: Files) -> Iterator[Invocation]:
    """A script of a ``package.json``: of the folder, or of the packages that options choose."""
    for folder in _value(words, "--prefix", "-C", "--dir", "--cwd"):
        directory = joined(directory, folder)
    chosen = list(_value(words, "--filter", "-F", "-w", "--workspace"))
    everywhere = any(word in _ALL_PACKAGES for word in words)
    plain = [word for _, word in plain_words(words, _NODE_VALUES)]
    rest = words[words.index("--") + 1 :] if "--" in words else ()
    if plain[:1] == ["workspace"] and len(plain) > 1:
        chosen, plain = [plain[1]], plain[2:]
    elif plain[:1] in (["workspaces"], ["recursive"], ["multi"]):
        everywhere, plain = True, [w for w in plain[1:] if w not in {"foreach", "recursive"}]
    runs = bool(plain) and (plain[0] in _RUN_WORDS or program == "nr")
    plain = plain[1:] if plain and plain[0] in _RUN_WORDS else plain
    if not plain:
        return
    name = plain[0]
    if program == "npm" and name == "version":
        yield _named(("package.json",), "version", directory, optional=True)
        return
    never = _NEVER_SCRIPTS if program == "pnpm" else _NEVER_SCRIPTS - {"deploy"}
    if not runs and (program == "npm" or name in never):
        return
    if program == "bun" and (is_script(name) or "/" in name):
        yield Invocation(paths=(joined(directory, name), joined("", name)), directory=directory)
        return
    places = _packages(files, chosen, directory) if chosen or everywhere else (directory,)
    if program == "yarn" and ":" in name and not chosen:
        places = (*places, *_packages(files, (), directory))
    for place in dict.fromkeys(places):
        given = tuple(dict.fromkeys((*_behind(words, name), *rest)))
        yield _named(("package.json",), name, place, given, optional=not runs)


def _behind(words: Sequence[str], name: str) -> tuple[str, ...]:
    """The words behind a script's name, which are handed to it."""
    return tuple(word for word in words[words.index(name) + 1 :] if word != "--")


def _packages(files: Files, chosen: Sequence[str], directory: str) -> tuple[str, ...]:
    """The folders of the packages that filters choose by name or folder; all without any."""
    named = (path for path in files if path.endswith("package.json"))
    # Without `dirname` and `basename`: a repository has many packages, and names them often.
    split = (path.rpartition("/") for path in named)
    found = [folder for folder, _, name in split if name == "package.json"]
    if not chosen:
        return tuple(folder for folder in found if folder != directory) or tuple(found)
    return tuple(folder for folder in found if any(_fits(files, folder, c) for c in chosen))


def _fits(files: Files, folder: str, chosen: str) -> bool:
    chosen = chosen.strip("^").removesuffix("...").removeprefix("...").strip("{}!")
    if chosen.startswith((".", "/")) or ("/" in chosen and not chosen.startswith("@")):
        return fnmatchcase(folder, joined("", chosen))
    name = package_name(files[joined(folder, "package.json")].text)
    return fnmatchcase(name, chosen) or name.rpartition("/")[2] == chosen or folder == chosen


_NAME = re.compile(r'"name"\s*:\s*"([^"\n]{1,250})"')


def package_name(text: str) -> str:
    """The name that a ``package.json`` gives, "" for none."""
    match = _NAME.search(text)
    return match[1] if match else ""


def _docker(words: Sequence[str], directory: str, _: Files) -> Iterator[Invocation]:
    """The Dockerfile of a build that is given a secret: it runs what stands there."""
    context = image_context(words)
    if gives_build_secret(words) and context:
        names = tuple(_value(words, "-f", "--file"))
        usual = tuple(joined(context, name) for name in ("Dockerfile", "Containerfile"))
        yield _named(names or usual, "", directory, kind="Dockerfile")


def gives_build_secret(words: Sequence[str]) -> bool:
    """Whether ``docker build`` and its like hand a secret to what the Dockerfile runs."""
    given = _value(words, "--build-arg")
    return not {"build", "bud"}.isdisjoint(words) and (
        any(_value(words, "--secret"))
        or any(_SECRET_ARGUMENT.search(value.partition("=")[0]) for value in given)
    )


_IMAGE_BUILDS = frozenset(
    {"docker/build-push-action", "depot/build-push-action", "useblacksmith/build-push-action"}
)
_SECRET_INPUTS = ("secrets", "secret-envs", "secret-files", "build-args")


def image_build(step: Step) -> Command | None:
    """The ``docker build`` that an action stands for, where it hands a secret to what the
    Dockerfile runs.
    """
    uses = step.uses
    if uses is None or uses.action not in _IMAGE_BUILDS:
        return None
    given = (step.input(name) for name in _SECRET_INPUTS)
    if not any(scalar is not None and "secrets." in scalar.value for scalar in given):
        return None
    file, context = step.input("file"), step.input("context")
    named = ("-f", file.value) if file is not None else ()
    place = context.value if context is not None else "."
    words = ("docker", "build", "--secret", "id=given", *named, place)
    return Command(words=words, line=uses.raw.line, written=words)


_SECRET_ARGUMENT = re.compile(r"TOKEN|PASS|SECRET|KEY|CRED|AUTH", re.IGNORECASE)

_RUNNERS: Mapping[str, _Runner] = {
    **dict.fromkeys(IMAGE_BUILDERS, _docker),
    "make": _make,
    "gmake": _make,
    "just": _just,
    "task": _task,
    "go-task": _task,
    "tox": _tox,
    "nox": _nox,
    "rake": _rake,
    "inv": _invoke,
    "invoke": _invoke,
    "doit": _invoke,
    "poe": _poe,
    "poethepoet": _poe,
    "mise": _mise,
    "cargo": _second(("Makefile.toml",), "make"),
    "cargo-make": _second(("Makefile.toml",), "make"),
    "npm-run-all": _npm_run_all,
    "npm-run-all2": _npm_run_all,
    "run-s": _npm_run_all,
    "run-p": _npm_run_all,
    "concurrently": _npm_run_all,
    "turbo": _over_packages,
    "nx": _over_packages,
    "lerna": _over_packages,
    "lage": _over_packages,
    "wsrun": _over_packages,
}
