"""Parses the configuration of Dependabot and Renovate.

Dependabot: https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference
Renovate: https://docs.renovatebot.com/configuration-options/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct, field
from msgspec.structs import replace

from audits.model.location import Location
from audits.model.source import Gap, GapReason, SourceFile
from audits.model.updates import UpdateAutomation, UpdateBot, UpdateRule
from audits.workflow.parse.nodes import (
    Node,
    SourceText,
    child,
    is_list,
    is_map,
    is_scalar,
    items,
    pairs,
    word,
    words,
)
from audits.workflow.parse.parse import RefusedError, compose

_DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")
_RENOVATE = re.compile(r"(?:\.github/|\.gitlab/)?(?:renovate\.json5?|\.renovaterc(?:\.json5?)?)")
_ACTIONS = "github-actions"
# GitHub refuses a cooldown for these (https://github.com/zizmorcore/zizmor/issues/1757).
_WITHOUT_COOLDOWN = frozenset({"pre-commit"})
# Strings of JSON5, its two kinds of comment, and tabs, which YAML takes for no white space. What is
# never closed is taken to its end: tried again from each place inside, it would take forever.
_JSON5 = re.compile(
    r""""(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|(?P<blank>//[^\n]*|/\*.*?(?:\*/|\Z)|\t)""",
    re.DOTALL,
)


class _BotUpdates(Struct):
    rules: list[UpdateRule] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    append_at: int | None = None
    append_indent: int = 2


def read_updates(files: Sequence[SourceFile]) -> UpdateAutomation:
    """The configuration of a repository's update bots; a file that cannot be read is a gap."""
    found = _BotUpdates()
    by_path = {file.path: file for file in files}
    # GitHub reads one Dependabot file; of two, the first spelling.
    dependabot = next((by_path[path] for path in _DEPENDABOT if path in by_path), None)
    if dependabot is not None:
        _read_dependabot(dependabot, found)
    for file in files:
        if _RENOVATE.fullmatch(file.path):
            _read_renovate(file, found)
        elif file.path == "package.json" and '"renovate"' in file.text:
            _read_renovate(file, found, "renovate")
    return UpdateAutomation(
        rules=tuple(found.rules),
        gaps=tuple(found.gaps),
        append_at=found.append_at,
        append_indent=found.append_indent,
    )


def _read_dependabot(file: SourceFile, found: _BotUpdates) -> None:
    """Read Dependabot's file; one that Dependabot refuses updates nothing, and is a gap."""
    try:
        text, root = compose(file)
    except RefusedError as refused:
        found.gaps.append(_gap(refused.gap, file, "Dependabot"))
        return
    wrong = next(_wrong_in_dependabot(root), None)
    if wrong is not None:
        found.gaps.append(_wrong_gap(text, *wrong, "Dependabot"))
        return
    updates = child(root, "updates")
    for item in items(updates):
        ecosystem = word(child(item, "package-ecosystem"))
        cooldown = child(item, "cooldown")
        found.rules.append(
            UpdateRule(
                bot=UpdateBot.DEPENDABOT,
                ecosystem=ecosystem,
                at=_cooldown_place(text, item, cooldown),
                covers_actions=ecosystem == _ACTIONS and _is_active(item) and _is_root(item),
                folders=_folders(item) if ecosystem == _ACTIONS and _is_active(item) else (),
                cooldown_days=_days(child(cooldown, "default-days")),
                has_cooldown=ecosystem not in _WITHOUT_COOLDOWN,
            )
        )
    if is_list(updates) and items(updates):
        _find_end(file.text, items(updates)[-1], found)


def _wrong_in_dependabot(root: Node) -> Iterator[tuple[Node, str]]:
    """Why Dependabot refuses the file: places and what is wrong there.

    https://docs.github.com/en/code-security/dependabot/working-with-dependabot/dependabot-options-reference#required-keys
    """
    version, updates = child(root, "version"), child(root, "updates")
    if word(version) != "2":
        yield version or root, "it lacks 'version: 2'"
    if not is_list(updates):
        yield updates or root, "it has no list 'updates'"
    for item in items(updates):
        if not is_map(item):
            yield item, "an update is no mapping of keys"
        elif not is_scalar(child(item, "package-ecosystem")):
            yield item, "an update has no 'package-ecosystem'"
        elif child(item, "directory") is None and child(item, "directories") is None:
            yield item, "an update has neither 'directory' nor 'directories'"
        days = child(child(item, "cooldown"), "default-days")
        if days is not None and _days(days) is None:
            yield days, "'default-days' is no number of days"


def _cooldown_place(text: SourceText, item: Node, cooldown: Node | None) -> Location:
    """The place of ``default-days``, else of ``cooldown``, else of the ecosystem."""
    for holder, name in ((cooldown, "default-days"), (item, "cooldown")):
        for key, value in pairs(holder):
            if key.value == name:
                return text.location(key, value)
    for key, value in pairs(item):
        if key.value == "package-ecosystem":
            return text.location(key, value)
    return text.location(item)


def _days(node: Node | None) -> int | None:
    value = str(node.value) if is_scalar(node) else ""
    return int(value) if value.isdecimal() and len(value) < 6 else None


def _is_active(item: Node) -> bool:
    """Whether an update proposes new versions: a limit of 0 leaves security updates only, and
    an ``ignore`` of everything nothing.
    """
    limit = child(item, "open-pull-requests-limit")
    if is_scalar(limit) and limit.value == "0":
        return False
    for ignored in items(child(item, "ignore")):
        partly = (
            child(ignored, "versions") is not None or child(ignored, "update-types") is not None
        )
        if words(child(ignored, "dependency-name")) == ("*",) and not partly:
            return False
    return True


def _folders(item: Node) -> tuple[str, ...]:
    """The folders that an update looks at, as patterns; the root is empty."""
    given = (*(words(child(item, "directory")) or ()), *(words(child(item, "directories")) or ()))
    return tuple(folder.removeprefix("./").strip("/").removeprefix("./") for folder in given)


def _is_root(item: Node) -> bool:
    """Whether an update looks at ``.github/workflows``, which for Dependabot is the root."""
    return any(
        folder.strip(".") in {"", "github", "github/workflows"}
        or fnmatchcase(".github/workflows", folder)
        for folder in _folders(item)
    )


def _find_end(text: str, last: Node, found: _BotUpdates) -> None:
    """Where a further item of a block list goes: below the last line of the last item."""
    start = last.start_mark.index
    line = text.rfind("\n", 0, start) + 1
    lead = re.fullmatch(r"(?P<indent> *)- +", text[line:start])
    if lead is None or not is_map(last):
        return
    end = len(text[: _last_leaf(last)].rstrip())
    stop = text.find("\n", end)
    found.append_at = len(text) if stop < 0 else stop + 1
    found.append_indent = len(lead["indent"])


def _last_leaf(node: Node) -> int:
    """The offset at which the last scalar below a node ends; blocks themselves end later."""
    for _ in range(20):
        below = [value for _, value in pairs(node)] or list(items(node))
        if not below:
            break
        node = below[-1]
    return node.end_mark.index


def _read_renovate(file: SourceFile, found: _BotUpdates, key: str = "") -> None:
    """Read a Renovate file; JSON5 without its comments is YAML in braces."""
    plain = _JSON5.sub(lambda m: _blank(m[0]) if m["blank"] else m[0], file.text)
    try:
        text, root = compose(replace(file, text=plain))
    except RefusedError as refused:
        found.gaps.append(_gap(refused.gap, file, "Renovate"))
        return
    config = child(root, key) if key else root
    if config is None:
        return
    if not is_map(config):
        found.gaps.append(_wrong_gap(text, config, f"{key!r} is no mapping of keys", "Renovate"))
        return
    found.rules.append(
        UpdateRule(
            bot=UpdateBot.RENOVATE,
            ecosystem=_ACTIONS,
            at=text.location(config),
            covers_actions=_renovates_actions(config),
            has_cooldown=False,
        )
    )


def _blank(comment: str) -> str:
    """White space of the same shape, so that places stay right."""
    return re.sub(r"[^\n]", " ", comment)


def _renovates_actions(config: Node) -> bool:
    """Whether Renovate updates actions: its manager for them is on unless switched off.

    Presets of other repositories (``extends``) are not read; they are taken to leave it on.
    """
    switches = [child(config, "enabled"), child(child(config, _ACTIONS), "enabled")]
    switches += list(_rules_against(config))
    if any(is_scalar(node) and node.value == "false" for node in switches):
        return False
    managers = words(child(config, "enabledManagers"))
    if managers is not None and _ACTIONS not in managers:
        return False
    included = words(child(config, "includePaths"))
    if included and not any(path.startswith((".github", "**", "*")) for path in included):
        return False
    ignored = words(child(config, "ignorePaths")) or ()
    return not any(
        path.rstrip("/*") in {".github", ".github/workflows", "**/.github"} for path in ignored
    )


def _rules_against(config: Node) -> Iterator[Node | None]:
    """The ``enabled`` of rules that hold for all actions and nothing else."""
    for rule in items(child(config, "packageRules")):
        matchers = {str(key.value) for key, _ in pairs(rule) if str(key.value).startswith("match")}
        if matchers == {"matchManagers"} and _ACTIONS in (
            words(child(rule, "matchManagers")) or ()
        ):
            yield child(rule, "enabled")


def _gap(gap: Gap, file: SourceFile, bot: str) -> Gap:
    """The same gap in words that fit a bot's file."""
    place = f"{file.path}, line {gap.line}" if gap.line else file.path
    reason = gap.detail.removeprefix(f"{place}: ").partition(";")[0]
    return replace(gap, detail=f"{place}: {reason}; {bot} cannot read it: fix it")


def _wrong_gap(text: SourceText, node: Node, what: str, bot: str) -> Gap:
    """A file that parses, and that the bot refuses for what it says at this place."""
    line = text.location(node).line
    return Gap(
        subject=text.path,
        reason=GapReason.INVALID,
        line=line,
        detail=f"{text.path}, line {line}: {what}; {bot} cannot read it: fix it",
    )
