"""What the text and Markdown of one repository say, of checkouts on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import TOKEN, write
from tests.cli.runner import release_audit
from tests.scoring.test_score import DEPENDABOT, LESSON

OPTIONS = ("--offline", "--no-engine", "--index-url", "https://index.example/simple/")
ON_TEST_INDEX = TOKEN.replace(
    "        with:\n",
    "        with:\n          repository-url: https://test.index.example/legacy/\n",
)
TWO_NAMES = TOKEN.replace(
    "      - uses: pypa", "      - run: pip install build && python -m build\n      - uses: pypa"
)


def checked(root: Path, *words: str) -> str:
    return release_audit("check", str(root), *OPTIONS, *words).out


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_an_upload_to_a_test_index_alone_is_named_as_such(tmp_path: Path, form: str) -> None:
    root = write(tmp_path, {".github/workflows/release.yml": ON_TEST_INDEX})
    said = checked(root, "--format", form)
    assert "- · published only to a test index" in said
    assert "nothing is published" not in said
    who = said.split("Who can publish")[1].split("Findings")[0]
    assert "pypi (test)" in who


def test_packages_of_one_state_and_reason_are_one_entry(tmp_path: Path) -> None:
    members = {f"p{n}/package.json": f'{{"name": "@lumen/p{n:02}"}}' for n in range(30)}
    text = TOKEN.replace(
        "      - uses: pypa/gh-action-pypi-publish@release/v1\n        with:\n"
        "          password: ${{ secrets.PYPI_API_TOKEN }}\n",
        "      - run: npm publish --workspaces\n        env:\n"
        "          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n",
    )
    files = {".github/workflows/release.yml": text, **members}
    root = write(tmp_path, {**files, "package.json": '{"workspaces": ["p*"]}'})
    ladder = checked(root).split("trusted-publisher ladder\n")[1].split("\n\n")[0]
    assert ladder.count("npm") == len(ladder.splitlines()) // 2 < 5
    assert "@lumen/p00, @lumen/p01" in ladder
    assert "and 10 more; --format json lists all" in ladder


def test_one_way_into_a_job_is_one_path_and_every_change_of_a_cut_is_named(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {".github/workflows/release.yml": TWO_NAMES, "pyproject.toml": '[project]\nname = "a"\n'},
    )
    said = release_audit("who", str(root), "--offline").out
    assert "→ the job publishes; the job reads secret PYPI_API_TOKEN  " in said
    ways = said.split("\n    third-party")[1:]
    assert len(ways) == len(set(ways))
    assert (
        "    To close it: pin `build` to a version (.github/workflows/release.yml:8)\n     and "
        in said
    )
    assert "and 1 more" not in said


def test_a_note_leaves_no_step_of_the_lesson_undone(tmp_path: Path) -> None:
    text = LESSON.replace("      - name: Build\n        run:", "      - run:", 1)
    assert text != LESSON
    files = {".github/workflows/release.yml": text, ".github/dependabot.yml": DEPENDABOT}
    said = checked(write(tmp_path, files))
    assert "✓ Secure the workflow: pin, name, update: done, but for unnamed-step" in said


def test_what_no_workflow_is_named_by_is_not_named(tmp_path: Path) -> None:
    text = LESSON.replace(LESSON.splitlines()[0] + "\n", "", 1)
    assert "name:" in LESSON.splitlines()[0]
    files = {".github/workflows/release.yml": text, ".github/dependabot.yml": DEPENDABOT}
    said = checked(write(tmp_path, files))
    assert "✗ Name the workflow: not done: unnamed-workflow" in said


ONE_JOB = """\
name: Release
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {contents: read, id-token: write}
    steps:
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
IMAGE = """\
name: Image
on: {push: {tags: ["v*"]}}
jobs:
  push:
    runs-on: ubuntu-latest
    permissions: {packages: write}
    steps:
      - uses: docker/build-push-action@10e90e3645eae34f1e60eeb005ba3a3d33f178e8 # v6.19.2
        with: {push: true, tags: "ghcr.io/orchard-labs/lumen:1"}
"""


def test_a_step_of_the_lesson_is_left_out_or_does_not_apply_and_says_which(tmp_path: Path) -> None:
    said = checked(write(tmp_path / "one", {".github/workflows/release.yml": ONE_JOB}))
    assert "✗ Upload the built artifact: not done: build-and-publish-in-one-job" in said
    assert "? Enable trusted publishing on the index: not seen" in said
    image = checked(write(tmp_path / "image", {".github/workflows/image.yml": IMAGE}))
    assert "– Upload the built artifact: does not apply" in image
    assert "– Enable trusted publishing on the index: does not apply" in image


def test_the_edits_are_counted_as_english_counts(tmp_path: Path) -> None:
    said = checked(write(tmp_path, {".github/workflows/release.yml": ONE_JOB}))
    assert "'release-audit fix' makes 1 safe edit, --unsafe 2 more to review" in said
