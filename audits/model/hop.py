"""Hops: where a step of a workflow runs a script or a task of the repository."""

from __future__ import annotations

from msgspec import Struct


class Hop(Struct, frozen=True, kw_only=True):
    """One command that runs the repository's own code, and what was read of it.

    The command is in the file ``at`` on ``line``; ``written`` are its words. ``path`` is
    the file that it leads to, or the likeliest one, and ``task`` the task in it ("" for a
    script). ``read`` says that the file was read and its commands were found; ``settled`` that
    they, and all that they lead to, leave no way to upload unseen; ``uploads`` that one of them
    uploads. ``given`` says that the step can ask for an identity or has a stored credential.
    """

    at: str
    line: int
    written: str
    path: str
    task: str = ""
    read: bool = False
    settled: bool = False
    given: bool = False
    uploads: bool = False
