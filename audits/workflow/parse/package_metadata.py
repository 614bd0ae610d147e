"""Reads package names from a repository's metadata, by registry and folder."""

from __future__ import annotations

import ast
import configparser
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from posixpath import basename, dirname

from msgspec import Struct, field

from audits.model.registry import Registry
from audits.model.source import Gap, GapReason, SourceFile
from audits.model.storable import storable
from audits.workflow.parse.data_files import parsed_json, parsed_toml
from audits.workflow.parse.release_tools import tools_without_npm
from audits.workflow.parse.upload_addresses import UploadAddresses, upload_addresses
from audits.workflow.parse.withheld_packages import WithheldPackage, withheld_packages


class DeclaredPackage(Struct, frozen=True, kw_only=True):
    """One name in a file of metadata; ``directory`` is its folder, ``""`` at the root."""

    registry: Registry
    name: str
    directory: str


class PackageNames(Struct, frozen=True, kw_only=True):
    """What the metadata of a repository declares, and which files could not be read.

    ``indexes`` are upload addresses by the name that ``uv publish --index`` takes,
    ``addresses`` those that other files give. ``withheld`` are packages that their manifests
    keep from being published; ``has_members`` says that a workspace of npm names its packages by
    patterns, so that some may not have been read. ``without_npm`` are tools that are configured
    not to publish to npm.
    """

    declared: tuple[DeclaredPackage, ...] = ()
    indexes: Mapping[str, str] = field(default_factory=dict)
    addresses: UploadAddresses = field(default_factory=UploadAddresses)
    withheld: tuple[WithheldPackage, ...] = ()
    has_members: bool = False
    without_npm: frozenset[str] = frozenset()
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


class _ShapeError(ValueError):
    """A file that parses, with a value at ``key`` that its format does not allow."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


_LONGEST_NAME = 255
_NO_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TOML_LINE = re.compile(r" at line (\d+) column \d+$")
_ERRORS = (ValueError, SyntaxError, RecursionError, MemoryError, configparser.Error)
_Names = Iterator[tuple[Registry, str]]


def package_names(given: Iterable[SourceFile]) -> PackageNames:
    """Read every file of metadata among those given; one that is malformed becomes a gap."""
    files = tuple(given)
    declared: dict[tuple[Registry, str, str], None] = {}
    indexes: dict[str, str] = {}
    gaps: list[Gap] = []
    for file in sorted(files, key=lambda f: (f.path.count("/"), f.path)):
        reader = _reader(file.path)
        if reader is None:
            continue
        text = file.text.removeprefix("\ufeff")
        try:
            for registry, name in reader(text):
                declared.setdefault((registry, _checked(storable(name)), dirname(file.path)))
            if basename(file.path) in {"pyproject.toml", "uv.toml"}:
                read = ((storable(n), storable(u)) for n, u in _uv_indexes(text))
                indexes |= {n: u for n, u in read if n not in indexes}
        except _ERRORS as error:
            gaps.append(_gap(file.path, text, error))
    packages = tuple(DeclaredPackage(registry=r, name=n, directory=d) for r, n, d in declared)
    addresses = upload_addresses(files)
    return PackageNames(
        declared=packages,
        indexes=indexes,
        addresses=addresses,
        withheld=withheld_packages(files),
        has_members=any(map(_names_members, files)),
        without_npm=tools_without_npm(files),
        gaps=tuple(gaps),
    )


def _names_members(file: SourceFile) -> bool:
    name = basename(file.path)
    if name in {"pnpm-workspace.yaml", "lerna.json"}:
        return True
    return name == "package.json" and '"workspaces"' in file.text


def _reader(path: str) -> Callable[[str], _Names] | None:
    name = basename(path)
    if name.endswith((".csproj", ".fsproj", ".vbproj")):
        return partial(_project, name.rpartition(".")[0])
    return _READERS["*.gemspec"] if name.endswith(".gemspec") else _READERS.get(name)


def _gap(path: str, text: str, error: Exception) -> Gap:
    """A file whose package is unknown, with the line at fault where it is known."""
    line: int | None = None
    if isinstance(error, _ShapeError):
        written = re.search(
            rf"""^[ \t]*[{{\[]*[ \t]*["']?{re.escape(error.key)}["']?[ \t]*[\]=:.]""", text, re.M
        )
        line = text.count("\n", 0, written.start()) + 1 if written else 1
        why, advice = f" ({error})", "fix that"
    else:
        found = _TOML_LINE.search(str(error))
        given = int(found[1]) if found else getattr(error, "lineno", None)
        line = given if isinstance(given, int) else None
        why, advice = "", "fix its syntax"
    place = f"{path}, line {line}," if line else path
    return Gap(
        subject=path,
        reason=GapReason.INVALID,
        detail=f"{place} could not be read as package metadata{why}: {advice} to see its name.",
        line=line,
        optional="/" in path and basename(path) != "pyproject.toml",
    )


def _checked(name: str) -> str:
    """A name that can be one; _ShapeError for control characters and endless names."""
    if len(name) > _LONGEST_NAME or _NO_NAME.search(name):
        raise _ShapeError("name", "its name is none that a registry takes")
    return name


def _at(table: object, *keys: str) -> object:
    """A value deep in parsed TOML or JSON; None where a step is missing, _ShapeError where it
    is no table.
    """
    for depth, key in enumerate(keys):
        if table is None:
            return None
        if not isinstance(table, dict):
            where = f"{'.'.join(keys[:depth])!r}" if depth else "the whole file"
            raise _ShapeError(keys[depth - 1] if depth else "", f"{where} is no table")
        table = table.get(key)
    return table


def _text(table: object, *keys: str) -> str:
    """The text there, "" for none; _ShapeError for anything else."""
    value = _at(table, *keys)
    if value is not None and not isinstance(value, str):
        raise _ShapeError(keys[-1], f"{'.'.join(keys)!r} is no text")
    return (value or "").strip()


def _list(table: object, *keys: str) -> list[object]:
    """The list there, empty for none; _ShapeError for anything else."""
    value = _at(table, *keys)
    if value is not None and not isinstance(value, list):
        raise _ShapeError(keys[-1], f"{'.'.join(keys)!r} is no list")
    return value or []


def _pyproject(text: str) -> _Names:
    data = parsed_toml(text)
    # In the order in which build backends look: the standard table first.
    for keys in (
        ("project", "name"),
        ("tool", "poetry", "name"),
        ("tool", "flit", "metadata", "dist-name"),
        ("tool", "flit", "metadata", "module"),
        ("tool", "pdm", "name"),
    ):
        if name := _text(data, *keys):
            if not _is_private(data):
                yield Registry.PYPI, name
            return


def _is_private(data: object) -> bool:
    """Whether the index would refuse it: the classifier that is there to prevent uploads."""
    items = _list(data, "project", "classifiers")
    return any(isinstance(item, str) and item.startswith("Private ::") for item in items)


def _uv_indexes(text: str) -> Iterator[tuple[str, str]]:
    data = parsed_toml(text)
    for index in _list(data, "tool", "uv", "index") or _list(data, "index"):
        name, url = _text(index, "name"), _text(index, "publish-url")
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
        # Python would print warnings about the scanned file, such as invalid escapes.
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
                if isinstance(value, ast.Constant):
                    if name := _text({"name": value.value}, "name"):
                        yield Registry.PYPI, name
                elif isinstance(value, ast.Name) and value.id in constants:
                    yield Registry.PYPI, constants[value.id]


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _package_json(text: str) -> _Names:
    data = parsed_json(text)
    if data is None:
        raise _ShapeError("", "the whole file is no table")
    name = _text(data, "name")
    if name and _at(data, "private") is not True:
        yield Registry.NPM, name


def _cargo(text: str) -> _Names:
    data = parsed_toml(text)
    name, publish = _text(data, "package", "name"), _at(data, "package", "publish")
    if name and publish is not False and publish != []:
        yield Registry.CRATES, name


_GEM_NAME = re.compile(
    r"""(?:^|[|;])[ \t]*\w+\.name\s*=\s*(?:%[qQ]?[{(\[<]|['"])([A-Za-z0-9._-]+)[})\]>'"]""",
    re.MULTILINE,
)


def _gemspec(text: str) -> _Names:
    # Ruby code: only a literal name is known.
    if match := _GEM_NAME.search(text):
        yield Registry.RUBYGEMS, match[1]


_PROJECT_NAME = re.compile(r"<(PackageId|AssemblyName)>\s*([\w.-]{1,200})\s*</")
_NO_PACKAGE = re.compile(
    r"<IsPackable>\s*false|<IsTestProject>\s*true|Microsoft\.NET\.Test\.Sdk", re.IGNORECASE
)
_PROGRAM = re.compile(r"<OutputType>\s*(?:Win)?Exe", re.IGNORECASE)
_IS_PACKAGE = re.compile(r"<(?:PackageId|PackAsTool|IsPackable>\s*true)", re.IGNORECASE)
_TRY_OUT = re.compile(
    r"(?:^|[.\W_])(?:tests?|samples?|examples?|benchmarks?|demos?)(?:$|[.\W_])", re.I
)


def _project(stem: str, text: str) -> _Names:
    """The package of a .NET project: its id, else its assembly's name, else the file's."""
    if _NO_PACKAGE.search(text):
        return
    if not _IS_PACKAGE.search(text) and (_PROGRAM.search(text) or _TRY_OUT.search(stem)):
        return
    names = dict(reversed(_PROJECT_NAME.findall(text)))
    yield Registry.NUGET, names.get("PackageId") or names.get("AssemblyName") or stem


_READERS: dict[str, Callable[[str], _Names]] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _setup_cfg,
    "setup.py": _setup_py,
    "package.json": _package_json,
    "Cargo.toml": _cargo,
    "*.gemspec": _gemspec,
}
