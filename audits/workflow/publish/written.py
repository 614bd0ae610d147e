"""Finds variables, outputs and credentials that scripts store for later commands and steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_ASSIGNED = re.compile(
    r"(?:^|[\s\"'(;{])(?:::set-(?:env|output) name=)?(\w+)(?:=|::)(.*)$", re.DOTALL
)
_CMDLET_VALUE = re.compile(r"-Value\s+([\"']?)(\w+)=(.*?)\1(?:\s+-\w+|\s*$)", re.IGNORECASE)
_CONTINUES = re.compile(r"(?:\\|\||&&|`)\s*$")
_CLOSES_GROUP = re.compile(r"^\s*[})]")
_PRINTS = re.compile(r"^\s*(?:echo|printf|Write-Output)\b", re.IGNORECASE)


@lru_cache(maxsize=256)
def assignments_to(script: str, file: str) -> dict[str, str]:
    """The variables or outputs that a script writes to ``$GITHUB_ENV`` or ``$GITHUB_OUTPUT``
    (``file``), by name, as the script has their values; quotes around them are taken off.
    """
    found: dict[str, str] = {}
    if file not in script and "::set-" not in script:
        return found
    for chunk in chunks(script, (file, "::set-env", "::set-output")):
        for line in chunk.split("\n"):
            if (pair := _assignment(line)) is not None:
                found.setdefault(*pair)
    return found


def _assignment(line: str) -> tuple[str, str] | None:
    if match := _CMDLET_VALUE.search(line):
        return match[2], match[3]
    bare = line if "${{" in line and ">" not in line else _without_redirect(line)
    bare = re.sub(r"^\s*(?:echo|printf|Write-Output)\s+(?:-[en]+\s+)*", "", bare).strip()
    match = _ASSIGNED.match(bare)
    if match is None:
        return None
    return match[1], match[2].strip().removesuffix("\\n").strip("\"'")


def _without_redirect(line: str) -> str:
    """The line up to its redirection or pipe into the file, expressions left whole."""
    position = max(line.rfind(">>"), line.rfind("| Out-File"), line.rfind("| tee"), line.rfind("|"))
    behind = line.rfind("}}")
    return line[:position] if position > behind else line


def chunks(script: str, marks: tuple[str, ...]) -> Iterator[str]:
    """The parts of a script that hold one of the marks: whole commands over several lines, with
    the text of a heredoc, and the group ``{ … } > file`` that ends in one.
    """
    printed: list[str] = []
    for line in _logical_lines(script):
        if any(mark in line for mark in marks):
            if _CLOSES_GROUP.match(line):
                yield "\n".join(printed)
            yield line
        if _CLOSES_GROUP.match(line):
            printed = []
        elif _PRINTS.match(line):
            printed.append(line)


def _logical_lines(script: str) -> Iterator[str]:
    """The lines of a script, those that one command or heredoc takes as one."""
    lines = iter(script.split("\n"))
    for line in lines:
        whole, last = [line], line
        while _CONTINUES.search(last):
            following = next(lines, None)
            if following is None:
                break
            whole.append(following)
            last = following
        if match := _HEREDOC.search("\n".join(whole)):
            for following in lines:
                whole.append(following)
                if following.strip() == match[2]:
                    break
        yield "\n".join(whole)
