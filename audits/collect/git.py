"""Asking git about a repository on disk, without running anything of the repository's own."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_SECONDS = 60


_QUIET = {
    "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C",
    # A partial clone would fetch what it lacks: the disk alone is read. Both say so, as older
    # versions of git know the second only.
    "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none",
    # Objects are what the repository's own history holds, whatever stands in for them here.
    "GIT_NO_REPLACE_OBJECTS": "1",
}  # fmt: skip


def git(path: Path, *words: str) -> bytes | None:
    """What git answers, or None where it fails or is not there.

    The repository's configuration may name programs (file monitors, pagers) and remotes; none
    is run or asked.
    """
    quiet = {**os.environ, **_QUIET}
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.pager=cat", "-C", str(path), *words]
    try:
        done = subprocess.run(  # noqa: S603 - fixed words and a path, no shell
            command, capture_output=True, check=False, env=quiet, timeout=_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
