"""AI agent follows instructions that anyone can write.

## Why it matters

An agent that reads an issue, a comment or a pull request takes what it says for an instruction.
Where people without write access can start it and it has a shell, they run commands in its job,
with all that the job holds: secrets, the token, caches, an identity. One release of 2026 that
installed a stranger's agent on thousands of machines began with the title of an issue.

## How to fix

Let only people with write access start the agent (the actions of Claude and Codex do, until an
input opens them), give it no shell and no tools that write, and keep secrets, writing scopes and
`id-token` out of its job. A condition on who comments, as in `dangerous-trigger`, passes.

It is medium where no shell was seen, and where the job holds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from audits.analysis.exposure.agents import agent_program
from audits.analysis.exposure.jobs import JobView
from audits.analysis.exposure.rules import AGENTS
from audits.analysis.exposure.search import all_paths, all_ways
from audits.analysis.exposure.unsafe_steps import jobs_of_outsiders
from audits.analysis.exposure.ways_in import Way
from audits.checks.api import (
    GITHUB_EVENTS,
    GITHUB_SECURE_USE,
    NPM_RELEASE,
    Actor,
    Area,
    Clean,
    Example,
    Finding,
    Level,
    Location,
    Outcome,
    PathState,
    Publication,
    Repository,
    Severity,
    Verdict,
    WayIn,
    check,
)

_TRIAGE = """\
on: issues
permissions: {contents: %s}
jobs:
  triage:
    runs-on: ubuntu-latest
    steps:
      - uses: anthropics/claude-code-action@0123456789012345678901234567890123456789%s
        with:
          %sprompt: "Sort: ${{ github.event.issue.title }}"
          claude_args: --allowedTools %s
"""
_PROGRAM = """\
on: issues
permissions: {contents: write}
jobs:
  triage:
    runs-on: ubuntu-latest
    steps:
      - run: npx -y @openai/codex@0.60.0 %s
        env:
          TITLE: ${{ github.event.issue.title }}
          OPENAI_API_KEY: ${{ secrets.MODEL_KEY }}
"""
_PATH = ".github/workflows/triage.yml"
_OPEN = 'allowed_non_write_users: "*"\n          '
_SCOPES = ("contents", "actions", "packages", "id-token", "pull-requests")


@check(
    area=Area.INTEGRITY,
    severity=Severity.HIGH,
    links=(
        "https://github.com/anthropics/claude-code-action/blob/main/docs/security.md",
        GITHUB_SECURE_USE,
        GITHUB_EVENTS,
    ),
    milder_in_other_jobs=False,
    examples=(
        Example(
            name="opened to everyone, with a shell",
            workflow=NPM_RELEASE,
            files={_PATH: _TRIAGE % ("write", "  # !", _OPEN, "Bash")},
            severity=Severity.HIGH,
        ),
        Example(
            name="no shell to be seen",
            workflow=NPM_RELEASE,
            files={_PATH: _TRIAGE % ("write", "  # !", _OPEN, "Read")},
            severity=Severity.MEDIUM,
        ),
        Example(
            name="a job that holds nothing",
            workflow=NPM_RELEASE,
            files={_PATH: _TRIAGE % ("read", "  # !", _OPEN, "Bash")},
            severity=Severity.MEDIUM,
        ),
        Example(
            name="only people with write access",
            workflow=NPM_RELEASE,
            files={_PATH: _TRIAGE % ("write", "", "", "Bash")},
        ),
        Example(
            name="a program that is fetched and run",
            workflow=NPM_RELEASE,
            files={_PATH: _PROGRAM % '"Sort $TITLE"  # !'},
            severity=Severity.HIGH,
        ),
        Example(
            name="a program that says its version",
            workflow=NPM_RELEASE,
            files={_PATH: _PROGRAM % "--version"},
            outcome=Outcome.NOT_APPLICABLE,
        ),
        Example(name="no agent", workflow=NPM_RELEASE, outcome=Outcome.NOT_APPLICABLE),
    ),
)
def agent_open_to_outsiders(repo: Repository) -> Iterator[Verdict]:
    """Judge each agent in a job that outsiders' events reach."""
    reported = set()
    for way in all_ways(repo):
        if way.kind is WayIn.AGENT and way.actor is Actor.ANYONE and way.at not in reported:
            reported.add(way.at)
            yield _finding(repo, way)
    for view in jobs_of_outsiders(repo):
        for at in _agents(view):
            if at not in reported:
                yield Clean(at=at, job=view.job, concerns=repo.scored_publications)


def _finding(repo: Repository, way: Way) -> Finding:
    has_shell = way.state is not PathState.OPEN
    holds = _holds(way.view)
    because = (
        ""
        if has_shell and holds
        else (
            "the job holds neither a secret nor a right to write"
            if has_shell
            else "no shell was seen"
        )
    )
    return Finding(
        message=f"{way.what}: {way.who} can tell it what to do in `{way.view.job.id}`",
        at=way.at,
        job=way.view.job,
        anchor=way.anchor,
        severity=Severity.MEDIUM if because else None,
        because=because,
        concerns=_concerned(repo, way),
    )


def _holds(view: JobView) -> bool:
    """Whether a job holds a secret or a right to write; what nothing says counts as one."""
    levels = {view.level(scope) for scope in _SCOPES}
    return bool(view.secret_names) or Level.WRITE in levels or None in levels


def _concerned(repo: Repository, way: Way) -> tuple[Publication, ...]:
    """The publications to which a path leads from there."""
    return tuple(
        publication
        for publication, paths in all_paths(repo).items()
        if any(path.entrance.at == way.at for path in paths)
    )


def _agents(view: JobView) -> Iterator[Location]:
    for placed in view.steps:
        uses = placed.step.uses
        if uses is not None and uses.action in AGENTS:
            yield placed.at(uses.raw)
        for command in view.commands(placed):
            if agent_program(command) is not None:
                yield placed.at(line=command.line)
