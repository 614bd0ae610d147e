"""What a worker does, here or on a cluster: it audits batches of repositories by one plan.

Importing this module loads all that an audit needs, so that it is loaded once, in the process
that the workers are copies of.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import pickle
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from multiprocessing import parent_process
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from audits import __version__
from audits.checks import all_checks
from audits.collect.folder.collector import read_apart
from audits.engines import zizmor  # noqa: F401 - loaded here for the plan
from audits.faults import fault_log
from audits.model.evidence import AdvisoryList
from audits.model.source import RepositoryRef, Snapshot
from audits.pipeline.cluster_errors import OtherVersionError
from audits.pipeline.evidence import NoFacts
from audits.pipeline.run import Plan, Prepared, audit_batch, judge_batch
from audits.pipeline.serialize import SerializedAudit, serialize_audit

CHECKS = all_checks()
"""Every check; each is a module of its own, which is loaded here."""

GARBAGE = 100_000
"""Objects made between two collections of garbage: an audit makes many, and few that refer to
themselves.
"""
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
    gc.set_threshold(GARBAGE, 50, 50)
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


class Rulebook(Struct, frozen=True, kw_only=True):
    """How the workers of a cluster judge: the options of the plan, the advisories that count,
    and the digest that the rules have where the scan was started.
    """

    planner: Callable[[], Plan]
    advisories: AdvisoryList | None
    digest: str


_ONE_AT_A_TIME = threading.Lock()
"""Workers of a cluster may have several threads; an audit is Python's work, which these would
only interleave.
"""


def judged(version: str, rulebook: bytes, batch: bytes) -> tuple[SerializedAudit, ...]:
    """What is recorded of these repositories: snapshots, or what was prepared of them. Both the
    rulebook and the batch are pickled, so that a scheduler passes them on as bytes.

    OtherVersionError where this worker would judge otherwise than the process that asks.
    """
    if version != __version__:
        raise OtherVersionError.of(version, __version__)
    with _ONE_AT_A_TIME:
        plan = _plan_of(rulebook)
        items: Sequence[Snapshot | Prepared] = pickle.loads(batch)  # noqa: S301 - from the process that scans
        snapshots = [item for item in items if isinstance(item, Snapshot)]
        prepared = [item for item in items if isinstance(item, Prepared)]
        audits = (*audit_batch(snapshots, plan), *judge_batch(prepared, plan))
        return tuple(map(serialize_audit, audits))


@lru_cache(maxsize=2)
def _plan_of(rulebook: bytes) -> Plan:
    asked: Rulebook = pickle.loads(rulebook)  # noqa: S301 - from the process that scans
    plan = asked.planner()
    if plan.rules.digest != asked.digest:
        raise OtherVersionError.of_rules(__version__)
    return replace(plan, facts=NoFacts(known=asked.advisories))
