"""Reads how a Python package is built: its backend, whether it is compiled, its version.

The backends are those of https://packaging.python.org/en/latest/guides/tool-recommendations/
and their documented names for ``build-backend``.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from posixpath import dirname

import rtoml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from audits.init.project import NoWorkflow, Project, Recipe, VersionFrom
from audits.model.registry import Registry


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BACKENDS = {
    "setuptools.build_meta": "setuptools",
    "setuptools.build_meta:__legacy__": "setuptools",
    "hatchling.build": "hatchling",
    "hatchling.ouroboros": "hatchling",
    "flit_core.buildapi": "flit",
    "flit.buildapi": "flit",
    "flit_scm:buildapi": "flit",
    "poetry.core.masonry.api": "poetry",
    "poetry.masonry.api": "poetry",
    "poetry_dynamic_versioning.backend": "poetry",
    "pdm.backend": "pdm",
    "pdm.pep517.api": "pdm",
    "uv_build": "uv_build",
    "uv": "uv_build",
    "maturin": "maturin",
    "scikit_build_core.build": "scikit-build-core",
    "scikit_build_core.setuptools.build_meta": "scikit-build-core",
    "mesonpy": "meson-python",
}
_VERSION_TABLES = {"hatchling": "hatch", "pdm": "pdm"}
_COMPILES = frozenset({"scikit-build-core", "meson-python"})
_FROM_TAGS = _words(
    "setuptools-scm hatch-vcs versioningit poetry-dynamic-versioning dunamai vcs-versioning"
    " versioneer versioneer-518 setuptools-git-versioning uv-dynamic-versioning flit-scm pbr"
)
_COMPILERS = _words(
    "cython pybind11 nanobind cffi numpy mypy setuptools-rust hatch-cython hatch-mypyc"
    " scikit-build swig cppyy extension-helpers cmake"
)
_EXTENSIONS = re.compile(
    r"^[^#\n]*\b(?:ext_modules|cffi_modules|rust_extensions|ext_package)\s*=|^[^#\n]*\bcythonize\s*\(",
    re.MULTILINE,
)
_SCM = re.compile(r"\b(?:use_scm_version|setup_requires\b.*setuptools_scm|versioneer\.)")
_STATIC_CALL = re.compile(r"^[^#\n]*\bversion\s*=\s*[\"']", re.MULTILINE)


def python_project(name: str, path: str, texts: Mapping[str, str]) -> Project | NoWorkflow:
    """What is known of the package that ``path`` (pyproject.toml, setup.cfg or setup.py) names.

    ``texts`` are the files of its folder by their names. ValueError where TOML is broken.
    """
    data = rtoml.loads(texts.get("pyproject.toml", ""))
    backend = _backend(data)
    if isinstance(backend, NoWorkflow):
        return backend
    compiled = backend in _COMPILES or _is_compiled(data, texts)
    recipe = Recipe.WHEELS if compiled else Recipe.PYTHON
    return Project(
        registry=Registry.PYPI,
        name=name,
        directory=dirname(path),
        metadata=path,
        backend=backend,
        recipe=Recipe.MATURIN if backend == "maturin" else recipe,
        version=_version(backend, data, texts),
        has_readme=_has_readme(data),
        remarks=_remarks(data),
    )


def _backend(data: Mapping[str, object]) -> str | NoWorkflow:
    system = _table(data, "build-system")
    named = system.get("build-backend")
    if system.get("backend-path"):
        return NoWorkflow(
            reason=f"Its build backend {named!r} is a file of the repository, which may do anything.",
            advice="Write the workflow by the lesson, or take a backend from the package index.",
        )
    if not isinstance(named, str) or not named:
        return "setuptools"  # https://peps.python.org/pep-0518/, for files without it
    if named not in _BACKENDS:
        known = ", ".join(sorted({*_BACKENDS.values()}))
        return NoWorkflow(
            reason=f"Its build backend {named!r} is none that is known here.",
            advice=f"Known are {known}; for others, write the workflow by the lesson.",
        )
    return _BACKENDS[named]


def _table(data: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    """A table deep in parsed TOML; an empty one where there is none."""
    for key in keys:
        value = data.get(key)
        data = value if isinstance(value, dict) else {}
    return data


def _required(data: Mapping[str, object]) -> frozenset[str]:
    """The names that the build requires."""
    listed = _table(data, "build-system").get("requires")
    found = set()
    for item in listed if isinstance(listed, list) else ():
        try:
            found.add(canonicalize_name(Requirement(str(item)).name))
        except InvalidRequirement:
            continue  # its build fails by itself
    return frozenset(found)


def _is_compiled(data: Mapping[str, object], texts: Mapping[str, str]) -> bool:
    """Whether a build makes something for one system only."""
    setuptools = _table(data, "tool", "setuptools")
    declared = (
        setuptools.get("ext-modules"),
        _table(data, "tool", "setuptools-rust"),
        _table(data, "tool", "cibuildwheel"),
        _table(data, "tool", "poetry", "build").get("script"),
        _table(data, "tool", "hatch", "build", "hooks").get("mypyc"),
        _table(data, "tool", "hatch", "build", "hooks").get("cython"),
    )
    if any(declared) or _required(data) & _COMPILERS:
        return True
    return _EXTENSIONS.search(texts.get("setup.py", "")) is not None


def _version(backend: str, data: Mapping[str, object], texts: Mapping[str, str]) -> VersionFrom:
    if _required(data) & _FROM_TAGS or _is_from_tags(data, texts):
        return VersionFrom.TAGS
    project, poetry = _table(data, "project"), _table(data, "tool", "poetry")
    if isinstance(project.get("version"), str) or isinstance(poetry.get("version"), str):
        return VersionFrom.METADATA
    if backend == "setuptools":
        return _of_setuptools(data, texts)
    if backend in _VERSION_TABLES:
        return _of_table(_table(data, "tool", _VERSION_TABLES[backend], "version"))
    if backend == "scikit-build-core":
        return _of_provider(data)
    if backend == "meson-python":
        return _of_meson(texts)
    if backend == "maturin":
        return VersionFrom.METADATA  # of Cargo.toml
    return VersionFrom.CODE if backend == "flit" else VersionFrom.BUILD


def _is_from_tags(data: Mapping[str, object], texts: Mapping[str, str]) -> bool:
    tool = _table(data, "tool")
    if any(
        name in tool
        for name in ("setuptools_scm", "poetry-dynamic-versioning", "versioningit", "versioneer")
    ):
        return True
    sources = (
        _table(data, "tool", "hatch", "version").get("source"),
        _table(data, "tool", "pdm", "version").get("source"),
    )
    if set(sources) & {"vcs", "scm", "versioningit", "uv-dynamic-versioning"}:
        return True
    provider = str(_provider(data))
    return "setuptools_scm" in provider or _SCM.search(texts.get("setup.py", "")) is not None


def _of_table(table: Mapping[str, object]) -> VersionFrom:
    kind = table.get("source")
    if table.get("path") and kind in {None, "regex", "code", "file"}:
        return VersionFrom.CODE
    return VersionFrom.BUILD


def _of_setuptools(data: Mapping[str, object], texts: Mapping[str, str]) -> VersionFrom:
    given = _table(data, "tool", "setuptools", "dynamic", "version")
    if "attr" in given or "file" in given:
        return VersionFrom.CODE
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(texts.get("setup.cfg", ""))
    except configparser.Error:
        return VersionFrom.BUILD
    written = parser.get("metadata", "version", fallback="").strip()
    if written:
        dynamic = written.startswith(("attr:", "file:"))
        return VersionFrom.CODE if dynamic else VersionFrom.METADATA
    static = _STATIC_CALL.search(texts.get("setup.py", ""))
    return VersionFrom.METADATA if static else VersionFrom.BUILD


def _provider(data: Mapping[str, object]) -> object:
    return _table(data, "tool", "scikit-build", "metadata", "version").get("provider")


def _of_provider(data: Mapping[str, object]) -> VersionFrom:
    by_pattern = _provider(data) == "scikit_build_core.metadata.regex"
    return VersionFrom.CODE if by_pattern else VersionFrom.BUILD


def _of_meson(texts: Mapping[str, str]) -> VersionFrom:
    written = re.search(r"^[^#\n]*\bversion\s*:\s*'", texts.get("meson.build", ""), re.MULTILINE)
    return VersionFrom.METADATA if written else VersionFrom.BUILD


def _has_readme(data: Mapping[str, object]) -> bool:
    """Whether a description of a known form is declared: without, a strict check of it fails."""
    return any(_table(data, *keys).get("readme") for keys in (("project",), ("tool", "poetry")))


def _remarks(data: Mapping[str, object]) -> tuple[str, ...]:
    needs_rust = "setuptools-rust" in _required(data)
    rust = (
        "Let cibuildwheel install Rust in its containers (`before-all`): setuptools-rust needs it."
    )
    return (rust,) if needs_rust else ()
