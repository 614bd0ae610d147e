"""The facts about a package that its new release workflow needs."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from audits.model.registry import Registry


class VersionFrom(StrEnum):
    """Where the version of a release comes from."""

    METADATA = "written in its metadata"
    CODE = "read from its code"
    TAGS = "made from git's tags"
    BUILD = "worked out when it is built"

    @property
    def needs_history(self) -> bool:
        """Whether the build must see all tags; without harm where nobody knows."""
        return self in {VersionFrom.TAGS, VersionFrom.BUILD}


class Recipe(StrEnum):
    """How a package is built, and what its release workflow looks like."""

    PYTHON = "one wheel for all systems"
    WHEELS = "one wheel for each system, by cibuildwheel"
    MATURIN = "one wheel for each system, by maturin"
    NPM = "npm"
    CRATE = "cargo"
    GEM = "gem"
    NUGET = "dotnet"


class Project(Struct, frozen=True, kw_only=True):
    """One package of a repository.

    ``directory`` is its folder, "" at the root, and ``metadata`` the path of the file that
    names it. ``build`` are the commands that prepare what the recipe leaves to the project (an
    npm package's installation and build). ``locked`` says whether a lock file fixes what is
    built with, and ``has_readme`` that the metadata names what the index shows of the package.
    ``remarks`` are things to settle before the first release.
    """

    registry: Registry
    name: str
    directory: str
    metadata: str
    backend: str
    recipe: Recipe
    version: VersionFrom
    build: tuple[str, ...] = ()
    locked: bool = False
    submodules: bool = False
    toolchain: str = ""
    has_readme: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder as commands name it: never empty, never taken for an option or a number."""
        return f"./{self.directory}" if self.directory else "."


class NoWorkflow(Struct, frozen=True, kw_only=True):
    """Why no workflow is written for a package, in one sentence, and what to do instead.

    ``unread`` marks what could not be read, as against what makes no sense.
    """

    reason: str
    advice: str
    unread: bool = False
