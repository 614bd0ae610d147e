"""Events that people without write access can trigger, and the facts known about those runs.

One place for all that ask: conditions, `dangerous-trigger`, `template-injection` and exposure.
The events and their activity types:
https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
What triage adds to what everybody may do:
https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from itertools import product

from msgspec import Struct
from msgspec.structs import replace

from audits.expressions.evaluate import Facts, Likeness, Undecided, Value
from audits.model.repository import Repository
from audits.model.workflow import Trigger


class RequiredAccess(IntEnum):
    """The access to the repository that it takes to start a run, in rising order."""

    NONE = 0
    TRIAGE = 1
    WRITE = 2


class RunRights(StrEnum):
    """With whose rights a run that an outsider starts is made."""

    REPOSITORY = "the repository's token and secrets"
    FORK = "a token that reads, and no secrets"


class World(Struct, frozen=True, kw_only=True):
    """One way in which people set off an event, with what is then known of the run.

    ``who`` names them for people. ``owns_subject``: the pull request, issue or discussion that
    the run is about is an outsider's too, not only the words that were added to it.
    """

    who: str
    right: RequiredAccess
    facts: Facts
    scope: RunRights = RunRights.REPOSITORY
    owns_subject: bool = True


class _Event(Struct, frozen=True, kw_only=True):
    """An event that people without write access set off.

    ``subject`` is what it is about and ``voice`` what was added to it, as the payload names
    them; ``types`` are the activity types that need no right, ``restricted`` those that take
    triage, ``default`` those of a trigger that names none (all where empty).
    """

    subject: str = ""
    voice: str = ""
    types: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()
    default: tuple[str, ...] = ()
    is_pull_request: bool = False
    from_fork: bool = False


_LABELS = ("labeled", "unlabeled", "assigned", "unassigned", "milestoned", "demilestoned")
_LOCKS = ("locked", "unlocked")
_PULL_REQUEST_TYPES = (
    "opened",
    "synchronize",
    "reopened",
    "edited",
    "closed",
    "ready_for_review",
    "converted_to_draft",
)
_PULL_REQUEST_RIGHTS = (
    *_LABELS,
    *_LOCKS,
    "review_requested",
    "review_request_removed",
    "auto_merge_enabled",
    "auto_merge_disabled",
    "enqueued",
    "dequeued",
)
_PULL_REQUEST_DEFAULT = ("opened", "synchronize", "reopened")
_COMMENT_TYPES = ("created", "edited", "deleted")

_EVENTS: dict[str, _Event] = {
    "pull_request_target": _Event(
        subject="pull_request",
        types=_PULL_REQUEST_TYPES,
        restricted=_PULL_REQUEST_RIGHTS,
        default=_PULL_REQUEST_DEFAULT,
        is_pull_request=True,
    ),
    "pull_request": _Event(
        subject="pull_request",
        types=_PULL_REQUEST_TYPES,
        restricted=_PULL_REQUEST_RIGHTS,
        default=_PULL_REQUEST_DEFAULT,
        is_pull_request=True,
        from_fork=True,
    ),
    "pull_request_review": _Event(
        subject="pull_request",
        voice="review",
        types=("submitted", "edited"),
        restricted=("dismissed",),
        is_pull_request=True,
        from_fork=True,
    ),
    "pull_request_review_comment": _Event(
        subject="pull_request",
        voice="comment",
        types=_COMMENT_TYPES,
        is_pull_request=True,
        from_fork=True,
    ),
    "issue_comment": _Event(
        subject="issue",
        voice="comment",
        types=_COMMENT_TYPES,
    ),
    "issues": _Event(
        subject="issue",
        types=("opened", "edited", "closed", "reopened"),
        restricted=(
            *_LABELS,
            *_LOCKS,
            "deleted",
            "transferred",
            "pinned",
            "unpinned",
            "typed",
            "untyped",
            "field_added",
            "field_removed",
        ),
    ),
    "discussion": _Event(
        subject="discussion",
        types=("created", "edited", "closed", "reopened", "answered", "unanswered"),
        restricted=(
            "labeled",
            "unlabeled",
            *_LOCKS,
            "deleted",
            "transferred",
            "pinned",
            "unpinned",
            "category_changed",
        ),
    ),
    "discussion_comment": _Event(subject="discussion", voice="comment", types=_COMMENT_TYPES),
    "commit_comment": _Event(voice="comment", types=("created",)),
    "workflow_run": _Event(
        subject="workflow_run",
        types=("completed", "requested", "in_progress"),
    ),
    "watch": _Event(types=("started",)),
    "fork": _Event(),
    "gollum": _Event(),
}

LISTED_EVENTS = frozenset(_EVENTS)
"""Events that outsiders set off, with whatever rights."""

OUTSIDER_EVENTS = LISTED_EVENTS - {"pull_request"}
"""Events that outsiders set off and that run, always or where a pull request comes from a branch
of the repository, with the repository's own rights.
"""


class _Mentions(Struct, frozen=True):
    """What the workflows of a repository compare people with; what they do not, is not tried."""

    association: bool
    labels: bool
    searches: bool
    action: bool
    run_event: bool
    bots: tuple[str, ...]


# A name of GitHub's has 39 characters at most; unbounded, a long word takes its length squared.
_BOT = re.compile(r"(?<![\w-])[\w-]{1,60}\[bot\]")
_SEARCHES = ("contains", "startswith", "endswith")
_SEARCH = re.compile(rf"\b(?:{'|'.join(_SEARCHES)})\s*\(")
# Whoever makes another's pull request move (a comment `@dependabot recreate` on a fork's) is the
# actor of the run: https://www.synacktiv.com/publications/github-actions-exploitation-dependabot
_USUAL_BOT = "dependabot[bot]"
_BOT_IDS = {"49699333": _USUAL_BOT, "29139614": "renovate[bot]"}
# What its token does starts no run: nobody makes it the actor of one.
_NEVER_ACTS = "github-actions[bot]"
_MOST_BOTS = 8


def _mentions(repo: Repository) -> _Mentions:
    text = "\n".join(workflow.source.text for workflow in repo.workflows).lower()
    lines = text.splitlines() if "[bot]" in text else ()
    bots = dict.fromkeys(bot for line in lines if "[bot]" in line for bot in _BOT.findall(line))
    bots |= dict.fromkeys(bot for number, bot in _BOT_IDS.items() if number in text)
    if "[bot]" in text or "'bot'" in text:
        bots[_USUAL_BOT] = None
    bots.pop(_NEVER_ACTS, None)
    return _Mentions(
        association="author_association" in text,
        labels=".labels" in text,
        searches=any(map(text.__contains__, _SEARCHES)) and _SEARCH.search(text) is not None,
        action="event.action" in text,
        run_event="workflow_run.event" in text,
        bots=tuple(bots)[:_MOST_BOTS],
    )


def worlds_of(repo: Repository, trigger: Trigger) -> tuple[World, ...]:
    """How people set off an event, those who need no right first; none for other events.

    Each is a different set of facts; the first that comes past all conditions tells who can.
    """
    event = _EVENTS.get(trigger.event)
    if event is None:
        return ()
    mentions = repo.once(_mentions)
    run_events = _run_events(repo, trigger) if mentions.run_event else ("pull_request",)
    return tuple(_worlds(trigger, event, mentions, run_events))


def _run_events(repo: Repository, trigger: Trigger) -> tuple[str, ...]:
    """The events of the run before it that an outsider may have set off.

    Their pull request can bring a workflow of the awaited name, which `pull_request` starts;
    `pull_request_target` starts only those of the repository.
    """
    awaited = {name.lower() for name in trigger.workflows}
    own = any(
        workflow.trigger("pull_request_target") is not None
        for workflow in repo.workflows
        if workflow.name is not None and workflow.name.value.lower() in awaited
    )
    return ("pull_request", "pull_request_target") if own else ("pull_request",)


def _worlds(
    trigger: Trigger, event: _Event, mentions: _Mentions, run_events: tuple[str, ...]
) -> Iterator[World]:
    types = trigger.types or event.default or (*event.types, *event.restricted)
    free = [kind for kind in types if kind not in event.restricted]
    owned = (True,) if not event.voice or not event.subject else (True, False)
    people = [
        _speaking(event, person, own)
        for person, own in product(_people(event, mentions, run_events), owned)
    ]
    if not event.types:
        yield from people
    for action in _actions(free, mentions) if event.types else ():
        for person in people:
            yield _with(person, {"github.event.action": action})
    if event.is_pull_request and mentions.labels and "labeled" in types:
        yield from _labelled(event, people, [kind for kind in free if kind != "opened"], mentions)
    if restricted := [kind for kind in types if kind in event.restricted]:
        for action in _actions(restricted, mentions):
            facts = {**_insider_facts(event), "github.event.action": action}
            yield World(who="whoever may triage", right=RequiredAccess.TRIAGE, facts=facts)
    for action in _actions([*types], mentions) if event.types else (Undecided(True),):
        facts = {**_insider_facts(event), "github.event.action": action}
        yield World(
            who="whoever can write to the repository", right=RequiredAccess.WRITE, facts=facts
        )


def _labelled(
    event: _Event, people: list[World], types: list[str], mentions: _Mentions
) -> Iterator[World]:
    """Those whose pull request somebody labelled before: where labelling starts a workflow, the
    label stays when they push more. Elsewhere a condition on a label counts as a guard.
    """
    name = f"github.event.{event.subject}"
    labels: dict[str, Value] = dict.fromkeys(
        (f"{name}.labels", f"{name}.labels.*.name", f"{name}.labels.[].name"), Undecided(True)
    )
    for action in _actions(types, mentions) if types else ():
        for person in people:
            found = _with(person, {**labels, "github.event.action": action})
            yield replace(found, who=f"{person.who}, once one pull request is labelled,")


def _actions(types: list[str], mentions: _Mentions) -> list[Value]:
    """The values of ``github.event.action`` to try: each where a workflow reads it."""
    if len(types) <= 1 or mentions.action:
        return [*types]
    return [Undecided(True)]


class _Person(Struct, frozen=True, kw_only=True):
    who: str
    login: Value
    actor: Value
    association: Value
    run_event: str = "pull_request"
    is_bot: bool = False


_ASSOCIATIONS = (
    ("NONE", "anyone"),
    ("FIRST_TIME_CONTRIBUTOR", "a first-time contributor"),
    ("FIRST_TIMER", "somebody new to GitHub"),
    ("CONTRIBUTOR", "whoever had one change merged"),
)
_FOREIGN, _CHOSEN = Likeness.FOREIGN, Likeness.CHOSEN


def _people(event: _Event, mentions: _Mentions, run_events: tuple[str, ...]) -> Iterator[_Person]:
    """Those who may come, from the plainest on."""
    associations = _ASSOCIATIONS if mentions.association else _ASSOCIATIONS[:1]
    for run_event, (association, who) in product(run_events, associations):
        yield _Person(
            who=who,
            login=_FOREIGN,
            actor=_FOREIGN,
            association=association,
            run_event=run_event,
        )
    if mentions.searches:
        for association, _ in associations:
            who = "an account whose name passes the search"
            yield _Person(who=who, login=_CHOSEN, actor=_CHOSEN, association=association)
    if event.is_pull_request or event.subject == "workflow_run":
        for bot, (association, _) in product(mentions.bots, associations):
            who = f"anyone who makes `{bot}` act on their own pull request"
            yield _Person(who=who, login=_FOREIGN, actor=bot, association=association, is_bot=True)


def _speaking(event: _Event, person: _Person, own: bool) -> World:
    """A person setting off an event on something of theirs, or of somebody else's."""
    facts = {**_actor_facts(person), **_unmerged(event)}
    if event.voice:
        facts |= _author_facts(event.voice, person)
    if event.subject and own:
        facts |= _author_facts(event.subject, person)
        facts |= _source_facts(event, person)
    fork = event.from_fork and own
    return World(
        who=person.who if own or person.who != "anyone" else "anyone, on what others began",
        right=RequiredAccess.NONE,
        facts=facts,
        scope=RunRights.FORK if fork else RunRights.REPOSITORY,
        owns_subject=own,
    )


def _actor_facts(person: _Person) -> dict[str, Value]:
    return {
        "github.actor": person.actor,
        "github.actor_id": person.actor if not person.is_bot else Undecided(True),
        "github.triggering_actor": person.actor,
        "github.event.sender.login": person.actor,
        "github.event.sender.id": person.actor if not person.is_bot else Undecided(True),
        "github.event.sender.type": "Bot" if person.is_bot else "User",
    }


def _author_facts(part: str, person: _Person) -> dict[str, Value]:
    """What is known of who wrote a part of the payload."""
    name = f"github.event.{part}"
    if part == "workflow_run":
        return {
            f"{name}.event": person.run_event,
            f"{name}.actor.login": person.actor,
            f"{name}.actor.type": "Bot" if person.is_bot else "User",
            f"{name}.triggering_actor.login": person.actor,
            f"{name}.triggering_actor.type": "Bot" if person.is_bot else "User",
        }
    return {
        f"{name}.author_association": person.association,
        f"{name}.user.login": person.login,
        f"{name}.user.id": person.login,
        f"{name}.user.type": "User",
    }


def _source_facts(event: _Event, person: _Person) -> dict[str, Value]:
    """Where the branch of an outsider's pull request, or of their run, comes from."""
    if event.subject == "workflow_run":
        head = "github.event.workflow_run.head_repository"
        return {**_repository_facts(head, person.login), f"{head}.fork": True}
    if not event.is_pull_request:
        return {}
    head = "github.event.pull_request.head"
    return {
        **_repository_facts(f"{head}.repo", person.login),
        f"{head}.repo.fork": True,
        f"{head}.user.login": person.login,
        f"{head}.user.id": person.login,
        f"{head}.label": person.login,
    }


def _repository_facts(name: str, value: Value) -> dict[str, Value]:
    parts = ("full_name", "id", "node_id", "html_url", "url", "owner.login", "owner.id")
    return {f"{name}.{part}": value for part in parts}


# Merging, labelling, locking and assigning are acts of people with rights: a condition on them
# is a guard.
_ACTS: dict[str, Value] = {
    "labels": (),
    "labels.*.name": (),
    "labels.[].name": None,
    "assignee": None,
    "assignees": (),
    "assignees.*.login": (),
    "milestone": None,
    "milestone.*": None,
    "locked": False,
}
_MERGE: dict[str, Value] = {
    "merged": False,
    "merged_at": None,
    "merged_by": None,
    "auto_merge": None,
    "requested_reviewers": (),
    "requested_teams": (),
}


def _own_facts() -> dict[str, Value]:
    found = _repository_facts("github.event.pull_request.base.repo", Likeness.OWN)
    found |= _repository_facts("github.event.workflow_run.repository", Likeness.OWN)
    found["github.event.pull_request.base.user.login"] = Likeness.OWN
    return found


_OWN = _own_facts()


def _unmerged(event: _Event) -> dict[str, Value]:
    found: dict[str, Value] = {**_OWN, "github.event.label": None, "github.event.label.*": None}
    if event.subject and event.subject != "workflow_run":
        name = f"github.event.{event.subject}"
        acts = {**_ACTS, **(_MERGE if event.is_pull_request else {})}
        found |= {f"{name}.{act}": value for act, value in acts.items()}
    return found


def _insider_facts(event: _Event) -> dict[str, Value]:
    """What is known where somebody with rights acts: they may act on what an outsider brought,
    and say whatever they like.
    """
    return dict(_OWN) if event.is_pull_request or event.subject == "workflow_run" else {}


def _with(world: World, facts: dict[str, Value]) -> World:
    return World(
        who=world.who,
        right=world.right,
        facts={**world.facts, **facts},
        scope=world.scope,
        owns_subject=world.owns_subject,
    )
