"""Parses and audits a stored or pasted repository, for drawings and diffs.

Pure but for the public index's address; nothing here is stored or sent.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from msgspec import Struct, field
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from audits.analysis.literal_credentials import credentials_of
from audits.fixes.edit_sets import MovedTextError, new_text
from audits.fixes.patch import file_lines
from audits.model.edit_plan import EditPlan
from audits.model.evidence import AdvisoryList, PackageIndex, ResolvedRef
from audits.model.index_hosts import IndexHosts
from audits.model.repository import NO_INDEX, NO_REFERENCES
from audits.model.score import Audit
from audits.model.settings import Unseen
from audits.model.source import RepositoryRef, Snapshot, SourceFile, lines_of
from audits.pipeline.audit import Rules
from audits.pipeline.audit import audit as judged
from audits.pipeline.edit_plan import plan_edits
from audits.pipeline.run import Plan
from audits.workflow.repository import read_repository
from dashboard.frames.findings import difference

WORKFLOW_PATH = ".github/workflows/release.yml"


class Reaudit(Struct, frozen=True, kw_only=True):
    """What was read again. ``edits`` are diffs by a finding's fingerprint; ``why_not`` says why
    there is no audit.
    """

    audit: Audit | None = None
    edits: Mapping[str, str] = field(default_factory=dict)
    why_not: str = ""

    def text(self, path: str) -> str:
        """The text of a file, its credentials redacted; "" where it was not read."""
        file = self.audit.repository.file(path) if self.audit is not None else None
        if self.audit is None or file is None:
            return ""
        return _redacted(self.audit, path, file.text, lines_of(file.text))


class SelfCheck(Struct, frozen=True, kw_only=True):
    """The audit of pasted texts, and the same texts read for drawing."""

    audit: Audit
    reading: Reaudit


def index_hosts() -> IndexHosts:
    """The package index that the operator names, or the public one."""
    return IndexHosts.of(os.environ.get("RELEASE_AUDIT_INDEX_URL") or PYPI_SIMPLE_ENDPOINT)


def read_again(
    snapshot: Snapshot,
    *,
    references: dict[tuple[str, str], ResolvedRef] | Unseen = NO_REFERENCES,
    index: PackageIndex | Unseen = NO_INDEX,
    advisories: AdvisoryList | None = None,
) -> Reaudit:
    """A stored snapshot, parsed and judged by today's checks from the evidence of its scan."""
    hosts = index_hosts()
    repository = read_repository(
        snapshot,
        channel=hosts.channel_of,
        references=references,
        index=index,
        advisories=advisories,
    )
    return _reading(judged(repository, Rules(index=hosts)))


def self_check(workflow: str, pyproject: str = "", dependabot: str = "") -> SelfCheck:
    """The audit of a pasted workflow; empty texts are files that are not there."""
    texts = {
        WORKFLOW_PATH: workflow,
        "pyproject.toml": pyproject,
        ".github/dependabot.yml": dependabot,
    }
    files = tuple(
        SourceFile.of(path, text.encode("utf-8", errors="replace"))
        for path, text in texts.items()
        if text.strip()
    )
    ref = RepositoryRef(owner="you", name="this-workflow")
    reading = read_again(Snapshot(ref=ref, files=files))
    if reading.audit is None:  # read_again always judges; the type allows for more
        raise AssertionError("nothing was judged")
    return SelfCheck(audit=reading.audit, reading=reading)


def safe_changes(reading: Reaudit) -> EditPlan | None:
    """The safe edits of a repository that was read again, proved and all together; None where
    it could not be read. The same as ``release-audit fix`` makes.
    """
    if reading.audit is None:
        return None
    return plan_edits(reading.audit, Plan(rules=Rules(index=index_hosts())))


def _reading(audit: Audit) -> Reaudit:
    return Reaudit(audit=audit, edits=dict(_diffs(audit)))


def redacted_patch(plan: EditPlan) -> str:
    """A plan's changes as one patch to be looked at, credentials redacted."""
    return "\n".join(
        _redacted(plan.before, file.path, file.before.text if file.before else "", file_lines(file))
        for file in plan.files
    )


def _redacted(audit: Audit, path: str, text: str, lines: Iterable[str]) -> str:
    """Lines of a file, or of its change, without the credentials of the repository's texts."""
    credentials = credentials_of(audit.repository)
    return "\n".join(credentials.redact(line, path, text) for line in lines)


def _diffs(audit: Audit) -> Iterable[tuple[str, str]]:
    """The change that each finding's edits make, file by file."""
    for found in audit.findings:
        changes = []
        for path in dict.fromkeys(edit.path for edit in found.finding.edits):
            file = audit.repository.file(path)
            edits = [edit for edit in found.finding.edits if edit.path == path]
            with suppress(MovedTextError):
                before = file.text if file else ""
                change = difference(before, new_text(file, edits)).split("\n")
                changes.append(_redacted(audit, path, before, change))
        if changes:
            yield found.fingerprint, "\n".join(changes)
