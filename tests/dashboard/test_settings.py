"""Settings of a repository: values, whose choice they are, and what was not seen."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date
from typing import Any

from audits.model.settings import ActionsPolicy, Need, RepositorySettings, TagRuleset, Unseen
from audits.sample.settings import settings_of
from dashboard.frames.settings import settings


def records(found: RepositorySettings | None) -> list[dict[Hashable, Any]]:
    return settings(found).to_dict("records")


def test_every_setting_says_whose_choice_it_is() -> None:
    hidden = Unseen(need=Need.SECRET_NAMES, reason="hidden")
    policy = ActionsPolicy(
        default_token_write=True,
        can_approve_pull_requests=False,
        sha_pinning_required=hidden,
        allowed_actions="selected",
        set_by="owner",
    )
    rules = TagRuleset(name="Tags", include=("~ALL",), source="orchard-labs")
    known = RepositorySettings(
        environments={},
        tag_rulesets=(rules,),
        latest_release_immutable=None,
        actions=policy,
        secret_names=hidden,
        organization_secret_names=hidden,
    )
    found = {str(r["setting"]): (r["value"], r["set by"]) for r in records(known)}
    assert found["The default token may write"] == ("yes", "owner")
    assert found["Rulesets on tags"] == ("Tags", "orchard-labs")
    assert found["Pins to commits are required"] == ("? not seen", "")


def test_what_was_not_read_names_the_right() -> None:
    found = {
        str(r["setting"]): r["value"] for r in records(settings_of("lumen", date(2026, 10, 5)))
    }
    assert found["What Actions may do"] == "? not seen: grant Administration: read"
    assert found["Environment pypi: reviewers"] == "2"


def test_a_folder_has_none() -> None:
    assert settings(None).empty
