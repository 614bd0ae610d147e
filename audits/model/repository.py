"""A parsed repository: the only input of checks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar

from msgspec import Struct, field

from audits.model.command import Command
from audits.model.evidence import (
    AdvisoryList,
    FileThen,
    ImageDigest,
    PackageEvidence,
    PackageIndex,
    ResolvedRef,
    normalized,
)
from audits.model.hop import Hop
from audits.model.index_hosts import IndexHosts
from audits.model.outcome import Verdict
from audits.model.platform_facts import Fact, holds
from audits.model.publication import Publication, Route, UnrecognizedPublication
from audits.model.settings import Need, RepositorySettings, Unseen
from audits.model.source import Gap, RepositoryRef, Snapshot, SourceFile
from audits.model.updates import UpdateAutomation
from audits.model.uses import Uses
from audits.model.workflow import CompositeAction, Job, Role, Step, Workflow

NO_SETTINGS = Unseen(
    need=Need.SETTINGS, reason="settings are not read from a folder", permission="Actions: read"
)
NO_INDEX = Unseen(need=Need.INDEX, reason="the package index was not asked")
NO_IMAGES = Unseen(need=Need.REFERENCES, reason="no registry of images was asked")
NOT_OPENED = Unseen(need=Need.REFERENCES, reason="actions of others were not opened")
NO_REFERENCES = Unseen(need=Need.REFERENCES, reason="other repositories were not asked")

T = TypeVar("T")


class Breadth(Enum):
    """What checks walk over: what releases touch, or everything (``--all``)."""

    RELEASE = "release"
    ALL = "all"


class JobSite(Struct, frozen=True, kw_only=True):
    """A job that can run, with what it does for a release; ``is_release_job``: it publishes or builds
    what is published, may get an OIDC identity, or is given a publish credential.
    """

    workflow: Workflow
    job: Job
    role: Role
    is_release_job: bool


class StepSite(Struct, frozen=True, kw_only=True):
    """A step that can run. ``job`` and ``workflow`` are None in a composite action that no
    current job uses; ``action`` is given where the step is in one.
    """

    step: Step
    path: str
    job: Job | None = None
    workflow: Workflow | None = None
    action: CompositeAction | None = None
    role: Role = Role.OTHER
    is_release_job: bool = False


class ReleaseGraph(Struct, frozen=True, kw_only=True):
    """How a repository releases, worked out by `workflow.graph`.

    ``release_paths`` are files of release workflows and of composite actions on the way;
    ``publications_by_job`` and ``publications_by_path`` say whom a fault there concerns.
    ``unrecognized`` are jobs that look like a release and are not understood; their files count
    as ``release_paths`` and they have a role, though no publication is concerned.
    ``routes`` are those of all jobs; ``commands`` are read of what releases touch and, where
    anything is published, of every workflow that may hold rights.
    ``hidden_calls`` are jobs that call a workflow which was not read, with what it takes to
    publish; ``cut_short`` files with more commands than are read of one. ``hops`` are the scripts and
    tasks of the repository that steps run where a credential is near.
    """

    publications: tuple[Publication, ...] = ()
    roles: Mapping[Job, Role] = field(default_factory=dict)
    release_jobs: frozenset[Job] = frozenset()
    release_paths: frozenset[str] = frozenset()
    routes: Mapping[Job, tuple[Route, ...]] = field(default_factory=dict)
    commands: Mapping[Step, tuple[Command, ...]] = field(default_factory=dict)
    action_users: Mapping[str, tuple[Job, ...]] = field(default_factory=dict)
    publications_by_job: Mapping[Job, tuple[Publication, ...]] = field(default_factory=dict)
    publications_by_path: Mapping[str, tuple[Publication, ...]] = field(default_factory=dict)
    unrecognized: tuple[UnrecognizedPublication, ...] = ()
    hidden_calls: tuple[Job, ...] = ()
    cut_short: tuple[str, ...] = ()
    hops: Mapping[Step, tuple[Hop, ...]] = field(default_factory=dict)

    @property
    def missed_scripts(self) -> frozenset[str]:
        """The files that steps with a credential lead to and that were not read."""
        found = (hop for hops in self.hops.values() for hop in hops)
        return frozenset(hop.path for hop in found if hop.given and not hop.read)


class OpenedFile(Struct, frozen=True, kw_only=True):
    """An action or a called workflow of another repository, as far as it says what it uses.

    ``path`` is its foreign path, "" where it was not read, and ``reason`` then says why.
    ``uses`` are those of its steps and jobs.
    """

    path: str = ""
    reason: str = ""
    uses: tuple[Uses, ...] = ()


class Repository(Struct, frozen=True, kw_only=True, dict=True):
    """A snapshot with its workflows parsed, its releases worked out, and what is known of it.

    ``references`` is keyed by (``owner/repo`` in lower case, ref). ``package_names`` are the
    names that its metadata declares, by registry. ``index`` is keyed as `PackageIndex`.
    ``locked`` are the commits of GitHub's lock file, by workflow and ``owner/repo@ref``, and
    ``lock_onboarded`` the workflows that it lists.
    ``index_hosts`` has the pages of the package index, where one is configured. ``released``
    is what workflow files were at the commits of newest releases, by (commit, path). ``opened``
    is what actions and workflows of others use, by ``owner/repo[/path]@ref``, and ``images`` what
    tags of container images are today, as they are written. ``as_of``
    is the day whose `platform_facts` count.
    """

    snapshot: Snapshot
    workflows: tuple[Workflow, ...] = ()
    actions: tuple[CompositeAction, ...] = ()
    graph: ReleaseGraph = field(default_factory=ReleaseGraph)
    breadth: Breadth = Breadth.RELEASE
    references: Mapping[tuple[str, str], ResolvedRef] | Unseen = NO_REFERENCES
    index: PackageIndex | Unseen = NO_INDEX
    advisories: AdvisoryList | None = None
    package_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    updates: UpdateAutomation | None = None
    locked: Mapping[tuple[str, str], str] = field(default_factory=dict)
    lock_onboarded: frozenset[str] = frozenset()
    index_hosts: IndexHosts | None = None
    released: Mapping[tuple[str, str], FileThen] = field(default_factory=dict)
    opened: Mapping[str, OpenedFile] | Unseen = NOT_OPENED
    images: Mapping[str, ImageDigest | Unseen] | Unseen = NO_IMAGES
    as_of: date = field(default_factory=date.today)

    def once(self, work: Callable[[Repository], T]) -> T:
        """The result of ``work`` for this repository; many checks ask for the same.

        It must not refer to the repository itself: that would keep both alive for long.
        """
        if work not in self._found:
            self._found[work] = work(self)
        found: T = self._found[work]
        return found

    def once_for(self, key: Hashable, work: Callable[[], T]) -> T:
        """The result of ``work``, as of `once`, for a part of the repository: ``key`` names what
        is worked out and of which part.
        """
        if key not in self._found:
            self._found[key] = work()
        found: T = self._found[key]
        return found

    @cached_property
    def _found(self) -> dict[Hashable, Any]:
        """What `once` worked out so far. Copies and pickles of a struct hold its fields alone:
        it reaches neither a changed copy, for which it may not hold, nor another process.
        """
        return {}

    @property
    def ref(self) -> RepositoryRef:
        """Its name."""
        return self.snapshot.ref

    @property
    def settings(self) -> RepositorySettings | Unseen:
        """Its settings, or why none were read."""
        return NO_SETTINGS if self.snapshot.settings is None else self.snapshot.settings

    @property
    def publications(self) -> tuple[Publication, ...]:
        """What it publishes, in the order of files, jobs and steps."""
        return self.graph.publications

    @property
    def scored_publications(self) -> tuple[Publication, ...]:
        """Those that count: production and unknown; private ones if there are no such."""
        production = tuple(p for p in self.publications if p.is_scored)
        return production or tuple(p for p in self.publications if p.channel == "private")

    def holds(self, fact: Fact) -> bool | None:
        """Whether a fact of the platform holds for it on the day that counts; None where only
        its visibility could tell, and was not read.
        """
        public = None if isinstance(self.settings, Unseen) else self.settings.is_public
        return holds(fact, self.as_of, host=self.ref.host, public=public)

    def file(self, *paths: str) -> SourceFile | None:
        """The first of these files that it has."""
        files = self.once(_files_by_path)
        own = (files[path] for path in paths if path in files)
        return next(own, None) or self._foreign(*paths)

    def _foreign(self, *paths: str) -> SourceFile | None:
        """The first of these that is another repository's file on the way to a release."""
        if not any("@" in path for path in paths):
            return None
        sources = [w.source for w in self.workflows] + [a.source for a in self.actions]
        return next((s for path in paths for s in sources if s.path == path), None)

    def workflow(self, path: str) -> Workflow | None:
        """The workflow of a file, if it was read."""
        return self.once(_workflows_by_path).get(path)

    def release_workflows(self) -> tuple[Workflow, ...]:
        """The workflows to look at: release workflows, or all of them."""
        return self.once(_release_workflows)

    def jobs(self) -> tuple[JobSite, ...]:
        """The jobs that can run in the workflows to look at."""
        return self.once(_job_sites)

    def steps(self) -> tuple[StepSite, ...]:
        """The steps that can run: of those jobs, then of composite actions on the way."""
        return self.once(_step_sites)

    def commands(self, step: Step) -> tuple[Command, ...]:
        """The commands of its script; () for steps outside what is looked at."""
        return self.graph.commands.get(step, ())

    def routes(self, job: Job) -> tuple[Route, ...]:
        """The ways from a trigger to the job; at least one for a job of a workflow."""
        return self.graph.routes.get(job, ())

    def publications_of(self, job: Job) -> tuple[Publication, ...]:
        """The publications that the job itself holds."""
        return tuple(p for p in self.publications if p.job is job)

    def reference(self, uses: Uses) -> ResolvedRef | Unseen:
        """What a remote ``uses:`` is today, as far as it was asked."""
        if isinstance(self.references, Unseen):
            return self.references
        found = self.references.get((uses.slug, uses.ref))
        return found or Unseen(need=Need.REFERENCES, reason=f"{uses.slug} could not be read")

    def image_digest(self, text: str) -> ImageDigest | Unseen:
        """What an image's tag is today, as far as its registry was asked."""
        if isinstance(self.images, Unseen):
            return self.images
        return self.images.get(text, NO_IMAGES)

    def locked_commit(self, path: str, uses: Uses) -> str:
        """The commit to which the lock file binds a step's action; ``""`` if it does not."""
        return self.locked.get((path, f"{uses.slug}@{uses.ref}"), "")

    def evidence(self, registry: str, package: str) -> PackageEvidence | Unseen:
        """What the package's index serves about it, by its name as written or normalized."""
        if isinstance(self.index, Unseen):
            return self.index
        found = self.index.get((registry, package))
        found = found or self.index.get((registry, normalized(registry, package)))
        return found or Unseen(need=Need.INDEX, reason=f"the index was not asked about {package}")

    def concerned(self, verdict: Verdict) -> tuple[Publication, ...]:
        """The publications that a verdict speaks of (see `Finding`)."""
        if verdict.concerns is not None:
            return verdict.concerns
        if verdict.publication is not None:
            return (verdict.publication,)
        if verdict.job is not None:
            return self.graph.publications_by_job.get(verdict.job, ())
        path = verdict.at.path
        on_the_way = self.graph.publications_by_path.get(path)
        if on_the_way is not None:
            return on_the_way
        known = self.workflow(path) is not None
        known = known or any(a.path == path for a in self.actions)
        return () if known else self.publications


def _files_by_path(repo: Repository) -> dict[str, SourceFile]:
    """The files by path; of one that is there twice, the first."""
    return {file.path: file for file in reversed(repo.snapshot.files)}


def _workflows_by_path(repo: Repository) -> dict[str, Workflow]:
    """The workflows by path; of one that is there twice, the first."""
    return {workflow.path: workflow for workflow in reversed(repo.workflows)}


def _release_workflows(repo: Repository) -> tuple[Workflow, ...]:
    if repo.breadth is Breadth.ALL:
        return repo.workflows
    return tuple(w for w in repo.workflows if w.path in repo.graph.release_paths)


def _job_sites(repo: Repository) -> tuple[JobSite, ...]:
    everything, graph = repo.breadth is Breadth.ALL, repo.graph
    return tuple(
        JobSite(
            workflow=workflow,
            job=job,
            role=graph.roles.get(job, Role.OTHER),
            is_release_job=everything or job in graph.release_jobs,
        )
        for workflow in repo.release_workflows()
        for job in workflow.live_jobs
    )


def _step_sites(repo: Repository) -> tuple[StepSite, ...]:
    found = [
        StepSite(
            step=step,
            path=site.workflow.path,
            job=site.job,
            workflow=site.workflow,
            role=site.role,
            is_release_job=site.is_release_job,
        )
        for site in repo.jobs()
        for step in site.job.live_steps
    ]
    for action in repo.actions:
        if repo.breadth is Breadth.ALL or action.path in repo.graph.release_paths:
            found += _action_steps(repo, action)
    return tuple(found)


def _action_steps(repo: Repository, action: CompositeAction) -> Iterator[StepSite]:
    users = repo.graph.action_users.get(action.path, ())
    release = [job for job in users if job in repo.graph.release_jobs]
    job = release[0] if release else (users[0] if users else None)
    for step in action.steps:
        if not step.never_runs:
            yield StepSite(
                step=step,
                path=action.path,
                job=job,
                action=action,
                role=repo.graph.roles.get(job, Role.OTHER) if job else Role.OTHER,
                is_release_job=bool(release) or repo.breadth is Breadth.ALL,
            )
