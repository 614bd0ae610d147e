"""The publication as the exposure analysis reads it: its jobs, credentials and triggers."""

from __future__ import annotations

from functools import cached_property

from msgspec import Struct

from audits.analysis.cache_modes import may_restore
from audits.analysis.caches import Restores, restores_cache
from audits.analysis.environment_names import named_environment
from audits.analysis.exposure.jobs import JobView, PlacedStep
from audits.analysis.exposure.ways_in import own_labels
from audits.expressions.syntax import contexts
from audits.model.location import Location
from audits.model.publication import Auth, Publication
from audits.model.repository import Repository
from audits.model.workflow import Job, Role, Trigger, Workflow

_GIVEN = {
    "workflow_dispatch": ("inputs.", "github.event.inputs."),
    "repository_dispatch": ("github.event.client_payload.",),
}
"""What whoever starts a workflow gives it, by the event."""


class ReleaseView(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One publication with the views of the jobs that publish it or hand something to it;
    ``restoring`` are those that can restore a cache, and ``readers`` the steps that do, the first
    of each job.
    """

    publication: Publication
    on_way: tuple[JobView, ...]
    jobs: frozenset[Job]
    restoring: frozenset[Job]
    readers: tuple[tuple[JobView, PlacedStep], ...]

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The names of its stored credentials as the repository stores them, in lower case."""
        names = {c.secret.lower() for c in self.publication.stored_credentials if c.secret}
        view = next((v for v in self.on_way if v.job is self.publication.job), None)
        if view is None or not any(route.calls for route in view.routes):
            return frozenset(names)
        return frozenset(stored for name in names for stored in view.stored_names(name))

    @property
    def by_identity(self) -> bool:
        """Whether it proves itself by an identity."""
        return self.publication.auth in {Auth.OIDC, Auth.MIXED}

    @property
    def environment(self) -> str:
        """The name of its environment, "" without one."""
        found = named_environment(self.publication)
        return found.name.value if found is not None else ""

    @property
    def at(self) -> Location:
        """The step of the workflow that publishes."""
        publication = self.publication
        if publication.at.path == publication.workflow.path:
            return publication.at
        steps = publication.job.steps[publication.step : publication.step + 1]
        return steps[0].at if publication.step >= 0 and steps else publication.job.at

    @cached_property
    def machines(self) -> tuple[tuple[JobView, frozenset[str]], ...]:
        """The jobs on its way that run on machines of the repository's own, with their labels."""
        found = ((view, own_labels(view)) for view in self.on_way)
        return tuple((view, labels) for view, labels in found if labels)

    @cached_property
    def starts(self) -> tuple[tuple[Workflow, Trigger], ...]:
        """The triggers that start it, with the files they are in."""
        found = {
            trigger.at: (route.entry, trigger)
            for route in self.publication.routes
            for trigger in route.triggers
        }
        return tuple(found.values())

    def started_by(self, *events: str) -> tuple[Workflow, Trigger] | None:
        """The first trigger of one of these events."""
        return next(((w, t) for w, t in self.starts if t.event in events), None)

    def builds_what_it_is_given(self, event: str) -> PlacedStep | None:
        """The checkout on its way that takes its ref from who starts it by such an event."""
        names = _GIVEN.get(event, ())
        for view in self.on_way:
            for placed in view.steps:
                uses = placed.step.uses
                ref = placed.step.input("ref") if uses and uses.slug == "actions/checkout" else None
                for context in contexts(ref.value) if ref is not None else ():
                    if context.name.startswith(names):
                        return placed
        return None

    @cached_property
    def refs_by_input(self) -> PlacedStep | None:
        """The checkout on its way that takes its ref from an input of whoever dispatches it."""
        return self.builds_what_it_is_given("workflow_dispatch")


def releases(repo: Repository, views: tuple[JobView, ...]) -> tuple[ReleaseView, ...]:
    """Every publication of a repository."""
    by_publication: dict[Publication, list[JobView]] = {p: [] for p in repo.publications}
    roles = repo.graph.roles
    for view in views:
        if roles.get(view.job, Role.OTHER) is Role.OTHER:
            continue
        for publication in repo.graph.publications_by_job.get(view.job, ()):
            by_publication[publication].append(view)
    return tuple(_release(repo, publication, of) for publication, of in by_publication.items())


def _release(repo: Repository, publication: Publication, on_way: list[JobView]) -> ReleaseView:
    restoring = [view for view in on_way if may_restore(repo, view.job)]
    readers = ((view, _reader(repo, view)) for view in restoring)
    return ReleaseView(
        publication=publication,
        on_way=tuple(on_way),
        jobs=frozenset(view.job for view in on_way),
        restoring=frozenset(view.job for view in restoring),
        readers=tuple((view, placed) for view, placed in readers if placed is not None),
    )


def _reader(repo: Repository, view: JobView) -> PlacedStep | None:
    """The first step of a job that restores a cache."""
    return next((p for p in view.steps if restores_cache(repo, p.step)[0] is Restores.YES), None)
