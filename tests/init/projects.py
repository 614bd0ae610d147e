"""Invented projects for every backend, version scheme and folder, and their plans in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from audits.collect.folder.packages import PackageFiles
from audits.init.plan import InitPlan, Wants, plan_init
from audits.model.repository import Repository
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX

REF = RepositoryRef(owner="orchard-labs", name="lumen")
Files = dict[str, str]


def _python(backend: str, requires: str, version: str, more: str = "") -> Files:
    return {
        "pyproject.toml": f'[build-system]\nrequires = [{requires}]\nbuild-backend = "{backend}"\n'
        f'[project]\nname = "lumen"\n{version}\n{more}'
    }


_STATIC = 'version = "1.0"'
_DYNAMIC = 'dynamic = ["version"]'
_CARGO = '[package]\nname = "lumen-native"\nversion = "1.0.0"\n'
_MESON = "project('lumen', 'c', version : '1.0')\n"


@dataclass
class Case:
    """One kind of project: its files at the root of its package, and what must follow."""

    name: str
    files: Files
    history: bool = False
    beside: Files = field(default_factory=dict)
    """Files at the repository's root, wherever the package lies."""


PYTHON = (
    Case("setuptools-static", _python("setuptools.build_meta", '"setuptools>=77"', _STATIC)),
    Case(
        "setuptools-scm",
        _python("setuptools.build_meta", '"setuptools", "setuptools_scm[toml]>=8"', _DYNAMIC),
        history=True,
    ),
    Case(
        "setuptools-code",
        _python(
            "setuptools.build_meta",
            '"setuptools"',
            _DYNAMIC,
            '[tool.setuptools.dynamic]\nversion = {attr = "lumen.__version__"}\n',
        ),
    ),
    Case(
        "setuptools-legacy",
        {
            "setup.py": "from setuptools import setup\nsetup(name='lumen', version='1.0')\n",
        },
    ),
    Case(
        "setuptools-cfg",
        {
            "setup.py": "from setuptools import setup\nsetup()\n",
            "setup.cfg": "[metadata]\nname = lumen\nversion = attr: lumen.__version__\n",
        },
    ),
    Case(
        "setuptools-compiled",
        {
            **_python("setuptools.build_meta", '"setuptools", "Cython>=3"', _STATIC),
            "setup.py": "from setuptools import setup\nsetup(ext_modules=cythonize('x.pyx'))\n",
        },
    ),
    Case(
        "hatchling-static",
        _python("hatchling.build", '"hatchling"', f'{_STATIC}\nreadme = "README.md"'),
    ),
    Case(
        "hatchling-vcs",
        _python(
            "hatchling.build",
            '"hatchling", "hatch-vcs"',
            _DYNAMIC,
            '[tool.hatch.version]\nsource = "vcs"\n',
        ),
        history=True,
    ),
    Case(
        "hatchling-code",
        _python(
            "hatchling.build",
            '"hatchling"',
            _DYNAMIC,
            '[tool.hatch.version]\npath = "src/lumen/__init__.py"\n',
        ),
    ),
    Case("flit-static", _python("flit_core.buildapi", '"flit_core>=3.12,<4"', _STATIC)),
    Case("flit-code", _python("flit_core.buildapi", '"flit_core>=3.12,<4"', _DYNAMIC)),
    Case(
        "flit-scm",
        _python("flit_scm:buildapi", '"flit_scm"', _DYNAMIC),
        history=True,
    ),
    Case("poetry-static", _python("poetry.core.masonry.api", '"poetry-core>=2"', _STATIC)),
    Case(
        "poetry-old",
        {
            "pyproject.toml": '[tool.poetry]\nname = "lumen"\nversion = "1.0"\n[build-system]\n'
            'requires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n'
        },
    ),
    Case(
        "poetry-scm",
        _python(
            "poetry_dynamic_versioning.backend",
            '"poetry-core", "poetry-dynamic-versioning>=1,<2"',
            _DYNAMIC,
            "[tool.poetry-dynamic-versioning]\nenable = true\n",
        ),
        history=True,
    ),
    Case("pdm-static", _python("pdm.backend", '"pdm-backend"', _STATIC)),
    Case(
        "pdm-scm",
        _python("pdm.backend", '"pdm-backend"', _DYNAMIC, '[tool.pdm.version]\nsource = "scm"\n'),
        history=True,
    ),
    Case(
        "pdm-code",
        _python(
            "pdm.backend",
            '"pdm-backend"',
            _DYNAMIC,
            '[tool.pdm.version]\nsource = "file"\npath = "lumen/__init__.py"\n',
        ),
    ),
    Case("uv-static", _python("uv_build", '"uv_build>=0.13,<0.14"', _STATIC)),
    Case(
        "maturin-static",
        {**_python("maturin", '"maturin>=1.9,<2"', _STATIC), "Cargo.toml": _CARGO},
    ),
    Case(
        "maturin-locked",
        {
            **_python("maturin", '"maturin>=1.9,<2"', _DYNAMIC),
            "Cargo.toml": _CARGO,
            "Cargo.lock": "version = 4\n",
        },
    ),
    Case(
        "scikit-build-static",
        _python("scikit_build_core.build", '"scikit-build-core"', _STATIC),
    ),
    Case(
        "scikit-build-scm",
        _python(
            "scikit_build_core.build",
            '"scikit-build-core", "setuptools-scm"',
            _DYNAMIC,
            "[tool.scikit-build.metadata.version]\n"
            'provider = "scikit_build_core.metadata.setuptools_scm"\n',
        ),
        history=True,
    ),
    Case(
        "meson-static",
        {**_python("mesonpy", '"meson-python"', _DYNAMIC), "meson.build": _MESON},
        beside={".gitmodules": '[submodule "vendor/zlib"]\n'},
    ),
)


def _npm(name: str = "lumen", **more: object) -> str:
    given = {"name": name, "version": "1.0.0", "repository": "orchard-labs/lumen", **more}
    return json.dumps(given, indent=2) + "\n"


OTHERS = (
    Case("npm-bare", {"package.json": _npm()}),
    Case(
        "npm-built",
        {
            "package.json": _npm(scripts={"build": "tsc"}, devDependencies={"typescript": "^5"}),
            "package-lock.json": "{}",
            ".nvmrc": "24\n",
        },
    ),
    Case(
        "npm-pnpm",
        {
            "package.json": _npm(
                "@orchard-labs/lumen",
                scripts={"prepack": "tsc"},
                devDependencies={"typescript": "^5"},
                packageManager="pnpm@10.20.0+sha512.00",
                publishConfig={"access": "public"},
            ),
            "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
        },
    ),
    Case("crate", {"Cargo.toml": '[package]\nname = "lumen"\nversion = "1.0.0"\n'}),
    Case(
        "crate-locked",
        {
            "Cargo.toml": '[package]\nname = "lumen"\nversion = "1.0.0"\n',
            "Cargo.lock": "version = 4\n",
        },
    ),
    Case("gem", {"lumen.gemspec": 'Gem::Specification.new do |s|\n  s.name = "lumen"\nend\n'}),
    Case(
        "nuget",
        {
            "Lumen.csproj": '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><PackageId>Lumen'
            "</PackageId><Version>1.0.0</Version></PropertyGroup></Project>\n"
        },
    ),
    Case(
        "nuget-minver",
        {
            "Lumen.csproj": '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><PackageId>Lumen'
            '</PackageId></PropertyGroup><ItemGroup><PackageReference Include="MinVer" '
            'Version="6.0.0" /></ItemGroup></Project>\n',
            "packages.lock.json": "{}",
        },
        history=True,
        beside={"global.json": "{}"},
    ),
)
CASES = (*PYTHON, *OTHERS)
FOLDERS = ("", "core", "packages/core")


def files_of(case: Case, folder: str) -> Files:
    """The files of a project whose package lies in a folder."""
    inside = {f"{folder}/{name}" if folder else name: text for name, text in case.files.items()}
    return {**inside, **case.beside}


def repository_of(files: Mapping[str, str], ref: RepositoryRef = REF) -> Repository:
    """The repository with these files."""
    sources = tuple(SourceFile.of(path, text.encode()) for path, text in sorted(files.items()))
    snapshot = Snapshot(ref=ref, files=sources)
    return read_repository(snapshot, channel=INDEX.channel_of, index_hosts=INDEX)


def packages_of(files: Mapping[str, str]) -> PackageFiles:
    """The same files as the folder's reader of metadata gives them."""
    sources = tuple(SourceFile.of(path, text.encode()) for path, text in sorted(files.items()))
    return PackageFiles(files=sources, names=frozenset(files))


def plan_of(
    files: Mapping[str, str], wants: Wants | None = None, ref: RepositoryRef = REF
) -> InitPlan:
    """What is planned for a repository with these files."""
    return plan_init(repository_of(files, ref), packages_of(files), wants or Wants(), INDEX)


def written(files: Mapping[str, str], plan: InitPlan) -> Files:
    """The repository's files after the plan was carried out."""
    return {**files, **{file.path: file.text for file in plan.files}}
