"""Package names from the metadata of every build tool, and from broken metadata."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.model.source import GapReason, SourceFile
from audits.workflow.parse.package_metadata import DeclaredPackage, PackageNames, package_names


def read(files: dict[str, str]) -> PackageNames:
    return package_names(SourceFile.of(path, text.encode()) for path, text in files.items())


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("pyproject.toml", '[project]\nname = "Lumen.Core"', {"pypi": ("Lumen.Core",)}),
        ("pyproject.toml", '[tool.poetry]\nname = "lumen"', {"pypi": ("lumen",)}),
        ("pyproject.toml", '[tool.flit.metadata]\nmodule = "lumen"', {"pypi": ("lumen",)}),
        (
            "pyproject.toml",
            '[tool.flit.metadata]\nmodule = "lumen"\ndist-name = "lumen-kit"',
            {"pypi": ("lumen-kit",)},
        ),
        (
            "pyproject.toml",
            '[project]\nname = "lumen"\n[tool.poetry]\nname = "other"',
            {"pypi": ("lumen",)},
        ),
        (
            "pyproject.toml",
            '[project]\nname = "lumen"\nclassifiers = ["Private :: Do Not Upload"]',
            {},
        ),
        ("pyproject.toml", '[build-system]\nrequires = ["hatchling"]', {}),
        ("pyproject.toml", "[project]\nversion = '1'", {}),
        ("pyproject.toml", "\ufeff[project]\nname = 'lumen'", {"pypi": ("lumen",)}),
        ("setup.py", "\ufeffsetup(name='lumen')", {"pypi": ("lumen",)}),
        ("package.json", '\ufeff{"name": "lumen"}', {"npm": ("lumen",)}),
        ("package.json", '{"name": null}', {}),
        ("setup.cfg", "[metadata]\nname = lumen\n", {"pypi": ("lumen",)}),
        ("setup.cfg", "[metadata]\nname = attr: lumen.NAME\n", {}),
        ("setup.cfg", "[options]\nx = %(y)s\n", {}),
        ("setup.py", "from setuptools import setup\nsetup(name='lumen')", {"pypi": ("lumen",)}),
        ("setup.py", "import setuptools as s\ns.setup(name='lumen')", {"pypi": ("lumen",)}),
        ("setup.py", "NAME = 'lumen'\nsetup(name=NAME)", {"pypi": ("lumen",)}),
        ("setup.py", "setup(name=read('NAME'))", {}),
        ("setup.py", "setup(**config)", {}),
        ("setup.py", "PATTERN = '\\d'\nsetup(name='lumen')", {"pypi": ("lumen",)}),
        ("package.json", '{"name": "@orchard/lumen"}', {"npm": ("@orchard/lumen",)}),
        ("package.json", '{"name": "lumen", "private": true}', {}),
        ("Cargo.toml", '[package]\nname = "lumen"', {"crates": ("lumen",)}),
        ("Cargo.toml", '[package]\nname = "lumen"\npublish = false', {}),
        ("Cargo.toml", '[package]\nname = "lumen"\npublish = []', {}),
        ("Cargo.toml", '[workspace]\nmembers = ["a"]', {}),
        (
            "lumen.gemspec",
            "Gem::Specification.new do |s|\n  s.name = 'lumen'\nend",
            {"rubygems": ("lumen",)},
        ),
        ("lumen.gemspec", "Gem::Specification.new { |s| s.name = NAME }", {}),
        ("README.md", "name = lumen", {}),
    ],
)
def test_names_are_read_as_written(path: str, text: str, names: dict[str, tuple[str, ...]]) -> None:
    found = read({path: text})
    assert found.names == names
    assert found.gaps == ()


def test_several_packages_keep_their_folders_and_each_name_counts_once() -> None:
    found = read(
        {
            "sub/pyproject.toml": '[project]\nname = "lumen-sub"',
            "pyproject.toml": '[project]\nname = "lumen"',
            "setup.cfg": "[metadata]\nname = lumen",
        }
    )
    assert found.names == {"pypi": ("lumen", "lumen-sub")}
    assert {(p.name, p.directory) for p in found.declared} == {("lumen", ""), ("lumen-sub", "sub")}
    assert all(isinstance(package, DeclaredPackage) for package in found.declared)


def test_upload_addresses_of_configured_indexes() -> None:
    text = """
[[tool.uv.index]]
name = "orchard"
url = "https://orchard.example/simple"
publish-url = "https://orchard.example/upload"
[[tool.uv.index]]
name = "only-read"
url = "https://orchard.example/simple"
"""
    assert read({"pyproject.toml": text}).indexes == {"orchard": "https://orchard.example/upload"}


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project"),
        ("setup.cfg", "name = lumen"),
        ("setup.py", "setup(name="),
        ("setup.py", "\0"),
        ("setup.py", "-" * 100_000 + "1"),
        ("package.json", "{"),
        ("package.json", "[" * 100_000),
        ("Cargo.toml", "="),
        ("a/pyproject.toml", "x = 1\nx = 2"),
        ("pyproject.toml", "project = 3"),
        ("pyproject.toml", "[project]\nname = 3"),
        ("pyproject.toml", "[project]\nname = ['a']"),
        ("pyproject.toml", "[project]\nname = 'a'\nclassifiers = 'Private :: x'"),
        ("pyproject.toml", "[tool]\npoetry = []"),
        ("pyproject.toml", "[tool.uv]\nindex = 'x'"),
        ("pyproject.toml", "[[tool.uv.index]]\nname = 1"),
        ("pyproject.toml", f"[project]\nname = '{'a' * 300}'"),
        ("setup.py", "setup(name=3)"),
        ("setup.cfg", "[metadata]\nname = a\n  b\n"),
        ("package.json", '["lumen"]'),
        ("package.json", "null"),
        ("package.json", '"lumen"'),
        ("package.json", '{"name": {"x": 1}}'),
        ("package.json", '{"name": "x\\u001b[31m"}'),
        ("Cargo.toml", "package = 'lumen'"),
        ("Cargo.toml", "[package]\nname = true"),
    ],
)
def test_a_malformed_file_is_a_gap_and_costs_no_other(path: str, text: str) -> None:
    found = read({path: text, "sub/pyproject.toml": '[project]\nname = "lumen"'})
    assert found.names == {"pypi": ("lumen",)}
    assert [(gap.subject, gap.reason) for gap in found.gaps] == [(path, GapReason.INVALID)]


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("pyproject.toml", "[project]\nname = 'a'\nname = 'b'\n", 3),
        ("package.json", "{\n'", 2),
        ("setup.py", "x\nsetup(", 2),
        ("pyproject.toml", "[" + "a." * 5000 + "a]", None),
        ("pyproject.toml", "[build-system]\n[project]\nversion = '1'\nname = 3", 4),
        ("pyproject.toml", "x = 1\nproject = 3", 2),
        ("package.json", '{\n  "private": false,\n  "name": []\n}', 3),
        ("Cargo.toml", "[package]\nname = true", 2),
    ],
)
def test_the_gap_of_a_malformed_file_names_its_line(path: str, text: str, line: int | None) -> None:
    assert [gap.line for gap in read({path: text}).gaps] == [line]


_NAMES = ["pyproject.toml", "setup.cfg", "setup.py", "package.json", "Cargo.toml", "x.gemspec"]


@given(st.sampled_from(_NAMES), st.text(max_size=60))
def test_any_text_gives_names_or_a_gap(path: str, text: str) -> None:
    found = package_names([SourceFile(path=path, text=text, oid="")])
    assert all(name.strip() for names in found.names.values() for name in names)
    assert len(found.gaps) <= 1
