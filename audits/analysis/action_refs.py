"""Describes what a remote ``uses:`` points to."""

from __future__ import annotations

import re

from msgspec import Struct

from audits.analysis.action_versions import best_tag, parse_version
from audits.model.evidence import ResolvedRef
from audits.model.location import Location
from audits.model.repository import Repository
from audits.model.settings import Unseen
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import Job

_HEX = re.compile(r"[0-9a-fA-F]{7,}")


def spelled(uses: Uses) -> str:
    """The ``uses:`` in backticks, shortened where it is a commit."""
    ref = uses.ref[:7] if uses.is_pinned else uses.ref
    slug = "/".join(filter(None, (uses.owner, uses.repo, uses.path)))
    return f"`{slug}@{ref}`"


def moving(uses: Uses, known: ResolvedRef | Unseen) -> str:
    """What is wrong with a ref that is no full commit id, as one sentence without a stop."""
    name = spelled(uses)
    if not uses.ref:
        return f"{name} names no commit"
    if "${{" in uses.ref:
        return f"{name} takes its ref from an expression: which version runs is unknown"
    if uses.quoted_comment:
        return (
            f"{name} has its comment within the quotes: GitHub takes it for a part of the ref, and "
            "finds none of that name"
        )
    if _HEX.fullmatch(uses.ref) and not uses.ref.isdecimal():
        return f"{name} is no full commit id: GitHub needs exactly 40 hexadecimal digits"
    seen = isinstance(known, ResolvedRef) and known.commit is not None
    if seen and isinstance(known, ResolvedRef):
        kind = "a branch" if known.is_branch and not known.is_tag else "a tag that can be moved"
        return f"{name} is {kind}: today it is {_today(known)}"
    if parse_version(uses.ref) is not None:
        return f"{name} is a tag that can be moved to other code at any time"
    return f"{name} is a branch or a tag that can be moved: each push to it changes what runs"


def _today(known: ResolvedRef) -> str:
    """What a resolved ref is: a commit, its version, and the newest release."""
    tag = best_tag(_tags(known))
    text = f"`{(known.commit or '')[:7]}`" + (f" ({tag})" if tag and tag != known.ref else "")
    if known.newest_release and known.newest_release != tag:
        text += f", and the newest release is {known.newest_release}"
    return text


def _tags(known: ResolvedRef) -> tuple[str, ...]:
    tags = () if isinstance(known.tags, Unseen) else known.tags
    return (*tags, known.ref) if known.is_tag else tags


def version_today(known: ResolvedRef) -> str:
    """The tag that says best which version a resolved ref is today; ``""`` if none does."""
    return best_tag(_tags(known))


class RemoteUse(Struct, frozen=True, kw_only=True):
    """A remote action or called workflow at its place; ``job`` as in `StepSite`."""

    uses: Uses
    at: Location
    job: Job | None
    locked: str = ""


def remote_actions(repo: Repository) -> tuple[RemoteUse, ...]:
    """The actions of other repositories that the steps to look at use.

    ``locked`` is the commit that GitHub's lock file binds a step to; it holds for steps of
    workflows and neither for composite actions nor for called workflows.
    """
    return repo.once(_remote_actions)


def _remote_actions(repo: Repository) -> tuple[RemoteUse, ...]:
    found = []
    for site in repo.steps():
        uses = site.step.uses
        if uses is not None and uses.kind is UsesKind.REMOTE:
            locked = repo.locked_commit(site.path, uses) if site.action is None else ""
            at = uses.raw.location(site.path)
            found.append(RemoteUse(uses=uses, at=at, job=site.job, locked=locked))
    return tuple(found)


def remote_workflows(repo: Repository) -> tuple[RemoteUse, ...]:
    """The workflows of other repositories that the jobs to look at call."""
    return repo.once(_remote_workflows)


def _remote_workflows(repo: Repository) -> tuple[RemoteUse, ...]:
    found = []
    for site in repo.jobs():
        uses = site.job.uses
        if uses is not None and uses.kind is UsesKind.REMOTE:
            at = uses.raw.location(site.workflow.path)
            found.append(RemoteUse(uses=uses, at=at, job=site.job))
    return tuple(found)


def remote_uses(repo: Repository) -> tuple[RemoteUse, ...]:
    """Both, actions first."""
    return (*remote_actions(repo), *remote_workflows(repo))
