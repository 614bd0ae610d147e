"""Which files are read, and what else a text refers to."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.collect import paths


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/a.yml",
        ".github/workflows/.hidden.yaml",
        ".github/workflows/actions.lock",
        ".github/actions/a/action.yml",
        ".github/actions/a/b/action.yaml",
        ".github/actions/action.yml",
        ".github/dependabot.yaml",
        ".github/renovate.json5",
        ".github/zizmor.yml",
        "zizmor.yml",
        "action.yml",
        "renovate.json",
        ".renovaterc",
        "pyproject.toml",
        "setup.py",
        "package.json",
        "Cargo.toml",
        "wick.gemspec",
        "core/pyproject.toml",
    ],
)
def test_wanted(path: str) -> None:
    assert paths.wanted(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "README.md",
        ".github/workflows/a/b.yml",
        ".github/workflows/a.yml.txt",
        "docs/pyproject.toml",
        ".tox/pyproject.toml",
        "a/b/pyproject.toml",
        "action.yml/x",
        ".github/pyproject.toml",
        "core/setup.py",
        "lib/wick.gemspec",
        ".github/actions/a/main.js",
        "workflows/a.yml",
    ],
)
def test_not_wanted(path: str) -> None:
    assert not paths.wanted(path)


def test_where_an_action_is_looked_for() -> None:
    assert paths.action_files("./tools/a/") == ("tools/a/action.yml", "tools/a/action.yaml")
    assert paths.action_files("") == paths.action_files("./") == ("action.yml", "action.yaml")


def test_references_in_a_text() -> None:
    text = """
      - uses: ./tools/a  # why
      - uses: "$/tools/b"
        uses: './'
      - uses: Lanterns/setup-wick/sub/dir@release/v1 # v1
      - uses: 'orchard-labs/pipelines/.github/workflows/x.yml@main'
      - uses: docker://alpine
      - run: echo reuses ./nothing
    """
    assert paths.local_references(text) == {"tools/a", "tools/b", ""}
    assert paths.remote_references(text) == {
        ("Lanterns/setup-wick", "sub/dir", "release/v1"),
        ("orchard-labs/pipelines", ".github/workflows/x.yml", "main"),
    }


@given(st.text())
def test_any_text_and_any_path(text: str) -> None:
    assert isinstance(paths.wanted(text), bool)
    paths.local_references(text)
    paths.remote_references(f"uses: {text}")
    assert all(path.endswith((".yml", ".yaml")) for path in paths.action_files(text))


@pytest.mark.parametrize(
    "part", ["uses:a/b/", "uses: a/b/c", "uses:", "uses: ./a", "uses:\n", "a/"]
)
def test_no_text_takes_long(part: str) -> None:
    text = part * (paths.MAX_BYTES // len(part))
    start = time.process_time()
    paths.local_references(text)
    paths.remote_references(text)
    assert time.process_time() - start < 1
