"""The kinds of runs that an event starts, and the facts known about each beforehand.

Payloads: https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from audits.analysis.outsiders import OUTSIDER_EVENTS, RequiredAccess, RunRights, World, worlds_of
from audits.expressions.evaluate import Facts, Likeness, Prefix, Undecided, Value
from audits.model.repository import Repository
from audits.model.workflow import Trigger


class RefKind(StrEnum):
    """What the ref of a run names."""

    BRANCH = "branch"
    TAG = "tag"
    PULL_REQUEST = "pull request"
    ANY = "any ref"


class Start(Struct, frozen=True, kw_only=True):
    """One kind of run that a trigger starts.

    ``what`` names it for people, ``who`` those that start it, who need ``right`` for that.
    ``scope`` says with what the run is made, and ``owns_subject`` whether what it is about is
    theirs (see `audits.analysis.outsiders`).
    """

    trigger: Trigger
    what: str
    ref: RefKind
    facts: Facts
    who: str = "whoever can write to the repository"
    right: RequiredAccess = RequiredAccess.WRITE
    scope: RunRights = RunRights.REPOSITORY
    owns_subject: bool = True


_PULL_REQUEST = frozenset({"pull_request", "number", "action", "label", "assignee", "changes"})
_PAYLOADS: dict[str, frozenset[str]] = {
    "push": frozenset(
        {
            "ref",
            "base_ref",
            "before",
            "after",
            "created",
            "deleted",
            "forced",
            "compare",
            "commits",
            "head_commit",
            "pusher",
        }
    ),
    "create": frozenset({"ref", "ref_type", "master_branch", "pusher_type"}),
    "release": frozenset({"release", "action", "changes"}),
    "pull_request": _PULL_REQUEST,
    "pull_request_target": _PULL_REQUEST,
    "pull_request_review": frozenset({"pull_request", "review", "action", "changes"}),
    "pull_request_review_comment": frozenset({"pull_request", "comment", "action", "changes"}),
    "merge_group": frozenset({"merge_group", "action"}),
    "workflow_run": frozenset({"workflow_run", "workflow", "action"}),
    "issue_comment": frozenset({"issue", "comment", "action", "changes"}),
    "issues": frozenset({"issue", "action", "changes", "label", "assignee", "milestone"}),
    "discussion": frozenset({"discussion", "action", "changes", "label", "answer"}),
    "discussion_comment": frozenset({"discussion", "comment", "action", "changes"}),
    "commit_comment": frozenset({"comment", "action"}),
    "watch": frozenset({"action"}),
    "fork": frozenset({"forkee"}),
    "gollum": frozenset({"pages"}),
    "workflow_dispatch": frozenset({"inputs", "ref", "workflow"}),
    "schedule": frozenset({"schedule", "workflow"}),
}
_OF_PULL_REQUEST = (
    "github.head_ref",
    "github.base_ref",
    *(
        f"github.event.pull_request{part}"
        for part in (
            "",
            ".number",
            ".head",
            ".head.ref",
            ".head.sha",
            ".base",
            ".base.ref",
            ".user",
        )
    ),
)
# What the payload of an event always has, and never empty.
_FILLED: dict[str, tuple[str, ...]] = {
    "pull_request": (*_OF_PULL_REQUEST, "github.event.number"),
    "pull_request_target": (*_OF_PULL_REQUEST, "github.event.number"),
    "pull_request_review": (*_OF_PULL_REQUEST, "github.event.review"),
    "pull_request_review_comment": (*_OF_PULL_REQUEST, "github.event.comment"),
    "issues": ("github.event.issue", "github.event.issue.number"),
    "issue_comment": (
        "github.event.issue",
        "github.event.issue.number",
        "github.event.comment",
        "github.event.comment.body",
    ),
    "discussion": ("github.event.discussion",),
    "discussion_comment": ("github.event.discussion", "github.event.comment"),
    "commit_comment": ("github.event.comment",),
    "release": ("github.event.release",),
    "workflow_run": (
        "github.event.workflow_run",
        "github.event.workflow_run.id",
        "github.event.workflow_run.head_sha",
    ),
}
_EVERY_PAYLOAD = frozenset(name for names in _PAYLOADS.values() for name in names)
_OWN_NAMES = (
    "github.repository",
    "github.repository_id",
    "github.repository_owner",
    "github.repository_owner_id",
    "github.event.repository.full_name",
    "github.event.repository.name",
    "github.event.repository.id",
    "github.event.repository.owner.login",
    "github.event.repository.owner.name",
)
# A branch that no condition names: whoever can push, can push it.
_SOME_BRANCH = "any-branch-at-all"
_DEFAULT_BRANCH = "the-default-branch"
# Merging and labelling are acts of someone with rights: a condition on them is a guard.
_UNMERGED: dict[str, Value] = {
    "github.event.pull_request.merged": False,
    "github.event.pull_request.merged_at": None,
    "github.event.pull_request.labels.*.name": (),
    "github.event.label.*": None,
    "github.event.label": None,
}
_REVIEWS = frozenset({"pull_request_review", "pull_request_review_comment"})


def starts_of(repo: Repository, trigger: Trigger) -> tuple[Start, ...]:
    """The kinds of runs that a trigger of a repository starts; none for ``workflow_call``."""
    return repo.once_for((starts_of, trigger.at), lambda: tuple(_starts_of(repo, trigger)))


def outsider_starts(repo: Repository, trigger: Trigger) -> tuple[Start, ...]:
    """The runs of a trigger that people without write access have a hand in: those they start
    by themselves first, then what people with rights start on what outsiders brought.

    None for events that take write access. Those of ``pull_request`` run with the rights of a
    fork.
    """
    key = (outsider_starts, trigger.at)
    return repo.once_for(key, lambda: tuple(_outsider_starts(repo, trigger)))


def facts_of_outsiders(repo: Repository, trigger: Trigger) -> Facts:
    """What is known of every run of a trigger that people without write access start."""
    return repo.once_for(
        (facts_of_outsiders, trigger.at), lambda: _shared(outsider_starts(repo, trigger))
    )


def _shared(starts: Iterable[Start]) -> Facts:
    first, *others = [s.facts for s in starts if s.right is not RequiredAccess.WRITE] or [{}]
    return {
        name: value
        for name, value in first.items()
        if all(name in facts and facts[name] == value for facts in others)
    }


def _outsider_starts(repo: Repository, trigger: Trigger) -> Iterator[Start]:
    event = trigger.event
    on_pull_request = event in _REVIEWS or event == "pull_request"
    kind = RefKind.PULL_REQUEST if on_pull_request else RefKind.BRANCH
    place = _ref("refs/pull/" if on_pull_request else "refs/heads/", RefKind.BRANCH)
    for world in worlds_of(repo, trigger):
        yield _start(trigger, f"`{event}`", kind, {**place, **world.facts}, world)


def _starts_of(repo: Repository, trigger: Trigger) -> Iterator[Start]:
    match trigger.event:
        case "push":
            if not _excludes(trigger.branches, trigger.branches_ignore, trigger.tags is not None):
                yield _start(trigger, "a push to a branch", RefKind.BRANCH, _branch())
            if not _excludes(trigger.tags, trigger.tags_ignore, trigger.branches is not None):
                yield _start(trigger, "a push of a tag", RefKind.TAG, _tag(trigger.tags))
        case "create":
            yield _start(trigger, "a new branch", RefKind.BRANCH, _branch())
            yield _start(trigger, "a new tag", RefKind.TAG, _tag(None))
        case "release":
            yield _start(trigger, "a release", RefKind.TAG, _tag(None))
        case "pull_request":
            facts = _ref("refs/pull/", RefKind.BRANCH) | _UNMERGED
            yield _start(trigger, "a pull request", RefKind.PULL_REQUEST, facts)
        case "merge_group":
            facts = _ref("refs/heads/gh-readonly-queue/", RefKind.BRANCH)
            yield _start(trigger, "the merge queue", RefKind.BRANCH, facts)
        case "schedule":
            facts = _ref("refs/heads/", RefKind.BRANCH)
            yield _start(trigger, "the schedule", RefKind.BRANCH, facts)
        case event if event in OUTSIDER_EVENTS:
            yield from outsider_starts(repo, trigger)
        case "workflow_call":
            return
        case event:
            yield _start(trigger, f"`{event}`", RefKind.ANY, {})


def _excludes(
    only: tuple[str, ...] | None, ignored: tuple[str, ...] | None, others_named: bool
) -> bool:
    """Whether filters keep out every ref of one kind.

    Where only refs of the other kind are filtered, those of this kind start nothing.
    """
    if only is None and ignored is None:
        return others_named
    if ignored is not None and any(pattern in {"**", "*"} for pattern in ignored):
        return True
    return only is not None and all(pattern.startswith("!") for pattern in only)


def _start(
    trigger: Trigger,
    what: str,
    ref: RefKind,
    facts: dict[str, Value],
    world: World | None = None,
) -> Start:
    event = trigger.event
    known: dict[str, Value] = {**_facts_of(event), "github.event_name": event}
    if "action" in _PAYLOADS.get(event, ()):
        types = trigger.types or ()
        known["github.event.action"] = types[0] if len(types) == 1 else Undecided(True)
    known |= {name: value for name, value in facts.items() if _applies(name, event)}
    if world is None:
        return Start(trigger=trigger, what=what, ref=ref, facts=known)
    return Start(
        trigger=trigger,
        what=what,
        ref=ref,
        facts=known,
        who=world.who,
        right=world.right,
        scope=world.scope,
        owns_subject=world.owns_subject,
    )


@lru_cache(maxsize=64)
def _facts_of(event: str) -> Facts:
    """What is known of any run that an event starts."""
    known: dict[str, Value] = dict.fromkeys(_OWN_NAMES, Likeness.OWN)
    known["github.event.repository.fork"] = False
    known["github.sha"] = Undecided(True)
    known |= dict.fromkeys(_FILLED.get(event, ()), Undecided(True))
    if event in _PAYLOADS:
        for name in _EVERY_PAYLOAD - _PAYLOADS[event]:
            known |= {f"github.event.{name}": None, f"github.event.{name}.*": None}
        if not event.startswith("pull_request"):
            known |= {"github.head_ref": "", "github.base_ref": ""}
        if event != "workflow_dispatch":
            known |= {"inputs": None, "inputs.*": None}
    return known


@lru_cache(maxsize=2048)
def _applies(name: str, event: str) -> bool:
    """Whether the event's payload has the part that a fact speaks of."""
    parts = name.split(".")
    if parts[:2] != ["github", "event"] or parts[2] in {"sender", "repository"}:
        return True
    return parts[2] in _PAYLOADS.get(event, _EVERY_PAYLOAD)


def _branch() -> dict[str, Value]:
    ref = f"refs/heads/{_SOME_BRANCH}"
    return {
        "github.ref": ref,
        "github.event.ref": ref,
        "github.ref_name": _SOME_BRANCH,
        "github.ref_type": "branch",
        "github.event.ref_type": "branch",
        "github.event.base_ref": None,
        "github.event.deleted": False,
        "github.event.repository.default_branch": _DEFAULT_BRANCH,
    }


def _tag(patterns: tuple[str, ...] | None) -> dict[str, Value]:
    start = ""
    if patterns is not None and len(patterns) == 1:
        start = re.split(r"[*?+\[\]!\\]", patterns[0])[0]
        # The character before ``?`` or ``+`` may be missing or repeated.
        start = start[:-1] if patterns[0][len(start) : len(start) + 1] in {"?", "+"} else start
    ref = Prefix(f"refs/tags/{start}")
    return {
        "github.ref": ref,
        "github.event.ref": ref,
        "github.ref_name": Prefix(start),
        "github.ref_type": "tag",
        "github.event.ref_type": "tag",
        "github.event.deleted": False,
        "github.event.release.draft": False,
        "github.event.repository.default_branch": _DEFAULT_BRANCH,
        "github.event.release.tag_name": Prefix(start),
    }


def _ref(start: str, kind: RefKind) -> dict[str, Value]:
    return {
        "github.ref": Prefix(start),
        "github.ref_name": Undecided(True),
        "github.ref_type": kind,
    }
