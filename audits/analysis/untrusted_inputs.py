"""Tables of what outsiders and people with write access can write into a run.

The fields that outsiders fill in:
https://docs.github.com/en/actions/concepts/security/script-injections
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from functools import lru_cache

from audits.model.location import Scalar
from audits.model.workflow import Step


class Setter(IntEnum):
    """Who can set a value, from those with more rights to those with fewer."""

    WRITER = 1
    OUTSIDER = 2


_PULL_REQUEST = (
    "pull_request.title",
    "pull_request.body",
    "pull_request.head.ref",
    "pull_request.head.label",
    "pull_request.head.repo.default_branch",
    "pull_request.head.repo.description",
    "pull_request.head.repo.homepage",
)
_PEOPLE = tuple(f"{who}.{what}" for who in ("author", "committer") for what in ("name", "email"))
_COMMIT = ("message", *_PEOPLE)
_ISSUE = ("issue.title", "issue.body")
_DISCUSSION = ("discussion.title", "discussion.body")
_OUTSIDER: dict[str, tuple[str, ...]] = {
    "issues": _ISSUE,
    "issue_comment": (*_ISSUE, "comment.body"),
    "discussion": _DISCUSSION,
    "discussion_comment": (*_DISCUSSION, "comment.body"),
    "commit_comment": ("comment.body",),
    "gollum": ("pages.*.page_name", "pages.*.title"),
    "pull_request": _PULL_REQUEST,
    "pull_request_target": _PULL_REQUEST,
    "pull_request_review": (*_PULL_REQUEST, "review.body"),
    "pull_request_review_comment": (*_PULL_REQUEST, "comment.body"),
    "workflow_run": (
        "workflow_run.head_branch",
        "workflow_run.display_title",
        "workflow_run.head_repository.description",
        "workflow_run.pull_requests.*.head.ref",
        *(f"workflow_run.head_commit.{field}" for field in _COMMIT),
    ),
    # Commits of strangers arrive with their own words when a pull request is merged.
    "push": (
        *(f"head_commit.{field}" for field in _COMMIT),
        *(f"commits.*.{field}" for field in _COMMIT),
    ),
}
_LABELS = ("label.name", "pull_request.labels.*.name", "pull_request.milestone.title")
_BASE = ("pull_request.base.ref", "pull_request.base.label")
_WRITER: dict[str, tuple[str, ...]] = {
    "push": ("ref", "base_ref"),
    "create": ("ref", "description"),
    "delete": ("ref",),
    "release": (
        "release.tag_name",
        "release.name",
        "release.body",
        "release.target_commitish",
        "release.assets.*.name",
        "release.assets.*.label",
    ),
    "repository_dispatch": ("client_payload", "action"),
    "pull_request": (*_LABELS, *_BASE),
    "pull_request_target": (*_LABELS, *_BASE),
    "issues": ("label.name", "issue.labels.*.name", "issue.milestone.title"),
    "issue_comment": ("issue.labels.*.name", "issue.milestone.title"),
}
_REF_EVENTS = frozenset({"push", "create", "release", "workflow_dispatch"})
_HEAD_EVENTS = frozenset(
    {"pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"}
)

# Inputs of actions that are run as code.
CODE_INPUTS: dict[str, tuple[str, ...]] = {
    "actions/github-script": ("script",),
    "addnab/docker-run-action": ("run",),
    "coactions/setup-xvfb": ("run",),
    "gabrielbb/xvfb-action": ("run",),
    "pyvista/setup-headless-display-action": ("command",),
    "reactivecircus/android-emulator-runner": ("script",),
    "wandalen/wretry.action": ("command",),
    "amadevus/pwsh-script": ("script",),
    "appleboy/ssh-action": ("script",),
    "azure/cli": ("inlinescript",),
    "azure/powershell": ("inlinescript",),
    "cardinalby/js-eval-action": ("expression",),
    "jannekem/run-python-script-action": ("script",),
    "mikefarah/yq": ("cmd",),
    "nick-fields/retry": ("command", "on_retry_command"),
    "nick-invision/retry": ("command", "on_retry_command"),
    "sergeysova/jq-action": ("cmd",),
}


_WILD = frozenset({"*", "[]"})


def code_of(step: Step) -> Iterator[Scalar]:
    """The texts of a step that are run as code: its script and shell, and inputs that actions run."""
    if step.run is not None:
        yield step.run
        if step.template is not None:
            yield step.template
    if step.uses is not None:
        names = CODE_INPUTS.get(step.uses.action, ())
        yield from (text for key, text in step.inputs.items() if key.lower() in names)


@lru_cache(maxsize=4096)
def setter_of(parts: tuple[str, ...], event: str) -> Setter | None:
    """Who sets a part of the ``github`` context under an event."""
    if parts in {("ref",), ("ref_name",)}:
        return Setter.WRITER if event in _REF_EVENTS else None
    if parts == ("head_ref",):
        return Setter.OUTSIDER if event in _HEAD_EVENTS else None
    if parts == ("base_ref",):
        return Setter.WRITER if event in _HEAD_EVENTS else None
    if parts not in {(), ("*",)} and parts[0] != "event":
        return None
    for setter, field in _fields(event):
        if _covers(parts[1:], field):
            return setter
    return None


@lru_cache(maxsize=128)
def _fields(event: str) -> tuple[tuple[Setter, tuple[str, ...]], ...]:
    """The fields of an event, those that outsiders set first."""
    return tuple(
        (setter, tuple(field.split(".")))
        for setter, fields in ((Setter.OUTSIDER, _OUTSIDER), (Setter.WRITER, _WRITER))
        for field in fields.get(event, ())
    )


def _covers(parts: tuple[str, ...], field: tuple[str, ...]) -> bool:
    """Whether a context is a field, holds it, or is a part of it."""
    for own, other in zip(parts, field, strict=False):
        if own != other and own not in _WILD and other not in _WILD:
            return False
    return True
