"""Finds what a job does with artifacts that it downloads: runs them, publishes them, or sets variables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct

from audits.analysis.artifacts import DOWNLOAD, FETCHERS
from audits.analysis.checkout_refusal import is_checkout
from audits.analysis.exposure.jobs import JobView, PlacedStep
from audits.analysis.exposure.project_code import folders_around, inside, run_by
from audits.analysis.script_values import written
from audits.model.repository import Repository
from audits.model.workflow import Step

_NAMED_RUNS = ("run-id", "run_id", "run_number", "commit", "pr")
_ENV_FILE = re.compile(r"GITHUB_(?:ENV|PATH)")


class TakenArtifact(Struct, frozen=True, kw_only=True):
    """An artifact that a step ``source`` downloads to ``folder``. ``of_own_run`` where it is one
    of this run; ``is_direct`` where the files themselves come to lie in the folder.
    """

    source: PlacedStep
    folder: str
    of_own_run: bool = False
    is_direct: bool = False


class ArtifactUse(Struct, frozen=True, kw_only=True):
    """A step ``placed`` that uses an artifact: what it does, and whether that surely runs or
    publishes what is in it.
    """

    taken: TakenArtifact
    placed: PlacedStep
    what: str
    is_sure: bool


def artifact_uses(repo: Repository, view: JobView) -> tuple[ArtifactUse, ...]:
    """The uses of the artifacts that a job downloads, those that are sure first."""
    # Each event that starts the job asks for them.
    return repo.once_for(
        (artifact_uses, view),
        lambda: tuple(sorted(_found(repo, view), key=lambda use: not use.is_sure)),
    )


def _found(repo: Repository, view: JobView) -> Iterator[ArtifactUse]:
    held: dict[str, TakenArtifact] = {}
    for placed in view.steps:
        taken = _taken(view, placed)
        if taken is not None:
            held[taken.folder] = taken
        elif is_checkout(placed.step) and not placed.guards:
            # It empties the folder that it fills.
            path = placed.step.input("path")
            held.pop(inside(path.value) if path is not None else "", None)
        if held and (taken is None or placed.step.run):
            for folder, (what, is_sure) in _uses(repo, view, placed, held).items():
                yield ArtifactUse(taken=held[folder], placed=placed, what=what, is_sure=is_sure)


def _uses(
    repo: Repository, view: JobView, placed: PlacedStep, held: Mapping[str, TakenArtifact]
) -> dict[str, tuple[str, bool]]:
    """What a step does first with the artifact of each folder, and whether that is sure."""
    uses: dict[str, tuple[str, bool]] = {}
    longest = max(map(len, held))
    for command, cwd in view.moved(placed, view.folder(placed)):
        target = run_by(command)
        path = inside(target, cwd) if target is not None else None
        for folder in folders_around(path, longest) if path is not None else ():
            if folder in held:
                is_sure = bool(folder) or held[folder].is_direct or "/" in (target or "")
                uses.setdefault(folder, (f"`{' '.join(command.words)[:60]}` runs it", is_sure))
        reads = command.program in {"cat", "tee"} or "$(" in " ".join(command.words)
        sets = any(_ENV_FILE.search(text) for text in command.redirects)
        if reads and sets and not _are_narrowed(view, placed):
            return dict.fromkeys(held, ("its lines become variables", False)) | uses
    for publication in repo.publications_of(view.job):
        own = view.job.steps[publication.step : publication.step + 1]
        if publication.step >= 0 and (placed.step in own or publication.source_step is placed.step):
            return dict.fromkeys(held, ("it is published", True)) | uses
    return uses


def _are_narrowed(view: JobView, placed: PlacedStep) -> bool:
    """Whether only digits, hashes or the like come into the variables that a step sets."""
    run = placed.step.run
    found = written(run.value, view.commands(placed)) if run is not None else ()
    variables = [each for each in found if each.is_env]
    return bool(variables) and not any(each.parts for each in variables)


def _taken(view: JobView, placed: PlacedStep) -> TakenArtifact | None:
    """The artifact that a step downloads; None if it takes none."""
    uses, step = placed.step.uses, placed.step
    if uses is not None and uses.action in {DOWNLOAD, *FETCHERS}:
        return _by_action(placed, uses.action)
    if uses is not None and uses.action == "actions/github-script":
        script = step.input("script")
        downloads = script is not None and "downloadArtifact" in script.value
        return TakenArtifact(source=placed, folder="") if downloads else None
    for command in view.commands(placed):
        if command.words[:3] == ("gh", "run", "download"):
            folder = inside(command.option("--dir", "-D") or "")
            return TakenArtifact(
                source=placed, folder=folder, is_direct=command.has("-n", "--name")
            )
        if command.program in {"gh", "curl"} and "artifacts" in " ".join(command.words):
            return TakenArtifact(source=placed, folder="")
    return None


def _by_action(placed: PlacedStep, action: str) -> TakenArtifact:
    step = placed.step
    run, path = step.input("run-id", "run_id"), step.input("path")
    own = action == DOWNLOAD and (run is None or "github.run_id" in run.value)
    merged = step.input("merge-multiple")
    return TakenArtifact(
        source=placed,
        folder=inside(path.value) if path is not None else "",
        of_own_run=own and step.input("repository") is None,
        is_direct=step.input("name") is not None or (merged is not None and merged.is_true),
    )


def is_of_any_run(step: Step) -> bool:
    """Whether a step downloads the newest artifact of a workflow, whoever's pull request made it.

    A filter by branch compares the name alone, which a fork's branch may have too:
    https://github.com/dawidd6/action-download-artifact#usage
    """
    fetches = step.uses is not None and step.uses.action == "dawidd6/action-download-artifact"
    if not fetches or step.input(*_NAMED_RUNS) is not None:
        return False
    event, forks = step.input("event"), step.input("allow_forks")
    if event is not None and not event.value.startswith("pull_request"):
        return False
    return forks is None or not forks.is_false
