"""Translates GitHub's refusals and errors into gaps; answers are never quoted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from audits.collect.errors import CollectError
from audits.model.source import Gap, GapReason

Json = Any
"""Parsed JSON of an answer; what reads it expects any shape."""


class GitHubError(CollectError):
    """One request failed for good. ``permission`` is the right GitHub asks for, if it says."""

    def __init__(
        self,
        message: str,
        advice: str,
        *,
        reason: GapReason = GapReason.UNAVAILABLE,
        status: int = 0,
        permission: str = "",
    ) -> None:
        super().__init__(message, advice)
        self.reason = reason
        self.status = status
        self.permission = permission

    def gap(self, subject: str, permission: str = "") -> Gap:
        """The gap that this failure leaves."""
        return Gap(
            subject=subject,
            reason=self.reason,
            detail=str(self),
            permission=self.permission or permission,
        )


class TooHeavyError(GitHubError):
    """A query took GitHub too long (502, 504 or no answer in time): ask for less at once."""


class GraphError(Struct, frozen=True, kw_only=True):
    """One entry of ``errors`` in a GraphQL answer; ``path`` says which part is missing."""

    reason: GapReason
    path: tuple[str | int, ...] = ()
    detail: str = ""

    def as_gap(self, subject: str, permission: str = "") -> Gap:
        """The gap that this error leaves."""
        return Gap(subject=subject, reason=self.reason, detail=self.detail, permission=permission)


_TYPES = {
    "NOT_FOUND": (GapReason.NOT_FOUND, "It does not exist, or this token may not see it."),
    "FORBIDDEN": (GapReason.FORBIDDEN, "This token may not see it."),
    "INSUFFICIENT_SCOPES": (GapReason.FORBIDDEN, "This token lacks a scope for it."),
    "RATE_LIMITED": (GapReason.RATE_LIMITED, "GitHub's limit was reached; scan again later."),
}
_OLD = (GapReason.UNSUPPORTED, "This version of GitHub does not know it; update the server.")
_UNKNOWN = (GapReason.UNAVAILABLE, "GitHub could not answer this part; scan again later.")

SSO_ADVICE = "Authorize the token for single sign-on"


def sso_url(headers: Mapping[str, Any]) -> str:
    """The address at which the token is authorized for SAML, from ``X-GitHub-SSO``; "" if none."""
    found = re.search(r"url=(https?://[^\s;,]+)", str(headers.get("x-github-sso", "")))
    return found.group(1) if found else ""


def saml_detail(headers: Mapping[str, Any]) -> str:
    """What to do where an organization wants single sign-on."""
    url = sso_url(headers)
    return (
        f"The organization asks for SAML single sign-on. {SSO_ADVICE}{f': {url}' if url else '.'}"
    )


def graph_errors(entries: Json, headers: Mapping[str, Any]) -> tuple[GraphError, ...]:
    """The errors of a GraphQL answer, in our words."""
    found = []
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        reason, detail = _TYPES.get(str(entry.get("type", "")), _UNKNOWN)
        extensions = entry.get("extensions")
        if isinstance(extensions, dict) and extensions.get("saml_failure"):
            reason, detail = GapReason.FORBIDDEN, saml_detail(headers)
        if isinstance(extensions, dict) and extensions.get("code") == "undefinedField":
            reason, detail = _OLD
        path = entry.get("path")
        found.append(
            GraphError(
                reason=reason, detail=detail, path=tuple(path) if isinstance(path, list) else ()
            )
        )
    return tuple(found)


def accepted_permission(headers: Mapping[str, Any]) -> str:
    """The right that would have sufficed, from ``X-Accepted-GitHub-Permissions``.

    ``actions=read; contents=read`` becomes ``Actions: read; Contents: read``.
    """
    parts = []
    for part in str(headers.get("x-accepted-github-permissions", "")).split(";"):
        name, _, level = part.strip().partition("=")
        if name and level and name != "allows_permissionless_access":
            parts.append(f"{name.replace('_', ' ').capitalize()}: {level}")
    return "; ".join(parts)


def refusal(status: int, headers: Mapping[str, Any]) -> GitHubError:
    """The error for a status that no further attempt would change."""
    permission = accepted_permission(headers)
    if sso_url(headers):
        return GitHubError(saml_detail(headers), "", reason=GapReason.FORBIDDEN, status=status)
    if status == 401:
        return GitHubError(
            "GitHub does not accept this credential.",
            "It may have expired or been revoked; make a new one.",
            reason=GapReason.FORBIDDEN,
            status=status,
        )
    if status in (403, 451):
        advice = f"It needs {permission}." if permission else "Ask `release-audit doctor`."
        return GitHubError(
            "This token may not read it.",
            advice,
            reason=GapReason.FORBIDDEN,
            status=status,
            permission=permission,
        )
    if status in (404, 410):
        return GitHubError(
            "GitHub says that it does not exist, which it also says where a right is missing.",
            f"It needs {permission}." if permission else "Check its name and the token's rights.",
            reason=GapReason.NOT_FOUND,
            status=status,
            permission=permission,
        )
    return GitHubError(f"GitHub answered with status {status}.", "Scan again later.", status=status)
