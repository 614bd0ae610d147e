"""Whether steps use git's remote with the credentials that a checkout left behind.

A closed world: what is not listed may do anything. Lists hold programs that never talk to the
remote of a checkout, whatever project they work on; build tools are among them, though they
run code of the project, and whatever runs its scripts or tests is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.action_table import ACTIONS, GitUse, KnownAction
from audits.analysis.hidden_programs import (
    cibuildwheel_scripts,
    configures_programs,
    is_plain_setting,
    loads_program,
    runs_what_it_is_given,
    written_variables,
)
from audits.model.command import Command
from audits.model.location import Inputs
from audits.model.redaction import clipped
from audits.model.repository import Repository
from audits.model.uses import UsesKind
from audits.model.workflow import CompositeAction, Step


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# https://git-scm.com/docs: the verbs that reach the remote, and those that never do.
_PUSHING = _words("push send-pack")
_FETCHING = _words("fetch pull submodule lfs ls-remote fetch-pack")
_LOCAL = _words(
    "add am apply archive blame branch bundle cat-file check-attr check-ignore cherry-pick"
    " clean commit config describe diff diff-index diff-tree for-each-ref format-patch gc grep"
    " hash-object init log ls-files ls-tree merge merge-base mv name-rev notes rebase reflog reset"
    " restore rev-list rev-parse rm shortlog show show-ref sparse-checkout stash status switch"
    " symbolic-ref tag update-index update-ref var version worktree --version -v"
)
_REMOTE_LOCAL = _words("add get-url set-url remove rename -v")
# Programs whose purpose is to push what they made.
_PUSHERS = _words(
    "semantic-release release-plz lerna changeset np release-it cz bumpversion tbump knope"
    " gh-pages doctr hub auto ghp-import"
)
_PUSH_VERBS: dict[str, frozenset[str]] = {
    "mkdocs": _words("gh-deploy"),
    "cargo": _words("release smart-release workspaces"),
    "nx": _words("release"),
    "quarto": _words("publish"),
    "ng": _words("deploy"),
    "docusaurus": _words("deploy"),
    "nbdev": _words("ghp_deploy"),
}
_PUSH_FLAGS = {"mike": re.compile(r"--push|-[a-z]*p[a-z]*")}
# Builtins of shells, and programs of every system: behind `uv run` or `poetry run` these names
# are more likely the project's own.
_OF_SYSTEM = _words(
    "cat cd cp date echo env exit export false grep gzip head ls mkdir mv printf pwd"
    " rm sed set sha256sum shasum sha512sum sort tail tar test touch tr true unzip wc zip [ [["
    " : sleep uniq cut awk tee basename dirname chmod chown trap"
    " diff cmp du df id uname which file md5sum base64 hexdump xxd seq ln readlink"
    " realpath stat unset return shift local read mktemp umask ulimit let type hash wait kill"
    " zstd xz bzip2 7z rsync scp ssh-keygen lipo codesign patchelf strip objdump"
    " abidiff nm ldd otool install_name_tool readelf whoami hostname printenv"
    " systemctl service modprobe sysctl udevadm tree swapoff mkswap mount umount nproc free"
    " lsb_release lscpu security"
    " Write-Output Write-Host New-Item Copy-Item Move-Item Remove-Item"
    " Set-Content Add-Content Get-Content Get-ChildItem Test-Path Expand-Archive Compress-Archive"
    " Invoke-WebRequest Join-Path Rename-Item"
)
# Programs that never talk to the remote of a checkout, wherever they are installed.
_NEVER = _words(
    "cosign jq yq rekor-cli slsa-verifier pip pip3 twine curl wget gpg openssl"
    " apt apt-get apk dnf yum brew choco winget dpkg rpm pacman auditwheel delocate-wheel"
    " delvewheel check-wheel-contents pkginfo cyclonedx-py syft grype abi3audit"
    " skopeo crane oras helm ko regctl nuget kubectl aws gcloud gsutil az pipdeptree pip-audit"
    " protoc cmake ninja ruff black isort flake8 mypy pyright pylint bandit codespell yamllint"
    " shellcheck typos actionlint zizmor check-jsonschema rustc vcpkg hatchling"
    " pyproject-build virtualenv cibuildwheel"
)
# Modules that are run by `python -m`.
_MODULES = _words(
    "build venv virtualenv ensurepip compileall sysconfig site zipfile tarfile json.tool"
    " check_wheel_contents installer cibuildwheel setuptools_scm pip twine auditwheel"
    " delocate.cmd.delocate_wheel abi3audit pip_audit pipdeptree ruff black isort flake8 mypy"
    " pyright pylint bandit codespell_lib yamllint hatchling zizmor cyclonedx_py pkginfo"
)
# `run`, `exec` and `compose` run what they are given, with the checkout where it is mounted.
_CONTAINERS = _words(
    "build bud buildx push pull tag login logout images image inspect save load manifest version"
    " info create cp commit rm rmi ps volume network context system scout trust import export"
    " history search stop kill port wait config from add copy mount unmount --version -v"
)
_VERBS: dict[str, frozenset[str]] = {
    "uv": _words(
        "sync build pip venv lock publish python tool version export cache self add tree init"
    ),
    "poetry": _words("install build publish version lock config env add self check export show"),
    "hatch": _words("build version publish"),
    "pdm": _words("install sync build publish lock config export"),
    "flit": _words("build publish install"),
    "maturin": _words("build sdist publish develop upload generate-ci"),
    "cargo": _words(
        "build check clippy fmt doc package publish fetch install login metadata update vendor"
        " generate-lockfile binstall about owner deny audit"
    ),
    "go": _words("build mod vet install env get list fmt version work"),
    "dotnet": _words("restore build pack publish nuget workload --version --info clean sln"),
    "gem": _words("build push install signin env update cert owner"),
    "bundle": _words("install config lock add"),
    "gh": _words("release api attestation issue label secret variable run cache workflow search"),
    "conda": _words("install create env config info list activate build update index"),
    "mamba": _words("install create env config info list activate update"),
    "micromamba": _words("install create env config info list activate"),
    "pipx": _words("install ensurepath inject upgrade list"),
    "rye": _words("sync build publish install lock"),
    "node": _words("-v --version"),
    "corepack": _words("enable prepare install use"),
    "nvm": _words("install use alias"),
    "gpgconf": _words("--kill"),
    "mkdocs": _words("build get-deps"),
    "wasm-pack": _words("build pack publish"),
    "rustup": _words("target toolchain component default show update self install override"),
    "meson": _words("setup compile install configure introspect --version"),
    "docker": _CONTAINERS,
    "podman": _CONTAINERS,
    "buildah": _CONTAINERS,
}
# They run the project's life-cycle scripts, which `package.json` holds.
_LIFE_CYCLE = _words(
    "install ci i add publish pack config cache whoami ping view audit dedupe prune login logout"
    " set get version stage -v --version -g --global init rebuild fetch import store"
)
_NODE = _words("npm yarn pnpm bun")
_SETUP = _words("sdist bdist_wheel build build_ext bdist develop install egg_info check clean")
_SCRIPTED_GIT = re.compile(r"\bgit\b|exec|spawn|process|require|import|file:", re.IGNORECASE)
_RUNS_GIT = re.compile(r"\bgit\b")


class GitRemote(Struct, frozen=True):
    """What steps do with the remote, and the step or command that says so, for people."""

    use: GitUse
    by: str = ""


_RANK = {GitUse.NONE: 0, GitUse.MAY: 1, GitUse.READS: 2, GitUse.PUSHES: 3}


def remote_use(repo: Repository, steps: Iterable[Step]) -> GitRemote:
    """What some steps do with git's remote, local composite actions opened; the most certain
    use of all of them.
    """
    # Every checkout asks for all steps behind it.
    found = (repo.once_for((remote_use, step), partial(_use_of_step, repo, step)) for step in steps)
    return _most_certain((GitRemote(GitUse.NONE), *found))


def _use_of_step(repo: Repository, step: Step) -> GitRemote:
    around = repo.once(_surroundings).get(step, _Surroundings(shell=step.shell))
    return _most_certain([GitRemote(GitUse.NONE), *_of_step(repo, step, around, 0)])


def _most_certain(uses: Iterable[GitRemote]) -> GitRemote:
    return max(uses, key=lambda use: _RANK[use.use])


_DEEPEST = 5


def _of_step(
    repo: Repository, step: Step, around: _Surroundings, depth: int
) -> Iterator[GitRemote]:
    if by := around.loads or _loading(step):
        yield GitRemote(GitUse.MAY, f"what `{by}` names")
    if step.run is not None:
        yield from _of_script(repo, step, around)
    elif step.uses is not None and step.uses.kind is UsesKind.LOCAL:
        action = local_action(repo, step)
        if action is None or not action.steps or depth == _DEEPEST:
            yield GitRemote(GitUse.MAY, f"`{step.uses.raw.value}` (not opened)")
        else:
            for inner in action.steps:
                # A step of an action names its own shell; the rest is that of the job.
                yield from _of_step(repo, inner, replace(around, shell=inner.shell), depth + 1)
    elif step.uses is not None and step.uses.kind is not UsesKind.DOCKER:
        yield _of_action(step, step.uses.action)
        if step.uses.action == "pypa/cibuildwheel":
            yield from _of_cibuildwheel(repo, step, around)
    else:
        yield GitRemote(GitUse.MAY, "a container image")


def _of_action(step: Step, name: str) -> GitRemote:
    """What a known action does; one that runs code may be given a script that uses git."""
    known = ACTIONS.get(name)
    if known is None:
        return GitRemote(GitUse.MAY, f"the unknown action `{name}`")
    given = [value.value for value in step.inputs.values()]
    if known.is_scripted and any(map(_SCRIPTED_GIT.search, given)):
        return GitRemote(GitUse.MAY, f"what `{name}` runs")
    given += [value.value for value in step.env.values()]
    if known.runs_code and any(map(_RUNS_GIT.search, given)):
        return GitRemote(GitUse.MAY, f"what `{name}` runs")
    if runs_by_input(step, known):
        return GitRemote(GitUse.MAY, f"`{name}` with `{known.run_input}`")
    if known.git_input and (wanted := step.input(known.git_input)) is not None:
        return GitRemote(GitUse.READS, f"`{name}` with `{known.git_input}: {wanted.value[:40]}`")
    return GitRemote(known.git, f"`{name}`")


def runs_by_input(step: Step, known: KnownAction) -> bool:
    """Whether an input makes an action run scripts of the project, which it does not by itself."""
    given = step.input(known.run_input) if known.run_input else None
    return given is not None and given.value.strip().lower() not in {"false", "null", "[]"}


def local_action(repo: Repository, step: Step) -> CompositeAction | None:
    """The action of this repository that a step uses, as far as it was read."""
    if step.uses is None or step.uses.kind is not UsesKind.LOCAL:
        return None
    folder = step.uses.path.strip("/")
    prefix = f"{folder}/" if folder and folder != "." else ""
    paths = {f"{prefix}action.yml", f"{prefix}action.yaml"}
    return next((action for action in repo.actions if action.path in paths), None)


def _of_script(repo: Repository, step: Step, around: _Surroundings) -> Iterator[GitRemote]:
    commands = repo.commands(step)
    if not _is_plain_shell(around.shell):
        yield GitRemote(GitUse.MAY, f"`shell: {around.shell[:40]}`")
    elif around.own_programs:
        yield GitRemote(GitUse.MAY, "a script behind a folder of the project on PATH")
    elif not commands and step.run is not None and step.run.value.strip():
        yield GitRemote(GitUse.MAY, "a script that was not read")
    for command in commands:
        use = command_use(command)
        if use is GitUse.MAY and _runs_life_cycle(command):
            quiet = command.has("--ignore-scripts", "--mode=skip-build")
            use = GitUse.NONE if quiet or _is_quiet_life(repo, command) else GitUse.MAY
        if use is not GitUse.NONE:
            yield GitRemote(use, f"`{clipped(command.text, 60)}`")
        if command.program == "cibuildwheel":
            yield from _of_cibuildwheel(repo, step, around)


def _of_cibuildwheel(repo: Repository, step: Step, around: _Surroundings) -> Iterator[GitRemote]:
    """What the variables and the configuration of cibuildwheel run, in a shell of its own."""
    variables = [*around.variables, *_given(step.env)]
    for text in cibuildwheel_scripts(variables, repo.snapshot.files):
        if not _is_quiet_text(text):
            yield GitRemote(GitUse.MAY, f"cibuildwheel's `{clipped(' '.join(text.split()), 60)}`")
            return


def _is_quiet_text(text: str) -> bool:
    """Whether a line that a shell runs holds nothing but known programs."""
    if "${{" in text or re.search(r"[`$]\(|`", text):
        return False
    return all(_is_quiet_line(part.split()) for part in _PARTS.split(text))


def _is_quiet_line(words: list[str]) -> bool:
    words = [word.strip("\"'") for word in words]
    while words and (_ASSIGNMENT.match(words[0]) or words[0] == "sudo"):
        words = words[1:]
    command = Command(words=tuple(words), line=0, written=tuple(words))
    return not words or command_use(command) is GitUse.NONE


class _Surroundings(Struct, frozen=True):
    """What stands around a script and decides what its words run: its shell, by the step or by
    ``defaults:``; whether programs of the project may stand in front of those it names; the
    variables of cibuildwheel; and the name of one that makes shells or git run something.
    """

    shell: str
    own_programs: bool = False
    variables: tuple[tuple[str, str], ...] = ()
    loads: str = ""


def _surroundings(repo: Repository) -> dict[Step, _Surroundings]:
    """Those of each step of a job; a composite action's steps name their own shell."""
    found = {}
    for workflow in repo.workflows:
        for job in workflow.jobs:
            scripts = {step: step.run.value for step in job.steps if step.run is not None}
            texts = [*scripts.values()]
            installs = any(_installs_own(repo.commands(s), text) for s, text in scripts.items())
            given = [*_given(workflow.env), *_given(job.env)]
            paths = [given, *(_given(step.env) for step in job.steps)]
            own = [f"PATH={value}" for env in paths for name, value in env if name == "PATH"]
            given += (each for text in texts for each in written_variables(text))
            around = _Surroundings(
                shell="",
                own_programs=installs or any(map(_puts_project_on_path, (*texts, *own))),
                variables=tuple(each for each in given if each[0].startswith("CIBW_")),
                loads=next((name for name, value in given if loads_program(name, value)), ""),
            )
            for step in job.steps:
                found[step] = replace(around, shell=step.shell or job.shell or workflow.shell)
    return found


def _given(env: Inputs) -> list[tuple[str, str]]:
    return [(name, value.value) for name, value in env.items()]


def _loading(step: Step) -> str:
    """The name of a variable of the step that makes shells or git run something."""
    return next((name for name, value in _given(step.env) if loads_program(name, value)), "")


_RELATIVE = re.compile(r"\becho\s+[\"']?\w[\w.-]*(?:/[\w./-]*)?[\"']?\s*>>")


_COPIES = _words("cp mv install ln")
_OF_FOLDER = re.compile(r"(?:\./)?\w[\w.-]*/[\w./-]*")
_PROGRAMS = re.compile(
    r"(?:/usr(?:/local)?|~/\.local|\$\{?HOME\}?/\.local|/opt/[\w./-]*)/s?bin(?:/.*)?"
)
_FETCHES = re.compile(r"\b(?:curl|wget|tar|unzip|Invoke-WebRequest|download)\b")


def _installs_own(commands: Sequence[Command], text: str) -> bool:
    """Whether a program of a folder of the checkout is put among the system's; what the same
    script downloads and unpacks is none.
    """
    installs = any(
        command.program in _COPIES
        and _PROGRAMS.fullmatch(command.words[-1]) is not None
        and any(map(_OF_FOLDER.fullmatch, command.words[1:-1]))
        for command in commands
    )
    return installs and _FETCHES.search(text) is None


def _puts_project_on_path(text: str) -> bool:
    """Whether a text puts a folder of the checkout in front of the system's programs."""
    for line in text.splitlines():
        added = "GITHUB_PATH" in line
        if not (added or "PATH=" in line) or _INSTALLED_IN.search(line) is not None:
            continue
        if _CHECKOUT.search(line) is not None or (added and _RELATIVE.search(line) is not None):
            return True
    return False


_SHELLS = _words("bash sh zsh dash pwsh powershell cmd python micromamba-shell msys2")
_SHELL_WORD = re.compile(r"-[\w-]*|pipefail|errexit|/[A-Za-z]+(?::\w+)?|\{0\}|\"?\.? ?'?\{0\}'?\"?")


def _is_plain_shell(shell: str) -> bool:
    """Whether a ``shell:`` runs the script and nothing of the project before it."""
    program, *rest = shell.split() or ["bash"]
    return program in _SHELLS and all(map(_SHELL_WORD.fullmatch, rest))


def command_use(command: Command) -> GitUse:
    """What one command does with the remote, as far as its words tell.

    What a task runner runs may be a task of the project that is called like a known program,
    and a program at a path of the checkout is the project's.
    """
    use = _use_of_words(command)
    if use is not GitUse.NONE:
        return use
    wrappers = {wrapper.split()[0] for wrapper in command.wrappers}
    if "xargs" in (*wrappers, command.program) and not _is_fixed(command):
        return GitUse.MAY  # what is run stands in the input
    own = wrappers & _TASKS or (wrappers & _RUNNERS and command.program in _OF_SYSTEM)
    return GitUse.MAY if own or _is_at_path_of_checkout(command) else GitUse.NONE


_RUN_THEIR_INPUT = _words("env exec command type trap xargs") | _words("git gh docker podman tar")


def _is_fixed(command: Command) -> bool:
    """Whether further words from the input do not change what a command runs."""
    if command.program not in _RUN_THEIR_INPUT:
        return True
    return len(command.words) > 1 and not command.words[-1].startswith("-")


_TASKS = _words("hatch pdm rye pixi poe npm pnpm yarn bun")
_RUNNERS = _words("uv uvx pipx poetry pipenv conda mamba micromamba npx pnpx bunx bundle mise nix")
_CHECKOUT = re.compile(
    r"(?:\$\{?GITHUB_WORKSPACE\}?|\$\{?RUNNER_WORKSPACE\}?|\$\{?PWD\}?|\$\(pwd\)|\.{1,2}"
    r"|\$\{\{\s*(?:github\.workspace|runner\.workspace)\s*\}\}|/home/runner/work)[/\\]",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"[/~$%\\]|[A-Za-z]:")
_INSTALLED_IN = re.compile(r"(?:^|[/\\])(?:\.?[\w-]*v?env[\w.-]*|\.tox|\.nox|node_modules)[/\\]")


def _is_at_path_of_checkout(command: Command) -> bool:
    """Whether the program is a file of the checkout, and none that was installed there."""
    for word in command.written:
        folder, _, name = word.replace("\\", "/").rpartition("/")
        if folder and name.removesuffix(".exe") == command.program:
            inside = _CHECKOUT.match(word) or not _ELSEWHERE.match(word)
            return bool(inside) and _INSTALLED_IN.search(word) is None
    return False


def _use_of_words(command: Command) -> GitUse:
    program, verbs = command.program, [w for w in command.words[1:] if not w.startswith("+")]
    first = verbs[0] if verbs else ""
    if not program or _ASSIGNMENT.match(program):
        return GitUse.NONE
    if program == "git":
        return _of_git(verbs)
    if program in _PUSHERS or first in _PUSH_VERBS.get(program, ()):
        return GitUse.PUSHES
    if program in _PUSH_FLAGS:
        flags = _PUSH_FLAGS[program]
        return GitUse.PUSHES if any(map(flags.fullmatch, verbs)) else GitUse.NONE
    if runs_what_it_is_given(command) or _names_git_folder(command):
        return GitUse.MAY
    known = _MODULES if _is_module(command) else _QUIET
    if program in known or first in _VERBS.get(program, ()) or _is_quiet(command):
        return GitUse.NONE
    if program.startswith("python"):
        return _of_python(verbs)
    return GitUse.MAY


_QUIET = _OF_SYSTEM | _NEVER


def _is_module(command: Command) -> bool:
    return bool(command.wrappers) and command.wrappers[-1].endswith(" -m")


_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")


def _runs_life_cycle(command: Command) -> bool:
    """Whether a package manager runs the life-cycle scripts of `package.json`, and no other."""
    first = command.words[1] if len(command.words) > 1 else ""
    bare = command.program == "yarn" and (not first or first.startswith("-"))
    return command.program in _NODE and (first in _LIFE_CYCLE or bare)


def _is_quiet(command: Command) -> bool:
    """Whether it is a search that runs nothing, or enters a virtual environment."""
    if command.program == "find":
        return True
    place = command.words[-1].replace("\\", "/")
    return command.program in {"source", "."} and place.endswith(
        ("/bin/activate", "/Scripts/activate")
    )


_GIT_FOLDER = re.compile(r"(?:.*[/=\\])?\.git(?:[/\\](?:config|hooks(?:[/\\].*)?)?)?", re.DOTALL)
_LEAVES_OUT = re.compile(r"-x|-not|!|-path|-name|-prune|-C|--exclude.*|--git-dir.*")
_LISTS = _words("rm find test [ [[ ls du echo mkdir stat rmdir file git rsync")


def _names_git_folder(command: Command) -> bool:
    """Whether a command reads or changes the folder that holds hooks and the credentials."""
    if command.program in _LISTS:
        return False
    words = command.words
    if not any(".git" in word or "extraheader" in word for word in words):
        return False
    return any(
        _GIT_FOLDER.fullmatch(word) is not None and _LEAVES_OUT.fullmatch(before) is None
        for before, word in pairwise(words)
        if not word.startswith("--exclude")
    ) or any("extraheader" in word for word in words)


_READS_CREDENTIALS = re.compile(r"extraheader|--remote=|--recurse-submodules", re.IGNORECASE)
_RUNS_MORE = re.compile(r"--exec(?:=.*)?|-x|(?:--config-env=)?alias\..*")


def _of_git(verbs: list[str]) -> GitUse:
    """What a git command does, its own options passed over."""
    if any(map(_READS_CREDENTIALS.search, verbs)):
        return GitUse.READS
    if any(map(_RUNS_MORE.fullmatch, verbs)):
        return GitUse.MAY
    rest = iter(verbs)
    for word in rest:
        if word in {"-C", "-c", "--git-dir", "--work-tree"}:
            given = next(rest, "")
            if word == "-c" and not is_plain_setting(given):
                return GitUse.MAY
        elif word == "config":
            return GitUse.MAY if configures_programs([*rest]) else GitUse.NONE
        elif word.startswith("-") and word not in _LOCAL:
            continue
        elif word in _PUSHING:
            return GitUse.PUSHES
        elif word in _FETCHING:
            return GitUse.READS
        elif word == "remote":
            return GitUse.NONE if next(rest, "-v") in _REMOTE_LOCAL else GitUse.READS
        elif word == "checkout":
            return GitUse.NONE
        else:
            return GitUse.NONE if word in _LOCAL else GitUse.MAY
    return GitUse.NONE


def _of_python(verbs: list[str]) -> GitUse:
    if verbs[:1] == ["-m"]:
        return GitUse.NONE if verbs[1:2] and verbs[1] in _NEVER else GitUse.MAY
    if verbs[:1] in (["-V"], ["--version"]):
        return GitUse.NONE
    if verbs and verbs[0].rpartition("/")[2] == "setup.py":
        commands = {word for word in verbs[1:] if not word.startswith("-")}
        return GitUse.NONE if commands <= _SETUP else GitUse.MAY
    if verbs[:1] == ["-c"]:
        return GitUse.NONE if _is_quiet_python(" ".join(verbs[1:])) else GitUse.MAY
    return GitUse.MAY


_IMPORT = re.compile(r"\b(?:from\s+([\w.]+)\s+import\b|import\s+([\w., ]+))")
_QUIET_MODULES = _words(
    "sys json re tomllib tomli toml pathlib glob hashlib platform sysconfig importlib.metadata"
    " importlib.resources datetime time string math base64 configparser packaging.version"
    " packaging email zipfile tarfile site struct ssl locale urllib.request urllib.parse textwrap"
)
_RUNS_CODE = re.compile(r"git|subprocess|\bos\.|exec|eval|import_module|__import__|open_code")


def _is_quiet_python(text: str) -> bool:
    """Whether a line of Python imports only modules that run nothing of the project."""
    named = [match[1] or match[2] for match in _IMPORT.finditer(text)]
    modules = [part.split()[0] for names in named for part in names.split(",") if part.split()]
    return _RUNS_CODE.search(text) is None and all(name in _QUIET_MODULES for name in modules)


# npm's documentation, using-npm/scripts#life-cycle-operation-order; what is not listed counts
# as an installation.
_AT_INSTALL = _words(
    "preinstall install postinstall prepublish preprepare prepare postprepare dependencies"
)
_AT_PACK = _words("prepublishOnly prepack postpack prepare publish postpublish prepublish")
_LIFE: Mapping[str, frozenset[str]] = {
    "version": _words("preversion version postversion"),
    **dict.fromkeys(("publish", "pack", "stage"), _AT_PACK),
}
# Tools that compile, check or copy; those that run the project's tests are not among them.
_OF_NODE = _words(
    "tsc vue-tsc husky rimraf del-cli shx cpy copyfiles mkdirp ncp cpx vite rollup webpack esbuild"
    " tsup tsdown unbuild microbundle swc babel eslint prettier biome stylelint sass postcss"
    " api-extractor typedoc patch-package lint-staged simple-git-hooks is-ci only-allow"
    " npm-run-all run-s run-p cross-env exit svelte-kit svelte-package nuxt-module-build ng-packagr"
    " publint attw clean-package pinst attest terser uglifyjs napi node-gyp prebuildify"
)
_RUNS_SCRIPT = _words("run run-script")
_PARTS = re.compile(r"&&|\|\||[;|&\n]")


def _is_quiet_life(repo: Repository, command: Command) -> bool:
    """Whether the scripts that a package manager runs by itself then are known not to use git.

    A `package.json` that was not read says nothing.
    """
    verb = command.words[1] if len(command.words) > 1 else ""
    names = _LIFE.get(verb, _AT_INSTALL)
    if verb == "version" and command.program == "yarn":
        names |= _AT_INSTALL
    files = [f for f in repo.snapshot.files if f.path.rpartition("/")[2] == "package.json"]
    return bool(files) and all(_is_quiet_package(file.text, names) for file in files)


def _is_quiet_package(text: str, names: Iterable[str]) -> bool:
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return False
    scripts = data.get("scripts", {}) if isinstance(data, dict) else None
    if not isinstance(scripts, dict):
        return False
    return all(_is_quiet_script(scripts, name, ()) for name in names)


def _is_quiet_script(scripts: Mapping[str, object], name: str, inside: tuple[str, ...]) -> bool:
    """Whether a script of a `package.json`, if there is one, runs known tools alone."""
    text = scripts.get(name, "")
    if not isinstance(text, str) or name in inside or re.search(r"[`$]\(|`", text):
        return False
    inside = (*inside, name)
    return all(_is_quiet_part(scripts, part.split(), inside) for part in _PARTS.split(text))


def _is_quiet_part(
    scripts: Mapping[str, object], words: list[str], inside: tuple[str, ...]
) -> bool:
    while words and (_ASSIGNMENT.match(words[0]) or words[0] in {"cross-env", "npx"}):
        words = words[1:]
    if not words:
        return True
    program, named = words[0].removeprefix("node_modules/.bin/"), words[1:]
    if program in _NODE and named[:1] and named[0] in _RUNS_SCRIPT:
        return bool(named[1:]) and _is_quiet_task(scripts, named[1], inside)
    if program in _NODE:
        verb = next(iter(named), "install")
        return verb not in _LIFE_CYCLE and _is_quiet_task(scripts, verb, inside)
    if program in {"run-s", "run-p", "npm-run-all"}:
        return all(_is_quiet_task(scripts, w, inside) for w in named if not w.startswith("-"))
    if program in _OF_NODE:
        return True
    return (
        command_use(Command(words=(program, *named), line=0, written=tuple(words))) is GitUse.NONE
    )


def _is_quiet_task(scripts: Mapping[str, object], name: str, inside: tuple[str, ...]) -> bool:
    """Whether a script that another one runs by name is there, and quiet."""
    around = (f"pre{name}", name, f"post{name}")
    return name in scripts and all(_is_quiet_script(scripts, each, inside) for each in around)
