"""The tags that start a release, and whether rulesets cover them.

Whether one set of patterns covers another is tried on tags that the first one takes, so that
what is called uncovered always comes with a tag that proves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from audits.analysis.environment_names import can_run, conditions_of
from audits.expressions.evaluate import Facts
from audits.expressions.globs import filter_takes, pieces, ranges_of, ruleset_matches
from audits.model.publication import Publication, Route
from audits.model.settings import BranchRuleset, TagRuleset, Unseen
from audits.model.workflow import Trigger

_EVERY = "~ALL"
_PREFIX = "refs/tags/"
_BRANCHES = "refs/heads/"
_VERSION = "1.2.3"
# The rule that keeps a new tag from being made; those on updates and deletions leave that to
# everyone who may write:
# https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
_CREATION = "creation"
# Roles that everyone with write access has:
# https://docs.github.com/en/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization
_ROLES_OF_WRITERS = frozenset({"read", "triage", "write"})
_MOST_PACKAGES = 20
"""Packages of one publication whose names are tried in tags."""


class TagStart(Struct, frozen=True, kw_only=True):
    """A trigger that tags set off. ``tags`` are samples of the tags that do.

    ``named`` where the workflow itself says which tags: then all of them must be covered.
    Where any tag will do, it is enough that the usual names of releases are.
    """

    route: Route
    trigger: Trigger
    tags: tuple[str, ...]
    named: bool


def tag_starts(publication: Publication) -> Iterator[TagStart]:
    """The triggers by which a tag can start a publication."""
    for route in publication.routes:
        conditions = conditions_of(publication, route)
        for trigger in route.triggers:
            if trigger.event not in {"push", "release", "create"}:
                continue
            named = trigger.event == "push" and bool(trigger.tags)
            samples = _taken(trigger.tags or ()) if named else _usual(publication)
            if trigger.event == "push":
                if not _takes_tags(trigger):
                    continue
                ignored = trigger.tags_ignore or ()
                samples = [tag for tag in samples if not filter_takes(tag, ignored)]
            possible = tuple(t for t in samples if can_run(conditions, _run(trigger, t)))
            if possible:
                yield TagStart(route=route, trigger=trigger, tags=possible, named=named)


def uncovered(start: TagStart, rulesets: Iterable[TagRuleset]) -> str:
    """A tag that starts the release and that none of the rulesets covers; "" for none."""
    known = list(rulesets)
    bare = [tag for tag in start.tags if not any(covers(ruleset, tag) for ruleset in known)]
    enough = not bare if start.named else len(bare) < len(start.tags)
    return "" if enough else bare[0]


def restricts_creation(ruleset: TagRuleset | BranchRuleset) -> bool:
    """Whether a ruleset says who may make the tags or branches that it covers."""
    return _CREATION in {rule.casefold() for rule in ruleset.rules}


def open_to_writers(ruleset: TagRuleset | BranchRuleset) -> bool | Unseen:
    """Whether everyone who may write may bypass a ruleset."""
    if isinstance(ruleset.bypass, Unseen):
        return ruleset.bypass
    return any(
        actor.always and actor.kind == "role" and actor.name.casefold() in _ROLES_OF_WRITERS
        for actor in ruleset.bypass
    )


def covers(ruleset: TagRuleset | BranchRuleset, name: str) -> bool:
    """Whether a ruleset's conditions take a tag, or a branch that is not the default one."""
    excluded = any(_ruleset_takes(pattern, name) for pattern in ruleset.exclude)
    return not excluded and any(_ruleset_takes(pattern, name) for pattern in ruleset.include)


def made_by_writers(
    names: Iterable[str], rulesets: Iterable[TagRuleset | BranchRuleset]
) -> bool | Unseen:
    """Whether everyone who may write may make one of these tags or branches; not seen where only
    who may bypass a ruleset would tell.
    """
    creating = [ruleset for ruleset in rulesets if restricts_creation(ruleset)]
    unseen: Unseen | None = None
    for name in names:
        opened = [open_to_writers(ruleset) for ruleset in creating if covers(ruleset, name)]
        if False in opened:
            continue
        unknown = next((each for each in opened if isinstance(each, Unseen)), None)
        if unknown is None:
            return True
        unseen = unknown
    return False if unseen is None else unseen


def names_in(pattern: str) -> tuple[str, ...]:
    """A few names that a pattern of an environment's policy takes; the name itself where it
    holds no wildcard.
    """
    return tuple(dict.fromkeys(_samples(pattern.replace("?", "1"))))


def _takes_tags(trigger: Trigger) -> bool:
    """Whether a push of a tag can set a trigger off: filters of branches alone shut tags out."""
    if trigger.tags is not None or trigger.tags_ignore is not None:
        return trigger.tags != ()
    return trigger.branches is None and trigger.branches_ignore is None


def _run(trigger: Trigger, tag: str) -> Facts:
    facts = {"github.event_name": trigger.event, "github.ref_type": "tag", "github.ref_name": tag}
    if trigger.event == "release":
        facts["github.event.release.tag_name"] = tag
    return facts | {"github.ref": f"{_PREFIX}{tag}"}


def _usual(publication: Publication) -> list[str]:
    """Tags as releases usually have them, with the names of the packages too."""
    named = [
        f"{name}{joint}{_VERSION}"
        for name in publication.packages[:_MOST_PACKAGES]
        for joint in ("-v", "-", "/v", "/", "@", "@v", "_v", "==")
    ]
    plain = [f"v{_VERSION}", _VERSION, f"release-{_VERSION}", f"release/{_VERSION}"]
    return [*plain, *named, f"rel-{_VERSION}", f"version-{_VERSION}", f"r{_VERSION}"]


@lru_cache(maxsize=16)
def _taken(patterns: tuple[str, ...]) -> list[str]:
    """Tags that these patterns take, a few for each."""
    samples = (tag for p in patterns if not p.startswith("!") for tag in _samples(p))
    return [tag for tag in dict.fromkeys(samples) if filter_takes(tag, patterns)]


def _samples(pattern: str) -> Iterator[str]:
    """A few texts in the shape of a filter pattern: with versions and with words for stars."""
    several = sum(piece.startswith("*") for piece in pieces(pattern)) > 1
    for star in ("1", "next") if several else (_VERSION, "1", "next"):
        text: list[str] = []
        for piece in pieces(pattern):
            if piece in {"?", "+"}:
                continue
            if piece.startswith("*"):
                text.append(star)
            elif piece.startswith("[") and len(piece) > 1:
                text.append(_member(piece[1:-1]))
            else:
                text.append(piece[-1])
        yield "".join(text)


def _member(members: str) -> str:
    """A character of a set such as ``0-9`` or ``abc``; not the first digit, which is rare."""
    first, last = next(ranges_of(members))
    return chr((ord(first) + ord(last)) // 2) if first <= last else first


def _ruleset_takes(pattern: str, tag: str) -> bool:
    if pattern == _EVERY:
        return True
    if pattern.startswith("~"):
        return False
    return ruleset_matches(pattern.removeprefix(_PREFIX).removeprefix(_BRANCHES), tag)
