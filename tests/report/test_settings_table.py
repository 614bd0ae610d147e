"""The table of settings: every field that is read has a row, and what was not read says so."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import fields

from audits.model.settings import (
    NO_ADMINISTRATION,
    ActionsPolicy,
    BranchRuleset,
    BypassActor,
    EnvironmentSettings,
    Need,
    OwnerSettings,
    RepositorySettings,
    TagRuleset,
    Unseen,
    WorkflowPolicy,
)
from audits.report.table import csv_lines
from audits.report.tables.settings import SETTINGS, settings_of_owner, settings_of_repository

ACTIONS = ActionsPolicy(
    default_token_write=True,
    can_approve_pull_requests=False,
    sha_pinning_required=NO_ADMINISTRATION,
    allowed_actions="selected",
    set_by="owner",
)
FOUND = RepositorySettings.partial(
    EnvironmentSettings(name="PyPI", reviewers=2, ref_patterns=("tag:v*", "branch:main")),
    tag_rulesets=(
        TagRuleset(
            name="tags", include=("~ALL",), bypass=(BypassActor(kind="role", name="admin"),)
        ),
    ),
    branch_rulesets=(BranchRuleset(name="main", include=("~DEFAULT_BRANCH",), source="lumen"),),
    workflow_policies=(WorkflowPolicy(name="events", include=("~ALL",), events=("push",)),),
    actions=ACTIONS,
    latest_release_immutable=None,
)


def rows(found: RepositorySettings | None = FOUND) -> list[dict[str, str]]:
    """The table's rows as a reader of the CSV file has them."""
    lines = csv_lines(SETTINGS, settings_of_repository("orchard-labs", "lumen", found))
    return list(csv.DictReader(io.StringIO("".join(lines))))


def value(scope: str, setting: str) -> str:
    (row,) = (row for row in rows() if (row["scope"], row["setting"]) == (scope, setting))
    return row["value"]


@pytest.mark.parametrize(
    ("kind", "scope"),
    [
        (RepositorySettings, "repository"),
        (EnvironmentSettings, "environment"),
        (TagRuleset, "tag-ruleset"),
        (BranchRuleset, "branch-ruleset"),
        (WorkflowPolicy, "workflow-policy"),
        (ActionsPolicy, "actions"),
    ],
)
def test_every_setting_has_a_row(kind: type[Struct], scope: str) -> None:
    inside = {"name", "source", "set_by", "database_id", "actions"}
    wanted = {each.name for each in fields(kind)} - inside
    assert {row["setting"].replace("-", "_") for row in rows() if row["scope"] == scope} == wanted


def test_values_are_written_as_in_every_table() -> None:
    assert value("environment", "reviewers") == "2"
    assert value("environment", "ref-patterns") == "tag:v*; branch:main"
    assert value("repository", "environments") == "PyPI"
    assert value("tag-ruleset", "bypass") == "role admin"
    assert value("actions", "default-token-write") == "true"
    assert value("repository", "latest-release-immutable") == ""
    by = {
        row["scope"]: row["set_by"]
        for row in rows()
        if row["setting"] in ("include", "allowed-actions")
    }
    assert (by["actions"], by["branch-ruleset"], by["tag-ruleset"]) == ("owner", "lumen", "")


def test_what_was_not_read_is_no_value() -> None:
    (pinned,) = (row for row in rows() if row["setting"] == "sha-pinning-required")
    assert (pinned["value"], pinned["unseen"], pinned["permission"]) == (
        "",
        "was not read",
        "Administration: read",
    )
    (public,) = (row for row in rows() if row["setting"] == "is-public")
    assert (public["value"], public["unseen"]) == ("", "is not known")
    assert all(row["value"] == "" for row in rows() if row["unseen"])


def test_an_account_is_a_row_without_repository() -> None:
    refused = Unseen(
        need=Need.ADMINISTRATION, reason="is refused", permission="Administration: read"
    )
    found = OwnerSettings(
        login="orchard-labs", actions=ACTIONS, immutable_releases=refused, secret_names=("TOKEN",)
    )
    made: list[Any] = list(settings_of_owner("orchard-labs", found))
    assert {row.repository for row in made} == {""}
    assert [(r.scope, r.setting, r.value) for r in made[-2:]] == [
        ("account", "immutable-releases", None),
        ("account", "secret-names", "TOKEN"),
    ]
    (row,) = settings_of_owner("orchard-labs", refused)
    assert (row.setting, row.value, row.unseen) == ("settings", None, "is refused")
    assert not list(settings_of_owner("orchard-labs", None))
    assert rows(None) == []
