"""The table of settings: environments, rulesets and policies as GitHub returned them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import asdict, replace

from audits.model.rows import SettingRow
from audits.model.settings import (
    ActionsPolicy,
    BranchRuleset,
    BypassActor,
    EnvironmentSettings,
    Need,
    OwnerSettings,
    RepositorySettings,
    Runner,
    TagRuleset,
    Unseen,
    WorkflowPolicy,
)
from audits.report.cells import LIST
from audits.report.table import Column, Table
from audits.report.tables.shared import of_repository

_SCOPES: dict[type[Struct], str] = {
    ActionsPolicy: "actions",
    EnvironmentSettings: "environment",
    TagRuleset: "tag-ruleset",
    BranchRuleset: "branch-ruleset",
    WorkflowPolicy: "workflow-policy",
    Runner: "runner",
}
_ACCOUNT, _REPOSITORY = "account", "repository"
_SOURCES = ("set_by", "source")
"""Fields that name who chose the others."""
_NAMES = ("name", "login", "database_id")
"""Fields that say what the others are of."""
_VISIBILITY = Unseen(need=Need.SETTINGS, reason="is not known")


def settings_of_repository(
    owner: str, repository: str, found: RepositorySettings | None
) -> Iterator[SettingRow]:
    """A row for each setting of a repository; none where none was asked."""
    if found is not None:
        row = SettingRow(
            owner=owner, repository=repository, scope=_REPOSITORY, name="", setting="", value=None
        )
        yield from _rows(row, found)


def settings_of_owner(owner: str, found: OwnerSettings | Unseen | None) -> Iterator[SettingRow]:
    """A row for each setting of an account; none where none was asked."""
    row = SettingRow(owner=owner, repository="", scope=_ACCOUNT, name="", setting="", value=None)
    if isinstance(found, Unseen):
        yield _row(row, "settings", found)
    elif found is not None:
        yield from _rows(row, found)


def _rows(row: SettingRow, found: Struct) -> Iterator[SettingRow]:
    """A row for each field, in their order, those of parts after their names."""
    fields = asdict(found)
    if isinstance(found, RepositorySettings) and found.is_public is None:
        fields["is_public"] = _VISIBILITY
    row = replace(row, set_by=next((fields[name] for name in _SOURCES if name in fields), ""))
    for name, value in fields.items():
        if name in (*_NAMES, *_SOURCES):
            continue
        if isinstance(value, Struct) and type(value) in _SCOPES:
            yield from _rows(replace(row, scope=_SCOPES[type(value)]), value)
            continue
        parts = list(_parts(value))
        said = tuple(part.name for part in parts) if parts else value
        yield _row(row, name.replace("_", "-"), said)
        for part in parts:
            yield from _rows(replace(row, scope=_SCOPES[type(part)], name=part.name), part)


def _parts(
    value: object,
) -> Iterator[EnvironmentSettings | TagRuleset | BranchRuleset | WorkflowPolicy | Runner]:
    """The environments, rulesets, policies or runners that a setting consists of."""
    listed = value.values() if isinstance(value, dict) else value
    for part in listed if isinstance(listed, Iterable) else ():
        if isinstance(
            part, EnvironmentSettings | TagRuleset | BranchRuleset | WorkflowPolicy | Runner
        ):
            yield part


def _row(row: SettingRow, setting: str, value: object) -> SettingRow:
    if isinstance(value, Unseen):
        seen = {"unseen": value.reason, "permission": value.permission, "set_by": ""}
        return replace(row, setting=setting, **seen)
    return replace(row, setting=setting, value=_text(value))


def _text(value: object) -> str:
    """A setting's value as text, as cells are written: "" for what there is none of."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, BypassActor):
        when = "" if value.always else " (in pull requests)"
        return f"{value.kind} {value.name}".strip() + when
    if isinstance(value, dict | tuple):
        return LIST.join(map(_text, value))
    return "" if value is None else str(value)


SETTINGS: Table[SettingRow] = Table(
    name="settings",
    title="Settings",
    description="One row per setting of GitHub that was asked for, of the account and of its repositories, as it was read. Without a token nothing is asked.",
    key=("owner", "repository", "scope", "name", "set_by", "setting"),
    columns=(
        *of_repository("The repository; empty: the account as a whole."),
        Column(
            name="scope",
            type="string",
            description="What it is a setting of.",
            words=(_ACCOUNT, _REPOSITORY, *_SCOPES.values()),
            of=lambda r: r.scope,
        ),
        Column(
            name="name",
            type="string",
            description="The environment, ruleset, policy or runner; empty: there is only one.",
            of=lambda r: r.name,
        ),
        Column(
            name="setting",
            type="string",
            description="The setting, such as `reviewers` or `default-token-write`.",
            of=lambda r: r.setting,
        ),
        Column(
            name="value",
            type="string",
            description="Its value; empty: there is none, or it was not read (see `unseen`).",
            of=lambda r: r.value,
        ),
        Column(
            name="set_by",
            type="string",
            description="Whose choice is in force, where GitHub says so.",
            of=lambda r: r.set_by,
        ),
        Column(
            name="unseen",
            type="string",
            description="Why it was not read; empty: it was.",
            of=lambda r: r.unseen,
        ),
        Column(
            name="permission",
            type="string",
            description="The permission that would have shown it.",
            of=lambda r: r.permission,
        ),
    ),
)
