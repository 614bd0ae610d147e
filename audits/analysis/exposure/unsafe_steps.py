"""Finds the publications that each unsafe step of a path leads to, for the checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from audits.analysis.exposure.jobs import JobView, views
from audits.analysis.exposure.search import all_paths, all_ways, holds_here, mark_of
from audits.analysis.exposure.ways_in import Way
from audits.analysis.outsiders import OUTSIDER_EVENTS
from audits.model.exposure import Actor, ExposurePath, Holds, PathState, PathStep
from audits.model.location import Location
from audits.model.outcome import Severity
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.workflow import Job


class PathLink(Struct, frozen=True, kw_only=True):
    """One step that paths go through: the first such path, and the publications they lead to."""

    step: PathStep
    path: ExposurePath
    publications: tuple[Publication, ...]

    @property
    def is_sure(self) -> bool:
        """Whether the path holds now and nothing unseen decides."""
        return self.path.state is not PathState.OPEN and self.path.holds is Holds.NOW


def links(
    repo: Repository,
    wanted: Callable[[ExposurePath], bool],
    step_of: Callable[[ExposurePath], PathStep],
) -> Iterator[PathLink]:
    """The steps of wanted paths to publications that count, each place once, surest path first."""
    scored = frozenset(repo.scored_publications)
    found: dict[object, list[tuple[ExposurePath, Publication]]] = {}
    for publication, paths in all_paths(repo).items():
        for path in paths if publication in scored else ():
            if wanted(path):
                found.setdefault((step_of(path).at, step_of(path).job), []).append(
                    (path, publication)
                )
    for pairs in found.values():
        best = min((path for path, _ in pairs), key=_doubt)
        led_to = dict.fromkeys(publication for _, publication in pairs)
        yield PathLink(step=step_of(best), path=best, publications=tuple(led_to))


def _doubt(path: ExposurePath) -> tuple[bool, int]:
    return path.holds is not Holds.NOW, path.state.rank


class Entrance(Struct, frozen=True, kw_only=True):
    """A way in for people without write access, and the publications that it leads to.

    ``is_sure`` where nothing unseen decides whether it does.
    """

    way: Way
    publications: tuple[Publication, ...]
    is_sure: bool

    @property
    def severity(self) -> Severity | None:
        """That of a finding at the way in; None for the severity of the check."""
        return None if self.is_sure else Severity.MEDIUM

    @property
    def because(self) -> str:
        """Why a finding at the way in is milder; "" where it is not."""
        return "" if self.is_sure else "what was not seen decides whether it leads to a release"


def entrances(repo: Repository) -> tuple[Entrance, ...]:
    """The ways in for people without write access that lead to a publication that counts, on
    the host of the repository.
    """
    return repo.once(_entrances)


def _entrances(repo: Repository) -> tuple[Entrance, ...]:
    scored = frozenset(repo.scored_publications)
    server = repo.ref.is_enterprise_server
    found: dict[tuple[str, Location], list[tuple[ExposurePath, Publication]]] = {}
    for publication, paths in all_paths(repo).items():
        for path in paths if publication in scored else ():
            if is_anyones(path) and holds_here(path, server):
                found.setdefault((path.finding, path.entrance.at), []).append((path, publication))
    ways = {(mark_of(way), way.at): way for way in all_ways(repo) if way.actor is Actor.ANYONE}
    return tuple(
        Entrance(
            way=ways[place],
            publications=tuple(dict.fromkeys(publication for _, publication in pairs)),
            is_sure=any(path.state is not PathState.OPEN for path, _ in pairs),
        )
        for place, pairs in found.items()
        if place in ways
    )


def jobs_of_outsiders(repo: Repository) -> Iterator[JobView]:
    """The jobs reached by events which people without write access set off with the
    repository's rights; none where nothing is published.
    """
    for view in views(repo) if repo.publications else ():
        events = {trigger.event for route in view.routes for trigger in route.triggers}
        if not events.isdisjoint(OUTSIDER_EVENTS):
            yield view


def is_anyones(path: ExposurePath) -> bool:
    """Whether a path is open to people without write access, and not by a start alone."""
    return path.actor is Actor.ANYONE and path.sets_level


def job_of(repo: Repository, link: PathLink) -> Job | None:
    """The job in which a link's step stands."""
    named = link.step.job
    return next(
        (job for w in repo.workflows for job in w.jobs if job.id == named and _is_in(job, link)),
        None,
    )


def _is_in(job: Job, link: PathLink) -> bool:
    paths = {step.at.path for step in link.path.steps}
    return job.path in paths
