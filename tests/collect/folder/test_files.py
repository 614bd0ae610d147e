"""What is read of a working tree, and that no link leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from audits.collect.folder.files import read_tree

WORKFLOW = ".github/workflows/release.yml"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "lumen"
    (root / ".github/workflows").mkdir(parents=True)
    (tmp_path / "outside/nested").mkdir(parents=True)
    (tmp_path / "outside/secret.yml").write_text("on: push\n")
    (tmp_path / "outside/nested/pyproject.toml").write_text("[project]\n")
    return root


def names(root: Path) -> list[str]:
    return [file.path for file in read_tree(root)[0]]


def write(root: Path, path: str, text: str = "on: push\n") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_the_files_of_the_list_are_read_in_order(tree: Path) -> None:
    for path in (
        WORKFLOW,
        ".github/workflows/actions.lock",
        ".github/workflows/notes.md",
        ".github/workflows/more/deep.yml",
        ".github/actions/build/action.yml",
        "setup.py",
        ".github/actions/build/build.sh",
        "core/pyproject.toml",
        "docs/pyproject.toml",
        "core/deeper/pyproject.toml",
        ".github/dependabot.yml",
        "lumen.gemspec",
        "README.md",
    ):
        write(tree, path)
    assert names(tree) == [
        ".github/actions/build/action.yml",
        ".github/dependabot.yml",
        ".github/workflows/actions.lock",
        WORKFLOW,
        "core/pyproject.toml",
        "lumen.gemspec",
        "setup.py",
    ]


def test_a_file_that_links_out_is_not_read(tree: Path) -> None:
    (tree / WORKFLOW).symlink_to(tree.parent / "outside/secret.yml")
    assert names(tree) == []


def test_a_file_in_the_place_of_githubs_folder_holds_no_workflows(tree: Path) -> None:
    (tree / ".github/workflows").rmdir()
    (tree / ".github").rmdir()
    (tree / ".github").write_text("")
    write(tree, "setup.py")
    assert names(tree) == ["setup.py"]


def test_a_folder_that_links_out_is_not_read(tree: Path) -> None:
    (tree / "core").symlink_to(tree.parent / "outside/nested")
    assert names(tree) == []


def test_a_neighbour_whose_name_begins_alike_is_outside(tree: Path) -> None:
    write(tree.parent / "lumen-other", "release.yml")
    (tree / WORKFLOW).symlink_to(tree.parent / "lumen-other/release.yml")
    assert names(tree) == []


def test_links_within_the_repository_are_followed(tree: Path) -> None:
    write(tree, "ci/release.yml")
    (tree / WORKFLOW).symlink_to(tree / "ci/release.yml")
    write(tree, "source/pyproject.toml")
    (tree / "core").symlink_to(tree / "source")
    assert names(tree) == [WORKFLOW, "core/pyproject.toml", "source/pyproject.toml"]


def test_a_repository_may_be_named_by_a_link(tree: Path, tmp_path: Path) -> None:
    write(tree, WORKFLOW)
    (tmp_path / "alias").symlink_to(tree)
    assert names(tmp_path / "alias") == [WORKFLOW]


def test_a_local_action_may_be_named_by_a_detour(tree: Path) -> None:
    write(tree, WORKFLOW, "on: push\njobs: {a: {steps: [{uses: ./ci/../tools}]}}\n")
    write(tree, "tools/action.yml")
    (tree / "ci").mkdir()
    assert names(tree) == [WORKFLOW, "ci/../tools/action.yml"]
    (tree / "ci").rmdir()
    (tree / "ci").symlink_to(tree.parent / "outside/nested")
    write(tree.parent, "outside/tools/action.yml")
    assert names(tree) == [WORKFLOW]


def test_a_pipe_is_no_file(tree: Path) -> None:
    os.mkfifo(tree / "setup.py")
    write(tree, "core/pyproject.toml")
    (tree / WORKFLOW).symlink_to(tree / "setup.py")
    assert names(tree) == ["core/pyproject.toml"]


@pytest.mark.parametrize("where", ["../outside", "tools/\0", "tools/" + "x" * 290])
def test_local_actions_that_cannot_be_are_passed_over(tree: Path, where: str) -> None:
    write(tree.parent, "outside/action.yml")
    write(tree, WORKFLOW, f"on: push\njobs: {{a: {{steps: [{{uses: ./{where}}}]}}}}\n")
    assert names(tree) == [WORKFLOW]


def test_a_local_action_anywhere_is_read(tree: Path) -> None:
    write(tree, WORKFLOW, "jobs: {a: {steps: [\n {uses: ./tools/build}\n]}}\n")
    write(tree, "tools/build/action.yaml", "runs: {using: composite, steps: []}\n")
    assert names(tree) == [WORKFLOW, "tools/build/action.yaml"]
