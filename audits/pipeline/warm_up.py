"""Audits a small example when it is imported, which loads and compiles what every audit needs.

Worker processes are copied from one that has imported this: each would take 0.05 s for it.
"""

from __future__ import annotations

from audits.checks.example_workflows import PYPI_UPLOAD
from audits.collect.index.default_index import index_hosts
from audits.model.source import RepositoryRef, Snapshot, SourceFile
from audits.pipeline.audit import Rules
from audits.pipeline.run import Plan, audit_batch
from audits.pipeline.serialize import serialize_audit
from audits.pipeline.serialized import SerializedAudit

_WORKFLOW = SourceFile.of(".github/workflows/release.yml", PYPI_UPLOAD.encode())


def audit_example() -> SerializedAudit:
    """The record of a repository with one workflow, whose script uploads a package."""
    snapshot = Snapshot(ref=RepositoryRef(owner="example", name="example"), files=(_WORKFLOW,))
    (audit,) = audit_batch([snapshot], Plan(rules=Rules(index=index_hosts(""))))
    return serialize_audit(audit)


audit_example()
