"""Works out the folders in which the commands of a step run, seen from the repository's root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import normpath

from audits.model.command import Command
from audits.model.working_folders import in_folders, runs_anywhere
from audits.workflow.publish.site import Site, from_root

_AT_ROOT = re.compile(r"/|\$\{\{ *github\.workspace|\$\{?GITHUB_WORKSPACE|%GITHUB_WORKSPACE")
_ELSEWHERE = re.compile(r"mktemp|\$\{?(?:RUNNER_TEMP|TMPDIR|TEMP|TMP|HOME)\b|~|runner\.temp")


def changed_to(site: Site, command: Command) -> tuple[str, ...]:
    """The folders to which ``cd`` may have changed before the command, in the same script, with
    ``*`` for what is computed; "" is where the step begins, () is outside the workspace.
    """
    if runs_anywhere(command):
        return ("*",)
    folders = site.once("folders", lambda: dict(_folders(site)))
    folder = folders.get(id(command), "")
    if not folder:
        return ("",)
    return () if _ELSEWHERE.search(folder) else site.meanings(folder, command)


def _folders(site: Site) -> Iterator[tuple[int, str]]:
    """The folder in which each command of the script runs, by the command's identity."""

    def changed(folder: str, word: str) -> str:
        word = site.expand(word, None)
        return from_root(word) if _AT_ROOT.match(word) else joined(folder, word)

    for command, folder in in_folders(site.commands, "", changed):
        yield id(command), folder


def joined(base: str, folder: str) -> str:
    """A folder within another; "" is the root."""
    path = normpath(f"{base}/{folder}").strip("/") if folder else base
    return "" if path == "." else path.removeprefix("./")
