"""The package names that a repository's metadata declares, by registry and folder."""

from __future__ import annotations

import ast
import configparser
import json
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from posixpath import basename, dirname

import rtoml
from msgspec import Struct, field

from audits.model.publication import Registry
from audits.model.source import Gap, GapReason, SourceFile
from audits.model.storable import storable


class DeclaredPackage(Struct, frozen=True, kw_only=True):
    """One name in a file of metadata; ``directory`` is its folder, ``""`` at the root."""

    registry: Registry
    name: str
    directory: str


class PackageNames(Struct, frozen=True, kw_only=True):
    """What the metadata of a repository declares, and which files could not be read.

    ``indexes`` are upload addresses by the name that ``uv publish --index`` takes.
    """

    declared: tuple[DeclaredPackage, ...] = ()
    indexes: Mapping[str, str] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Names as written, by registry, each once, in the order of the files."""
        found: dict[str, list[str]] = {}
        for package in self.declared:
            names = found.setdefault(package.registry.value, [])
            if package.name not in names:
                names.append(package.name)
        return {registry: tuple(names) for registry, names in found.items()}


_TOML_LINE = re.compile(r" at line (\d+) column \d+$")
_ERRORS = (ValueError, SyntaxError, RecursionError, MemoryError, configparser.Error)
_Names = Iterator[tuple[Registry, str]]


def package_names(files: Iterable[SourceFile]) -> PackageNames:
    """Read every file of metadata among ``files``; one that is malformed becomes a gap."""
    declared: dict[tuple[Registry, str, str], None] = {}
    indexes: dict[str, str] = {}
    gaps: list[Gap] = []
    for file in sorted(files, key=lambda f: (f.path.count("/"), f.path)):
        reader = _reader(file.path)
        if reader is None:
            continue
        try:
            for registry, name in reader(file.text):
                declared.setdefault((registry, storable(name), dirname(file.path)))
            if basename(file.path) in {"pyproject.toml", "uv.toml"}:
                read = ((storable(n), storable(u)) for n, u in _uv_indexes(file.text))
                indexes |= {n: u for n, u in read if n not in indexes}
        except _ERRORS as error:
            gaps.append(_gap(file.path, error))
    packages = tuple(DeclaredPackage(registry=r, name=n, directory=d) for r, n, d in declared)
    return PackageNames(declared=packages, indexes=indexes, gaps=tuple(gaps))


def _reader(path: str) -> Callable[[str], _Names] | None:
    name = basename(path)
    return _READERS["*.gemspec"] if name.endswith(".gemspec") else _READERS.get(name)


def _gap(path: str, error: Exception) -> Gap:
    told = _TOML_LINE.search(str(error))
    line = int(told[1]) if told else getattr(error, "lineno", None)
    return Gap(
        subject=path,
        reason=GapReason.INVALID,
        detail=f"{path} could not be read as package metadata: mend its syntax to see its name.",
        line=line if isinstance(line, int) else None,
    )


def _at(table: object, *keys: str) -> object:
    """A value deep in parsed TOML or JSON; None where any step is missing or no table."""
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


@lru_cache(maxsize=1)
def _toml(text: str) -> Mapping[str, object]:
    """The file's tables; kept, since two readers ask for those of one file."""
    return rtoml.loads(text)


def _pyproject(text: str) -> _Names:
    data = _toml(text)
    # In the order in which build backends look: the standard table first.
    for keys in (
        ("project", "name"),
        ("tool", "poetry", "name"),
        ("tool", "flit", "metadata", "dist-name"),
        ("tool", "flit", "metadata", "module"),
        ("tool", "pdm", "name"),
    ):
        if name := _text(_at(data, *keys)):
            if not _is_private(data):
                yield Registry.PYPI, name
            return


def _is_private(data: object) -> bool:
    """Whether the index would refuse it: the classifier that is there to prevent uploads."""
    classifiers = _at(data, "project", "classifiers")
    items = classifiers if isinstance(classifiers, list) else []
    return any(isinstance(item, str) and item.startswith("Private ::") for item in items)


def _uv_indexes(text: str) -> Iterator[tuple[str, str]]:
    data = _toml(text)
    indexes = _at(data, "tool", "uv", "index") or _at(data, "index")
    for index in indexes if isinstance(indexes, list) else ():
        name, url = _text(_at(index, "name")), _text(_at(index, "publish-url"))
        if name and url:
            yield name, url


def _setup_cfg(text: str) -> _Names:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    name = parser.get("metadata", "name", fallback="").strip()
    if name and not name.startswith(("attr:", "file:")):
        yield Registry.PYPI, name


def _setup_py(text: str) -> _Names:
    with warnings.catch_warnings():
        # An invalid escape in somebody's file is no matter of ours.
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _called(node) != "setup":
            continue
        for keyword in node.keywords:
            if keyword.arg == "name":
                value = keyword.value
                if isinstance(value, ast.Constant) and (name := _text(value.value)):
                    yield Registry.PYPI, name
                elif isinstance(value, ast.Name) and value.id in constants:
                    yield Registry.PYPI, constants[value.id]


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _package_json(text: str) -> _Names:
    data: object = json.loads(text)
    name = _text(_at(data, "name"))
    if name and _at(data, "private") is not True:
        yield Registry.NPM, name


def _cargo(text: str) -> _Names:
    data = _toml(text)
    name, publish = _text(_at(data, "package", "name")), _at(data, "package", "publish")
    if name and publish is not False and publish != []:
        yield Registry.CRATES, name


_GEM_NAME = re.compile(r"""^[ \t]*\w+\.name\s*=\s*(['"])([A-Za-z0-9._-]+)\1""", re.MULTILINE)


def _gemspec(text: str) -> _Names:
    # Ruby code: only a literal name can be told.
    if match := _GEM_NAME.search(text):
        yield Registry.RUBYGEMS, match[2]


_READERS: dict[str, Callable[[str], _Names]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "package.json": _package_json,
    "Cargo.toml": _cargo,
    "*.gemspec": _gemspec,
}
