"""Finds mutable references of a job: actions, called workflows, images and remote scripts.

Whoever controls what such a name points to runs code in the job. `rules` lists exempt names.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.downloads import downloads
from audits.analysis.exposure.jobs import JobView, PlacedStep
from audits.analysis.exposure.rules import MUST_BE_TAGS, TRUSTED_OWNERS
from audits.analysis.exposure.ways_in import Way
from audits.analysis.fetched_programs import FetchedProgram, fetched
from audits.model.exposure import Actor, Cut, PathNeed, PathState, WayIn
from audits.model.location import Location
from audits.model.repository import Repository
from audits.model.settings import Need
from audits.model.uses import Uses, UsesKind

# https://pip.pypa.io/en/stable/topics/configuration/#environment-variables
_CONSTRAINING = frozenset({"PIP_CONSTRAINT", "PIP_REQUIRE_HASHES", "UV_CONSTRAINT"})

# Subcommands of Node's package managers that install the project's packages, or run its scripts,
# and other programs that may.
_INSTALLS = frozenset(
    {"ci", "clean-install", "install", "i", "add", "install-test", "it", "run", "run-script"}
    | {"exec", "x", "test", "t", "build", "pack"}
)
_BUILDS = frozenset(
    {"yarn", "ni", "nci", "lerna", "rush", "make", "just", "task", "bash", "sh", "node"}
    | {"python", "python3", "corepack"}
)
_INSTALL_NOTHING = (
    "actions/checkout",
    "actions/setup-",
    "actions/download-artifact",
    "actions/upload-artifact",
)


def _may_install(words: tuple[str, ...]) -> bool:
    """Whether a command installs the project's own Node packages, or may."""
    if not words or {"-g", "--global"} & set(words):
        return False
    if words[0] in {"npm", "pnpm", "bun"}:
        return not _INSTALLS.isdisjoint(words[1:2])
    return words[0] in _BUILDS or ("/" in words[0] and words[0][0] != "@")


def movable_ways(repo: Repository, view: JobView) -> tuple[Way, ...]:
    """The ways into a job of whoever controls a name that it fetches, each name once."""
    found: dict[tuple[WayIn, str], Way] = {}
    for way in _ways(repo, view):
        found.setdefault((way.kind, way.anchor), way)
    return tuple(found.values())


def _ways(repo: Repository, view: JobView) -> Iterator[Way]:
    if view.job.uses is not None:
        yield from _of_uses(repo, view, view.job.uses, view.job.path, "", "workflow")
        return
    for image in view.job.images:
        if not image.service and _moves(image.reference.value):
            yield _image(view, image.reference.value, image.at)
    commands = []
    for placed in view.steps:
        yield from _of_step(repo, view, placed)
        commands += [(command, placed) for command in view.commands(placed)]
    unverified = {line for line, use in downloads([c for c, _ in commands]).items() if use}
    for command, placed in commands:
        if command.line in unverified and "://" in " ".join(command.written):
            unverified.discard(command.line)
            yield _script(view, placed, command.line, " ".join(command.written))
    if not _is_constrained(view):
        may_be_own = _installs_own_tools(view)
        for command, placed in commands:
            for found in fetched(command):
                if not found.versioned and not (found.is_local and may_be_own):
                    yield _tool(view, placed, command.line, found)


def _installs_own_tools(view: JobView) -> bool:
    """Whether programs that ``npx`` runs may come from the project's own lock file: something in
    the job installs them, or may.
    """
    for placed in view.steps:
        uses = placed.step.uses
        if uses is not None and not uses.action.startswith(_INSTALL_NOTHING):
            return True
        for command in view.commands(placed):
            if _may_install(command.words):
                return True
    return bool(view.job.images)


def _is_constrained(view: JobView) -> bool:
    """Whether variables of the job give tools their versions."""
    return not _CONSTRAINING.isdisjoint({*view.job.env, *view.workflow.env})


def _tool(view: JobView, placed: PlacedStep, line: int, found: FetchedProgram) -> Way:
    at = placed.at(line=line)
    return Way(
        kind=WayIn.TOOL,
        actor=Actor.THIRD_PARTY,
        who=f"whoever publishes {found.name}",
        view=view,
        at=at,
        what=f"`{found.name}` is whatever was published last",
        anchor=f"tool {found.name}",
        cut=Cut(what=f"pin `{found.name}` to a version", at=at),
    )


def _of_step(repo: Repository, view: JobView, placed: PlacedStep) -> Iterator[Way]:
    uses = placed.step.uses
    if uses is None:
        return
    if uses.kind is UsesKind.DOCKER and _moves(uses.path):
        yield _image(view, uses.path, uses.raw.location(placed.path))
    locked = "" if placed.action else repo.locked_commit(placed.path, uses)
    yield from _of_uses(repo, view, uses, placed.path, locked, "action")


def _of_uses(
    repo: Repository, view: JobView, uses: Uses, path: str, locked: str, what: str
) -> Iterator[Way]:
    if uses.kind is not UsesKind.REMOTE or uses.is_pinned or locked or "${{" in uses.raw.value:
        return
    if uses.owner.lower() in TRUSTED_OWNERS or uses.slug in MUST_BE_TAGS:
        return
    sibling = uses.owner.lower() == repo.ref.owner.lower()
    who = f"whoever may write to {uses.slug}" if sibling else f"whoever controls {uses.slug}"
    at = uses.raw.location(path)
    yield Way(
        kind=WayIn.MOVABLE,
        actor=Actor.ONE_WRITER if sibling else Actor.THIRD_PARTY,
        who=who,
        view=view,
        at=at,
        what=f"the {what} `{uses.slug}@{uses.ref}` is whatever `{uses.ref}` names that day",
        anchor=uses.action,
        cut=Cut(what=f"pin `{uses.slug}` to a commit", at=at),
        state=PathState.DEFAULT,
        needs=(
            PathNeed(
                what=f"whether the releases of {uses.slug} are immutable", need=Need.REFERENCES
            ),
        ),
    )


def _moves(image: str) -> bool:
    return "@sha256:" not in image and "${{" not in image


def _image(view: JobView, reference: str, at: Location) -> Way:
    name = reference.removeprefix("docker://").partition("@")[0].rpartition(":")[0] or reference
    return Way(
        kind=WayIn.MOVABLE,
        actor=Actor.THIRD_PARTY,
        who=f"whoever controls the image {name}",
        view=view,
        at=at,
        what=f"the image `{reference}` is whatever its tag names that day",
        anchor=f"image {name}",
        cut=Cut(what="name the image by its digest", at=at),
    )


def _script(view: JobView, placed: PlacedStep, line: int, text: str) -> Way:
    address = next(word for word in text.split() if "://" in word).strip("\"'()`")
    host = address.partition("://")[2].partition("/")[0]
    at = placed.at(line=line)
    return Way(
        kind=WayIn.MOVABLE,
        actor=Actor.THIRD_PARTY,
        who=f"whoever controls {host}",
        view=view,
        at=at,
        what=f"what {host} serves that day runs, and nothing verifies it",
        anchor=f"script {address.partition('?')[0][:120]}",
        cut=Cut(what="verify the download with a checksum written in the file", at=at),
    )
