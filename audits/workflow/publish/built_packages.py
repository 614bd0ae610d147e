"""Finds which packages of a repository a job builds, by the folder or name that its build is given.

A monorepo uploads `dist/*` from the root, and only the build says whose files those are:
`uv build packages/one`, `uv build --package one`, `python -m build packages/one`, or a build in that
folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from audits.model.command import Command, plain_words
from audits.model.registry import Registry
from audits.model.workflow import Job
from audits.workflow.publish.folders import changed_to, joined
from audits.workflow.publish.site import Site

_BUILDS: dict[tuple[str, ...], bool] = {
    ("uv", "build"): True,
    ("build",): True,
    ("pyproject-build",): True,
    ("pip", "wheel"): True,
    ("pip3", "wheel"): True,
    ("hatch", "build"): False,
    ("flit", "build"): False,
    ("poetry", "build"): False,
    ("pdm", "build"): False,
    ("rye", "build"): False,
}
"""Commands that build, and whether the words behind them are folders of projects."""

_WITH_VALUE = frozenset(
    {"-o", "--out-dir", "--outdir", "--output", "-w", "--wheel-dir", "-p", "--python", "-t"}
    | {"-C", "--config-setting", "-d", "--dest", "--project", "--directory", "--package"}
)
_FOLDER_OPTIONS = ("--project", "--directory", "-C", "-p")
"""Of ``uv``, ``poetry`` and ``pdm``: where the project is."""


def built_packages(site: Site) -> tuple[str, ...]:
    """Names of packages for PyPI whose builds the job runs, or else the nearest jobs that it needs;
    () where no build says which.
    """
    jobs, seen = [site.job], {site.job}
    while jobs:
        names = tuple(dict.fromkeys(name for job in jobs for name in _by_job(site, job)))
        if names:
            return names
        needed = [site.workflow.job(name) for job in jobs for name in job.needs]
        jobs = [job for job in dict.fromkeys(needed) if job is not None and job not in seen]
        seen.update(jobs)
    return ()


def _by_job(site: Site, job: Job) -> Iterator[str]:
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
    head = next((build for build in _BUILDS if plain[: len(build)] == build), None)
    if head is None:
        return
    named = [text for word in command.options("--package") for text in _texts(site, command, word)]
    words = list(plain[len(head) :]) if _BUILDS[head] else []
    words += [word for word in command.options(*_FOLDER_OPTIONS) if word]
    given = [text for word in words for text in _texts(site, command, word)]
    here = changed_to(site, command)
    bases = [joined(base, here) for base in site.directories]
    folders = {joined(base, folder) for base in bases for folder in given or [""]}
    for package in site.library.declared:
        if package.registry is Registry.PYPI and (
            package.name in named if named else package.directory in folders
        ):
            yield package.name


def _texts(site: Site, command: Command, word: str | None) -> tuple[str, ...]:
    return site.texts(site.expand(word or "", command)) or ()
