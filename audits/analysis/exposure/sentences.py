"""Writes exposure paths and levels as sentences, the same in every output."""

from __future__ import annotations

from audits.model.exposure import Actor, Exposure, ExposurePath, Holds, PathState
from audits.model.settings import Unseen

LEVELS: dict[Actor, str] = {
    Actor.ANYONE: "any GitHub account can get something of its own released",
    Actor.THIRD_PARTY: "whoever controls something that is fetched by a name that can move",
    Actor.ONE_WRITER: "any single person with write access",
    Actor.TWO_PEOPLE: "a second person must approve, as far as was seen",
    Actor.UNKNOWN: "what was not seen decides",
}
"""The levels in words, the same in every output, least privileged first."""

_LEVEL_LINES = "\n".join(f"{actor:<13} {words}" for actor, words in LEVELS.items())
EXPLANATION = f"""\
exposure: who can publish this package?

For every package, release-audit looks for the least privileged people who alone can get something
of their own choosing released, the path they take, and the cheapest change that closes it. It
looks at all workflows of a repository, not only those that publish.

## Levels
{_LEVEL_LINES}

That forks' first pull requests wait for an approval is no barrier to anyone: one merged change
lifts it. Names that can move are an action's tag, an image without a digest, a script on a server.
How many people may write is said where the token shows it. One writer may also be a person with
triage where a label starts the job and, for an action of the same owner, a writer of that
repository.

Two answers stand side by side. The level counts paths of which everything was seen, or which hold
with GitHub's defaults. `may_be` also counts those that a fact without a default decides
which was not seen: the rules of an environment that a workflow names, what a token may do where no
`permissions:` says it, a script that asks for rights. Each such fact is named, with the right that
would show it.

## Paths
A path leads from people into a job (their code, words, a prompt, an artifact, a fork's pull request
on a machine of yours, a merge by a bot, a name that moves), from what that job holds (a secret, a
token, a cache, a machine, an identity) to the publication. Paths that only start a release of what
the default branch holds are listed and set no level, and so are tools and caches alone.

A path holds now, only where a policy allows the event (`pull_request_target` in public
repositories from 2026-12-02), or only on an Enterprise Server, which lacks some defaults of
github.com. `--as-of` asks for another day.

A required reviewer stops what starts a release, and approves what was poisoned before.

## Scores
An open path from anyone caps the score at 39, one that may be open at 89. Third parties cap
nothing by themselves. A waiver of outsider-can-publish lifts the cap, and the level stays, shown as
`anyone (accepted)`. Comments in a workflow accept no path.

The score asks whether the lesson was followed, the level who could publish. So a release by a stored
token to a registry without trusted publishing may have an A and be open to one writer: the
environment area is not scored there, but GitHub gives a secret that an environment holds to approved
jobs only, whatever the registry, and that is the change that is offered.

## What is outside
Actions of other repositories are not entered: their own pins, checkouts and guards are not seen.
What a script computes carries no trace of who wrote its input. Private forks, deploy keys, apps
installed with write access, personal tokens that are used elsewhere, and dependencies that are
compromised behind a lock file are not looked at.
"""
"""What `release-audit explain exposure` and the Method view say."""

_STARTS = {
    "same run": "in the same run",
    "anywhere": "from anywhere, with it",
    "push": "by a push of a tag or of the default branch",
    "dispatch": "by a dispatch",
    "next release": "with the next release",
    "starts": "as the default branch stands",
}


def path_sentence(path: ExposurePath, exposure: Exposure) -> str:
    """A path in one sentence, from who takes it to the registry."""
    what = f"{exposure.registry} {exposure.package}".strip()
    links = [step.what for step in path.steps if step.kind in {"way-in", "sink"}]
    return (
        f"{_capital(path.steps[0].what)} can publish {what}: {'; '.join(links)}; "
        f"released {_STARTS.get(path.starts, path.starts)}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def needs_of_path(path: ExposurePath) -> str:
    """What was not seen and bears on a path, in words."""
    return ", ".join(need.what for need in path.needs if need.closes)


def level_words(exposure: Exposure) -> str:
    """The level as it is shown: the word, who that is, and a doubt where there is one."""
    return doubted_level(exposure.level, exposure.may_be, accepted=exposure.accepted)


def doubted_level(level: str, may_be: str, *, accepted: bool = False) -> str:
    """A level with what it may be, by their words, the same in every output."""
    if level == Actor.UNKNOWN:
        return (
            f"unknown, perhaps {may_be}"
            if may_be != Actor.ONE_WRITER
            else "one-writer or two-people"
        )
    doubt = "" if may_be in {"", level} else f", perhaps {may_be}"
    return f"{level}{' (accepted)' if accepted else ''}{doubt}"


def writers_words(exposure: Exposure) -> str:
    """How many people are single writers, "" where that was not seen."""
    if isinstance(exposure.writers, Unseen):
        return ""
    people = "1 person" if exposure.writers == 1 else f"{exposure.writers:,} people"
    return f"{people} may write"


def holds_words(path: ExposurePath) -> str:
    """Where and until when a path holds, "" for here and now."""
    if path.holds is Holds.ENTERPRISE_SERVER:
        return "only on an Enterprise Server: github.com's defaults cut it"
    if path.holds is Holds.UNLESS_POLICY:
        return "only where a policy allows `pull_request_target`"
    return f"until {path.until}, then only where a policy allows it" if path.until else ""


def state_words(path: ExposurePath) -> str:
    """How sure a path is, "" where it was seen."""
    return {
        PathState.SEEN: "",
        PathState.DEFAULT: "with GitHub's defaults",
        PathState.OPEN: "open: what was not seen decides",
    }[path.state]
