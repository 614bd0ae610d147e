"""What hostile workflows cost from their text to the audit: processor time and memory.

Not in the program of the table: a process that is started afresh finds no functions of a program
that was run as a module.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterable

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
    """By how many MiB the largest that this process ever was grows while it audits workflows: no
    one of them takes more. Of a process of its own, as another peak would hide it.
    """
    seconds_and_crash("on: push\njobs: {}\n")
    before = _peak()
    for text in texts:
        seconds_and_crash(text)
    return _peak() - before


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
