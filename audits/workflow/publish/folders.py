"""Works out the folders in which the commands of a step run, seen from the repository's root."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from posixpath import normpath

from audits.model.command import Command
from audits.model.working_folders import in_folders, runs_anywhere
from audits.workflow.publish.site import Site, variable_names

_AT_ROOT = re.compile(
    r"/|\$\{\{ *github\.workspace *\}\}/?|\$\{?GITHUB_WORKSPACE\}?/?|%GITHUB_WORKSPACE%/?"
    r"|\$\(git rev-parse --show-toplevel\)/?"
)
_HERE = re.compile(r"\$\{?PWD\}?|\$\(pwd\)|%CD%", re.IGNORECASE)
_ELSEWHERE = re.compile(r"mktemp|\$\{?(?:RUNNER_TEMP|TMPDIR|TEMP|TMP|HOME)\b|~|runner\.temp")


def folders_of(site: Site, command: Command) -> list[str]:
    """The folders in which a command may run, from the root, which is ""; ``*`` stands for what is
    computed. No folder where nothing tells, or where it is outside the workspace.
    """
    if runs_anywhere(command):
        return ["*"]
    starts = [command.directory] if command.path else list(site.directories)
    folders = site.once("folders", lambda: dict(_folders(site)))
    folder = folders.get(id(command), "")
    if not folder:
        return starts
    if _ELSEWHERE.search(folder):
        return []
    looped = any(site.loop_items(name, command) for name in variable_names(folder))
    found: dict[str, None] = {}
    for text in site.meanings(folder, command):
        if "*" in text and (".." in text or (not looped and text.strip("/") == "*")):
            continue
        at_root = text.startswith("/")
        found.update((joined("" if at_root else start, text.strip("/")), None) for start in starts)
    return list(found)


def _folders(site: Site) -> Iterator[tuple[int, str]]:
    """The folder in which each command of the script runs, by the command's identity: from where
    it begins or, behind a slash, from the root. Variables stay as they are written.
    """

    def changed(folder: str, word: str) -> str:
        looped = any(site.loop_items(name, None) for name in variable_names(word))
        word = _HERE.sub(".", word if looped else site.expand(word, None))
        if (root := _AT_ROOT.match(word)) is not None:
            return "/" + word[root.end() :]
        if "$" in word or "$" in folder:
            return f"{folder}/{word}" if folder else word
        plain = joined(folder.strip("/"), word)
        return f"/{plain}" if folder.startswith("/") else plain

    for _, inside in groupby(site.commands, lambda command: (command.path, command.directory)):
        yield from ((id(command), folder) for command, folder in in_folders(inside, "", changed))


def joined(base: str, folder: str) -> str:
    """A folder within another; "" is the root."""
    path = normpath(f"{base}/{folder}" if base else folder).strip("/") if folder else base
    return "" if path == "." else path.removeprefix("./")
