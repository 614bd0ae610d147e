"""The store: a database of scans, readable as of any of them."""

from __future__ import annotations

from audits.store.read.between_scans import ReadComparisons
from audits.store.read.findings import ReadFindings
from audits.store.read.job_search import ReadJobs
from audits.store.read.releases import ReadReleases
from audits.store.read.replay import ReadReplay
from audits.store.read.repositories import ReadRepositories
from audits.store.read.results import ReadResults
from audits.store.read.scans import ReadScans
from audits.store.read.snapshots import ReadSnapshots
from audits.store.write.scan import Writing


class Store(
    ReadScans,
    ReadRepositories,
    ReadFindings,
    ReadReleases,
    ReadJobs,
    ReadResults,
    ReadSnapshots,
    ReadReplay,
    ReadComparisons,
    Writing,
):
    """A database of scans; `audits.store.open.open_store` opens one.

    Methods that read take ``owner`` (None for all) and ``scan``, the scan as of which they
    answer, by default the newest finished one. What an unfinished scan has written is not
    visible.
    """
