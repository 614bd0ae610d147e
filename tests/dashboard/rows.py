"""Rows with invented contents, and texts that try to be more than text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from audits.model.outcome import Link
from audits.model.rows import (
    ActionRow,
    DeductionRow,
    FindingRow,
    PackageRow,
    PathRow,
    RepositoryRow,
    ResultRow,
    TrendRow,
)

Values = dict[str, Any]

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)

PERMALINK = Link(
    kind="permalink",
    label="line",
    url="https://github.com/orchard-labs/lumen/blob/main/x.yml#L9",
)
HOSTILE = (
    "![x](https://evil.example/a.png) <img src=https://evil.example/b.png onerror=alert(1)> "
    "[click](javascript:alert(2)) $\\frac{1}{2}$ :red[loud] https://evil.example/auto "
    "www.evil.example \u202egnp.exe =cmd|' /C calc'!A0 `code` </script> %%{init: {}}%%"
)


def repository(name: str = "lumen", **changes: object) -> RepositoryRow:
    values: Values = {
        "owner": "orchard-labs",
        "repository": name,
        "host": "github.com",
        "commit": "a" * 40,
        "branch": "main",
        "archived": False,
        "topics": ("python",),
        "grade": "C",
        "points": 66.0,
        "strict_points": 66.0,
        "coverage": 0.7,
        "tier": 0,
        "policy": "v2026-1",
        "cap": "",
        "areas": {
            "pinning": 60.0,
            "permissions": 80.0,
            "environment": None,
            "trusted-publisher": 45.0,
            "integrity": 100.0,
        },
        "coverages": {},
        "open": {"critical": 0, "high": 2, "medium": 1, "low": 0, "info": 0},
        "accepted": 0,
        "publications": 1,
        "registries": ("pypi",),
        "ladders": ("token",),
        "gaps": 0,
        "last_seen": NOON,
        "changed": NOON,
    }
    return RepositoryRow(**(values | changes))


def finding(**changes: object) -> FindingRow:
    values: Values = {
        "owner": "orchard-labs",
        "repository": "lumen",
        "host": "github.com",
        "fingerprint": "f1",
        "check": "unpinned-action",
        "title": "An action is not pinned",
        "area": "pinning",
        "severity": "high",
        "state": "open",
        "message": "a tag may move",
        "path": ".github/workflows/release.yml",
        "line": 9,
        "end_line": None,
        "excerpt": "- uses: actions/checkout@v4",
        "workflow": ".github/workflows/release.yml",
        "job": "publish",
        "publication": "",
        "environment": "",
        "in_release": True,
        "fix": "safe",
        "acceptance": "",
        "acceptance_reason": "",
        "responsible": "",
        "ticket": "",
        "expires": "",
        "commit": "a" * 40,
        "first_seen": NOON,
        "last_seen": NOON,
        "links": (PERMALINK,),
    }
    return FindingRow(**(values | {"because": "", "advice": ""} | changes))


def deduction(**changes: object) -> DeductionRow:
    values: Values = {
        "owner": "orchard-labs",
        "repository": "lumen",
        "area": "pinning",
        "check": "unpinned-action",
        "severity": "high",
        "points": 40.0,
        "publication": "p",
    }
    return DeductionRow(**(values | changes))


def result(**changes: object) -> ResultRow:
    values: Values = {
        "owner": "orchard-labs",
        "repository": "lumen",
        "check": "unprotected-environment",
        "title": "An environment is not protected",
        "area": "environment",
        "severity": "medium",
        "outcome": "unknown",
        "weight": 15.0,
        "reason": "not read",
        "permission": "Actions: read",
        "need": "settings",
        "places": 1,
        "failing": 0,
    }
    return ResultRow(**(values | changes))


def trend(scan: int = 1, **changes: object) -> TrendRow:
    values: Values = {
        "scan": scan,
        "at": NOON + timedelta(days=scan),
        "points": 60.0 + scan,
        "coverage": 0.7,
        "repositories": 10,
        "publishing": 8,
        "areas": {
            "pinning": 50.0 + scan,
            "permissions": 70.0,
            "environment": None,
            "trusted-publisher": 40.0,
            "integrity": 90.0,
        },
        "grades": {"A": 1, "C": 4, "F": 3, "-": 2},
        "ladders": {"token": 4},
        "open": {"critical": 1, "high": 9, "medium": 5, "low": 0, "info": 0},
        "checks": {"unpinned-action": 9},
        "new": 3,
        "fixed": 2,
        "policy": "v2026-1",
        "tier": 0,
    }
    return TrendRow(**(values | changes))


def action(**changes: object) -> ActionRow:
    values: Values = {
        "owner": "orchard-labs",
        "repository": "lumen",
        "action": "actions/checkout",
        "ref": "v4",
        "comment": "",
        "pinned": False,
        "kind": "action",
        "path": ".github/workflows/release.yml",
        "line": 9,
        "job": "publish",
        "role": "publishing job",
        "in_release": True,
        "permissions": "contents: read",
        "advisories": "",
        "newest_release": "",
        "archived": "",
    }
    return ActionRow(**(values | changes))


def package(**changes: object) -> PackageRow:
    values: Values = {
        "owner": "orchard-labs",
        "repository": "lumen",
        "registry": "pypi",
        "package": "lumen",
        "state": "token",
        "previous_state": "",
        "why": "a stored token uploads it",
        "workflow": "release.yml",
        "job": "publish",
        "environment": "",
        "auth": "token",
        "last_release": "1.2.0",
        "last_release_at": NOON,
        "attested": "no",
        "publisher_repository": "",
        "publisher_workflow": "",
        "publisher_environment": "",
        "release_ref": "",
        "release_event": "",
        "release_runner": "",
        "release_run": "",
        "evidence_at": None,
        "publisher_form": "",
    }
    return PackageRow(**(values | changes))


def path(**changes: object) -> PathRow:
    values: Values = {
        "owner": "orchard-labs",
        "repository": "lumen",
        "publication": "release.yml:9",
        "registry": "pypi",
        "package": "lumen",
        "path_id": "p1",
        "actor": "anyone",
        "state": "seen",
        "holds": "now",
        "until": "",
        "way_in": "code",
        "sink": "publishes",
        "starts": "starts",
        "sets_level": True,
        "way_in_path": ".github/workflows/release.yml",
        "way_in_line": 9,
        "way_in_job": "publish",
        "sink_path": ".github/workflows/release.yml",
        "sink_line": 9,
        "steps": (),
        "cuts": (),
        "needs": (),
        "finding": "",
        "accepted": False,
    }
    return PathRow(**(values | changes))
