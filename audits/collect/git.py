"""Read git objects and refs of a repository on disk, without running a program that it names."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_SECONDS = 60


_COMMANDS = frozenset({"rev-parse", "symbolic-ref", "cat-file", "ls-tree", "config"})
"""Plumbing that runs no hook, filter, pager, signature check or file monitor."""

_OPTIONS = ("core.fsmonitor=false", "core.hooksPath=/dev/null", "safe.bareRepository=explicit")

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
    # Configuration of the person and of the machine may name programs, as the repository's may.
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_PAGER": "cat",
    # A partial clone would fetch what it lacks: only the disk is read. Both say so, as older
    # versions of git know the second only.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    # Objects are what the repository's own history holds, whatever replaces them here.
    "GIT_NO_REPLACE_OBJECTS": "1",
}


def git(path: Path, *words: str) -> bytes | None:
    """The output of a plumbing command, or None where git fails or is missing.

    The environment is made here, so that neither a token nor a ``GIT_*`` variable reaches the
    child. The repository is named explicitly: git then looks for no other one. Raises
    ValueError for a command outside the allow-list.
    """
    if words[0] not in _COMMANDS:
        raise ValueError(f"git {words[0]} is not allowed on a repository of others")
    inside = path / ".git"
    place = inside if os.path.lexists(inside) else path
    options = [word for option in _OPTIONS for word in ("-c", option)]
    command = ["git", "--no-pager", *options, f"--git-dir={place.resolve()}", *words]
    environment = {"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT}
    try:
        done = subprocess.run(  # noqa: S603 - an allow-listed command and a path, no shell
            command,
            capture_output=True,
            check=False,
            cwd=place.resolve().anchor,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
