"""Paths and levels in sentences, the same ones wherever they are shown."""

from __future__ import annotations

from audits.model.exposure import Actor, Exposure, ExposurePath, Holds, PathState

LEVELS: dict[Actor, str] = {
    Actor.ANYONE: "any GitHub account",
    Actor.THIRD_PARTY: "whoever controls something that is fetched by a name that can move",
    Actor.ONE_WRITER: "any single person with write access",
    Actor.TWO_PEOPLE: "a second person must approve",
    Actor.UNKNOWN: "what was not seen decides",
}
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
    if exposure.level is Actor.UNKNOWN:
        return (
            f"{exposure.may_be} or more"
            if exposure.may_be is not Actor.ONE_WRITER
            else "one writer or two people"
        )
    doubt = "" if exposure.may_be is exposure.level else f", perhaps {exposure.may_be}"
    accepted = " (accepted)" if exposure.accepted else ""
    return f"{exposure.level}{accepted}{doubt}"


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
        PathState.DEFAULT: "as GitHub makes it by default",
        PathState.OPEN: "open: what was not seen decides",
    }[path.state]
