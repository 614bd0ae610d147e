"""Reads upload addresses from a repository's own files: ``publishConfig``, ``.npmrc`` …"""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from posixpath import basename, dirname

from msgspec import Struct, field

from audits.model.registry import Registry
from audits.model.source import SourceFile
from audits.workflow.parse.data_files import json_table, toml_table, value_at


class UploadAddresses(Struct, frozen=True, kw_only=True):
    """Addresses that files of the repository give for uploads, as written there.

    ``packages`` are those of one package by its registry and name, ``scopes`` of all in a scope
    of npm, ``folders`` of what is uploaded from a folder (by registry and folder, "" is the
    root), and ``named`` those of an index, source or repository that commands call by a name.
    In place of an address a crate or a Hex package may give such a name.
    """

    packages: Mapping[tuple[Registry, str], str] = field(default_factory=dict)
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
    """The addresses in all files of a repository. Files that cannot be parsed give none; other
    readers report them.
    """
    scopes: dict[str, str] = {}
    found: dict[str, dict[tuple[Registry, str], str]] = {
        "packages": {},
        "folders": {},
        "named": {},
    }
    given = [file for file in files if len(file.text) <= _LONGEST]
    for file in sorted(given, key=lambda f: (f.path.count("/"), f.path)):
        reader = _reader(file.path)
        for kind, registry, key, address in reader(file.text, dirname(file.path)) if reader else ():
            if not (_ADDRESS if registry not in _BY_NAME else _ADDRESS_OR_NAME).match(address):
                continue
            if kind == "scopes":
                scopes.setdefault(key, address)
            else:
                found[kind].setdefault((registry, key), address)
    for name, address in _crates(given):
        found["packages"].setdefault((Registry.CRATES, name), address)
    return UploadAddresses(
        scopes=scopes,
        packages=found["packages"],
        folders=found["folders"],
        named=found["named"],
    )


def _reader(path: str) -> Callable[[str, str], Iterator[_Found]] | None:
    name = basename(path).lower()
    if name.endswith(".gemspec"):
        return _gemspec
    if path.endswith((".cargo/config.toml", ".cargo/config")):
        return _cargo_config
    return _READERS.get(name)


def _package_json(text: str, folder: str) -> Iterator[_Found]:
    data = json_table(text)
    config = data.get("publishConfig")
    address = config.get("registry") if isinstance(config, dict) else None
    name = data.get("name")
    if isinstance(address, str):
        yield "folders", Registry.NPM, folder, address
        if isinstance(name, str):
            yield "packages", Registry.NPM, name, address


def _lerna_json(text: str, folder: str) -> Iterator[_Found]:
    command = json_table(text).get("command")
    publish = command.get("publish") if isinstance(command, dict) else None
    address = publish.get("registry") if isinstance(publish, dict) else None
    if isinstance(address, str):
        yield "folders", Registry.NPM, folder, address


def _npmrc(text: str, folder: str) -> Iterator[_Found]:
    for scope, address in _NPMRC.findall(text):
        if scope:
            yield "scopes", Registry.NPM, scope, address
        else:
            yield "folders", Registry.NPM, folder, address


def _yarnrc(text: str, folder: str) -> Iterator[_Found]:
    for address in _YARNRC.findall(text):
        yield "folders", Registry.NPM, folder, address


def _nuget_config(text: str, folder: str) -> Iterator[_Found]:
    for inside in _NUGET.findall(text):
        given = {name.lower(): value for name, value in _ATTRIBUTE.findall(inside)}
        if "key" in given and "value" in given:
            yield "named", Registry.NUGET, given["key"], given["value"]
            # https://learn.microsoft.com/nuget/reference/nuget-config-file#config-section
            if given["key"].lower() == "defaultpushsource":
                yield "folders", Registry.NUGET, folder, given["value"]


def _pypirc(text: str, _: str) -> Iterator[_Found]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    for section in parser.sections():
        yield "named", Registry.PYPI, section, parser.get(section, "repository", fallback="")


def _pyproject(text: str, folder: str) -> Iterator[_Found]:
    """The sources of poetry and pdm, which uploads call by name, and where uv uploads to."""
    tool = toml_table(text).get("tool", {})
    yield from _uv(value_at(tool, "uv", "publish-url"), folder)
    for name, key in (("poetry", "source"), ("pdm", "source")):
        table = tool.get(name) if isinstance(tool, dict) else None
        sources = table.get(key) if isinstance(table, dict) else None
        for source in sources if isinstance(sources, list) else ():
            if isinstance(source, dict):
                named, address = source.get("name"), source.get("url")
                if isinstance(named, str) and isinstance(address, str):
                    yield "named", Registry.PYPI, named, address


def _uv_toml(text: str, folder: str) -> Iterator[_Found]:
    yield from _uv(toml_table(text).get("publish-url"), folder)


def _uv(address: object, folder: str) -> Iterator[_Found]:
    if isinstance(address, str):
        yield "folders", Registry.PYPI, folder, address


def _crates(files: Iterable[SourceFile]) -> Iterator[tuple[str, str]]:
    """The only registry that a crate may go to, by the crate's name.

    With one registry in ``package.publish``, cargo takes that one where none is given:
    https://doc.rust-lang.org/cargo/reference/manifest.html#the-publish-field
    """
    tables = {f.path: toml_table(f.text) for f in files if basename(f.path) == "Cargo.toml"}
    shared = [value_at(table, "workspace", "package", "publish") for table in tables.values()]
    for table in tables.values():
        name, allowed = value_at(table, "package", "name"), value_at(table, "package", "publish")
        if value_at(allowed, "workspace") is True:
            allowed = next((given for given in shared if given is not None), None)
        only = allowed[0] if isinstance(allowed, list) and len(allowed) == 1 else None
        if isinstance(name, str) and isinstance(only, str) and _ADDRESS_OR_NAME.match(only):
            yield name, only


def _cargo_config(text: str, folder: str) -> Iterator[_Found]:
    """https://doc.rust-lang.org/cargo/reference/config.html#registry"""
    table = toml_table(text)
    registries, default = table.get("registries"), value_at(table, "registry", "default")
    for name, registry in registries.items() if isinstance(registries, dict) else ():
        if isinstance(index := value_at(registry, "index"), str):
            yield "named", Registry.CRATES, name, index.removeprefix("sparse+")
    if isinstance(default, str):
        yield "folders", Registry.CRATES, dirname(folder), default


_GEM_HOST = re.compile(
    r"""allowed_push_host["']?\]?[ \t]*(?:=>?|:)[ \t]*["'](https?://[^"'\s]+)["']"""
)


def _gemspec(text: str, folder: str) -> Iterator[_Found]:
    """The host that ``gem push`` takes where none is given.

    https://guides.rubygems.org/specification-reference/#metadata
    """
    if match := _GEM_HOST.search(text):
        yield "folders", Registry.RUBYGEMS, folder, match[1]


_PUBLISH_TO = re.compile(r"^publish_to:[ \t]*[\"']?(https?://[^\s\"'#]+)", re.M)


def _pubspec(text: str, folder: str) -> Iterator[_Found]:
    """https://dart.dev/tools/pub/pubspec#publish_to"""
    if match := _PUBLISH_TO.search(text):
        yield "folders", Registry.PUB, folder, match[1]


_HEX_ORGANIZATION = re.compile(
    r"(?:\bpackage:[ \t]*\[|\bdefp?[ \t]+package\b)(?:(?!\{:)[^\x00]){0,600}?"
    r"\borganization:[ \t]*\"(\w+)\""
)


def _mix(text: str, folder: str) -> Iterator[_Found]:
    """A package of an organization is private: https://hex.pm/docs/private"""
    if match := _HEX_ORGANIZATION.search(text):
        yield "folders", Registry.HEX, folder, match[1]


_CENTRAL = re.compile(
    r"central-publishing-maven-plugin|nexus-staging-maven-plugin|vanniktech\.maven\.publish"
    r"|nexus.publish-plugin|sonatype|jreleaser",
    re.IGNORECASE,
)
"""What makes a build go to Maven Central, whatever repositories it names besides."""

_REPOSITORY_URL = re.compile(
    r"<repository>(?:(?!</repository>).){0,600}?<url>\s*(https?://[^\s<]+)", re.S
)
_PUBLISHING = re.compile(r"^[ \t]*(?:publishing|uploadArchives)\b[^\n{]{0,80}\{", re.M)
_URL = re.compile(r"""\burl\b[^\n"']{0,60}["'](https?://[^"'\s]+)["']""")
_PUBLISH_SETTING = re.compile(
    r"""^(?![ \t]*//)[^\n]{0,80}\bpublishTo\b[^"']{0,80}(?:["'][^"'\n]*["'][^\n"']{0,20})?["'](https?://[^"'\s]+)["']""",
    re.M,
)


def _pom(text: str, folder: str) -> Iterator[_Found]:
    """https://maven.apache.org/pom.html#Distribution_Management"""
    managed = text.partition("<distributionManagement>")[2].partition("</distributionManagement>")
    if not _CENTRAL.search(text) and (match := _REPOSITORY_URL.search(managed[0])):
        yield "folders", Registry.MAVEN, folder, match[1]


def _gradle(text: str, folder: str) -> Iterator[_Found]:
    """https://docs.gradle.org/current/userguide/publishing_maven.html#publishing_maven:repositories"""
    block = _PUBLISHING.search(text)
    if block and not _CENTRAL.search(text):
        inside = text[block.end() : _end_of_block(text, block.end())]
        if match := _URL.search(inside):
            yield "folders", Registry.MAVEN, folder, match[1]


def _end_of_block(text: str, start: int) -> int:
    """Where the braces that are open at ``start`` close; the text's end where they do not."""
    depth = 1
    for match in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if match[0] == "{" else -1
        if not depth:
            return match.start()
    return len(text)


def _sbt(text: str, folder: str) -> Iterator[_Found]:
    """https://www.scala-sbt.org/1.x/docs/Publishing.html"""
    if not _CENTRAL.search(text) and (match := _PUBLISH_SETTING.search(text)):
        yield "folders", Registry.MAVEN, folder, match[1]


_BY_NAME = frozenset({Registry.CRATES, Registry.HEX})
_ADDRESS_OR_NAME = re.compile(rf"{_ADDRESS.pattern}|[\w.-]+\Z")

_READERS: Mapping[str, Callable[[str, str], Iterator[_Found]]] = {
    "package.json": _package_json,
    "lerna.json": _lerna_json,
    ".npmrc": _npmrc,
    ".yarnrc.yml": _yarnrc,
    "nuget.config": _nuget_config,
    ".pypirc": _pypirc,
    "pyproject.toml": _pyproject,
    "uv.toml": _uv_toml,
    "pubspec.yaml": _pubspec,
    "mix.exs": _mix,
    "pom.xml": _pom,
    "build.gradle": _gradle,
    "build.gradle.kts": _gradle,
    "build.sbt": _sbt,
}
