"""Finds how people without write access reach a job: by code, text, prompts or artifacts.

A guard closes a way: a condition on the actor, a check of rights, a trusted list of people.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from audits.analysis.artifacts import Makers, downloads
from audits.analysis.conditions import Ending, passage, runs_after_failures
from audits.analysis.ending_steps import ends_job, goes_on
from audits.analysis.events import Start, facts_of_outsiders
from audits.analysis.exposure.agents import (
    agent_program,
    is_open,
    shell_of,
    shell_of_program,
)
from audits.analysis.exposure.dispatches import Dispatch, dispatch_of, named_commits
from audits.analysis.exposure.guards import environments_before, question_before
from audits.analysis.exposure.jobs import JobView, PlacedStep, SecretUse
from audits.analysis.exposure.outside_code import CodeRun, Workspace
from audits.analysis.exposure.rules import (
    AGENTS,
    CHECKED_MERGERS,
    MERGE_CALL,
    MERGERS,
)
from audits.analysis.exposure.taken_artifacts import artifact_uses
from audits.analysis.job_dependencies import needs_of
from audits.analysis.outsiders import LISTED_EVENTS, RequiredAccess, RunRights
from audits.analysis.runners import labels_of
from audits.analysis.taint import Tracer
from audits.analysis.untrusted_inputs import Setter, code_of
from audits.expressions.evaluate import Facts
from audits.expressions.syntax import contexts, replace_fences
from audits.model.exposure import Actor, Cut, PathNeed, PathState, WayIn
from audits.model.location import Location
from audits.model.publication import Route
from audits.model.repository import Repository
from audits.model.settings import Need, RepositorySettings, Unseen
from audits.model.workflow import Job, Level, Step, Trigger

_VERBS = {
    "pull_request_target": "opens a pull request",
    "pull_request": "opens a pull request",
    "pull_request_review": "reviews a pull request",
    "pull_request_review_comment": "comments on a pull request",
    "issue_comment": "comments",
    "issues": "opens an issue",
    "discussion": "starts a discussion",
    "discussion_comment": "comments on a discussion",
    "workflow_run": "opens a pull request whose workflow runs first",
    "watch": "stars the repository",
    "fork": "forks the repository",
    "gollum": "edits the wiki",
    "commit_comment": "comments on a commit",
}
# By default only people with write access edit a wiki:
# https://docs.github.com/en/communities/documenting-your-project-with-wikis/changing-access-permissions-for-wikis
_WIKI = PathNeed(what="whether everyone may edit the wiki", need=Need.WORKFLOW)
_REVIEWS = frozenset({"pull_request_review", "pull_request_review_comment"})
_ANY_SCOPE = frozenset({RunRights.REPOSITORY, RunRights.FORK})
_OWN_SCOPE = frozenset({RunRights.REPOSITORY})
_OWN_MACHINE = "self-hosted"


class Way(Struct, frozen=True, kw_only=True):
    """One way into a job: who comes how, by which event, and what closes it.

    ``route``, ``trigger`` and ``start`` say which run, None where any run does. ``anchor``
    names it across moved lines. ``reach`` are the secrets that it gets at, in lower case, `BUILT_IN`
    for the job's token; None for all that the job holds. ``dispatch`` is the workflow that it
    starts with words of theirs, and nothing else. ``sets_level`` and ``after_merge`` as in
    `ExposurePath`.
    """

    kind: WayIn
    actor: Actor
    who: str
    view: JobView
    at: Location
    what: str
    anchor: str
    cut: Cut | None
    route: Route | None = None
    trigger: Trigger | None = None
    start: Start | None = None
    state: PathState = PathState.SEEN
    needs: tuple[PathNeed, ...] = ()
    cuts: tuple[Cut, ...] = ()
    sets_level: bool = True
    after_merge: bool = False
    is_fork_run: bool = False
    reach: frozenset[str] | None = None
    dispatch: Dispatch | None = None

    @property
    def uses(self) -> Iterator[SecretUse]:
        """The stored secrets of the job that it gets at."""
        for use in self.view.secrets:
            if self.reach is None or use.name in self.reach:
                yield use

    @property
    def event(self) -> str:
        """The event that starts the run, "" for any."""
        return self.trigger.event if self.trigger is not None else ""

    def doubted(self, state: PathState, *needs: PathNeed) -> Way:
        """The way with a doubt more."""
        worse = max(self.state, state, key=lambda s: s.rank)
        return replace(self, state=worse, needs=tuple(dict.fromkeys((*self.needs, *needs))))


def outsider_ways(repo: Repository, view: JobView) -> tuple[Way, ...]:
    """The ways of people without write access into a job, each kind of each event once."""
    found: dict[tuple[object, ...], Way] = {}
    for route in view.routes:
        for trigger in route.triggers:
            if trigger.event not in LISTED_EVENTS:
                continue
            # A fork's run has no rights: only the machine that it runs on can matter.
            if trigger.event == "pull_request" and not own_labels(view):
                continue
            for way in _Entry(repo, view, route, trigger).ways():
                key = (way.kind, way.at, way.anchor, way.event)
                known = found.get(key)
                if known is None or _order(way) < _order(known):
                    found[key] = way
    return tuple(found.values())


def _order(way: Way) -> tuple[int, int]:
    return way.actor.rank, way.state.rank


class Passed(Struct, frozen=True, kw_only=True):
    """Who comes past conditions, by which run, and how sure that is; ``unseen`` names what
    decides where it is not.
    """

    actor: Actor
    start: Start
    state: PathState
    unseen: tuple[str, ...] = ()


class _Entry:
    """One event that people without write access may set off, and one way to a job from it."""

    def __init__(self, repo: Repository, view: JobView, route: Route, trigger: Trigger) -> None:
        self.repo = repo
        self.view = view
        self.route = route
        self.trigger = trigger
        self.event = trigger.event
        self.scopes = _ANY_SCOPE if self.event == "pull_request" else _OWN_SCOPE
        self.passed: dict[tuple[tuple[Step, ...], tuple[Ending, ...]], Passed | None] = {}

    def ways(self) -> Iterator[Way]:
        """All kinds, guards looked at."""
        if self.comes(()) is None:
            return
        if self.event == "pull_request":
            yield from self._on_runner()
            return
        for way, placed in self._found():
            guarded = self._guarded(way, placed)
            if guarded is not None:
                yield guarded

    def comes(self, steps: tuple[Step, ...], last: PlacedStep | None = None) -> Passed | None:
        """Who comes past the conditions of these steps, and past what ends the job before the
        ``last`` one; None where only writers do.
        """
        after_failures = last is None or any(map(runs_after_failures, last.guards))
        ending = () if last is None or after_failures else self._endings[id(last)]
        if (steps, ending) not in self.passed:
            self.passed[steps, ending] = self._comes(steps, ending)
        return self.passed[steps, ending]

    @cached_property
    def _endings(self) -> Mapping[int, tuple[Ending, ...]]:
        """For each step of the job, by its identity, those before it that end the job."""
        found: tuple[Ending, ...] = ()
        before = {}
        for placed in self.view.steps:
            before[id(placed)] = found
            may_go_on = placed.may_be_passed or goes_on(placed.outer)
            if not may_go_on and ends_job(self.repo, placed.step, self.event):
                found = (*found, Ending(placed.step, placed.guards))
        return before

    def _comes(self, steps: tuple[Step, ...], ending: tuple[Ending, ...]) -> Passed | None:
        for right, actor in (
            (RequiredAccess.NONE, Actor.ANYONE),
            (RequiredAccess.TRIAGE, Actor.ONE_WRITER),
        ):
            found = passage(self.repo, self.route, self.trigger, steps, right, self.scopes, ending)
            if found.runs is not False and found.start is not None:
                variables = [n for n in found.reach.assumed if n.startswith("vars.")]
                return Passed(
                    actor=actor,
                    start=found.start,
                    state=PathState.SEEN if found.runs and not variables else PathState.OPEN,
                    unseen=(*found.reach.unseen, *variables),
                )
        return None

    def _found(self) -> Iterator[tuple[Way, PlacedStep]]:
        built = False
        for ran in self._workspace().runs():
            if ran.reach is None:
                yield from self._code(ran)
                break
            if not built:
                yield from self._code(ran)
                built = True
        for placed in self.view.steps:
            yield from self._words(placed)
            yield from self._lines(placed)
            yield from self._agent(placed)
            yield from self._merge(placed)
            yield from self._started(placed)
        yield from self._artifact()

    def _workspace(self) -> Workspace:
        return Workspace(
            self.repo,
            self.view,
            self.route,
            self.event,
            facts=self._facts,
            passes=lambda steps: self.comes(steps) is not None,
        )

    @property
    def _facts(self) -> Facts:
        """What is known of every run that people without write access start by this event."""
        return facts_of_outsiders(self.repo, self.trigger)

    def _way(
        self,
        kind: WayIn,
        placed: PlacedStep,
        at: Location,
        what: str,
        anchor: str,
        cut: str,
        last: PlacedStep | None = None,
    ) -> Way | None:
        """A way, if people reach its step, and the ``last`` one where that is another."""
        last = placed if last is None else last
        comes = self.comes(tuple(dict.fromkeys((*placed.guards, *last.guards))), last)
        if comes is None:
            return None
        needs = tuple(
            PathNeed(what=f"the value of `{name}`", need=Need.WORKFLOW) for name in comes.unseen
        )
        state = comes.state
        if self.event == "gollum":
            needs, state = (*needs, _WIKI), PathState.OPEN
        return Way(
            kind=kind,
            actor=comes.actor,
            who=self._who(comes.actor, comes.start),
            view=self.view,
            at=at,
            what=what,
            anchor=anchor,
            cut=Cut(what=cut, at=at),
            route=self.route,
            trigger=self.trigger,
            start=comes.start,
            state=state,
            needs=needs,
            # Reviews of outsiders' own pull requests run with a fork's rights; those of others'
            # need one to be open, which is listed and sets no level.
            sets_level=self.event not in _REVIEWS,
        )

    def _who(self, actor: Actor, start: Start) -> str:
        who = start.who if actor is Actor.ANYONE else "whoever may triage"
        if actor is Actor.ANYONE and "act on" not in who:
            return f"{who} who {_VERBS.get(self.event, 'sets it off')}"
        return who

    def _code(self, ran: CodeRun) -> Iterator[tuple[Way, PlacedStep]]:
        """Outsiders' code is checked out and runs."""
        head = ran.head
        cut = (
            "check out the base only, or do this on `pull_request`"
            if self.event != "issue_comment"
            else "let nobody's comment build a pull request, or ask for write access in `if:`"
        )
        what = f"{head.what}, and {ran.what}"
        way = self._way(WayIn.CODE, head.placed, head.at, what, head.anchor, cut, ran.placed)
        if way is not None:
            yield replace(way.doubted(head.state, *head.needs), reach=ran.reach), ran.placed

    def _words(self, placed: PlacedStep) -> Iterator[tuple[Way, PlacedStep]]:
        """A field that outsiders set becomes code."""
        tracer = Tracer(self.repo, self.view.site(placed))
        for text in code_of(placed.step):
            for offset, taint in tracer.code_taints(text):
                theirs = taint.setter is Setter.OUTSIDER or self._takes_triage(placed)
                if not theirs or taint.event != self.event:
                    continue
                name = taint.context.name
                file = self.repo.file(placed.path)
                line = text.line_at(offset, file.text if file is not None else "")
                way = self._way(
                    WayIn.WORDS,
                    placed,
                    placed.at(line=line),
                    f"`{name}` becomes code",
                    name,
                    "hand the variable to the second program as an argument, not as its code"
                    if taint.is_read_again
                    else f"hand `{name}` over in `env:` and read the variable",
                )
                if way is not None:
                    yield way, placed

    def _lines(self, placed: PlacedStep) -> Iterator[tuple[Way, PlacedStep]]:
        """Lines that outsiders write become variables of the steps that follow."""
        if placed is self.view.steps[-1] or placed.step.run is None:
            return
        for taint in Tracer(self.repo, self.view.site(placed)).lines_as_variables():
            if taint.setter is not Setter.OUTSIDER or taint.event != self.event:
                continue
            name = taint.context.name
            way = self._way(
                WayIn.WORDS,
                placed,
                placed.at(placed.step.run),
                f"lines of `{name}` become variables of the steps that follow",
                f"lines of {name}",
                f"write `{name}` between delimiters of random characters, or its first line only",
            )
            if way is not None:
                doubt = PathNeed(what="what the variables change", need=Need.WORKFLOW)
                yield way.doubted(PathState.OPEN, doubt), placed
                return

    def _takes_triage(self, placed: PlacedStep) -> bool:
        """Whether only people who may triage reach a step: the words may still be others'."""
        comes = self.comes(placed.guards)
        return comes is not None and comes.actor is Actor.ONE_WRITER

    def _started(self, placed: PlacedStep) -> Iterator[tuple[Way, PlacedStep]]:
        """Another workflow is started with words of theirs, which may name a commit."""
        dispatch = dispatch_of(self.repo.ref, self.view, placed)
        name = self._chosen(placed) if dispatch is not None else ""
        if dispatch is None or not name:
            return
        way = self._way(
            WayIn.WORDS,
            placed,
            dispatch.at,
            f"`{name}` says what the workflow that is started works on",
            f"dispatch with {name}",
            "start the release of what the default branch holds only",
        )
        if way is not None:
            yield replace(way, reach=frozenset(), dispatch=dispatch), placed

    def _chosen(self, placed: PlacedStep) -> str:
        """What of a step names a commit that an outsider chooses; "" for nothing."""
        tracer = Tracer(self.repo, self.view.site(placed))
        step = placed.step
        texts = [*step.inputs.values(), *step.env.values(), *([step.run] if step.run else [])]
        for text in texts:
            for context in contexts(text.value):
                taint = tracer.worst(context)
                by_name = context.name.endswith(("head.ref", "head_ref", "head_branch", "label"))
                if taint is not None and taint.setter is Setter.OUTSIDER and not by_name:
                    return context.name
        return next(named_commits(placed), "")

    def _agent(self, placed: PlacedStep) -> Iterator[tuple[Way, PlacedStep]]:
        """An agent with a shell that reads what outsiders write."""
        uses = placed.step.uses
        agent = AGENTS.get(uses.action) if uses is not None else None
        if agent is not None and uses is not None and is_open(agent, placed.step):
            fed = agent.fed_by_event or self._is_fed(placed)
            if fed:
                yield from self._of_agent(
                    placed, placed.at(uses.raw), uses.slug, shell_of(agent, placed.step)
                )
        for command in self.view.commands(placed):
            program = agent_program(command)
            if program is not None and self._is_fed(placed):
                has_shell = shell_of_program(program, command)
                yield from self._of_agent(
                    placed, placed.at(line=command.line), command.program, has_shell
                )

    def _of_agent(
        self, placed: PlacedStep, at: Location, name: str, has_shell: bool
    ) -> Iterator[tuple[Way, PlacedStep]]:
        cut = "let only people with write access start the agent, or take its shell away"
        way = self._way(
            WayIn.AGENT, placed, at, f"the agent `{name}` does what the text says", name, cut
        )
        if way is not None and not has_shell:
            way = way.doubted(
                PathState.OPEN, PathNeed(what="whether the agent has a shell", need=Need.WORKFLOW)
            )
        if way is not None:
            yield way, placed

    def _is_fed(self, placed: PlacedStep) -> bool:
        """Whether a step is given something that outsiders write, or can look it up itself."""
        tracer = Tracer(self.repo, self.view.site(placed))
        texts = [*placed.step.inputs.values(), *placed.step.env.values()]
        texts += [placed.step.run] if placed.step.run else []
        for text in texts:
            for context in contexts(text.value):
                taint = tracer.worst(context)
                if taint is not None and taint.setter is Setter.OUTSIDER:
                    return True
                if context.name.endswith((".number", "github.event", ".html_url")):
                    return True
        return False

    def _artifact(self) -> Iterator[tuple[Way, PlacedStep]]:
        """What the triggering run made, or a job of this one that ran outsiders' code, is run,
        published, or read as variables.
        """
        for use in artifact_uses(self.repo, self.view):
            source = use.taken.source
            maker = self._makers.get(source.step, "") if use.taken.of_own_run else ""
            if not maker and (use.taken.of_own_run or self.event != "workflow_run"):
                continue
            whose = (
                f"job `{maker}`, which runs their code,"
                if maker
                else "the run that anyone may start"
            )
            cut = (
                f"take nothing from job `{maker}`, or let no job run their code before"
                if maker
                else "take artifacts of this run only, or let only pushes start it"
            )
            way = self._way(
                WayIn.ARTIFACT,
                source,
                source.step.at,
                f"an artifact of {whose} is taken, and {use.what}",
                "artifact",
                cut,
                use.placed,
            )
            if way is not None:
                doubt = PathNeed(what="what the file may set", need=Need.WORKFLOW)
                yield (way if use.is_sure else way.doubted(PathState.OPEN, doubt)), use.placed
                return

    @cached_property
    def _makers(self) -> Mapping[Step, str]:
        """For each step that downloads what a job above made after it ran outsiders' code: the
        name of that job.
        """
        if self.route.calls:
            return {}
        jobs = Makers(self.repo, self.view.workflow)
        above = frozenset(needs_of(self.view.workflow).above(self.view.job))
        found = {}
        for download in downloads(self.repo, self.view.job):
            makers = (job for job in jobs.of(download) if job in above)
            maker = next((job for job in makers if self._runs_their_code(job)), None)
            if maker is not None:
                found[download.step] = maker.id
        return found

    def _runs_their_code(self, job: Job) -> bool:
        """Whether a job runs outsiders' code in runs of this event."""
        # All jobs that wait for it ask.
        key = ("runs outsiders' code", job, self.trigger.at)
        return self.repo.once_for(key, lambda: next(self._code_of(job), None) is not None)

    def _code_of(self, job: Job) -> Iterator[tuple[Way, PlacedStep]]:
        """The runs of outsiders' code in a job, by this event."""
        view = replace(self.view, job=job)
        for route in view.routes:
            if self.trigger in route.triggers and not route.calls:
                entry = _Entry(self.repo, view, route, self.trigger)
                for ran in entry._workspace().runs():
                    yield from entry._code(ran)

    def _merge(self, placed: PlacedStep) -> Iterator[tuple[Way, PlacedStep]]:
        """A pull request is merged without a person."""
        merging = merges(self.view, placed)
        if merging is None or not self._may_merge(placed):
            return
        at, name = merging
        uses = placed.step.uses
        if uses is not None and uses.action in CHECKED_MERGERS:
            return
        way = self._way(
            WayIn.MERGE,
            placed,
            at,
            f"`{name}` merges what the pull request brings",
            name,
            "compare the author (`github.event.pull_request.user.login`), not who acted last",
        )
        if way is not None:
            rules = PathNeed(
                what="rules of the default branch", need=Need.SETTINGS, permission="Metadata: read"
            )
            yield way.doubted(PathState.DEFAULT, rules), placed

    def _may_merge(self, placed: PlacedStep) -> bool:
        writes = self.view.level("contents", self.route)
        return (writes is not Level.READ and writes is not Level.NONE) or bool(
            self.view.secret_names
        )

    def _on_runner(self) -> Iterator[Way]:
        """A fork's pull request runs on a machine of the repository's own."""
        labels = own_labels(self.view, self._facts)
        comes = self.comes(())
        settings = self.repo.settings
        approval = settings.fork_approval if isinstance(settings, RepositorySettings) else ""
        # A fork of a private repository is no outsider's, and a run that always waits is let
        # through by a person each time; newcomers' first run alone is no barrier.
        is_private = isinstance(settings, RepositorySettings) and settings.is_public is False
        if not labels or comes is None or is_private or approval == "all_external_contributors":
            return
        job = self.view.job
        at = job.runs_on[0].location(job.path) if job.runs_on else job.at
        way = Way(
            kind=WayIn.RUNNER,
            actor=comes.actor,
            who=self._who(comes.actor, comes.start),
            view=self.view,
            at=at,
            what=f"a fork's pull request runs on `{' '.join(sorted(labels))}`",
            anchor=" ".join(sorted(labels)),
            route=self.route,
            trigger=self.trigger,
            start=comes.start,
            cut=Cut(what="run pull requests on GitHub's machines", at=at),
            state=comes.state,
            after_merge=True,
            is_fork_run=True,
        )
        if isinstance(approval, Unseen) or not approval:
            waits = PathNeed(
                what="which pull requests of forks wait for an approval",
                need=Need.ADMINISTRATION,
                permission="Administration: read",
            )
            way = way.doubted(PathState.DEFAULT, waits)
        yield way

    def _guarded(self, way: Way, last: PlacedStep) -> Way | None:
        """The way past the guards of the job: None where one closes it."""
        if (question := question_before(self.view, last)) is not None:
            way = way.doubted(PathState.OPEN, question)
        for doubt in environments_before(self.repo, self.view, self.route, self._facts):
            if doubt.is_closed:
                return None
            way = way.doubted(PathState.OPEN, *doubt.needs)
        return way


def own_labels(view: JobView, facts: Facts | None = None) -> frozenset[str]:
    """The labels of a job that surely asks for a machine of the repository's own, if not for one
    of GitHub's that its matrix or an expression names beside it; none otherwise. Larger and
    rented machines have labels of their own too, so only the label ``self-hosted`` counts.
    ``facts`` are known of the run.
    """
    if not any("${{" in s.value or s.value.lower() == _OWN_MACHINE for s in view.job.runs_on):
        return frozenset()
    known = [label for label in labels_of(view.job, facts) if label.is_known]
    plain = {label.text for label in known if label.scalar in view.job.runs_on and label.is_spelled}
    labels = frozenset(
        label.text.lower() for label in known if not label.is_hosted or label.text in plain
    )
    return labels if _OWN_MACHINE in labels else frozenset()


def merges(view: JobView, placed: PlacedStep) -> tuple[Location, str] | None:
    """What of a step merges a pull request: where, and by what."""
    uses = placed.step.uses
    if uses is not None and uses.action in MERGERS:
        return placed.at(uses.raw), uses.slug
    for command in view.commands(placed):
        if command.words[:3] == ("gh", "pr", "merge") and "--disable-auto" not in command.words:
            return placed.at(line=command.line), "gh pr merge"
        if command.program not in {"gh", "curl"}:
            continue
        if MERGE_CALL.search(replace_fences(" ".join(command.words), "N")):
            return placed.at(line=command.line), f"{command.program} … merge"
    script = placed.step.input("script")
    if uses is not None and uses.action == "actions/github-script" and script is not None:
        found = MERGE_CALL.search(script.value)
        if found is not None:
            return placed.at(line=script.line_at(found.start())), found[0]
    return None
