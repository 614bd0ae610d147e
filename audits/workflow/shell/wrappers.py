"""Table of programs that run another program, such as ``sudo`` and ``uv run``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from audits.model.command import is_assignment


class Wrapper(Struct, frozen=True, kw_only=True):
    """How one program runs another: after which subcommands, past which options.

    ``subcommands`` are alternatives; () means right after the program. ``values`` are the
    options followed by a value. ``module`` options name a module to run. ``skip`` positional
    words come before the command. ``not_with`` options make it no wrapper. ``modules``: the
    command is the module of a program of others, ``example.com/owner/program/v2@latest``, and
    anything else is code of the project. ``behind`` are the words behind which the command
    stands, whatever comes before; ``only_behind``: without one of them it runs none.
    """

    subcommands: tuple[tuple[str, ...], ...] = ((),)
    values: frozenset[str] = frozenset()
    module: frozenset[str] = frozenset()
    skip: int = 0
    assigns: bool = False
    versions: bool = False
    modules: bool = False
    not_with: frozenset[str] = frozenset()
    behind: frozenset[str] = frozenset()
    only_behind: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_UV = _words(
    "--with --with-editable --with-requirements --from --python -p --extra --group --only-group"
    " --no-group --index --default-index --index-url -i --extra-index-url --find-links -f --project"
    " --directory --package --env-file --refresh-package --constraints -c --build-constraints -b"
    " --overrides --exclude-newer --cache-dir --config-file --color --upgrade-package -P -w"
    " --no-extra --python-platform --index-strategy --keyring-provider --resolution --prerelease"
    " --no-binary-package --no-build-package --link-mode --config-setting -C --torch-backend"
)
_NODE = _words("-p --package -c --call -w --workspace --prefix --filter -F -C --dir --registry")
_CONDA = _words("-n --name -p --prefix -e --env --cwd -r --root-prefix")
_PIXI = _words("-e --environment --manifest-path -c --channel -s --spec -w --with -p --platform")
_RUN = (("run",),)
_ENDS = frozenset({";", "+"})
"""Words that end the command which `find` runs."""
_EXEC = (("exec",), ("x",), ("dlx",))

_WRAPPERS: dict[str, Wrapper] = {
    "sudo": Wrapper(
        values=_words("-u -g -h -p -C -D -R -r -t -T -U --user --group --host --prompt --chdir"),
        assigns=True,
    ),
    "doas": Wrapper(values=_words("-u -C")),
    "env": Wrapper(values=_words("-u --unset -C --chdir"), assigns=True),
    "time": Wrapper(values=_words("-f -o --format --output")),
    "exec": Wrapper(values=_words("-a")),
    "command": Wrapper(not_with=_words("-v -V")),
    "builtin": Wrapper(),
    "nohup": Wrapper(),
    "setsid": Wrapper(),
    "unbuffer": Wrapper(),
    "chronic": Wrapper(),
    "start": Wrapper(),
    "stdbuf": Wrapper(values=_words("-i -o -e")),
    "nice": Wrapper(values=_words("-n --adjustment")),
    "ionice": Wrapper(values=_words("-c -n")),
    "timeout": Wrapper(values=_words("-k -s --signal --kill-after"), skip=1),
    **dict.fromkeys(("dumb-init", "tini", "caffeinate", "winpty", "valgrind"), Wrapper()),
    "strace": Wrapper(values=_words("-e -o -p -s -u")),
    "taskset": Wrapper(skip=1),
    "flock": Wrapper(values=_words("-w --timeout -E"), skip=1),
    "retry": Wrapper(values=_words("-t --tries -s --sleep -d --delay -m --min -x --max")),
    "parallel": Wrapper(values=_words("-j --jobs -P --max-procs --joblog --delay --retries -a")),
    "watchexec": Wrapper(values=_words("-e -w -i --exts --watch --ignore")),
    "wsl": Wrapper(values=_words("-d --distribution -u --user --cd"), not_with=_words("--install")),
    "xvfb-run": Wrapper(values=_words("-s -n -e -f -p --server-args --server-num")),
    "xargs": Wrapper(values=_words("-n -I -P -d -L -a -s -E --max-args --max-procs --delimiter")),
    "find": Wrapper(behind=_words("-exec -execdir -ok -okdir"), only_behind=True),
    **dict.fromkeys(
        ("fd", "fdfind"),
        Wrapper(behind=_words("-x --exec -X --exec-batch"), only_behind=True),
    ),
    "uv": Wrapper(
        subcommands=(("run",), ("tool", "run")),
        values=_UV,
        module=_words("-m --module"),
        versions=True,
    ),
    "uvx": Wrapper(values=_UV, versions=True),
    "pipx": Wrapper(
        subcommands=_RUN,
        values=_words("--spec --python --pip-args --index-url -i --with --backend"),
        versions=True,
    ),
    "poetry": Wrapper(subcommands=_RUN, values=_words("-C --directory -P --project")),
    "pdm": Wrapper(subcommands=_RUN, values=_words("-p --project --env-file --venv")),
    "hatch": Wrapper(subcommands=_RUN, values=_words("-e --env -p --project --data-dir")),
    "rye": Wrapper(subcommands=_RUN, values=_words("--pyproject")),
    "pipenv": Wrapper(subcommands=_RUN),
    "pixi": Wrapper(subcommands=(("run",), ("exec",), ("x",)), values=_PIXI),
    "conda": Wrapper(subcommands=_RUN, values=_CONDA),
    "mamba": Wrapper(subcommands=_RUN, values=_CONDA),
    "micromamba": Wrapper(subcommands=_RUN, values=_CONDA),
    "npx": Wrapper(values=_NODE, versions=True),
    "pnpx": Wrapper(values=_NODE, versions=True),
    "bunx": Wrapper(values=_NODE, versions=True),
    "bun": Wrapper(subcommands=(("x",),), values=_NODE, versions=True),
    "npm": Wrapper(subcommands=_EXEC, values=_NODE, versions=True),
    "pnpm": Wrapper(subcommands=_EXEC, values=_NODE, versions=True),
    "yarn": Wrapper(subcommands=_EXEC, values=_NODE, versions=True),
    "corepack": Wrapper(versions=True, not_with=_words("enable disable prepare use install")),
    "bundle": Wrapper(subcommands=(("exec",),), values=_words("--gemfile")),
    "mise": Wrapper(subcommands=_EXEC, values=_words("-C --cd -E --env"), behind=_words("--")),
    "nix": Wrapper(
        subcommands=(("develop",), ("shell",)), behind=_words("-c --command"), only_behind=True
    ),
    "guix": Wrapper(
        subcommands=(("shell",), ("environment",)), behind=_words("--"), only_behind=True
    ),
    "devbox": Wrapper(subcommands=_RUN, values=_words("-c --config -e --env --env-file")),
    "devenv": Wrapper(subcommands=(("shell",),)),
    "flox": Wrapper(subcommands=(("activate",),), values=_words("-d --dir -r --remote")),
    "direnv": Wrapper(subcommands=(("exec",),), skip=1),
    "pkgx": Wrapper(),
    "proto": Wrapper(subcommands=_RUN),
    "asdf": Wrapper(subcommands=(("exec",),)),
    "volta": Wrapper(subcommands=_RUN, values=_words("--node --npm --pnpm --yarn")),
    "fnm": Wrapper(subcommands=(("exec",),), values=_words("--using")),
    "nvm": Wrapper(subcommands=(("exec",),), skip=1),
    "lerna": Wrapper(
        subcommands=(("exec",),), values=_words("--scope --ignore --concurrency --since")
    ),
    # What hands secrets or variables to a program.
    "op": Wrapper(subcommands=_RUN, values=_words("--env-file --account")),
    "doppler": Wrapper(
        subcommands=_RUN, values=_words("-p --project -c --config -t --token --scope --mount")
    ),
    "dotenvx": Wrapper(subcommands=_RUN, values=_words("-f --env-file -e --env")),
    "dotenv": Wrapper(subcommands=(("run",), ()), values=_words("-e -f -v -c --file")),
    "dotenv-cli": Wrapper(values=_words("-e -v -c")),
    "env-cmd": Wrapper(values=_words("-f --file -e --environments -r --rc-file")),
    "cross-env": Wrapper(assigns=True),
    "cross-env-shell": Wrapper(assigns=True),
    "infisical": Wrapper(
        subcommands=_RUN, values=_words("--env --path --projectId --token --domain")
    ),
    "aws-vault": Wrapper(subcommands=(("exec",),), skip=1),
    "chamber": Wrapper(subcommands=(("exec",),), skip=1),
    "teller": Wrapper(subcommands=_RUN, values=_words("-c --config")),
    "go": Wrapper(
        subcommands=_RUN,
        values=_words("-C -mod -modfile -tags -ldflags -gcflags -overlay -p -exec"),
        versions=True,
        modules=True,
    ),
    "python": Wrapper(values=_words("-W -X"), module=_words("-m"), not_with=_words("-c -")),
    "py": Wrapper(values=_words("-W -X"), module=_words("-m"), not_with=_words("-c -")),
}
_ENDED = frozenset({"find", "fd", "fdfind"})
"""Programs whose arguments go on behind the command that they run."""
_ONLY_AFTER_MODULE = frozenset({"python", "py"})
_PYTHON = re.compile(r"python(?:\d+(?:\.\d+)*t?)?|pypy\d*(?:\.\d+)*")
_INSTALLED = re.compile(r"(?:/|~|\$|[A-Za-z]:|(?:.*[/\\])?\.?(?:bin|Scripts|sbin)[/\\])")
_WHICH = re.compile(r"[\"']?\$\((?:which|command -v|type -p) ([\w.-]+)\)[\"']?")
_VERSION = re.compile(r"(?<=[\w\]])(?:@|==|~=|>=|<=|!=|<|>).*|\[[^\[\]]*\]")
_MODULE_FLAG = re.compile(r"-[A-Za-z]*m")
_MODULE = re.compile(r"[\w-]+(?:\.[\w-]+)+/[^\s$]")
"""The path of a module of Go: it begins with a host."""
_MAJOR = re.compile(r"/v\d+$")
_MAX_WRAPPERS = 12

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ash", "ksh"})
_POWERSHELL_EVAL = frozenset({"iex", "invoke-expression"})
_SHELL_COMMAND = re.compile(r"-[a-z]*c")


def unwrap(words: Sequence[str], env: dict[str, str]) -> tuple[list[str], list[str]]:
    """A command's own words, and the names of the wrappers that stood in front of them.

    Assignments behind ``env`` and ``sudo`` are added to ``env``.
    """
    rest = list(words)
    names: list[str] = []
    for _ in range(_MAX_WRAPPERS):
        if not rest:
            break
        rest[0] = program = _program(rest[0])
        wrapper = _WRAPPERS.get("python" if _PYTHON.fullmatch(program) else program)
        inside = None if wrapper is None else _inside(rest, wrapper)
        if wrapper is None or inside is None:
            break
        name, start = inside
        while wrapper.assigns and start < len(rest) and is_assignment(rest[start]):
            key, _, env[key] = rest[start].partition("=")
            start += 1
        if start >= len(rest) or (wrapper.modules and not _MODULE.match(rest[start])):
            break
        names.append(name)
        rest = rest[start:]
        if wrapper.versions:
            rest[0] = _VERSION.sub("", rest[0]) or rest[0]
        if wrapper.modules:
            rest[0] = _MAJOR.sub("", rest[0]).rpartition("/")[2]
        if program == "hatch":  # `hatch run release:twine` names the environment first
            rest[0] = rest[0].rpartition(":")[2] or rest[0]
    return rest, names


def runs_in(words: list[str]) -> list[list[str]]:
    """The command, once for each program that it runs, without what ends that: ``find`` takes
    several ``-exec … ;``.
    """
    program = _program(words[0]) if words else ""
    if program not in _ENDED:
        return [words]
    wrapper = _WRAPPERS[program]
    begins = [index for index, word in enumerate(words) if word in wrapper.behind]
    ends = [next((i for i in range(at, len(words)) if words[i] in _ENDS), None) for at in begins]
    head = words[: begins[0]] if begins else []
    runs = [[*head, *words[at:end]] for at, end in zip(begins, ends, strict=True)]
    return runs or [words]


def _program(word: str) -> str:
    """The program's name; a path inside the project stays, for it is the project's code."""
    if "${{" in word:
        return word
    if (found := _WHICH.fullmatch(word)) is not None:
        return found[1]
    if ("/" in word or "\\" in word) and _INSTALLED.match(word):
        word = re.split(r"[/\\]", word)[-1] or word
    return word.removesuffix(".exe")


def _inside(words: list[str], wrapper: Wrapper) -> tuple[str, int] | None:
    """The wrapper's name and the index of the command behind it; None if there is none."""
    program = words[0]
    subcommands = max((len(s) for s in wrapper.subcommands), default=0)
    index = _past_options(words, 1, wrapper) if subcommands else 1
    for subcommand in wrapper.subcommands:
        if tuple(words[index : index + len(subcommand)]) == subcommand:
            break
    else:
        return None
    name = " ".join(("python" if _PYTHON.fullmatch(program) else program, *subcommand))
    index += len(subcommand)
    if wrapper.behind:
        found = next((i for i in range(index, len(words)) if words[i] in wrapper.behind), None)
        if found is not None or wrapper.only_behind:
            return None if found is None else (name, found + 1)
    while index < len(words) and words[index].startswith("-"):
        word = words[index]
        if word == "-" and program != "env":  # `env -` runs a command with no variables
            break
        if word in wrapper.not_with:
            return None
        index += 2 if word in wrapper.values else 1
        if _names_module(word, wrapper):
            return f"{name} -m" if wrapper.module & {"-m"} else f"{name} {word}", index
        if word == "--":
            break
    if program in _ONLY_AFTER_MODULE or _PYTHON.fullmatch(program):
        return None
    if index < len(words) and words[index] in wrapper.not_with:
        return None
    start = index + wrapper.skip
    return name, start + (words[start : start + 1] == ["--"])


def _names_module(word: str, wrapper: Wrapper) -> bool:
    """Whether an option is ``-m`` or its like, also among others: ``-Im``."""
    if word in wrapper.module:
        return True
    return "-m" in wrapper.module and _MODULE_FLAG.fullmatch(word) is not None


def _past_options(words: list[str], index: int, wrapper: Wrapper) -> int:
    """The index of the first word that is no option of the program itself."""
    while index < len(words) and (words[index].startswith("-") or words[index].startswith("+")):
        index += 2 if words[index] in wrapper.values else 1
    return index


def inner_script(words: Sequence[str]) -> tuple[str, str] | None:
    """What ``bash -c "…"``, ``eval``, ``iex`` and their like run: the shell's name and the script."""
    program = words[0] if words else ""
    if program == "eval" and len(words) > 1:
        return "bash eval", " ".join(words[1:])
    if program == "trap" and len(words) > 2:
        return "bash trap", words[1]
    if program.lower() in _POWERSHELL_EVAL and len(words) > 1:
        rest = words[2:] if words[1].lower() == "-command" else words[1:]
        return "pwsh -c", " ".join(rest)
    if program in {"pwsh", "powershell", "cmd"}:
        flags = {"-c", "-command", "/c"}
        for index, word in enumerate(words[:-1]):
            if word.lower() in flags:
                return f"{program} -c", " ".join(words[index + 1 :])
    if program in _SHELLS:
        for index, word in enumerate(words[1:-1], start=1):
            if _SHELL_COMMAND.fullmatch(word):
                return f"{program} -c", words[index + 1]
    if program in {"su", "runuser", "nix-shell", "script"}:
        for index, word in enumerate(words[1:-1], start=1):
            if word in {"-c", "--command", "--run"}:
                return f"bash {word}", words[index + 1]
    return _with_secrets(words) if program in {"sops", "doppler"} else None


def _with_secrets(words: Sequence[str]) -> tuple[str, str] | None:
    """The script that ``sops exec-env file "…"`` and ``doppler run --command="…"`` run."""
    if list(words[:2]) == ["sops", "exec-env"] and len(words) > 3:
        return "bash sops", words[-1]
    options = words[2:] if list(words[:2]) == ["doppler", "run"] else ()
    given = next((word for word in options if word.startswith("--command=")), "")
    return ("bash --command", given.partition("=")[2]) if given else None


_FETCHERS = frozenset({"curl", "wget"})
_HOST_OF_SCRIPT = re.compile(r"https?://(?:[\w-]+\.)*([\w-]+)\.\w+(?:[:/?#]|$)")


def fetched_program(words: Sequence[str], reader: Sequence[str]) -> list[str]:
    """The program that ``curl https://example.com/run | bash -s -- release`` runs: the one that
    the site is called after, with the arguments; nothing where a script is only installed.
    """
    if not words or words[0] not in _FETCHERS or not reader or reader[0] not in _SHELLS:
        return []
    if "-s" not in reader:
        return []
    given = [word for word in reader[reader.index("-s") + 1 :] if word != "--"]
    hosts = (_HOST_OF_SCRIPT.match(word) for word in words[1:])
    name = next((host[1] for host in hosts if host is not None), "")
    return [name, *given] if name and given else []
