"""Reads TOML and JSON files of a repository, for readers that skip what they cannot parse."""

from __future__ import annotations

import json
from collections.abc import Mapping

import rtoml

from audits.model.remember import remembered

_KEPT = 128
"""Files of one kind: several readers look at all those of a repository, one after the other."""


@remembered(_KEPT)
def parsed_json(text: str) -> object:
    """The value of a JSON file; ValueError or RecursionError for what cannot be read."""
    found: object = json.loads(text)
    return found


@remembered(_KEPT)
def parsed_toml(text: str) -> Mapping[str, object]:
    """The tables of a TOML file; ValueError, RecursionError or MemoryError for anything else."""
    return rtoml.loads(text)


def json_table(text: str) -> Mapping[str, object]:
    """The object of a JSON file; an empty one for anything else."""
    try:
        data = parsed_json(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def toml_table(text: str) -> Mapping[str, object]:
    """The tables of a TOML file; none for anything else."""
    try:
        return parsed_toml(text)
    except (ValueError, RecursionError, MemoryError):
        return {}


def value_at(data: object, *keys: str) -> object:
    """The value under these keys; None where there is none, or no table on the way."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
