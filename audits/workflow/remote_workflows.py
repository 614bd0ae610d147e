"""Parses workflows and composite actions that the repository calls in other repositories.

Those that a collector fetched are read like the repository's own: a publication inside has the
path ``owner/repo/path@ref``, its routes lead through the call, and faults there count for the
repository that releases by it. Known uploaders are not looked into: the catalog says what they
do with their inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from audits.model.remote_path import ForeignPath, called_name, foreign_path
from audits.model.source import Gap, GapReason, Snapshot, SourceFile
from audits.model.uses import Uses
from audits.model.workflow import CompositeAction, Workflow
from audits.workflow.parse.parse import parse_action, parse_workflow
from audits.workflow.uploaders.lookup import KNOWN, Catalog


class RemoteFiles(Struct):
    """What was read of other repositories."""

    workflows: list[Workflow] = field(default_factory=list)
    actions: list[CompositeAction] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def read_foreign(
    snapshot: Snapshot,
    workflows: list[Workflow],
    actions: list[CompositeAction],
    catalog: Catalog = KNOWN,
) -> RemoteFiles:
    """What the repository's own files, and those that they call, call elsewhere; known uploaders
    of the ``catalog`` are not looked into.
    """
    found = RemoteFiles()
    if not snapshot.remote_files:
        return found
    files = _files(snapshot)
    pending = [called for w in workflows for called in _calls_of(w, catalog)]
    pending += [called for a in actions for called in _calls_of_action(a, catalog)]
    seen: set[str] = set()
    while pending:
        name = pending.pop(0)
        file = files.get(name)
        if file is None or name in seen:
            continue
        seen.add(name)
        if file.path.rpartition("@")[0].endswith(("/action.yml", "/action.yaml")):
            read = parse_action(file)
            found.gaps += read.gaps
            if read.action is not None:
                found.actions.append(read.action)
                pending += _calls_of_action(read.action, catalog)
        else:
            parsed = parse_workflow(file)
            found.gaps += parsed.gaps
            if parsed.workflow is not None:
                found.workflows.append(parsed.workflow)
                pending += _calls_of(parsed.workflow, catalog)
    return found


def own_names(
    snapshot: Snapshot, workflows: list[Workflow], catalog: Catalog = KNOWN
) -> tuple[dict[str, str], list[Gap]]:
    """The files that calls of the repository's workflows by its own name lead to, by that name.

    Such a call takes the file at its ref. It is followed where that is the file that was read:
    at the audited branch or commit, or at a ref where the text is the same. At another ref the
    file may differ: the call is not followed, and a gap says so.
    """
    own, known = str(snapshot.ref).lower(), {w.path: w for w in workflows}
    names: dict[str, str] = {}
    gaps = []
    for workflow in workflows:
        for uses in (job.uses for job in workflow.live_jobs):
            if uses is None or uses.slug != own or uses.path not in known:
                continue
            name = called_name(uses, workflow.path)
            there = snapshot.remote_files.get(name)
            known_uploader = uses.action in catalog.by_action
            if not known_uploader and _is_same_file(snapshot, uses, known[uses.path], there):
                names[name] = uses.path
            else:
                gaps.append(_other_ref(workflow, uses))
    return names, gaps


def _is_same_file(snapshot: Snapshot, uses: Uses, here: Workflow, there: SourceFile | None) -> bool:
    """Whether a workflow of the repository is the same at the ref that a call names."""
    if there is not None:
        return there.oid == here.source.oid
    branch = snapshot.branch
    return uses.ref in {branch, f"refs/heads/{branch}", snapshot.commit}


def _other_ref(workflow: Workflow, uses: Uses) -> Gap:
    line, local = uses.raw.line, f"./{uses.path}"
    detail = (
        f"{workflow.path}, line {line}: {uses.raw.value} is a workflow of this repository at "
        f"another ref and may differ from the file that was read, so the call is not followed; "
        f"write {local} if the file of the same commit is meant"
    )
    return Gap(subject=uses.raw.value, reason=GapReason.UNSUPPORTED, line=line, detail=detail)


def _files(snapshot: Snapshot) -> Mapping[str, SourceFile]:
    """The files by the name that a ``uses:`` calls them, each under its foreign path."""
    own = str(snapshot.ref).lower()
    found = {}
    for key, file in snapshot.remote_files.items():
        before, _, ref = key.rpartition("@")
        owner, _, rest = before.partition("/")
        path = ForeignPath(owner=owner, repo=rest.partition("/")[0], path=file.path, ref=ref)
        if path.slug != own and foreign_path(str(path)) is not None:
            found[key] = SourceFile(path=str(path), text=file.text, oid=file.oid)
    return found


def _calls_of(workflow: Workflow, catalog: Catalog) -> Iterator[str]:
    for job in workflow.live_jobs:
        uses = [job.uses, *(step.uses for step in job.live_steps)]
        yield from _names(uses, workflow.path, catalog)


def _calls_of_action(action: CompositeAction, catalog: Catalog) -> Iterator[str]:
    uses = [step.uses for step in action.steps if not step.never_runs]
    yield from _names(uses, action.path, catalog)


def _names(found: list[Uses | None], inside: str, catalog: Catalog) -> Iterator[str]:
    for uses in found:
        if uses is not None and uses.action not in catalog.by_action:
            yield called_name(uses, inside)
