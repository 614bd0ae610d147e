"""What a worker process does: it audits chunks of repositories by one plan.

Importing this module loads all that an audit needs, so that it is loaded once, in the process
that the workers are copies of.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import threading
from collections.abc import Callable, Sequence
from multiprocessing import parent_process
from pathlib import Path

from msgspec import Struct

from audits.checks import all_checks
from audits.collect.folder.collector import read_apart
from audits.engines import zizmor  # noqa: F401 - loaded here for the plan
from audits.faults import fault_log
from audits.model.source import RepositoryRef
from audits.pipeline.run import Plan, audit_batch
from audits.pipeline.serialize import SerializedAudit, serialize_audit

CHECKS = all_checks()
"""Every check; each is a module of its own, which is loaded here."""

_PATIENCE = 10
"""How much workers leave to the process that records what they make, as `nice` counts."""


class _Worker(Struct):
    """What this process is given once: how to judge, and whether it is to stop."""

    planner: Callable[[], Plan]
    stopping: ctypes.c_bool
    plan: Plan | None = None


_workers: list[_Worker] = []
"""This process's own, once it is a worker."""


def begin(planner: Callable[[], Plan], stopping: ctypes.c_bool) -> None:
    """Have this process be a worker, which ends with the one that started it."""
    _workers[:] = [_Worker(planner, stopping)]
    logging.getLogger().addHandler(fault_log())
    gc.freeze()  # what all workers share is no garbage
    if hasattr(os, "nice"):
        os.nice(_PATIENCE)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End once the process that started this one is gone, even if it was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def audited(chunk: Sequence[tuple[RepositoryRef, Path]]) -> tuple[SerializedAudit, ...]:
    """What is recorded of these repositories; nothing where the workers are to stop.

    Raises AuditError where the plan cannot be made.
    """
    (worker,) = _workers
    if worker.stopping.value:
        return ()
    worker.plan = plan = worker.plan or worker.planner()
    return tuple(
        map(serialize_audit, audit_batch([read_apart(path, ref) for ref, path in chunk], plan))
    )
