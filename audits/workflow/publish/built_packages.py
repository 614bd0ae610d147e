"""Finds which packages of a repository a job builds, by the folder or name that its build is given.

A monorepo uploads `dist/*` from the root, and only the build says whose files those are:
`uv build packages/one`, `uv build --package one`, `python -m build packages/one`, or a build in that
folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from audits.expressions.syntax import replace_fences
from audits.model.command import Command, plain_words
from audits.model.registry import Registry
from audits.model.workflow import Job
from audits.workflow.publish.folders import changed_to, joined
from audits.workflow.publish.site import Site


class _Build(Struct, frozen=True, kw_only=True):
    """How a command that builds says what: ``plain``, whether words without an option are folders;
    ``at``, options with a folder; ``files``, with a file in it; ``names``, with a package's name;
    ``every``, flags that build all packages of a workspace.
    """

    plain: bool = False
    at: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    every: tuple[str, ...] = ()


_BUILDS: dict[tuple[str, ...], _Build] = {
    ("uv", "build"): _Build(
        plain=True,
        at=("--project", "--directory"),
        names=("--package",),
        every=("--all-packages", "--all"),
    ),
    ("build",): _Build(plain=True),
    ("pyproject-build",): _Build(plain=True),
    ("pip", "wheel"): _Build(plain=True),
    ("pip3", "wheel"): _Build(plain=True),
    ("hatch", "build"): _Build(),  # its word is where to put what it builds
    ("flit", "build"): _Build(files=("-f", "--ini-path")),
    ("poetry", "build"): _Build(at=("-C", "--directory", "-P", "--project")),
    ("pdm", "build"): _Build(at=("-p", "--project")),
    ("rye", "build"): _Build(
        files=("--pyproject",), names=("-p", "--package"), every=("-a", "--all")
    ),
}
"""https://docs.astral.sh/uv/reference/cli/#uv-build, https://build.pypa.io,
https://pdm-project.org/latest/reference/cli/#build, https://rye.astral.sh/guide/commands/build/
"""

_WITH_VALUE = frozenset(
    {"-o", "--out-dir", "--outdir", "--output", "-w", "--wheel-dir", "-p", "--python", "-t"}
    | {"-C", "--config-setting", "-d", "--dest", "--project", "--directory", "--package", "-f"}
    | {"--ini-path", "--pyproject", "-P", "--format"}
)
_MOST_JOBS = 50
"""Jobs among which a build is looked for: it is mostly in the job itself or the one before."""
_LOOKS = ("-h", "--help", "-V", "--version")
_COMPUTED = re.compile(r"\$\([^()]*\)|`[^`]*`|\$\{?\w+\}?")


def built_packages(site: Site) -> tuple[str, ...]:
    """Names of packages for PyPI whose builds the job runs, or else the nearest jobs that it needs;
    () where no build says which. A folder that is computed may be any below the root.
    """
    jobs, seen = [site.job], {site.job}
    while jobs and len(seen) < _MOST_JOBS:
        names = tuple(dict.fromkeys(name for job in jobs for name in _by_job(site, job)))
        if names:
            return names
        needed = [site.workflow.job(name) for job in jobs for name in job.needs[:_MOST_JOBS]]
        jobs = [job for job in dict.fromkeys(needed) if job is not None and job not in seen]
        seen.update(jobs)
    return ()


def _by_job(site: Site, job: Job) -> tuple[str, ...]:
    known = site.library.built
    if job not in known:
        known[job] = tuple(_built_by(site, job))
    return known[job]


def _built_by(site: Site, job: Job) -> Iterator[str]:
    for place, step in enumerate(job.live_steps):
        if step.run is None:
            continue
        before = job.live_steps[: place + 1]
        there = replace(site, job=job, step=step, before=before, outer=step)
        there = replace(there, action=None, parent=None, script=None, path=job.path)
        for command in there.commands:
            yield from _by_command(there, command)


def _by_command(site: Site, command: Command) -> Iterator[str]:
    plain = tuple(word for _, word in plain_words(command.words, _WITH_VALUE))
    head = next((head for head in _BUILDS if plain[: len(head)] == head), None)
    if head is None or command.has(*_LOOKS):
        return
    build = _BUILDS[head]
    named = _texts(site, command, command.options(*build.names))
    folders = () if named or command.has(*build.every) else _folders(site, command, head, plain)
    yield from (name for name in named if "*" not in name)
    for package in site.library.declared:
        if package.registry is Registry.PYPI and (
            any(fnmatchcase(package.name, name) for name in named)
            or command.has(*build.every)
            or any(_is_in(package.directory, folder) for folder in folders)
        ):
            yield package.name


def _folders(
    site: Site, command: Command, head: tuple[str, ...], plain: Sequence[str]
) -> tuple[str, ...]:
    """The folders that a build is given, or else the one that it runs in."""
    build = _BUILDS[head]
    words = [*(plain[len(head) :] if build.plain else ()), *command.options(*build.at)]
    files = [file.rpartition("/")[0] for file in command.options(*build.files)]
    given = _texts(site, command, (*words, *files)) or [""]
    bases = [joined(base, changed_to(site, command)) for base in site.directories]
    return tuple(joined(base, folder) for base in bases for folder in given)


def _is_in(directory: str, folder: str) -> bool:
    """Whether a package lies in a folder, in which ``*`` stands for what is computed."""
    return directory == folder or (
        "*" in folder and bool(directory) and fnmatchcase(directory, folder)
    )


def _texts(site: Site, command: Command, words: Iterable[str]) -> list[str]:
    """The values that words may have, with ``*`` for what is computed."""
    expanded = (site.expand(word, command) for word in words if word)
    texts = (text for word in expanded for text in site.texts(word) or (word,))
    return [_COMPUTED.sub("*", replace_fences(text, "*")) for text in texts]
