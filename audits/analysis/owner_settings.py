"""The owner's settings that concern a repository's releases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from audits.model.location import Location
from audits.model.outcome import Unknown, Verdict
from audits.model.repository import Repository
from audits.model.settings import ActionsPolicy, Need, OwnerSettings, Unseen

T = TypeVar("T")

_OFFLINE = Unseen(
    need=Need.ADMINISTRATION,
    reason="settings of the owner are not read from a folder",
    permission="Administration: read",
)


def owner_settings(repo: Repository) -> OwnerSettings | Unseen | None:
    """The owner's settings where the repository publishes; None where it does not, and for
    users, who have no such settings.
    """
    if not repo.publications:
        return None
    if repo.snapshot.owner_settings is not None:
        return repo.snapshot.owner_settings
    return _OFFLINE if repo.snapshot.settings is None else None


def owner_verdict(
    repo: Repository,
    value_of: Callable[[OwnerSettings], T | Unseen],
    judge: Callable[[T, Location], Verdict],
) -> Iterator[Verdict]:
    """The verdict on one of the owner's settings, unknown where it was not seen; none where the
    repository publishes nothing or its owner is a user.
    """
    settings = owner_settings(repo)
    if settings is None:
        return
    at = first_release_file(repo)
    value = settings if isinstance(settings, Unseen) else value_of(settings)
    yield Unknown(at=at, unseen=value) if isinstance(value, Unseen) else judge(value, at)


def of_actions(
    value_of: Callable[[ActionsPolicy], T | Unseen],
) -> Callable[[OwnerSettings], T | Unseen]:
    """The same of what the owner lets GitHub Actions do."""

    def value(settings: OwnerSettings) -> T | Unseen:
        policy = settings.actions
        return policy if isinstance(policy, Unseen) else value_of(policy)

    return value


def first_release_file(repo: Repository) -> Location:
    """The file of the first publication as a whole: where a fact of the owner is shown."""
    return Location(path=repo.publications[0].workflow.path)
