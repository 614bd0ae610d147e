"""In which folder each command of a script runs."""

from __future__ import annotations

import posixpath

import pytest

from audits.model.location import Scalar
from audits.model.working_folders import in_folders
from audits.workflow.shell.commands import commands


def _changed(folder: str, word: str) -> str:
    return posixpath.normpath(posixpath.join(folder, word))


@pytest.mark.parametrize(
    ("script", "folders"),
    [
        ("pack", ["start"]),
        ("cd a\npack\npack", ["start/a", "start/a"]),
        ("cd a && pack && cd .. && pack", ["start/a", "start"]),
        ("cd -- a\npack", ["start/a"]),
        ("cd a\ncd b\ncd -\npack", ["start/a"]),
        ("pushd a\npushd b\npack\npopd\npack\npopd\npack", ["start/a/b", "start/a", "start"]),
        ("popd\npack", ["start"]),
        # A subshell begins where it stands, and takes its own way.
        ("(cd a && pack)\npack", ["start/a", "start"]),
        ("cd a\n(cd b; pack; (cd c; pack); pack)\npack", ["a/b", "a/b/c", "a/b", "a"]),
        ("(cd a; pack)\n(cd b; pack)", ["start/a", "start/b"]),
        ("bash -c 'cd a && pack'\npack", ["start/a", "start"]),
        ("for p in a b; do (cd $p && pack); done\npack", ["start/$p", "start"]),
        # Programs that run another one elsewhere.
        ("env -C a pack\npack", ["start/a", "start"]),
        ("cd a\nenv --chdir=b pack", ["start/a/b"]),
        ("sudo -D a pack", ["start/a"]),
        ("uv run --directory a pack", ["start/a"]),
        ("poetry -C a run pack", ["start/a"]),
        ("env - A=b pack -C c", ["start"]),
    ],
)
def test_each_command_runs_where_the_shell_is(script: str, folders: list[str]) -> None:
    scalar = Scalar(script, 1, 1, 0, len(script), "|")
    placed = in_folders(commands(scalar), "start", _changed)
    found = [folder for command, folder in placed if command.program == "pack"]
    assert found == [f if f.startswith("start") else f"start/{f}" for f in folders]
