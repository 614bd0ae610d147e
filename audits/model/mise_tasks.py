"""Where mise looks for tasks that are files: https://mise.jdx.dev/tasks/file-tasks.html."""

from __future__ import annotations

FOLDERS = ("mise-tasks", ".mise-tasks", "mise/tasks", ".mise/tasks", ".config/mise/tasks")
"""Folders below the one of the configuration."""


def paths_of(task: str) -> tuple[str, ...]:
    """The files that a task may be: of ``ship:all``, ``all`` in the folder ``ship``."""
    return tuple(f"{folder}/{task.replace(':', '/')}" for folder in FOLDERS)
