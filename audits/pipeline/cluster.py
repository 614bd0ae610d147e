"""Audits repositories on the workers of a Dask cluster, while this process reads and records.

This process alone reads repositories, asks GitHub and the package indexes, and writes the
store. Workers get texts and answers, never a credential, and make no requests.
"""

from __future__ import annotations

import logging
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Self

from audits import __version__
from audits.collect.bounds import TooSlowError, within
from audits.faults import log_fault
from audits.model.errors import AuditError
from audits.model.score import Audit
from audits.model.source import RepositoryRef, Snapshot
from audits.pipeline.batch_pool import BatchPool, LostWorkerError
from audits.pipeline.cluster_errors import ClusterError, OtherVersionError, WrongAddressError
from audits.pipeline.evidence import NoFacts
from audits.pipeline.run import Plan, Prepared, batches, prepare_batch
from audits.pipeline.serialize import serialize_audit
from audits.pipeline.serialized import Judged, SerializedAudit
from audits.pipeline.worker import Rulebook, judged

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import TracebackType

    from distributed import Client

BATCH = 24
"""Repositories in one batch: a few megabytes, and seconds of work."""
_BATCHES_A_THREAD = 3
"""Batches for each thread of a worker: one runs while the next ones arrive."""
_FEWEST_BATCHES = 8
_CONNECT_SECONDS = 10
_ASK_SECONDS = 5.0
"""How often the cluster is checked while a batch is awaited."""
_WITHOUT_WORKERS = 120.0
"""Seconds for which a cluster may have no worker: some start workers once there is work."""
_PACKAGE = "release-audit"


class Cluster(BatchPool[Snapshot | Prepared]):
    """The workers of the Dask scheduler at ``address``, which audit by the planner's rules.

    ``plan`` is this process's own; only it asks for the plan's evidence. ClusterError where the
    scheduler cannot be reached, OtherVersionError where it or a worker has another version.
    """

    def __init__(self, address: str, planner: Callable[[], Plan], plan: Plan) -> None:
        super().__init__()
        self._address = address
        self._plan = plan
        known = plan.facts.known if isinstance(plan.facts, NoFacts) else None
        rules = Rulebook(planner=planner, advisories=known, digest=plan.rules.digest)
        self._rulebook = pickle.dumps(rules)
        self._client = _connected(address)
        try:
            _check_versions(self._client)
            # Dask itself tries a batch whose worker died on up to three others.
            self._executor = self._client.get_executor(pure=False)
            self._workers_seen = time.monotonic()
            self._look()
        except OSError:
            self._client.close()
            raise self._gone() from None
        except BaseException:
            self._client.close()
            raise

    def __enter__(self) -> Self:
        """Return the pool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cancel what is not done yet, and disconnect."""
        from distributed.client import ClosedClientError

        with suppress(ClosedClientError):  # the scheduler is gone, and with it what to cancel
            self.clear()
            self._executor.shutdown(wait=False)
        self._client.close()

    def audits(self, snapshots: Iterable[Snapshot]) -> Iterator[Judged]:
        """The record of each snapshot. Where the plan asks for evidence, this process parses
        and asks, and the workers only run the checks.
        """
        self.clear()
        if isinstance(self._plan.facts, NoFacts):
            rest = iter(snapshots)
            while batch := tuple(islice(rest, BATCH)):
                self.begin(batch)
                yield from map(_judged, self.ready())
        else:
            for some in batches(snapshots):
                yield from self.add(prepare_batch(some, self._plan))
        yield from self.remaining()

    def clear(self) -> None:
        """Drop what was begun and not collected, by a scan that failed."""
        while self._begun:
            self._begun.popleft()[1].cancel()

    def add(self, prepared: Sequence[Prepared | Audit]) -> Iterator[Judged]:
        """Queue what was prepared; yields what is done by now, of this and of earlier calls."""
        for each in prepared:
            if isinstance(each, Audit):
                yield Judged(serialized=serialize_audit(each))
        ready = [each for each in prepared if isinstance(each, Prepared)]
        for start in range(0, len(ready), BATCH):
            self.begin(ready[start : start + BATCH])
            yield from map(_judged, self.ready())

    def remaining(self) -> Iterator[Judged]:
        """All that was added and is not returned yet; waits for it."""
        return map(_judged, self.rest())

    def ref_of(self, item: Snapshot | Prepared) -> RepositoryRef:
        """The repository of what is sent."""
        return item.ref if isinstance(item, Snapshot) else item.repository.ref

    def submit(self, batch: Sequence[Snapshot | Prepared]) -> Future[tuple[SerializedAudit, ...]]:
        """Have a worker audit a batch."""
        from distributed.client import ClosedClientError

        try:
            begun: Future[tuple[SerializedAudit, ...]] = self._executor.submit(
                judged, __version__, self._rulebook, pickle.dumps(batch)
            )
        except ClosedClientError:
            raise self._gone() from None
        return begun

    def result(self, future: Future[tuple[SerializedAudit, ...]]) -> tuple[SerializedAudit, ...]:
        """Wait for a batch, as long as the cluster answers."""
        # Nothing is repeated here: each turn looks whether there is still something to wait for.
        while True:
            try:
                return future.result(timeout=_ASK_SECONDS)
            except AuditError:
                raise
            except CancelledError:
                raise self._gone() from None
            except Exception as error:
                if future.done():
                    raise _cause(error) from error
            self._look()

    def _look(self) -> None:
        """Count the workers; ClusterError where there has been none for too long."""
        try:
            threads = sum(self._client.nthreads().values())
        except (OSError, ValueError, RuntimeError):  # what Dask raises where it is closed
            raise self._gone() from None
        now = time.monotonic()
        if threads:
            self._workers_seen = now
        elif now - self._workers_seen > _WITHOUT_WORKERS:
            raise ClusterError(
                f"The cluster at {self._address} has had no worker for "
                f"{_WITHOUT_WORKERS:.0f} seconds.",
                "Start workers, then go on with --resume; what was recorded is kept.",
            )
        self.most = max(_FEWEST_BATCHES, threads * _BATCHES_A_THREAD)

    def _gone(self) -> ClusterError:
        return ClusterError(
            f"The scheduler at {self._address} does not answer any more.",
            "Start it and its workers again, which end with it, then go on with --resume; what "
            "was recorded is kept.",
        )


def _judged(pair: tuple[Snapshot | Prepared, SerializedAudit]) -> Judged:
    item, serialized = pair
    repository = item.repository if isinstance(item, Prepared) else None
    return Judged(serialized=serialized, repository=repository)


def _configure_dask() -> None:
    """Settings that Dask takes before it is imported. ImportError where it is not installed."""
    import dask

    # This program writes one sentence where Dask would log a traceback.
    quiet = dict.fromkeys(("distributed", "distributed.client", "distributed.core"), "critical")
    dask.config.set(
        {
            "logging": quiet,
            "distributed.admin.large-graph-warning-threshold": "1 GB",
            # Dask keeps its last thousand messages for its developers: each has a batch.
            "distributed.admin.low-level-log-length": 0,
        }
    )


def _connected(address: str) -> Client:
    try:
        _configure_dask()
        from distributed import Client
    except ImportError:
        raise WrongAddressError(
            "A cluster needs a package that is not installed.",
            "Run: pip install 'release-audit[cluster]'.",
        ) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        # Dask's own limit ends once the connection is made: a silent server would block for ever.
        return within(
            2 * _CONNECT_SECONDS,
            lambda: Client(address, timeout=_CONNECT_SECONDS, set_as_default=False),
        )
    except (OSError, TooSlowError):
        raise _no_answer(address) from None
    except (ValueError, TypeError):
        raise WrongAddressError(
            f"{address} is no address of a scheduler.", "Write it as tcp://HOST:8786."
        ) from None
    except Exception as error:  # whatever Dask raises on an answer in another protocol
        log_fault(error, "connecting to a cluster")
        raise _no_answer(address) from None


def _no_answer(address: str) -> ClusterError:
    return ClusterError(
        f"No Dask scheduler answers at {address}.",
        "Start one (dask scheduler), check the address and the network; without --scheduler "
        "this machine does all.",
    )


def _check_versions(client: Client) -> None:
    """OtherVersionError where the scheduler or a worker has another release-audit, or none."""
    try:
        there = client.run_on_scheduler(metadata.version, _PACKAGE)
    except metadata.PackageNotFoundError:
        there = ""
    if there != __version__:
        raise OtherVersionError.of(__version__, there, "The scheduler")
    found = client.run(metadata.version, _PACKAGE, on_error="return")
    for worker, version in found.items():
        if version != __version__:
            has = version if isinstance(version, str) else ""
            raise OtherVersionError.of(__version__, has, f"The worker {worker}")


def _cause(error: Exception) -> Exception:
    """The error of a batch that failed as a whole."""
    if isinstance(error, ImportError | AttributeError):
        return OtherVersionError.of(__version__, "")
    # Every worker that tried it died, or had no memory left.
    log_fault(error, "judging a batch on a cluster")
    return LostWorkerError(f"{type(error).__name__}: {error}")
