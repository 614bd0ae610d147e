"""Finds which packages of a repository a job builds, by the folder or name that its build is given.

A monorepo uploads `dist/*` from the root, and only the build says whose files those are:
`uv build packages/one`, `uv build --package one`, `python -m build packages/one`, or a build in that
folder.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from audits.model.command import Command, plain_words
from audits.model.evidence import normalized
from audits.model.registry import Registry
from audits.model.workflow import Job
from audits.workflow.publish.folders import folders_of, joined
from audits.workflow.publish.site import Site


class _Build(Struct, frozen=True, kw_only=True):
    """How a command that builds says what: ``plain``, whether words without an option are folders
    or files in them; ``at``, options with one; ``names``, with a package's name; ``every``, flags
    that build all packages of a workspace.
    """

    registry: Registry = Registry.PYPI
    plain: bool = False
    at: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    every: tuple[str, ...] = ()


_GEM = _Build(registry=Registry.RUBYGEMS, plain=True)
_NUGET = _Build(registry=Registry.NUGET, plain=True)
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
    ("flit", "build"): _Build(at=("-f", "--ini-path")),
    ("poetry", "build"): _Build(at=("-C", "--directory", "-P", "--project")),
    ("pdm", "build"): _Build(at=("-p", "--project")),
    ("rye", "build"): _Build(at=("--pyproject",), names=("-p", "--package"), every=("-a", "--all")),
    ("gem", "build"): _GEM,
    ("dotnet", "pack"): _NUGET,
    ("nuget", "pack"): _NUGET,
    ("npm", "pack"): _Build(
        registry=Registry.NPM,
        plain=True,
        names=("-w", "--workspace"),
        every=("--workspaces", "-ws"),
    ),
    ("pnpm", "pack"): _Build(
        registry=Registry.NPM,
        at=("-C", "--dir"),
        names=("-F", "--filter"),
        every=("-r", "--recursive"),
    ),
    ("yarn", "pack"): _Build(registry=Registry.NPM, at=("--cwd",)),
}
"""https://docs.astral.sh/uv/reference/cli/#uv-build, https://build.pypa.io,
https://pdm-project.org/latest/reference/cli/#build, https://rye.astral.sh/guide/commands/build/,
https://guides.rubygems.org/command-reference/#gem-build, https://docs.npmjs.com/cli/commands/npm-pack,
https://learn.microsoft.com/dotnet/core/tools/dotnet-pack, https://pnpm.io/cli/pack
"""

_WITH_VALUE = frozenset(
    {"-o", "--out-dir", "--outdir", "--output", "-w", "--wheel-dir", "-p", "--python", "-t"}
    | {"-C", "--config-setting", "-d", "--dest", "--project", "--directory", "--package", "-f"}
    | {"--ini-path", "--pyproject", "-P", "--format", "-c", "--configuration", "-v", "--verbosity"}
    | {"--workspace", "--pack-destination", "--version-suffix", "-F", "--filter", "--dir", "--cwd"}
)
_MOST_JOBS = 50
"""Jobs among which a build is looked for: it is mostly in the job itself or the one before."""
_MOST_PATHS = 100
"""Folders and files of one build that are looked at."""
_HEADS = {
    program: tuple(head for head in _BUILDS if head[0] == program)
    for program in dict.fromkeys(head[0] for head in _BUILDS)
}
"""The beginnings of these commands, by their program."""
_NO_BUILD = ("-h", "--help", "-V", "--version", "--dry-run")
_GLOB = re.compile(r"[*?\[]")
_FILE = re.compile(r"\.(?:toml|cfg|gemspec|[cfv]sproj|sln|slnx|nuspec|py|tgz)$")


def built_packages(site: Site, registry: Registry) -> tuple[str, ...]:
    """Names of packages for a registry whose builds the job runs, or else the nearest jobs that it
    needs; () where no build says which. A folder that is computed may be any below the root.
    """
    if all(build.registry is not registry for build in _BUILDS.values()):
        return ()
    jobs, seen = [site.job], {site.job}
    while jobs and len(seen) < _MOST_JOBS:
        names = tuple(dict.fromkeys(name for job in jobs for name in _by_job(site, job, registry)))
        if names:
            return names
        needed = [site.workflow.job(name) for job in jobs for name in job.needs[:_MOST_JOBS]]
        jobs = [job for job in dict.fromkeys(needed) if job is not None and job not in seen]
        seen.update(jobs)
    return ()


def _by_job(site: Site, job: Job, registry: Registry) -> tuple[str, ...]:
    known = site.library.built
    if (job, registry) not in known:
        known[job, registry] = tuple(_built_by(site, job, registry))
    return known[job, registry]


def _built_by(site: Site, job: Job, registry: Registry) -> Iterator[str]:
    for place, step in enumerate(job.live_steps):
        if step.run is None:
            continue
        before = job.live_steps[: place + 1]
        there = replace(site, job=job, step=step, before=before, outer=step)
        # The upload may stand in an action; the build is a step of a job.
        there = replace(there, action=None, parent=None, script=None, path=job.path)
        for command in there.commands:
            yield from _by_command(there, command, registry)


def _by_command(site: Site, command: Command, registry: Registry) -> Iterator[str]:
    heads = [head for head in _HEADS.get(command.program, ()) if _BUILDS[head].registry is registry]
    if not heads:
        return
    plain = tuple(word for _, word in plain_words(command.words, _WITH_VALUE))
    head = next((head for head in heads if plain[: len(head)] == head), None)
    if head is None or command.has(*_NO_BUILD):
        return
    build = _BUILDS[head]
    every = command.has(*build.every)
    given = [] if every else _given(site, command, build.names)
    names = [name for name in given if "/" not in name or name.startswith("@")]
    paths = [name for name in given if name not in names]
    if not names:
        paths += _given(site, command, build.at)
        paths += [m for w in plain[len(head) :] if build.plain for m in site.meanings(w, command)]
    known = [p.name for p in site.library.declared if p.registry is registry]
    if every:
        yield from known
    elif names:
        yield from as_declared(registry, [name for name in names if "*" not in name], known)
        patterns = [name for name in names if "*" in name]
        yield from (p for p in known if any(fnmatchcase(p, pattern) for pattern in patterns))
    else:
        yield from _in_folders(site, command, paths or [""], registry)


def _given(site: Site, command: Command, options: tuple[str, ...]) -> list[str]:
    """All that the values of options can be."""
    return [m for word in command.options(*options) if word for m in site.meanings(word, command)]


def _in_folders(
    site: Site, command: Command, paths: list[str], registry: Registry
) -> Iterator[str]:
    """The packages in the folders, or beside the files, that a build is given; of several specs
    in one folder the one that is called as the package.
    """
    bases = folders_of(site, command)
    for path in dict.fromkeys(paths[:_MOST_PATHS]):
        is_file = _FILE.search(path) is not None
        folder, stem = path.rpartition("/")[0] if is_file else path, posixpath.basename(path)
        folders = [joined(base, folder) for base in bases]
        found = [
            package.name
            for package in site.library.declared
            if package.registry is registry and any(is_in(package.directory, f) for f in folders)
        ]
        called = [name for name in found if is_file and stem.rpartition(".")[0] == name]
        yield from called or found


def as_declared(registry: Registry, names: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The names, each as the metadata spells it where that is the same to the registry."""
    spelled = {normalized(registry.value, name): name for name in reversed(known)} if names else {}
    return tuple(spelled.get(normalized(registry.value, name), name) for name in names)


def is_in(directory: str, folder: str) -> bool:
    """Whether a package lies in a folder, in which ``*`` stands for what is computed."""
    return directory == folder or (
        bool(directory) and _GLOB.search(folder) is not None and fnmatchcase(directory, folder)
    )
