"""What would fail if the organization required actions to be pinned to full commits.

The policy counts every action that a run meets, those of composite actions included; called
workflows may stay at tags.
https://docs.github.com/en/organizations/managing-organization-settings/disabling-or-limiting-github-actions-for-your-organization
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from audits.model.location import Location
from audits.model.remote_path import foreign_path
from audits.model.repository import Repository
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import CompositeAction, Step


class UnpinnedUse(Struct, frozen=True, kw_only=True):
    """An action at a tag or branch; ``upstream`` is the ``owner/repo`` whose project has to pin
    it, "" where it is this repository.
    """

    uses: Uses
    at: Location
    upstream: str = ""


def refused_uses(repo: Repository) -> tuple[UnpinnedUse, ...]:
    """The uses in all workflows and composite actions that were read which the policy refuses,
    each place once. Actions of others that were not read may hold more.
    """
    found: dict[Location, UnpinnedUse] = {}
    for path, steps in _files(repo):
        foreign = foreign_path(path)
        for step in steps:
            uses = step.uses
            if uses is None or uses.kind is not UsesKind.REMOTE or uses.is_pinned:
                continue
            at = uses.raw.location(path)
            found[at] = UnpinnedUse(uses=uses, at=at, upstream=foreign.slug if foreign else "")
    return tuple(found.values())


def unread_actions(repo: Repository) -> tuple[str, ...]:
    """The actions of others, as ``owner/repo[/path]``, that may use further ones and were not
    read.
    """
    read = {_name(action) for action in repo.actions}
    used = (
        step.uses.action
        for _, steps in _files(repo)
        for step in steps
        if step.uses is not None and step.uses.kind is UsesKind.REMOTE
    )
    return tuple(sorted(set(used) - read))


def _name(action: CompositeAction) -> str:
    foreign = foreign_path(action.path)
    if foreign is None:
        return ""
    folder = foreign.path.rpartition("/")[0]
    return "/".join(filter(None, (foreign.slug.lower(), folder.lower())))


def _files(repo: Repository) -> Iterator[tuple[str, tuple[Step, ...]]]:
    for workflow in repo.workflows:
        for job in workflow.jobs:
            yield workflow.path, job.steps
    for action in repo.actions:
        yield action.path, action.steps
