"""What would fail if the organization required actions to be pinned to full commits.

The policy counts every action that a run meets, those of composite actions included; called
workflows may stay at tags.
https://docs.github.com/en/organizations/managing-organization-settings/disabling-or-limiting-github-actions-for-your-organization
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from audits.model.location import Location
from audits.model.remote_path import foreign_path
from audits.model.repository import OpenedFile, Repository
from audits.model.settings import Unseen
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import CompositeAction

_DEEPEST = 10


class UnpinnedUse(Struct, frozen=True, kw_only=True):
    """An action at a tag or branch. ``upstream`` is the ``owner/repo`` whose project has to pin
    it, "" where it is this repository, and ``used_at`` the place here that leads to it.
    """

    uses: Uses
    at: Location
    used_at: Location
    upstream: str = ""


def written_uses(repo: Repository) -> Iterator[Uses]:
    """The actions and workflows of others that the files of the repository use, and those of its
    owner that were read with it.
    """
    for _, uses in _places(repo):
        yield uses


def refused_uses(repo: Repository) -> tuple[UnpinnedUse, ...]:
    """The uses which the policy refuses, each place once: those of all workflows and composite
    actions, and those inside actions of others, as far as they were opened.
    """
    found: dict[Location, UnpinnedUse] = {}
    roots: dict[str, Location] = {}
    for path, uses in _places(repo):
        at = uses.raw.location(path)
        roots.setdefault(_name(uses), at)
        if _is_refused(uses):
            foreign = foreign_path(path)
            upstream = foreign.slug if foreign else ""
            found.setdefault(at, UnpinnedUse(uses=uses, at=at, used_at=at, upstream=upstream))
    for inner in _inside(_opened(repo), roots):
        found.setdefault(inner.at, inner)
    return tuple(found.values())


def _inside(
    opened: Mapping[str, OpenedFile], roots: Mapping[str, Location]
) -> Iterator[UnpinnedUse]:
    """What actions of others use at tags and branches, level by level from the places here that
    use them. Each file is read once, whatever leads to it: files of somebody else may use each
    other in any number of ways.
    """
    level, seen = dict(roots), set[str]()
    for _ in range(_DEEPEST):
        below: dict[str, Location] = {}
        for name, used_at in level.items():
            file = opened.get(name)
            foreign = foreign_path(file.path) if file is not None else None
            if file is None or foreign is None or name in seen:
                continue
            seen.add(name)
            for each in file.uses:
                if each.kind is not UsesKind.REMOTE:
                    continue
                below.setdefault(_name(each), used_at)
                if _is_refused(each):
                    yield UnpinnedUse(
                        uses=each,
                        at=each.raw.location(file.path),
                        used_at=used_at,
                        upstream=foreign.slug,
                    )
        level = below


def unread_actions(repo: Repository) -> tuple[str, ...]:
    """The actions and workflows of others, as ``owner/repo[/path]``, that may use further ones and
    were not read.
    """
    read = {_folder(action) for action in repo.actions}
    opened = _opened(repo)
    pending = list({_name(uses): uses for _, uses in _places(repo)}.values())
    seen: set[str] = set()
    unread: set[str] = set()
    for uses in pending:
        name = _name(uses)
        if name in seen or uses.action in read:
            continue
        seen.add(name)
        file = opened.get(name)
        if file is None or not file.path:
            unread.add(uses.action)
        else:
            pending += [each for each in file.uses if each.kind is UsesKind.REMOTE]
    return tuple(sorted(unread))


def _is_refused(uses: Uses) -> bool:
    """Whether the policy refuses it: called workflows may stay at a tag."""
    return not uses.is_pinned and not uses.path.startswith(".github/workflows/")


def _opened(repo: Repository) -> Mapping[str, OpenedFile]:
    return {} if isinstance(repo.opened, Unseen) else repo.opened


def _name(uses: Uses) -> str:
    return f"{uses.action}@{uses.ref}"


def _folder(action: CompositeAction) -> str:
    foreign = foreign_path(action.path)
    if foreign is None:
        return ""
    folder = foreign.path.rpartition("/")[0]
    return "/".join(filter(None, (foreign.slug.lower(), folder.lower())))


def _places(repo: Repository) -> Iterator[tuple[str, Uses]]:
    """Each remote ``uses:`` of a workflow's jobs and steps and of composite actions."""
    for workflow in repo.workflows:
        for job in workflow.jobs:
            if job.uses is not None and job.uses.kind is UsesKind.REMOTE:
                yield workflow.path, job.uses
            for step in job.steps:
                if step.uses is not None and step.uses.kind is UsesKind.REMOTE:
                    yield workflow.path, step.uses
    for action in repo.actions:
        for step in action.steps:
            if step.uses is not None and step.uses.kind is UsesKind.REMOTE:
                yield action.path, step.uses
