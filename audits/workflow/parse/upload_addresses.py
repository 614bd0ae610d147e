"""Reads where a repository's own files say that uploads go: ``publishConfig``, ``.npmrc`` …"""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from posixpath import basename, dirname

import rtoml
from msgspec import Struct, field

from audits.model.registry import Registry
from audits.model.source import SourceFile


class UploadAddresses(Struct, frozen=True, kw_only=True):
    """Addresses that files of the repository give for uploads, as written there.

    ``packages`` are those of one package of npm by its name, ``scopes`` of all in a scope,
    ``folders`` of what is uploaded from a folder (by registry and folder, "" is the root), and
    ``named`` those of an index, source or repository that commands call by a name.
    """

    packages: Mapping[str, str] = field(default_factory=dict)
    scopes: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[tuple[Registry, str], str] = field(default_factory=dict)
    named: Mapping[tuple[Registry, str], str] = field(default_factory=dict)


_Found = tuple[str, Registry, str, str]
"""Which of the fields above it belongs to, the registry, the key in that field, the address."""

_LONGEST = 100_000
_ADDRESS = re.compile(r"https?://[^\s\"'<>]{1,500}")
_NPMRC = re.compile(r"^[ \t]*(?:(@[\w.-]+):)?registry[ \t]*=[ \t]*[\"']?(\S+?)[\"']?[ \t]*$", re.M)
_YARNRC = re.compile(r"^npm(?:Publish)?Registry(?:Server)?:[ \t]*[\"']?([^\s\"'#]+)", re.M)
_NUGET = re.compile(r"<add\s([^<>]{1,600})/?>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(key|value)\s*=\s*["']([^"']{1,500})["']""", re.IGNORECASE)


def upload_addresses(files: Iterable[SourceFile]) -> UploadAddresses:
    """What all files of a repository say; what cannot be read says nothing here."""
    packages: dict[str, str] = {}
    scopes: dict[str, str] = {}
    folders: dict[tuple[Registry, str], str] = {}
    named: dict[tuple[Registry, str], str] = {}
    for file in sorted(files, key=lambda f: (f.path.count("/"), f.path)):
        reader = _READERS.get(basename(file.path).lower())
        if reader is None or len(file.text) > _LONGEST:
            continue
        for kind, registry, key, address in reader(file.text, dirname(file.path)):
            if not _ADDRESS.match(address):
                continue
            if kind in {"packages", "scopes"}:
                (packages if kind == "packages" else scopes).setdefault(key, address)
            else:
                (folders if kind == "folders" else named).setdefault((registry, key), address)
    return UploadAddresses(packages=packages, scopes=scopes, folders=folders, named=named)


def _package_json(text: str, folder: str) -> Iterator[_Found]:
    data = _json(text)
    config = data.get("publishConfig")
    address = config.get("registry") if isinstance(config, dict) else None
    name = data.get("name")
    if isinstance(address, str):
        yield "folders", Registry.NPM, folder, address
        if isinstance(name, str):
            yield "packages", Registry.NPM, name, address


def _lerna_json(text: str, folder: str) -> Iterator[_Found]:
    command = _json(text).get("command")
    publish = command.get("publish") if isinstance(command, dict) else None
    address = publish.get("registry") if isinstance(publish, dict) else None
    if isinstance(address, str):
        yield "folders", Registry.NPM, folder, address


def _json(text: str) -> Mapping[str, object]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _npmrc(text: str, folder: str) -> Iterator[_Found]:
    for scope, address in _NPMRC.findall(text):
        if scope:
            yield "scopes", Registry.NPM, scope, address
        else:
            yield "folders", Registry.NPM, folder, address


def _yarnrc(text: str, folder: str) -> Iterator[_Found]:
    for address in _YARNRC.findall(text):
        yield "folders", Registry.NPM, folder, address


def _nuget_config(text: str, _: str) -> Iterator[_Found]:
    for inside in _NUGET.findall(text):
        given = {name.lower(): value for name, value in _ATTRIBUTE.findall(inside)}
        if "key" in given and "value" in given:
            yield "named", Registry.NUGET, given["key"], given["value"]


def _pypirc(text: str, _: str) -> Iterator[_Found]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in parser.sections():
        yield "named", Registry.PYPI, section, parser.get(section, "repository", fallback="")


def _pyproject(text: str, _: str) -> Iterator[_Found]:
    """The sources of poetry and the repositories of pdm, which uploads call by name."""
    try:
        tool = rtoml.loads(text).get("tool", {})
    except (ValueError, RecursionError):
        return
    for name, key in (("poetry", "source"), ("pdm", "source")):
        table = tool.get(name) if isinstance(tool, dict) else None
        sources = table.get(key) if isinstance(table, dict) else None
        for source in sources if isinstance(sources, list) else ():
            if isinstance(source, dict):
                named, address = source.get("name"), source.get("url")
                if isinstance(named, str) and isinstance(address, str):
                    yield "named", Registry.PYPI, named, address


_READERS: Mapping[str, Callable[[str, str], Iterator[_Found]]] = {
    "package.json": _package_json,
    "lerna.json": _lerna_json,
    ".npmrc": _npmrc,
    ".yarnrc.yml": _yarnrc,
    "nuget.config": _nuget_config,
    ".pypirc": _pypirc,
    "pyproject.toml": _pyproject,
}
