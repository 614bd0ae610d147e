"""Files of Dependabot and Renovate are read, whatever their style, or become gaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.model.source import GapReason, SourceFile
from audits.model.updates import UpdateAutomation, UpdateBot
from audits.workflow.parse.update_bots import read_updates


def of(path: str, text: str) -> UpdateAutomation:
    return read_updates((SourceFile.of(path, text.encode()),))


def dependabot(*items: str) -> UpdateAutomation:
    return of(".github/dependabot.yml", "version: 2\nupdates:\n" + "".join(items))


ACTIONS = "  - package-ecosystem: github-actions\n    directory: /\n"


def test_dependabot_is_read_with_its_cooldowns_and_places() -> None:
    found = dependabot(
        ACTIONS,
        "    cooldown:\n      default-days: 7\n",
        "  - package-ecosystem: 'pip'\n    directory: /\n    cooldown: {semver-major-days: 9}\n",
        "  - directory: /\n    package-ecosystem: pre-commit\n",
    )
    assert found.covers_actions
    assert [rule.ecosystem for rule in found.rules] == ["github-actions", "pip", "pre-commit"]
    assert [rule.cooldown_days for rule in found.rules] == [7, None, None]
    assert [rule.at.line for rule in found.rules] == [6, 9, 11]
    assert [rule.has_cooldown for rule in found.rules] == [True, True, False]
    assert {rule.bot for rule in found.rules} == {UpdateBot.DEPENDABOT}


@pytest.mark.parametrize(
    ("more", "covers"),
    [
        ("", True),
        ("    open-pull-requests-limit: 5\n", True),
        ("    open-pull-requests-limit: 0\n", False),
        ("    ignore:\n      - dependency-name: '*'\n", False),
        ("    ignore:\n      - dependency-name: '*'\n        update-types: [x]\n", True),
        ("    ignore:\n      - dependency-name: actions/*\n", True),
    ],
)
def test_an_update_may_be_switched_off(more: str, covers: bool) -> None:
    assert dependabot(ACTIONS, more).covers_actions is covers


@pytest.mark.parametrize(
    ("folder", "covers"),
    [
        ("directory: /", True),
        ('directory: "/.github/workflows"', True),
        ("directory: .", True),
        ("directories: ['/', /tools]", True),
        ("directories: ['**/*']", True),
        ("directory: /tools", False),
        ("directories: [/.github/actions/build]", False),
    ],
)
def test_the_root_stands_for_the_workflows(folder: str, covers: bool) -> None:
    item = f"  - package-ecosystem: github-actions\n    {folder}\n"
    assert dependabot(item).covers_actions is covers


@pytest.mark.parametrize(
    ("text", "covers"),
    [
        ("{}", True),
        ('{"extends": ["config:recommended"]}', True),
        ("{\n\t// note: a // comment\n\textends: ['x'], /* many\n lines */\n}", True),
        ('{"description": "// no comment", "enabled": true}', True),
        ('{"enabled": false}', False),
        ('{"github-actions": {"enabled": false}}', False),
        ('{"enabledManagers": ["pip_requirements"]}', False),
        ('{"enabledManagers": ["github-actions"]}', True),
        ('{"ignorePaths": [".github/**"]}', False),
        ('{"includePaths": ["src/**"]}', False),
        (
            '{"packageRules": [{"matchManagers": ["github-actions"], "enabled": false}]}',
            False,
        ),
        (
            '{"packageRules": [{"matchManagers": ["github-actions"],'
            ' "matchPackageNames": ["a/b"], "enabled": false}]}',
            True,
        ),
    ],
)
def test_renovate_updates_actions_unless_configured_not_to(text: str, covers: bool) -> None:
    for path in ("renovate.json", ".github/renovate.json5", ".renovaterc"):
        assert of(path, text).covers_actions is covers


def test_renovate_may_stand_in_package_json() -> None:
    assert of("package.json", '{"name": "x", "renovate": {"extends": []}}').covers_actions
    assert not of("package.json", '{"name": "x"}').rules
    assert not of("package.json", '{"keywords": ["renovate"]}').rules


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".github/dependabot.yml", "updates: [\n"),
        (".github/dependabot.yaml", ""),
        (".github/dependabot.yml", "version: 2\nversion: 2\n"),
        (".github/dependabot.yml", "- version: 2\n"),
        (".github/dependabot.yml", "version: 2\n"),
        (".github/dependabot.yml", "version: 1\nupdates: []\n"),
        (".github/dependabot.yml", "updates:\n" + ACTIONS),
        (".github/dependabot.yml", "version: 2\nupdates: {}\n"),
        (".github/dependabot.yml", "version: 2\nupdates: [github-actions]\n"),
        (".github/dependabot.yml", "version: 2\nupdates:\n  - directory: /\n"),
        (".github/dependabot.yml", f"version: 2\nupdates:\n{ACTIONS}  - {{}}\n"),
        (".github/dependabot.yml", "version: 2\nupdates:\n  - package-ecosystem: pip\n"),
        (
            ".github/dependabot.yml",
            f"version: 2\nupdates:\n{ACTIONS}    cooldown: {{default-days: soon}}\n",
        ),
        ("renovate.json", "[]"),
        ("renovate.json", "true"),
        (".github/renovate.json5", ""),
        ("package.json", '{"renovate": "config:base"}'),
        ("package.json", '{"renovate": null}'),
        ("renovate.json", '{"extends": '),
    ],
)
def test_what_cannot_be_read_is_a_gap_that_says_who_cannot(path: str, text: str) -> None:
    found = of(path, text)
    assert not found.covers_actions
    assert [gap.subject for gap in found.gaps] == [path]
    assert found.gaps[0].reason is GapReason.INVALID
    bot = "Dependabot" if "dependabot" in path else "Renovate"
    assert found.gaps[0].detail.endswith(f"{bot} cannot read it: fix it")
    assert found.gaps[0].detail.startswith(path)


@pytest.mark.parametrize(
    ("text", "indent"),
    [
        ("version: 2\nupdates:\n" + ACTIONS, 2),
        ("version: 2\nupdates:\n- package-ecosystem: pip\n  directory: /\n", 0),
        (
            "version: 2\nupdates:\n  - package-ecosystem: pip\n    directory: /\n"
            "    labels: [a,\n      b]\n\n# end\n",
            2,
        ),
    ],
)
def test_a_further_update_has_its_place(text: str, indent: int) -> None:
    found = of(".github/dependabot.yml", text)
    assert found.append_at is not None
    assert found.append_indent == indent
    new = " " * indent + ACTIONS.lstrip().replace("\n    ", "\n" + " " * (indent + 2))
    longer = text[: found.append_at] + new + text[found.append_at :]
    again = of(".github/dependabot.yml", longer)
    assert not again.gaps
    assert len(again.rules) == len(found.rules) + 1


def test_a_list_in_brackets_gets_no_further_update() -> None:
    for listed in ("[]", "[{package-ecosystem: pip, directory: /}]"):
        found = of(".github/dependabot.yml", f"version: 2\nupdates: {listed}\n")
        assert (found.gaps, found.append_at) == ((), None)


@given(st.text(max_size=200), st.sampled_from([".github/dependabot.yml", "renovate.json"]))
def test_any_text_gives_rules_or_gaps(text: str, path: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    found = of(path, clean)
    assert isinstance(found, UpdateAutomation)
