"""Reads an organization's own uploaders from its configuration: actions and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

import rtoml
from msgspec import Struct

from audits.model.registry import Registry, registry_named
from audits.workflow.uploaders.catalog import SCRIPT_TOKENS
from audits.workflow.uploaders.uploader import ALWAYS, SWITCH_ON, Target, Tokens, Uploader

_KEYS = ("action", "command", "registry", "credential", "oidc")
_ACTION = re.compile(r"[\w.-]+/[\w.-]+(?:/[\w.-]+)*")
_HEADER = re.compile(r"^\s*\[\[\s*uploader\s*\]\]")
_TABLE = re.compile(r"^\s*\[")
_LONGEST = 60


class Configuration(Struct, frozen=True, kw_only=True):
    """The uploaders of a configuration, and what is wrong with it: sentences, each with its line
    and what to do, in the order of the lines. With a problem nothing of it may be used.
    """

    uploaders: tuple[Uploader, ...] = ()
    problems: tuple[str, ...] = ()


def read_configuration(text: str) -> Configuration:
    """The configuration that a TOML text holds.

    An entry names an ``action`` (or a called workflow) or a ``command``, the ``registry`` and
    where it takes its stored ``credential``: an input, a variable or an option. ``oidc`` says
    whether it asks for an identity itself; a registry with trusted publishing suggests that.
    """
    text = text.removeprefix("\ufeff")
    try:
        data = rtoml.loads(text)
    except (ValueError, RecursionError) as error:
        found = re.fullmatch(r"(.*) at line (\d+) column \d+", str(error), re.DOTALL)
        line, what = (int(found[2]), found[1]) if found else (1, str(error))
        problem = f"line {line}: this is not TOML: {what[:200]}; correct that"
        return Configuration(problems=(problem,))
    lines = text.split("\n")
    problems = [
        (_line_of(lines, 0, key), f"{_quoted(key)} is not known; write [[uploader]]")
        for key in data.keys() - {"uploader"}
    ]
    uploaders = []
    entries = data.get("uploader", [])
    if not isinstance(entries, list):
        line = _line_of(lines, 0, "uploader")
        problems.append((line, "an uploader is one of several; write [[uploader]]"))
        entries = []
    headers = [number for number, line in enumerate(lines, 1) if _HEADER.match(line)]
    for index, entry in enumerate(entries):
        header = headers[index] if index < len(headers) else 1
        found_wrong = list(_mistakes(entry))
        problems += [(_line_of(lines, header, key), detail) for key, detail in found_wrong]
        if not found_wrong and isinstance(entry, Mapping):
            uploaders.append(_uploader(entry))
    described = tuple(f"line {line}: {detail}" for line, detail in sorted(problems))
    return Configuration(uploaders=tuple(uploaders), problems=described)


def _line_of(lines: list[str], header: int, key: str) -> int:
    """The line of a key below a header, or the header's own."""
    written = re.compile(rf"""[ \t]*\[*[ \t]*["']?{re.escape(key)}\b""")
    for number, line in enumerate(lines[header:], header + 1):
        if key and written.match(line):
            return number
        if header and _TABLE.match(line):
            break
    return header or 1


def _mistakes(entry: object) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry, and what to do, each with the key that it is about."""
    if not isinstance(entry, Mapping):
        yield "", "an uploader is a table; write [[uploader]]"
        return
    for key in sorted(entry.keys() - set(_KEYS)):
        near = get_close_matches(str(key)[:_LONGEST], _KEYS, n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"an uploader has {', '.join(_KEYS)}"
        yield str(key), f"the key {_quoted(key)} is not known; {advice}"
    if ("action" in entry) == ("command" in entry):
        yield "", "an uploader has an 'action' or a 'command'; write one of the two"
    yield from _wrong_values(entry)


def _wrong_values(entry: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    action, command = entry.get("action"), entry.get("command")
    if "action" in entry and not (isinstance(action, str) and _ACTION.fullmatch(action)):
        advice = "write owner/name or owner/name/path, without @ and what follows"
        yield "action", f"{_quoted(action)} is no action; {advice}"
    if "command" in entry and not (isinstance(command, str) and command.split()):
        yield "command", f"{_quoted(command)} is no command; write its words, as in 'ship push'"
    word = entry.get("registry")
    if not isinstance(word, str) or registry_named(word) is None:
        words = [registry.value for registry in Registry]
        near = get_close_matches(str(word)[:_LONGEST], words, n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(words)}"
        missing = "the uploader has no 'registry'" if word is None else None
        yield "registry", f"{missing or f'there is no registry {_quoted(word)}'}; {advice}"
    credential = entry.get("credential")
    if credential is not None and not (_names(credential) and all(_names(credential))):
        advice = "write the input, variable or option that takes it, or a list of them"
        yield "credential", f"{_quoted(credential)} names nothing; {advice}"
    if "oidc" in entry and not isinstance(entry["oidc"], bool):
        yield "oidc", f"'oidc' is {_quoted(entry['oidc'])}; write true or false"


def _names(value: object) -> tuple[str, ...]:
    """The names that a text or a list of texts gives; () for anything else."""
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        return ()
    return tuple(str(text).strip() for text in texts)


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _uploader(entry: Mapping[str, object]) -> Uploader:
    registry = registry_named(str(entry["registry"]))
    assert registry is not None  # noqa: S101 - `_wrong_values` has seen to it
    named = _names(entry.get("credential", []))
    options = tuple(name for name in named if name.startswith("-"))
    plain = tuple(name for name in named if not name.startswith("-"))
    action, command = str(entry.get("action", "")), str(entry.get("command", ""))
    return Uploader(
        mechanism=action or command,
        registry=registry,
        actions=(action.lower(),) if action else (),
        commands=(" ".join(command.split()),) if command else (),
        stops=SWITCH_ON,
        tokens=Tokens(
            inputs=tuple(name.lower() for name in plain),
            env=(*plain, *SCRIPT_TOKENS.get(registry, ())),
            options=options,
        ),
        target=Target(images=registry is Registry.CONTAINER),
        oidc=ALWAYS if entry.get("oidc", registry.has_trusted_publishing) else None,
        attests_known=False,
    )
