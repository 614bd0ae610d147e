"""Checkouts and folders that commands are run on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scoring.test_score import DEPENDABOT, LESSON

TOKEN = """name: Publish
on: {release: {types: [published]}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI_API_TOKEN }}
"""


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A checkout whose maintainer followed the lesson."""
    files = {
        ".github/workflows/release.yml": LESSON,
        ".github/dependabot.yml": DEPENDABOT,
        "pyproject.toml": '[project]\nname = "lumen"\n',
    }
    return write(tmp_path / "lumen", files)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """A checkout that publishes with a stored token."""
    files = {
        ".github/workflows/publish.yml": TOKEN,
        "pyproject.toml": '[project]\nname = "tidepool"\n',
    }
    return write(tmp_path / "tidepool", files)


@pytest.fixture
def organization(tmp_path: Path, lesson: Path, token: Path) -> Path:
    """A folder with both, one that publishes nothing, and one that cannot be read."""
    root = tmp_path
    write(root / "notes", {".github/workflows/docs.yml": "on: push\njobs: {a: {steps: []}}\n"})
    write(root / "cracked", {".github/workflows/release.yml": "on: push\njobs: [\n"})
    (root / "photographs").mkdir()
    return root
