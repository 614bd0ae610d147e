"""The owner's settings that concern a repository's releases."""

from __future__ import annotations

from audits.model.location import Location
from audits.model.repository import Repository
from audits.model.settings import ActionsPolicy, Need, OwnerSettings, Unseen

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


def owner_actions(repo: Repository) -> ActionsPolicy | Unseen | None:
    """What the owner lets GitHub Actions do, under the same rule."""
    settings = owner_settings(repo)
    return settings.actions if isinstance(settings, OwnerSettings) else settings


def first_release_file(repo: Repository) -> Location:
    """The file of the first publication as a whole: where a fact of the owner is shown."""
    return Location(path=repo.publications[0].workflow.path)
