"""Finds the version of the tool or action that a publishing job uploads with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from audits.analysis.action_refs import version_today
from audits.analysis.action_versions import Version, parse_version, version_comment, version_of_ref
from audits.model.evidence import ResolvedRef
from audits.model.location import Location
from audits.model.publication import Publication
from audits.model.repository import Repository
from audits.model.uses import Uses
from audits.model.workflow import Job, Step

# The npm that each Node.js brings: https://nodejs.org/dist/index.json. Before 24.5.0 it is older
# than 11.5.1; of 24.5.0 and later ones only that much is used.
_NPM_OF_NODE = (((24, 5, 0), "11.5.1"), ((24, 0, 0), "11.4.2"), ((0, 0, 0), "10.9.4"))
_LTS = {"hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24"}
_NODE_VERSION = re.compile(r"[v^~]?(\d+(?:\.\d+){0,2})(?:\.[xX*])*")
_NODE_IMAGE = re.compile(r"(?:.*/)?node:v?(\d+(?:\.\d+){0,2})(?:-[\w.-]+)?(?:@sha256:\w+)?")


class ClientInUse(Struct, frozen=True, kw_only=True):
    """The version of a program or action that is in use, and where the text says so."""

    version: Version
    at: Location

    def is_before(self, wanted: str) -> bool:
        """Whether every version that it can mean is older than this one."""
        floor = parse_version(wanted)
        return floor is not None and self.version.highest < floor.lowest


def client_of(repo: Repository, publication: Publication, name: str) -> ClientInUse | None:
    """The version of ``name`` that a publication uses: an action as ``owner/repo``, or a
    program; None where the text does not tell.
    """
    if "/" in name:
        return _action(repo, publication, name)
    steps = tuple(_steps_before(publication))
    if name == "node":
        return _last_node(publication.job, steps)
    pinned = _last_pin(repo, publication.job, steps, name)
    if pinned is not None or name != "npm":
        return pinned
    node = None if _may_install(repo, steps, "npm") else _last_node(publication.job, steps)
    return None if node is None else _npm_of(node)


def _steps_before(publication: Publication) -> Iterator[Step]:
    """The steps of the job up to the one that publishes, which is the last."""
    own = publication.source_step
    for step in publication.job.live_steps:
        if publication.step >= 0 and step.index > publication.step:
            return
        yield step
    if own is not None and own not in publication.job.live_steps:
        yield own


def _action(repo: Repository, publication: Publication, name: str) -> ClientInUse | None:
    if publication.action is not None and publication.action.action == name:
        return _client(repo, publication.action, publication.at)
    for step in publication.job.live_steps:
        if step.uses is not None and step.uses.action == name:
            return _client(repo, step.uses, step.uses.raw.location(publication.job.path))
    return None


def _client(repo: Repository, uses: Uses, at: Location) -> ClientInUse | None:
    known = repo.reference(uses)
    today = version_today(known) if isinstance(known, ResolvedRef) else ""
    written = version_comment(uses.comment) if uses.is_pinned else uses.ref
    version = parse_version(today) or version_of_ref(written)
    return None if version is None else ClientInUse(version=version, at=at)


def _last_pin(repo: Repository, job: Job, steps: tuple[Step, ...], name: str) -> ClientInUse | None:
    """The version that a command installs or names, as in ``twine==5.1`` or ``npx npm@11``."""
    pattern = re.compile(
        rf"(?:@[\w.-]+/)?{re.escape(name)}(?:\[[\w,-]*\])?(?:==|@)[\^~v=]*([\w.]+)"
    )
    found = None
    for step in steps:
        for command in repo.commands(step):
            for word in command.written or command.words:
                match = pattern.fullmatch(word)
                version = None if match is None else _tag(match[1])
                if version is not None:
                    at = Location(path=job.path, line=command.line, column=1)
                    found = ClientInUse(version=version, at=at)
    return found


def _tag(text: str) -> Version | None:
    """A version as it is written, or the newest one for a name such as ``latest``."""
    return parse_version(text) or Version(numbers=(10**9,))


def _may_install(repo: Repository, steps: tuple[Step, ...], name: str) -> bool:
    """Whether a command may put another version of a program in place, without saying which."""
    return any(
        word == name or word.startswith(f"{name}@")
        for step in steps
        for command in repo.commands(step)
        for word in command.words[1:]
    )


def _last_node(job: Job, steps: tuple[Step, ...]) -> ClientInUse | None:
    """The Node.js of the last set-up step, or of the container that the job runs in."""
    set_up = [s for s in steps if s.uses is not None and s.uses.action == "actions/setup-node"]
    if set_up:
        given = set_up[-1].input("node-version")
        version = None if given is None else _node_version(given.value.strip())
        at = None if given is None else given.location(job.path)
        return None if version is None or at is None else ClientInUse(version=version, at=at)
    for image in job.images:
        match = None if image.service else _NODE_IMAGE.fullmatch(image.reference.value)
        version = None if match is None else parse_version(match[1])
        if version is not None:
            return ClientInUse(version=version, at=image.at)
    return None


def _node_version(text: str) -> Version | None:
    if text.startswith("lts/"):
        text = _LTS.get(text[4:].lower(), "")
    match = _NODE_VERSION.fullmatch(text)
    return None if match is None else parse_version(match[1])


def _npm_of(node: ClientInUse) -> ClientInUse | None:
    """The npm that comes with a Node.js; of the newest ones nobody can tell more than that."""
    floor, npm = next(row for row in _NPM_OF_NODE if node.version.highest >= (*row[0], 0, 0, 0))
    version = parse_version(npm)
    if version is None or floor == _NPM_OF_NODE[0][0]:
        return None
    return ClientInUse(version=version, at=node.at)
