"""Reads what actions and called workflows of other repositories use, from their files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from audits.model.remote_path import ForeignPath
from audits.model.repository import OpenedFile
from audits.model.source import Gap, SourceFile
from audits.model.uses import Uses
from audits.model.workflow import Step
from audits.workflow.parse.parse import parse_action, parse_workflow


def open_files(files: Mapping[str, SourceFile | Gap]) -> dict[str, OpenedFile]:
    """What each file uses, by the ``owner/repo[/path]@ref`` that names it."""
    return {name: _opened(name, found) for name, found in files.items()}


def _opened(name: str, found: SourceFile | Gap) -> OpenedFile:
    if isinstance(found, Gap):
        return OpenedFile(reason=found.detail)
    before, _, ref = name.rpartition("@")
    owner, _, rest = before.partition("/")
    place = ForeignPath(owner=owner, repo=rest.partition("/")[0], path=found.path, ref=ref)
    return _parsed(SourceFile(path=str(place), text=found.text, oid=found.oid), found.path)


# The same few actions are used by most repositories of a scan.
@lru_cache(maxsize=512)
def _parsed(file: SourceFile, inside: str) -> OpenedFile:
    uses: list[Uses] = []
    if inside.endswith(("action.yml", "action.yaml")):
        action = parse_action(file)
        if action.action is None:
            return OpenedFile(reason=" ".join(gap.detail for gap in action.gaps))
        uses += _of_steps(action.action.steps)
    else:
        called = parse_workflow(file)
        if called.workflow is None:
            return OpenedFile(reason=" ".join(gap.detail for gap in called.gaps))
        for job in called.workflow.jobs:
            uses += [job.uses] if job.uses is not None else []
            uses += _of_steps(job.steps)
    return OpenedFile(path=file.path, uses=tuple(uses))


def _of_steps(steps: tuple[Step, ...]) -> Iterator[Uses]:
    return (step.uses for step in steps if step.uses is not None)
