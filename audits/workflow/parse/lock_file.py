"""Parses GitHub's lock file of actions, ``.github/workflows/actions.lock``.

Format: https://github.com/github/gh-actions-lock
"""

from __future__ import annotations

from collections.abc import Sequence

from audits.model.source import SourceFile
from audits.workflow.parse.nodes import child, pairs, word, words
from audits.workflow.parse.parse import RefusedError, compose

LOCK = ".github/workflows/actions.lock"
_COMMIT_LENGTH = 40


def read_lock(files: Sequence[SourceFile]) -> dict[tuple[str, str], str]:
    """The commit of each action that a workflow is bound to, by (workflow's path,
    ``owner/repo@ref`` with the name in lower case).

    A lock file that cannot be read binds nothing: GitHub would not start the workflow.
    """
    file = next((file for file in files if file.path == LOCK), None)
    if file is None:
        return {}
    try:
        _, root = compose(file)
    except RefusedError:
        return {}
    commits = {}
    for key, value in pairs(child(root, "dependencies")):
        commit = word(child(value, "commit")).removeprefix("sha1-")
        if len(commit) == _COMMIT_LENGTH:
            commits[_key(str(key.value))] = commit
    found = {}
    for path, value in pairs(child(root, "workflows")):
        for name in map(_key, words(value) or ()):
            if name in commits:
                found[(str(path.value), name)] = commits[name]
    return found


def _key(name: str) -> str:
    slug, mark, ref = name.partition("@")
    return f"{slug.lower()}{mark}{ref}"
