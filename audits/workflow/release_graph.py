"""The graph of a release: publications, and the jobs and files that lead to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct, field

from audits.model.command import Command
from audits.model.publication import Channel, Publication, UnrecognizedPublication
from audits.model.remote_path import called_name, foreign_path
from audits.model.repository import Breadth, ReleaseGraph
from audits.model.source import SourceFile
from audits.model.uses import UsesKind
from audits.model.workflow import CompositeAction, Job, Role, Step, Workflow
from audits.workflow.handover import Handover
from audits.workflow.parse.package_metadata import PackageNames
from audits.workflow.publish.publications import Library, find_publications, sites_of
from audits.workflow.publish.site import Site
from audits.workflow.publish.unrecognized import (
    hands_over,
    has_rights,
    may_be_unrecognized,
    unrecognized,
)
from audits.workflow.routes import Routes
from audits.workflow.shell.commands import Patience, commands
from audits.workflow.tasks.hops import Hops
from audits.workflow.uploaders.lookup import KNOWN, Catalog

# Secrets whose names say that they publish: a job that holds one is a release job.
_PUBLISH_SECRET = re.compile(
    r"secrets\.\w*(?:PYPI|TWINE|NPM|CARGO|CRATES|RUBYGEMS|NUGET|ANACONDA)\w*", re.IGNORECASE
)
# A pattern that begins with letters is found fastest, so what stands before is looked at last.
_RIGHTS = tuple(re.compile(rf"{word}(?<!\w{word})(?!\w)") for word in ("secrets", "write"))
_FROM_OUTSIDE = frozenset(
    {
        "pull_request_target",
        "issue_comment",
        "issues",
        "discussion",
        "discussion_comment",
        "workflow_run",
        "watch",
        "fork",
        "gollum",
    }
)
_ACTIONS_DEEP = 10
# A generated file may hold any number of publications.
MOST_OF_WORKFLOW = 256

T = TypeVar("T")


class _Way(Struct):
    """The jobs and files on the way to one publication."""

    jobs: dict[Job, None] = field(default_factory=dict)
    paths: dict[str, None] = field(default_factory=dict)


class _Builder:
    def __init__(
        self,
        workflows: tuple[Workflow, ...],
        actions: tuple[CompositeAction, ...],
        names: PackageNames,
        channel: Callable[[str], Channel],
        own: Mapping[str, str],
        files: Mapping[str, SourceFile],
        catalog: Catalog,
    ) -> None:
        self.workflows = workflows
        self.actions = {_called_as(action.path): action for action in actions}
        self.routes = Routes(workflows, own)
        self.handover = Handover(self.routes, self.all_steps)
        self.found_commands: dict[Step, tuple[Command, ...]] = {}
        self.library = Library(
            actions=self.actions,
            names=names.names,
            declared=names.declared,
            withheld=names.withheld,
            has_members=names.has_members,
            without_npm=names.without_npm,
            indexes=names.indexes,
            addresses=names.addresses,
            channel=channel,
            commands=self.commands,
            patience=self.patience,
            hops=Hops(files, self.patience),
            catalog=catalog,
        )
        self.workflow_of = {job: w for w in workflows for job in w.jobs}
        self.known_patience: dict[str, Patience] = {}
        self.known_actions: dict[Job, tuple[CompositeAction, ...]] = {}
        self.known_files: dict[Job, tuple[str, ...]] = {}
        self.known_inside: dict[Job, tuple[str, ...]] = {}

    def commands(
        self, step: Step, job: Job | None, workflow: Workflow | None, path: str = ""
    ) -> tuple[Command, ...]:
        """The commands of a step, read once; ``path`` is its file where it is in no workflow."""
        if step not in self.found_commands:
            shell = step.shell or (job.shell if job else "") or (workflow.shell if workflow else "")
            if not shell and job is not None:
                windows = any("windows" in label.value.lower() for label in job.runs_on)
                shell = "pwsh" if windows else "bash"
            run = step.run
            patience = self.patience(workflow.path if workflow else path)
            found = () if run is None else commands(run, shell or "bash", patience)
            self.found_commands[step] = found
        return self.found_commands[step]

    def patience(self, path: str) -> Patience:
        """The budget that is left for the scripts of a file."""
        return self.known_patience.setdefault(path, Patience())

    def cut_short(self) -> tuple[str, ...]:
        return tuple(path for path, left in self.known_patience.items() if left.cut_short)

    def publications(self) -> tuple[Publication, ...]:
        return tuple(
            publication
            for workflow in self.workflows
            for publication in islice(self._publications_of(workflow), MOST_OF_WORKFLOW)
        )

    def _publications_of(self, workflow: Workflow) -> Iterator[Publication]:
        for job in workflow.live_jobs:
            routes = self.routes.of(workflow, job)
            for publication in find_publications(workflow, job, routes, self.library):
                # Where the called workflow was read, it shows what the call only suggests.
                called = publication.indirect and publication.step < 0
                if not (called and self.routes.callee(job)):
                    yield publication

    def unrecognized(
        self, publications: tuple[Publication, ...]
    ) -> Iterator[UnrecognizedPublication]:
        """The jobs that look like a release by a way that is not known."""
        by_job: dict[Job, list[Publication]] = {}
        for publication in publications:
            by_job.setdefault(publication.job, []).append(publication)
        for workflow in self.workflows:
            publishing = [job for job in workflow.live_jobs if job in by_job]
            for job in workflow.live_jobs:
                routes = self.routes.of(workflow, job)
                if job.uses is not None or not may_be_unrecognized(workflow, job, routes):
                    continue
                base = Site(
                    workflow=workflow,
                    job=job,
                    routes=routes,
                    library=self.library,
                    path=workflow.path,
                )
                found = unrecognized(
                    sites_of(base),
                    by_job.get(job, ()),
                    release_elsewhere=any(other is not job for other in publishing),
                )
                if found is not None:
                    yield found

    def used_actions(self, job: Job) -> tuple[CompositeAction, ...]:
        """The composite actions of this repository that a job runs, directly or not."""
        if job not in self.known_actions:
            self.known_actions[job] = tuple(self._used_actions(job))
        return self.known_actions[job]

    def _used_actions(self, job: Job) -> Iterator[CompositeAction]:
        pending = [(step, 0) for step in job.live_steps]
        seen: set[str] = set()
        while pending:
            step, depth = pending.pop()
            if step.uses is None or depth > _ACTIONS_DEEP:
                continue
            action = self.actions.get(called_name(step.uses, job.path))
            if action is not None and action.path not in seen:
                seen.add(action.path)
                yield action
                pending.extend((inner, depth + 1) for inner in action.steps)

    def all_steps(self, job: Job) -> Iterator[Step]:
        """The steps of a job that can run, then those of the composite actions it runs."""
        yield from job.live_steps
        for action in self.used_actions(job):
            yield from (step for step in action.steps if not step.never_runs)

    def way(self, publication: Publication | UnrecognizedPublication) -> _Way:
        """What leads to a publication: its job, its callers, its producers, their files."""
        way = _Way()
        own = publication.job
        producers = self.handover.producers(publication.workflow, own)
        callers = dict.fromkeys(call for route in publication.routes for call in route.calls)
        for job in (own, *callers, *producers):
            way.jobs[job] = None
        seen: set[Job] = set()
        for job in way.jobs:
            # A job that was seen before was seen with all that it waits for.
            all_above = () if job in seen else self.handover.above(self.workflow_of[job], job)
            new = [each for each in (job, *all_above) if each not in seen]
            seen.update(new)
            for each in new:
                way.paths.update(dict.fromkeys(self.files(each)))
                if each not in callers:
                    way.paths.update(dict.fromkeys(self.inside(each)))
        return way

    def inside(self, job: Job) -> tuple[str, ...]:
        """The files of all that a job calls, however deep."""
        if job not in self.known_inside:
            found: dict[str, None] = {}
            pending, seen = [job], {job}
            while pending:
                callee = self.routes.callee(pending.pop())
                for inner in callee.live_jobs if callee is not None else ():
                    if inner not in seen:
                        seen.add(inner)
                        pending.append(inner)
                        found.update(dict.fromkeys(self.files(inner)))
            self.known_inside[job] = tuple(found)
        return self.known_inside[job]

    def files(self, job: Job) -> tuple[str, ...]:
        """A job's workflow, the actions that it runs, and the workflow that it calls."""
        if job not in self.known_files:
            callee = self.routes.callee(job)
            called = () if callee is None else (callee.path,)
            actions = (action.path for action in self.used_actions(job))
            self.known_files[job] = (self.workflow_of[job].path, *called, *actions)
        return self.known_files[job]

    def privileged(self, workflows: tuple[Workflow, ...], paths: Mapping[str, object]) -> set[Job]:
        """The jobs of release workflows that can ask for an OIDC identity, may write packages or
        hold a publish credential.
        """
        return {
            job
            for workflow in workflows
            for job in workflow.live_jobs
            if workflow.path in paths and self.may_publish(workflow, job)
        }

    def may_publish(self, workflow: Workflow, job: Job) -> bool:
        """Whether a job can ask for an OIDC identity, may write packages or holds a publish
        credential.
        """
        return (
            has_rights(self.routes.of(workflow, job))
            or _PUBLISH_SECRET.search(workflow.source.text, *job.span) is not None
        )

    def hidden_calls(self, publications: tuple[Publication, ...]) -> Iterator[Job]:
        """The calls of other repositories' workflows that were not read and may publish."""
        publishing = {publication.job for publication in publications}
        for workflow in self.workflows:
            for job in workflow.live_jobs:
                uses = job.uses
                known = self.library.catalog.by_action
                if uses is None or uses.kind is not UsesKind.REMOTE or uses.action in known:
                    continue
                hidden = job not in publishing and self.routes.callee(job) is None
                if hidden and (hands_over(job) or self.may_publish(workflow, job)):
                    yield job

    def action_users(self, workflows: tuple[Workflow, ...]) -> dict[str, tuple[Job, ...]]:
        """The jobs that run each composite action of the repository, by its path."""
        users: dict[str, tuple[Job, ...]] = {}
        for workflow in workflows:
            for job in workflow.live_jobs:
                for action in self.used_actions(job):
                    users[action.path] = (*users.get(action.path, ()), job)
        return users

    def read_commands(
        self, workflows: tuple[Workflow, ...], actions: tuple[CompositeAction, ...]
    ) -> None:
        """Read the commands of all steps of these files."""
        for workflow in workflows:
            for job in workflow.live_jobs:
                for step in job.live_steps:
                    self.commands(step, job, workflow)
        for action in actions:
            for step in action.steps:
                self.commands(step, None, None, action.path)

    def read_scripts(
        self, watched: tuple[Workflow, ...], paths: Collection[str] | None, *, releases: bool
    ) -> None:
        """Read the commands of these workflows and of the actions with these paths (all, if
        None); where there is a release, also of all that could lead to one.
        """
        actions = tuple(self.actions.values())
        self.read_commands(watched, tuple(a for a in actions if paths is None or a.path in paths))
        if releases:
            self.read_commands(tuple(filter(_may_hold_rights, self.workflows)), actions)


def build_graph(
    workflows: tuple[Workflow, ...],
    actions: tuple[CompositeAction, ...],
    names: PackageNames,
    channel: Callable[[str], Channel],
    breadth: Breadth = Breadth.RELEASE,
    own: Mapping[str, str] = MappingProxyType({}),
    files: Mapping[str, SourceFile] = MappingProxyType({}),
    catalog: Catalog = KNOWN,
) -> ReleaseGraph:
    """Work out how a repository releases; ``breadth`` decides whose commands are read. ``names``
    are its package names, ``channel`` gives an address's channel, ``own`` are `Routes.names`.
    """
    builder = _Builder(workflows, actions, names, channel, own, files, catalog)
    publications = builder.publications()
    ways = {publication: builder.way(publication) for publication in publications}
    not_known = {found: builder.way(found) for found in builder.unrecognized(publications)}
    roles = _roles([*not_known.items(), *ways.items()])
    by_path = _by_path(ways, not_known)
    by_job = _concerned({publication: way.jobs for publication, way in ways.items()})
    shown = None if breadth is Breadth.ALL else by_path
    watched = tuple(w for w in workflows if shown is None or w.path in shown)
    by_job = {job: by_path.get(job.path, ()) for w in watched for job in w.live_jobs} | by_job
    builder.read_scripts(watched, shown, releases=bool(publications))
    return ReleaseGraph(
        publications=publications,
        roles=roles,
        release_jobs=frozenset(roles) | builder.privileged(watched, by_path),
        release_paths=frozenset(by_path),
        routes={job: builder.routes.of(w, job) for w in workflows for job in w.live_jobs},
        commands=builder.found_commands,
        action_users=builder.action_users(watched),
        publications_by_job=by_job,
        publications_by_path=by_path,
        unrecognized=tuple(not_known),
        hidden_calls=tuple(builder.hidden_calls(publications)),
        cut_short=builder.cut_short(),
        hops=builder.library.led,
    )


def _may_hold_rights(workflow: Workflow) -> bool:
    """Whether code in a workflow could lead to a release: it writes, holds a secret, is called,
    or is started by people without rights. The scripts of all others are not read.
    """
    text = workflow.source.text.lower()
    if "write-all" in text or "self-hosted" in text:
        return True
    if any(pattern.search(text) for pattern in _RIGHTS):
        return True
    events = {trigger.event for trigger in workflow.triggers}
    return "workflow_call" in events or not events.isdisjoint(_FROM_OUTSIDE)


def _by_path(
    ways: Mapping[Publication, _Way], not_known: Mapping[UnrecognizedPublication, _Way]
) -> dict[str, tuple[Publication, ...]]:
    """The publications that each file on the way to a release concerns; none where it is on the
    way to an unrecognized publication only.
    """
    found = _concerned({publication: way.paths for publication, way in ways.items()})
    return {**dict.fromkeys((p for way in not_known.values() for p in way.paths), ()), **found}


def _concerned(places: Mapping[Publication, Iterable[T]]) -> dict[T, tuple[Publication, ...]]:
    """The publications on whose way each place is; many places share one tuple of them."""
    found: dict[T, list[Publication]] = {}
    for publication, on_the_way in places.items():
        for place in on_the_way:
            found.setdefault(place, []).append(publication)
    same: dict[tuple[Publication, ...], tuple[Publication, ...]] = {}
    return {place: same.setdefault(tuple(all_), tuple(all_)) for place, all_ in found.items()}


def _called_as(path: str) -> str:
    """How a ``uses:`` names the action of a file: its folder, or what another repository has."""
    foreign = foreign_path(path)
    return path.rpartition("/")[0] if foreign is None else foreign.called_as


def _roles(
    ways: Iterable[tuple[Publication | UnrecognizedPublication, _Way]],
) -> dict[Job, Role]:
    """What each job on a way does; a job that publishes and produces is a publishing job."""
    roles: dict[Job, Role] = {}
    for publication, way in ways:
        calling = {call for route in publication.routes for call in route.calls}
        for job in way.jobs:
            publishes = job is publication.job or job in calling
            if publishes or job not in roles:
                roles[job] = Role.PUBLISHING if publishes else Role.PRODUCING
    return roles
