"""The work of worker processes and of a cluster's workers: auditing batches by one plan.

Importing this module loads all that an audit needs: worker processes are copies of one that has
imported it.
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

from msgspec import Struct
from msgspec.structs import replace

from audits import __version__
from audits.checks import all_checks
from audits.collect.folder.collector import Place, read_apart
from audits.engines import zizmor  # noqa: F401 - loaded here for the plan
from audits.faults import fault_log
from audits.model.evidence import AdvisoryList
from audits.model.source import Snapshot
from audits.pipeline.cluster_errors import OtherVersionError
from audits.pipeline.evidence import NoFacts
from audits.pipeline.run import Plan, Prepared, audit_batch, judge_batch
from audits.pipeline.serialize import serialize_audit
from audits.pipeline.serialized import SerializedAudit

CHECKS = all_checks()
"""Every check; this loads their modules."""

GARBAGE = 1_000_000
"""Objects made between two collections of garbage: an audit makes many, and few in cycles."""
_PATIENCE = 10
"""Added to the workers' niceness, so that the process that records goes first."""


class _Worker(Struct):
    """The state of a worker process: how to make the plan, and whether it is to stop."""

    planner: Callable[[], Plan]
    stopping: ctypes.c_bool
    plan: Plan | None = None


_workers: list[_Worker] = []
"""One entry once this process is a worker."""


def begin(planner: Callable[[], Plan], stopping: ctypes.c_bool) -> None:
    """Make this process a worker, which ends with the process that started it."""
    _workers[:] = [_Worker(planner, stopping)]
    logging.getLogger().addHandler(fault_log())
    gc.freeze()  # what was imported is never garbage: no collection need look at it
    gc.set_threshold(GARBAGE, 50, 50)
    gc.enable()
    if hasattr(os, "nice"):
        os.nice(_PATIENCE)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End once the process that started this one is gone, even if it was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def audited(chunk: Sequence[Place]) -> tuple[SerializedAudit, ...]:
    """The records of these repositories; none where the workers are to stop.

    AuditError where the plan cannot be made.
    """
    (worker,) = _workers
    if worker.stopping.value:
        return ()
    worker.plan = plan = worker.plan or worker.planner()
    return tuple(
        map(
            serialize_audit,
            audit_batch([read_apart(place.path, place.ref) for place in chunk], plan),
        )
    )


class Rulebook(Struct, frozen=True, kw_only=True):
    """What a cluster's workers judge by: how to make the plan, the advisories, and the digest of
    the rules in the process that scans.
    """

    planner: Callable[[], Plan]
    advisories: AdvisoryList | None
    digest: str


_ONE_AT_A_TIME = threading.Lock()
"""Workers of a cluster may have several threads, which Python would only interleave."""


def judged(version: str, rulebook: bytes, batch: bytes) -> tuple[SerializedAudit, ...]:
    """The records of a batch of snapshots or prepared repositories. Rulebook and batch are
    pickled, so that the scheduler passes them on as bytes.

    OtherVersionError where this worker has another version or other rules.
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
