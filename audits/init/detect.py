"""Finds the packages of a repository and how each is built."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import basename, dirname

from msgspec.structs import replace

from audits.collect.folder.packages import PackageFiles
from audits.init.names import is_name, is_plain_path
from audits.init.others import crate_project, gem_project, npm_project, nuget_project
from audits.init.project import NoWorkflow, Project
from audits.init.python import python_project
from audits.model.registry import Registry
from audits.model.source import RepositoryRef, SourceFile
from audits.workflow.parse.package_metadata import DeclaredPackage, package_names

_FILES = {
    Registry.PYPI: ("pyproject.toml", "setup.cfg", "setup.py"),
    Registry.NPM: ("package.json",),
    Registry.CRATES: ("Cargo.toml",),
}
_ENDINGS = {
    Registry.RUBYGEMS: (".gemspec",),
    Registry.NUGET: (".csproj", ".fsproj", ".vbproj"),
}

Detected = tuple[Project | NoWorkflow, DeclaredPackage]


def detect(found: PackageFiles, ref: RepositoryRef) -> tuple[Detected, ...]:
    """Each package that the metadata declares, with how it is built or why that is not known."""
    declared = package_names(found.files).declared
    return tuple((_project(package, found, ref), package) for package in _distinct(declared, found))


def _distinct(
    declared: Sequence[DeclaredPackage], found: PackageFiles
) -> tuple[DeclaredPackage, ...]:
    """The packages, without those that only serve another's build: the Rust crate and the
    npm package beside a Python package that is built from them.
    """
    python = {p.directory for p in declared if p.registry is Registry.PYPI}
    crates_of_python = {
        folder
        for folder in python
        if _uses(found, folder, "maturin") or _uses(found, folder, "setuptools-rust")
    }
    kept = []
    for package in declared:
        inner = {package.directory, dirname(package.directory)}
        if package.registry is Registry.CRATES and inner & crates_of_python:
            continue
        kept.append(package)
    return tuple(kept)


def _uses(found: PackageFiles, folder: str, word: str) -> bool:
    path = f"{folder}/pyproject.toml" if folder else "pyproject.toml"
    return any(file.path == path and word in file.text for file in found.files)


def _project(
    package: DeclaredPackage, found: PackageFiles, ref: RepositoryRef
) -> Project | NoWorkflow:
    if not is_name(package.registry, package.name):
        return NoWorkflow(
            reason=f"{package.name!r} is no name that {package.registry.info.label} takes.",
            advice="Correct it in the package's metadata.",
        )
    file = _metadata(package, found)
    if not is_plain_path(file.path):
        return NoWorkflow(
            reason=f"The path {file.path!r} has characters that a workflow cannot hold as they are.",
            advice="Rename it to letters, digits, dots, dashes and underscores.",
        )
    texts = {
        basename(other.path): other.text.removeprefix("\ufeff")
        for other in found.files
        if dirname(other.path) == package.directory
    }
    made = _made(package, file, texts, found.names, ref)
    return made if isinstance(made, NoWorkflow) else _with_submodules(made, found)


def _made(
    package: DeclaredPackage,
    file: SourceFile,
    texts: dict[str, str],
    names: frozenset[str],
    ref: RepositoryRef,
) -> Project | NoWorkflow:
    name, path, text = package.name, file.path, file.text.removeprefix("\ufeff")
    if package.registry is Registry.PYPI:
        made = python_project(name, path, texts)
        locks = {f"{dirname(path)}/Cargo.lock".lstrip("/"), "Cargo.lock"}
        return made if isinstance(made, NoWorkflow) else replace(made, locked=bool(locks & names))
    if package.registry is Registry.NPM:
        return npm_project(name, path, texts, names, ref)
    if package.registry is Registry.CRATES:
        return crate_project(name, path, texts, names)
    if package.registry is Registry.RUBYGEMS:
        return gem_project(name, path, text, names)
    return nuget_project(name, path, text, names)


def _metadata(package: DeclaredPackage, found: PackageFiles) -> SourceFile:
    """The file that declares a package."""
    here = [file for file in found.files if dirname(file.path) == package.directory]
    wanted = _FILES.get(package.registry, ())
    endings = _ENDINGS.get(package.registry, ())
    files = [file for name in wanted for file in here if basename(file.path) == name]
    files += [file for file in here if endings and file.path.endswith(endings)]
    naming = [file for file in files if _names(file, package)]
    return (naming or files)[0]


def _names(file: SourceFile, package: DeclaredPackage) -> bool:
    found = package_names((file,)).declared
    return any(other.name == package.name for other in found)


def _with_submodules(project: Project, found: PackageFiles) -> Project:
    return replace(project, submodules=".gitmodules" in found.names)
