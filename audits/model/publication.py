"""Publications: what is uploaded where, with which credential, from which job."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from audits.model.location import Location
from audits.model.registry import Registry, RegistryInfo
from audits.model.uses import Uses
from audits.model.workflow import Environment, Job, Level, Permissions, Step, Trigger, Workflow


class Channel(StrEnum):
    """Which instance of the registry."""

    PRODUCTION = "production"
    TEST = "test"
    PRIVATE = "private"
    UNKNOWN = "unknown"


SCRIPT = "script"
"""The mechanism of a script of the repository, known by the credential that it is given alone."""


class Auth(StrEnum):
    """How the upload proves who it is."""

    OIDC = "oidc"
    TOKEN = "token"
    MIXED = "mixed"
    NONE = "none"
    UNKNOWN = "unknown"


class CredentialSource(StrEnum):
    """Where a publication's credential comes from."""

    INPUT = "input"
    STEP_ENV = "step env"
    JOB_ENV = "job env"
    WORKFLOW_ENV = "workflow env"
    COMMAND_LINE = "command line"
    CALL_SECRET = "secret of the call"
    OIDC = "oidc"
    MINTED = "minted by script"


class Credential(Struct, frozen=True, kw_only=True):
    """One credential of a publication. ``name`` is the input or variable that carries it,
    ``secret`` the secret it is read from; ``literal`` where its value is in the file (the
    value itself is never kept).
    """

    name: str
    source: CredentialSource
    at: Location
    secret: str = ""
    literal: bool = False

    @property
    def is_stored(self) -> bool:
        """Whether it is a long-lived token or password rather than an OIDC identity."""
        return self.source not in {CredentialSource.OIDC, CredentialSource.MINTED}


class Grant(Struct, frozen=True, kw_only=True):
    """What a job's token may do once callers are counted in.

    ``levels`` is None where neither job nor workflow nor caller says: the default of the
    repository or owner holds, which never includes ``id-token``.
    """

    levels: Permissions | None

    def level(self, scope: str) -> Level | None:
        """The level of a scope; None where only the default token permission could tell."""
        if self.levels is None:
            return Level.NONE if scope == "id-token" else None
        return self.levels.level(scope)

    @property
    def id_token(self) -> bool:
        """Whether the job can ask for an OIDC identity."""
        return self.level("id-token") is Level.WRITE


class Route(Struct, frozen=True, kw_only=True):
    """One way from a trigger to a job: ``entry`` is the workflow that is triggered, ``calls``
    the jobs that call on the way (outermost first), ``job`` the last, ``grant`` its token.
    """

    entry: Workflow
    calls: tuple[Job, ...]
    job: Job
    grant: Grant

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """The events that start this way."""
        return self.entry.triggers


class Publication(Struct, frozen=True, kw_only=True, eq=False):
    """One step (or called workflow, ``step`` -1) that uploads to a registry.

    ``workflow`` and ``job`` are where the step runs; ``at`` is its ``uses:`` or command, in a
    composite action where that holds it. ``packages`` may be empty (not found).
    ``does_oidc``: the uploader asks for an OIDC identity by itself. ``attests``: it makes
    attestations when it does (None: not known). ``publisher_workflows`` are the file paths
    that the registry's publisher would name; empty where they are unknown.
    ``called`` is the remote workflow where the publication is in a called one; where its text
    was read, ``workflow`` is that file, by its foreign path, and ``step`` the one inside.
    ``step_path`` is the file that holds the step, "" for a call that was not read.
    ``script`` is the repository's own file that uploads, where the step runs it or a task in it.
    ``ordinal`` counts, from 1, those of one step or call that differ in more than packages.
    ``instance`` is the row of an instance that differs from its registry's (Docker Hub among
    the container registries).
    """

    workflow: Workflow
    job: Job
    step: int
    at: Location
    registry: Registry
    channel: Channel
    mechanism: str
    auth: Auth
    packages: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()
    environment: Environment | None = None
    id_token: bool = False
    does_oidc: bool = False
    attests: bool | None = None
    indirect: bool = False
    action: Uses | None = None
    called: Uses | None = None
    source_step: Step | None = None
    routes: tuple[Route, ...] = ()
    publisher_workflows: tuple[str, ...] = ()
    step_path: str = ""
    script: str = ""
    ordinal: int = 1
    instance: RegistryInfo | None = None

    @property
    def info(self) -> RegistryInfo:
        """What is known of where it uploads."""
        return self.instance or self.registry.info

    @property
    def has_trusted_publishing(self) -> bool:
        """Whether an OIDC identity could take the place of a stored credential."""
        return self.info.trusted is not None

    @property
    def judges_environment(self) -> bool:
        """Whether the environment area applies."""
        return self.info.judges_environment

    @property
    def key(self) -> str:
        """Names it within its repository: workflow, job, step, and which one of the step."""
        further = f":{self.ordinal}" if self.ordinal > 1 else ""
        return f"{self.workflow.path}:{self.job.id}:{self.step}{further}"

    @property
    def way(self) -> str:
        """How it uploads, for people: the uploader, and the repository's file that runs it."""
        return f"{self.mechanism} by {self.script}" if self.script else self.mechanism

    @property
    def subject(self) -> str:
        """The uploader at the head of a sentence, in Markdown: its name, or that it is a script."""
        return "A script" if self.mechanism == SCRIPT else f"`{self.mechanism}`"

    @property
    def is_opaque(self) -> bool:
        """Whether it is in a called workflow whose text was not read."""
        return self.called is not None and self.step < 0

    @property
    def is_scored(self) -> bool:
        """Whether it counts as a production upload; what is not known counts as one."""
        return self.channel in {Channel.PRODUCTION, Channel.UNKNOWN}

    @property
    def stored_credentials(self) -> tuple[Credential, ...]:
        """Its long-lived tokens and passwords."""
        return tuple(c for c in self.credentials if c.is_stored)


class UnrecognizedPublication(Struct, frozen=True, kw_only=True, eq=False):
    """A job that has what it takes to publish and looks like it, by a way that is not known.

    ``means`` says what it may publish with (``is given `secrets.X```), ``sign`` what looks like
    a release; ``at`` is the step that may publish.
    """

    workflow: Workflow
    job: Job
    at: Location
    means: str
    sign: str
    routes: tuple[Route, ...] = ()
