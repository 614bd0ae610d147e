"""A parsed workflow: triggers, jobs, steps and permissions, each with its location."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from functools import cached_property

from msgspec import Struct, field

from audits.model.location import Inputs, Location, Scalar
from audits.model.source import SourceFile
from audits.model.uses import Uses
from audits.model.yaml_value import Keys


class PermissionsState(StrEnum):
    """The six things a ``permissions:`` key can be; they all mean something else."""

    ABSENT = "absent"
    NULL = "null"
    EMPTY = "{}"
    READ_ALL = "read-all"
    WRITE_ALL = "write-all"
    MAP = "map"


class Level(StrEnum):
    """The level of one scope of a token, in rising order NONE < READ < WRITE."""

    NONE = "none"
    READ = "read"
    WRITE = "write"


class Permissions(Struct, frozen=True, kw_only=True):
    """A ``permissions:`` block as written; ``at`` is its key, None where absent.

    ``scopes`` maps a scope's name to its level, ``places`` to its own line. A scope that a
    MAP does not name is NONE. NULL counts as EMPTY for GitHub.
    """

    state: PermissionsState = PermissionsState.ABSENT
    scopes: Mapping[str, Level] = field(default_factory=dict)
    places: Mapping[str, Location] = field(default_factory=dict)
    at: Location | None = None
    span: tuple[int, int] = (0, 0)

    def level(self, scope: str) -> Level | None:
        """What the block gives for a scope; None where it says nothing (ABSENT)."""
        match self.state:
            case PermissionsState.ABSENT:
                return None
            case PermissionsState.READ_ALL:
                return Level.NONE if scope == "id-token" else Level.READ
            case PermissionsState.WRITE_ALL:
                return Level.WRITE
            case _:
                return self.scopes.get(scope, Level.NONE)


class DeclaredInput(Struct, frozen=True, kw_only=True):
    """An input that ``workflow_dispatch`` or ``workflow_call`` declares."""

    name: str
    type: str = ""
    default: Scalar | None = None
    options: tuple[str, ...] = ()
    required: bool = False


class Trigger(Struct, frozen=True, kw_only=True):
    """One event of ``on:``. A filter is None where absent and () where present but empty."""

    event: str
    at: Location
    types: tuple[str, ...] | None = None
    branches: tuple[str, ...] | None = None
    branches_ignore: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    tags_ignore: tuple[str, ...] | None = None
    workflows: tuple[str, ...] = ()
    inputs: Mapping[str, DeclaredInput] = field(default_factory=dict)
    span: tuple[int, int] = (0, 0)
    keys: Keys = field(default_factory=dict)

    @property
    def is_tag_push(self) -> bool:
        """Whether it is a push that only tags can set off."""
        only_tags = self.tags is not None or self.tags_ignore is not None
        no_branches = self.branches is None and self.branches_ignore is None
        return self.event == "push" and only_tags and no_branches


class Condition(Struct, frozen=True, kw_only=True):
    """An ``if:``; ``never`` and ``always`` where its text alone decides it."""

    text: Scalar
    never: bool = False
    always: bool = False


class EnvironmentForm(StrEnum):
    """How ``environment:`` is written."""

    STRING = "string"
    MAP = "map"
    EXPRESSION = "expression"


class Environment(Struct, frozen=True, kw_only=True):
    """A job's ``environment:``; ``''`` and null are no environment and are not built.

    ``dynamic`` where the name holds an expression; ``deployment`` is False for
    ``deployment: false``.
    """

    form: EnvironmentForm
    name: Scalar
    at: Location
    url: Scalar | None = None
    dynamic: bool = False
    deployment: bool = True
    span: tuple[int, int] = (0, 0)


class Image(Struct, frozen=True, kw_only=True):
    """A container image of a job, a service or a docker step; ``password`` of its registry."""

    reference: Scalar
    at: Location
    service: str = ""
    password: Scalar | None = None


class Step(Struct, frozen=True, kw_only=True, eq=False):
    """One step; ``at`` is the first line of the step, ``index`` counts from 0.

    ``keys`` holds every key without a field here, such as ``timeout-minutes``. ``template`` is the
    shell of a script, its own or its job's, where that is a command or an expression.

    Compared by identity: two equal texts are still two steps.
    """

    index: int
    at: Location
    span: tuple[int, int]
    id: str = ""
    name: Scalar | None = None
    condition: Condition | None = None
    uses: Uses | None = None
    run: Scalar | None = None
    shell: str = ""
    template: Scalar | None = None
    env: Inputs = field(default_factory=dict)
    inputs: Inputs = field(default_factory=dict)
    inputs_are_dynamic: bool = False
    working_directory: str = ""
    keys: Keys = field(default_factory=dict)

    @property
    def never_runs(self) -> bool:
        """Whether its ``if:`` is false whatever happens."""
        return self.condition is not None and self.condition.never

    def input(self, *names: str) -> Scalar | None:
        """The first of these inputs that is given and not empty; names in lower case."""
        for key, value in self.inputs.items():
            if key.lower() in names and value.value != "" and not value.is_null:
                return value
        return None


class SecretsPassed(StrEnum):
    """What a called workflow gets of the caller's secrets."""

    NONE = "none"
    NAMED = "named"
    INHERITED = "inherit"


class Job(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """One job, of steps or calling a workflow (``uses``); ``path`` is its workflow's file.

    Compared by identity. ``runs_on`` are labels; ``matrix`` holds static values by key.
    ``keys`` holds every key without a field here, such as ``timeout-minutes``, ``concurrency``,
    ``strategy``, ``cache-mode`` and unknown ones.
    """

    id: str
    path: str
    at: Location
    span: tuple[int, int]
    name: Scalar | None = None
    needs: tuple[str, ...] = ()
    condition: Condition | None = None
    runs_on: tuple[Scalar, ...] = ()
    runner_group: str = ""
    environment: Environment | None = None
    permissions: Permissions = field(default_factory=Permissions)
    env: Inputs = field(default_factory=dict)
    outputs: Inputs = field(default_factory=dict)
    images: tuple[Image, ...] = ()
    matrix: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)
    has_matrix: bool = False
    steps: tuple[Step, ...] = ()
    uses: Uses | None = None
    inputs: Inputs = field(default_factory=dict)
    secrets_passed: SecretsPassed = SecretsPassed.NONE
    secrets: Inputs = field(default_factory=dict)
    secrets_at: Location | None = None
    shell: str = ""
    working_directory: str = ""
    keys: Keys = field(default_factory=dict)

    @cached_property
    def live_steps(self) -> tuple[Step, ...]:
        """The steps that can run."""
        return tuple(step for step in self.steps if not step.never_runs)

    @property
    def never_runs(self) -> bool:
        """Whether its ``if:`` is false whatever happens."""
        return self.condition is not None and self.condition.never


class Workflow(Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """A file of ``.github/workflows``. Compared by identity; ``path`` is its name."""

    source: SourceFile
    name: Scalar | None = None
    triggers: tuple[Trigger, ...] = ()
    triggers_at: Location | None = None
    permissions: Permissions = field(default_factory=Permissions)
    env: Inputs = field(default_factory=dict)
    shell: str = ""
    working_directory: str = ""
    jobs: tuple[Job, ...] = ()
    first_key: Location | None = None
    keys: Keys = field(default_factory=dict)

    @cached_property
    def live_jobs(self) -> tuple[Job, ...]:
        """The jobs that can run."""
        return tuple(job for job in self.jobs if not job.never_runs)

    @property
    def path(self) -> str:
        """The path from the repository's root."""
        return self.source.path

    @property
    def is_only_called(self) -> bool:
        """Whether ``workflow_call`` is its only trigger."""
        return bool(self.triggers) and all(t.event == "workflow_call" for t in self.triggers)

    def trigger(self, event: str) -> Trigger | None:
        """Its trigger of this event, if any."""
        return next((t for t in self.triggers if t.event == event), None)

    def job(self, name: str) -> Job | None:
        """Its job of this id; ids are compared without case, as ``needs:`` does."""
        return next((j for j in self.jobs if j.id.lower() == name.lower()), None)


class CompositeAction(Struct, frozen=True, kw_only=True, eq=False):
    """An ``action.yml`` of the repository; ``steps`` and ``outputs`` (their values by name)
    are empty unless it is composite.
    """

    source: SourceFile
    name: Scalar | None = None
    using: str = ""
    steps: tuple[Step, ...] = ()
    image: Image | None = None
    inputs: Mapping[str, DeclaredInput] = field(default_factory=dict)
    outputs: Inputs = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of ``action.yml`` from the repository's root."""
        return self.source.path


class Role(Enum):
    """What a job does for a release."""

    PUBLISHING = "publishing job"
    PRODUCING = "producing job"
    OTHER = "other job"
