"""Tables of a scan: repositories, findings, publications, actions, packages, gaps."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from audits.model.query import PermissionCount
from audits.model.rows import (
    ActionRow,
    DeductionRow,
    FindingRow,
    GapRow,
    PackageRow,
    PublicationRow,
    RepositoryRow,
    ResultRow,
)
from dashboard.frames.cells import frame_of, link_of, prose, visible
from dashboard.frames.exposure import signed_level
from dashboard.theme import AREAS, SEVERITIES, plain, signed

AREA_COLUMNS = tuple(plain(area) for area in AREAS)
WHOLE_OWNER = "(the owner)"
"""What stands in place of a repository where something concerns all of an owner's."""


def repositories(rows: Sequence[RepositoryRow]) -> pd.DataFrame:
    """One row per repository: grade, points, coverage, areas, open faults, ladder."""
    columns = (
        "owner",
        "repository",
        "grade",
        "points",
        "coverage",
        *AREA_COLUMNS,
        "high or worse",
        "open",
        "publications",
        "registries",
        "ladder",
        "gaps",
        "ask",
        "topics",
        "archived",
        "cap",
        "changed",
        "last seen",
    )
    return frame_of((_repository(row) for row in rows), columns)


def _repository(row: RepositoryRow) -> dict[str, object]:
    return {
        "owner": visible(row.owner),
        "repository": visible(row.repository),
        "grade": "" if row.grade == "-" else row.grade,
        "points": row.points,
        "coverage": None if row.coverage is None else round(row.coverage * 100),
        **{plain(area): row.areas.get(area) for area in AREAS},
        "high or worse": row.open.get("critical", 0) + row.open.get("high", 0),
        "open": sum(row.open.values()),
        "publications": row.publications,
        "registries": ", ".join(row.registries),
        "ladder": ", ".join(signed(state) for state in row.ladders),
        "gaps": row.gaps,
        "ask": visible(", ".join(row.ask)),
        "topics": visible(", ".join(row.topics)),
        "archived": row.archived,
        "cap": prose(row.cap),
        "changed": row.changed,
        "last seen": row.last_seen,
    }


def accepted_word(row: FindingRow) -> str:
    """How a finding is accepted, and whether that counts."""
    if not row.acceptance or row.accepted:
        return row.acceptance
    return f"{row.acceptance}, not counted"


def findings(rows: Sequence[FindingRow]) -> pd.DataFrame:
    """One row per finding, in the order given."""
    columns = (
        "severity",
        "check",
        "owner",
        "repository",
        "message",
        "path",
        "line",
        "job",
        "area",
        "state",
        "accepted",
        "expires",
        "environment",
        "first seen",
        "last seen",
        "link",
        "fingerprint",
    )
    return frame_of((_finding(row) for row in rows), columns)


def _finding(row: FindingRow) -> dict[str, object]:
    return {
        "severity": signed(row.severity),
        "check": row.check,
        "owner": visible(row.owner),
        "repository": visible(row.repository),
        "message": prose(row.message),
        "path": visible(row.path),
        "line": row.line,
        "job": visible(row.job),
        "area": plain(row.area),
        "state": signed(row.state),
        "accepted": visible(accepted_word(row)),
        "expires": row.expires,
        "environment": visible(row.environment),
        "first seen": row.first_seen,
        "last seen": row.last_seen,
        "link": link_of(row.links, "permalink"),
        "fingerprint": row.fingerprint,
    }


def publications(rows: Sequence[PublicationRow]) -> pd.DataFrame:
    """One row per publication: what goes where, by which means and identity."""
    columns = (
        "owner",
        "repository",
        "package",
        "registry",
        "channel",
        "auth",
        "credential",
        "environment",
        "mechanism",
        "id-token",
        "attests",
        "triggers",
        "workflow",
        "job",
        "step",
        "line",
    )
    return frame_of((_publication(row) for row in rows), columns)


def _publication(row: PublicationRow) -> dict[str, object]:
    step = "calls a workflow" if row.step < 0 else str(row.step)
    return {
        "owner": visible(row.owner),
        "repository": visible(row.repository),
        "package": visible(row.package),
        "registry": row.registry,
        "channel": row.channel,
        "auth": signed(row.auth),
        "credential": visible(row.credential),
        "environment": visible(row.environment),
        "mechanism": visible(row.mechanism) + (" (indirect)" if row.indirect else ""),
        "id-token": "granted" if row.id_token else "not granted",
        "attests": row.attests,
        "triggers": visible(row.triggers),
        "workflow": visible(row.workflow),
        "job": visible(row.job),
        "step": step,
        "line": row.line,
    }


def packages(rows: Sequence[PackageRow]) -> pd.DataFrame:
    """One row per package: the ladder, the workflow it comes from, and the evidence."""
    columns = (
        "package",
        "registry",
        "state",
        "before",
        "who can publish",
        "writers",
        "cut",
        "why",
        "owner",
        "repository",
        "workflow",
        "job",
        "environment",
        "last release",
        "released",
        "attested",
        "attested repository",
        "attested workflow",
        "attested environment",
        "event",
        "runner",
        "asked",
    )
    return frame_of((_package(row) for row in rows), columns)


def _package(row: PackageRow) -> dict[str, object]:
    return {
        "package": visible(row.package),
        "registry": row.registry,
        "state": signed(row.state),
        "before": row.previous_state and signed(row.previous_state),
        "who can publish": signed_level(row.level, row.may_be),
        "writers": row.writers,
        "cut": prose(row.cut),
        "why": prose(row.why),
        "owner": visible(row.owner),
        "repository": visible(row.repository),
        "workflow": visible(row.workflow),
        "job": visible(row.job),
        "environment": visible(row.environment),
        "last release": visible(row.last_release),
        "released": row.last_release_at,
        "attested": row.attested,
        "attested repository": visible(row.publisher_repository),
        "attested workflow": visible(row.publisher_workflow),
        "attested environment": visible(row.publisher_environment),
        "event": visible(row.release_event),
        "runner": visible(row.release_runner),
        "asked": row.evidence_at,
    }


def actions(rows: Sequence[ActionRow]) -> pd.DataFrame:
    """One row per use of an action, called workflow or image."""
    columns = (
        "action",
        "ref",
        "comment",
        "pin",
        "kind",
        "owner",
        "repository",
        "path",
        "line",
        "job",
        "role",
        "permissions",
        "advisories",
        "newest release",
        "archived",
        "in a release",
    )
    return frame_of((_action(row) for row in rows), columns)


def _action(row: ActionRow) -> dict[str, object]:
    return {
        "action": visible(row.action),
        "ref": visible(row.ref),
        "comment": visible(row.comment),
        "pin": "✓ pinned" if row.pinned else "▲ not pinned",
        "kind": row.kind,
        "owner": visible(row.owner),
        "repository": visible(row.repository),
        "path": visible(row.path),
        "line": row.line,
        "job": visible(row.job),
        "role": row.role,
        "permissions": visible(row.permissions),
        "advisories": row.advisories,
        "newest release": visible(row.newest_release),
        "archived": row.archived,
        "in a release": "yes" if row.in_release else "no",
    }


def gaps(rows: Sequence[GapRow]) -> pd.DataFrame:
    """One row per gap; those of the owner as a whole say so."""
    return frame_of(
        (
            {
                "owner": visible(row.owner),
                "repository": visible(row.repository) or WHOLE_OWNER,
                "subject": visible(row.subject),
                "job": visible(row.job),
                "reason": row.reason,
                # Its place has columns of its own.
                "detail": prose(row.detail.removeprefix(f"{row.subject}, line {row.line}: ")),
                "line": row.line,
                "permission": row.permission,
            }
            for row in rows
        ),
        ("owner", "repository", "subject", "job", "reason", "detail", "line", "permission"),
    )


def deductions(rows: Sequence[DeductionRow]) -> pd.DataFrame:
    """What a repository's score lost, the most first."""
    counted = [row for row in rows if row.points]
    order = sorted(counted, key=lambda row: (-row.points, AREAS.index(row.area), row.check))
    return frame_of(
        (
            {
                "area": plain(row.area),
                "check": row.check,
                "severity": signed(row.severity),
                "points lost": round(row.points, 1),
                "publication": visible(row.publication),
            }
            for row in order
        ),
        ("area", "check", "severity", "points lost", "publication"),
    )


def missing_permissions(rows: Sequence[PermissionCount]) -> pd.DataFrame:
    """Which permission would answer how many unknown results, the most helpful first."""
    return frame_of(
        (
            {
                "permission": visible(row.permission) or "(none would: see the gaps)",
                "unknowns": row.unknown,
                "repositories": row.repositories,
            }
            for row in rows
        ),
        ("permission", "unknowns", "repositories"),
    )


def results(rows: Sequence[ResultRow]) -> pd.DataFrame:
    """Every check of a repository with its outcome, faults first."""
    order = {"fail": 0, "unknown": 1, "pass": 2, "not-applicable": 3}
    rank = {word: index for index, word in enumerate(SEVERITIES)}
    chosen = sorted(rows, key=lambda r: (order.get(r.outcome, 9), rank.get(r.severity, 9), r.check))
    return frame_of(
        (
            {
                "outcome": signed(row.outcome),
                "check": row.check,
                "area": plain(row.area),
                "severity": signed(row.severity),
                "at fault": f"{row.failing} of {row.places}" if row.places else "",
                "why unknown": prose(row.reason),
                "permission": visible(row.permission),
            }
            for row in chosen
        ),
        ("outcome", "check", "area", "severity", "at fault", "why unknown", "permission"),
    )
