"""Checks names and folders before they are written into a workflow.

A repository's metadata is text of others: what is put into a workflow and its scripts is held
against the form that the registry itself demands, and refused otherwise.
"""

from __future__ import annotations

import json
import re

from audits.model.registry import Registry

_NAMES = {
    # https://packaging.python.org/en/latest/specifications/name-normalization/#name-format
    Registry.PYPI: re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII),
    # https://docs.npmjs.com/cli/configuring-npm/package-json#name
    Registry.NPM: re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*", re.A),
    # https://doc.rust-lang.org/cargo/reference/manifest.html#the-name-field
    Registry.CRATES: re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII),
    Registry.RUBYGEMS: re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII),
    # https://learn.microsoft.com/en-us/nuget/create-packages/creating-a-package
    Registry.NUGET: re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?", re.ASCII),
}
_PATH = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_.][A-Za-z0-9_.+-]*)*", re.ASCII)
_LONGEST = 214
# What some reader of YAML takes for another type.
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def is_name(registry: Registry, name: str) -> bool:
    """Whether a registry takes this name, as far as its rules of form go."""
    form = _NAMES.get(registry)
    return form is not None and len(name) <= _LONGEST and form.fullmatch(name) is not None


def is_plain_path(path: str) -> bool:
    """Whether a path can be in a workflow and in a shell as it is; "" is the root."""
    return not path or (_PATH.fullmatch(path) is not None and ".." not in path.split("/"))


def is_environment(name: str) -> bool:
    """Whether a name can be an environment's, and stand in a workflow as it is."""
    return 0 < len(name) <= 255 and name.isprintable() and "${{" not in name


def yaml_text(text: str) -> str:
    """A text as a scalar that YAML reads as that text: plain where it is a word, else quoted."""
    plain = re.fullmatch(r"[A-Za-z][\w.-]*", text, re.ASCII) is not None
    return text if plain and text.lower() not in _WORDS else json.dumps(text)


def words_of(name: str) -> str:
    """A name as a part of a file's name, such as ``scope-package`` of an npm package."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.").lower() or "package"
