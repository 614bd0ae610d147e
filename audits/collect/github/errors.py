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
    """One request failed for good.

    ``permission`` is the right GitHub asks for, if it says; ``saml`` where single sign-on of
    the organization is what is missing. ``advised``: the advice says all that helps.
    """

    def __init__(
        self,
        message: str,
        advice: str,
        *,
        reason: GapReason = GapReason.UNAVAILABLE,
        status: int = 0,
        permission: str = "",
        saml: bool = False,
        advised: bool = False,
    ) -> None:
        super().__init__(message, advice)
        self.reason = reason
        self.status = status
        self.permission = permission
        self.saml = saml
        self.advised = advised

    def gap(self, subject: str, permission: str = "") -> Gap:
        """The gap that this failure leaves."""
        return Gap(
            subject=subject,
            reason=self.reason,
            detail=str(self),
            permission=self.permission or permission,
        )


class TooHeavyError(GitHubError):
    """A query took GitHub too long (502, 504 or no answer in time), or its answer is too large:
    ask for less at once.
    """


class UnusableError(GitHubError):
    """An answer that is none: no JSON, cut off, too large or too deep."""


UNEXPECTED = "GitHub's answer had an unexpected form."


def unexpected() -> UnusableError:
    """The error for an answer that is JSON, but not as GitHub documents it."""
    return UnusableError(UNEXPECTED, "Scan again later, or check --api-url.")


class GraphError(Struct, frozen=True, kw_only=True):
    """One entry of ``errors`` in a GraphQL answer; ``path`` says which part is missing."""

    reason: GapReason
    path: tuple[str | int, ...] = ()
    detail: str = ""
    saml: bool = False

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

_MOST_ERRORS = 2000
"""Of one answer. A batch has a few hundred parts."""


def sso_url(headers: Mapping[str, Any]) -> str:
    """The address at which the token is authorized for SAML, from ``X-GitHub-SSO``; "" if none."""
    found = re.search(r"url=(https?://[^\s;,]+)", str(headers.get("x-github-sso", ""))[:2000])
    return found.group(1) if found else ""


def asks_for_sso(headers: Mapping[str, Any]) -> bool:
    """Whether an answer says that SAML single sign-on is in the way.

    ``partial-results; organizations=…`` says so of a list that is shorter for that reason:
    https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api
    """
    return bool(str(headers.get("x-github-sso", "")).strip())


def saml_detail(headers: Mapping[str, Any], owner: str = "") -> str:
    """What to do where an organization wants single sign-on."""
    url = sso_url(headers)
    who = f"The organization {owner}" if owner else "The organization"
    where = f": {url}" if url else ", or give one that is"
    return f"{who} asks for SAML single sign-on. Authorize the token for it{where}."


def graph_errors(entries: Json, headers: Mapping[str, Any]) -> tuple[GraphError, ...]:
    """The errors of a GraphQL answer, in our words.

    An entry that is not understood concerns everything, as one without a path does: what it
    is about must not look as if it were not there. UnusableError where they are too many.
    """
    if entries is None:
        return ()
    if not isinstance(entries, list):
        entries = [entries]
    if len(entries) > _MOST_ERRORS:
        raise unexpected()
    return tuple(_graph_error(entry, headers) for entry in entries)


def _graph_error(entry: Json, headers: Mapping[str, Any]) -> GraphError:
    if not isinstance(entry, dict):
        return GraphError(reason=_UNKNOWN[0], detail=_UNKNOWN[1])
    reason, detail = _TYPES.get(str(entry.get("type", "")), _UNKNOWN)
    extensions = entry.get("extensions")
    saml = False
    if isinstance(extensions, dict) and extensions.get("saml_failure"):
        reason, detail, saml = GapReason.FORBIDDEN, saml_detail(headers), True
    if isinstance(extensions, dict) and extensions.get("code") == "undefinedField":
        reason, detail = _OLD
    path = entry.get("path")
    parts = tuple(path) if isinstance(path, list) else ()
    if not all(isinstance(part, str | int) for part in parts):
        parts = ()
    return GraphError(reason=reason, detail=detail, path=parts, saml=saml)


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
    if status in (401, 403, 404) and asks_for_sso(headers):
        return GitHubError(
            saml_detail(headers), "", reason=GapReason.FORBIDDEN, status=status, saml=True
        )
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
