"""Table of a repository's settings, and whether each was chosen or is GitHub's default."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from audits.model.settings import ActionsPolicy, EnvironmentSettings, RepositorySettings, Unseen
from dashboard.frames.cells import frame_of, visible

COLUMNS = ("setting", "value", "set by")
_UNKNOWN = "? not seen"
Line = dict[str, object]


def settings(found: RepositorySettings | None) -> pd.DataFrame:
    """One row per setting; a setting that was not read says so, with the right it takes."""
    return frame_of(_lines(found) if found is not None else (), COLUMNS)


def _line(setting: str, value: object, set_by: str = "repository") -> Line:
    if isinstance(value, Unseen):
        right = f": grant {value.permission}" if value.permission else ""
        return {"setting": setting, "value": f"{_UNKNOWN}{right}", "set by": ""}
    words = {True: "yes", False: "no", None: "no release"}
    shown = words[value] if isinstance(value, bool | None) else visible(str(value))
    return {"setting": setting, "value": shown, "set by": set_by}


def _lines(found: RepositorySettings) -> Iterator[Line]:
    yield from _policy(found.actions)
    rules = found.tag_rulesets
    names = rules if isinstance(rules, Unseen) else ", ".join(rule.name for rule in rules) or "none"
    sources = () if isinstance(rules, Unseen) else {rule.source for rule in rules if rule.source}
    yield _line("Rulesets on tags", names, visible(", ".join(sorted(sources))))
    yield _line("Newest release is immutable", found.latest_release_immutable)
    environments = found.environments
    if isinstance(environments, Unseen):
        yield _line("Environments", environments)
        return
    for name in sorted(environments):
        yield from _environment(environments[name])


def _policy(policy: ActionsPolicy | Unseen) -> Iterator[Line]:
    if isinstance(policy, Unseen):
        yield _line("What Actions may do", policy)
        return
    by = policy.set_by or "repository"
    yield _line("The default token may write", policy.default_token_write, by)
    yield _line("Actions may approve pull requests", policy.can_approve_pull_requests, by)
    yield _line("Pins to commits are required", policy.sha_pinning_required, by)
    yield _line("Allowed actions", policy.allowed_actions or "not shown", by)


def _environment(environment: EnvironmentSettings) -> Iterator[Line]:
    name = f"Environment {visible(environment.name)}"
    yield _line(f"{name}: reviewers", environment.reviewers)
    yield _line(f"{name}: minutes to wait", environment.wait_minutes)
    yield _line(f"{name}: who starts a run may not approve it", environment.prevent_self_review)
    rules = environment.custom_rules
    named = rules if isinstance(rules, Unseen) else ", ".join(rules) or "none"
    yield _line(f"{name}: apps that must approve", named)
    patterns = environment.ref_patterns
    shown = patterns if isinstance(patterns, Unseen) else ", ".join(patterns) or "any"
    yield _line(f"{name}: branches and tags", shown)
    yield _line(f"{name}: administrators may bypass", environment.admins_can_bypass)
