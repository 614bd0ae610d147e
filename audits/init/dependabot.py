"""Writes the update of a repository's actions into Dependabot's file, or makes that file."""

from __future__ import annotations

from msgspec import Struct

from audits.model.repository import Repository
from audits.model.source import SourceFile
from audits.model.updates import UpdateBot

PATHS = (".github/dependabot.yml", ".github/dependabot.yaml")
COOLDOWN_DAYS = 7
_ITEM = (
    "- package-ecosystem: github-actions",
    "  directory: /",
    "  schedule:",
    "    interval: weekly",
    "  cooldown:",
    f"    default-days: {COOLDOWN_DAYS}",
)


class Updates(Struct, frozen=True, kw_only=True):
    """What is to be done so that actions are kept up to date: a file's new text, or a remark for
    the person who knows; neither where a bot does it already.
    """

    path: str = ""
    before: SourceFile | None = None
    text: str = ""
    remark: str = ""


def updates_of(repository: Repository) -> Updates:
    """What the update bots of a repository lack."""
    automation = repository.updates
    if automation is None or automation.covers_actions:
        return Updates()
    if automation.gaps:
        detail = automation.gaps[0].detail
        return Updates(
            remark=f"Let a bot update the actions: what is there was not understood ({detail})."
        )
    if any(rule.bot is UpdateBot.RENOVATE for rule in automation.rules):
        return Updates(remark="Let Renovate update the actions: its settings leave them out.")
    file = repository.file(*PATHS)
    if file is None:
        lines = ("version: 2", "updates:", *(f"  {line}" for line in _ITEM))
        return Updates(path=PATHS[0], text="".join(f"{line}\n" for line in lines))
    if automation.append_at is None:
        return Updates(remark=f"Add an update for github-actions to {file.path}.")
    newline = "\r\n" if "\r\n" in file.text else "\n"
    pad = " " * automation.append_indent
    before, after = file.text[: automation.append_at], file.text[automation.append_at :]
    first = "" if before.endswith("\n") else newline
    item = first + "".join(f"{pad}{line}{newline}" for line in _ITEM)
    return Updates(path=file.path, before=file, text=before + item + after)
