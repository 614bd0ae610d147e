"""What hostile workflows cost from their text to the audit: processor time and memory.

Not in the program of the table: a process that is started afresh finds no functions of a program
that was run as a module.
"""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Iterable
from pathlib import Path

from audits.model.source import GapReason, RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules, audit
from audits.workflow.repository import read_repository
from tests.checks.harness import INDEX
from tests.hostile_inputs import WORKFLOW, WORKFLOWS


def seconds_and_crash(text: str) -> tuple[float, bool]:
    """Processor seconds of a workflow, and whether a check crashed on it."""
    source = SourceFile.of(WORKFLOW, text.encode())
    ref = RepositoryRef(owner="orchard-labs", name="lumen")
    begun = time.process_time()
    repository = read_repository(
        Snapshot(ref=ref, files=(source,)), channel=INDEX.channel_of, index_hosts=INDEX
    )
    found = audit(repository, Rules(index=INDEX))
    took = time.process_time() - begun
    return took, any(gap.reason is GapReason.CRASHED for gap in found.repository.gaps)


def growth(texts: Iterable[str] = tuple(WORKFLOWS.values())) -> float:
    """By how many MiB this process grows at most while it audits one of these workflows. Where the
    system cannot forget the largest that a process was, all of them together are meant.
    """
    seconds_and_crash("on: push\njobs: {}\n")
    most = 0.0
    for text in texts:
        before = _forget_peak()
        seconds_and_crash(text)
        most = max(most, _peak() - before)
    return most


_STATUS, _FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
"""https://docs.kernel.org/filesystems/proc.html#process-specific-subdirectories"""


def _forget_peak() -> float:
    """Make the present size the largest of this process, in MiB."""
    if _FORGET.exists():
        _FORGET.write_text("5")
    return _peak()


def _peak() -> float:
    if _STATUS.exists():
        # Of this program alone: `ru_maxrss` counts the process that it was started from, too.
        (kib,) = re.findall(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
        return int(kib) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
