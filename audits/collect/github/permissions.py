"""Gathers facts, and for each missing one an `Unseen` and a gap that names the permission."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from msgspec import Struct, field

from audits.collect.github.errors import GitHubError
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, GapReason

Fact = TypeVar("Fact")

_LEARNED_AFTER = 3


def role_refusal() -> GitHubError:
    """What GitHub would answer to a person whose role in the repository is too small."""
    return GitHubError(
        "The person's role does not show it.", "", reason=GapReason.FORBIDDEN, status=403
    )


class Rights(Struct, kw_only=True):
    """What this credential was refused, so that a hundredth refusal is not asked for.

    Fine-grained tokens and Apps have the same rights in every repository that they see;
    classic tokens have those of the person, which differ, and are always tried.
    """

    uniform: bool
    refused: dict[str, int] = field(default_factory=dict)
    granted: set[str] = field(default_factory=set)
    errors: dict[str, GitHubError] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def known_refusal(self, permission: str) -> GitHubError | None:
        """The refusal to expect, where enough were seen and none was granted."""
        with self.lock:
            known = self.refused.get(permission, 0) >= _LEARNED_AFTER
            if self.uniform and known and permission not in self.granted:
                return self.errors[permission]
            return None

    def grant(self, permission: str) -> None:
        """Record that something with this right could be read."""
        with self.lock:
            self.granted.add(permission)

    def refuse(self, permission: str, error: GitHubError) -> None:
        """Record a refusal."""
        if error.status in (403, 404):
            with self.lock:
                self.refused[permission] = self.refused.get(permission, 0) + 1
                self.errors[permission] = error


class Sheet(Struct, kw_only=True):
    """The facts of one repository or owner as they come in."""

    rights: Rights
    gaps: list[Gap] = field(default_factory=list)

    def fact(
        self, subject: str, need: Need, permission: str, read: Callable[[], Fact]
    ) -> Fact | Unseen:
        """What ``read`` returns; where it is refused, an `Unseen` and a gap."""
        error = self.rights.known_refusal(permission)
        if error is None:
            try:
                value = read()
            except GitHubError as refused:
                self.rights.refuse(permission, refused)
                error = refused
            else:
                self.rights.grant(permission)
                return value
        return self.unseen(subject, need, error, permission)

    def unseen(self, subject: str, need: Need, error: GitHubError, permission: str) -> Unseen:
        """Note a refusal; the right that GitHub names goes before ours."""
        named = error.permission or (permission if error.status in (403, 404) else "")
        reason = error.reason
        if error.status == 404 and named:
            reason = GapReason.FORBIDDEN
        detail = f"{error.message} Grant {named}." if named else str(error)
        # A right that is missing only makes checks unknown; what is broken was asked for.
        self.gaps.append(
            Gap(
                subject=subject,
                reason=reason,
                detail=detail,
                permission=named,
                optional=bool(named),
            )
        )
        return Unseen(need=need, reason=error.message, permission=named)
