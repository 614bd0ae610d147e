"""The sample organization's settings: one well-guarded environment, the rest GitHub's defaults.

Facts that take the right to administration are not seen.
"""

from __future__ import annotations

from datetime import date

from audits.model.settings import (
    ActionsPolicy,
    EnvironmentSettings,
    Need,
    OwnerSettings,
    RepositorySettings,
    TagRuleset,
    Unseen,
)

_ADMIN = Unseen(
    need=Need.ADMINISTRATION,
    reason="the token may not read administration",
    permission="Administration: read",
)
_SECRETS = Unseen(
    need=Need.SECRET_NAMES,
    reason="the token may not read secrets' names",
    permission="Secrets: read",
)
_GUARDED = EnvironmentSettings(
    name="pypi",
    database_id=8101,
    reviewers=2,
    prevent_self_review=True,
    admins_can_bypass=False,
    ref_patterns=("tag:v*",),
    secret_names=_SECRETS,
)
_ENVIRONMENTS = {
    "lumen": ("pypi",),
    "quillwort": ("pypi",),
    "driftwood": ("pypi",),
    "moss": ("pypi", "testpypi"),
    "tidepool": ("pypi",),
    "old-mill": ("pypi",),
    "saltmarsh": ("pypi",),
    "pebble": ("npm",),
    "heron": ("pypi",),
    "kiln": ("pypi",),
}
_GUARDED_SINCE = {"lumen": date(2026, 6, 1), "old-mill": date(2026, 8, 3)}


def settings_of(name: str, day: date) -> RepositorySettings:
    """The settings of one repository on a day, as a token of tier 1 reads them."""
    guarded = name in _GUARDED_SINCE and day >= _GUARDED_SINCE[name]
    environments = {
        environment: _GUARDED
        if guarded
        else EnvironmentSettings(name=environment, database_id=8200, secret_names=_SECRETS)
        for environment in _ENVIRONMENTS.get(name, ())
    }
    rules = TagRuleset(
        name="Release tags",
        include=("refs/tags/v*",),
        rules=("creation", "update", "deletion"),
        source=f"orchard-sample/{name}",
    )
    return RepositorySettings(
        environments=environments,
        tag_rulesets=(rules,) if guarded else (),
        latest_release_immutable=guarded,
        actions=_ADMIN,
        secret_names=_SECRETS,
        organization_secret_names=_SECRETS,
        writers=4 if guarded else 11,
        writing_teams=(f"orchard-sample/{'keepers' if guarded else 'everyone'}",),
    )


def owner_settings(login: str) -> OwnerSettings:
    """The organization's settings: its default token may write, and pins are not required."""
    return OwnerSettings(
        login=login,
        actions=ActionsPolicy(
            default_token_write=True,
            can_approve_pull_requests=False,
            sha_pinning_required=False,
            allowed_actions="all",
            set_by="owner",
        ),
        immutable_releases="none",
        secret_names=_SECRETS,
    )
