"""Escapes characters that some database or encoding cannot store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""A lone surrogate has no form in UTF-8, and PostgreSQL's text holds no NUL:
https://www.postgresql.org/docs/current/datatype-character.html
"""


_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
"""How JSON writes them: only a text that holds one is walked after it is parsed."""


def storable(text: str) -> str:
    r"""The text with lone surrogates and NUL as visible escapes, ``\ud800`` and ``\x00``.

    They come from escapes in JSON, YAML and TOML, and from file names that are no UTF-8.
    """
    if "\x00" not in text and (text.isascii() or _UNSTORABLE.search(text) is None):
        return text
    return _UNSTORABLE.sub(_escape, text)


def is_storable_json(text: str) -> bool:
    """Whether no text in a JSON text holds a character that `storable` changes."""
    return storable(text) is text and _ESCAPED.search(text) is None


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code else "\\x00"


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    """The value of a JSON text with every text in it, keys too, as `storable` makes it.

    ValueError or RecursionError for what cannot be read.
    """
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return storable_json(json.loads(text), shown)


def storable_json(value: Any, text: str) -> Any:  # noqa: ANN401 - as above
    """The value of a JSON text, its texts as `storable` makes them; it is changed in place."""
    if _ESCAPED.search(text) is None:
        return value
    # Level by level, so that no depth of nesting ends it.
    if isinstance(value, str):
        return storable(value)
    level = [value] if isinstance(value, dict | list) else []
    while level:
        level = [inner for each in level for inner in _cleaned(each)]
    return value


def _cleaned(found: dict[Any, Any] | list[Any]) -> list[dict[Any, Any] | list[Any]]:
    """Clean the texts of one table or list; returns the tables and lists inside it."""
    if isinstance(found, dict):
        _clean_keys(found)
    items: Iterable[tuple[Any, Any]] = (
        list(found.items()) if isinstance(found, dict) else enumerate(list(found))
    )
    below = []
    for key, item in items:
        if isinstance(item, str):
            found[key] = storable(item)
        elif isinstance(item, dict | list):
            below.append(item)
    return below


def _clean_keys(table: dict[Any, Any]) -> None:
    bad = [key for key in table if isinstance(key, str) and storable(key) != key]
    for key in bad:
        table[storable(key)] = table.pop(key)
