"""Whether steps use git's remote with the credentials that a checkout left behind.

A closed world: what is not listed may do anything. Lists hold programs that never talk to the
remote of a checkout, whatever project they work on; build tools are among them, though they
run code of the project, and whatever runs its scripts or tests is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from audits.analysis.action_table import ACTIONS, GitUse
from audits.model.command import Command
from audits.model.repository import Repository
from audits.model.uses import UsesKind
from audits.model.workflow import CompositeAction, Step


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# https://git-scm.com/docs: the verbs that reach the remote, and those that never do.
_PUSHING = _words("push send-pack")
_FETCHING = _words("fetch pull submodule lfs ls-remote fetch-pack")
_LOCAL = _words(
    "add am apply archive bisect blame branch bundle cat-file check-attr check-ignore cherry-pick"
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
_PUSH_FLAGS = {"mike": _words("--push -p")}
# Programs that never talk to the remote, with any arguments.
_NEVER = _words(
    "cat cd cosign cp date echo env exit export false grep gzip head jq yq ls mkdir mv printf pwd"
    " rm sed set sha256sum shasum sha512sum sort tail tar test touch tr true unzip wc zip [ [["
    " rekor-cli slsa-verifier : sleep pip pip3 twine uniq cut awk tee basename dirname chmod chown"
    " curl wget gpg openssl diff cmp du df id uname which file md5sum base64 hexdump xxd seq"
    " apt apt-get apk dnf yum brew choco winget dpkg rpm pacman rustup auditwheel delocate-wheel"
    " delvewheel check-wheel-contents pkginfo cyclonedx-py syft grype abi3audit ln readlink"
    " realpath stat unset return shift local read mktemp umask ulimit let type hash trap wait kill"
    " docker podman buildah skopeo crane oras helm ko regctl nuget kubectl aws gcloud gsutil az"
    " zstd xz bzip2 7z rsync scp ssh-keygen lipo codesign patchelf strip objdump"
    " abidiff nm ldd otool install_name_tool pipdeptree pip-audit readelf whoami hostname printenv"
    " protoc cmake ninja meson Write-Output Write-Host New-Item Copy-Item Move-Item Remove-Item"
    " Set-Content Add-Content Get-Content Get-ChildItem Test-Path Expand-Archive Compress-Archive"
    " Invoke-WebRequest Join-Path Rename-Item"
    " ruff black isort flake8 mypy pyright pylint bandit codespell yamllint shellcheck typos"
    " actionlint zizmor check-jsonschema systemctl service modprobe sysctl udevadm rustc tree"
    " vcpkg hatchling swapoff mkswap mount umount nproc free lsb_release lscpu ulimit security"
    # Modules, which stand for themselves behind `python -m`.
    " build pyproject-build venv virtualenv ensurepip compileall sysconfig site zipfile tarfile"
    " json.tool check_wheel_contents installer cibuildwheel setuptools_scm"
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
    "dotnet": _words("restore build pack publish nuget tool workload --version --info clean sln"),
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
}
# They run the project's life-cycle scripts, which `package.json` holds.
_LIFE_CYCLE = _words(
    "install ci i add publish pack config cache whoami ping view audit dedupe prune login logout"
    " set get version stage -v --version -g --global init rebuild fetch import store"
)
_NODE = _words("npm yarn pnpm bun")
_SETUP = _words("sdist bdist_wheel build build_ext bdist develop install egg_info check clean")
_GIT_SCRIPT = re.compile(r"\bgit\b|\bgh\b|gh-pages|release|lerna|changeset|\bnp\b", re.IGNORECASE)
_SCRIPTED_GIT = re.compile(r"\bgit\b|exec", re.IGNORECASE)


class GitRemote(Struct, frozen=True):
    """What steps do with the remote, and the step or command that says so, for people."""

    use: GitUse
    by: str = ""


_RANK = {GitUse.NONE: 0, GitUse.MAY: 1, GitUse.READS: 2, GitUse.PUSHES: 3}


def remote_use(repo: Repository, steps: Iterable[Step]) -> GitRemote:
    """What some steps do with git's remote, local composite actions opened; the most certain
    use of all of them.
    """
    found = [GitRemote(GitUse.NONE)]
    found += (use for step in steps for use in _of_step(repo, step, 0))
    return max(found, key=lambda use: _RANK[use.use])


_DEEPEST = 5


def _of_step(repo: Repository, step: Step, depth: int) -> Iterator[GitRemote]:
    if step.run is not None:
        yield from _of_script(repo, step)
    elif step.uses is not None and step.uses.kind is UsesKind.LOCAL:
        action = local_action(repo, step)
        if action is None or not action.steps or depth == _DEEPEST:
            yield GitRemote(GitUse.MAY, f"`{step.uses.raw.value}`, which cannot be opened")
        else:
            for inner in action.steps:
                yield from _of_step(repo, inner, depth + 1)
    elif step.uses is not None and step.uses.kind is not UsesKind.DOCKER:
        known = ACTIONS.get(step.uses.action)
        scripts = [value.value for value in step.inputs.values()]
        if known is None or (known.is_scripted and any(map(_SCRIPTED_GIT.search, scripts))):
            yield GitRemote(GitUse.MAY, f"`{step.uses.action}`, which is not known")
        else:
            yield GitRemote(known.git, f"`{step.uses.action}`")
    else:
        yield GitRemote(GitUse.MAY, "a container image")


def local_action(repo: Repository, step: Step) -> CompositeAction | None:
    """The action of this repository that a step uses, as far as it was read."""
    if step.uses is None or step.uses.kind is not UsesKind.LOCAL:
        return None
    folder = step.uses.path.strip("/")
    prefix = f"{folder}/" if folder and folder != "." else ""
    paths = {f"{prefix}action.yml", f"{prefix}action.yaml"}
    return next((action for action in repo.actions if action.path in paths), None)


def _of_script(repo: Repository, step: Step) -> Iterator[GitRemote]:
    commands = repo.commands(step)
    if not commands and step.run is not None and step.run.value.strip():
        yield GitRemote(GitUse.MAY, "a script that was not read")
    for command in commands:
        use = command_use(command)
        quiet = command.has("--ignore-scripts", "--mode=skip-build")
        if use is GitUse.MAY and _runs_life_cycle(command):
            use = GitUse.MAY if not quiet and _has_git_scripts(repo) else GitUse.NONE
        if use is not GitUse.NONE:
            yield GitRemote(use, f"`{command.text[:60]}`")


def command_use(command: Command) -> GitUse:
    """What one command does with the remote, as far as its words tell.

    What a task runner runs may be a task of the project that is called like a known program.
    """
    use = _use_of_words(command)
    runs_task = any(wrapper.split()[0] in _TASKS for wrapper in command.wrappers)
    return GitUse.MAY if use is GitUse.NONE and runs_task else use


def _use_of_words(command: Command) -> GitUse:
    program, verbs = command.program, [w for w in command.words[1:] if not w.startswith("+")]
    first = verbs[0] if verbs else ""
    if not program or program in _NEVER or _ASSIGNMENT.match(program):
        return GitUse.NONE
    if program == "git":
        return _of_git(verbs)
    if program in _PUSHERS or first in _PUSH_VERBS.get(program, ()):
        return GitUse.PUSHES
    if program in _PUSH_FLAGS:
        return GitUse.PUSHES if command.has(*_PUSH_FLAGS[program]) else GitUse.NONE
    if first in _VERBS.get(program, ()) or _is_quiet(command):
        return GitUse.NONE
    if program.startswith("python"):
        return _of_python(verbs)
    return GitUse.MAY


_TASKS = _words("hatch pdm rye pixi poe npm pnpm yarn bun")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")


def _runs_life_cycle(command: Command) -> bool:
    """Whether a package manager runs the life-cycle scripts of `package.json`, and no other."""
    first = command.words[1] if len(command.words) > 1 else ""
    bare = command.program == "yarn" and (not first or first.startswith("-"))
    return command.program in _NODE and (first in _LIFE_CYCLE or bare)


def _is_quiet(command: Command) -> bool:
    """Whether it is a search that runs nothing, or enters a virtual environment."""
    if command.program == "find":
        return not command.has("-exec", "-execdir", "-ok", "-okdir")
    return command.program in {"source", "."} and command.words[-1].endswith("/activate")


def _of_git(verbs: list[str]) -> GitUse:
    """What a git command does, its own options passed over."""
    rest = iter(verbs)
    for word in rest:
        if word in {"-C", "-c", "--git-dir", "--work-tree"}:
            next(rest, None)
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
        return GitUse.NONE if set(verbs[1:2]) <= _SETUP else GitUse.MAY
    if verbs[:1] == ["-c"]:
        text = " ".join(verbs)
        return (
            GitUse.MAY
            if re.search(r"git|subprocess|os\.|exec|import_module", text)
            else GitUse.NONE
        )
    return GitUse.MAY


def _has_git_scripts(repo: Repository) -> bool:
    """Whether a `package.json` that was read has a script that may use git; a missing one says
    nothing, and counts as one that has.
    """
    files = [f for f in repo.snapshot.files if f.path.rpartition("/")[2] == "package.json"]
    return not files or any(_pushes_in_life(file.text) for file in files)


def _pushes_in_life(text: str) -> bool:
    """Whether a script that a package manager runs by itself may use git; one that runs other
    scripts counts with all of them.
    """
    block = _SCRIPTS.search(text)
    scripts = dict(_SCRIPT.findall(block["scripts"])) if block is not None else {}
    own = [value for name, value in scripts.items() if name in _LIFE]
    if any(_RUNS_MORE.search(value) for value in own):
        own = list(scripts.values())
    return any(map(_GIT_SCRIPT.search, own))


# npm's documentation, using-npm/scripts#life-cycle-scripts
_LIFE = _words(
    "preinstall install postinstall prepare preprepare postprepare prepublish prepublishOnly"
    " prepack postpack publish postpublish preversion version postversion dependencies"
)
_SCRIPTS = re.compile(r'"scripts"\s*:\s*\{(?P<scripts>[^}]*)\}')
_SCRIPT = re.compile(r'"([^"]+)"\s*:\s*"((?:[^"\\]|\\.)*)"')
_RUNS_MORE = re.compile(r"\b(?:run|run-s|run-p|npm-run-all|yarn|pnpm|bun|turbo|nx|wireit)\b")
