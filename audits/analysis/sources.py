"""Finds the checkouts of a job that contain the source code it builds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from audits.analysis.build_commands import BUILD_ACTIONS, StepKind, deed_of, packs_by_itself
from audits.analysis.exposure.project_code import folders_around, inside, moves
from audits.model.command import Command
from audits.model.repository import Repository
from audits.model.workflow import Job, Step

_CHECKOUT = "actions/checkout"
_UPLOADS = frozenset({"actions/upload-artifact"})
# Actions that build what a folder holds, and the inputs that name the folder.
_BUILDERS = BUILD_ACTIONS | {
    "docker/build-push-action",
    "docker/bake-action",
    "pyo3/maturin-action",
    "goreleaser/goreleaser-action",
    "gradle/gradle-build-action",
    "redhat-actions/buildah-build",
    "depot/build-push-action",
}
_ROOT = ""


def source_checkouts(repo: Repository, job: Job) -> tuple[Step, ...]:
    """The checkouts whose folder is built, packed or uploaded by the job.

    Of several into one folder the last one counts. What only runs its own tools from a folder,
    or publishes artifacts of other jobs, has no sources.
    """
    # Each checkout of a job asks for those of the whole job.
    return repo.once_for((source_checkouts, job), lambda: _sources_of(repo, job))


def _sources_of(repo: Repository, job: Job) -> tuple[Step, ...]:
    places = {folder_of(step): step for step in job.live_steps if _is_checkout(step)}
    read = set(_read(repo, job, _Folders(place for place in places if place != _ROOT)))
    return tuple(step for place, step in places.items() if place in read)


def folder_of(step: Step) -> str:
    """The folder into which a checkout goes; empty for the workspace."""
    given = step.input("path")
    return inside(given.value) if given is not None else _ROOT


def _is_checkout(step: Step) -> bool:
    return step.uses is not None and step.uses.action == _CHECKOUT


class _Folders:
    """The folders of checkouts below the workspace, in the order of the steps."""

    def __init__(self, places: Iterable[str]) -> None:
        self._order = {place: number for number, place in enumerate(places)}
        self._longest = max(map(len, self._order), default=0)

    def around(self, path: str) -> str:
        """The first that a path lies in; the workspace if there is none."""
        return min(self._all_around(path), key=self._order.__getitem__, default=_ROOT)

    def named(self, words: Iterable[str], folder: str) -> set[str]:
        """Those that words name, or something in them, as seen from a folder."""
        paths = [inside(word.partition("=")[2] or word, folder) for word in words if word]
        return {found for path in paths for found in self._all_around(path)}

    def _all_around(self, path: str) -> Iterator[str]:
        # By the path's own parts: there may be hundreds of folders, and thousands of words.
        return (f for f in folders_around(path, self._longest) if f in self._order)


def _read(repo: Repository, job: Job, folders: _Folders) -> Iterator[str]:
    """The folders of checkouts that something builds, packs or uploads."""
    publishing = {p.step for p in repo.publications_of(job) if packs_by_itself(p.registry)}
    for step in job.live_steps:
        publishes = step.index in publishing
        if step.uses is not None:
            yield from _read_by_action(step, folders, publishes)
            continue
        for command, folder in moves(repo.commands(step), step.working_directory):
            yield from _read_by_command(command, folder, folders, publishes)


def _read_by_command(
    command: Command, folder: str, folders: _Folders, publishes: bool
) -> Iterator[str]:
    deed, place = deed_of(command), folders.around(folder)
    if deed is StepKind.BUILDS or publishes:
        yield from folders.named(command.words[1:], folder) or [place]
    elif deed is StepKind.RUNS_SCRIPT and place == _ROOT:
        # A script of a folder beside the sources is a tool; what it is given is read.
        is_tool = folders.named(command.words[:2], folder)
        yield from folders.named(command.words[2:], folder) or ([] if is_tool else [_ROOT])


def _read_by_action(step: Step, folders: _Folders, publishes: bool) -> Iterator[str]:
    uses = step.uses
    if uses is None or not (publishes or uses.action in _UPLOADS or uses.action in _BUILDERS):
        return
    lines = [line for text in step.inputs.values() for line in text.value.split("\n")]
    yield from folders.named(lines, _ROOT) or [_ROOT]
