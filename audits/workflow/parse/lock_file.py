"""Parses GitHub's lock file of actions, ``.github/workflows/actions.lock``.

Format: https://github.com/github/gh-actions-lock
"""

from __future__ import annotations

from collections.abc import Sequence

from audits.model.source import SourceFile
from audits.workflow.parse.nodes import Node, child, pairs, word, words
from audits.workflow.parse.parse import RefusedError, compose

LOCK = ".github/workflows/actions.lock"
_COMMIT_LENGTH = 40


def read_lock(files: Sequence[SourceFile]) -> dict[tuple[str, str], str]:
    """The commit of each action that a workflow is bound to, by (workflow's path,
    ``owner/repo@ref`` with the name in lower case); those that its actions use are among them.

    A lock file that cannot be read binds nothing: GitHub would not start the workflow.
    """
    root = _root(files)
    commits: dict[str, str] = {}
    used: dict[str, list[str]] = {}
    for key, value in pairs(child(root, "dependencies")):
        commit = word(child(value, "commit")).removeprefix("sha1-")
        if len(commit) == _COMMIT_LENGTH:
            commits[_key(str(key.value))] = commit
            used[_key(str(key.value))] = list(map(_key, words(child(value, "uses")) or ()))
    found = {}
    for path, value in pairs(child(root, "workflows")):
        waiting, seen = list(map(_key, words(value) or ())), set[str]()
        while waiting:
            name = waiting.pop()
            if name in commits and name not in seen:
                seen.add(name)
                found[(str(path.value), name)] = commits[name]
                waiting += used[name]
    return found


def onboarded(files: Sequence[SourceFile]) -> frozenset[str]:
    """The workflows that the lock file lists: GitHub starts them only if it has an entry for
    each action that they use.
    """
    return frozenset(str(path.value) for path, _ in pairs(child(_root(files), "workflows")))


def _root(files: Sequence[SourceFile]) -> Node | None:
    """The root node of the lock file; None where there is none that can be read."""
    file = next((file for file in files if file.path == LOCK), None)
    try:
        return None if file is None else compose(file)[1]
    except RefusedError:
        return None


def _key(name: str) -> str:
    slug, mark, ref = name.partition("@")
    return f"{slug.lower()}{mark}{ref}"
