"""Who can publish a package: the least privileged people, the paths they take, and the cut.

`release-audit explain exposure` describes the levels and states.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from msgspec import Struct

from audits.model.location import Location
from audits.model.publication import Channel, Publication
from audits.model.settings import NO_COLLABORATORS, Need, Unseen


class Actor(StrEnum):
    """Who takes a path, least privileged first; UNKNOWN where what was not seen decides."""

    ANYONE = "anyone"
    THIRD_PARTY = "third-party"
    ONE_WRITER = "one-writer"
    TWO_PEOPLE = "two-people"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """How much it takes to be one, from 0 for anyone."""
        return _RANK[self]


_RANK = {actor: rank for rank, actor in enumerate(Actor)}


class PathState(StrEnum):
    """How sure a path is: nothing unseen could close it; it holds as GitHub makes things by
    default; or an unseen fact without a default decides.
    """

    SEEN = "seen"
    DEFAULT = "default"
    OPEN = "open"

    @property
    def rank(self) -> int:
        """How doubtful it is, from 0."""
        return _DOUBT[self]


_DOUBT = {state: rank for rank, state in enumerate(PathState)}


class Holds(StrEnum):
    """Where a path holds on the day that counts: here and now; here unless a policy of the
    owner blocks the event; only on an Enterprise Server, which lacks a default of github.com.
    """

    NOW = "now"
    UNLESS_POLICY = "unless-policy"
    ENTERPRISE_SERVER = "enterprise-server"


class WayIn(StrEnum):
    """How people get code or words of theirs into a job."""

    CODE = "code"
    WORDS = "words"
    AGENT = "agent"
    ARTIFACT = "artifact"
    RUNNER = "runner"
    MERGE = "merge"
    START = "start"
    MOVABLE = "movable-name"
    TOOL = "tool"
    WRITER_WORDS = "writer-words"
    UPDATES = "updates"
    WRITER = "writer"


class Sink(StrEnum):
    """What a job holds that leads to a release."""

    PUBLISHES = "publishes"
    SECRET = "publish-secret"
    STORED_TOKEN = "stored-token"
    JOB_TOKEN = "job-token"
    DEFAULT_TOKEN = "default-token"
    CACHE = "cache"
    RUNNER = "runner"
    IDENTITY = "identity"
    MERGED = "merged-change"


class PathStep(Struct, frozen=True, kw_only=True):
    """One step of a path. ``kind`` is actor, way-in, sink, start or publish; ``job`` is "" where
    the step is no job's.
    """

    kind: str
    what: str
    at: Location
    job: str = ""


class Cut(Struct, frozen=True, kw_only=True):
    """A change that closes a path. ``settings`` where it is made in settings, not in a file."""

    what: str
    at: Location
    settings: bool = False


class PathNeed(Struct, frozen=True, kw_only=True):
    """A fact that was not seen and bears on a path; ``closes`` where it could close it."""

    what: str
    need: Need
    permission: str = ""
    closes: bool = True


class ExposurePath(Struct, frozen=True, kw_only=True):
    """One path from people to a registry.

    ``id`` names it across moved lines and renamed jobs. ``until`` is the day on which it stops
    to hold unless a policy allows the event, "" if there is none. ``starts`` says how the
    release comes about. ``sets_level`` is False for what is listed only: tools and caches
    alone, and ways that start a release of what the default branch holds. ``after_merge``: it
    takes one merged change first. ``finding`` is the fingerprint of the finding at the way in.
    ``accepted`` where a waiver accepts it.
    """

    id: str
    actor: Actor
    state: PathState
    holds: Holds
    way_in: WayIn
    sink: Sink
    starts: str
    steps: tuple[PathStep, ...]
    cuts: tuple[Cut, ...] = ()
    needs: tuple[PathNeed, ...] = ()
    until: str = ""
    sets_level: bool = True
    after_merge: bool = False
    finding: str = ""
    accepted: bool = False

    @property
    def entrance(self) -> PathStep:
        """The step that lets people in."""
        return next(step for step in self.steps if step.kind == "way-in")

    @property
    def drain(self) -> PathStep:
        """The step that says what the job holds."""
        return next(step for step in self.steps if step.kind == "sink")


class CheapestCut(Struct, frozen=True, kw_only=True):
    """The smallest set of changes after which the level is higher, at least one, those made in
    files first; ``leaves`` is the level after all of them.
    """

    cuts: tuple[Cut, ...]
    leaves: Actor
    finding: str = ""

    @property
    def cut(self) -> Cut:
        """The first of the changes."""
        return self.cuts[0]

    @property
    def edits(self) -> int:
        """How many changes it takes."""
        return len(self.cuts)


class Exposure(Struct, frozen=True, kw_only=True):
    """Who can publish one package of one publication.

    ``level`` is the least privileged actor over the paths that were seen or hold by default,
    ``may_be`` the same over all of them. ``paths`` are the least privileged and shortest,
    ``more`` counts the rest; the numbers by actor count all. ``writers`` is how many people may
    write to the repository: each of them is a single writer.
    """

    publication: Publication
    package: str
    level: Actor
    may_be: Actor
    as_of: date
    cut: CheapestCut | None = None
    paths: tuple[ExposurePath, ...] = ()
    more: int = 0
    counts: tuple[tuple[Actor, int], ...] = ()
    writers: int | Unseen = NO_COLLABORATORS

    @property
    def registry(self) -> str:
        """The registry that the publication uploads to."""
        return self.publication.registry

    @property
    def channel(self) -> Channel:
        """The instance of the registry: an upload to a test index releases nothing."""
        return self.publication.channel

    @property
    def worst(self) -> ExposurePath | None:
        """The path that the level stands on, else the one that `may_be` stands on."""
        return self.paths[0] if self.paths else None

    @property
    def accepted(self) -> bool:
        """Whether a waiver accepts every path that makes the level what it is."""
        making = [p for p in self.paths if p.actor is self.level and p.state is not PathState.OPEN]
        return bool(making) and all(path.accepted for path in making)
