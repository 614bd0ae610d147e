"""Reads TOML and JSON files of a repository, for readers that skip what they cannot parse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

import rtoml


@lru_cache(maxsize=8)
def json_table(text: str) -> Mapping[str, object]:
    """The object of a JSON file; an empty one for anything else."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


@lru_cache(maxsize=8)
def toml_table(text: str) -> Mapping[str, object]:
    """The tables of a TOML file; none for anything else."""
    try:
        return rtoml.loads(text)
    except (ValueError, RecursionError, MemoryError):
        return {}


def value_at(data: object, *keys: str) -> object:
    """The value under these keys; None where there is none, or no table on the way."""
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
