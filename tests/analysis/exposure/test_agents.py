"""Agents that people may tell what to do: who may, and with what shell."""

from __future__ import annotations

import pytest

from tests.analysis.exposure.repositories import answer, exposed, job

SHA = "3d3c42e5aac5ba805825da76410c181273ba90b1"
CLAUDE = f"anthropics/claude-code-action@{SHA}"
GEMINI = f"google-github-actions/run-gemini-cli@{SHA}"

ACTIONS = [
    ("any command", "sure", CLAUDE, "claude_args: '--allowedTools Bash(*),Read'"),
    ("a package manager", "sure", CLAUDE, "claude_args: '--allowedTools Bash(npm:*)'"),
    ("requests to GitHub", "sure", CLAUDE, "claude_args: '--allowedTools Bash(gh api:*)'"),
    ("named commands", "perhaps", CLAUDE, "claude_args: '--allowedTools Bash(gh label list:*)'"),
    ("a denied shell", "perhaps", CLAUDE, "claude_args: '--disallowedTools Bash,WebFetch'"),
    ("a shell in settings", "sure", CLAUDE, """settings: '{"permissions": {"allow": ["Bash"]}}'"""),
    (
        "one that settings deny",
        "perhaps",
        CLAUDE,
        """settings: '{"permissions": {"deny": ["Bash"], "allow": ["Read"]}}'""",
    ),
    ("a tool of any command", "sure", GEMINI, """settings: '{"tools": ["run_shell_command"]}'"""),
    (
        "a tool of one command",
        "perhaps",
        GEMINI,
        """settings: '{"tools": ["run_shell_command(echo)"]}'""",
    ),
]


@pytest.mark.parametrize(
    ("expected", "action", "given"),
    [pytest.param(*row[1:], id=row[0]) for row in ACTIONS],
)
def test_the_shell_that_an_action_gives(expected: str, action: str, given: str) -> None:
    step = (
        f"- uses: {action}\n  with:\n    allowed_non_write_users: '*'\n"
        f"    prompt: 'Sort ${{{{ github.event.issue.title }}}}'\n    {given}\n"
    )
    assert answer(exposed(job("issues", step))) == expected


def test_named_people_are_not_everybody() -> None:
    step = (
        f"- uses: {CLAUDE}\n  with:\n    allowed_non_write_users: 'ada, grace'\n"
        "    prompt: 'Sort ${{ github.event.issue.title }}'\n"
        "    claude_args: '--allowedTools Bash'\n"
    )
    assert answer(exposed(job("issues", step))) == "none"


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("sure", 'npx @anthropic-ai/claude-code -p "$T" --dangerously-skip-permissions'),
        ("sure", 'claude -p "$T" --allowedTools "Bash,Read"'),
        ("perhaps", 'claude -p "$T, with bash" --allowedTools "Read"'),
        ("perhaps", 'copilot -p "$T" --allow-all-tools --deny-tool shell'),
        ("sure", 'copilot -p "$T" --allow-all-tools --deny-tool "shell(git push)"'),
        ("sure", 'npx -y @charmland/crush run --yolo "$T"'),
        ("none", "claude --version"),
    ],
)
def test_the_shell_that_a_command_gives(expected: str, command: str) -> None:
    step = f"- run: |\n    {command}\n  env: {{T: '${{{{ github.event.issue.title }}}}'}}\n"
    assert answer(exposed(job("issues", step))) == expected


def test_a_wiki_that_all_may_edit_is_not_seen() -> None:
    step = '- run: echo "${{ github.event.pages[0].page_name }}"\n'
    assert answer(exposed(job("gollum", step))) == "perhaps"
