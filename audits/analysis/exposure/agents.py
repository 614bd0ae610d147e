"""Reads from a step which AI agent it runs, who may start it, and whether it has a shell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from audits.analysis.exposure.jobs import JobView, PlacedStep
from audits.analysis.exposure.rules import AGENT_PROGRAMS, AGENTS, Agent, AgentProgram
from audits.model.command import Command
from audits.model.workflow import Step

# What a program that is an agent does without a prompt.
_NO_PROMPT = frozenset(
    {"--version", "-v", "-V", "--help", "-h", "version", "help", "config", "mcp", "plugin"}
    | {"login", "logout", "auth", "install", "update", "upgrade", "doctor", "completion"}
)
# Options of commands that say what an agent may do: all others are a prompt, a model, a format.
_RIGHTS = re.compile(r"tool|permission|sandbox|mode|approval|allow|auto|yes|force|profile|^-[csf]$")
_DENIES = re.compile(r"disallow|deny|denied|exclude|block|forbid|without")
_DENIED_LIST = re.compile(
    r"--?[a-z-]{0,30}?(?:disallow|deny|exclude)[a-z-]{0,30}[= ]{1,9}"
    r"(\"[^\"]{0,2000}\"|'[^']{0,2000}'|\S{1,2000})"
    r"|\"(?:disallow|deny|exclude|block)\w{0,30}\"\s{0,9}:\s{0,9}\[([^\]]{0,2000})\]"
)
# Bounded, for a text of the repository's may repeat a tool's name a hundred thousand times.
_PATTERN = re.compile(r"[\w.]{0,60}\(([^()\n]{0,300})\)")
_OPEN_PROGRAMS = frozenset(
    {"bash", "sh", "zsh", "fish", "pwsh", "env", "sudo", "xargs", "find", "awk", "sed", "eval"}
    | {"exec", "python", "python3", "node", "deno", "bun", "ruby", "perl", "php", "npm", "npx"}
    | {"pnpm", "yarn", "pip", "uv", "uvx", "pipx", "poetry", "make", "just", "task", "cargo", "go"}
    | {"dotnet", "mvn", "gradle", "docker", "podman", "git", "curl", "wget", "ssh"}
)
"""Programs that start others, or push, with options that a pattern such as ``git:*`` leaves open."""
_OPEN_GH = frozenset({"", "*", "api", "alias", "extension", "workflow", "release", "pr merge"})


def is_agent(view: JobView, placed: PlacedStep) -> bool:
    """Whether a step runs an AI agent."""
    uses = placed.step.uses
    if uses is not None and uses.action in AGENTS:
        return True
    return any(agent_program(command) is not None for command in view.commands(placed))


def agent_program(command: Command) -> AgentProgram | None:
    """The AI agent that a command runs, if it gives one something to do."""
    words = command.words[1:2]
    return AGENT_PROGRAMS.get(command.program) if words and words[0] not in _NO_PROMPT else None


def is_open(agent: Agent, step: Step) -> bool:
    """Whether all people without write access may use an agent: a list of names lets in those."""
    if agent.for_everybody:
        return True
    for name, values in agent.opened_by.items():
        given = step.input(name)
        if given is None:
            continue
        named = {part.strip() for part in re.split(r"[\s,]+", given.value.lower())}
        if not values or "${{" in given.value or not named.isdisjoint(values):
            return True
    return False


def shell_of(agent: Agent, step: Step) -> bool:
    """Whether a step gives an agent a shell with which it can start any program."""
    texts = [
        (name.lower(), scalar.value.lower())
        for name, scalar in step.inputs.items()
        if not name.lower().endswith("prompt")
    ]
    return _has_shell(agent.has_shell, agent.shell_words, texts)


def shell_of_program(program: AgentProgram, command: Command) -> bool:
    """Whether the options of a command give an agent a shell, as `shell_of`."""
    return _has_shell(program.has_shell, program.shell_words, tuple(_rights(command)))


def _rights(command: Command) -> Iterator[tuple[str, str]]:
    """The options of a command that say what an agent may do, each with its value."""
    for word, following in pairwise((*command.words[1:], "")):
        name, equals, value = word.lower().partition("=")
        if not word.startswith("-"):
            continue
        yield name, name
        if _RIGHTS.search(name) and (equals or not following.startswith("-")):
            yield name, value if equals else following.lower()


def _has_shell(
    always: bool, shell_words: tuple[str, ...], texts: Iterable[tuple[str, str]]
) -> bool:
    given: list[str] = []
    denied: list[str] = []
    for name, text in texts:
        (denied if _DENIES.search(name) else given).append(_DENIED_LIST.sub(" ", text))
        denied += [match[1] or match[2] or "" for match in _DENIED_LIST.finditer(text)]
    # What is denied wins over what is allowed.
    if any(_names_all(text, word) for text in denied for word in shell_words):
        return False
    return always or any(_gives(text, word) for text in given for word in shell_words)


def _names_all(text: str, word: str) -> bool:
    """Whether a list names a tool as a whole, and not some commands of it."""
    return any(_pattern(text, match.end()) is None for match in re.finditer(re.escape(word), text))


def _gives(text: str, word: str) -> bool:
    """Whether a list allows a tool for any command, or for those that start any program."""
    for match in re.finditer(re.escape(word), text):
        pattern = _pattern(text, match.end())
        if pattern is None or _is_open_pattern(pattern):
            return True
    return False


def _pattern(text: str, end: int) -> str | None:
    """The commands to which a tool is limited behind its name: ``Bash(gh issue view:*)``."""
    found = _PATTERN.match(text, end)
    return found[1].strip() if found is not None else None


def _is_open_pattern(pattern: str) -> bool:
    plain = pattern.removesuffix("*").rstrip(": *")
    program, _, rest = plain.partition(" ")
    if program == "gh":
        return rest.strip() in _OPEN_GH or rest.startswith(("api ", "workflow run"))
    return not program or (program in _OPEN_PROGRAMS and (not rest or pattern.endswith("*")))
