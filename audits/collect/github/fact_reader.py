"""Gathers facts, and for each missing one an `Unseen` and a gap that names the permission."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from msgspec import Struct, field

from audits.collect.github.errors import GitHubError
from audits.model.settings import Need, Unseen
from audits.model.source import Gap, GapReason

Fact = TypeVar("Fact")

_LEARNED_AFTER = {True: 3, False: 10}
"""Refusals after which a right counts as missing, of private and of public repositories."""


def role_refusal(role: str, permission: str) -> GitHubError:
    """What GitHub would answer to a person whose role in the repository is too small."""
    return GitHubError(
        f"The person of this token has the role {role.lower()} there, which does not show it.",
        f"A token of an administrator does, or a GitHub App with {permission}.",
        reason=GapReason.FORBIDDEN,
        status=403,
        permission=permission,
        advised=True,
    )


class Rights(Struct, kw_only=True):
    """What this credential was refused, so that a hundredth refusal is not asked for.

    Fine-grained tokens and Apps have the same rights in every private repository that they
    see. Public ones are seen without rights too: what is refused for some of them may be granted
    for those that the token was given. Classic tokens have the rights of the person, which
    differ, and are always tried.
    """

    uniform: bool
    refused: Counter[tuple[str, bool]] = field(default_factory=Counter)
    granted: set[tuple[str, bool]] = field(default_factory=set)
    errors: dict[tuple[str, bool], GitHubError] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def known_refusal(self, permission: str, *, private: bool) -> GitHubError | None:
        """The refusal to expect, where enough were seen and none was granted."""
        key = (permission, private)
        with self.lock:
            known = self.uniform and self.refused[key] >= _LEARNED_AFTER[private]
            # who has a right in some repository may have it in this public one
            same = {key} if private else {key, (permission, True)}
            return self.errors[key] if known and not same & self.granted else None

    def grant(self, permission: str, *, private: bool) -> None:
        """Record that something with this right could be read."""
        with self.lock:
            self.granted.add((permission, private))

    def refuse(self, permission: str, error: GitHubError, *, private: bool) -> None:
        """Record a refusal."""
        if error.status in (403, 404):
            with self.lock:
                self.refused[permission, private] += 1
                self.errors[permission, private] = error


class FactReader(Struct, kw_only=True):
    """The facts of one repository or owner as they come in."""

    rights: Rights
    private: bool = False
    gaps: list[Gap] = field(default_factory=list)

    def fact(
        self, subject: str, need: Need, permission: str, read: Callable[[], Fact]
    ) -> Fact | Unseen:
        """What ``read`` returns; where it is refused, an `Unseen` and a gap."""
        error = self.rights.known_refusal(permission, private=self.private)
        if error is None:
            try:
                value = read()
            except GitHubError as refused:
                self.rights.refuse(permission, refused, private=self.private)
                error = refused
            else:
                self.rights.grant(permission, private=self.private)
                return value
        return self.unseen(subject, need, error, permission)

    def unseen(self, subject: str, need: Need, error: GitHubError, permission: str) -> Unseen:
        """Note a refusal; the right that GitHub names goes before ours."""
        lacking = error.status in (403, 404) and not error.saml
        named = error.permission or (permission if lacking else "")
        reason = error.reason
        if error.status == 404 and named:
            reason = GapReason.FORBIDDEN
        plain = error.advised or not named
        detail = str(error) if plain else f"{error.message} Grant {named}."
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
