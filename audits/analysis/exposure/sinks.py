"""Finds how code in a job reaches a publication: secrets, tokens, caches, runners, identity."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.cache_modes import lets_save, may_save
from audits.analysis.conditions import publishing_steps, reach
from audits.analysis.exposure.jobs import BUILT_IN, JobView, SecretUse
from audits.analysis.exposure.release_view import ReleaseView
from audits.analysis.exposure.rules import (
    APP_KEYS,
    APP_TOKENS,
    GITHUB_INPUTS,
    GITHUB_VARIABLES,
    PUSHES,
    SERVICE,
    SERVICE_ACTIONS,
)
from audits.analysis.exposure.settings import environment_doubt, secret_elsewhere
from audits.analysis.exposure.ways_in import Way, own_labels
from audits.analysis.runners import MachineKeeping, shared_machines
from audits.analysis.workflow_policies import event_allowed
from audits.model.exposure import Cut, Holds, PathNeed, PathState, PathStep, Sink, WayIn
from audits.model.location import Location
from audits.model.platform_facts import (
    BLOCKED_PULL_REQUEST_TARGET,
    READ_ONLY_CACHES,
)
from audits.model.publication import Auth
from audits.model.registry import Registry
from audits.model.repository import Repository
from audits.model.settings import Need, Unseen
from audits.model.workflow import Environment, Job, Level, Step

_BRANCH_RULES = PathNeed(
    what="rules of the default branch", need=Need.SETTINGS, permission="Metadata: read"
)
_TAG_RULES = PathNeed(
    what="who may create release tags", need=Need.SETTINGS, permission="Metadata: read"
)
_DEFAULT_TOKEN = PathNeed(
    what="what a job's token may do by default",
    need=Need.ADMINISTRATION,
    permission="Administration: read",
)
_STARTED = ("workflow_dispatch", "repository_dispatch")
_OF_MERGED_CODE = frozenset({WayIn.MERGE, WayIn.UPDATES})


class Drain(Struct, frozen=True, kw_only=True):
    """What a job holds that leads to one publication, and how the release then comes about.

    ``between`` are steps after the sink. ``sets_level`` as in `ExposurePath`.
    """

    sink: Sink
    at: Location
    what: str
    starts: str
    cuts: tuple[Cut, ...] = ()
    job: str = ""
    state: PathState = PathState.SEEN
    needs: tuple[PathNeed, ...] = ()
    between: tuple[PathStep, ...] = ()
    holds: Holds = Holds.NOW
    sets_level: bool = True


def _needed_by_job(repo: Repository) -> dict[Job, frozenset[str]]:
    """The cuts that no job can do without, of the jobs that publish."""
    jobs = dict.fromkeys(publication.job for publication in repo.publications)
    return {job: frozenset(_needed(repo, job)) for job in jobs}


def _needed(repo: Repository, job: Job) -> Iterator[str]:
    """The cuts that would take from a job what its own publications use."""
    for publication in repo.publications_of(job):
        if publication.id_token and publication.auth in {Auth.OIDC, Auth.MIXED}:
            yield "give the job no id-token: write"
        if publication.registry is Registry.CONTAINER:
            yield "give the job no packages: write"
        if publication.registry in {Registry.GITHUB_RELEASE, Registry.GORELEASER}:
            yield "give the job no contents: write"
        for credential in publication.credentials:
            if credential.secret:
                yield f"keep the secret {credential.secret.upper()} out of this job"


def direct(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """For a way into a job that publishes, or makes what is published."""
    if not way.is_fork_run and way.reach is None and way.kind not in _OF_MERGED_CODE:
        yield from _direct(repo, way, release)


def _without_needed(repo: Repository, way: Way, drain: Drain) -> Drain:
    """A drain without the cuts that would keep the job from publishing what it publishes."""
    needed = repo.once(_needed_by_job).get(way.view.job, frozenset())
    cuts = tuple(cut for cut in drain.cuts if cut.what not in needed)
    return drain if cuts == drain.cuts else replace(drain, cuts=cuts)


def policy_on(repo: Repository, way: Way) -> bool | None:
    """Whether the owner's and the repository's Actions policies, or GitHub's own in their place,
    let the way's event run its workflow; None where they say nothing of it, or were not read.
    """
    if way.route is None or not way.event:
        return None
    allowed = event_allowed(repo, way.route.entry.path, way.event)
    if isinstance(allowed, Unseen):
        return None
    by_default = way.event == "pull_request_target" and repo.holds(BLOCKED_PULL_REQUEST_TARGET)
    return False if allowed is None and by_default is True else allowed


def holds_of(repo: Repository, way: Way) -> tuple[Holds, PathState, tuple[PathNeed, ...], str]:
    """Where a way holds on the day that counts, and until when if that is known."""
    if way.event != "pull_request_target":
        return Holds.NOW, PathState.SEEN, (), ""
    fact = BLOCKED_PULL_REQUEST_TARGET
    blocked = repo.holds(fact)
    if policy_on(repo, way) is True:
        return Holds.NOW, PathState.SEEN, (), ""
    if blocked is not False:
        needs = (
            PathNeed(
                what="whether a policy allows `pull_request_target`",
                need=Need.ADMINISTRATION,
                permission="Administration: read",
            ),
            *(
                (
                    PathNeed(
                        what="whether the repository is public",
                        need=Need.SETTINGS,
                        permission="Metadata: read",
                    ),
                )
                if blocked is None
                else ()
            ),
        )
        return Holds.UNLESS_POLICY, PathState.OPEN, needs, ""
    coming = repo.as_of < fact.since and not repo.ref.is_enterprise_server
    return Holds.NOW, PathState.SEEN, (), fact.since.isoformat() if coming else ""


def _direct(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """The job publishes, or makes what is published."""
    job = way.view.job
    state, needs = _same_run(repo, way, release)
    if state is None:
        return
    publishes = job is release.publication.job
    what = "the job publishes" if publishes else "what the job makes is published"
    yield Drain(
        sink=Sink.PUBLISHES,
        at=job.at,
        what=what,
        starts="same run",
        job=job.id,
        state=state,
        needs=needs,
    )


def _same_run(
    repo: Repository, way: Way, release: ReleaseView
) -> tuple[PathState | None, tuple[PathNeed, ...]]:
    """Whether the run that people start reaches the publication; None if it does not."""
    if way.route is None or way.start is None:
        return PathState.SEEN, ()
    doubt: tuple[PathNeed, ...] = ()
    for route in release.publication.routes:
        if route.entry is not way.route.entry:
            continue
        found = reach(repo, route, way.start, publishing_steps(release.publication))
        if found.runs or found.guard.startswith("the reviewers"):
            return PathState.SEEN, ()
        if found.runs is None:
            doubt = tuple(
                PathNeed(what=f"the value of `{n}`", need=Need.WORKFLOW) for n in found.unseen
            )
    return (PathState.OPEN, doubt) if doubt else (None, ())


def _secret(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """The credential of the publication is in the job."""
    for use in way.uses:
        if use.name and use.name not in release.secrets:
            continue
        if not release.secrets:
            continue
        state, needs = _is_there(repo, way, release)
        if state is None:
            return
        shown = f"secret {use.name.upper()}" if use.name else "every secret"
        yield Drain(
            sink=Sink.SECRET,
            at=use.at,
            what=f"the job reads {shown}",
            starts="anywhere",
            job=way.view.job.id,
            state=state,
            needs=needs,
            cuts=(Cut(what=f"keep the {shown} out of this job", at=use.at),),
        )
        return


def _is_there(
    repo: Repository, way: Way, release: ReleaseView
) -> tuple[PathState | None, tuple[PathNeed, ...]]:
    """Whether the secret that a job reads is stored where it reads it."""
    own = way.view.job.environment
    same = own is not None and own.name.value.lower() == release.environment.lower()
    if not release.environment or same:
        return PathState.SEEN, ()
    elsewhere = secret_elsewhere(repo, release.secrets)
    need = PathNeed(
        what=f"whether the secret is stored in environment {release.environment} only",
        need=Need.SECRET_NAMES,
        permission="Secrets: read",
    )
    if elsewhere is None:
        return PathState.DEFAULT, (need,)
    return (PathState.SEEN, ()) if elsewhere else (None, ())


def _identity(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """The job may ask for the identity that the registry's publisher takes."""
    view, publication = way.view, release.publication
    if way.reach is not None or not release.by_identity or _refused(repo, way, release):
        return
    files = {view.workflow.path, *(route.entry.path for route in view.routes)}
    if files.isdisjoint(publication.publisher_workflows):
        return
    routes = (way.route,) if way.route is not None else view.routes
    if not any(route.grant.id_token for route in routes):
        return
    state = PathState.SEEN
    needs: tuple[PathNeed, ...] = ()
    own = view.job.environment
    if release.environment and (
        own is None or own.name.value.lower() != release.environment.lower()
    ):
        state = PathState.OPEN
        needs = (
            PathNeed(what="which environment the registry's publisher names", need=Need.INDEX),
        )
    at = view.grant_at("id-token")
    yield Drain(
        sink=Sink.IDENTITY,
        at=at,
        what="the job may ask for the release's identity",
        starts="anywhere",
        job=view.job.id,
        state=state,
        needs=needs,
        cuts=(Cut(what="give the job no id-token: write", at=at),),
    )


def _refused(repo: Repository, way: Way, release: ReleaseView) -> bool:
    """Whether the registry refuses identities of runs of the way's event."""
    trusted = release.publication.info.trusted
    refusals = trusted.events.refuses if trusted is not None else ()
    return any(each.event == way.event and repo.as_of >= each.since for each in refusals)


def _stored_tokens(_: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """A stored token that may push to this repository."""
    for use in way.uses:
        if use.name in release.secrets and use.name:
            continue
        state = pushing_state(use)
        if state is None:
            continue
        name = f"secret {use.name.upper()}" if use.name else "a secret by a computed name"
        rights = PathNeed(
            what=f"what the {name} may do" if use.name else "which secrets are read",
            need=Need.SECRET_NAMES,
        )
        yield Drain(
            sink=Sink.STORED_TOKEN,
            at=use.at,
            what=f"the job holds {name}, which may push",
            starts=_start_by_push(release),
            job=way.view.job.id,
            state=state,
            needs=(rights, _BRANCH_RULES),
            between=_start_step(release),
            cuts=(Cut(what=f"keep the {name} out of this job", at=use.at),),
        )
        return


def pushing_state(use: SecretUse) -> PathState | None:
    """How sure it is that a stored secret is a token that pushes; None where it is not."""
    if not use.name:
        return PathState.OPEN
    uses = use.placed.step.uses if use.placed is not None else None
    action = uses.action if uses is not None else ""
    slug = uses.slug if uses is not None else ""
    if slug in SERVICE_ACTIONS:
        return None
    if action in APP_TOKENS and use.key in APP_KEYS and use.placed is not None:
        return _of_app(use.placed.step)
    if SERVICE.search(use.name):
        return None
    if use.key in GITHUB_VARIABLES and not action:
        return PathState.DEFAULT
    if action and use.key in GITHUB_INPUTS | GITHUB_VARIABLES:
        return PathState.DEFAULT
    return PathState.DEFAULT if PUSHES.search(use.name) else None


def _of_app(step: Step) -> PathState:
    """An app's key: narrowed tokens leave the key itself, which whoever runs code may read."""
    narrowed = {
        k.lower(): v.value for k, v in step.inputs.items() if k.lower().startswith("permission")
    }
    if not narrowed:
        return PathState.DEFAULT
    pushes = narrowed.get("permission-contents") == "write" or any(
        "contents" in v and "write" in v for v in narrowed.values()
    )
    return PathState.DEFAULT if pushes else PathState.OPEN


def _start_by_push(release: ReleaseView) -> str:
    if release.started_by("push", "create", "release"):
        return "push"
    return (
        "dispatch"
        if release.started_by("workflow_dispatch", "repository_dispatch")
        else "next release"
    )


def _start_step(release: ReleaseView, *events: str) -> tuple[PathStep, ...]:
    """The trigger that starts the release, as a step."""
    found = release.started_by(
        *(
            events
            or ("push", "create", "release", "workflow_dispatch", "repository_dispatch", "schedule")
        )
    )
    if found is None:
        return ()
    _, trigger = found
    return (PathStep(kind="start", what=f"`{trigger.event}` starts the release", at=trigger.at),)


def _job_token(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """The job's own token may change what is released."""
    view = way.view
    if way.reach is not None and BUILT_IN not in way.reach:
        return
    contents = view.level("contents", way.route)
    actions = view.level("actions", way.route)
    if contents is None:
        yield _default_token(repo, way, release)
        return
    at = view.grant_at("contents")
    if contents is Level.WRITE and actions is Level.WRITE:
        yield from _dispatch(repo, way, release, at)
    elif actions is Level.WRITE:
        yield from _by_input(repo, way, release)
    if contents is Level.WRITE:
        yield _to_branch(way, release, at)
    if (
        release.publication.registry is Registry.CONTAINER
        and view.level("packages", way.route) is Level.WRITE
    ):
        place = view.grant_at("packages")
        yield Drain(
            sink=Sink.JOB_TOKEN,
            at=place,
            what="token: packages write",
            starts="anywhere",
            job=view.job.id,
            state=PathState.DEFAULT,
            cuts=(Cut(what="give the job no packages: write", at=place),),
            needs=(PathNeed(what="whose token the image's registry takes", need=Need.SETTINGS),),
        )


def _default_token(repo: Repository, way: Way, release: ReleaseView) -> Drain:
    """Without `permissions`: nothing says what the token may do."""
    job = way.view.job
    return Drain(
        sink=Sink.DEFAULT_TOKEN,
        at=job.at,
        what="nothing limits the job's token",
        starts="next release",
        job=job.id,
        state=PathState.OPEN,
        needs=(_DEFAULT_TOKEN, _BRANCH_RULES),
        sets_level=way.sets_level,
        between=_start_step(release),
        cuts=(Cut(what="permissions: {} or contents: read", at=job.at),),
    )


def _to_branch(way: Way, release: ReleaseView, at: Location) -> Drain:
    """The default branch: what is released next. It starts nothing by itself."""
    job = way.view.job.id
    if release.publication.registry is Registry.GITHUB_RELEASE:
        return Drain(
            sink=Sink.JOB_TOKEN,
            at=at,
            # Immutable releases keep their files and tags; a new one is made all the same.
            what="token: contents write, which makes a release or changes its files",
            starts="anywhere",
            job=job,
            state=PathState.DEFAULT,
            needs=(_TAG_RULES,),
            cuts=(Cut(what="give the job no contents: write", at=at),),
        )
    return Drain(
        sink=Sink.JOB_TOKEN,
        at=at,
        what="token: contents write, to the default branch",
        starts="next release",
        job=job,
        state=PathState.DEFAULT,
        needs=(_BRANCH_RULES,),
        between=_start_step(release),
        cuts=(Cut(what="give the job no contents: write", at=at),),
    )


def _dispatch(repo: Repository, way: Way, release: ReleaseView, at: Location) -> Iterator[Drain]:
    """A pushed branch, from which the release is dispatched."""
    doubt = environment_doubt(repo, release.publication.job)
    if release.started_by("workflow_dispatch") is None or (doubt is not None and doubt.is_closed):
        return
    place = way.view.grant_at("actions")
    yield Drain(
        sink=Sink.JOB_TOKEN,
        at=at,
        what="token: contents and actions write",
        starts="dispatch",
        job=way.view.job.id,
        state=PathState.DEFAULT,
        needs=doubt.needs if doubt is not None else (),
        between=_start_step(release, "workflow_dispatch"),
        cuts=(
            Cut(what="give the job no contents: write", at=at),
            Cut(what="give the job no actions: write", at=place),
        ),
    )


def _by_input(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """A dispatch whose input names the commit to build: a fork's commits can be named too."""
    doubt = environment_doubt(repo, release.publication.job)
    taking = release.refs_by_input
    if taking is None or release.started_by("workflow_dispatch") is None:
        return
    if doubt is not None and doubt.is_closed:
        return
    place = way.view.grant_at("actions")
    yield Drain(
        sink=Sink.JOB_TOKEN,
        at=place,
        what="token: actions write; an input names the commit to build",
        starts="dispatch",
        job=way.view.job.id,
        state=PathState.OPEN if doubt is not None else PathState.DEFAULT,
        needs=doubt.needs if doubt is not None else (),
        between=_start_step(release, "workflow_dispatch"),
        cuts=(Cut(what="give the job no actions: write", at=place),),
    )


def _started(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """The release that the job starts builds the commit that it is given."""
    dispatch = way.dispatch
    started = release.started_by(dispatch.event) if dispatch is not None else None
    if dispatch is None or started is None:
        return
    entry, trigger = started
    name, file = (entry.name.value if entry.name is not None else ""), entry.path.rpartition("/")[2]
    known = dispatch.file and "$" not in dispatch.file
    if known and dispatch.file.rpartition("/")[2] not in {file, name}:
        return
    taking = release.builds_what_it_is_given(dispatch.event)
    rights = _may_start(way, dispatch.event)
    doubt = environment_doubt(repo, release.publication.job)
    if taking is None or rights is None or (doubt is not None and doubt.is_closed):
        return
    state, needs, sink = rights
    given = taking.step.input("ref")
    yield Drain(
        sink=sink,
        at=dispatch.at,
        what="the job may start the release",
        starts="dispatch",
        job=way.view.job.id,
        state=PathState.OPEN if doubt is not None else state,
        needs=(*needs, *(doubt.needs if doubt is not None else ())),
        between=(
            PathStep(kind="start", what=f"`{trigger.event}` starts the release", at=trigger.at),
            PathStep(
                kind="start", what="it builds the commit that it is given", at=taking.at(given)
            ),
        ),
        cuts=(Cut(what="build the ref that started the release only", at=taking.at(given)),),
    )


def _may_start(way: Way, event: str) -> tuple[PathState, tuple[PathNeed, ...], Sink] | None:
    """Whether a job may start a workflow by its token, or by one that is stored.

    https://docs.github.com/en/actions/concepts/security/github_token
    """
    scope = "actions" if event == "workflow_dispatch" else "contents"
    level = way.view.level(scope, way.route)
    if level is Level.WRITE:
        return PathState.DEFAULT, (), Sink.JOB_TOKEN
    if any(pushing_state(use) is not None for use in way.view.secrets):
        return PathState.DEFAULT, (), Sink.STORED_TOKEN
    return (PathState.OPEN, (_DEFAULT_TOKEN,), Sink.DEFAULT_TOKEN) if level is None else None


def _cache(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """The default branch's cache, which a job on the way restores."""
    if (
        way.event in {"pull_request", "pull_request_review", "pull_request_review_comment"}
        or not release.readers
        or way.reach is not None
    ):
        return
    holds = _cache_holds(repo, way)
    if holds is None or (way.trigger is None and not _on_default_branch(way.view)):
        return
    view, placed = release.readers[0]
    if view.job is way.view.job:
        return
    declared = lets_save(repo, way.route) if way.route is not None else None
    at, reading = way.view.job.at, placed.at(placed.step.uses.raw if placed.step.uses else None)
    read = PathStep(kind="start", what="the release restores it", at=reading, job=view.job.id)
    yield Drain(
        sink=Sink.CACHE,
        at=at,
        what="the job may write the default branch's cache",
        starts="next release",
        job=way.view.job.id,
        holds=holds,
        between=(read,),
        sets_level=way.trigger is not None,
        cuts=(
            Cut(what="restore no cache in a release", at=reading),
            *(
                (Cut(what="give the job no cache-mode: write", at=declared),)
                if declared is not None
                else ()
            ),
        ),
    )


def _cache_holds(repo: Repository, way: Way) -> Holds | None:
    """Where a run may write the default branch's cache; None nowhere."""
    routes = (way.route,) if way.route is not None else way.view.routes
    saving = [route for route in routes if may_save(repo, route)]
    if not saving:
        return None
    if way.trigger is None or any(lets_save(repo, route) for route in saving):
        return Holds.NOW
    return Holds.ENTERPRISE_SERVER if repo.holds(READ_ONLY_CACHES) else Holds.NOW


def _on_default_branch(view: JobView) -> bool:
    """Whether some run of the job can restore the default branch's cache."""
    events = {t.event for route in view.routes for t in route.triggers if not t.is_tag_push}
    return bool(events - {"pull_request", "release", "workflow_call", "merge_group", "create"})


def _machine(repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
    """A machine of the repository's own, on which the release is made later."""
    on_machine = way.trigger is not None and way.reach is None
    labels = own_labels(way.view) if on_machine else frozenset()
    for view, others in release.machines if labels else ():
        if view.job is way.view.job or not (labels <= others or others <= labels):
            continue
        keeping = shared_machines(repo, labels, way.view.job.path, others)
        if keeping is MachineKeeping.THROWN_AWAY:
            continue
        step = PathStep(
            kind="start", what="the release runs there later", at=view.job.at, job=view.job.id
        )
        at = view.job.runs_on[0].location(view.job.path) if view.job.runs_on else view.job.at
        keeps = PathNeed(
            what="whether the runner is thrown away after each job",
            need=Need.ADMINISTRATION,
            permission="Administration: read",
        )
        yield Drain(
            sink=Sink.RUNNER,
            at=at,
            what=f"a machine of `{' '.join(sorted(others))}` keeps what ran on it",
            starts="next release",
            job=view.job.id,
            state=PathState.SEEN if keeping is MachineKeeping.KEPT else PathState.DEFAULT,
            needs=() if keeping is MachineKeeping.KEPT else (keeps,),
            between=(step,),
            cuts=(Cut(what="make releases on machines of their own", at=at),),
        )
        return


def _merged(_: Repository, way: Way, __: ReleaseView) -> Iterator[Drain]:
    """The change is in the default branch."""
    yield Drain(
        sink=Sink.MERGED,
        at=way.at,
        what="the change is in the default branch",
        starts="next release",
        job=way.view.job.id,
        state=PathState.DEFAULT,
        needs=(_BRANCH_RULES,),
    )


class Source(Struct, frozen=True, kw_only=True, eq=False):
    """One kind of thing that a job can hold, whatever job it is.

    ``find`` depends on a release by ``reads`` alone. ``in_own_job`` is False where it says
    nothing of the job that publishes, which needs no detour.
    """

    find: Callable[[Repository, Way, ReleaseView], Iterator[Drain]]
    reads: Callable[[ReleaseView], Hashable]
    in_own_job: bool = True
    by_fork_runs: bool = False
    by_merges: bool = False

    def drains(self, repo: Repository, way: Way, release: ReleaseView) -> Iterator[Drain]:
        """What the job of a way holds of this kind that leads to a release."""
        merged = way.kind in _OF_MERGED_CODE
        if merged is self.by_merges and (self.by_fork_runs or not way.is_fork_run):
            for drain in self.find(repo, way, release):
                yield _without_needed(repo, way, drain)


def _starts(release: ReleaseView) -> Hashable:
    return tuple(trigger.at for _, trigger in release.starts)


def _name_of(environment: Environment | None) -> str:
    return environment.name.value if environment is not None else ""


SOURCES = (
    Source(find=_merged, reads=lambda release: None, by_merges=True),
    Source(find=_secret, reads=lambda release: (release.secrets, release.environment)),
    Source(
        find=_identity,
        reads=lambda release: (
            release.by_identity,
            release.environment,
            release.publication.info.trusted,
            release.publication.publisher_workflows,
        ),
        in_own_job=False,
    ),
    Source(find=_stored_tokens, reads=lambda release: (release.secrets, _starts(release))),
    Source(
        find=_job_token,
        reads=lambda release: (
            _starts(release),
            release.publication.registry,
            _name_of(release.publication.job.environment),
            release.refs_by_input is None,
        ),
    ),
    Source(
        find=_started,
        reads=lambda release: (
            _starts(release),
            _name_of(release.publication.job.environment),
            *(release.builds_what_it_is_given(event) for event in _STARTED),
        ),
    ),
    Source(find=_cache, reads=lambda release: release.readers[:1]),
    Source(find=_machine, reads=lambda release: release.machines, by_fork_runs=True),
)


def holds_rights(drain: Drain) -> bool:
    """Whether a job holds what publishes or pushes, not only a place in the build."""
    return drain.sink in {Sink.SECRET, Sink.IDENTITY, Sink.STORED_TOKEN, Sink.JOB_TOKEN}
