"""Edits that remove stored credentials and switches from an upload step."""

from __future__ import annotations

import re

from audits.fixes.edits import delete_lines
from audits.model.location import Inputs
from audits.model.outcome import Edit
from audits.model.publication import CredentialSource, Publication
from audits.model.source import SourceFile, lines_of
from audits.model.workflow import Step

_TOKEN_USER = "__token__"


def without_credentials(source: SourceFile, publication: Publication) -> tuple[Edit, ...]:
    """Remove every stored credential of a publication from its step, with the user name that
    goes with it; () unless all of them stand there, each on a line of its own.
    """
    step = publication.source_step
    if step is None or source.path != publication.at.path:
        return ()
    inputs, env = set[str](), set[str]()
    for credential in publication.stored_credentials:
        if credential.source is CredentialSource.INPUT:
            inputs |= {key for key in step.inputs if key.lower() == credential.name.lower()}
        elif credential.source is CredentialSource.STEP_ENV and credential.name in step.env:
            env.add(credential.name)
        else:
            return ()
    inputs |= _users(step.inputs, inputs)
    env |= _users(step.env, env)
    lines = [*_lines(source, step, "with", inputs), *_lines(source, step, "env", env)]
    if not lines or 0 in lines:
        return ()
    return tuple(delete_lines(source, line, line) for line in sorted(lines))


def without_input(source: SourceFile, step: Step, name: str) -> tuple[Edit, ...]:
    """Remove an input from ``with:``; () where it is no line of its own."""
    lines = _lines(source, step, "with", {key for key in step.inputs if key.lower() == name})
    return () if 0 in lines else tuple(delete_lines(source, at, at) for at in sorted(lines))


def _users(values: Inputs, removed: set[str]) -> set[str]:
    """Keys that hold the user name for these passwords, which means nothing without one."""
    names = {"user", "username"} | {key.lower().replace("password", "username") for key in removed}
    return {
        key
        for key, value in values.items()
        if removed and (value.value == _TOKEN_USER or key.lower() in names)
    }


def _lines(source: SourceFile, step: Step, header: str, keys: set[str]) -> list[int]:
    """The lines of these keys, and of the header where no other is left; 0 for what is not a
    line of its own.
    """
    values = step.inputs if header == "with" else step.env
    lines = lines_of(source.text)
    found = [values[key].line if _alone(lines[values[key].line - 1], key) else 0 for key in keys]
    if keys and len(keys) == len(values) and 0 not in found:
        above = min(found) - 1
        while above > step.at.line and not lines[above - 1].strip().startswith(header):
            above -= 1
        is_header = re.fullmatch(rf"\s*{header}:\s*(#.*)?", lines[above - 1].rstrip("\r"))
        found.append(above if is_header else 0)
    return found


def _alone(line: str, key: str) -> bool:
    """Whether a line holds this key and its whole value, and nothing before it."""
    name = re.escape(key)
    start = re.match(rf"""\s*(["']?){name}\1:[ \t]+(?P<value>\S.*)$""", line.rstrip("\r"))
    return start is not None and not start["value"].startswith(("|", ">", "{", "[", "&"))


def without_step(source: SourceFile, step: Step) -> tuple[Edit, ...]:
    """Remove a step, with what stands on its lines; () where it does not start a line."""
    text = source.text
    before = text[text.rfind("\n", 0, step.span[0]) + 1 : step.span[0]]
    if before.strip() != "-":
        return ()
    lines = text[step.span[0] : step.span[1]].split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return (delete_lines(source, step.at.line, step.at.line + len(lines) - 1),)
