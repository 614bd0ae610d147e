"""Finds the paths from people to each publication, and the fewest changes that cut them.

From people into a job (`ways_in`, `movable`, `writers`), from the job to what leads to the
publication (`sinks`), and so to the registry. `release-audit explain exposure`
describes what counts how.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from operator import itemgetter

from msgspec.structs import replace

from audits.analysis.caches import Restores, restores_cache
from audits.analysis.exposure.agents import is_agent
from audits.analysis.exposure.any_run_artifacts import any_run_ways
from audits.analysis.exposure.jobs import JobView, views
from audits.analysis.exposure.leaks import leaking_ways
from audits.analysis.exposure.movable import movable_ways
from audits.analysis.exposure.release_view import ReleaseView, releases
from audits.analysis.exposure.sinks import (
    SOURCES,
    Drain,
    Source,
    direct,
    holds_of,
    holds_rights,
    policy_on,
)
from audits.analysis.exposure.ways_in import Way, outsider_ways, own_labels
from audits.analysis.exposure.writers import (
    starting_ways,
    update_ways,
    writer_paths,
    writer_words,
)
from audits.model.exposure import (
    Actor,
    CheapestCut,
    Cut,
    Exposure,
    ExposurePath,
    Holds,
    PathState,
    PathStep,
    Sink,
    WayIn,
)
from audits.model.publication import Publication
from audits.model.remote_path import foreign_path
from audits.model.repository import Repository
from audits.model.settings import NO_COLLABORATORS, RepositorySettings
from audits.model.workflow import Job, Level, Role

MOST_PATHS = 20
"""Paths of one publication that are shown: the least privileged and shortest."""
_MOST_CUTS = 15
_SCOPES = ("contents", "actions", "packages", "id-token")
_LEVELS = (Actor.ANYONE, Actor.THIRD_PARTY, Actor.ONE_WRITER)


def exposures(repo: Repository) -> tuple[Exposure, ...]:
    """Who can publish each package of a repository, in the order of its publications."""
    return repo.once(_exposures)


def _exposures(repo: Repository) -> tuple[Exposure, ...]:
    found = []
    for release, paths in repo.once(_found).items():
        packages = release.publication.packages or ("",)
        found += [_exposure(repo, release, package, paths) for package in packages]
    return tuple(found)


def all_ways(repo: Repository) -> tuple[Way, ...]:
    """The ways into the jobs of a repository that publishes something, but for single writers'."""
    return repo.once(_all_ways)


def _all_ways(repo: Repository) -> tuple[Way, ...]:
    if not repo.publications:
        return ()
    return tuple(way for view in views(repo) for way in _ways_of(repo, view))


def all_paths(repo: Repository) -> dict[Publication, list[ExposurePath]]:
    """Every path to each publication, worst first, without ids and the publication's own step;
    ``finding`` is the `mark_of` its way in.
    """
    return {release.publication: paths for release, paths in repo.once(_found).items()}


def _found(repo: Repository) -> dict[ReleaseView, list[ExposurePath]]:
    if not repo.publications:
        return {}
    known = views(repo)
    shared = _Shared(repo)
    return {r: _paths(repo, r, known, shared) for r in releases(repo, known)}


def _ways_of(repo: Repository, view: JobView) -> Iterator[Way]:
    """All ways into a job but those of single writers."""
    if not _may_lead(repo, view):
        return
    # an Actions policy that leaves the event out keeps the run from starting
    yield from (way for way in outsider_ways(repo, view) if policy_on(repo, way) is not False)
    yield from update_ways(repo, view)
    yield from leaking_ways(repo, view)
    yield from any_run_ways(repo, view)
    yield from movable_ways(repo, view)
    if repo.graph.roles.get(view.job, Role.OTHER) is not Role.OTHER:
        yield from writer_words(repo, view)


def _may_lead(repo: Repository, view: JobView) -> bool:
    """Whether code in a job could lead anywhere: most jobs only test, and need no look."""
    if view.job in repo.graph.roles:
        return True
    if any(view.level(scope) in {Level.WRITE, None} for scope in _SCOPES):
        return True
    if view.secret_names or own_labels(view):
        return True
    return repo.once(_restores_caches) or any(is_agent(view, placed) for placed in view.steps)


def _restores_caches(repo: Repository) -> bool:
    """Whether a job on the way to a release restores a cache."""
    return any(
        restores_cache(repo, placed.step)[0] is Restores.YES
        for view in views(repo)
        if view.job in repo.graph.roles
        for placed in view.steps
    )


_Ordered = tuple[tuple[object, ...], ExposurePath]
"""A path after what it is ordered by."""


class _Shared:
    """The ways into the jobs of a repository, and the paths that several publications share.

    A repository may have hundreds of jobs and hundreds of publications. What a job holds is
    therefore looked up once for all publications of which a `Source` reads the same.
    """

    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        self.by_job: dict[Job, list[Way]] = {}
        for way in all_ways(repo):
            self.by_job.setdefault(way.view.job, []).append(way)
        self.known: dict[tuple[Source, object], dict[Job, list[_Ordered]]] = {}

    def paths(self, release: ReleaseView) -> Iterator[_Ordered]:
        """The paths to a publication from all jobs, those in which its own run publishes last."""
        own = release.publication.job
        for source in SOURCES:
            for job, paths in self._of(source, release).items():
                if job is not own or source.in_own_job:
                    yield from paths
        for view in release.on_way:
            for way in self.by_job.get(view.job, ()):
                for drain in direct(self.repo, way, release):
                    yield _ordered(self.repo, way, drain, view.job is own)

    def _of(self, source: Source, release: ReleaseView) -> dict[Job, list[_Ordered]]:
        key = (source, source.reads(release))
        if key not in self.known:
            found = {
                job: list(self._read(source, release, ways)) for job, ways in self.by_job.items()
            }
            self.known[key] = {job: paths for job, paths in found.items() if paths}
        return self.known[key]

    def _read(self, source: Source, release: ReleaseView, ways: list[Way]) -> Iterator[_Ordered]:
        """The paths of the ways into one job; those that one run takes hold the same."""
        held: dict[object, tuple[Drain, ...]] = {}
        for way in ways:
            if way.kind is WayIn.WRITER_WORDS:
                # A writer's words matter only where the release is made.
                continue
            place = way.at if source.by_merges else None
            run = (
                way.kind,
                id(way.route),
                id(way.trigger),
                way.sets_level,
                way.reach,
                way.dispatch,
                place,
            )
            if run not in held:
                held[run] = tuple(source.drains(self.repo, way, release))
            for drain in held[run]:
                yield _ordered(self.repo, way, drain)


def _ordered(repo: Repository, way: Way, drain: Drain, publishes: bool = False) -> _Ordered:
    path = _path(repo, way, drain, publishes)
    return _order(path), path


def _paths(
    repo: Repository, release: ReleaseView, known: tuple[JobView, ...], shared: _Shared
) -> list[ExposurePath]:
    """The paths to one publication, whatever the package, worst first."""
    found = list(shared.paths(release))
    own = release.publication.job
    view = next((v for v in known if v.job is own), None) or JobView(
        workflow=release.publication.workflow, job=own, graph=repo.graph, actions={}
    )
    for way in starting_ways(repo, view, release):
        drain = Drain(
            sink=Sink.PUBLISHES, at=own.at, what="the job publishes", starts="starts", job=own.id
        )
        found.append(_ordered(repo, way, drain))
    found += [_ordered(repo, way, drain) for way, drain in writer_paths(repo, view, release)]
    return [path for _, path in sorted(found, key=itemgetter(0))]


def _order(path: ExposurePath) -> tuple[object, ...]:
    elsewhere = path.holds is Holds.ENTERPRISE_SERVER
    return (
        not path.sets_level,
        elsewhere,
        path.actor.rank,
        path.state.rank,
        len(path.steps),
        path.entrance.at,
        path.drain.at,
    )


def _path(repo: Repository, way: Way, drain: Drain, publishes: bool = False) -> ExposurePath:
    """The path by a way and what the job holds; ``publishes`` where that job publishes itself."""
    holds, doubt, policy_needs, until = holds_of(repo, way)
    if drain.holds is Holds.ENTERPRISE_SERVER:
        holds, doubt, policy_needs, until = Holds.ENTERPRISE_SERVER, PathState.SEEN, (), ""
    elif drain.sink is Sink.RUNNER and way.is_fork_run:
        holds = Holds.NOW
    state = max((way.state, drain.state, doubt), key=lambda s: s.rank)
    start = way.trigger.at if way.trigger is not None else way.at
    job = way.view.job.id
    return ExposurePath(
        id="",
        actor=way.actor,
        state=state,
        holds=holds,
        way_in=way.kind,
        sink=drain.sink,
        starts=drain.starts,
        steps=(
            PathStep(kind="actor", what=way.who, at=start),
            PathStep(kind="way-in", what=way.what, at=way.at, job=job),
            PathStep(kind="sink", what=drain.what, at=drain.at, job=drain.job),
            *drain.between,
        ),
        cuts=tuple(dict.fromkeys(cut for cut in (way.cut, *way.cuts, *drain.cuts) if cut)),
        needs=tuple(dict.fromkeys((*way.needs, *drain.needs, *policy_needs))),
        until=until,
        sets_level=_sets_level(way, drain, publishes),
        after_merge=way.after_merge,
        finding=mark_of(way),
    )


def _sets_level(way: Way, drain: Drain, publishes: bool) -> bool:
    """Whether a path counts for the level: tools and caches alone do not, nor what only starts a
    release.
    """
    if not (way.sets_level and drain.sets_level):
        return False
    return way.kind is not WayIn.TOOL or holds_rights(drain) or publishes


def mark_of(way: Way) -> str:
    """What names a way across moved lines and renamed jobs."""
    foreign = foreign_path(way.at.path)
    path = f"{foreign.slug}/{foreign.path}" if foreign else way.at.path
    return "\0".join((way.kind.value, path, way.anchor, way.event))


def _exposure(
    repo: Repository, release: ReleaseView, package: str, paths: list[ExposurePath]
) -> Exposure:
    publication = release.publication
    there = repo.ref.is_enterprise_server
    level = level_of(paths, there)
    shown = f"{publication.registry} {package}".strip()
    last = PathStep(kind="publish", what=shown, at=release.at, job=publication.job.id)
    kept = _named(paths[:MOST_PATHS], publication.registry, package, last)
    counts = Counter(path.actor for path in paths)
    settings = repo.settings
    return Exposure(
        publication=publication,
        package=package,
        level=level,
        may_be=may_be_of(paths, there),
        as_of=repo.as_of,
        cut=cheapest_cut(paths, level, there),
        paths=tuple(kept),
        more=max(0, len(paths) - MOST_PATHS),
        counts=tuple((actor, counts[actor]) for actor in _LEVELS if counts[actor]),
        writers=settings.writers if isinstance(settings, RepositorySettings) else NO_COLLABORATORS,
    )


def _named(
    paths: Iterable[ExposurePath], registry: str, package: str, last: PathStep
) -> Iterator[ExposurePath]:
    """The paths with their ids and their last step."""
    seen: Counter[str] = Counter()
    for path in paths:
        mark = "\0".join((registry, package, path.actor, path.finding, path.sink, path.starts))
        seen[mark] += 1
        identity = sha256(f"{mark}\0{seen[mark]}".encode("utf-8", "replace")).hexdigest()[:32]
        yield replace(path, id=identity, steps=(*path.steps, last), finding="")


def holds_here(path: ExposurePath, enterprise_server: bool) -> bool:
    """Whether a path holds at the host of its repository."""
    return path.holds is not Holds.ENTERPRISE_SERVER or enterprise_server


def level_of(paths: Iterable[ExposurePath], enterprise_server: bool = False) -> Actor:
    """The least privileged actor over the paths that were seen or hold by default."""
    here = [p for p in paths if p.sets_level and holds_here(p, enterprise_server)]
    sure = [p.actor for p in here if p.state is not PathState.OPEN]
    if sure:
        return min(sure, key=lambda actor: actor.rank)
    return Actor.UNKNOWN if here else Actor.TWO_PEOPLE


def may_be_of(paths: Iterable[ExposurePath], enterprise_server: bool = False) -> Actor:
    """The least privileged actor over all paths, whatever decides what was not seen."""
    here = [p.actor for p in paths if p.sets_level and holds_here(p, enterprise_server)]
    return min(here, key=lambda actor: actor.rank, default=Actor.TWO_PEOPLE)


def cheapest_cut(
    paths: list[ExposurePath], level: Actor, enterprise_server: bool = False
) -> CheapestCut | None:
    """The smallest set of changes after which the level is higher, by greedy cover: of equal
    ones the one that needs no settings.
    """
    here = [p for p in paths if p.sets_level and holds_here(p, enterprise_server)]
    making = [p for p in here if p.state is not PathState.OPEN and p.actor is level]
    if level is Actor.UNKNOWN:
        making = here
    chosen = _cover(making)
    if not chosen:
        return None
    rest = [path for path in paths if set(path.cuts).isdisjoint(chosen)]
    cuts = tuple(sorted(chosen, key=lambda cut: cut.settings))
    return CheapestCut(cuts=cuts, leaves=level_of(rest, enterprise_server))


def _cover(paths: list[ExposurePath]) -> list[Cut]:
    """Few cuts that close every path, by greedy cover; none where a path has no cut, or where
    more than `_MOST_CUTS` would be needed: that is no change that anyone would call cheap.
    """
    closes: dict[Cut, list[int]] = {}
    nearest: dict[Cut, int] = {}
    for number, path in enumerate(paths):
        for place, cut in enumerate(path.cuts):
            closes.setdefault(cut, []).append(number)
            nearest[cut] = min(place, nearest.get(cut, place))
    left = {cut: len(numbers) for cut, numbers in closes.items()}
    still = set(range(len(paths)))
    chosen: list[Cut] = []
    while still:
        best = min(
            left,
            key=lambda cut: (-left[cut], cut.settings, nearest[cut], cut.at, cut.what),
            default=None,
        )
        if best is None or not left[best] or len(chosen) == _MOST_CUTS:
            return []
        chosen.append(best)
        for number in closes[best]:
            if number in still:
                still.discard(number)
                for cut in paths[number].cuts:
                    left[cut] -= 1
    return chosen
