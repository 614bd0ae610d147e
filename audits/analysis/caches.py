"""Actions that restore a cache, and whether one step does.

The list and the rules for values follow zizmor's ``cache-poisoning``, so that both agree, but
for the versions in which a cache is on by default:
https://docs.zizmor.sh/audits/#cache-poisoning
"""

from __future__ import annotations

import json
from enum import Enum

from msgspec import Struct

from audits.analysis.action_versions import version_comment, version_of_ref
from audits.expressions.syntax import fences
from audits.model.location import Scalar
from audits.model.repository import Repository
from audits.model.workflow import Step


class Restores(Enum):
    """Whether a step restores a cache."""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


class Control(Struct, frozen=True, kw_only=True):
    """An input that turns a cache on (or, with ``turns_off``, off).

    ``values`` are the ones that count, () for a boolean and ``("*",)`` for any text;
    ``within`` is a text that the value must hold.
    ``default`` is whether the cache is on without it; ``below`` limits that default to
    versions before this one, ``since`` to this one and later.
    """

    field: str
    turns_off: bool = False
    values: tuple[str, ...] = ()
    default: bool = True
    below: int | None = None
    since: int | None = None
    within: str = ""

    def read(self, step: Step) -> Restores:
        """Whether this input has the step restore a cache."""
        given = next((text for key, text in step.inputs.items() if key.lower() == self.field), None)
        if given is None:
            return self._unsaid(step) if self.default else Restores.NO
        return self._said(given, step)

    def _unsaid(self, step: Step) -> Restores:
        if self.below is None and self.since is None:
            return Restores.YES
        version = major_version(step)
        if version is None:
            return Restores.MAYBE
        early = self.since is not None and version < self.since
        late = self.below is not None and version >= self.below
        return Restores.NO if early or late else Restores.YES

    def _said(self, given: Scalar, step: Step) -> Restores:
        value = given.value.strip()
        if self.within:
            on = self.within in value
        elif self.values == ("*",):
            on = value != ""
        elif self.values:
            on = value in self.values
        elif any(fences(value)):
            return Restores.MAYBE
        else:
            on = value != "false"
        if self.below is not None and on and value != "true":
            return self._unsaid(step)
        return Restores.YES if on is not self.turns_off else Restores.NO

    @property
    def off(self) -> str | None:
        """The value that turns the cache off, if one does for sure."""
        if self.within or self.values not in {(), ("true",)}:
            return None
        return "true" if self.turns_off else "false"


_ON = Control(field="cache")
_ONLY_IF_SET = Control(field="cache", values=("*",), default=False)
_LOOKUP = Control(field="lookup-only", turns_off=True)

_BY_MANAGER = Control(field="package-manager-cache", since=5)
"""Caches only where the project's `package.json` names its package manager; since v6 only for npm.

https://github.com/actions/setup-node/releases/tag/v5.0.0,
https://github.com/actions/setup-node/releases/tag/v6.0.0
"""
_ONLY_NPM = 6

# Each action with the inputs of which one suffices; () for those that always restore.
CACHING: dict[str, tuple[Control, ...]] = {
    "actions/cache": (_LOOKUP,),
    "actions/cache/restore": (_LOOKUP,),
    "actions/setup-dotnet": (Control(field="cache", default=False),),
    # https://github.com/actions/setup-go/releases/tag/v4.0.0
    "actions/setup-go": (Control(field="cache", since=4),),
    "actions/setup-java": (_ONLY_IF_SET,),
    "actions/setup-node": (
        Control(field="cache", values=("npm", "yarn", "pnpm"), default=False),
        _BY_MANAGER,
    ),
    "actions/setup-python": (_ONLY_IF_SET,),
    "actions-rust-lang/setup-rust-toolchain": (_ON,),
    "astral-sh/setup-uv": (Control(field="enable-cache", below=10),),
    "awalsh128/cache-apt-pkgs-action": (),
    "determinatesystems/magic-nix-cache-action": (Control(field="use-gha-cache"),),
    "graalvm/setup-graalvm": (_ONLY_IF_SET,),
    # https://docs.docker.com/build/cache/backends/gha/
    "docker/build-push-action": (Control(field="cache-from", within="type=gha", default=False),),
    "docker/setup-buildx-action": (
        Control(field="cache-binary"),
        Control(field="version", values=("*",), default=False),
    ),
    "gradle/actions/setup-gradle": (Control(field="cache-disabled", turns_off=True),),
    "jdx/mise-action": (_ON,),
    "mlugg/setup-zig": (Control(field="use-cache"),),
    "mozilla-actions/sccache-action": (),
    "nix-community/cache-nix-action": (),
    "oven-sh/setup-bun": (Control(field="no-cache", turns_off=True),),
    "mamba-org/setup-micromamba": (
        Control(field="cache-environment", default=False),
        Control(field="cache-downloads", default=False),
    ),
    "pnpm/setup": (Control(field="cache", default=False),),
    "prefix-dev/setup-pixi": (Control(field="cache", default=False),),
    "pyo3/maturin-action": (Control(field="sccache", default=False),),
    "ramsey/composer-install": (
        Control(field="ignore-cache", turns_off=True, values=("yes", "true", "1")),
    ),
    "ruby/setup-ruby": (Control(field="bundler-cache", default=False),),
    "swatinem/rust-cache": (_LOOKUP,),
}
# Here all inputs must turn the cache on: the binary of one version is cached.
_NEEDS_ALL = frozenset({"docker/setup-buildx-action"})


def restores_cache(
    repo: Repository, step: Step, *, alone: bool = False
) -> tuple[Restores, tuple[Control, ...]]:
    """Whether a step restores a cache, and the inputs that must be turned off for it not to.

    The inputs of an action that could, but does not, are all given. ``alone``: what a file of
    the project would turn on stays off.
    """
    if step.uses is None or step.uses.action not in CACHING:
        return Restores.NO, ()
    controls = CACHING[step.uses.action]
    if not controls:
        return Restores.YES, ()
    if step.inputs_are_dynamic:
        return Restores.MAYBE, ()
    found = {control: control.read(step) for control in controls}
    if _BY_MANAGER in found and (alone or not _counts_manager(repo, step)):
        found[_BY_MANAGER] = Restores.NO
    order = [Restores.YES, Restores.MAYBE, Restores.NO]
    needs_all = step.uses.action in _NEEDS_ALL
    worst = (max if needs_all else min)(found.values(), key=order.index)
    if worst is Restores.NO:
        return worst, controls
    on = tuple(control for control, restores in found.items() if restores is not Restores.NO)
    return worst, on[:1] if needs_all else on


def _counts_manager(repo: Repository, step: Step) -> bool:
    """Whether `actions/setup-node` caches for the package manager of the project."""
    manager = repo.once(_package_manager)
    version = major_version(step)
    return manager in {None, "npm"} or (bool(manager) and (version is None or version < _ONLY_NPM))


def _package_manager(repo: Repository) -> str | None:
    """The package manager that the root's `package.json` names, "" for none; None where the file
    or the name was not seen.

    https://github.com/actions/setup-node#caching-global-packages-data
    """
    file = repo.file("package.json")
    if file is None:
        seen = not repo.snapshot.alone and all(gap.subject != "package.json" for gap in repo.gaps)
        return "" if seen else None
    if '"packageManager"' not in file.text:
        return ""
    try:
        data = json.loads(file.text)
    except (ValueError, RecursionError):
        return None
    engines = data.get("devEngines") if isinstance(data, dict) else None
    named = engines.get("packageManager") if isinstance(engines, dict) else None
    name = named.get("name") if isinstance(named, dict) else None
    field = data.get("packageManager") if isinstance(data, dict) else None
    names = [n.lstrip("^").partition("@")[0] for n in (name, field) if isinstance(n, str)]
    return "npm" if "npm" in names else next(iter(names), "" if named is None else None)


def major_version(step: Step) -> int | None:
    """The major version of a step's action, by its ref or by the comment behind its commit."""
    if step.uses is None:
        return None
    uses = step.uses
    version = version_of_ref(version_comment(uses.comment) if uses.is_pinned else uses.ref)
    return version.numbers[0] if version is not None else None
