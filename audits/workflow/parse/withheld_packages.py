"""Reads which packages their own manifests keep from being published: ``private: true`` …"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from posixpath import basename, dirname

from msgspec import Struct

from audits.model.registry import Registry
from audits.model.source import SourceFile
from audits.workflow.parse.data_files import json_table, toml_table, value_at


class WithheldPackage(Struct, frozen=True, kw_only=True):
    """A package that its registry's client, or the registry, refuses to publish.

    ``name`` may be "", ``directory`` is its folder, ``""`` at the root. ``by_registry``: only
    the public instance refuses it, and private ones take it.
    """

    registry: Registry
    name: str
    directory: str
    by_registry: bool = False


_LONGEST = 100_000


def withheld_packages(files: Iterable[SourceFile]) -> tuple[WithheldPackage, ...]:
    """The packages among the manifests of a repository that are never published."""
    given = [file for file in files if len(file.text) <= _LONGEST]
    shared = _shared_by_cargo(given)
    return tuple(
        package
        for file in given
        if (reader := _READERS.get(basename(file.path))) is not None
        and (package := reader(file.text, dirname(file.path), shared)) is not None
    )


def _package_json(text: str, folder: str, _: bool) -> WithheldPackage | None:
    """https://docs.npmjs.com/cli/configuring-npm/package-json#private"""
    if '"private"' not in text or '"pkgRoot"' in text:
        return None  # semantic-release publishes another folder than this one
    data = json_table(text)
    if data.get("private") is not True:
        return None
    return WithheldPackage(registry=Registry.NPM, name=_name(data), directory=folder)


def _cargo(text: str, folder: str, shared: bool) -> WithheldPackage | None:
    """https://doc.rust-lang.org/cargo/reference/manifest.html#the-publish-field"""
    if "publish" not in text:
        return None
    package = toml_table(text).get("package")
    if not isinstance(package, dict):
        return None
    publish = package.get("publish")
    inherits = isinstance(publish, dict) and publish.get("workspace") is True
    if not (publish is False or publish == [] or (inherits and shared)):
        return None
    return WithheldPackage(registry=Registry.CRATES, name=_name(package), directory=folder)


def _shared_by_cargo(files: Iterable[SourceFile]) -> bool:
    """Whether a workspace of crates says that its members are not published."""
    for file in files:
        if basename(file.path) == "Cargo.toml" and "[workspace.package]" in file.text:
            publish = value_at(toml_table(file.text), "workspace", "package", "publish")
            return publish is False or publish == []
    return False


_PUBLISH_TO_NONE = re.compile(r"^publish_to:[ \t]*[\"']?none[\"']?[ \t]*(?:#.*)?\r?$", re.M)
_PUB_NAME = re.compile(r"^name:[ \t]*[\"']?(\w+)", re.M)


def _pubspec(text: str, folder: str, _: bool) -> WithheldPackage | None:
    """https://dart.dev/tools/pub/pubspec#publish_to"""
    if not _PUBLISH_TO_NONE.search(text):
        return None
    name = _PUB_NAME.search(text)
    return WithheldPackage(registry=Registry.PUB, name=name[1] if name else "", directory=folder)


def _pyproject(text: str, folder: str, _: bool) -> WithheldPackage | None:
    """The index refuses classifiers that begin so.

    https://packaging.python.org/en/latest/guides/writing-pyproject-toml/#classifiers
    """
    if "Private ::" not in text:
        return None
    project = toml_table(text).get("project")
    if not isinstance(project, dict):
        return None
    classifiers = project.get("classifiers")
    listed = classifiers if isinstance(classifiers, list) else []
    if not any(isinstance(item, str) and item.startswith("Private ::") for item in listed):
        return None
    return WithheldPackage(
        registry=Registry.PYPI, name=_name(project), directory=folder, by_registry=True
    )


def _name(table: Mapping[str, object]) -> str:
    name = table.get("name")
    return name if isinstance(name, str) else ""


_READERS: Mapping[str, Callable[[str, str, bool], WithheldPackage | None]] = {
    "package.json": _package_json,
    "Cargo.toml": _cargo,
    "pubspec.yaml": _pubspec,
    "pyproject.toml": _pyproject,
}
