"""Lays out a release as a drawing: triggers, jobs, uploads, and edges.

Pure. Names stay data all the way to the chart: nothing here builds markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from audits.model.location import Scalar
from audits.model.publication import Auth, Grant, Publication, Route
from audits.model.repository import Repository
from audits.model.rows import FindingRow
from audits.model.workflow import Job, PermissionsState, Trigger, Workflow
from dashboard.frames.cells import visible
from dashboard.frames.findings import rank
from dashboard.theme import SEVERITIES, signed

PER_ROW = 3
"""Boxes beside each other; more go to a further row, so that names stay readable."""

_SECRET = re.compile(r"\bsecrets\s*(?:\.\s*|\[\s*['\"])([A-Za-z_][A-Za-z0-9_]*)")
_AUTH = {
    Auth.OIDC: "by trusted publishing",
    Auth.TOKEN: "with a stored token",
    Auth.MIXED: "with a token beside trusted publishing",
    Auth.NONE: "without a credential",
    Auth.UNKNOWN: "with a credential that was not seen",
}


class GraphBox(Struct, frozen=True, kw_only=True):
    """One box. ``lines`` say what it holds; ``severity`` is its worst open finding or ""."""

    id: str
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    severity: str = ""
    faults: str = ""
    row: int = 0
    column: int = 0
    columns: int = 1


class Pipeline(Struct, frozen=True, kw_only=True):
    """The boxes of one entry workflow in reading order, and (from, to) pairs of their ids."""

    path: str
    nodes: tuple[GraphBox, ...]
    edges: tuple[tuple[str, str], ...]


class _Draft(Struct):
    """A pipeline while it is gathered: boxes by id, without places."""

    nodes: dict[str, GraphBox] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)


def pipelines(repository: Repository, findings: Sequence[FindingRow]) -> tuple[Pipeline, ...]:
    """One pipeline for each workflow that a trigger starts and that leads to an upload."""
    entries: dict[Workflow, list[tuple[Publication, Route]]] = {}
    for publication in repository.publications:
        for route in publication.routes or repository.routes(publication.job):
            entries.setdefault(route.entry, []).append((publication, route))
    return tuple(_pipeline(repository, entry, ways, findings) for entry, ways in entries.items())


def _pipeline(
    repository: Repository,
    entry: Workflow,
    ways: Sequence[tuple[Publication, Route]],
    findings: Sequence[FindingRow],
) -> Pipeline:
    draft = _Draft()
    draft.nodes["trigger"] = GraphBox(
        id="trigger",
        kind="trigger",
        title=visible(entry.path.rpartition("/")[2]),
        lines=tuple(_trigger(trigger) for trigger in entry.triggers),
    )
    workflows = {workflow.path: workflow for workflow in repository.workflows}
    for publication, route in ways:
        before = "trigger"
        for job in (*route.calls, route.job):
            _add_job(draft, repository, workflows.get(job.path), job, before, findings)
            before = _job_id(job)
        upload = f"upload {publication.key}"
        draft.nodes[upload] = _upload(upload, publication)
        draft.edges[_job_id(publication.job), upload] = None
    return _placed(entry.path, draft)


def _add_job(
    draft: _Draft,
    repository: Repository,
    workflow: Workflow | None,
    job: Job,
    before: str,
    findings: Sequence[FindingRow],
) -> None:
    """Add a job with everything it waits for; what waits for nothing starts at ``before``."""
    open_jobs = [job]
    while open_jobs:
        current = open_jobs.pop()
        if (known := _job_id(current)) not in draft.nodes:
            draft.nodes[known] = _job(repository, current, findings)
        needed = [n for name in current.needs if workflow and (n := workflow.job(name))]
        for other in needed:
            if (_job_id(other), known) not in draft.edges:
                draft.edges[_job_id(other), known] = None
                open_jobs.append(other)
        if not needed and before != known:
            draft.edges[before, known] = None


def _job_id(job: Job) -> str:
    return f"job {job.path}:{job.id}"


def _job(repository: Repository, job: Job, findings: Sequence[FindingRow]) -> GraphBox:
    routes = repository.routes(job)
    lines = [_token(routes[0].grant if routes else None)]
    if job.environment is not None:
        form = " (may be empty)" if job.environment.dynamic else ""
        lines.append(f"environment: {visible(job.environment.name.value)}{form}")
    if secrets := secrets_of(job):
        lines.append(f"secrets: {', '.join(secrets)}")
    if job.uses is not None:
        lines.append(f"calls {visible(job.uses.raw.value)}")
    mine = [f for f in findings if _concerns(f, job)]
    worst = next((word for word in SEVERITIES if any(f.severity == word for f in mine)), "")
    checks = dict.fromkeys(f.check for f in sorted(mine, key=rank))
    return GraphBox(
        id=_job_id(job),
        kind=repository.graph.roles[job].value if job in repository.graph.roles else "other job",
        title=visible(job.id),
        lines=tuple(lines),
        severity=worst,
        faults=f"{signed(worst)}: {', '.join(checks)}" if mine else "",
    )


def _concerns(finding: FindingRow, job: Job) -> bool:
    """Whether an open finding above note level lies in the job (a composite step's counts)."""
    if finding.state == "fixed" or finding.accepted or finding.severity == "info":
        return False
    return finding.job.rpartition(":")[2] == job.id and finding.workflow in {"", job.path}


def secrets_of(job: Job) -> tuple[str, ...]:
    """Names of the secrets that a job's text reads, the job's own token left out."""
    texts: Iterator[str] = (
        value.value
        for values in (job.env, job.inputs, job.secrets, *_step_values(job))
        for value in values.values()
    )
    scripts = (step.run.value for step in job.live_steps if step.run is not None)
    names = {name for text in (*texts, *scripts) for name in _SECRET.findall(text)}
    if job.secrets_passed.value == "inherit":
        names.add("all (inherited)")
    return tuple(sorted(names - {"GITHUB_TOKEN"}))


def _step_values(job: Job) -> Iterator[Mapping[str, Scalar]]:
    for step in job.live_steps:
        yield step.env
        yield step.inputs


def _token(grant: Grant | None) -> str:
    """What the job's token may do, in the words of the workflow file."""
    if grant is None or grant.levels is None:
        return "token: the repository's default"
    levels = grant.levels
    if levels.state in {PermissionsState.READ_ALL, PermissionsState.WRITE_ALL}:
        return f"token: {levels.state.value}"
    given = sorted(
        (level.value != "write", scope, level.value)
        for scope, level in levels.scopes.items()
        if level.value != "none"
    )
    return "token: " + (", ".join(f"{visible(s)} {v}" for _, s, v in given) or "no rights")


def _trigger(trigger: Trigger) -> str:
    """An event with the filters that narrow it."""
    filters = (
        ("tags", trigger.tags),
        ("not tags", trigger.tags_ignore),
        ("branches", trigger.branches),
        ("not branches", trigger.branches_ignore),
        ("types", trigger.types),
    )
    parts = [f"{name} {visible(', '.join(values))}" for name, values in filters if values]
    return visible(trigger.event) + (f" ({'; '.join(parts)})" if parts else "")


def _upload(node: str, publication: Publication) -> GraphBox:
    packages = visible(", ".join(publication.packages)) or "package not named"
    where = f"{publication.registry.value} · {publication.channel.value}"
    return GraphBox(
        id=node,
        kind="upload",
        title=packages,
        lines=(where, _AUTH[publication.auth]),
        severity="high" if publication.auth in {Auth.TOKEN, Auth.MIXED} else "",
    )


def _placed(path: str, draft: _Draft) -> Pipeline:
    """Give every box a row below all that it depends on, at most `PER_ROW` beside each other."""
    depth = _depths(draft.nodes, draft.edges)
    uploads = max(depth.values()) + 1
    ranks: dict[int, list[GraphBox]] = {}
    for node in draft.nodes.values():
        rank = uploads if node.kind == "upload" else depth[node.id]
        ranks.setdefault(rank, []).append(node)
    placed: list[GraphBox] = []
    row = 0
    for rank in sorted(ranks):
        group = ranks[rank]
        for start in range(0, len(group), PER_ROW):
            part = group[start : start + PER_ROW]
            placed += [
                replace(node, row=row, column=column, columns=len(part))
                for column, node in enumerate(part)
            ]
            row += 1
    return Pipeline(path=path, nodes=tuple(placed), edges=tuple(draft.edges))


def _depths(nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> dict[str, int]:
    """The longest way from the start to each box; a circle, which no run has, ends early."""
    depth = dict.fromkeys(nodes, 0)
    pairs = list(edges)
    for _ in range(len(depth)):
        settled = True
        for start, end in pairs:
            if depth[end] < depth[start] + 1 <= len(depth):
                depth[end] = depth[start] + 1
                settled = False
        if settled:
            break
    return depth
