"""Finds how one person with write access can publish without a second person.

That is by a tag or release of one's own, by an update of a bot, and by a merge without review.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.conditions import passage, publishing_steps
from audits.analysis.exposure.jobs import JobView
from audits.analysis.exposure.release_view import ReleaseView
from audits.analysis.exposure.rules import CHECKED_MERGERS
from audits.analysis.exposure.settings import ApprovalRule, approval_rules, cut_words
from audits.analysis.exposure.sinks import Drain
from audits.analysis.exposure.ways_in import Way, merges
from audits.analysis.outsiders import LISTED_EVENTS, RequiredAccess, RunRights
from audits.analysis.taint import Tracer
from audits.analysis.untrusted_inputs import Setter, code_of
from audits.model.exposure import Actor, Cut, PathNeed, PathState, Sink, WayIn
from audits.model.location import Location
from audits.model.publication import Channel
from audits.model.registry import Registry
from audits.model.repository import Repository
from audits.model.settings import Need
from audits.model.wording import and_list

_WRITER = "anyone with write access"
_ANY_SCOPE = frozenset({RunRights.REPOSITORY, RunRights.FORK})
_NOT_OF_GITHUB = frozenset(
    {Registry.PYPI, Registry.NPM, Registry.CRATES, Registry.RUBYGEMS, Registry.NUGET, Registry.JSR}
)
"""Registries whose production index the job's own token does not open."""
_BOT_WORDS = ("[bot]", "dependabot", "renovate")


def writer_paths(
    repo: Repository, view: JobView, release: ReleaseView
) -> Iterator[tuple[Way, Drain]]:
    """The path of a single person with write access, unless two were seen to be needed."""
    rules = () if _is_open_to_writers(release) else approval_rules(repo, release.publication)
    failing = [rule for rule in rules if rule.holds is False]
    unseen = [rule for rule in rules if rule.holds is None]
    if rules and not failing and not unseen:
        return
    staged = _only_stages(release)
    state = PathState.OPEN if staged or (rules and not failing) else PathState.SEEN
    at = _place(release)
    cuts = _cuts(release, failing)
    yield (
        Way(
            kind=WayIn.WRITER,
            actor=Actor.ONE_WRITER,
            who=_WRITER,
            view=view,
            at=at,
            what=_what(release, failing),
            anchor="writer",
            cut=next(iter(cuts), None),
            cuts=cuts[1:],
            state=state,
            needs=(*staged, *(() if failing else _needs(unseen))),
        ),
        _proof(release),
    )


def _only_stages(release: ReleaseView) -> tuple[PathNeed, ...]:
    """What would tell whether a person on the registry's side lets every release through: a
    publisher or token that may only stage, as this workflow does.
    """
    if "stage" not in release.publication.mechanism.split():
        return ()
    what = "whether the registry's publisher or token may only stage releases"
    return (PathNeed(what=what, need=Need.INDEX),)


def _is_open_to_writers(release: ReleaseView) -> bool:
    """Whether writers can publish whatever environment the job names: the built-in token does."""
    publication = release.publication
    if publication.registry is Registry.GITHUB_RELEASE:
        return True
    return (
        not release.by_identity
        and not publication.stored_credentials
        and publication.auth == "none"
    )


def _needs(unseen: list[ApprovalRule]) -> tuple[PathNeed, ...]:
    return tuple(dict.fromkeys(rule.need for rule in unseen if rule.need is not None))


def _place(release: ReleaseView) -> Location:
    stored = release.publication.stored_credentials
    here = [c.at for c in stored if c.at.path == release.publication.workflow.path]
    return here[0] if here else release.at


def _what(release: ReleaseView, failing: list[ApprovalRule]) -> str:
    publication = release.publication
    if failing:
        return f"one person can release alone: {failing[0].fault}"
    environment = release.environment
    if environment and not _is_open_to_writers(release):
        return f"the release runs in environment {environment}, whose rules decide"
    if publication.stored_credentials:
        return "a workflow that is pushed to any branch can read the stored credential"
    if release.by_identity:
        return "the publish workflow, changed on a branch, gets the identity: the registry matches repository and file"
    if publication.registry in _NOT_OF_GITHUB and publication.channel is Channel.PRODUCTION:
        return "a workflow that is pushed to any branch can publish as this one does, with a credential that was not seen"
    return "a workflow that is pushed to any branch can publish with the built-in token"


def _cuts(release: ReleaseView, failing: list[ApprovalRule]) -> tuple[Cut, ...]:
    """What asks for a second person; nothing does where the built-in token publishes, which a
    workflow of any branch has, whatever environment this one names.
    """
    at = release.at
    if _is_open_to_writers(release):
        what = "let a ruleset say who may create release tags"
        on_releases = release.publication.registry in {
            Registry.GITHUB_RELEASE,
            Registry.GORELEASER,
        }
        return (Cut(what=what, at=at, settings=True),) if on_releases else ()
    if failing:
        # Only all of them together need a second person.
        return (Cut(what=cut_words(failing, release.environment), at=at, settings=True),)
    if release.environment:
        return (
            Cut(
                what=f"require a reviewer other than the author in environment {release.environment}, "
                "and bind the release to it",
                at=at,
                settings=True,
            ),
        )
    stored = dict.fromkeys(c.secret for c in release.publication.stored_credentials if c.secret)
    if stored and not release.by_identity:
        named = and_list(name.upper() for name in stored)
        what = (
            f"keep {named} in an environment with a required reviewer and nowhere else, and publish "
            "from it"
        )
        return (Cut(what=what, at=at),)
    return (
        Cut(what="publish from a protected environment that the registry's publisher names", at=at),
    )


def _proof(release: ReleaseView) -> Drain:
    """What the release proves itself by, as a sink."""
    publication = release.publication
    if publication.stored_credentials:
        sink, what = Sink.SECRET, "the stored credential publishes from anywhere"
    elif release.by_identity:
        sink, what = Sink.IDENTITY, "the identity of the publish workflow"
    else:
        sink, what = Sink.PUBLISHES, "the job publishes"
    return Drain(
        sink=sink,
        at=publication.job.at,
        what=what,
        starts="anywhere" if sink is Sink.SECRET else "push",
        job=publication.job.id,
    )


def writer_words(repo: Repository, view: JobView) -> Iterator[Way]:
    """A name that people with write access choose becomes code in a job on the way."""
    for placed in view.steps:
        tracer = Tracer(repo, view.site(placed))
        for text in code_of(placed.step):
            for offset, taint in tracer.code_taints(text):
                if taint.setter is not Setter.WRITER:
                    continue
                at = placed.at(line=text.line_at(offset))
                name = taint.context.name
                yield Way(
                    kind=WayIn.WRITER_WORDS,
                    actor=Actor.ONE_WRITER,
                    who=_WRITER,
                    view=view,
                    at=at,
                    what=f"`{name}` becomes code",
                    anchor=name,
                    cut=Cut(what=f"hand `{name}` over in `env:` and read the variable", at=at),
                )
                return


def update_ways(repo: Repository, view: JobView) -> Iterator[Way]:
    """Updates of a bot are merged without a person, the author compared."""
    for placed in view.steps:
        merging = merges(view, placed)
        if merging is None or not _is_of_bot(
            view, placed.step.uses.action if placed.step.uses else ""
        ):
            continue
        at, name = merging
        yield Way(
            kind=WayIn.UPDATES,
            actor=Actor.THIRD_PARTY,
            who="whoever publishes an update",
            view=view,
            at=at,
            what=f"`{name}` merges a bot's updates without a person",
            anchor=name,
            cut=Cut(what="let a person merge updates, or wait three days and more", at=at),
            state=PathState.OPEN,
            needs=(PathNeed(what="how long the bot waits", need=Need.WORKFLOW),),
        )
        return


def _is_of_bot(view: JobView, action: str) -> bool:
    conditions = [view.job.condition, *(p.step.condition for p in view.steps)]
    texts = [c.text.value.lower() for c in conditions if c is not None]
    named = any(word in text for text in texts for word in _BOT_WORDS)
    fetched = any(
        p.step.uses is not None and p.step.uses.action == "dependabot/fetch-metadata"
        for p in view.steps
    )
    return named or fetched or action in CHECKED_MERGERS


def starting_ways(repo: Repository, view: JobView, release: ReleaseView) -> Iterator[Way]:
    """People without write access start the release of what the default branch holds."""
    steps = publishing_steps(release.publication)
    for route in release.publication.routes:
        for trigger in route.triggers:
            if trigger.event not in LISTED_EVENTS - {"pull_request"}:
                continue
            found = passage(
                repo, route, trigger, steps, RequiredAccess.NONE, frozenset({RunRights.REPOSITORY})
            )
            if found.runs is False or found.start is None:
                continue
            yield Way(
                kind=WayIn.START,
                actor=Actor.ANYONE,
                who=found.who,
                view=view,
                at=trigger.at,
                what=f"`{trigger.event}` starts the release of what the default branch holds",
                anchor=trigger.event,
                route=route,
                trigger=trigger,
                start=found.start,
                cut=Cut(what="release on tags or releases only", at=trigger.at),
                state=PathState.SEEN if found.runs else PathState.OPEN,
                sets_level=False,
            )
            return
