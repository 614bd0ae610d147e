"""The timelines of an owner: scans as they were made, rebuilt from git, or scored again."""

from __future__ import annotations

from enum import StrEnum


class Timeline(StrEnum):
    """Which sequence a scan belongs to. Sequences of one owner are kept apart, so that what is
    new since the last scan never compares two of them; the words are part of the CSV contract.

    ``REBUILT`` scans hold what the files of earlier commits say and nothing else: settings and
    indexes are unknown in them. ``RESCORED`` ones hold what scans stored, judged by later rules.
    """

    SCAN = "scan"
    REBUILT = "rebuilt"
    RESCORED = "rescored"
