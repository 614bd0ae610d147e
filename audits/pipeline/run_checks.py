"""Runs checks over a repository; a crash costs only that check's result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256

from msgspec.structs import replace

from audits.analysis.literal_credentials import credentials_of
from audits.check import Check, CheckVerdicts
from audits.checks.constants import LESSON
from audits.faults import log_fault
from audits.fixes.links import finding_links, lesson_link
from audits.model.index_hosts import IndexHosts
from audits.model.outcome import (
    Acceptance,
    Area,
    Clean,
    Finding,
    FixKind,
    Link,
    Severity,
    Unknown,
    Verdict,
)
from audits.model.remote_path import foreign_path
from audits.model.repository import Breadth, Repository
from audits.model.score import AuditedFinding
from audits.model.settings import EnvironmentSettings, RepositorySettings
from audits.model.source import lines_of
from audits.pipeline.edit_proof import shared_spans

Acceptor = Callable[[str, Finding, Repository], Acceptance | None]
"""Says whether a finding of a check is accepted, by a waiver or by a comment in the file."""


def accept_nothing(check: str, finding: Finding, repository: Repository) -> None:
    """An acceptor that accepts nothing."""


def judge(
    check: Check,
    repository: Repository,
    index: IndexHosts,
    accept: Acceptor = accept_nothing,
) -> CheckVerdicts:
    """The verdicts of a check on a repository.

    An exception inside the check is our fault, not the repository's: it is logged, and the
    result says that the check crashed, so that it counts as unknown and never as passed.
    """
    try:
        findings, clean, unknown = _sorted(check.judge(repository))
        settled = settle(check, findings, repository, index, accept) if findings else ()
    except Exception as error:
        place = log_fault(error, f"judging {check.id} on {repository.ref}")
        crash = f"{type(error).__name__} in the check {check.id}: {place}"
        return CheckVerdicts(check=check, crash=crash)
    return CheckVerdicts(
        check=check,
        findings=settled,
        clean=tuple(clean),
        unknown=tuple(unknown),
    )


def _sorted(verdicts: Iterable[Verdict]) -> tuple[list[Finding], list[Clean], list[Unknown]]:
    """The verdicts by their kind."""
    findings: list[Finding] = []
    clean: list[Clean] = []
    unknown: list[Unknown] = []
    for verdict in verdicts:
        if isinstance(verdict, Finding):
            findings.append(verdict)
        elif isinstance(verdict, Clean):
            clean.append(verdict)
        else:
            unknown.append(verdict)
    return findings, clean, unknown


def settle(
    check: Check,
    findings: Iterable[Finding],
    repository: Repository,
    index: IndexHosts,
    accept: Acceptor,
) -> tuple[AuditedFinding, ...]:
    """The findings with severity, fingerprint, links, excerpt and acceptance."""
    seen: Counter[str] = Counter()
    settled = []
    for given in map(_without_foreign_edits, findings):
        finding = _reviewed_at_anchors(check, _redacted(given, repository), repository)
        excerpt = excerpt_of(repository, finding)
        mark = _mark(check, finding, excerpt)
        seen[mark] += 1
        mark = f"{mark}\0{seen[mark]}"
        audited = AuditedFinding(
            check=check.id,
            finding=finding,
            severity=_severity(check, finding, repository),
            fingerprint=sha256(mark.encode("utf-8", "replace")).hexdigest()[:32],
            links=_links(check, finding, repository, index),
            acceptance=accept(check.id, finding, repository),
            excerpt=excerpt,
            fix=(finding.fix or check.fix) if finding.edits else None,
        )
        settled.append(audited)
    return tuple(settled)


def _without_foreign_edits(finding: Finding) -> Finding:
    """The finding without edits of other repositories' files: those are fixed there."""
    foreign = any(foreign_path(edit.path) for edit in finding.edits)
    return replace(finding, edits=()) if foreign else finding


def _reviewed_at_anchors(check: Check, finding: Finding, repository: Repository) -> Finding:
    """The finding; its edit is to be reviewed where a YAML alias uses the same place again."""
    if not finding.edits or (finding.fix or check.fix) is not FixKind.SAFE:
        return finding
    if not any(
        start <= edit.start <= end
        for edit in finding.edits
        for start, end in _spans(repository, edit.path)
    ):
        return finding
    advice = "An alias uses this place again: is the change right there too?"
    return replace(finding, fix=FixKind.REVIEW, advice=advice)


def _spans(repository: Repository, path: str) -> tuple[tuple[int, int], ...]:
    """The spans of a file that aliases use again, found once."""
    file = repository.file(path)
    if file is None:
        return ()
    return repository.once_for((_spans, path), lambda: shared_spans(file))


def _redacted(finding: Finding, repository: Repository) -> Finding:
    """The finding without the credentials that texts of the repository may hold."""
    file = repository.file(finding.at.path)
    text = file.text if file is not None else ""
    credentials = credentials_of(repository)
    said = (finding.message, finding.because, finding.advice)
    shown = [credentials.redact(each, finding.at.path, text) if each else "" for each in said]
    if tuple(shown) == said:
        return finding
    return replace(finding, message=shown[0], because=shown[1], advice=shown[2])


def _mark(check: Check, finding: Finding, excerpt: str) -> str:
    """A key of a finding that line shifts and renamed steps do not change. It leaves out the ref
    by which another repository's file is called, too.
    """
    of = finding.job or (finding.publication.job if finding.publication else None)
    job = of.id if of else ""
    anchor = finding.anchor or excerpt
    foreign = foreign_path(finding.at.path)
    path = f"{foreign.slug}/{foreign.path}" if foreign else finding.at.path
    return "\0".join((check.id, path, job, anchor))


def _severity(check: Check, finding: Finding, repository: Repository) -> Severity:
    """The finding's severity: milder in a job that takes no part in the release."""
    severity = check.severity if finding.severity is None else finding.severity
    # What is outside the release and reaches it counts as if it stood there.
    reaches = finding.concerns is not None
    elsewhere = finding.job is not None and finding.job not in repository.graph.release_jobs
    elsewhere = elsewhere and not reaches
    milder = check.milder_in_other_jobs and repository.breadth is Breadth.RELEASE
    return min(severity, Severity.LOW) if elsewhere and milder else severity


def excerpt_of(repository: Repository, finding: Finding) -> str:
    """The line at fault as it is in the file, credentials left out, at most 200
    characters.
    """
    file = repository.file(finding.at.path)
    lines = lines_of(file.text) if file is not None else ()
    index = finding.at.line - 1
    if file is None or index >= len(lines):
        return ""
    line = lines[index].strip()[:2000]
    return credentials_of(repository).redact(line, finding.at.path, file.text)[:200]


def _links(
    check: Check, finding: Finding, repository: Repository, index: IndexHosts
) -> tuple[Link, ...]:
    snapshot = repository.snapshot
    return finding_links(
        repository.ref,
        finding,
        commit=snapshot.commit,
        branch=snapshot.branch,
        lesson=lesson_link(LESSON, check.lesson) if check.lesson else "",
        documentation=check.links,
        index=index,
        environment_id=_environment_id(snapshot.settings, finding.environment),
        with_form=check.area is Area.TRUSTED_PUBLISHER,
        on_owner=check.on_owner,
        file_exists=repository.file(finding.at.path) is not None,
    )


def _environment_id(settings: RepositorySettings | None, name: str) -> int | None:
    if settings is None or not name or not isinstance(settings.environments, dict):
        return None
    found = settings.environments.get(name.lower())
    return found.database_id if isinstance(found, EnvironmentSettings) else None
