"""Finds steps that start another workflow with words that outsiders choose.

A commit of a fork can be named too: GitHub keeps it in the store of the repository that the
pull request goes to, so that a release which builds what its inputs name may build theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from audits.analysis.exposure.jobs import JobView, PlacedStep
from audits.expressions.syntax import contexts
from audits.model.command import Command, plain_words
from audits.model.location import Location
from audits.model.source import RepositoryRef

_ACTIONS = {
    "benc-uk/workflow-dispatch": ("workflow_dispatch", "workflow"),
    "aurelien-baudet/workflow-dispatch": ("workflow_dispatch", "workflow"),
    "convictional/trigger-workflow-and-wait": ("workflow_dispatch", "workflow_file_name"),
    "codex-/return-dispatch": ("workflow_dispatch", "workflow"),
    "lasith-kg/dispatch-workflow": ("workflow_dispatch", "workflow"),
    "peter-evans/repository-dispatch": ("repository_dispatch", ""),
}
_SCRIPT = re.compile(r"createWorkflowDispatch|createDispatchEvent")
_ADDRESS = re.compile(r"/(?:actions/workflows/([\w.-]+)/)?dispatches\b")
_LITERAL = re.compile(r"[\w.-]+(?:/[\w.-]+){0,2}")
_OWN = re.compile(r"github\.repository\b|\bGITHUB_REPOSITORY\b|github\.event\.repository\.name")
_RUN_VALUES = frozenset({"-f", "--raw-field", "-F", "--field", "-r", "--ref", "-R", "--repo"})
_FILE = re.compile(r"\b([\w.-]+\.ya?ml)\b")
_COMMITS = (
    "github.event.pull_request.head.sha",
    "github.event.pull_request.merge_commit_sha",
    "github.event.workflow_run.head_sha",
    "github.event.client_payload",
)


class Dispatch(Struct, frozen=True, kw_only=True):
    """The start of a workflow: by which event, the file's name if it is known, and where."""

    event: str
    file: str
    at: Location


def dispatch_of(ref: RepositoryRef, view: JobView, placed: PlacedStep) -> Dispatch | None:
    """The workflow that a step starts in its own repository, which ``ref`` names."""
    step, uses = placed.step, placed.step.uses
    if uses is not None and uses.action in _ACTIONS:
        event, name = _ACTIONS[uses.action]
        elsewhere = step.input("repository", "repo")
        if elsewhere is not None and not _is_own(ref, elsewhere.value):
            return None
        given = step.input(name) if name else None
        file = given.value if given is not None else ""
        return _dispatch(event, file, placed.at(uses.raw))
    script = step.input("script") if uses is not None else None
    if uses is not None and uses.action == "actions/github-script" and script is not None:
        return _of_script(placed, script.value)
    for command in view.commands(placed):
        found = _of_command(ref, placed.at(line=command.line), command)
        if found is not None:
            return found
    return None


def _dispatch(event: str, file: str, at: Location) -> Dispatch:
    """The start of a workflow; a number names one of which the file is not known."""
    return Dispatch(event=event, file="" if file.isdecimal() else file, at=at)


def _is_own(ref: RepositoryRef, text: str) -> bool:
    """Whether a text surely names the repository itself, with or without its owner."""
    named = text.lower().split("/")
    return _OWN.search(text) is not None or named in (
        [ref.name.lower()],
        [ref.owner.lower(), ref.name.lower()],
        [ref.host.lower(), ref.owner.lower(), ref.name.lower()],
    )


def _of_script(placed: PlacedStep, text: str) -> Dispatch | None:
    found = _SCRIPT.search(text)
    if found is None:
        return None
    by_file = found[0] == "createWorkflowDispatch"
    named = _FILE.search(text) if by_file else None
    event = "workflow_dispatch" if by_file else "repository_dispatch"
    return _dispatch(event, named[1] if named else "", placed.step.at)


def _of_command(ref: RepositoryRef, at: Location, command: Command) -> Dispatch | None:
    words = command.words
    if words[:3] == ("gh", "workflow", "run"):
        elsewhere = command.option("-R", "--repo")
        if elsewhere is not None and not _is_own(ref, elsewhere):
            return None
        file = next((word for _, word in plain_words(words[3:], _RUN_VALUES)), "")
        return _dispatch("workflow_dispatch", file, at)
    if command.program in {"gh", "curl"}:
        text = " ".join(words)[:2000]
        found = _ADDRESS.search(text)
        place = text[: found.start()].rpartition("repos/")[2] if found is not None else ""
        if found is not None and (_LITERAL.fullmatch(place) is None or _is_own(ref, place)):
            event = "workflow_dispatch" if found[1] else "repository_dispatch"
            return _dispatch(event, found[1] or "", at)
    return None


def named_commits(placed: PlacedStep) -> Iterator[str]:
    """The contexts of a step that name a commit of an outsider's: by its id or the number of its
    pull request.
    """
    step = placed.step
    texts = [*step.inputs.values(), *step.env.values(), *([step.run] if step.run else [])]
    for text in texts:
        for context in contexts(text.value):
            by_number = context.name.endswith(("pull_request.number", "issue.number"))
            if (
                context.name.startswith(_COMMITS)
                or by_number
                or context.name == "github.event.number"
            ):
                yield context.name
