"""Lists the uses of remote actions, reusable workflows and images, for the store."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

from msgspec import Struct

from audits.analysis.required_pins import refused_uses
from audits.model.repository import ReleaseGraph, Repository
from audits.model.score import Audit
from audits.model.uses import Uses, UsesKind
from audits.model.workflow import Image, Job, PermissionsState, Role
from audits.store.details import use_key

ACTION, WORKFLOW, IMAGE = "action", "reusable workflow", "image"

_DIGEST = "@sha256:"


class Use(Struct, frozen=True, kw_only=True):
    """One use of another owner's code. ``slug`` is ``owner/repo``, "" for images."""

    action: str
    ref: str
    comment: str
    pinned: bool
    kind: str
    slug: str
    path: str
    line: int
    job: str
    role: str
    ordinal: int
    in_release: bool
    permissions: str
    advisories: str

    @property
    def key(self) -> str:
        """Its key within the repository, which does not depend on its line."""
        return use_key(self.path, self.job, self.action, self.ref, self.ordinal)


def uses_of(audit: Audit) -> list[Use]:
    """Every use in workflows and composite actions, in the order of files."""
    advisories = _advisories(audit)
    seen: dict[str, int] = {}
    found = []
    graph = audit.repository.graph
    permissions = cache(partial(permissions_of, graph))
    for path, job, uses, image in _places(audit.repository):
        named = _named(uses, image)
        if named is None:
            continue
        action, ref, pinned, kind, line = named
        key = f"{path} {job.id if job else ''} {action}@{ref}"
        seen[key] = seen.get(key, -1) + 1
        known = advisories.get((path, line), "")
        found.append(
            Use(
                action=action,
                ref=ref,
                comment=uses.comment if uses else "",
                pinned=pinned,
                kind=WORKFLOW if job and uses is job.uses else kind,
                slug=uses.slug if uses else "",
                path=path,
                line=line,
                job=job.id if job else "",
                ordinal=seen[key],
                role=(graph.roles.get(job, Role.OTHER) if job else Role.OTHER).value,
                in_release=path in graph.release_paths,
                permissions=permissions(job),
                advisories=known,
            )
        )
    return found


def _places(repository: Repository) -> Iterator[tuple[str, Job | None, Uses | None, Image | None]]:
    for workflow in repository.workflows:
        for job in workflow.jobs:
            if job.uses is not None:
                yield workflow.path, job, job.uses, None
            for image in job.images:
                yield workflow.path, job, None, image
            for step in job.steps:
                if step.uses is not None:
                    yield workflow.path, job, step.uses, None
    for action in repository.actions:
        if action.image is not None:
            yield action.path, None, None, action.image
        for step in action.steps:
            if step.uses is not None:
                yield action.path, None, step.uses, None
    # Actions inside other actions: only those that a policy for commits would refuse are stored.
    read = {action.path for action in repository.actions}
    for each in refused_uses(repository):
        if each.upstream and each.at.path not in read:
            yield each.at.path, None, each.uses, None


def _named(uses: Uses | None, image: Image | None) -> tuple[str, str, bool, str, int] | None:
    """Action, ref, whether pinned, kind and line; None for what is the repository's own."""
    if uses is not None and uses.kind is UsesKind.REMOTE:
        return uses.action, uses.ref, uses.is_pinned, ACTION, uses.raw.line
    if uses is not None and uses.kind is UsesKind.DOCKER:
        name, ref = _image(uses.path.removeprefix("docker://"))
        return name, ref, ref.startswith("sha256:"), IMAGE, uses.raw.line
    if image is not None:
        name, ref = _image(image.reference.value.removeprefix("docker://"))
        return name, ref, ref.startswith("sha256:"), IMAGE, image.reference.line
    return None


def _image(reference: str) -> tuple[str, str]:
    """An image's name and its tag or digest; a port before a slash is no tag."""
    if _DIGEST in reference:
        name, _, digest = reference.partition("@")
        return name, digest
    name, colon, tag = reference.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (reference, "")


def permissions_of(graph: ReleaseGraph, job: Job | None) -> str:
    """What the job's token may do, on every way to it: ``contents: read, id-token: write``."""
    if job is None:
        return ""
    routes = graph.routes.get(job, ())
    levels = [route.grant.levels for route in routes] or [job.permissions]
    texts: dict[str, None] = {}
    for block in levels:
        if block is None or block.state is PermissionsState.ABSENT:
            texts["default"] = None
        elif block.state is PermissionsState.MAP:
            scopes = (f"{scope}: {level.value}" for scope, level in sorted(block.scopes.items()))
            texts[", ".join(scopes)] = None
        else:
            texts["{}" if block.state is PermissionsState.NULL else block.state.value] = None
    return " | ".join(texts)


def _advisories(audit: Audit) -> dict[tuple[str, int], str]:
    """Advisories by file and line, as findings name them."""
    found: dict[tuple[str, int], str] = {}
    for item in (*audit.findings, *audit.beyond):
        if item.finding.advisories:
            at = (item.finding.at.path, item.finding.at.line)
            known = filter(None, found.get(at, "").split(", "))
            found[at] = ", ".join(dict.fromkeys((*known, *item.finding.advisories)))
    return found
