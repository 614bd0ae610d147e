"""Commands and actions that build a package or run a project's own code."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from audits.model.command import Command
from audits.model.location import Location
from audits.model.registry import Registry, Trait
from audits.model.repository import Repository
from audits.model.uses import UsesKind
from audits.model.workflow import Job, Step


class StepKind(Enum):
    """What a step does in the job that publishes."""

    BUILDS = "builds the package"
    CHECKS_OUT = "checks out the repository"
    CHECKS_OUT_OTHER = "checks out another repository"
    INSTALLS = "installs the project"
    RUNS_SCRIPT = "runs the project's own code"


class StepAct(Struct, frozen=True, kw_only=True):
    """One deed at one place; ``what`` is the action or command, for people."""

    deed: StepKind
    what: str
    at: Location


BUILD_ACTIONS = frozenset(
    {
        "pypa/cibuildwheel",
        "hynek/build-and-inspect-python-package",
        "openastronomy/build-python-dist",
        "rubygems/release-gem",
        "joerick/cibuildwheel",
        "messense/maturin-action",
        "ralfg/python-wheels-manylinux-build",
        "casperdcl/deploy-pypi",
        "jruizgit/poetry-publish",
        "juanrh30/pypi-poetry-publish",
        "marian-code/python-publisher",
        "code-specialist/pypi-poetry-publish",
        "etils-actions/pypi-auto-publish",
    }
)
# First words of a command that builds; publishing commands here build by themselves.
_BUILDS: frozenset[tuple[str, ...]] = frozenset(
    {
        ("build",),
        ("pyproject-build",),
        ("cibuildwheel",),
        ("check-wheel-build",),
        ("hatch", "build"),
        ("flit", "build"),
        ("flit", "publish"),
        ("poetry", "build"),
        ("uv", "build"),
        ("rye", "build"),
        ("pdm", "build"),
        ("pdm", "publish"),
        ("maturin", "build"),
        ("maturin", "publish"),
        ("maturin", "sdist"),
        ("pip", "wheel"),
        ("pip3", "wheel"),
        ("jupyter", "labextension", "build"),
        ("npm", "run", "build"),
        ("pnpm", "build"),
        ("pnpm", "run", "build"),
        ("yarn", "build"),
        ("yarn", "run", "build"),
        ("npm", "pack"),
        ("bun", "run", "build"),
        ("gem", "build"),
        ("dotnet", "pack"),
        ("conda", "build"),
        ("conda-build",),
        ("rattler-build", "build"),
        ("conda", "mambabuild"),
        ("boa", "build"),
    }
)
_LENGTHS = sorted({len(words) for words in _BUILDS})
_BUILD_WORDS = frozenset({"sdist", "bdist_wheel", "bdist", "bdist_egg"})
_INSTALLERS: dict[tuple[str, ...], frozenset[str]] = {
    ("uv", "sync"): frozenset(),
    ("poetry", "install"): frozenset(),
    ("pdm", "install"): frozenset(),
    ("pdm", "sync"): frozenset(),
    ("pipenv", "install"): frozenset(),
    ("npm", "ci"): frozenset(),
    ("npm", "install"): frozenset({"-g", "--global", "--ignore-scripts"}),
    ("npm", "i"): frozenset({"-g", "--global", "--ignore-scripts"}),
    ("pnpm", "install"): frozenset({"-g", "--global", "--ignore-scripts"}),
    ("yarn", "install"): frozenset({"--ignore-scripts"}),
    ("bun", "install"): frozenset({"-g"}),
    ("bundle", "install"): frozenset(),
    ("rye", "sync"): frozenset(),
}
_RUNNERS = frozenset({"make", "tox", "nox", "just", "task", "invoke", "inv", "rake", "poe", "doit"})
# What projects call the target of such a runner that builds the package.
_BUILD_TARGETS = frozenset(
    {"build", "dist", "sdist", "wheel", "wheels", "package", "packages", "packaging", "pkg"}
)
_SHELLS = frozenset({"bash", "sh", "zsh", "source", ".", "pwsh"})
_INTERPRETERS = frozenset({"python", "python3", "node", "ruby", "py"})


def packs_by_itself(registry: Registry) -> bool:
    """Whether a registry's uploaders make what they upload, so that no other job could."""
    return Trait.PACKS_BY_ITSELF in registry.info.traits


def acts(repo: Repository, job: Job) -> tuple[StepAct, ...]:
    """What the steps of a job do of all this, in their order."""
    return repo.once_for((acts, job), lambda: tuple(_acts(repo, job)))


def _acts(repo: Repository, job: Job) -> Iterator[StepAct]:
    for step in job.live_steps:
        yield from _by_action(step, job.path)
        for command in repo.commands(step):
            deed = deed_of(command)
            if deed is not None:
                what = " ".join((*command.wrappers, *command.words))[:80]
                yield StepAct(deed=deed, what=what, at=Location(path=job.path, line=command.line))


def _by_action(step: Step, path: str) -> Iterator[StepAct]:
    uses = step.uses
    if uses is None:
        return
    deed = None
    if uses.kind is UsesKind.LOCAL:
        deed = StepKind.RUNS_SCRIPT
    elif uses.action == "actions/checkout":
        other = step.input("repository") is not None
        deed = StepKind.CHECKS_OUT_OTHER if other else StepKind.CHECKS_OUT
    elif uses.action in BUILD_ACTIONS:
        deed = StepKind.BUILDS
    elif uses.action == "pyo3/maturin-action":
        command = step.input("command")
        uploads = command is not None and command.value in {"upload", "list-python"}
        deed = None if uploads else StepKind.BUILDS
    if deed is not None:
        yield StepAct(deed=deed, what=uses.raw.value, at=uses.raw.location(path))


def deed_of(command: Command) -> StepKind | None:
    """What a command does of all this, if anything."""
    words = tuple(word.lower() for word in command.words)
    if not words:
        return None
    if _builds(words):
        return StepKind.BUILDS
    if _installs(words):
        return StepKind.INSTALLS
    if _runs_script(command, words):
        return StepKind.RUNS_SCRIPT
    return None


def _builds(words: tuple[str, ...]) -> bool:
    if words[:2] == ("pdm", "publish") and "--no-build" in words:
        return False
    if words[:2] == ("poetry", "publish"):
        return "--build" in words
    if any(words[:length] in _BUILDS for length in _LENGTHS):
        return not {"--version", "--help", "-h"} & set(words)
    if words[0] in _RUNNERS:
        return bool(_BUILD_TARGETS & set(words[1:]))
    setup = any(word.endswith("setup.py") for word in words[:3])
    return setup and bool(_BUILD_WORDS & set(words))


def _installs(words: tuple[str, ...]) -> bool:
    harmless = _INSTALLERS.get(words[:2])
    if harmless is not None:
        return not harmless & set(words)
    rest = words[1:]
    if words[0] == "uv" and words[1:2] == ("pip",):
        words, rest = words[1:], words[2:]
    if words[0] not in {"pip", "pip3"} or rest[:1] != ("install",):
        return False
    return any(_is_own(word) for word in rest[1:]) or bool(
        {"-r", "--requirement", "-e"} & set(rest)
    )


def _is_own(word: str) -> bool:
    """Whether pip has to install what lies in the workspace, built wheels apart."""
    path = word.partition("[")[0]
    return path == "." or (path.startswith("./") and not path.endswith((".whl", ".tar.gz")))


def _runs_script(command: Command, words: tuple[str, ...]) -> bool:
    program = command.words[0]
    if program in _RUNNERS:
        return not {"--version", "--help"} & set(words)
    arguments = [word for word in command.words[1:] if not word.startswith("-")]
    if program in _SHELLS:
        return bool(arguments) and "-c" not in words
    if program in _INTERPRETERS:
        inline = {"-c", "-e", "-m", "-", "--version", "-V"} & set(command.words[1:3])
        return bool(arguments) and not inline
    return program.startswith(("./", "scripts/", "bin/", "tools/", "ci/", ".github/"))
