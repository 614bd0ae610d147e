"""The slower YAML reader: it reads all of YAML 1.2, within a bounded amount of work.

libyaml 0.1.7, which the fast reader is made of, refuses flow forms that GitHub accepts, such as
``{name: pypi, url: https://…}`` and ``[redis:7]``: a colon inside a plain word.
"""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module
from typing import Any

from audits.workflow.parse import nodes
from audits.workflow.parse.nodes import Node

MOST_WORK = 600_000
"""Microseconds, roughly, that reading a file may take: a token costs as much as `_TOKEN`, and one
more for each bracket that is open. Counted, not measured, so that a file is always read alike.
"""
_TOKEN = 16


class TooMuchWorkError(Exception):
    """A text that would take too long to read."""


@cache
def _scanner() -> type[Any]:
    # Imported when a file is refused by the fast reader: most runs never need it.
    base: type[Any] = import_module("ruamel.yaml.scanner").Scanner

    class Scanner(base):  # type: ignore[misc]  # a class that is looked up has no type
        """The library's scanner, which stops after `MOST_WORK`."""

        work = 0

        def fetch_more_tokens(self) -> Any:  # noqa: ANN401 - no types of its own
            self.work += _TOKEN + self.flow_level
            if self.work > MOST_WORK:
                raise TooMuchWorkError
            return super().fetch_more_tokens()

    return Scanner


def compose_slowly(text: str, deepest: int) -> Node | None:
    """The root node of a text, as the fast reader makes it.

    Raises the library's errors for what is no YAML, and `TooMuchWorkError`.
    """
    reader = import_module("ruamel.yaml").YAML(typ="safe", pure=True)
    reader.Scanner = _scanner()
    reader.max_depth = deepest
    with warnings.catch_warnings():
        # The library warns where an anchor is defined twice, which YAML allows.
        warnings.simplefilter("ignore")
        root: Node | None = reader.compose(text)
    if root is not None:
        _place_empty_values(root, text)
    return root


def _place_empty_values(root: Node, text: str) -> None:
    """Place empty values behind their key's colon, where the fast reader has them."""
    pending, seen = [root], {id(root)}
    while pending:
        node = pending.pop()
        for key, value in nodes.pairs(node):
            if value.id == "scalar" and not value.value and not value.style:
                colon = text.find(":", key.end_mark.index)
                if 0 <= colon < value.start_mark.index:
                    value.start_mark = value.end_mark = _Mark(colon + 1)
        below = [part for part in nodes.parts(node) if id(part) not in seen]
        seen.update(map(id, below))
        pending += below


class _Mark:
    def __init__(self, index: int) -> None:
        self.index = index
