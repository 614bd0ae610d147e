"""Builds the repository that checks read from a snapshot; any text gives results or gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import TypeVar

from msgspec import Struct

from audits.model.evidence import AdvisoryList, PackageIndex, ResolvedRef
from audits.model.index_hosts import IndexHosts
from audits.model.publication import Channel, Publication, UnrecognizedPublication
from audits.model.repository import NO_INDEX, NO_REFERENCES, Breadth, ReleaseGraph, Repository
from audits.model.settings import Unseen
from audits.model.source import Gap, GapReason, Snapshot, SourceFile
from audits.model.uses import UsesKind
from audits.model.workflow import CompositeAction, Job, Workflow
from audits.workflow.parse.lock_file import onboarded, read_lock
from audits.workflow.parse.package_metadata import PackageNames, package_names
from audits.workflow.parse.parse import parse_action, parse_workflow
from audits.workflow.parse.update_bots import read_updates
from audits.workflow.parse.zizmor_config import PATHS, read_config
from audits.workflow.publish.publications import MOST_OF_JOB, MOST_OF_STEP
from audits.workflow.release_graph import MOST_OF_WORKFLOW, build_graph
from audits.workflow.remote_workflows import own_names, read_foreign
from audits.workflow.uploaders.lookup import Catalog, catalog_with
from audits.workflow.uploaders.uploader import Uploader

_WORKFLOWS = ".github/workflows/"
_MOST = (MOST_OF_WORKFLOW, MOST_OF_JOB, MOST_OF_STEP)
"""Publications that are kept of one file, one job and one step."""


def read_repository(
    snapshot: Snapshot,
    *,
    channel: Callable[[str], Channel],
    breadth: Breadth = Breadth.RELEASE,
    references: dict[tuple[str, str], ResolvedRef] | Unseen = NO_REFERENCES,
    index: PackageIndex | Unseen = NO_INDEX,
    advisories: AdvisoryList | None = None,
    index_hosts: IndexHosts | None = None,
    as_of: date | None = None,
    uploaders: tuple[Uploader, ...] = (),
) -> Repository:
    """Parse a snapshot and work out how it releases.

    ``channel`` says which instance of an index an upload address means; ``index_hosts`` are
    the pages of the package index that edits may lead to; ``as_of`` is the day whose facts of
    the platform count, today unless given; ``uploaders`` are an organization's own.
    """
    workflows, actions, gaps = _parsed(snapshot)
    catalog = catalog_with(uploaders)
    released = _released(snapshot, workflows, actions, channel, breadth, catalog)
    updates, graph = None if snapshot.alone else read_updates(snapshot.files), released.graph
    gaps += (*released.gaps, *(updates.gaps if updates else ()))
    return Repository(
        snapshot=snapshot,
        workflows=released.workflows,
        actions=released.actions,
        graph=graph,
        breadth=breadth,
        references=references,
        index=index,
        advisories=advisories,
        package_names=released.names.names,
        gaps=(*gaps, *_gaps_of_graph(graph, snapshot, gaps)),
        updates=updates,
        locked=read_lock(snapshot.files),
        lock_onboarded=onboarded(snapshot.files),
        index_hosts=index_hosts,
        as_of=as_of or date.today(),
    )


class _ReleaseParts(Struct, frozen=True, kw_only=True):
    """How a repository releases, and the workflows and actions that take part or are its own."""

    graph: ReleaseGraph
    workflows: tuple[Workflow, ...]
    actions: tuple[CompositeAction, ...]
    names: PackageNames
    gaps: tuple[Gap, ...]


def _released(
    snapshot: Snapshot,
    workflows: list[Workflow],
    actions: list[CompositeAction],
    channel: Callable[[str], Channel],
    breadth: Breadth,
    catalog: Catalog,
) -> _ReleaseParts:
    names = package_names(snapshot.files)
    foreign = read_foreign(snapshot, workflows, actions, catalog)
    own, other_refs = own_names(snapshot, workflows, catalog)
    files = ((*workflows, *foreign.workflows), (*actions, *foreign.actions))
    graph = build_graph(*files, names, channel, breadth, own, _by_path(snapshot), catalog)
    return _ReleaseParts(
        graph=graph,
        # Files of other repositories count only where they take part in a release.
        workflows=(*workflows, *_in_release(foreign.workflows, graph)),
        actions=(*actions, *_in_release(foreign.actions, graph)),
        names=names,
        gaps=(
            *foreign.gaps,
            *names.gaps,
            *_missing_callees(workflows),
            *(_missing_actions(workflows) if snapshot.alone else ()),
            *other_refs,
        ),
    )


_File = TypeVar("_File", Workflow, CompositeAction)


def _in_release(files: Iterable[_File], graph: ReleaseGraph) -> Iterator[_File]:
    return (file for file in files if file.path in graph.release_paths)


def _by_path(snapshot: Snapshot) -> dict[str, SourceFile]:
    return {file.path: file for file in snapshot.files}


def _gaps_of_graph(graph: ReleaseGraph, snapshot: Snapshot, known: list[Gap]) -> tuple[Gap, ...]:
    """Gaps of what belongs to releases and was not read, not followed or not understood."""
    return (
        *_crowded(graph.publications),
        *_cut_short(graph.cut_short),
        *_hidden_calls(graph.hidden_calls, snapshot.ref.owner, known),
        *_unrecognized(graph.unrecognized),
        *(gap for gap in snapshot.unread if gap.subject in graph.missed_scripts),
        *(_missing_scripts(graph) if snapshot.alone else ()),
    )


def _parsed(snapshot: Snapshot) -> tuple[list[Workflow], list[CompositeAction], list[Gap]]:
    """The repository's own workflows and actions, and the gaps so far."""
    workflows: list[Workflow] = []
    actions: list[CompositeAction] = []
    gaps = [*snapshot.gaps, *_zizmor_gaps(snapshot)]
    for file in snapshot.files:
        folder, _, name = file.path.rpartition("/")
        if f"{folder}/" == _WORKFLOWS and name.endswith((".yml", ".yaml")):
            parsed = parse_workflow(file)
            gaps += parsed.gaps
            workflows += [parsed.workflow] if parsed.workflow else []
        elif name in {"action.yml", "action.yaml"}:
            read = parse_action(file)
            gaps += read.gaps
            actions += [read.action] if read.action else []
    return workflows, actions, gaps


def _zizmor_gaps(snapshot: Snapshot) -> tuple[Gap, ...]:
    """Gaps of the repository's configuration of zizmor."""
    files = {file.path: file for file in snapshot.files}
    config = next((files[path] for path in PATHS if path in files), None)
    return () if config is None else read_config(config).gaps


def _missing_callees(workflows: list[Workflow]) -> list[Gap]:
    """A gap for each local workflow that is called and not there."""
    paths = {workflow.path for workflow in workflows}
    found = []
    for workflow in workflows:
        for job in workflow.live_jobs:
            if job.uses is None or job.uses.kind != "local" or job.uses.path in paths:
                continue
            line = job.uses.raw.line
            detail = (
                f"{workflow.path}, line {line}: the called workflow {job.uses.path} could not be "
                "read; check its path"
            )
            found.append(
                Gap(subject=workflow.path, reason=GapReason.NOT_FOUND, line=line, detail=detail)
            )
    return found


def _missing_actions(workflows: list[Workflow]) -> Iterator[Gap]:
    """A gap for each local action of a workflow that was given without its repository."""
    seen = set()
    for workflow in workflows:
        steps = (step for job in workflow.live_jobs for step in job.live_steps)
        for uses in (step.uses for step in steps):
            if uses is None or uses.kind is not UsesKind.LOCAL or uses.path in seen:
                continue
            seen.add(uses.path)
            yield _beside(uses.path, workflow.path, uses.raw.line, f"the action {uses.path}")


def _missing_scripts(graph: ReleaseGraph) -> Iterator[Gap]:
    """A gap for each command of a step with a credential that runs a script or task of the
    repository which was not given.
    """
    for hop in (hop for hops in graph.hops.values() for hop in hops):
        if hop.given and not hop.read:
            yield _beside(hop.path, hop.at, hop.line, f"what `{hop.written}` runs")


def _beside(subject: str, path: str, line: int, what: str) -> Gap:
    """The gap for something beside a workflow that was given without its repository."""
    detail = (
        f"{path}, line {line}: {what} was not seen, as the workflow was given alone; "
        "check the repository to read it"
    )
    return Gap(subject=subject, reason=GapReason.NOT_FOUND, line=line, detail=detail)


def _crowded(publications: tuple[Publication, ...]) -> Iterator[Gap]:
    """A gap for each file of whose publications only the first are kept."""
    if len(publications) < min(_MOST):
        return
    counted: Counter[tuple[object, ...]] = Counter()
    for publication in publications:
        place = (publication.workflow.path, publication.job, publication.step)
        counted.update((place[:1], place[:2], place))
    full = [place for place, count in counted.items() if count >= _MOST[len(place) - 1]]
    for path in dict.fromkeys(str(place[0]) for place in full):
        detail = f"{path} publishes more often than is read of one file: split it to see the rest"
        yield Gap(subject=path, reason=GapReason.TOO_LARGE, detail=detail)


def _cut_short(paths: tuple[str, ...]) -> Iterator[Gap]:
    """A gap for each file of whose commands only the first were read."""
    for path in paths:
        detail = f"{path} runs more commands than are read of one file: split it to see the rest"
        yield Gap(subject=path, reason=GapReason.TOO_LARGE, detail=detail)


def _hidden_calls(calls: tuple[Job, ...], owner: str, known_gaps: list[Gap]) -> Iterator[Gap]:
    """A gap for each call of a workflow that was not read, unless there is one already."""
    known = {gap.subject for gap in known_gaps}
    for job in calls:
        if job.uses is None or (name := job.uses.raw.value) in known:
            continue
        line = job.uses.raw.line
        ours = job.uses.owner.lower() == owner.lower()
        detail = (
            f"{job.path}, line {line}: {name} was not read and is given what it takes to "
            f"publish: {'scan the owner on GitHub to read it, or ' if ours else ''}give it no "
            "more than the secrets and rights that it needs"
        )
        yield Gap(subject=name, reason=GapReason.UNSUPPORTED, line=line, detail=detail)


def _unrecognized(found: tuple[UnrecognizedPublication, ...]) -> Iterator[Gap]:
    """A gap for each job that looks like a release and is not understood."""
    for one in found:
        detail = (
            f"{one.at.path}, line {one.at.line}: the job `{one.job.id}` {one.means} and looks like "
            f"a release by {one.sign}, but how it publishes is not known: name the action or "
            "command that uploads in the configuration, or take away what it does not need"
        )
        yield Gap(
            subject=one.workflow.path,
            reason=GapReason.UNRECOGNIZED,
            detail=detail,
            line=one.at.line if one.at.path == one.workflow.path else one.job.at.line,
            job=one.job.id,
        )
